"""Users whom the host removes: a row beside the host's own change; the work is the worker's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from .. import signals
from ..clock import utc_now
from ..db import UTCDateTime, new_id
from ..reachouts.removing import remove_user
from ..runtime import Runtime, current_runtime, runtime_of
from ..vault import seal
from . import spool
from .impatient import execute_at_once
from .models import RemovedUser
from .receiver import app_of, within
from .sessions import quiet, reads_on, running_session, writing_connection
from .storing import TransactionLost, in_savepoint, own_transaction, shielding_host
from .writes import follow_transaction

_logger = logging.getLogger(__name__)
_TABLE = RemovedUser.__tablename__
_INSERT = (
    f"INSERT INTO {_TABLE} (id, removed_at, due_at, month, sealed_user_id)"  # noqa: S608 - our own names
    " VALUES (:id, :removed_at, :due_at, :month, :sealed_user_id)"
)
_TYPES = {"removed_at": UTCDateTime(), "due_at": UTCDateTime(), "sealed_user_id": sa.LargeBinary()}


@shielding_host
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
        try:
            _remember(runtime, _seal(runtime, str(user_id)))
        except TransactionLost:
            raise
        except Exception as error:
            _log_loss(error)


signals.user_removed.connect(receive_removal)


@dataclass(frozen=True, slots=True)
class _Removal:
    """A row of `RemovedUser` on its way to be stored, without its due time."""

    id: str
    removed_at: datetime
    month: str
    sealed_user_id: bytes


def _seal(runtime: Runtime, user_id: str) -> _Removal:
    now, row_id = utc_now(), new_id()
    key = runtime.keys.current(now)
    sealed = seal.seal(key, _owner(row_id), user_id.encode())
    return _Removal(row_id, now, key.month, sealed)


def _owner(row_id: str) -> str:
    return f"removed {row_id}"


def _remember(runtime: Runtime, removal: _Removal) -> None:
    """Insert the row where the host's own change is: in its transaction, or by itself."""
    session = running_session(runtime)
    with quiet(session):
        connection = writing_connection(session)
        if connection is None:
            _insert_alone(runtime, removal)
        elif runtime.storage.is_reached_by(connection):
            error = in_savepoint(connection, lambda: _insert(connection, removal))
            if error is not None:
                _at_end(session, connection, lambda: _keep(runtime, removal, error))
        else:
            _at_end(session, connection, lambda: _insert_alone(runtime, removal))


def _at_end(
    session: orm.Session | None, connection: sa.Connection, act: Callable[[], None]
) -> None:
    """Call `act` once the host has committed."""

    def at_end(is_committed: bool) -> None:
        if is_committed:
            act()

    is_its_own = session is not None and reads_on(session, connection)
    follow_transaction(session if is_its_own else None, connection, at_end)


def _insert_alone(runtime: Runtime, removal: _Removal) -> None:
    """Insert the row of what is committed already; what cannot be stored at once is kept."""
    try:
        with own_transaction(runtime.storage) as own:
            _insert(own, removal)
    except Exception as error:
        _keep(runtime, removal, error)


def _insert(connection: sa.Connection, removal: _Removal) -> None:
    row = asdict(removal) | {"due_at": removal.removed_at}
    execute_at_once(connection, _TABLE, _INSERT, row, _TYPES)


def _keep(runtime: Runtime, removal: _Removal, reason: Exception) -> None:
    """Put what could not be stored for `reason` into the spool."""
    _logger.error("that a user was removed waits in the spool: %s", type(reason).__name__)
    try:
        spool.write_entry(
            runtime.spool,
            removal.month,
            removal.id,
            removal.removed_at,
            spool.REMOVED,
            removal.sealed_user_id,
        )
    except OSError as error:
        _log_loss(error)


def _log_loss(error: Exception) -> None:
    _logger.critical(
        "that a user was removed is not remembered, send it again: %s", type(error).__name__
    )


def store_spooled_removal(session: orm.Session, path: Path, *, now: datetime) -> None:
    """Insert the row of a spool entry, due at `now`; one that is in already is left as it is.

    The caller commits, then removes the file.

    Raises:
        ValueError: the file is none of ours.
    """
    try:
        month, row_id, sealed = spool.read_entry(path)
    except FileNotFoundError:  # another worker has done it
        return
    row = _Removal(row_id, spool.came_in_at(path), month, sealed)
    with suppress(sa.exc.IntegrityError), session.begin_nested():  # it is in already
        session.execute(sa.insert(RemovedUser), asdict(row) | {"due_at": now})


def removed_before(now: datetime) -> sa.Select[Any]:
    """Return the ids of the rows that are due, in the order in which the users were removed."""
    # nobody can have been removed later than now: then the clock was ahead
    is_ahead = (RemovedUser.removed_at > now) & (RemovedUser.due_at == RemovedUser.removed_at)
    due = sa.select(RemovedUser.id).where((RemovedUser.due_at <= now) | is_ahead)
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
    user_id = seal.unseal(key, _owner(row.id), row.sealed_user_id).decode()
    remove_user(session, user_id, removed_at=row.removed_at, now=now)
    session.delete(row)
    session.flush()
    return True
