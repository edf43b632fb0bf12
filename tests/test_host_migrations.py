"""The host's migrations and ours, side by side: neither proposes, changes or stamps the other's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flask_peersupport import schema
from tests.example_rows import fill, read
from tests.migrating_host import FORMS

ROOT = Path(__file__).parent.parent
OURS = schema.PREFIX
OF_HOST = {"alembic_version", "ward", "peersupport_of_the_host"}

#: What `flask db` does for one command, several times in one process: starting takes longest.
COMMANDS = """
import sys
from tests.migrating_host import create_app

app = create_app()
for line in sys.stdin.read().splitlines():
    done = app.test_cli_runner().invoke(args=line.split())
    assert done.exit_code == 0, (line, done.output, done.exception)
"""

#: An env.py as some hosts have it, which ends in a call of `context.configure`.
ENVIRONMENT = """
from alembic import context
from flask import current_app

def no_legacy(item, name, kind, reflected, compare_to):
    return name != "legacy"

migrate = current_app.extensions["migrate"]
with migrate.db.engine.connect() as connection:
    context.configure(connection=connection, target_metadata=migrate.db.metadata, {})
    with context.begin_transaction():
        context.run_migrations()
"""

#: The env.py of a host without Flask-Migrate.
PLAIN_ENVIRONMENT = """
import sqlalchemy as sa
from alembic import context
{}
metadata = sa.MetaData()
sa.Table("ward", metadata, sa.Column("id", sa.Integer, primary_key=True))
engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, {})
    with context.begin_transaction():
        context.run_migrations()
"""


class Host:
    """A host in a folder of its own; every command is a process."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.engine = sa.create_engine(url)
        self.environment = os.environ | {
            "HOST_FOLDER": str(folder),
            "HOST_DATABASE": url,
            "PYTHONPATH": str(ROOT),
        }

    def flask(self, line: str, code: int = 0, **environment: str) -> str:
        """Run `flask …`, and return what it prints."""
        command = ["-m", "flask", "--app", "tests.migrating_host", *line.split()]
        return self.run(command, code, environment)

    def commands(self, *lines: str, **environment: str) -> None:
        """Run several commands of `flask` in one process."""
        self.run(["-c", COMMANDS], 0, environment, "\n".join(lines))

    def run(
        self, arguments: list[str], code: int, environment: dict[str, str], typed: str = ""
    ) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self.environment | environment,
            cwd=self.folder,
            input=typed,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def revisions(self) -> list[Path]:
        """Return the host's revisions, the oldest first."""
        found = (self.folder / "migrations" / "versions").glob("*.py")
        return sorted(found, key=lambda path: path.stat().st_mtime_ns)

    def tables(self) -> set[str]:
        return set(sa.inspect(self.engine).get_table_names())

    def run_sql(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def rows_of(self, *names: str) -> dict[str, Any]:
        with self.engine.connect() as connection:
            return {
                name: connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in names
            }


@pytest.fixture
def make_host(tmp_path: Path) -> Iterator[Callable[[str], Host]]:
    """Return a function that makes a host, given the address of its database."""
    made: list[Host] = []

    def make(url: str) -> Host:
        made.append(Host(tmp_path, url))
        return made[-1]

    yield make
    for host in made:
        host.engine.dispose()


def test_the_two_histories_never_touch(make_host: Callable[[str], Host], database_url: str) -> None:
    """Run the commands that a host runs, one by one, with our tables filled."""
    host = make_host(database_url)
    host.commands("db init", "db migrate -m one", "db upgrade")
    host.run_sql("INSERT INTO ward (id, name) VALUES (1, 'B2')")
    of_host = host.rows_of(*OF_HOST)
    assert host.tables() == OF_HOST

    host.flask("peersupport upgrade")
    assert host.rows_of(*OF_HOST) == of_host
    rows = fill(host.engine)
    our_version = host.rows_of(schema.VERSION_TABLE)

    assert "No changes in schema detected" in host.flask("db migrate -m nothing")
    host.flask("db check")
    assert len(host.revisions()) == 1

    host.commands("db migrate -m two", "db upgrade", HOST_GROWS="1")
    written = host.revisions()[-1].read_text("utf-8")
    assert "floor" in written
    assert OURS not in written
    assert "floor" in {column["name"] for column in sa.inspect(host.engine).get_columns("ward")}
    host.flask("db downgrade base")
    assert host.tables() & OF_HOST == {"alembic_version"}
    assert read(host.engine, rows) == rows
    assert host.rows_of(schema.VERSION_TABLE) == our_version
    assert schema.differences(host.engine) == []

    of_host = host.rows_of("alembic_version")
    schema.downgrade(host.engine, "base")
    assert host.rows_of("alembic_version") == of_host
    assert host.tables() == {"alembic_version", schema.VERSION_TABLE}


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_proposed_however_flask_migrate_comes_to_the_host(
    make_host: Callable[[str], Host], sqlite_url: str, form: str
) -> None:
    host = make_host(sqlite_url)
    own_choice = form.startswith("include")
    if own_choice:
        host.run_sql("CREATE TABLE legacy (id INTEGER)")

    host.commands(
        "db init",
        "db migrate -m one",
        "db upgrade",
        "peersupport upgrade",
        "db migrate -m two",
        HOST_FORM=form,
    )

    (written,) = host.revisions()
    assert "'ward'" in written.read_text("utf-8")
    assert "legacy" not in written.read_text("utf-8")
    assert schema.differences(host.engine) == []


def test_what_the_host_drops_itself_is_proposed(
    make_host: Callable[[str], Host], sqlite_url: str
) -> None:
    host = make_host(sqlite_url)
    host.commands("db init", "db migrate -m one", "db upgrade")
    schema.upgrade(host.engine)
    host.run_sql("CREATE TABLE former (id INTEGER)", "DROP TABLE peersupport_of_the_host")

    host.flask("db migrate -m two")

    upgrading = host.revisions()[-1].read_text("utf-8").partition("def downgrade")[0]
    proposed = [line.strip() for line in upgrading.splitlines() if "op." in line]
    assert proposed == [
        "op.create_table('peersupport_of_the_host',",
        "op.drop_table('former')",
    ]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param("include_object=no_legacy, **migrate.configure_args", id="beside the options"),
        pytest.param("include_object=no_legacy", id="instead of the options"),
    ],
)
def test_nothing_is_proposed_with_an_env_py_of_the_host(
    make_host: Callable[[str], Host], sqlite_url: str, options: str
) -> None:
    host = make_host(sqlite_url)
    host.commands("db init", "db migrate -m one", "db upgrade")
    (host.folder / "migrations" / "env.py").write_text(ENVIRONMENT.format(options), "utf-8")
    schema.upgrade(host.engine)
    host.run_sql("CREATE TABLE legacy (id INTEGER)")

    host.commands("db check", "db upgrade")


