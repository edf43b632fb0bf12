"""Reminding those who signed up, once and in time (P34)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..outbox.actions import enqueue
from ..runtime import current_runtime
from .models import Attendance, ProgrammeSession
from .states import SessionState, SignUp

REMINDER = "session_reminder"


def due_reminders(now: datetime) -> sa.Select[Any]:
    """Select the ids of the sessions whose participants are to be reminded at `now`."""
    return (
        sa.select(ProgrammeSession.id)
        .where(_is_due(now))
        .order_by(ProgrammeSession.starts_at, ProgrammeSession.id)
    )


def remind_participants(session: orm.Session, session_id: str, *, now: datetime) -> bool:
    """Remind those who signed up for a session; return False where that was done already.

    The period before the start is counted in hours that go by, so a change of the clock in it
    moves nothing. Who signed up within it was told of the session just then.
    """
    taken = session.execute(
        sa.update(ProgrammeSession)
        .where(ProgrammeSession.id == session_id, _is_due(now))
        .values(reminded_at=now)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return False
    begins_at = (
        session.get_one(ProgrammeSession, session_id, populate_existing=True).starts_at - _period()
    )
    statement = (
        sa.select(Attendance)
        .where(
            Attendance.session_id == session_id,
            Attendance.sign_up == SignUp.SIGNED_UP,
            Attendance.signed_up_at < begins_at,
        )
        .order_by(Attendance.place_number, Attendance.id)
    )
    for attendance in session.scalars(statement):
        enqueue(session, REMINDER, to=attendance.record, object_id=attendance.id, now=now)
    return True


def start_anew(programme_session: ProgrammeSession, now: datetime) -> None:
    """Let a session that was moved be reminded of once more, where it is far enough again.

    Moved to within the period before the start, it is not: the mail of the change has just said so.
    """
    is_near = programme_session.starts_at <= now + _period()
    if not is_near:
        programme_session.reminded_at = None
    elif programme_session.reminded_at is None:
        programme_session.reminded_at = now


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    return (
        (ProgrammeSession.state == SessionState.PLANNED)
        & ProgrammeSession.reminded_at.is_(None)
        & (ProgrammeSession.starts_at > now)
        & (ProgrammeSession.starts_at <= now + _period())
    )


def _period() -> timedelta:
    return current_runtime().settings.remind_before_session
