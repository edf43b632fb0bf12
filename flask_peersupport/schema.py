"""Our tables in the database: made and changed by a history of our own, apart from the host's.

Alembic and the models are loaded when a function needs them (B6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module, resources
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import Flask, appcontext_pushed

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE = "peersupport_alembic_version"
PREFIX = "peersupport_"
#: The slices that have tables.
SLICES = ("access", "audit", "intake", "outbox", "reachouts", "supporters", "vault")

_IncludeObject = Callable[[Any, str | None, str, bool, Any], bool]


def metadata() -> sa.MetaData:
    """Return the tables as the models have them."""
    for name in SLICES:
        import_module(f"flask_peersupport.{name}.models")
    from .db import Base

    return Base.metadata


def options() -> dict[str, Any]:
    """Return what Alembic needs to know to see our tables, and no others."""
    return {
        "target_metadata": metadata(),
        "version_table": VERSION_TABLE,
        "include_name": _is_ours,
        "compare_type": True,
    }


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Bring our tables to `revision`. One that was killed half-way goes on where it stopped."""
    from alembic import command

    with _migrating(engine) as config:
        command.upgrade(config, revision)


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Bring our tables back to `revision`; "base" drops them with all they hold."""
    from alembic import command

    with _migrating(engine) as config:
        command.downgrade(config, revision)


def revisions() -> list[str]:
    """Return all revisions, the oldest first."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(configuration())
    return [revision.revision for revision in script.walk_revisions()][::-1]


def head() -> str:
    """Return the newest revision."""
    return revisions()[-1]


def current(engine: sa.Engine) -> str | None:
    """Return the revision of the tables in the database; None where there are none."""
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return context.get_current_revision()


def differences(engine: sa.Engine) -> list[Any]:
    """Return in what our tables differ from the models, as Alembic says it; mostly nothing."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options())
        return list(compare_metadata(context, metadata()))


def keep_out_of_host_migrations(app: Flask) -> None:
    """See to it that the host's `flask db migrate` proposes nothing about our tables.

    Flask-Migrate may start after us, so each application context looks whether it has; the
    migration commands run in one.
    """
    _wrap_include_object(app)
    appcontext_pushed.connect(_wrap_include_object, app)


class _WithoutOurs:
    """The host's own choice of what its migrations look at, less our tables."""

    def __init__(self, of_host: _IncludeObject | None) -> None:
        self._of_host = of_host

    def __call__(
        self, item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any
    ) -> bool:
        if kind == "table" and name is not None and name.startswith(PREFIX):
            return False
        return self._of_host is None or self._of_host(item, name, kind, reflected, compare_to)


def _wrap_include_object(app: Flask, **extra: Any) -> None:
    arguments = getattr(app.extensions.get("migrate"), "configure_args", None)
    if arguments is None or isinstance(arguments.get("include_object"), _WithoutOurs):
        return
    arguments["include_object"] = _WithoutOurs(arguments.get("include_object"))


def _is_ours(name: str | None, kind: str, parents: Any) -> bool:
    return kind != "table" or (name or "").startswith(PREFIX)


def configuration() -> Config:
    """Return the configuration that an `alembic.ini` would hold."""
    from alembic.config import Config

    config = Config()
    folder = str(resources.files("flask_peersupport.migrations"))
    values = {
        "script_location": folder,
        "file_template": "%(rev)s_%(slug)s",
        "path_separator": "os",
    }
    for name, value in values.items():
        config.set_main_option(name, value.replace("%", "%%"))
    return config


@contextmanager
def _migrating(engine: sa.Engine) -> Iterator[Config]:
    config = configuration()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        if engine.dialect.name == "sqlite":
            with _sqlite_transaction(connection):
                yield config
        else:
            yield config


@contextmanager
def _sqlite_transaction(connection: sa.Connection) -> Iterator[None]:
    """Begin at once, for sqlite3 would leave changes of tables outside the transaction.

    Rebuilding a table drops the old one: with foreign keys on, that would empty others. They can
    be switched outside a transaction only, so before SQLAlchemy begins one.
    """
    raw: Any = connection.connection.dbapi_connection
    (has_foreign_keys,) = raw.execute("PRAGMA foreign_keys").fetchone()
    raw.execute("PRAGMA foreign_keys = OFF")
    try:
        with connection.begin():
            if not raw.in_transaction:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield
    finally:
        raw.execute(f"PRAGMA foreign_keys = {has_foreign_keys}")
