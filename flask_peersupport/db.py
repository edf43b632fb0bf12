"""The tables' base class, their types, and the session they live in."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import orm

from . import signals
from .errors import ConfigurationError

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(orm.DeclarativeBase):
    """Base of our models, with a MetaData of its own: the host's is never touched."""

    metadata = sa.MetaData(naming_convention=NAMING, info={"bind_key": None})


class UTCDateTime(sa.types.TypeDecorator[datetime]):
    """An aware instant, stored in UTC; SQLite and MariaDB would hand it back naive."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            from sqlalchemy.dialects import mysql  # B6: loaded where the database is MariaDB

            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None or value.tzinfo is not None:
            return value and value.astimezone(UTC)
        return value.replace(tzinfo=UTC)


class LargeBytes(sa.types.TypeDecorator[bytes]):
    """Up to 16 MB: a plain BLOB of MariaDB ends at 64 kB."""

    impl = sa.LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            from sqlalchemy.dialects import mysql  # B6: loaded where the database is MariaDB

            return dialect.type_descriptor(mysql.MEDIUMBLOB())
        return dialect.type_descriptor(sa.LargeBinary())


class CodeList(sa.types.TypeDecorator[tuple[str, ...]]):
    """A few short codes, stored as words separated by spaces."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else " ".join(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> tuple[str, ...]:
        return tuple((value or "").split())


def codes(enum: type[StrEnum], name: str) -> sa.Enum:
    """Return a column type for `enum`, stored as its values, kept by a CHECK called `name`."""
    return sa.Enum(
        enum,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


def new_id() -> str:
    """Return a random id of 128 bits: fit for addresses, the same on every database."""
    return secrets.token_hex(16)


def id_column() -> orm.MappedColumn[str]:
    """Return a primary key that is a random id."""
    return orm.mapped_column(sa.String(32), primary_key=True, default=new_id)


class Storage:
    """Where our tables live: the session that views use, and sessions for work of our own."""

    def __init__(
        self,
        session: orm.scoped_session[Any],
        engine: Callable[[], sa.Engine],
        *,
        is_shared_with_host: bool,
    ) -> None:
        self.session = session
        self._engine = engine
        #: Whether the host's own tables are written in the same transactions.
        self.is_shared_with_host = is_shared_with_host

    @property
    def engine(self) -> sa.Engine:
        """The engine of our tables, made when first used."""
        return self._engine()

    def is_reached_by(self, connection: sa.Connection) -> bool:
        """Return whether a connection of the host's leads to our tables.

        Not where the host has no database in which they could be: storing then says so.
        """
        if not self.is_shared_with_host:
            return False
        try:
            return connection.engine.pool is self.engine.pool
        except (ConfigurationError, sa.exc.SQLAlchemyError):
            return False

    @property
    def working_engine(self) -> sa.Engine:
        """The engine for transactions of our own, also where the host commits each statement."""
        engine = self.engine
        is_autocommit = engine.dialect.name == "postgresql" and _commits_each(engine.dialect, {})
        if engine.dialect.name == "mysql" or is_autocommit:
            return engine.execution_options(isolation_level="READ COMMITTED")
        return engine

    def new_session(self) -> orm.Session:
        """Return a session of our own, apart from the host's.

        On MariaDB it reads what is committed, as on the others, not what was when it began.
        """
        return orm.Session(self.working_engine, expire_on_commit=False)

    @contextmanager
    def work(self) -> Iterator[orm.Session]:
        """Yield a session of our own; what was not committed is rolled back at the end."""
        session = self.new_session()
        try:
            yield session
        finally:
            signals.forget(session.info)
            session.close()


def commits_each_statement(connection: sa.Connection) -> bool:
    """Return whether the host lets its database commit each statement by itself."""
    return _commits_each(connection.dialect, connection.get_execution_options())


def _commits_each(dialect: sa.Dialect, options: Mapping[str, Any]) -> bool:
    of_engine = getattr(dialect, "_on_connect_isolation_level", None)
    level: str | None = options.get("isolation_level", of_engine)
    return level == "AUTOCOMMIT"


def begin_immediate(session: orm.Session) -> None:
    """Take SQLite's write lock now, so that what is read stays true until the commit."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        raw = connection.connection.dbapi_connection
        if raw is not None and not raw.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def count_up(session: orm.Session, model: type[Base], **key: Any) -> None:
    """Add one to the `count` of the row with this primary key; make the row where it is missing.

    In one statement, so that of many who count at once nobody waits for a lock that waits for them.
    """
    name = session.connection().dialect.name
    count = model.__table__.c.count + 1
    statement: sa.Insert
    if name in ("mysql", "mariadb"):
        from sqlalchemy.dialects import mysql  # B6: as above

        statement = mysql.insert(model).values(**key, count=1).on_duplicate_key_update(count=count)
    else:
        from sqlalchemy.dialects import postgresql, sqlite  # B6: one of them is loaded already

        insert = postgresql.insert if name == "postgresql" else sqlite.insert
        statement = (
            insert(model)
            .values(**key, count=1)
            .on_conflict_do_update(index_elements=list(key), set_={"count": count})
        )
    session.execute(statement)


def commit(session: orm.Session | orm.scoped_session[Any]) -> None:
    """Commit, then send the signals that the actions remembered."""
    try:
        session.commit()
    except BaseException:
        signals.forget(session.info)
        session.rollback()
        raise
    signals.send_remembered(session.info, current_app._get_current_object())  # type: ignore[attr-defined]


def rollback(session: orm.Session | orm.scoped_session[Any]) -> None:
    """Roll back and forget the signals of what did not happen."""
    signals.forget(session.info)
    session.rollback()


def database_now(session: orm.Session) -> datetime:
    """Return the database's own clock: leases hold across machines whose clocks differ."""
    expression = {
        "postgresql": "clock_timestamp()",
        "mysql": "utc_timestamp(6)",
        "mariadb": "utc_timestamp(6)",
    }.get(session.get_bind().dialect.name, "strftime('%Y-%m-%d %H:%M:%f000', 'now')")
    statement = sa.select(sa.literal_column(expression, UTCDateTime()))
    return session.execute(statement).scalar_one()
