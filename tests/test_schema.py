"""The tables' history: up, down, up with data; killed half-way; apart from the host's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import flask_peersupport
from flask_peersupport import schema
from flask_peersupport.db import CodeList, LargeBytes, UTCDateTime

NOW = datetime(2026, 11, 3, 14, 30, 0, 123456, tzinfo=UTC)
ROOT = Path(__file__).parent.parent

#: Columns that a CHECK wants filled although they may be NULL.
WANTED = {("peersupport_request", "open_for"): "peersupport_reach_out"}

UPGRADE_AND_DIE = """
import os, signal, sys
import sqlalchemy as sa
from flask_peersupport import schema

engine = sa.create_engine(sys.argv[1])
left = int(sys.argv[2])

@sa.event.listens_for(engine, "after_cursor_execute")
def count(connection, cursor, statement, *rest):
    global left
    if statement.lstrip().startswith(("CREATE", "INSERT")):
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

schema.upgrade(engine)
"""

HOST_MIGRATES = """
import sys
import sqlalchemy as sa
from flask_migrate import Migrate
from flask_peersupport import schema
from tests import minimal_host

order, folder = sys.argv[1:]
app = minimal_host.create_host(f"sqlite:///{folder}/host.sqlite")

def no_legacy(item, name, kind, reflected, compare_to):
    return name != "legacy"

options = {"directory": f"{folder}/migrations"}
if order == "own choice":
    options["include_object"] = no_legacy
if order == "ours first":
    schema.keep_out_of_host_migrations(app)
    with app.app_context():
        pass
    Migrate(app, minimal_host.db, **options)
else:
    Migrate(app, minimal_host.db, **options)
    schema.keep_out_of_host_migrations(app)

def flask(*arguments):
    result = app.test_cli_runner().invoke(args=arguments)
    assert result.exit_code == 0, result.output

flask("db", "init")
flask("db", "migrate", "-m", "one")
flask("db", "upgrade")
with app.app_context():
    engine = minimal_host.db.engine
    schema.upgrade(engine)
    if order == "own choice":
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE legacy (id INTEGER)")
flask("db", "migrate", "-m", "two")
flask("db", "upgrade")
with app.app_context():
    assert not schema.differences(minimal_host.db.engine)
    minimal_host.db.engine.dispose()
"""


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    made = sa.create_engine(database_url)
    yield made
    made.dispose()


def example(column: sa.Column[Any]) -> object:
    """Return a value that fits the column."""
    kind = column.type
    if isinstance(kind, sa.Enum):
        return kind.enum_class and next(iter(kind.enum_class))
    examples: list[tuple[type | tuple[type, ...], object]] = [
        (UTCDateTime, NOW),
        (CodeList, ("one", "two")),
        (sa.Date, date(2026, 11, 3)),
        (sa.Boolean, True),
        (sa.Integer, 1),
        ((LargeBytes, sa.LargeBinary), b"\x00\xff"),
        (sa.JSON, {"seen": 3}),
    ]
    for expected, value in examples:
        if isinstance(kind, expected):
            return value
    return "é" * min(3, getattr(kind, "length", None) or 3)


def fill(engine: sa.Engine) -> dict[str, Any]:
    """Put one row into each of our tables and return them by table."""
    rows: dict[str, dict[str, Any]] = {}
    with engine.begin() as connection:
        for table in schema.metadata().sorted_tables:
            row: dict[str, Any] = {}
            for column in table.columns:
                if wanted := WANTED.get((table.name, column.name)):
                    row[column.name] = rows[wanted]["id"]
                elif column.nullable:
                    continue
                elif column.foreign_keys:
                    target = next(iter(column.foreign_keys)).column
                    row[column.name] = rows[target.table.name][target.name]
                else:
                    row[column.name] = example(column)
            connection.execute(table.insert().values(row))
            rows[table.name] = row
    return rows


def read(engine: sa.Engine, names: Any) -> dict[str, Any]:
    """Return the columns that `fill` wrote, by table."""
    tables = schema.metadata().tables
    with engine.connect() as connection:
        return {
            name: dict(
                connection.execute(sa.select(*(tables[name].c[key] for key in row)))
                .mappings()
                .one()
            )
            for name, row in names.items()
        }


def picture(engine: sa.Engine) -> dict[str, Any]:
    """Return what the database says about our tables, in full."""
    inspector = sa.inspect(engine)
    return {
        name: {
            "columns": [
                {key: str(value) for key, value in column.items()}
                for column in inspector.get_columns(name)
            ],
            "key": inspector.get_pk_constraint(name),
            "unique": by_name(inspector.get_unique_constraints(name)),
            "foreign": by_name(inspector.get_foreign_keys(name)),
            "checks": by_name(inspector.get_check_constraints(name)),
            "indexes": by_name(inspector.get_indexes(name)),
            "options": inspector.get_table_options(name),
        }
        for name in sorted(inspector.get_table_names())
        if name.startswith(schema.PREFIX) and name != schema.VERSION_TABLE
    }


def by_name(found: Any) -> list[Any]:
    return sorted((plain(item) for item in found), key=lambda item: str(item["name"]))


def plain(value: Any) -> Any:
    """Return a value that can be compared: SQL expressions as their text."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return str(value) if isinstance(value, sa.ClauseElement) else value


