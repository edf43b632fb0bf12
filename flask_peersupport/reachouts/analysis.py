"""Actions: analysis meetings, hearings and rulings are entered, moved and cancelled (P20).

They belong to the report. A coordinator says when they are, or the host does by a signal.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..db import begin_immediate, new_id
from ..errors import InvalidInput, NotAllowed, TooLate
from ..i18n import gettext as _
from ..runtime import current_runtime
from ..values import Person
from .analysis_rules import Reminders, reminders_around
from .models import AnalysisMeeting, ReportRecord
from .states import AnalysisKind, AnalysisSource


def enter_meeting(
    session: orm.Session,
    report_id: str,
    *,
    kind: AnalysisKind,
    takes_place_at: datetime,
    actor: Person,
    now: datetime,
) -> AnalysisMeeting:
    """Enter when a case is discussed, heard or ruled on.

    One that has passed counts for how long names are kept; of what is long over nobody is told.

    Args:
        session: not committed here.
        report_id: of which report.
        kind: what it is.
        takes_place_at: aware.
        actor: the coordinator.
        now: aware.

    Raises:
        InvalidInput: the day cannot be right, or the meeting is known already.
        NotAllowed: there is no such report.
    """
    report = _lock_report(session, report_id)
    _check(report, None, kind, takes_place_at, now)
    return _enter(session, report, kind, AnalysisSource.COORDINATOR, takes_place_at, actor, now)


def move_meeting(
    session: orm.Session,
    meeting_id: str,
    *,
    kind: AnalysisKind,
    takes_place_at: datetime,
    actor: Person,
    now: datetime,
) -> AnalysisMeeting:
    """Move a meeting. What all involved have been told is not told again; the rest moves along.

    Raises:
        InvalidInput: the day cannot be right, or that meeting is known already.
        TooLate: it is over, and everybody was told; or another took it out.
    """
    meeting = _lock_meeting(session, meeting_id)
    if not can_move(meeting, now):
        raise TooLate(_("This is over, and everybody was told: enter another day as a new one."))
    _check(meeting.report, meeting, kind, takes_place_at, now)
    _move(session, meeting, kind, takes_place_at, actor, now)
    return meeting


def cancel_meeting(session: orm.Session, meeting_id: str, *, actor: Person, now: datetime) -> None:
    """Take a meeting out: it does not take place, or it was entered by mistake.

    Raises:
        TooLate: another took it out.
    """
    _cancel(session, _lock_meeting(session, meeting_id), actor, now)


def take_word_of_host(
    session: orm.Session,
    report: ReportRecord,
    kind: AnalysisKind,
    takes_place_at: datetime | None,
    *,
    now: datetime,
) -> None:
    """Take over what the host says of a meeting: a later word of it moves what is still to come.

    What a coordinator entered for the same day is that meeting.

    Args:
        session: not committed here.
        report: locked.
        kind: what it is.
        takes_place_at: aware; None: it does not take place.
        now: aware.
    """
    of_kind = [meeting for meeting in report.meetings if meeting.kind is kind]
    to_come = [
        meeting
        for meeting in of_kind
        if meeting.source is AnalysisSource.HOST and meeting.takes_place_at > now
    ]
    if takes_place_at is None:
        for meeting in to_come:
            _cancel(session, meeting, record.WORKER, now)
        return
    same_day = [one for one in of_kind if _is_same_day(one.takes_place_at, takes_place_at)]
    known = next(iter(same_day + to_come), None)
    if known is None:
        _enter(session, report, kind, AnalysisSource.HOST, takes_place_at, record.WORKER, now)
        return
    known.source = AnalysisSource.HOST
    for other in to_come:
        if other is not known and known.takes_place_at > now:  # moved to the day of this one
            _cancel(session, other, record.WORKER, now)
    if known.takes_place_at != takes_place_at:
        _move(session, known, kind, takes_place_at, record.WORKER, now)


def can_move(meeting: AnalysisMeeting, now: datetime) -> bool:
    """Return whether a meeting can be moved: until it is over and everybody was told."""
    return meeting.takes_place_at > now or meeting.after_due_at is not None


def _lock_report(session: orm.Session, report_id: str) -> ReportRecord:
    """Return a report, locked: of two who enter the same meeting at once the second is told so."""
    begin_immediate(session)
    statement = sa.select(ReportRecord).where(ReportRecord.id == report_id)
    statement = statement.with_for_update(of=ReportRecord)
    report = session.scalar(statement.execution_options(populate_existing=True))
    if report is None:
        raise NotAllowed
    of_report = sa.select(AnalysisMeeting).where(AnalysisMeeting.report_id == report_id)
    of_report = of_report.order_by(AnalysisMeeting.takes_place_at, AnalysisMeeting.id)
    anew = of_report.with_for_update().execution_options(populate_existing=True)
    orm.attributes.set_committed_value(report, "meetings", list(session.scalars(anew)))
    return report


def _lock_meeting(session: orm.Session, meeting_id: str) -> AnalysisMeeting:
    """Return a meeting, locked with its report.

    Raises:
        TooLate: another took it out.
    """
    of_report = sa.select(AnalysisMeeting.report_id).where(AnalysisMeeting.id == meeting_id)
    report_id = session.scalar(of_report)
    report = _lock_report(session, report_id) if report_id else None
    found = [one for one in report.meetings if one.id == meeting_id] if report else []
    if not found:
        raise TooLate(_("Somebody was first: this was taken out."))
    return found[0]


def _check(
    report: ReportRecord,
    meeting: AnalysisMeeting | None,
    kind: AnalysisKind,
    takes_place_at: datetime,
    now: datetime,
) -> None:
    """Refuse what cannot be right; `meeting` is the one that is moved."""
    farthest = timedelta(days=current_runtime().settings.max_retention_days)
    if abs(takes_place_at - now) > farthest:
        message = _("This day is too long ago or too far ahead.")
        raise InvalidInput(message, {"on": message})
    others = [one for one in report.meetings if one is not meeting and one.kind is kind]
    if any(_is_same_day(one.takes_place_at, takes_place_at) for one in others):
        message = _("This is known already, for that day.")
        raise InvalidInput(message, {"on": message})


def _is_same_day(one: datetime, other: datetime) -> bool:
    zone = current_runtime().settings.timezone
    return one.astimezone(zone).date() == other.astimezone(zone).date()


def _reminders(takes_place_at: datetime, now: datetime) -> Reminders:
    settings = current_runtime().settings
    return reminders_around(
        takes_place_at, now=now, hours=settings.reachable_hours, zone=settings.timezone
    )


def _enter(
    session: orm.Session,
    report: ReportRecord,
    kind: AnalysisKind,
    source: AnalysisSource,
    takes_place_at: datetime,
    actor: Person | str,
    now: datetime,
) -> AnalysisMeeting:
    reminders = _reminders(takes_place_at, now)
    meeting = AnalysisMeeting(
        id=new_id(),
        kind=kind,
        source=source,
        takes_place_at=takes_place_at,
        before_due_at=reminders.before_at,
        after_due_at=reminders.after_at,
    )
    report.meetings.append(meeting)
    session.flush()
    _record(session, "analysis.entered", meeting, actor, now)
    return meeting


def _move(
    session: orm.Session,
    meeting: AnalysisMeeting,
    kind: AnalysisKind,
    takes_place_at: datetime,
    actor: Person | str,
    now: datetime,
) -> None:
    reminders = _reminders(takes_place_at, now)
    if meeting.before_due_at is not None:
        meeting.before_due_at = reminders.before_at
    if meeting.after_due_at is not None:
        meeting.after_due_at = reminders.after_at
    if meeting.after_due_at is None:
        meeting.before_due_at = None
    meeting.kind = kind
    meeting.takes_place_at = takes_place_at
    session.flush()
    _record(session, "analysis.moved", meeting, actor, now)


def _cancel(
    session: orm.Session, meeting: AnalysisMeeting, actor: Person | str, now: datetime
) -> None:
    _record(session, "analysis.cancelled", meeting, actor, now)
    meeting.report.meetings.remove(meeting)
    session.delete(meeting)
    session.flush()


def _record(
    session: orm.Session,
    action: str,
    meeting: AnalysisMeeting,
    actor: Person | str,
    now: datetime,
) -> None:
    record.record(
        session, action, actor=actor, now=now, object_id=meeting.id, detail=meeting.kind.value
    )
