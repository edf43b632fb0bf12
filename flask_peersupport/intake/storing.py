"""Storing an intake row: a savepoint in the host's transaction, or a transaction of its own.

Fixed SQL text where a database has to be told not to wait: a report is never delayed by a lock on
our table. What cannot be stored at once goes to the spool.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.pool import QueuePool

from ..clock import utc_now
from ..db import Storage, commits_each_statement, new_id
from ..runtime import Runtime, current_runtime
from .impatient import HURRY_MARIADB, lock_at_once
from .models import IntakeRecord
from .payload import Payload, seal_payload

P = ParamSpec("P")

_logger = logging.getLogger(__name__)
_TABLE: sa.Table = IntakeRecord.__table__  # type: ignore[assignment]
_INSERT = _TABLE.insert()
_COLUMNS = list(_TABLE.columns)
_INSERT_MARIADB = sa.text(
    f"{HURRY_MARIADB}INSERT INTO {_TABLE.name} ({', '.join(c.name for c in _COLUMNS)})"  # noqa: S608 - our own names
    f" VALUES ({', '.join(':' + c.name for c in _COLUMNS)})"
).bindparams(*(sa.bindparam(c.name, type_=c.type) for c in _COLUMNS))
#: SQLite undoes the host's transaction with an INSERT for which the disk is full; one that could
#: have several rows, as it sees it, has a journal of its own and is undone alone.
_INSERT_SQLITE = sa.text(
    f"INSERT INTO {_TABLE.name} ({', '.join(c.name for c in _COLUMNS)})"
    f" SELECT {', '.join(':' + c.name for c in _COLUMNS)}"
).bindparams(*(sa.bindparam(c.name, type_=c.type) for c in _COLUMNS))

_SAVEPOINT = "SAVEPOINT peersupport"
_LOCK = lock_at_once(_TABLE.name)
#: The drivers that send two statements in one go, where they have no parameters.
_SENDS_TWO = ("psycopg", "psycopg2")


class TransactionLost(Exception):
    """The database has given up the host's transaction; the host has to hear of it, as it is."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


def shielding_host(hear: Callable[P, None]) -> Callable[P, None]:
    """Let nothing of `hear` reach the host but what its database said of its own transaction."""

    @wraps(hear)
    def shielded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            hear(*args, **kwargs)
        except TransactionLost as lost:
            raise lost.reason from None
        except Exception as error:
            _logger.critical("a report may not have come in: %s", type(error).__name__)

    return shielded


def in_savepoint(
    connection: sa.Connection, block: Callable[[], object], *, for_insert: bool = False
) -> Exception | None:
    """Run `block` in a savepoint of the host's transaction; return what failed, undone.

    What fails in undoing it goes on to the host: its transaction is lost then (SQLite where the
    disk is full, MariaDB after a deadlock), and its commit would say nothing of that. Plain SQL,
    since this is on the host's path (B1).

    Args:
        connection: of the host, in a transaction. Where not even a savepoint can be had, `block`
            is not run.
        block: does its work on `connection`.
        for_insert: whether that is to insert an intake row.

    Raises:
        TransactionLost: see above.
    """
    if commits_each_statement(connection):
        try:
            block()
        except Exception as error:  # nothing to undo, and nothing of the host's is at stake
            return error
        return None
    try:
        _open(connection, for_insert=for_insert)
    except Exception as error:
        with suppress(Exception):  # there may be none: the host's transaction is as it was
            _undo(connection)
        return error
    try:
        block()
        connection.exec_driver_sql("RELEASE SAVEPOINT peersupport")
    except TransactionLost:
        raise
    except Exception as error:
        _undo(connection)
        return error
    return None


def _open(connection: sa.Connection, *, for_insert: bool) -> None:
    dialect = connection.dialect
    if dialect.name == "sqlite":
        raw = connection.connection.dbapi_connection
        # before any write there is no transaction, and the release would be the commit
        if raw is not None and not raw.in_transaction:
            connection.exec_driver_sql("BEGIN")
    if not for_insert or dialect.name != "postgresql":
        connection.exec_driver_sql(_SAVEPOINT)
    elif dialect.driver in _SENDS_TWO:
        connection.exec_driver_sql(f"{_SAVEPOINT}; {_LOCK}")
    else:
        connection.exec_driver_sql(_SAVEPOINT)
        connection.exec_driver_sql(_LOCK)


