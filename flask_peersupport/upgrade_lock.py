"""The connection that changes our tables: one at a time, and none that keeps reports waiting.

A change of a table that waits for somebody lets nobody past: every report queues behind it. So it
waits for a few seconds only, and is run again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import sqlalchemy as sa

from .errors import DatabaseBusy

#: How long to wait until another upgrade, perhaps of another machine, has ended.
TURN_SECONDS = 60
#: How long a change of a table may wait for those who use it.
LOCK_SECONDS = 5

#: PostgreSQL's lock_not_available and deadlock_detected; MariaDB's ER_LOCK_WAIT_TIMEOUT and
#: ER_LOCK_DEADLOCK.
_BUSY = ("55P03", "40P01", 1205, 1213)
#: SQLITE_BUSY and SQLITE_LOCKED, without what else the code may tell.
_SQLITE_BUSY = (5, 6)

_AGAIN = "wait for it to end, then run again: flask peersupport upgrade"
_ANOTHER_RUNS = f"another upgrade of the tables, or a long change, is running; {_AGAIN}"
_IN_USE = f"something uses the tables and did not let go of them in time; {_AGAIN}"


def migrating_connection(engine: sa.Engine) -> AbstractContextManager[sa.Connection]:
    """Return the only connection to this database that changes our tables at the moment.

    Raises:
        DatabaseBusy: another upgrade did not end, or a table was in use, for too long. What was
            done so far is rolled back; on MariaDB, which cannot, the next run goes on there.
    """
    match engine.dialect.name:
        case "postgresql":
            return _on_postgresql(engine)
        case "mysql" | "mariadb":
            return _on_mariadb(engine)
        case "sqlite":
            return _on_sqlite(engine)
    return engine.connect()


@contextmanager
def _on_postgresql(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Do all in one transaction, which ends the locks and settings too, also behind a pooler.

    What another upgrade did while this one waited must be seen: hence the isolation level.
    """
    with (
        engine.connect().execution_options(isolation_level="READ COMMITTED") as connection,
        connection.begin(),
    ):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{TURN_SECONDS}s'")
        with _saying(_ANOTHER_RUNS):
            connection.exec_driver_sql(
                "SELECT pg_advisory_xact_lock(hashtext('flask peersupport upgrade'))"
            )
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        with _saying(_IN_USE):
            yield connection


@contextmanager
def _on_mariadb(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Hold a lock of the session: each change of a table commits by itself.

    The connection is not given back but closed: its lock and its settings end with it. The names
    of such locks are the whole server's, so the database is in it.
    """
    with engine.connect() as connection:
        connection.detach()
        is_our_turn = connection.exec_driver_sql(
            "SELECT GET_LOCK(CONCAT('peersupport_', MD5(DATABASE())), " + f"{TURN_SECONDS})"
        ).scalar_one()
        if not is_our_turn:
            raise DatabaseBusy(_ANOTHER_RUNS)
        for setting in ("lock_wait_timeout", "innodb_lock_wait_timeout"):
            connection.exec_driver_sql(f"SET SESSION {setting} = {LOCK_SECONDS}")
        connection.commit()  # else Alembic would take this for its own transaction
        with _saying(_IN_USE):
            yield connection


@contextmanager
def _on_sqlite(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Begin at once, for sqlite3 would leave changes of tables outside the transaction.

    Rebuilding a table drops the old one: with foreign keys on, that would empty others. They can
    be switched outside a transaction only, so before SQLAlchemy begins one.
    """
    with engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        (has_foreign_keys,) = raw.execute("PRAGMA foreign_keys").fetchone()
        (busy_timeout,) = raw.execute("PRAGMA busy_timeout").fetchone()
        raw.execute("PRAGMA foreign_keys = OFF")
        try:
            with _saying(_IN_USE), connection.begin():
                raw.rollback()  # where the host begins by itself, it may do so without the lock
                raw.execute(f"PRAGMA busy_timeout = {TURN_SECONDS * 1000}")
                with _saying(_ANOTHER_RUNS):
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                raw.execute(f"PRAGMA busy_timeout = {LOCK_SECONDS * 1000}")
                yield connection
        finally:
            raw.execute(f"PRAGMA busy_timeout = {busy_timeout}")
            raw.execute(f"PRAGMA foreign_keys = {has_foreign_keys}")


@contextmanager
def _saying(sentence: str) -> Iterator[None]:
    """Say what to do where a lock was waited for in vain."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        if not _is_busy(error.orig):
            raise
        raise DatabaseBusy(sentence) from error


def _is_busy(error: Any) -> bool:
    """Say whether the error is about a lock; each driver has its own place for that."""
    found = [getattr(error, name, None) for name in ("sqlstate", "pgcode")] + [*error.args[:1]]
    sqlite_code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return sqlite_code in _SQLITE_BUSY or any(code in _BUSY for code in found)
