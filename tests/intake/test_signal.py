"""The signal: a report comes in wherever the host's transaction stands, once, and never alone."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy import orm

from flask_peersupport import PeerSupport, Person, Report, signals
from flask_peersupport.intake import spool
from flask_peersupport.intake.step import Row, Step
from flask_peersupport.jobs import run_due
from flask_peersupport.reachouts.models import InvolvedRecord, ReachOut, ReportRecord
from flask_peersupport.signals import report_created
from flask_peersupport.values import Involved
from tests import minimal_host
from tests.conftest import close_host, make_keyring, make_tables
from tests.intake.conftest import (
    STAFF,
    colleague,
    fill_host,
    fill_programme,
    intakes,
    person,
    reading,
    runtime,
    signed_in,
    titles,
    work,
)
from tests.minimal_host import Incident, db

STEP = Step(rows=(Row(0, "Anna Vos", email="anna.vos@hospital.example", wish="yes"),))


@pytest.fixture
def app(database_url: str, host_config: dict[str, Any]) -> Iterator[Flask]:
    """A host that describes its incidents, but watches nothing."""
    app = minimal_host.create_host(database_url, host_config)
    make_keyring(Path(app.config["PEERSUPPORT_KEYRING"]))
    peersupport = PeerSupport()
    peersupport.init_app(app, db)
    peersupport.describe(Incident)(describe)
    make_tables(app)
    with app.app_context():
        fill_host(app)
        fill_programme(app)
    yield app
    close_host(app)


def describe(incident: Incident) -> Report | None:
    """Describe an incident; one without a ward is a draft."""
    if incident.ward is None:
        return None
    return Report("incident", str(incident.id), department=incident.ward)


def incident(title: str = "A fall") -> Incident:
    return Incident(title=title, ward="Ward 1", author_id=STAFF.rosa)


def send(app: Flask, report: object, step: Step | None = STEP) -> None:
    report_created.send(app, report=report, step=step)


def names_offered(app: Flask) -> list[str]:
    """Return the names of those for whom there is a reach-out, after the worker's turn."""
    work(app)
    with reading(app) as session:
        found = session.scalars(sa.select(ReachOut)).all()
        return sorted(one.person.name for one in found)


def before_the_flush(app: Flask) -> None:
    report = incident()
    send(app, report)
    db.session.add(report)
    db.session.commit()


def while_pending(app: Flask) -> None:
    report = incident()
    db.session.add(report)
    send(app, report)
    db.session.commit()


def after_the_flush(app: Flask) -> None:
    report = incident()
    db.session.add(report)
    db.session.flush()
    send(app, report)
    db.session.commit()


def in_a_savepoint(app: Flask) -> None:
    with db.session.begin_nested():
        report = incident()
        db.session.add(report)
        db.session.flush()
        send(app, report)
    db.session.commit()


def in_a_savepoint_after_a_write(app: Flask) -> None:
    """Without the write before it, SQLite commits what is released."""
    db.session.execute(sa.text("UPDATE users SET phone = '1'"))
    in_a_savepoint(app)


def after_the_commit(app: Flask) -> None:
    report = incident()
    db.session.add(report)
    db.session.commit()
    send(app, report)


def after_the_commit_and_a_read(app: Flask) -> None:
    report = incident()
    db.session.add(report)
    db.session.commit()
    assert report.title
    send(app, report)


def after_the_commit_beside_a_write_that_is_rolled_back(app: Flask) -> None:
    report = incident()
    db.session.add(report)
    db.session.commit()
    db.session.execute(sa.text("UPDATE users SET phone = '1'"))
    send(app, report)
    db.session.rollback()


def loaded_beside_a_write_that_is_rolled_back(app: Flask) -> None:
    with orm.Session(db.engine) as session:
        report = incident()
        session.add(report)
        session.commit()
        key = report.id
    found = db.session.get(Incident, key)
    db.session.execute(sa.text("UPDATE users SET phone = '1'"))
    send(app, found)
    db.session.rollback()


def in_a_session_of_its_own(app: Flask) -> None:
    with orm.Session(db.engine) as session, session.begin():
        report = incident()
        session.add(report)
        session.flush()
        send(app, report)


def after_a_session_of_its_own(app: Flask) -> None:
    with orm.Session(db.engine, expire_on_commit=False) as session, session.begin():
        report = incident()
        session.add(report)
    send(app, report)


