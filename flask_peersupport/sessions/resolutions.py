"""What follow-up meetings ended in: points to improve and decisions about the programme (P32)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.sheets import cell_fault
from ..audit import record
from ..errors import InvalidInput
from ..i18n import gettext as _
from ..reachouts.remarks import take_remarks
from ..reachouts.states import RemarkCode
from ..values import Person
from ..vault.persons import store_person
from .lifecycle import hold
from .models import ProgrammeSession, Resolution, SessionRemark
from .policy import Standing, visible_sessions
from .recording import check_begun
from .states import SessionKind

LONGEST = 500
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class ResolutionDetails:
    """A point or a decision: about the programme, never about a case.

    Attributes:
        text: what, in a sentence.
        is_decision: the group decided it; or else it is a point to improve.
        owner: who sees to it; None: nobody in particular.
        due_on: by when.
    """

    text: str
    is_decision: bool = False
    owner: Person | None = None
    due_on: date | None = None


def add_resolution(
    session: orm.Session,
    meeting: ProgrammeSession,
    details: ResolutionDetails,
    *,
    actor: Person | str,
    now: datetime,
) -> Resolution:
    """Note what a follow-up meeting came to.

    Raises:
        InvalidInput: it is no follow-up meeting, was cancelled or has not begun; or a detail
            cannot be right.
    """
    check_begun(meeting, {SessionKind.FOLLOW_UP_MEETING}, now)
    resolution = Resolution(session_id=meeting.id)
    _write(session, resolution, details, now)
    session.add(resolution)
    session.flush()
    _audit(session, resolution, "resolution.added", actor, now)
    return resolution


def change_resolution(
    session: orm.Session,
    resolution: Resolution,
    details: ResolutionDetails,
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Replace the details of a point or a decision.

    Raises:
        InvalidInput: a detail cannot be right.
    """
    _write(session, resolution, details, now)
    session.flush()
    _audit(session, resolution, "resolution.changed", actor, now)


def finish_resolution(
    session: orm.Session,
    resolution: Resolution,
    done_on: date,
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Note that a point is done; one that is done already keeps its date."""
    if resolution.done_on is None:
        resolution.done_on = done_on
        session.flush()
        _audit(session, resolution, "resolution.done", actor, now)


def reopen_resolution(
    session: orm.Session, resolution: Resolution, *, actor: Person | str, now: datetime
) -> None:
    """Note that a point is not done after all."""
    if resolution.done_on is not None:
        resolution.done_on = None
        session.flush()
        _audit(session, resolution, "resolution.reopened", actor, now)


def take_up_remarks(
    session: orm.Session, session_id: str, *, actor: Person | str, now: datetime
) -> Mapping[RemarkCode, int]:
    """Take what supporters ticked since the last meeting into this one; counting begins anew.

    May be done again as long as the meeting goes on: what comes later is added.

    Returns:
        what was taken up now.

    Raises:
        InvalidInput: it is no follow-up meeting, was cancelled or has not begun.
    """
    meeting = hold(session, session_id)
    check_begun(meeting, {SessionKind.FOLLOW_UP_MEETING}, now)
    taken = take_remarks(session)
    for code, count in taken.items():
        row = session.get(SessionRemark, (meeting.id, code))
        if row is None:
            row = SessionRemark(session_id=meeting.id, code=code, count=0)
            session.add(row)
        row.count += count
    session.flush()
    if taken:
        record.record(session, "remarks.taken_up", actor=actor, now=now, object_id=meeting.id)
    return taken


def resolutions_of(session: orm.Session, meeting: ProgrammeSession) -> Sequence[Resolution]:
    """Return what one meeting came to, decisions first."""
    statement = sa.select(Resolution).where(Resolution.session_id == meeting.id)
    order = (Resolution.is_decision.desc(), Resolution.due_on.is_(None), Resolution.due_on)
    return session.scalars(statement.order_by(*order, Resolution.id)).all()


def remarks_of(session: orm.Session, meeting: ProgrammeSession) -> Mapping[RemarkCode, int]:
    """Return the remarks that a meeting took up."""
    statement = sa.select(SessionRemark).where(SessionRemark.session_id == meeting.id)
    found = {row.code: row.count for row in session.scalars(statement)}
    return {code: found[code] for code in RemarkCode if code in found}


def resolutions_page(
    session: orm.Session,
    standing: Standing,
    *,
    is_done: bool,
    owner_ids: Sequence[str] | None = None,
    offset: int = 0,
) -> tuple[list[tuple[Resolution, ProgrammeSession, bool]], bool]:
    """Return a page of points and decisions, and whether there are more.

    Each comes with its meeting, and whether the reader may see that. Open ones come by the day
    they are due, those without one last; done ones newest first.

    Args:
        session: read only.
        standing: of the reader.
        is_done: what is done, or what is open.
        owner_ids: only what these vault rows see to; None: all.
        offset: how many come before.
    """
    statement = sa.select(Resolution, ProgrammeSession, visible_sessions(standing)).join(
        ProgrammeSession, ProgrammeSession.id == Resolution.session_id
    )
    if owner_ids is not None:
        statement = statement.where(Resolution.owner_id.in_(owner_ids))
    if is_done:
        statement = statement.where(Resolution.done_on.is_not(None))
        order: tuple[Any, ...] = (Resolution.done_on.desc(), Resolution.id)
    else:
        statement = statement.where(Resolution.done_on.is_(None))
        order = (Resolution.due_on.is_(None), Resolution.due_on, Resolution.id)
    rows = session.execute(statement.order_by(*order).offset(offset).limit(PAGE_SIZE + 1)).all()
    return [(row[0], row[1], bool(row[2])) for row in rows[:PAGE_SIZE]], len(rows) > PAGE_SIZE


def _write(
    session: orm.Session, resolution: Resolution, details: ResolutionDetails, now: datetime
) -> None:
    text = " ".join(details.text.split())
    fault = None
    if not text:
        fault = _("Say in a sentence what was agreed.")
    elif len(text) > LONGEST:
        fault = _("This is too long; at most %(n)s characters.", n=LONGEST)
    fault = fault or cell_fault(text)
    if fault:
        raise InvalidInput(fault, {"text": fault})
    resolution.text, resolution.is_decision = text, details.is_decision
    resolution.due_on = details.due_on
    row = None
    if details.owner is not None:
        row = store_person(session, details.owner, now=now, is_lasting=True)
    resolution.owner, resolution.owner_id = row, row.id if row else None


def _audit(
    session: orm.Session, resolution: Resolution, action: str, actor: Person | str, now: datetime
) -> None:
    record.record(
        session,
        action,
        actor=actor,
        now=now,
        object_id=resolution.id,
        subject_id=resolution.owner_id,
    )
