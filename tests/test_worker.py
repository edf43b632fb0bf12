"""The embedded worker: a thread of server processes only."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_peersupport.clock import utc_now
from flask_peersupport.db import database_now
from flask_peersupport.heartbeat.beats import living_workers
from flask_peersupport.reachouts.models import ReachOut
from flask_peersupport.worker import EmbeddedWorker, work_once
from tests.intake.conftest import runtime
from tests.reachouts.conftest import anna, prepare

THREAD = "peersupport-worker"


@pytest.fixture
def workers() -> Callable[[], list[str]]:
    """The workers that began within the test: a host of an earlier one may still have its own."""
    before = set(threading.enumerate())
    return lambda: [
        thread.name for thread in set(threading.enumerate()) - before if thread.name == THREAD
    ]


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_it_starts_with_the_first_request_and_does_the_work(
    make_app: Callable[..., Flask], workers: Callable[[], list[str]]
) -> None:
    app = make_app(PEERSUPPORT_WORKER="embedded", TESTING=False)
    programme = prepare(app)
    programme.report(anna(), due_at=utc_now())
    assert workers() == []
    app.test_client().get("/sign-in")
    worker: EmbeddedWorker = app.extensions["peersupport_worker"]
    try:
        assert workers() == [THREAD]
        app.test_client().get("/sign-in")
        assert workers() == [THREAD]

        def is_queued() -> bool:
            with app.app_context(), runtime(app).storage.work() as session:
                return session.scalar(sa.select(ReachOut.id)) is not None

        assert wait_for(is_queued)
    finally:
        worker.stop()
    assert workers() == []


def living_kinds(app: Flask) -> list[str]:
    with app.app_context(), runtime(app).storage.work() as session:
        return [row.kind for row in living_workers(session, now=database_now(session))]


def test_it_beats_while_it_works(make_app: Callable[..., Flask]) -> None:
    app = make_app(PEERSUPPORT_WORKER="separate")
    worker = EmbeddedWorker(app, runtime(app))
    worker.ensure_started()
    try:
        assert wait_for(lambda: living_kinds(app) == ["embedded"])
    finally:
        worker.stop()


def test_a_worker_that_cannot_beat_works_all_the_same(make_app: Callable[..., Flask]) -> None:
    app = make_app(PEERSUPPORT_WORKER="separate")
    prepare(app).report(anna(), due_at=utc_now())
    with app.app_context(), runtime(app).storage.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE peersupport_heartbeat")
    worker = EmbeddedWorker(app, runtime(app))
    worker.ensure_started()

    def is_queued() -> bool:
        with app.app_context(), runtime(app).storage.work() as session:
            return session.scalar(sa.select(ReachOut.id)) is not None

    try:
        assert wait_for(is_queued)
    finally:
        worker.stop()


def test_the_worker_of_the_command_line_beats_and_stops(
    make_app: Callable[..., Flask], sqlite_url: str, tmp_path: Path
) -> None:
    app = make_app()
    host = tmp_path / "host.py"
    host.write_text(
        f"""
from tests import minimal_host

app = minimal_host.create_host({sqlite_url!r}, {{
    "PEERSUPPORT_KEYRING": {app.config["PEERSUPPORT_KEYRING"]!r},
    "PEERSUPPORT_WORKER": "separate",
}})
minimal_host.add_peersupport(app)
"""
    )
    root = str(Path(__file__).parent.parent)
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", str(host), "peersupport", "worker"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": root},
        stdout=subprocess.DEVNULL,
    )
    try:
        assert wait_for(lambda: living_kinds(app) == ["separate"])
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_it_starts_neither_in_tests_nor_where_it_is_separate(
    make_app: Callable[..., Flask], workers: Callable[[], list[str]]
) -> None:
    make_app(PEERSUPPORT_WORKER="embedded").test_client().get("/sign-in")
    make_app(PEERSUPPORT_WORKER="separate", TESTING=False).test_client().get("/sign-in")
    assert workers() == []


def test_it_starts_again_after_a_fork(tmp_path: Path) -> None:
    """A pre-forking server answers in its children: each has a worker of its own."""
    script = tmp_path / "fork.py"
    script.write_text(
        """
import os, sys, threading
from flask import Flask
from flask_peersupport import PeerSupport
app = Flask("host", instance_path=sys.argv[1])
app.config.update(SECRET_KEY="x")
PeerSupport().init_app(app)
def count():
    app.test_client().get("/")
    return sum(t.name == "peersupport-worker" for t in threading.enumerate())
assert count() == 1
child = os.fork()
if child == 0:
    os._exit(0 if count() == 1 else 1)
_, status = os.waitpid(child, 0)
os._exit(os.waitstatus_to_exitcode(status))
"""
    )
    environment = os.environ | {"PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "instance")],
        env=environment,
        timeout=60,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]


def test_a_teardown_of_the_host_that_fails_does_not_end_the_work(
    make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(PEERSUPPORT_WORKER="separate")

    is_broken = True

    @app.teardown_appcontext
    def fail(error: BaseException | None) -> None:
        if is_broken:
            raise RuntimeError("Anna Vos")

    assert work_once(app, runtime(app)) == {}
    is_broken = False
    assert "RuntimeError" in caplog.text
    assert "Anna" not in caplog.text


def test_a_thread_that_has_ended_is_started_again(
    make_app: Callable[..., Flask],
    workers: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = make_app(PEERSUPPORT_WORKER="separate")
    worker = EmbeddedWorker(app, runtime(app))
    with monkeypatch.context() as patch:
        patch.setattr(EmbeddedWorker, "_run", lambda worker, stop: None)
        worker.ensure_started()
        assert wait_for(lambda: workers() == [])
    worker.ensure_started()
    try:
        assert workers() == [THREAD]
    finally:
        worker.stop()