def core_on_the_sessions_connection(app: Flask) -> None:
    statement = sa.insert(Incident).values(id=1, title="A fall", ward="Ward 1")
    db.session.connection().execute(statement)
    send(app, Report("incident", "1", department="Ward 1"))
    db.session.commit()


def text_on_a_connection(app: Flask) -> None:
    with db.engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO incidents (id, title, created_at) VALUES (1, 'A fall', :now)"),
            {"now": datetime.now(UTC).replace(tzinfo=None)},
        )
        send(app, Report("incident", "1", department="Ward 1"))


def a_plain_report_after_the_commit(app: Flask) -> None:
    db.session.add(incident())
    db.session.commit()
    assert db.session.scalars(sa.select(Incident)).all()
    send(app, Report("incident", "1", department="Ward 1"))


COMMITTED = [
    before_the_flush,
    while_pending,
    after_the_flush,
    in_a_savepoint,
    after_the_commit,
    after_the_commit_and_a_read,
    after_the_commit_beside_a_write_that_is_rolled_back,
    loaded_beside_a_write_that_is_rolled_back,
    in_a_session_of_its_own,
    after_a_session_of_its_own,
    core_on_the_sessions_connection,
    text_on_a_connection,
    a_plain_report_after_the_commit,
]


@pytest.mark.parametrize("host", COMMITTED, ids=lambda host: host.__name__)
def test_a_report_that_is_committed_ends_in_its_reach_outs(
    app: Flask, host: Callable[[Flask], None]
) -> None:
    with app.app_context():
        host(app)
    assert titles(app) == ["A fall"]
    assert [payload.report.ref for payload in intakes(app)] == ["1"]
    assert names_offered(app) == ["Anna Vos"]


def then_rolled_back(host: Callable[[Flask], None]) -> Callable[[Flask], None]:
    """Let the host roll back where it would have committed."""

    def run(app: Flask) -> None:
        session = db.session()
        commit = session.commit
        session.commit = session.rollback  # type: ignore[method-assign]
        try:
            host(app)
        finally:
            session.commit = commit  # type: ignore[method-assign]

    return run


def savepoint_undone(app: Flask) -> None:
    savepoint = db.session.begin_nested()
    report = incident()
    db.session.add(report)
    db.session.flush()
    send(app, report)
    savepoint.rollback()
    db.session.commit()


def rollback_on_a_connection(app: Flask) -> None:
    with db.engine.connect() as connection:
        connection.execute(sa.insert(Incident).values(id=1, title="A fall", ward="Ward 1"))
        send(app, Report("incident", "1", department="Ward 1"))
        connection.rollback()


ROLLED_BACK = {
    "before the flush": then_rolled_back(before_the_flush),
    "while pending": then_rolled_back(while_pending),
    "after the flush": then_rolled_back(after_the_flush),
    "in a savepoint": then_rolled_back(in_a_savepoint_after_a_write),
    "core": then_rolled_back(core_on_the_sessions_connection),
    "savepoint undone": savepoint_undone,
    "on a connection": rollback_on_a_connection,
}


@pytest.mark.parametrize("is_issued_again", [False, True], ids=["", "id issued again"])
@pytest.mark.parametrize("host", ROLLED_BACK.values(), ids=ROLLED_BACK)
def test_a_report_that_is_rolled_back_leaves_nothing(
    app: Flask, host: Callable[[Flask], None], is_issued_again: bool
) -> None:
    with app.app_context():
        host(app)
        if is_issued_again:
            with orm.Session(db.engine) as session:
                session.add(Incident(id=1, title="Another", ward="Ward 1"))
                session.commit()
    assert titles(app) == (["Another"] if is_issued_again else [])
    assert intakes(app) == []
    assert names_offered(app) == []


def test_a_write_that_went_before_is_no_reason_to_believe_in_a_report(app: Flask) -> None:
    """The log was committed, the report was not; its id is issued again at once."""
    with app.app_context():
        db.session.execute(sa.text("UPDATE users SET phone = '1'"))
        db.session.commit()
        report = incident()
        db.session.add(report)
        db.session.flush()
        send(app, report)
        db.session.rollback()
        with orm.Session(db.engine) as session:
            session.add(Incident(id=1, title="Another", ward="Ward 1"))
            session.commit()
    assert intakes(app) == []


def test_an_object_read_from_a_transaction_that_is_undone_is_not_mistaken_for_another(
    app: Flask,
) -> None:
    """Inserted by Core and loaded: nobody heard of the insert."""
    with app.app_context():
        db.session.execute(sa.insert(Incident).values(id=1, title="A fall", ward="Ward 1"))
        found = db.session.scalars(sa.select(Incident)).one()
        send(app, found)
        db.session.rollback()
        with orm.Session(db.engine) as session:
            session.add(Incident(id=1, title="Another", ward="Ward 1"))
            session.commit()
    assert titles(app) == ["Another"]
    assert intakes(app) == []


