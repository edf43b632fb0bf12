"""The tables' history: up, down, up with data, on each database; what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import flask_peersupport
from flask_peersupport import schema
from tests.example_rows import fill, read


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    made = sa.create_engine(database_url)
    yield made
    made.dispose()


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

    rows: dict[str, Any] = {}
    for revision in schema.revisions():
        schema.upgrade(engine, revision)
        assert schema.current(engine) == revision
        rows |= fill(engine, but=rows)  # each comes through all later revisions
    assert rows.keys() == schema.metadata().tables.keys()
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
    if engine.dialect.name == "postgresql":  # as above: reports never wait for a vacuum
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "ALTER TABLE peersupport_intake SET (vacuum_truncate = false)"
            )
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
