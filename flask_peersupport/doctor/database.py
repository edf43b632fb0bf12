"""The tables, the database they are in, and what else might change them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from .. import schema
from ..clock import utc_now
from ..db import database_now
from ..errors import ConfigurationError
from ..runtime import Runtime
from .findings import Findings, fault, listed, ok, warning

#: From which difference of the clocks on a machine is warned of, or at fault.
_SKEW_TO_WARN = timedelta(seconds=2)
_SKEW_AT_FAULT = timedelta(seconds=60)


def look_at_tables(runtime: Runtime) -> Findings:
    """Look whether the tables are there, at the newest revision, and unchanged."""
    upgrade = "Run: flask peersupport upgrade"
    try:
        engine = runtime.storage.engine
        current = schema.current(engine)
    except ConfigurationError as error:
        text, _, remedy = str(error).partition(": ")
        yield fault(f"{text[0].upper()}{text[1:]}.", f"{remedy[0].upper()}{remedy[1:]}.")
        return
    except sa.exc.DBAPIError as error:
        reason = type(error.orig).__name__
        yield fault(f"The database cannot be reached ({reason}).", "Check its address.")
        return
    newest = schema.head()
    if current is None:
        yield fault("The tables are missing.", upgrade)
    elif current not in schema.revisions():
        yield fault(
            f"The tables are at revision {current}, which this version does not know.",
            "Install the version that made them, or a newer one.",
        )
    elif current != newest:
        yield fault(f"The tables are behind: at revision {current}, not {newest}.", upgrade)
    elif differences := schema.differences(engine):
        yield fault(
            f"The tables differ from what this version expects, in {len(differences)} places.",
            "Somebody changed them by hand: restore them from a backup.",
        )
    else:
        yield ok(f"The tables are at the newest revision, {newest}.")


def look_at_journal(runtime: Runtime) -> Findings:
    """Look whether an SQLite file lets others read while somebody writes."""
    engine = runtime.storage.engine
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        path = next(row.file for row in connection.exec_driver_sql("PRAGMA database_list"))
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    if not path:  # in memory: nobody else is there who could wait
        return
    if mode == "wal":
        yield ok("The SQLite file writes ahead (WAL): readers and writers do not wait.")
    else:
        statement = "PRAGMA journal_mode = WAL"
        yield warning(
            "The SQLite file does not write ahead (WAL): who reads waits for who writes, and the"
            " other way round.",
            "Run once, it stays so: "
            f'python -c "import sqlite3; sqlite3.connect({path!r}).execute({statement!r})"',
        )


def look_at_clock(runtime: Runtime) -> Findings:
    """Look whether this machine's clock agrees with the database's."""
    with runtime.storage.work() as session:
        session.connection()
        earliest = utc_now()
        of_database = database_now(session)
        latest = utc_now()
    # the database read its clock between our two looks at ours
    skew = max(earliest - of_database, of_database - latest, timedelta(0))
    if skew <= _SKEW_TO_WARN:
        yield ok("This machine's clock agrees with the database's.")
        return
    word = "ahead of" if earliest > of_database else "behind"
    level = fault if skew > _SKEW_AT_FAULT else warning
    yield level(
        f"This machine's clock is {skew.total_seconds():.0f} seconds {word} the database's.",
        "Let both machines take their time from the same NTP server.",
    )


def look_at_host_migrations(app: Flask, runtime: Runtime) -> Findings:
    """Look whether a revision of the host's own is about our tables, and so may drop them.

    What Alembic proposes today leaves them alone (`schema.keep_out_of_host_migrations`), but a
    revision may be older, or written where the extension was switched off.
    """
    migrate = app.extensions.get("migrate")
    folder = Path(getattr(migrate, "directory", "migrations")) / "versions"
    revisions = sorted(folder.glob("*.py")) if migrate is not None else []
    tables = [f"{quote}{name}{quote}" for name in schema.metadata().tables for quote in "'\""]
    strangers = [
        path.name
        for path in revisions
        if any(name in path.read_text("utf-8", errors="replace") for name in tables)
    ]
    if strangers:
        yield fault(
            f"The host's own migrations change the tables, or drop them: {listed(strangers)}.",
            f"Take what is about {schema.PREFIX}… tables out of these revisions.",
        )
    else:
        yield ok("The host's own migrations leave the tables alone.")
