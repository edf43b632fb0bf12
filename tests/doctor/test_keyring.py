"""The keyring of this machine and those of others, with real files."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask

from flask_peersupport.clock import utc_now
from flask_peersupport.db import database_now
from flask_peersupport.doctor import Finding, Level
from flask_peersupport.heartbeat.beats import SILENT_AFTER, Worker, machine_name, record_beat
from flask_peersupport.heartbeat.models import WorkerKind
from flask_peersupport.runtime import current_runtime
from flask_peersupport.vault.keyring import FileKeys, write_keyring
from tests.doctor.conftest import MakeApp, not_well, sentences


def beat_elsewhere(app: Flask, machine: str, keyring: Path | None) -> None:
    """Let a worker of another machine, with a keyring of its own, give a sign of life."""
    key = None if keyring is None else FileKeys(keyring).current(utc_now())
    with app.app_context(), current_runtime().storage.work() as session:
        worker = Worker(WorkerKind.SEPARATE, machine=machine)
        record_beat(session, worker, key=key, now=database_now(session))
        session.commit()


def own_keyring(app: Flask) -> Path:
    return Path(app.config["PEERSUPPORT_KEYRING"])


@pytest.fixture
def other_keyring(tmp_path: Path) -> Path:
    """A keyring of the same months, made apart."""
    path = tmp_path / "other.json"
    write_keyring(path, utc_now())
    return path


def test_a_missing_keyring_is_a_fault(well: MakeApp) -> None:
    app = well()
    keyring = own_keyring(app)
    keyring.unlink()
    assert not_well(app) == [
        Finding(
            Level.FAULT,
            f"There is no keyring at {keyring}.",
            "Run: flask peersupport keys init",
        )
    ]


def test_a_keyring_that_others_can_read_is_a_fault(well: MakeApp) -> None:
    app = well()
    keyring = own_keyring(app)
    keyring.chmod(0o640)
    assert not_well(app) == [
        Finding(
            Level.FAULT,
            f"The keyring at {keyring} is open to other accounts of the machine.",
            f"Run: chmod 600 {keyring}",
        )
    ]


def test_a_keyring_without_the_present_month_is_a_fault(well: MakeApp) -> None:
    app = well()
    keyring, now = own_keyring(app), utc_now()
    keyring.unlink()
    write_keyring(keyring, datetime(now.year - 11, 1, 1, tzinfo=now.tzinfo))
    assert not_well(app) == [
        Finding(
            Level.FAULT,
            f"The keyring at {keyring} has no key for {now:%Y-%m}.",
            "Restore the keyring from its backup.",
        )
    ]


def test_a_broken_keyring_is_a_fault(well: MakeApp) -> None:
    app = well()
    keyring = own_keyring(app)
    keyring.write_text("{}")
    os.utime(keyring, (1, 1))
    assert [finding.level for finding in not_well(app)] == [Level.FAULT]


def test_the_same_keyring_on_two_machines_is_well(well: MakeApp) -> None:
    app = well()
    beat_elsewhere(app, "web2", own_keyring(app))
    assert not_well(app) == []
    machines = ", ".join(sorted([machine_name(), "web2"]))
    assert f"The keyring is the same on: {machines}." in sentences(app)


def test_another_keyring_elsewhere_is_a_fault(
    well: MakeApp, database_url: str, other_keyring: Path
) -> None:
    app = well(database_url)
    beat_elsewhere(app, "web2", other_keyring)
    beat_elsewhere(app, "web3", own_keyring(app))
    (finding,) = not_well(app)
    assert finding.level is Level.FAULT
    assert finding.sentence == (
        "The keyring differs between machines: workers on web2 have another than this command,"
        f" on {machine_name()}."
    )
    assert finding.remedy.startswith("Keep a copy of each, ")


def test_machines_that_differ_are_found_without_a_keyring_of_our_own(
    well: MakeApp, other_keyring: Path
) -> None:
    app = well()
    beat_elsewhere(app, "web2", other_keyring)
    own_keyring(app).unlink()
    machines = ", ".join(sorted([machine_name(), "web2"]))
    assert [finding.sentence for finding in not_well(app)] == [
        f"There is no keyring at {own_keyring(app)}.",
        f"The keyring differs between machines: {machines}.",
    ]


def test_a_worker_that_was_silent_is_not_compared(well: MakeApp, other_keyring: Path) -> None:
    """Its machine may have the right keyring since."""
    app = well()
    with app.app_context(), current_runtime().storage.work() as session:
        key = FileKeys(other_keyring).current(utc_now())
        record_beat(
            session,
            Worker(WorkerKind.SEPARATE, machine="web2"),
            key=key,
            now=database_now(session) - SILENT_AFTER * 1.1,
        )
        session.commit()
    assert not_well(app) == []


def test_a_worker_without_keyring_is_a_fault(well: MakeApp) -> None:
    app = well()
    beat_elsewhere(app, "web2", None)
    assert not_well(app) == [
        Finding(
            Level.FAULT,
            "A worker can read no keyring, on: web2.",
            "Copy the keyring file to that machine, readable for the account of the worker.",
        )
    ]
