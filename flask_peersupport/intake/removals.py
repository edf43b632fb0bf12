"""Users whom the host removes: a row beside the host's own change; the work is the worker's."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from .. import signals
from ..clock import utc_now
from ..db import UTCDateTime, new_id
from ..reachouts.removing import remove_user
from ..runtime import Runtime, current_runtime, runtime_of
from ..vault import seal
from .endings import follow
from .impatient import execute_at_once
from .models import RemovedUser
from .receiver import app_of, quiet, reads_on, running_session, within, writing_connection
from .storing import in_savepoint
from .writes import follow_connection

_logger = logging.getLogger(__name__)
_TABLE = RemovedUser.__tablename__
_INSERT = (
    f"INSERT INTO {_TABLE} (id, removed_at, due_at, month, sealed_user_id)"  # noqa: S608 - our own names
    " VALUES (:id, :removed_at, :due_at, :month, :sealed_user_id)"
)
_TYPES = {"removed_at": UTCDateTime(), "due_at": UTCDateTime(), "sealed_user_id": sa.LargeBinary()}


def receive_removal(sender: Any, user_id: object = None, **extra: Any) -> None:
    """Remember that the host has removed a user.

    Nothing is raised but where the host's own transaction is lost.

    Args:
        sender: the app, or the proxy `current_app`.
        user_id: the host's.
        **extra: ignored.
    """
    app = app_of(sender, "user_removed")
    runtime = runtime_of(app) if app is not None else None
    if app is None or runtime is None:
        return
    if user_id is None or user_id == "":
        _logger.error("user_removed was sent without user_id=…")
        return
    with within(app):
        _remember(runtime, str(user_id))


signals.user_removed.connect(receive_removal)


def _remember(runtime: Runtime, user_id: str) -> None:
    """Insert the row where the host's own change is: in its transaction, or by itself."""
    session = running_session(runtime)
    with quiet(session):
        connection = writing_connection(session)
        if connection is None:
            _insert_alone(runtime, user_id)
        elif runtime.storage.is_reached_by(connection):
            _log(in_savepoint(connection, lambda: _insert(runtime, connection, user_id)))
        else:
            _insert_at_end(runtime, session, connection, user_id)


def _insert_at_end(
    runtime: Runtime, session: orm.Session | None, connection: sa.Connection, user_id: str
) -> None:
    """Insert the row in a database of our own once the host has committed."""

    def at_end(is_committed: bool) -> None:
        if is_committed:
            _insert_alone(runtime, user_id)

    if session is not None and reads_on(session, connection):
        follow(session, at_end)
    else:
        follow_connection(connection, at_end)


def _insert_alone(runtime: Runtime, user_id: str) -> None:
    try:
        with runtime.storage.engine.begin() as own:
            _insert(runtime, own, user_id)
    except Exception as error:
        _log(error)


def _insert(runtime: Runtime, connection: sa.Connection, user_id: str) -> None:
    now, row_id = utc_now(), new_id()
    key = runtime.keys.current(now)
    sealed = seal.seal(key, f"removed {row_id}", user_id.encode())
    row = {"id": row_id, "removed_at": now, "due_at": now, "month": key.month}
    execute_at_once(connection, _TABLE, _INSERT, row | {"sealed_user_id": sealed}, _TYPES)


def _log(error: Exception | None) -> None:
    if error is not None:
        _logger.error(
            "that a user was removed is not remembered, send it again: %s", type(error).__name__
        )


def removed_before(now: datetime) -> sa.Select[Any]:
    """Return the ids of the rows that are due, in the order in which the users were removed."""
    due = sa.select(RemovedUser.id).where(RemovedUser.due_at <= now)
    return due.order_by(RemovedUser.removed_at, RemovedUser.id)


def see_to_removed(session: orm.Session, row_id: str, *, now: datetime) -> bool:
    """See to what was a removed user's, and forget the id.

    Returns:
        False where another worker was first.
    """
    statement = sa.select(RemovedUser).where(RemovedUser.id == row_id)
    row = session.scalar(statement.with_for_update(skip_locked=True))
    if row is None:
        return False
    key = current_runtime().keys.get(row.month)
    user_id = seal.unseal(key, f"removed {row.id}", row.sealed_user_id).decode()
    remove_user(session, user_id, removed_at=row.removed_at, now=now)
    session.delete(row)
    session.flush()
    return True