def make_host_table(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('host')")


def host_version(engine: sa.Engine) -> object:
    with engine.connect() as connection:
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()


def test_every_revision_goes_up_down_and_up_again_with_data(engine: sa.Engine) -> None:
    make_host_table(engine)
    assert schema.current(engine) is None

    for revision in schema.revisions():
        schema.upgrade(engine, revision)
        assert schema.current(engine) == revision
    assert schema.current(engine) == schema.head()
    rows = fill(engine)
    assert read(engine, rows) == rows
    schema.upgrade(engine)
    assert read(engine, rows) == rows

    for revision in [*reversed(schema.revisions()[:-1]), "base"]:
        schema.downgrade(engine, revision)
    assert sorted(sa.inspect(engine).get_table_names()) == [
        "alembic_version",
        schema.VERSION_TABLE,
    ]
    for revision in schema.revisions():
        schema.upgrade(engine, revision)
    rows = fill(engine)
    assert read(engine, rows) == rows
    assert host_version(engine) == "host"


def test_head_equals_the_models(engine: sa.Engine) -> None:
    if engine.dialect.name == "mysql":  # the revisions say so table by table, the models cannot
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    schema.metadata().create_all(engine)
    of_models = picture(engine)
    schema.metadata().drop_all(engine)

    schema.upgrade(engine)

    assert schema.differences(engine) == []
    assert picture(engine) == of_models


def test_text_is_compared_exactly_on_every_database(engine: sa.Engine) -> None:
    """References "a1" and "A1" are two reports, also where the server would compare them alike."""
    schema.upgrade(engine)
    reports = schema.metadata().tables["peersupport_report"]
    now = datetime(2026, 1, 1, tzinfo=UTC)
    row = {"kind": "incident", "reported_at": now, "received_at": now, "flags": ()}
    with engine.begin() as connection:
        for number, ref in enumerate(("a1", "A1")):
            connection.execute(reports.insert(), row | {"id": str(number), "ref": ref})


def test_differences_names_what_is_missing(sqlite_url: str) -> None:
    engine = sa.create_engine(sqlite_url)
    schema.upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE peersupport_audit")
        connection.exec_driver_sql("CREATE TABLE of_the_host (id INTEGER)")

    found = schema.differences(engine)

    engine.dispose()
    assert {difference[0] for difference in found} == {"add_table", "add_index"}


def test_foreign_keys_of_sqlite_are_on_again_afterwards(sqlite_url: str) -> None:
    engine = sa.create_engine(sqlite_url, poolclass=sa.StaticPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
    schema.upgrade(engine)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
    engine.dispose()
    assert found == 1


def test_every_slice_with_models_is_known() -> None:
    package = Path(flask_peersupport.__file__).parent
    assert sorted(schema.SLICES) == sorted(path.parent.name for path in package.glob("*/models.py"))


def number_of_steps() -> int:
    """Return how many statements an upgrade has that make something."""
    tables = schema.metadata().sorted_tables
    return len(tables) + sum(len(table.indexes) for table in tables) + 2


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_an_upgrade_that_was_killed_goes_on(engine: sa.Engine, share: float) -> None:
    make_host_table(engine)
    url = engine.url.render_as_string(hide_password=False)
    stop_at = max(1, round(number_of_steps() * share))

    killed = subprocess.run(
        [sys.executable, "-c", UPGRADE_AND_DIE, url, str(stop_at)], check=False, timeout=60
    )

    assert killed.returncode == -9
    assert schema.current(engine) is None
    if engine.dialect.name in ("mysql", "mariadb"):
        left = sa.inspect(engine).get_table_names()
        assert bool(left) is True  # it did stop half-way: nothing was rolled back
    schema.upgrade(engine)
    assert schema.current(engine) == schema.head()
    assert schema.differences(engine) == []
    assert host_version(engine) == "host"


@pytest.mark.parametrize("gone", [0, 1, 4])
def test_a_downgrade_that_was_killed_goes_on(engine: sa.Engine, gone: int) -> None:
    schema.upgrade(engine)
    with engine.begin() as connection:
        for table in list(reversed(schema.metadata().sorted_tables))[:gone]:
            table.drop(connection)

    schema.downgrade(engine, "base")

    assert sa.inspect(engine).get_table_names() == [schema.VERSION_TABLE]


@pytest.mark.parametrize("order", ["ours first", "ours last", "own choice"])
def test_the_hosts_migrations_propose_nothing_about_our_tables(order: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HOST_MIGRATES, order, str(tmp_path)],
        check=False,
        timeout=120,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    written = [path.name for path in (tmp_path / "migrations" / "versions").glob("*.py")]
    assert len(written) == 1, written
