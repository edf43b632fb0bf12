"""Somebody's own meetings: those to come, and those that were (P32, P34)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from .calendar import Entry, entry_of
from .certificates import can_certify
from .models import Attendance, ProgrammeSession
from .policy import Standing, is_led_by, leads
from .states import SessionKind, SessionState, SignUp

#: More than anybody goes to in ten years.
_MOST = 200

_Found = Sequence[tuple[ProgrammeSession, Attendance | None]]


@dataclass(frozen=True, slots=True)
class Meeting:
    """A session as one person sees it who takes part in it or leads it.

    Attributes:
        standing: their place; None: they lead it and have none.
        has_attended: as the trainer says; None: not said yet.
        has_certificate: whether there is one to print.
    """

    id: str
    kind: SessionKind
    title: str | None
    starts_at: datetime
    ends_at: datetime
    place: str | None
    state: SessionState
    standing: SignUp | None
    is_led: bool
    has_attended: bool | None
    has_certificate: bool


@dataclass(frozen=True, slots=True)
class OwnMeetings:
    """What is to come, the next first; what was, the latest first."""

    coming: list[Meeting]
    past: list[Meeting]


def own_meetings(session: orm.Session, standing: Standing) -> OwnMeetings:
    """Return the sessions in which somebody has, or waits for, a place, or that they lead."""
    upcoming = [
        _meeting(standing, row, attendance) for row, attendance in _coming(session, standing)
    ]
    return OwnMeetings(
        coming=[one for one in upcoming if one.state is not SessionState.CANCELLED],
        past=[_meeting(standing, row, attendance) for row, attendance in _past(session, standing)],
    )


def own_entries(session: orm.Session, standing: Standing) -> list[Entry]:
    """Return what belongs in somebody's calendar: their place is sure, or they lead it.

    Sessions that were called off are in it as such, so that a calendar strikes them out.
    """
    return [
        entry_of(row, attendance)
        for row, attendance in _coming(session, standing)
        if leads(standing, row) or _has_place(attendance)
    ]


def own_entry(
    standing: Standing, programme_session: ProgrammeSession, own: Sequence[Attendance]
) -> Entry | None:
    """Return the entry of one session; None for who neither has a place in it nor leads it.

    Args:
        standing: of the reader, who may see it.
        programme_session: which one.
        own: the reader's places in it.
    """
    attendance = next((row for row in own if _has_place(row)), None)
    is_group = programme_session.kind is SessionKind.GROUP_SUPPORT
    is_theirs = leads(standing, programme_session) or (standing.is_trainer and not is_group)
    if attendance is None and not is_theirs:
        return None
    return entry_of(programme_session, attendance)


def _coming(session: orm.Session, standing: Standing) -> _Found:
    is_coming = (ProgrammeSession.ends_at > standing.now) & (
        ProgrammeSession.state != SessionState.HELD
    )
    return _theirs(session, standing, is_coming, ProgrammeSession.starts_at)


def _past(session: orm.Session, standing: Standing) -> _Found:
    is_held = ProgrammeSession.state == SessionState.HELD
    is_over = is_held | (
        (ProgrammeSession.ends_at <= standing.now)
        & (ProgrammeSession.state != SessionState.CANCELLED)
    )
    return _theirs(session, standing, is_over, ProgrammeSession.starts_at.desc())


def _theirs(
    session: orm.Session,
    standing: Standing,
    condition: sa.ColumnElement[bool],
    order: sa.SQLColumnExpression[datetime],
) -> _Found:
    """Return sessions with somebody's place in them; each once, also with two rows in the vault."""
    is_own = (
        (Attendance.session_id == ProgrammeSession.id)
        & Attendance.person_id.in_(standing.person_ids)
        & ((Attendance.sign_up != SignUp.WITHDRAWN) | Attendance.has_attended.is_(True))
    )
    statement = (
        sa.select(ProgrammeSession, Attendance)
        .join(Attendance, is_own, isouter=True)
        .where(condition, Attendance.id.is_not(None) | is_led_by(standing))
        .order_by(order, ProgrammeSession.id)
        .limit(_MOST)
    )
    found: dict[str, tuple[ProgrammeSession, Attendance | None]] = {}
    for row, attendance in session.execute(statement):
        known = found.get(row.id)
        if known is None or (not _has_place(known[1]) and _has_place(attendance)):
            found[row.id] = (row, attendance)
    return list(found.values())


def _has_place(attendance: Attendance | None) -> bool:
    return attendance is not None and attendance.sign_up is SignUp.SIGNED_UP


def _meeting(standing: Standing, row: ProgrammeSession, attendance: Attendance | None) -> Meeting:
    has_attended = attendance.has_attended if attendance is not None else None
    return Meeting(
        id=row.id,
        kind=row.kind,
        title=row.title,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        place=row.place,
        state=row.state,
        standing=attendance.sign_up if attendance is not None else None,
        is_led=leads(standing, row),
        has_attended=has_attended,
        has_certificate=bool(has_attended) and can_certify(row),
    )
