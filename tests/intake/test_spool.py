"""The spool: what could not be stored waits sealed, and comes in once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from flask_peersupport import Report
from flask_peersupport.clock import utc_now
from flask_peersupport.db import Base
from flask_peersupport.intake import spool
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.intake.recovery import store_spooled
from flask_peersupport.jobs import run_due
from flask_peersupport.reachouts.models import ReachOut, ReportRecord
from tests.intake.conftest import (
    STAFF,
    colleague,
    engine_of,
    intakes,
    person,
    reading,
    report,
    runtime,
    signed_in,
    titles,
    work,
)
from tests.minimal_host import Incident, db

STEP = {"peersupport-me": "1"} | colleague("Anna Vos", email="anna.vos@hospital.example")
BOTH = ["Anna Vos", "Rosa Reporter"]


def waiting(app: Flask) -> list[Path]:
    return spool.entries(runtime(app).spool)


def drop_intake(app: Flask) -> None:
    with engine_of(app).begin() as connection:
        connection.execute(sa.text("DROP TABLE peersupport_intake"))


def restore_intake(app: Flask) -> None:
    with engine_of(app).begin() as connection:
        Base.metadata.tables["peersupport_intake"].create(connection)


def describe_as(app: Flask, description: Callable[[Incident], Report | None]) -> None:
    descriptions = cast("dict[type[Any], Any]", runtime(app).descriptions)
    descriptions[Incident] = description


def broken(incident: Incident) -> Report | None:
    raise LookupError(incident.title)


def mended(incident: Incident) -> Report | None:
    return Report("incident", str(incident.id), department=incident.ward)


def names_offered(app: Flask) -> list[str]:
    with reading(app) as session:
        return sorted(one.person.name for one in session.scalars(sa.select(ReachOut)))


def report_while_broken(app: Flask) -> None:
    """Let a report be stored by the host whose step cannot be stored."""
    drop_intake(app)
    report(signed_in(app), STEP)
    restore_intake(app)


def test_what_could_not_be_stored_comes_in_later_with_all_that_was_typed(app: Flask) -> None:
    report_while_broken(app)
    assert titles(app) == ["A fall"]
    assert len(waiting(app)) == 1
    assert work(app)["unspool"] == 1
    assert waiting(app) == []
    assert names_offered(app) == BOTH


def test_what_the_host_rolled_back_is_not_kept(app: Flask) -> None:
    drop_intake(app)
    with app.test_request_context("/report", method="POST", data=STEP):
        db.session.add(Incident(title="A fall", ward="Ward 1"))
        db.session.flush()
        db.session.rollback()
    assert waiting(app) == []


def test_what_was_undone_with_a_savepoint_is_not_kept(app: Flask) -> None:
    drop_intake(app)
    with app.test_request_context("/report", method="POST", data=STEP):
        db.session.add(Incident(title="The first", ward="Ward 1"))
        db.session.flush()
        savepoint = db.session.begin_nested()
        db.session.add(Incident(title="A fall", ward="Ward 1"))
        db.session.flush()
        savepoint.rollback()
        db.session.commit()
    assert titles(app) == ["The first"]
    restore_intake(app)
    work(app)
    with reading(app) as session:
        refs = session.scalars(sa.select(ReportRecord.ref)).all()
    assert len(refs) == 1


def test_a_savepoint_that_is_released_is_no_commit(app: Flask) -> None:
    """Events of the session fire for it as well."""
    drop_intake(app)
    with app.test_request_context("/report", method="POST", data=STEP):
        db.session.execute(sa.text("UPDATE users SET phone = '1'"))
        with db.session.begin_nested():
            db.session.add(Incident(title="A fall", ward="Ward 1"))
        assert waiting(app) == []
        db.session.rollback()
    assert titles(app) == []
    assert waiting(app) == []


def test_outside_a_request_it_is_kept_as_well(app: Flask) -> None:
    drop_intake(app)
    with app.app_context():
        db.session.add(Incident(title="A fall", ward="Ward 1"))
        db.session.commit()
    assert len(waiting(app)) == 1


def test_an_entry_holds_no_name_and_is_its_owners_alone(app: Flask) -> None:
    report_while_broken(app)
    (path,) = waiting(app)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    for word in (b"Anna", b"Vos", b"hospital", b"Ward"):
        assert word not in path.read_bytes()
    assert not any("Anna" in part for part in path.parts)


def test_an_entry_comes_in_once_however_often_it_is_tried(app: Flask) -> None:
    """The worker was killed after its commit, before it removed the file."""
    report_while_broken(app)
    (path,) = waiting(app)
    content = path.read_bytes()
    with app.app_context(), runtime(app).storage.work() as session:
        for _ in range(2):
            store_spooled(session, runtime(app), path, now=utc_now())
            session.commit()
    assert len(intakes(app)) == 1
    work(app)
    path.write_bytes(content)
    work(app)
    assert waiting(app) == []
    assert names_offered(app) == BOTH


def test_while_it_cannot_be_stored_it_waits(app: Flask) -> None:
    drop_intake(app)
    report(signed_in(app), STEP)
    with app.app_context():
        counts = run_due(runtime(app), utc_now())
    assert counts["unspool_failed"] == 1
    restore_intake(app)
    assert "unspool" not in work(app)
    assert work(app, spool.RETRY_AFTER + timedelta(minutes=1))["unspool"] == 1
    assert names_offered(app) == BOTH


def test_it_came_in_when_it_was_put_there(app: Flask) -> None:
    """However late the worker comes to it: pages made for the report know it by that."""
    before = utc_now()
    report_while_broken(app)
    after = utc_now()
    spool.postpone(waiting(app)[0], utc_now())
    work(app, timedelta(hours=1))
    with reading(app) as session:
        assert before <= session.scalars(sa.select(ReportRecord.received_at)).one() <= after


@pytest.mark.parametrize("is_tried_before", [True, False])
def test_a_clock_that_is_set_back_leaves_no_entry_lying(app: Flask, is_tried_before: bool) -> None:
    drop_intake(app)
    with time_machine.travel(utc_now() + timedelta(days=1), tick=False):
        report(signed_in(app), STEP)
        if is_tried_before:
            with app.app_context():
                assert run_due(runtime(app), utc_now())["unspool_failed"] == 1
    restore_intake(app)
    assert work(app)["unspool"] == 1
    assert waiting(app) == []
    assert names_offered(app) == BOTH


def test_the_kinds_of_entries_are_kept_apart(small_app: Flask) -> None:
    report_while_broken(small_app)
    (entry,) = waiting(small_app)
    folder = runtime(small_app).spool
    removal = folder / f"{entry.stem}{spool.REMOVED}"
    removal.touch()
    later = utc_now() + timedelta(seconds=1)
    for suffix, path in ((spool.REPORT, entry), (spool.REMOVED, removal)):
        assert spool.entries(folder, suffix) == [path]
        assert list(spool.due_entries(folder, later, suffix)) == [path]


def test_the_oldest_entry_comes_first(small_app: Flask) -> None:
    drop_intake(small_app)
    for _ in range(5):
        report(signed_in(small_app), STEP)
    moments = [spool.came_in_at(path) for path in waiting(small_app)]
    assert moments == sorted(moments)
    assert len(set(moments)) == 5


def test_a_strange_file_holds_up_nothing(small_app: Flask) -> None:
    report_while_broken(small_app)
    strange = [runtime(small_app).spool / name for name in ("notes.sealed", "notes.removed")]
    for path in strange:
        path.touch()
    later = utc_now() + timedelta(seconds=1)
    with small_app.app_context():
        counts = run_due(runtime(small_app), later)
    assert (counts["unspool"], counts["unspool_failed"]) == (1, 2)
    assert all(path.exists() for path in strange)


def test_a_damaged_entry_stays_and_holds_up_nothing(app: Flask) -> None:
    report_while_broken(app)
    (path,) = waiting(app)
    damaged = path.with_name(path.name.replace(path.stem.split(".")[1], "0" * 32))
    damaged.write_bytes(b"no more")
    with app.app_context():
        counts = run_due(runtime(app), utc_now())
    assert (counts["unspool"], counts["unspool_failed"]) == (1, 1)
    assert waiting(app) == [damaged]


def test_what_could_not_be_described_is_described_when_that_is_mended(app: Flask) -> None:
    describe_as(app, broken)
    report(signed_in(app), STEP)
    assert intakes(app) == []
    describe_as(app, mended)
    assert work(app)["unspool"] == 1
    assert names_offered(app) == BOTH


def test_what_turns_out_to_be_anonymous_keeps_nothing_of_its_reporter(app: Flask) -> None:
    describe_as(app, broken)
    report(signed_in(app), STEP)
    describe_as(app, lambda incident: Report("incident", str(incident.id), anonymous=True))
    work(app)
    assert names_offered(app) == ["Anna Vos"]
    with reading(app) as session:
        assert session.scalars(sa.select(ReportRecord.reporter_id)).all() == [None]


@pytest.mark.parametrize("is_issued_again", [False, True], ids=["", "id issued again"])
def test_what_could_not_be_described_is_dropped_when_the_report_is_gone(
    app: Flask, is_issued_again: bool
) -> None:
    describe_as(app, broken)
    report(signed_in(app), STEP)
    describe_as(app, mended)
    with app.app_context():
        incident = db.session.scalars(sa.select(Incident)).one()
        key, made_at = incident.id, incident.created_at
        db.session.delete(incident)
        db.session.commit()
        if is_issued_again:
            later = made_at + timedelta(minutes=1)
            db.session.add(Incident(id=key, title="Another", ward="Ward 1", created_at=later))
            db.session.commit()
    work(app)
    assert waiting(app) == []
    assert names_offered(app) == []


def test_a_spool_that_cannot_be_written_costs_the_host_nothing(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    runtime(app).spool.parent.mkdir(parents=True, exist_ok=True)
    runtime(app).spool.write_text("a file in its place")
    drop_intake(app)
    client = signed_in(app)
    report(client, STEP)
    assert titles(app) == ["A fall"]
    assert "050 123 4567" in client.get("/report/1").text
    assert "is lost" in caplog.text
    assert "Anna" not in caplog.text


def test_who_was_signed_in_is_kept_with_what_was_typed(app: Flask) -> None:
    describe_as(app, lambda incident: Report("incident", str(incident.id)))
    report_while_broken(app)
    (path,) = waiting(app)
    with app.app_context():
        _id, payload = spool.open_entry(runtime(app), path)
    assert payload.visitor == person(STAFF.rosa)


def test_entries_are_found_where_the_setting_says(
    make_small_app: Callable[..., Flask], tmp_path: Path
) -> None:
    app = make_small_app(PEERSUPPORT_SPOOL=str(tmp_path / "kept"))
    drop_intake(app)
    report(signed_in(app), STEP)
    assert len(list((tmp_path / "kept").iterdir())) == 1
    restore_intake(app)
    work(app)
    with reading(app) as session:
        assert session.scalars(sa.select(IntakeRecord)).all() == []