def _undo(connection: sa.Connection) -> None:
    try:
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT peersupport")
        connection.exec_driver_sql("RELEASE SAVEPOINT peersupport")
    except Exception as error:
        raise TransactionLost(error) from None


def insert_row(connection: sa.Connection, row: dict[str, Any]) -> None:
    """Insert one intake row, without waiting long for a lock."""
    dialect = connection.dialect
    if dialect.name == "sqlite":
        connection.execute(_INSERT_SQLITE, row)
    else:
        is_mariadb = getattr(dialect, "is_mariadb", False)
        connection.execute(_INSERT_MARIADB if is_mariadb else _INSERT, row)


def store_alone(runtime: Runtime, payload: Payload, *, is_confirmed: bool = True) -> str:
    """Store a payload in a transaction of its own, and return the id of its row.

    Raises:
        TimeoutError: a connection would have to be waited for.
    """
    row = intake_row(runtime, payload, is_confirmed=is_confirmed)
    with own_transaction(runtime.storage) as own:
        if own.dialect.name == "postgresql":
            own.exec_driver_sql(_LOCK)
        insert_row(own, row)
    row_id: str = row["id"]
    return row_id


@contextmanager
def own_transaction(storage: Storage) -> Iterator[sa.Connection]:
    """Yield a connection of our own that is committed at the end, without keeping anybody waiting.

    Raises:
        TimeoutError: a connection would have to be waited for.
    """
    engine = storage.working_engine
    if not has_free_connection(engine):
        raise TimeoutError("no connection is free")
    with engine.begin() as own, _hurried(own):
        yield own


@contextmanager
def _hurried(own: sa.Connection) -> Iterator[None]:
    """Wait a second at most for who writes in the SQLite file; elsewhere the statement says so."""
    if own.dialect.name != "sqlite":
        yield
        return
    patience = own.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    own.exec_driver_sql(f"PRAGMA busy_timeout = {min(patience, 1000)}")
    try:
        yield
    finally:
        own.exec_driver_sql(f"PRAGMA busy_timeout = {patience}")


def has_free_connection(engine: sa.Engine) -> bool:
    """Return whether a connection can be had at once.

    Threads that each hold one of a pool's connections and wait for a second would wait for each
    other, until the pool's time is up.
    """
    pool = engine.pool
    if not isinstance(pool, QueuePool) or pool._max_overflow < 0:
        return True
    return pool.checkedout() < pool.size() + pool._max_overflow


def settle(storage: Storage, row_id: str, is_committed: bool) -> bool:
    """Confirm an intake row in a database of our own, or drop what the host rolled back.

    Where that cannot be done the row stays unconfirmed: the worker decides later.

    Returns:
        whether the row is there, as far as can be seen.
    """
    this = _TABLE.c.id == row_id
    decide = _TABLE.update().values(is_confirmed=True) if is_committed else _TABLE.delete()
    try:
        with own_transaction(storage) as own:
            return own.execute(decide.where(this)).rowcount > 0
    except Exception as error:  # the host's transaction has ended: nothing of it is at stake
        _logger.error("an intake could not be settled: %s", type(error).__name__)
        return True


def insert_intake(session: orm.Session, payload: Payload, *, now: datetime) -> None:
    """Insert a sealed report of our own pages, to be expanded; not committed here."""
    session.execute(sa.insert(IntakeRecord), intake_row(current_runtime(), payload, now=now))


def intake_row(
    runtime: Runtime,
    payload: Payload,
    *,
    is_confirmed: bool = True,
    row_id: str | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Return the values of one intake row, due at `now` (aware; default: the clock)."""
    now = now or utc_now()
    key = runtime.keys.current(now)
    row_id = row_id or new_id()
    return {
        "id": row_id,
        "kind": payload.report.kind,
        "ref": payload.report.ref,
        "received_at": now,
        "due_at": now,
        "is_confirmed": is_confirmed,
        "attempts": 0,
        "month": key.month,
        "payload": seal_payload(row_id, payload, key, runtime.settings.timezone),
    }
