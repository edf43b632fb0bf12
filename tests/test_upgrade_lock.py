"""Upgrades that are killed, that come two at once, and that meet people at work."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flask_peersupport import schema, upgrade_lock
from flask_peersupport.errors import DatabaseBusy
from tests.example_rows import fill, read

ROOT = Path(__file__).parent.parent
UPGRADE = [sys.executable, "-m", "flask", "--app", "tests.migrating_host", "peersupport", "upgrade"]
IS_SWEEP = os.environ.get("PEERSUPPORT_SWEEP") == "full"

#: How far a migration has come when it is killed: at the first statement, the last, in between.
SHARES = {"head": [0.0, 0.5, 1.0], "base": [0.7]}

DOWNGRADE = """
from tests.migrating_host import create_app
from flask_peersupport import schema
from flask_peersupport.runtime import current_runtime

with create_app().app_context():
    schema.downgrade(current_runtime().storage.engine, "base")
"""
DOWNGRADE_COMMAND = [sys.executable, "-c", DOWNGRADE]


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    made = sa.create_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture
def environment(engine: sa.Engine, tmp_path: Path) -> dict[str, str]:
    """What a process needs to know to upgrade this database."""
    return os.environ | {
        "HOST_DATABASE": engine.url.render_as_string(hide_password=False),
        "HOST_FOLDER": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }


def number_of_statements(engine: sa.Engine, revision: str) -> int:
    """Run a migration to `revision` in this process and return how many statements it took."""
    made = sa.create_engine(engine.url)
    count = 0

    def add(*_given: Any) -> None:
        nonlocal count
        count += 1

    sa.event.listen(made, "after_cursor_execute", add)
    migrate(made, revision)
    made.dispose()
    return count


def migrate(engine: sa.Engine, revision: str) -> None:
    """Go to `revision`, up or down."""
    if revision == "base":
        schema.downgrade(engine, revision)
    else:
        schema.upgrade(engine, revision)


def points(number: int, revision: str) -> list[int]:
    """Return the statements after which to kill: some, or each in a full sweep."""
    if IS_SWEEP:
        return list(range(1, number + 1))
    return sorted({max(1, round(number * share)) for share in SHARES[revision]})


@pytest.mark.sweep
@pytest.mark.parametrize("revision", ["head", "base"])
def test_a_migration_that_was_killed_goes_on(
    engine: sa.Engine, environment: dict[str, str], revision: str
) -> None:
    """Kill the process, as the kernel does; what it was connected to finds out by itself."""
    other, command = ("base", UPGRADE) if revision == "head" else ("head", DOWNGRADE_COMMAND)
    if revision == "base":
        schema.upgrade(engine)
    number = number_of_statements(engine, revision)
    assert number > 4
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE ward (name VARCHAR(9))")
        connection.exec_driver_sql("INSERT INTO ward VALUES ('B2')")
    for stop_at in points(number, revision):
        migrate(engine, other)
        if revision == "head":  # the very first upgrade makes this table too
            with engine.begin() as connection:
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {schema.VERSION_TABLE}")
        killed = subprocess.run(
            command,
            env=environment | {"HOST_KILL_AT": str(stop_at)},
            check=False,
            timeout=60,
            capture_output=True,
        )
        assert killed.returncode == -9, (stop_at, killed.stderr)
        before = None if revision == "head" else schema.head()
        assert schema.current(engine) == before, stop_at  # it did stop before its end

        migrate(engine, revision)

        if revision == "head":
            assert schema.current(engine) == schema.head()
            assert schema.differences(engine) == [], stop_at
        else:
            assert schema.current(engine) is None
            assert set(sa.inspect(engine).get_table_names()) == {schema.VERSION_TABLE, "ward"}
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT name FROM ward").scalars().all() == ["B2"]


def test_upgrades_of_several_machines_take_turns(
    engine: sa.Engine, environment: dict[str, str], tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    gate.mkdir()
    running = [
        subprocess.Popen(
            UPGRADE,
            env=environment | {"HOST_GATE": str(gate)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    wait_until(lambda: len(list(gate.glob("ready-*"))) == len(running))
    (gate / "open").touch()

    said = [process.communicate(timeout=60)[0] for process in running]

    assert [process.returncode for process in running] == [0] * len(running), said
    assert said == [f"tables at {schema.head()}\n"] * len(running)
    assert schema.current(engine) == schema.head()
    assert schema.differences(engine) == []


def test_an_upgrade_waits_for_another_and_says_so(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrade_lock, "TURN_SECONDS", 1)
    other = sa.create_engine(engine.url)
    with upgrade_lock.migrating_connection(other), pytest.raises(DatabaseBusy, match="another"):
        schema.upgrade(engine)
    other.dispose()

    schema.upgrade(engine)

    assert schema.differences(engine) == []


def wait_until(condition: Any) -> None:
    """Wait until something has happened in another process or session."""
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def number_waiting(connection: sa.Connection) -> int:
    """Return how many sessions wait for a lock on a table of this database."""
    statement = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()"
        if connection.dialect.name == "postgresql"
        else "SELECT count(*) FROM information_schema.processlist"
        " WHERE state LIKE 'Waiting for table%%lock' AND db = DATABASE()"
    )
    count: int = connection.exec_driver_sql(statement).scalar_one()
    connection.rollback()
    return count


@pytest.mark.database
@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_a_change_that_waits_keeps_no_report_waiting(
    request: pytest.FixtureRequest, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody reads a table for long; the change gives up; the report that queued is stored."""
    monkeypatch.setattr(upgrade_lock, "LOCK_SECONDS", 3)
    engine = sa.create_engine(request.getfixturevalue(f"{server}_database").empty())
    schema.upgrade(engine)
    rows = fill(engine)
    table = list(schema.metadata().sorted_tables)[-1]  # the first to be dropped
    ended: list[object] = []

    def drop() -> None:
        try:
            schema.downgrade(engine, "base")
        except DatabaseBusy as error:
            ended.append(error)

    with engine.connect() as reader, engine.connect() as reporter, engine.connect() as observer:
        reader.execute(sa.select(table)).all()  # and its transaction goes on
        changing = threading.Thread(target=drop)
        changing.start()
        wait_until(lambda: number_waiting(observer) == 1)
        patience = (
            "SET statement_timeout = '50s'"
            if server == "postgresql"
            else "SET SESSION lock_wait_timeout = 50"
        )
        reporter.exec_driver_sql(patience)
        reporter.execute(table.update().values({table.c[0].name: table.c[0]}))
        reporter.commit()
        changing.join()
        assert [str(error) for error in ended] == [upgrade_lock._IN_USE]
    assert read(engine, rows) == rows
    assert schema.differences(engine) == []
    schema.downgrade(engine, "base")
    schema.upgrade(engine)
    engine.dispose()


