"""Workers that are killed: no mail is lost, and each kill repeats at most one."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.outbox.delivery import deliver_due
from flask_peersupport.outbox.models import Message, MessageState
from flask_peersupport.runtime import current_runtime
from tests.outbox.conftest import NOW, write
from tests.outbox.postbox import Postbox

KILLED = -9
QUANTITY = 4


def run_worker(keyring: Path, box: Postbox, point: str) -> int:
    """Run a worker that ends at `point`; return its exit code."""
    url = current_runtime().storage.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.outbox.worker", url, str(keyring), str(box.port), point]
    return subprocess.run(command, timeout=60, check=False).returncode


def let_leases_run_out(session: orm.Session) -> None:
    """Let the time pass that a dead worker's claim still holds."""
    long_ago = NOW.replace(year=2020)
    values = {"leased_until": sa.case((Message.lease.is_not(None), long_ago), else_=None)}
    session.execute(sa.update(Message).values(values))
    session.commit()


def arrived(box: Postbox, message: Message) -> int:
    """Return how often a message arrived."""
    return Counter(box.message_ids)[f"<{message.id}@reports.hospital.example>"]


@pytest.mark.parametrize(
    ("point", "repeats"),
    [
        ("claimed", 0),
        ("sending", 0),
        ("sent", 1),
        ("third_sent", 1),
        ("marking", 1),
        ("marked", 0),
    ],
)
def test_a_killed_worker_loses_nothing_and_repeats_at_most_one(
    app: Flask, session: orm.Session, box: Postbox, keyring: Path, point: str, repeats: int
) -> None:
    messages = [write(session) for _ in range(QUANTITY)]
    assert run_worker(keyring, box, point) == KILLED
    # its claim holds: nobody else sends what it may be sending
    assert deliver_due(current_runtime().storage, NOW) == 0
    let_leases_run_out(session)
    deliver_due(current_runtime().storage, NOW)
    counts = [arrived(box, message) for message in messages]
    assert min(counts) == 1
    assert sum(counts) == QUANTITY + repeats
    states = session.scalars(sa.select(Message.state)).all()
    assert states == [MessageState.SENT] * QUANTITY


def test_three_kills_repeat_at_most_three(
    app: Flask, session: orm.Session, box: Postbox, keyring: Path
) -> None:
    messages = [write(session) for _ in range(QUANTITY)]
    for _ in range(3):
        assert run_worker(keyring, box, "sent") == KILLED
        let_leases_run_out(session)
    deliver_due(current_runtime().storage, NOW)
    counts = [arrived(box, message) for message in messages]
    assert min(counts) == 1
    assert sum(counts) <= QUANTITY + 3


def test_the_kill_shows_a_worker_that_marks_before_it_sends(
    app: Flask, session: orm.Session, box: Postbox, keyring: Path
) -> None:
    """The mutant: this is what the tests above would see if we marked first."""
    messages = [write(session) for _ in range(QUANTITY)]
    assert run_worker(keyring, box, "marked_first") == KILLED
    let_leases_run_out(session)
    deliver_due(current_runtime().storage, NOW)
    assert min(arrived(box, message) for message in messages) == 0
