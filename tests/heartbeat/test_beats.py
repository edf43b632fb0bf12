"""Beats tell which workers live and what keyring they have, and never disturb the work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_peersupport.clock import utc_now
from flask_peersupport.db import database_now
from flask_peersupport.heartbeat.beats import (
    KEPT_FOR,
    SILENT_AFTER,
    Pulse,
    Worker,
    forget_silent,
    keyring_mark,
    living_workers,
    machine_name,
    record_beat,
)
from flask_peersupport.heartbeat.models import Heartbeat, WorkerKind
from flask_peersupport.ports import MonthKey
from flask_peersupport.vault.keyring import FileKeys
from flask_peersupport.vault.seal import mark
from tests.intake.conftest import runtime

MakeApp = Callable[..., Flask]


def beats(app: Flask) -> list[Heartbeat]:
    with app.app_context(), runtime(app).storage.work() as session:
        return list(session.scalars(sa.select(Heartbeat).order_by(Heartbeat.started_at)))


def pulse_of(app: Flask, pulse: Pulse, seconds: float = 0) -> bool:
    return pulse.beat_if_due(app, runtime(app), seconds=seconds)


def test_the_first_beat_says_all_there_is_to_say(make_app: MakeApp, database_url: str) -> None:
    app = make_app(database_url)
    assert pulse_of(app, Pulse(WorkerKind.EMBEDDED)) is True
    (row,) = beats(app)
    key = runtime(app).keys.current(utc_now())
    assert (row.machine, row.kind) == (machine_name(), WorkerKind.EMBEDDED)
    assert (row.month, row.keyring_mark) == (key.month, keyring_mark(key))
    assert row.started_at == row.beat_at
    with app.app_context(), runtime(app).storage.work() as session:
        assert abs(database_now(session) - row.beat_at) < timedelta(minutes=1)
        assert [one.id for one in living_workers(session, now=database_now(session))] == [row.id]


def test_it_beats_once_a_minute(make_app: MakeApp) -> None:
    app = make_app()
    pulse = Pulse(WorkerKind.SEPARATE)
    done = [second for second in range(150) if pulse_of(app, pulse, seconds=1000 + second)]
    assert done == [0, 60, 120]
    (row,) = beats(app)
    assert row.beat_at >= row.started_at


def test_a_later_beat_writes_into_the_same_row(make_app: MakeApp, database_url: str) -> None:
    app = make_app(database_url)
    worker = Worker(WorkerKind.SEPARATE)
    with app.app_context(), runtime(app).storage.work() as session:
        now = database_now(session)
        record_beat(session, worker, key=None, now=now)
        record_beat(session, worker, key=None, now=now + timedelta(minutes=1))
        session.commit()
    (row,) = beats(app)
    assert row.beat_at - row.started_at == timedelta(minutes=1)
    assert (row.month, row.keyring_mark) == (None, None)


def test_a_mark_without_month_is_refused(make_app: MakeApp, database_url: str) -> None:
    app = make_app(database_url)
    with app.app_context(), runtime(app).storage.work() as session:
        record_beat(session, Worker(WorkerKind.SEPARATE), key=None, now=database_now(session))
        with pytest.raises((sa.exc.IntegrityError, sa.exc.OperationalError)):
            session.execute(sa.update(Heartbeat).values(keyring_mark="0" * 16))


def test_who_was_silent_for_a_day_is_forgotten(make_app: MakeApp, database_url: str) -> None:
    app = make_app(database_url)
    with app.app_context(), runtime(app).storage.work() as session:
        now = database_now(session)
        for age in (timedelta(0), SILENT_AFTER * 2, KEPT_FOR * 1.1):
            record_beat(session, Worker(WorkerKind.SEPARATE), key=None, now=now - age)
        assert len(living_workers(session, now=now)) == 1
        assert forget_silent(session, now=now) == 1
        assert forget_silent(session, now=now) == 0
        session.rollback()
        record_beat(session, Worker(WorkerKind.SEPARATE), key=None, now=now - KEPT_FOR * 1.1)
        session.commit()
    assert pulse_of(app, Pulse(WorkerKind.SEPARATE)) is True
    assert len(beats(app)) == 1


def test_each_worker_has_a_row_of_its_own(make_app: MakeApp) -> None:
    app = make_app()
    pulse_of(app, Pulse(WorkerKind.EMBEDDED))
    pulse_of(app, Pulse(WorkerKind.EMBEDDED))
    assert len({row.id for row in beats(app)}) == 2


def test_without_keyring_it_beats_all_the_same(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app()
    Path(app.config["PEERSUPPORT_KEYRING"]).unlink()
    assert pulse_of(app, Pulse(WorkerKind.SEPARATE)) is True
    (row,) = beats(app)
    assert row.keyring_mark is None
    assert "KeyringError" in caplog.text


def test_without_tables_it_says_so_and_goes_on(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(with_tables=False)
    assert pulse_of(app, Pulse(WorkerKind.SEPARATE)) is False
    assert "no heartbeat: OperationalError" in caplog.text


def test_a_teardown_of_the_host_that_fails_harms_nothing(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app()
    is_broken = True

    @app.teardown_appcontext
    def fail(error: BaseException | None) -> None:
        if is_broken:
            raise RuntimeError("Anna Vos")

    assert pulse_of(app, Pulse(WorkerKind.SEPARATE)) is False
    is_broken = False
    assert "no heartbeat: RuntimeError" in caplog.text
    assert "Anna" not in caplog.text


def test_marks_tell_keys_apart_and_nothing_else() -> None:
    one, other = MonthKey("2026-11", b"1" * 32), MonthKey("2026-11", b"2" * 32)
    assert keyring_mark(one) == keyring_mark(MonthKey("2026-11", b"1" * 32))
    assert keyring_mark(one) != keyring_mark(other)
    assert keyring_mark(one) != keyring_mark(MonthKey("2026-12", b"1" * 32))
    assert len(keyring_mark(one)) == 16
    # not a mark of a person under the same key, so that none can be tried against it
    assert not mark(one, "name", "2026-11").startswith(keyring_mark(one))
    assert one.secret.hex()[:16] != keyring_mark(one)


def test_due_work_by_hand_is_no_worker(make_app: MakeApp) -> None:
    app = make_app()
    result = app.test_cli_runner().invoke(args=["peersupport", "run-due"])
    assert result.exit_code == 0
    assert beats(app) == []


def test_the_file_of_another_machine_has_the_same_mark(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app()
    copy = tmp_path / "copy.json"
    copy.write_bytes(Path(app.config["PEERSUPPORT_KEYRING"]).read_bytes())
    now = utc_now()
    assert keyring_mark(FileKeys(copy).current(now)) == keyring_mark(runtime(app).keys.current(now))


def test_living_workers_come_by_machine(make_app: MakeApp) -> None:
    app = make_app()
    with app.app_context(), runtime(app).storage.work() as session:
        now = database_now(session)
        for machine in ("web2", "web1"):
            worker = Worker(WorkerKind.EMBEDDED, machine=machine)
            record_beat(session, worker, key=None, now=now)
        found = [row.machine for row in living_workers(session, now=now)]
    assert found == ["web1", "web2"]
