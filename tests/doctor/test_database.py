"""The tables, the journal, the clock and the host's migrations, each really broken."""

from __future__ import annotations

import shlex
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from flask_migrate import Migrate

from flask_peersupport import schema
from flask_peersupport.clock import stopped_at, utc_now
from flask_peersupport.doctor import Finding, Level
from tests import minimal_host
from tests.doctor.conftest import MakeApp, execute, not_well, sentences


def test_an_unknown_revision_is_a_fault(well: MakeApp) -> None:
    app = well()
    execute(app, f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
    assert not_well(app) == [
        Finding(
            Level.FAULT,
            "The tables are at revision 9999, which this version does not know.",
            "Install the version that made them, or a newer one.",
        )
    ]


def test_tables_that_are_behind_are_a_fault(well: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    app = well()
    newest = schema.head()
    monkeypatch.setattr(schema, "revisions", lambda: [newest, "later"])
    assert not_well(app) == [
        Finding(
            Level.FAULT,
            f"The tables are behind: at revision {newest}, not later.",
            "Run: flask peersupport upgrade",
        )
    ]


def test_tables_changed_by_hand_are_a_fault(well: MakeApp) -> None:
    app = well()
    execute(app, "DROP INDEX ix_peersupport_message_due")
    (finding,) = not_well(app)
    assert finding.level is Level.FAULT
    assert finding.sentence == "The tables differ from what this version expects, in 1 places."


def test_an_absent_database_is_a_fault(make_app: MakeApp, tmp_path: Path) -> None:
    nowhere = f"sqlite:///{tmp_path}/no/such/folder/test.sqlite"
    app = make_app(nowhere, with_tables=False)
    first = not_well(app)[0]
    assert first == Finding(
        Level.FAULT,
        "The database cannot be reached (OperationalError).",
        "Check its address.",
    )


def test_sqlite_without_wal_is_named_and_the_remedy_helps(well: MakeApp) -> None:
    app = well()
    execute(app, "PRAGMA journal_mode = DELETE")
    (finding,) = not_well(app)
    assert finding.level is Level.WARNING
    assert finding.sentence.startswith("The SQLite file does not write ahead (WAL): ")

    command = shlex.split(finding.remedy.partition(": ")[2])
    assert command[0] == "python"
    subprocess.run([sys.executable, *command[1:]], check=True, timeout=60)

    assert not_well(app) == []


def test_sqlite_in_memory_has_no_journal_to_speak_of(well: MakeApp) -> None:
    assert not_well(well("sqlite://")) == []


@pytest.mark.parametrize(
    ("seconds", "level", "word"),
    [
        (10, Level.WARNING, "ahead of"),
        (-10, Level.WARNING, "behind"),
        (300, Level.FAULT, "ahead of"),
        (-300, Level.FAULT, "behind"),
    ],
)
def test_a_clock_that_is_off_is_named(
    well: MakeApp, database_url: str, seconds: int, level: Level, word: str
) -> None:
    app = well(database_url)
    with stopped_at(utc_now() + timedelta(seconds=seconds)):
        findings = [finding for finding in not_well(app) if "clock" in finding.sentence]
    (finding,) = findings
    assert finding.level is level
    assert f"seconds {word} the database's" in finding.sentence
    assert finding.remedy == "Let both machines take their time from the same NTP server."


def test_a_clock_that_is_hardly_off_is_well(well: MakeApp) -> None:
    app = well()
    assert "This machine's clock agrees with the database's." in sentences(app)


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        (None, []),
        ("op.drop_table('ward')", []),
        ("op.drop_table('peersupport_of_the_host')", []),
        ("op.drop_table('peersupport_person')", [Level.FAULT]),
        ('with op.batch_alter_table("peersupport_reach_out", schema=None):', [Level.FAULT]),
    ],
)
def test_revisions_of_the_host_that_change_the_tables_are_a_fault(
    well: MakeApp, tmp_path: Path, text: str | None, levels: list[Level]
) -> None:
    app = well()
    Migrate(app, minimal_host.db, directory=str(tmp_path / "migrations"))
    if text is not None:
        revision = tmp_path / "migrations" / "versions" / "1234_tidy_up.py"
        revision.parent.mkdir(parents=True)
        revision.write_text(text)
    found = not_well(app)
    assert [finding.level for finding in found] == levels
    assert all("1234_tidy_up.py" in finding.sentence for finding in found)