def test_a_draft_is_no_report(app: Flask) -> None:
    with app.app_context():
        draft = Incident(title="A draft")
        db.session.add(draft)
        db.session.commit()
        send(app, draft)
    assert intakes(app) == []


def test_without_a_step_the_fields_of_the_request_are_read(app: Flask) -> None:
    fields = colleague("Anna Vos", email="anna.vos@hospital.example")

    @app.post("/signal")
    def signal() -> str:
        report = incident()
        db.session.add(report)
        db.session.commit()
        report_created.send(current_app._get_current_object(), report=report)
        return "ok"

    client = signed_in(app)
    assert client.post("/signal", data=fields).text == "ok"
    (payload,) = intakes(app)
    assert payload.fields == fields
    assert payload.visitor == person(STAFF.rosa)


def test_the_proxy_of_the_app_is_as_good_as_the_app(app: Flask) -> None:
    with app.app_context():
        report_created.send(current_app, report=Report("incident", "7"), step=STEP)
    assert len(intakes(app)) == 1


def test_it_is_heard_outside_an_app_context_as_well(app: Flask) -> None:
    report_created.send(app, report=Report("incident", "7"), step=STEP)
    assert len(intakes(app)) == 1


def test_the_receiver_lives_as_long_as_the_process(app: Flask) -> None:
    """A receiver made in a function and connected weakly would be garbage by now."""
    gc.collect()
    with app.app_context():
        send(app, Report("incident", "7"))
    assert len(intakes(app)) == 1


@pytest.mark.parametrize(
    "arguments", [{}, {"report": None}, {"report": object()}, {"report": 7}, {"rapport": "7"}]
)
def test_what_is_no_report_costs_nothing_and_is_logged(
    app: Flask, caplog: pytest.LogCaptureFixture, arguments: dict[str, Any]
) -> None:
    with app.app_context():
        report_created.send(app, **arguments)
    assert intakes(app) == []
    assert any(
        "report" in record.message or "intake" in record.message for record in caplog.records
    )


def test_somebody_who_sends_as_nobody_is_told(caplog: pytest.LogCaptureFixture) -> None:
    report_created.send("the host", report=Report("incident", "7"))
    assert "not by the app" in caplog.text


def test_the_same_report_from_many_threads_is_one_reach_out_a_person(app: Flask) -> None:
    """Twenty threads hold a connection each and want another: more than the pool has."""
    with app.app_context():
        db.session.add(incident())
        db.session.commit()
    barrier = threading.Barrier(22)

    def signal_five_times() -> None:
        barrier.wait()
        for _ in range(5):
            with app.app_context():
                send(app, db.session.get(Incident, 1))

    def work_too() -> None:
        barrier.wait()
        for _ in range(5):
            with app.app_context():
                run_due(runtime(app), datetime.now(UTC))

    targets = [signal_five_times] * 20 + [work_too] * 2
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for minutes in (0, 15, 30, 90):  # what lost a race to another worker is tried again
        with app.app_context():
            run_due(runtime(app), datetime.now(UTC) + timedelta(minutes=minutes))
    assert intakes(app) == []
    assert spool.entries(runtime(app).spool) == []
    with reading(app) as session:
        for model in (ReportRecord, InvolvedRecord, ReachOut):
            assert session.scalar(sa.select(sa.func.count()).select_from(model)) == 1


def test_who_the_host_names_is_offered_support_as_well(app: Flask) -> None:
    bram = Person("Bram Smit", email="bram.smit@hospital.example", department="Ward 1")
    with app.app_context():
        send(app, Report("calamity", "7", "Ward 1", involved=[Involved(bram)]))
    assert names_offered(app) == ["Anna Vos", "Bram Smit"]


def test_a_failure_is_told_to_the_host(app: Flask) -> None:
    told: list[tuple[str, str]] = []

    def note(sender: Flask, kind: str, ref: str, **extra: Any) -> None:
        told.append((kind, ref))

    with signals.intake_failed.connected_to(note, sender=app), app.app_context():
        db.session.execute(sa.text("DROP TABLE peersupport_intake"))
        db.session.commit()
        send(app, Report("incident", "7"))
        assert told == []
    assert told == [("incident", "7")]