def test_an_upgrade_that_was_killed_while_it_waited_goes_on(
    mariadb_database: Any, tmp_path: Path
) -> None:
    """On MariaDB the statement of a dead client may still be done, when nobody expects it."""
    url = mariadb_database.empty()
    engine = sa.create_engine(url)
    schema.upgrade(engine)
    rows = fill(engine)
    table = list(schema.metadata().sorted_tables)[-1]
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM {schema.VERSION_TABLE}")
    environment = os.environ | {
        "HOST_DATABASE": url,
        "HOST_FOLDER": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    with engine.connect() as holder, engine.connect() as observer:
        holder.exec_driver_sql(f"LOCK TABLES {table.name} WRITE")
        process = subprocess.Popen(UPGRADE, env=environment, stderr=subprocess.DEVNULL)
        wait_until(lambda: number_waiting(observer) == 1)
        process.kill()
        process.wait()
        holder.exec_driver_sql("UNLOCK TABLES")

    schema.upgrade(engine)

    assert schema.current(engine) == schema.head()
    assert schema.differences(engine) == []
    assert read(engine, rows) == rows
    engine.dispose()


def test_a_busy_file_is_said_to_be_busy(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade_lock, "TURN_SECONDS", 1)
    engine = sa.create_engine(sqlite_url)
    with engine.connect() as writer:
        writer.exec_driver_sql("CREATE TABLE ward (id INTEGER)")
        writer.exec_driver_sql("INSERT INTO ward VALUES (1)")
        with pytest.raises(DatabaseBusy, match="run again: flask peersupport upgrade"):
            schema.upgrade(engine)
        writer.commit()
    schema.upgrade(engine)
    assert schema.differences(engine) == []
    engine.dispose()


def test_settings_of_the_hosts_connections_come_back(engine: sa.Engine) -> None:
    settings = {
        "sqlite": ["PRAGMA foreign_keys", "PRAGMA busy_timeout"],
        "postgresql": ["SHOW lock_timeout", "SHOW transaction_isolation"],
        "mysql": [
            "SELECT @@SESSION.lock_wait_timeout",
            "SELECT @@SESSION.innodb_lock_wait_timeout",
            "SELECT IS_FREE_LOCK(CONCAT('peersupport_', MD5(DATABASE())))",
        ],
    }[engine.dialect.name]

    def read_settings() -> list[object]:
        with engine.connect() as connection:
            return [connection.exec_driver_sql(one).scalar_one() for one in settings]

    before = read_settings()
    schema.upgrade(engine)
    assert read_settings() == before


def test_a_host_whose_sqlite_begins_by_itself_is_upgraded(sqlite_url: str) -> None:
    """As SQLAlchemy's documentation shows it: a transaction that does not hold the lock."""
    engine = sa.create_engine(sqlite_url)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    schema.upgrade(engine)
    assert schema.differences(engine) == []
    engine.dispose()
