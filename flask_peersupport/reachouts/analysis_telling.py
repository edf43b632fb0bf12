"""Actions: all involved are told of the programme once more, around an analysis meeting (P20).

One neutral mail for all. Whom mail cannot reach, or who has no account, is called: by the supporter
who has their reach-out, or else by whomever the coordinators find.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..db import begin_immediate
from ..errors import PeerSupportError
from ..outbox.actions import enqueue
from ..outbox.message import checked_address
from ..runtime import current_runtime
from ..values import Person
from ..vault.persons import identifying_email, is_same_person
from . import notices
from .barring import is_barred_from_report
from .models import AnalysisMeeting, InvolvedRecord, ReachOut
from .queries import said_never_again, those_who_said_never_again
from .rules import is_approached
from .states import TAKEN, ContactOutcome, Origin, Outcome

_logger = logging.getLogger(__name__)

#: The mails: to all involved, to the supporter who calls, to the coordinators.
TO_COLLEAGUE, TO_SUPPORTER, TO_COORDINATORS = "once_more", "call_once_more", "calls_once_more"


@dataclass(frozen=True, slots=True)
class Reached:
    """How somebody involved is reached: by mail, by the supporter who has them, or not yet."""

    involved: InvolvedRecord
    reach_out: ReachOut | None
    has_mail: bool

    @property
    def is_held(self) -> bool:
        """Whether a supporter has the reach-out now."""
        return self.reach_out is not None and self.reach_out.state in TAKEN

    @property
    def is_to_be_called(self) -> bool:
        """Whether the coordinators have to find somebody who calls."""
        return not self.has_mail and not self.is_held


def due_meetings(now: datetime) -> sa.Select[Any]:
    """Select the ids of the meetings around which all involved are to be told at `now`."""
    due = (AnalysisMeeting.before_due_at <= now) | (AnalysisMeeting.after_due_at <= now)
    meetings = sa.select(AnalysisMeeting.id).where(due)
    return meetings.order_by(AnalysisMeeting.takes_place_at, AnalysisMeeting.id)


def tell_involved(session: orm.Session, meeting_id: str, *, now: datetime) -> bool:
    """Tell all involved, where it is time; return False where that was done already.

    What is told is marked in the same transaction in which the mails are queued: both or neither.
    """
    begin_immediate(session)
    statement = sa.select(AnalysisMeeting).where(AnalysisMeeting.id == meeting_id)
    anew = statement.with_for_update().execution_options(populate_existing=True)
    meeting = session.scalar(anew)
    if meeting is None:
        return False
    is_before = meeting.before_due_at is not None and meeting.before_due_at <= now
    is_after = meeting.after_due_at is not None and meeting.after_due_at <= now
    if not is_before and not is_after:
        return False
    meeting.before_due_at = None
    if is_after:
        meeting.after_due_at = None
    session.flush()
    if is_after or meeting.takes_place_at > now:  # else it is too late for the first
        _tell(session, meeting, now)
        detail = "after" if is_after else "before"
        record.record(
            session,
            "analysis.told",
            actor=record.WORKER,
            now=now,
            object_id=meeting.id,
            detail=detail,
        )
    return True


def _tell(session: orm.Session, meeting: AnalysisMeeting, now: datetime) -> None:
    told: set[str] = set()
    is_call_missing = False
    for reached in everybody_reached(session, meeting.report_id, now=now):
        involved, reach_out = reached.involved, reached.reach_out
        if reached.has_mail and involved.record is not None:
            address = identifying_email(involved.record.person) or involved.id
            if address not in told:
                enqueue(session, TO_COLLEAGUE, to=involved.record, object_id=involved.id, now=now)
            told.add(address)
        elif reached.is_held and reach_out is not None and reach_out.supporter is not None:
            supporter = reach_out.supporter
            notices.tell_supporter(session, TO_SUPPORTER, supporter, reach_out, now=now)
        else:
            is_call_missing = True
    if is_call_missing:
        _tell_coordinators(session, meeting, now)


def _tell_coordinators(session: orm.Session, meeting: AnalysisMeeting, now: datetime) -> None:
    """Mail every coordinator who may see the report; nobody: ESCALATION_ADDRESS, without it."""

    def is_kept_out(person: Person) -> bool:
        return is_barred_from_report(session, person, meeting.report_id, now)

    for person in notices.coordinators_to_tell(session, is_kept_out, now=now):
        enqueue(session, TO_COORDINATORS, to=person, object_id=meeting.id, now=now)


def everybody_reached(session: orm.Session, report_id: str, *, now: datetime) -> list[Reached]:
    """Return all involved in a report who are told of the programme once more, and how.

    Those too who declined, and those whose own no stopped the approach. Not those who said never
    again, or wanted no further contact, nor those whose offer a coordinator has withdrawn.
    """
    statement = (
        sa.select(InvolvedRecord)
        .where(InvolvedRecord.report_id == report_id, InvolvedRecord.person_id.is_not(None))
        .options(orm.selectinload(InvolvedRecord.record), orm.selectinload(InvolvedRecord.report))
        .order_by(InvolvedRecord.id)
    )
    involved = list(session.scalars(statement))
    reach_outs = _reach_outs(session, [one.id for one in involved])
    rows = [one.record for one in involved if one.record is not None]
    refused = those_who_said_never_again(session, rows, now)
    return [
        Reached(one, reach_outs.get(one.id), _has_mail(one))
        for one in involved
        if one.record is not None
        and one.record.id not in refused
        and not _wants_no_more(reach_outs.get(one.id))
    ]


def _reach_outs(session: orm.Session, involved_ids: Sequence[str]) -> dict[str, ReachOut]:
    statement = (
        sa.select(ReachOut)
        .where(ReachOut.involved_id.in_(involved_ids))
        .options(orm.selectinload(ReachOut.contacts), orm.selectinload(ReachOut.supporter))
    )
    return {row.involved_id: row for row in session.scalars(statement)}


def may_be_told(
    session: orm.Session, involved: InvolvedRecord, reach_out: ReachOut | None, *, now: datetime
) -> bool:
    """Return whether somebody involved may be told of the programme once more."""
    if involved.record is None or _wants_no_more(reach_out):
        return False
    return not said_never_again(session, involved.record, now)


def _wants_no_more(reach_out: ReachOut | None) -> bool:
    """Return whether the last that was said is: no further contact; or a coordinator ended it."""
    if reach_out is None:
        return False
    if reach_out.contacts:
        last = reach_out.contacts[-1]
        if last.outcome is ContactOutcome.NO_FURTHER_CONTACT:
            return True
    return reach_out.outcome is Outcome.WITHDRAWN and not _was_stopped_by_a_no(reach_out)


def _was_stopped_by_a_no(reach_out: ReachOut) -> bool:
    """Return whether a no that came later took the offer back, and not a coordinator."""
    involved, report = reach_out.involved, reach_out.report
    if report is None or reach_out.origin is Origin.COMPLAINT_REFERRAL:
        return False
    approach = current_runtime().settings.approach_of(report.kind)
    return not is_approached(approach, involved.wish, involved.wish_by)


def _has_mail(involved: InvolvedRecord) -> bool:
    """Return whether somebody has an account of the host's, and an address that mail can go to."""
    person = involved.record.person if involved.record else None
    if person is None or not _has_account(person):
        return False
    try:
        checked_address(person.email)
    except PeerSupportError:
        return False
    return True


def _has_account(person: Person) -> bool:
    """Return whether the host has an account of theirs; where it cannot say, they are called."""
    try:
        holder = current_runtime().users.get(person.user_id) if person.user_id else None
    except Exception as error:  # one account that cannot be read leaves the others their mail
        _logger.error("an account could not be read: %s", type(error).__name__)
        return False
    return holder is not None and is_same_person(holder, person)