def test_nothing_is_proposed_in_any_of_several_databases(
    make_host: Callable[[str], Host], sqlite_url: str, tmp_path: Path
) -> None:
    """Our tables lie in the database of a bind; the host's own of that bind stay with it."""
    host = make_host(sqlite_url)
    people = f"sqlite:///{tmp_path / 'people.sqlite'}"
    several = {"HOST_BIND": people, "PEERSUPPORT_DATABASE_URI": people}
    host.commands("db init --multidb", "db migrate -m one", "db upgrade", **several)
    of_host = host.tables()

    host.flask("peersupport upgrade", **several)
    host.commands("db migrate -m two", "db upgrade", **several)

    assert len(host.revisions()) == 1
    assert host.tables() == of_host == OF_HOST
    engine = sa.create_engine(people)
    found = set(sa.inspect(engine).get_table_names())
    assert schema.differences(engine) == []
    engine.dispose()
    assert found == {
        "alembic_version",
        "person",
        schema.VERSION_TABLE,
        *schema.metadata().tables,
    }


@pytest.mark.parametrize(
    ("imports", "options", "code"),
    [
        ("from flask_peersupport.schema import is_of_host", "include_name=is_of_host", 0),
        ("from tests.migrating_host import create_app; create_app()", "", 0),
        ("", "", 255),
    ],
    ids=["include_name", "the app", "neither"],
)
def test_hosts_that_call_alembic_themselves_keep_our_tables_out(
    make_host: Callable[[str], Host], sqlite_url: str, imports: str, options: str, code: int
) -> None:
    host = make_host(sqlite_url)
    folder = host.folder / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(PLAIN_ENVIRONMENT.format(imports, options), "utf-8")
    (host.folder / "alembic.ini").write_text(
        f"[alembic]\nscript_location = {folder}\nsqlalchemy.url = {sqlite_url}\n"
        "path_separator = os\n",
        "utf-8",
    )
    host.run_sql("CREATE TABLE ward (id INTEGER NOT NULL PRIMARY KEY)")
    schema.upgrade(host.engine)

    host.run(["-m", "alembic.config", "check"], code, {})
