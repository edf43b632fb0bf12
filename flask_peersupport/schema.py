"""Our tables in the database: made and changed by a history of our own, apart from the host's.

Alembic and the models are loaded when a function needs them (B6).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
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
SLICES = (
    "access",
    "audit",
    "external",
    "heartbeat",
    "intake",
    "nominations",
    "outbox",
    "reachouts",
    "referrals",
    "resources",
    "sessions",
    "supporters",
    "surveys",
    "vault",
)

#: The registry of Alembic that we have joined.
_joined: list[Any] = []


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
    """Bring our tables to `revision`. One that was killed half-way goes on where it stopped.

    Raises:
        DatabaseBusy: somebody else changes or uses the tables; nothing is lost by a next run.
    """
    from alembic import command

    with _migrating(engine) as config:
        command.upgrade(config, revision)


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Bring our tables back to `revision`; "base" drops them with all they hold.

    Raises:
        DatabaseBusy: as for `upgrade`.
    """
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
    """Return in what our tables differ from the models, as Alembic says it; mostly nothing.

    The host may have tables whose names begin like ours.
    """
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    known = metadata().tables
    only_known = {"include_name": lambda name, kind, parents: kind != "table" or name in known}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options() | only_known)
        return list(compare_metadata(context, metadata()))


def is_of_host(name: str | None, kind: str, parents: Any = None) -> bool:
    """Leave our tables out of the host's migrations: an `include_name` for an `env.py`.

    Hosts whose `env.py` runs in the app, as Flask-Migrate's does, or creates it need no such
    thing: `init_app` sees to it.
    """
    return kind != "table" or not (name or "").startswith(PREFIX)


def keep_out_of_host_migrations(app: Flask) -> None:
    """See to it that what the host's migrations propose leaves our tables alone.

    Alembic may be loaded after us, so each application context looks whether it is: the commands
    of Flask-Migrate run in one. No option of the host's is touched, so whatever its `env.py` does
    with them goes on working.
    """
    _join_comparisons(app)
    appcontext_pushed.connect(_join_comparisons, app)


def _join_comparisons(app: Flask, **extra: Any) -> None:
    """Have Alembic call us when it has compared tables, where this process uses it at all."""
    comparing = sys.modules.get("alembic.autogenerate")
    comparators = getattr(comparing, "comparators", None)  # None: it is just being loaded
    if comparators is None or comparators in _joined:
        return
    _joined.append(comparators)
    from alembic import util

    # Since 1.18 whoever wants to be last says so; before, who comes last is.
    priority = getattr(util, "DispatchPriority", None)
    options = {} if priority is None else {"priority": priority.LAST}
    comparators.dispatch_for("schema", **options)(_drop_what_is_about_ours)


def _drop_what_is_about_ours(compared: Any, proposals: Any, schemas: Any) -> None:
    """Take out of the host's proposals what is about our tables.

    A table of the host's own whose name begins like ours stays, unless we have one of that name.
    """
    if compared.migration_context.version_table == VERSION_TABLE:
        return  # these are our own
    ours = {VERSION_TABLE, *metadata().tables}
    of_host = {table.name for table in compared.sorted_tables} - ours
    proposals.ops[:] = [
        proposal
        for proposal in proposals.ops
        if (name := getattr(proposal, "table_name", None)) in of_host or is_of_host(name, "table")
    ]


def _is_ours(name: str | None, kind: str, parents: Any) -> bool:
    return kind != "table" or not is_of_host(name, kind)


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
    from .upgrade_lock import migrating_connection  # B6: with what changes tables, not at the start

    config = configuration()
    with migrating_connection(engine) as connection:
        config.attributes["connection"] = connection
        yield config
