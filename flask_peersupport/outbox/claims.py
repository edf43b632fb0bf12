"""Claiming messages for one worker, giving them back, and marking them one by one.

A claim writes a token and a time by the database's clock. Whoever marks a message has to hold its
token, so that a worker that was thought dead cannot undo what another did since.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import begin_immediate, database_now, new_id
from .faults import Fault, next_try
from .models import Message, MessageState

#: How often a claim is tried anew where another worker was faster.
_CLAIM_TRIES = 3
#: Pauses in seconds between tries to mark a message: a mail that was sent and is not marked is
#: sent again, so a database that restarts is waited for.
_MARK_PAUSES = (0.1, 0.5, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this worker holds, apart from any session."""

    id: str
    template: str
    object_id: str | None
    person_id: str | None
    attempts: int
    lease: str


def claim(session: orm.Session, now: datetime, limit: int, duration: timedelta) -> list[Claimed]:
    """Claim at most `limit` messages that are due at `now`, and commit.

    Args:
        session: of our own, without a transaction.
        now: aware; due times are by it.
        limit: how many.
        duration: of the lease, by the database's clock.
    """
    for _ in range(_CLAIM_TRIES):
        ids = _free_ids(session, now, limit)
        if not ids:
            session.rollback()
            return []
        claimed = _take(session, ids, now, duration)
        session.commit()
        if claimed:
            return claimed
    return []


def _is_free(clock: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(Message.leased_until.is_(None), Message.leased_until <= clock)


def _free_ids(session: orm.Session, now: datetime, limit: int) -> Sequence[str]:
    begin_immediate(session)
    statement = (
        sa.select(Message.id)
        .where(Message.due_at <= now, _is_free(database_now(session)))
        .order_by(Message.due_at, Message.id)
        .limit(limit)
    )
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql":
        return session.scalars(statement.with_for_update(skip_locked=True)).all()
    ids = session.scalars(statement).all()
    if dialect != "sqlite":
        # MariaDB would lock the gaps of the index, and so hold up who enqueues: nothing is locked
        # while looking, and the conditional change decides who has it
        session.commit()
    return ids


def _take(
    session: orm.Session, ids: Sequence[str], now: datetime, duration: timedelta
) -> list[Claimed]:
    clock = database_now(session)
    lease = new_id()
    session.execute(
        sa.update(Message)
        .where(Message.id.in_(ids), Message.due_at <= now, _is_free(clock))
        .values(lease=lease, leased_until=clock + duration)
        .execution_options(synchronize_session=False)
    )
    rows = session.execute(
        sa.select(
            Message.id,
            Message.template,
            Message.object_id,
            Message.person_id,
            Message.attempts,
        )
        .where(Message.id.in_(ids), Message.lease == lease)
        # what failed before holds up nothing that was never tried
        .order_by(Message.attempts, Message.due_at, Message.id)
    )
    return [Claimed(*row, lease=lease) for row in rows]


def release(
    session: orm.Session, held: Sequence[Claimed], *, due_at: datetime | None = None
) -> None:
    """Give back messages that were not tried, and commit.

    Args:
        session: of our own.
        held: of one claim.
        due_at: when they are due again; default: as they were.
    """
    if not held:
        return
    values: dict[str, Any] = {"lease": None, "leased_until": None}
    if due_at is not None:
        # one that was dropped in between stays so
        values["due_at"] = sa.case((Message.due_at.is_not(None), due_at), else_=None)
    session.rollback()
    session.execute(
        sa.update(Message)
        .where(Message.id.in_([one.id for one in held]), Message.lease == held[0].lease)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    session.commit()


def postpone_due(session: orm.Session, now: datetime, due_at: datetime) -> None:
    """Put off all that is due at `now` and that nobody holds: the mail server does not answer."""
    while held := claim(session, now, 500, timedelta(minutes=1)):
        release(session, held, due_at=due_at)


def mark_sent(session: orm.Session, message: Claimed, now: datetime) -> bool:
    """Mark a message as sent, and commit. Only ever called after the mail server took it."""
    return _mark(session, message, state=MessageState.SENT, sent_at=now, due_at=None, fault=None)


def mark_dropped(session: orm.Session, message: Claimed) -> bool:
    """Mark a message as no longer needed, and commit."""
    return _mark(session, message, state=MessageState.DROPPED, due_at=None)


def mark_failed(session: orm.Session, message: Claimed, fault: Fault, now: datetime) -> bool:
    """Note a failure: the message is due again later, or dead; and commit."""
    attempts = message.attempts + 1
    due_at = next_try(fault, attempts, now)
    values: dict[str, Any] = {"attempts": attempts, "fault": fault.value, "due_at": due_at}
    if due_at is None:
        values["state"] = MessageState.DEAD
    return _mark(session, message, is_still_waiting=True, **values)


def _mark(
    session: orm.Session, message: Claimed, *, is_still_waiting: bool = False, **values: Any
) -> bool:
    """Change a message that we hold; False where we no longer do."""
    statement = (
        sa.update(Message)
        .where(Message.id == message.id, Message.lease == message.lease)
        .values(lease=None, leased_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    if is_still_waiting:
        statement = statement.where(Message.state == MessageState.WAITING)
    for pause in (*_MARK_PAUSES, None):
        try:
            changed = session.execute(statement)
            session.commit()
        except sa.exc.OperationalError:
            session.rollback()
            if pause is None:
                raise
            time.sleep(pause)
        else:
            return bool(changed.rowcount)  # type: ignore[attr-defined]
    return False
