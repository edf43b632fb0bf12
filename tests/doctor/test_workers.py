"""Workers that stopped or never came, and work that waits for them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from flask_peersupport.clock import utc_now
from flask_peersupport.db import database_now
from flask_peersupport.doctor import Finding, Level, examine
from flask_peersupport.heartbeat.beats import machine_name
from flask_peersupport.heartbeat.models import Heartbeat, WorkerKind
from flask_peersupport.outbox.models import Message, MessageState
from flask_peersupport.runtime import current_runtime
from tests.doctor.conftest import MakeApp, beat, execute, not_well, sentences


def let_beats_grow_old(app: Flask, minutes: int) -> None:
    """Let as much time pass as if nobody had beaten since."""
    with app.app_context(), current_runtime().storage.work() as session:
        for row in session.query(Heartbeat):
            row.beat_at = database_now(session) - timedelta(minutes=minutes)
        session.commit()


def queue_mail(app: Flask, minutes_ago: int) -> None:
    """Leave a mail that was due some minutes ago."""
    with app.app_context(), current_runtime().storage.work() as session:
        due = utc_now() - timedelta(minutes=minutes_ago)
        session.add(
            Message(template="test", state=MessageState.WAITING, created_at=due, due_at=due)
        )
        session.commit()


def test_workers_are_counted(well: MakeApp) -> None:
    app = well()
    beat(app)
    assert f"Living workers: 2, on {machine_name()}." in sentences(app)


def test_a_separate_worker_that_stopped_is_named(well: MakeApp, database_url: str) -> None:
    app = well(database_url)
    let_beats_grow_old(app, minutes=4)
    assert not_well(app) == []
    let_beats_grow_old(app, minutes=6)
    assert not_well(app) == [
        Finding(
            Level.WARNING,
            "No worker was seen in the last 5 minutes.",
            "Keep flask peersupport worker running as a service, or have cron run"
            " flask peersupport run-due every minute: that is not seen here.",
        )
    ]


def test_an_idle_server_is_told_of_the_separate_worker(well: MakeApp) -> None:
    app = well(PEERSUPPORT_WORKER="embedded")
    execute(app, "DELETE FROM peersupport_heartbeat")
    (finding,) = not_well(app)
    assert finding.level is Level.WARNING
    assert finding.sentence.startswith("No embedded worker was seen in the last 5 minutes: ")
    assert 'set PEERSUPPORT_WORKER to "separate"' in finding.remedy
    beat(app, WorkerKind.EMBEDDED)
    assert not_well(app) == []


@pytest.mark.parametrize("kind", ["embedded", "separate"])
def test_work_that_waits_for_nobody_is_a_fault(well: MakeApp, database_url: str, kind: str) -> None:
    app = well(database_url, PEERSUPPORT_WORKER=kind)
    execute(app, "DELETE FROM peersupport_heartbeat")
    queue_mail(app, minutes_ago=1)
    assert [finding.level for finding in not_well(app)] == [Level.WARNING]
    queue_mail(app, minutes_ago=6)
    (finding,) = not_well(app)
    assert finding.level is Level.FAULT
    assert finding.sentence.endswith(" and work waits (1).")


def test_work_that_waits_beside_a_worker_is_named(well: MakeApp) -> None:
    app = well()
    queue_mail(app, minutes_ago=6)
    (finding,) = not_well(app)
    assert finding.level is Level.WARNING
    assert "(1), although a worker is there" in finding.sentence


def test_of_celery_nothing_is_said(well: MakeApp) -> None:
    app = well(PEERSUPPORT_WORKER="celery")
    execute(app, "DELETE FROM peersupport_heartbeat")
    assert not_well(app) == []
    assert [finding for finding in examine(app) if "orker" in finding.sentence] == []
