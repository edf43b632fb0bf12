"""The one place where a session is locked, counted and moved to another state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..db import begin_immediate
from ..errors import InvalidTransition, NotAllowed
from ..values import Person
from .models import Attendance, ProgrammeSession
from .rules import Places
from .states import SESSION_TRANSITIONS, SIGN_UP_TRANSITIONS, SessionState, SignUp


@dataclass(frozen=True, slots=True)
class Count:
    """How the places of a session stand, and the last number that was given out."""

    places: Places
    last_number: int


def hold(session: orm.Session, session_id: str) -> ProgrammeSession:
    """Return a session, read anew and locked until the commit.

    Everything about its places is decided under this lock. It has to be the first thing that its
    transaction reads: MariaDB would otherwise show the places as they were before the lock (views
    roll back what they have read so far: `let_go` of `views`).

    Raises:
        NotAllowed: there is no such session.
    """
    session.flush()
    begin_immediate(session)
    found: ProgrammeSession | None = session.scalar(
        _locking().where(ProgrammeSession.id == session_id)
    )
    if found is None:
        raise NotAllowed
    return found


def hold_later(
    session: orm.Session, programme_session: ProgrammeSession
) -> Sequence[ProgrammeSession]:
    """Return the planned sessions of the same series after a locked one, locked too, in order."""
    if programme_session.series_id is None:
        return []
    statement = _locking().where(
        ProgrammeSession.series_id == programme_session.series_id,
        ProgrammeSession.state == SessionState.PLANNED,
        ProgrammeSession.starts_at > programme_session.starts_at,
    )
    order = (ProgrammeSession.starts_at, ProgrammeSession.id)
    return session.scalars(statement.order_by(*order)).all()


def _locking() -> sa.Select[Any]:
    """Return a SELECT that locks sessions and reads nothing else yet."""
    return (
        sa.select(ProgrammeSession)
        .options(orm.lazyload(ProgrammeSession.trainers))
        .with_for_update(of=ProgrammeSession)
        .execution_options(populate_existing=True)
    )


def count_places(session: orm.Session, programme_session: ProgrammeSession) -> Count:
    """Return how the places of a session stand; true until the commit where it is locked."""
    is_signed_up = sa.case((Attendance.sign_up == SignUp.SIGNED_UP, 1), else_=0)
    is_waiting = sa.case((Attendance.sign_up == SignUp.WAITING, 1), else_=0)
    signed_up, waiting, last = session.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(is_signed_up), 0),
            sa.func.coalesce(sa.func.sum(is_waiting), 0),
            sa.func.coalesce(sa.func.max(Attendance.place_number), 0),
        ).where(Attendance.session_id == programme_session.id)
    ).one()
    places = Places(programme_session.capacity, int(signed_up), int(waiting))
    return Count(places, int(last))


def move(programme_session: ProgrammeSession, to: SessionState) -> None:
    """Move a locked session to another state.

    Raises:
        InvalidTransition: the table does not allow it.
    """
    allowed = SESSION_TRANSITIONS[programme_session.state]
    if to not in allowed:
        raise InvalidTransition(programme_session.state, to, allowed)
    programme_session.state = to


def mark_held(
    session: orm.Session, programme_session: ProgrammeSession, *, actor: Person | str, now: datetime
) -> None:
    """Note that a locked session took place; one that was held already stays as it is.

    Raises:
        InvalidTransition: it was called off.
    """
    if programme_session.state is SessionState.HELD:
        return
    move(programme_session, SessionState.HELD)
    session.flush()
    audit_session(session, programme_session, "session.held", actor, now)


def call_off(
    session: orm.Session,
    programme_session: ProgrammeSession,
    action: str = "session.cancelled",
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Call a locked session off; calendars strike it out. `action` is what the audit calls it.

    Raises:
        InvalidTransition: it was held, or was called off before.
    """
    move(programme_session, SessionState.CANCELLED)
    programme_session.cancelled_at = now
    programme_session.sequence += 1
    session.flush()
    audit_session(session, programme_session, action, actor, now)


def move_sign_up(attendance: Attendance, to: SignUp) -> None:
    """Move somebody's place in a locked session.

    Raises:
        InvalidTransition: the table does not allow it.
    """
    allowed = SIGN_UP_TRANSITIONS[attendance.sign_up]
    if to not in allowed:
        raise InvalidTransition(attendance.sign_up, to, allowed)
    attendance.sign_up = to


def audit_session(
    session: orm.Session, row: ProgrammeSession, action: str, actor: Person | str, now: datetime
) -> None:
    """Write the audit row of something that happened to a session; its kind is the detail."""
    record.record(session, action, actor=actor, now=now, object_id=row.id, detail=row.kind.value)
