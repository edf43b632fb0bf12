"""Hosts that hold their connections, commit each statement, or change what they have reported."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_peersupport import PeerSupport, Report
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import Base
from flask_peersupport.intake import spool, writes
from flask_peersupport.intake.expansion import retry_stuck_intake
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.intake.payload import Payload
from flask_peersupport.intake.storing import intake_row
from flask_peersupport.jobs import run_due
from flask_peersupport.outbox.models import Message
from flask_peersupport.reachouts.models import ReachOut
from flask_peersupport.signals import report_created
from flask_peersupport.values import Person
from tests import minimal_host
from tests.conftest import close_host, make_keyring, make_tables
from tests.intake.conftest import (
    STAFF,
    colleague,
    engine_of,
    fill_host,
    fill_programme,
    intakes,
    reading,
    report,
    runtime,
    signed_in,
    titles,
    work,
)
from tests.minimal_host import Incident, User, db

STEP = {"peersupport-me": "1"} | colleague("Anna Vos", email="anna.vos@hospital.example")
BOTH = ["Anna Vos", "Rosa Reporter"]


def describe_as(app: Flask, description: Callable[[Incident], Report | None]) -> None:
    cast("dict[type[Any], Any]", runtime(app).descriptions)[Incident] = description


def names_offered(app: Flask) -> list[str]:
    with reading(app) as session:
        return sorted(one.person.name for one in session.scalars(sa.select(ReachOut)))


@contextmanager
def host_with(url: str, config: dict[str, Any], **options: Any) -> Iterator[Flask]:
    """Build a host with options of the engine, its tables made by an engine without them."""
    plain = minimal_host.create_host(url, config)
    minimal_host.add_peersupport(plain)
    make_keyring(Path(plain.config["PEERSUPPORT_KEYRING"]))
    make_tables(plain)
    with plain.app_context():
        fill_host(plain)
        fill_programme(plain)
    close_host(plain)
    app = minimal_host.create_host(url, config | {"SQLALCHEMY_ENGINE_OPTIONS": options})
    minimal_host.add_peersupport(app)
    yield app
    close_host(app)


def test_a_signal_waits_for_no_connection(sqlite_url: str, host_config: dict[str, Any]) -> None:
    """The only connection of the pool is taken: what is committed already goes to the spool."""
    with host_with(sqlite_url, host_config, pool_size=1, max_overflow=0, pool_timeout=600) as app:
        with app.app_context():
            engine = db.engine
            with engine.connect():
                report_created.send(app, report=Report("incident", "7", "Ward 1"))
        assert len(spool.entries(runtime(app).spool)) == 1
        work(app)
        assert [p.report.ref for p in intakes(app)] == []
        assert spool.entries(runtime(app).spool) == []


def host_of_its_own(config: dict[str, Any], **databases: Any) -> tuple[Flask, SQLAlchemy]:
    """Build a host whose databases no other test sees."""
    app = Flask(__name__, instance_path=config["INSTANCE_PATH"])
    app.config.from_mapping({k: v for k, v in config.items() if k != "INSTANCE_PATH"})
    app.config.from_mapping(databases, SECRET_KEY="a key for tests")
    make_keyring(Path(app.config["PEERSUPPORT_KEYRING"]))
    own = SQLAlchemy()
    own.init_app(app)
    return app, own


def test_a_signal_opens_nothing_in_a_session_beside(
    sqlite_url: str, host_config: dict[str, Any], tmp_path: Path
) -> None:
    """The session reads in one database, a connection writes in another, which has only one."""
    other = f"sqlite:///{tmp_path / 'other.sqlite'}"
    only_one = {"url": other, "pool_size": 1, "max_overflow": 0, "pool_timeout": 600}
    app, own = host_of_its_own(
        host_config, SQLALCHEMY_DATABASE_URI=sqlite_url, SQLALCHEMY_BINDS={"other": only_one}
    )
    PeerSupport().init_app(app, own)
    with app.app_context():
        Base.metadata.create_all(own.engine)
        own.session.execute(sa.text("SELECT 1"))
        with own.engines["other"].begin() as connection:
            connection.execute(sa.text("CREATE TABLE falls (id INTEGER)"))
            connection.execute(sa.text("INSERT INTO falls VALUES (7)"))
            report_created.send(app, report=Report("incident", "7", "Ward 1"))
        own.session.remove()
    assert [payload.report.ref for payload in intakes(app)] == ["7"]
    close(app, own)


def close(app: Flask, own: SQLAlchemy) -> None:
    with app.app_context():
        for engine in own.engines.values():
            engine.dispose()


def test_a_session_that_the_host_has_broken_is_left_as_it_is(app: Flask) -> None:
    with app.app_context():
        db.session.add(Incident(title="A fall", ward="Ward 1"))
        db.session.commit()
        db.session.add(User(id=STAFF.rosa, name="Twice"))
        with pytest.raises(sa.exc.IntegrityError):
            db.session.flush()
        report_created.send(app, report=Report("incident", "77", "Ward 1"))
        with pytest.raises(sa.exc.PendingRollbackError):
            db.session.scalars(sa.select(User)).all()
    assert titles(app) == ["A fall"]
    work(app)


def test_a_host_without_a_default_database_stores_its_reports(
    sqlite_url: str, host_config: dict[str, Any]
) -> None:
    app, own = host_of_its_own(host_config, SQLALCHEMY_BINDS={"reports": sqlite_url})

    class Fall(own.Model):  # type: ignore[name-defined, misc]
        __bind_key__ = "reports"
        id = sa.Column(sa.Integer, primary_key=True)

    peersupport = PeerSupport()
    peersupport.init_app(app, own)
    peersupport.describe(Fall)(lambda fall: Report("incident", str(fall.id)))
    peersupport.watch(Fall)
    with app.app_context():
        own.create_all("reports")
        own.session.add(Fall())
        own.session.commit()
        assert own.session.scalars(sa.select(Fall.id)).all() == [1]
    assert len(spool.entries(runtime(app).spool)) == 1
    result = app.test_cli_runner().invoke(args=["peersupport", "doctor"])
    assert "PEERSUPPORT_DATABASE_URI" in result.output
    close(app, own)


def test_a_server_that_takes_calls_and_says_nothing_holds_up_no_report(
    sqlite_url: str, host_config: dict[str, Any]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ours = f"postgresql+psycopg://nobody@127.0.0.1:{silent.getsockname()[1]}/nothing"
        settings = host_config | {"PEERSUPPORT_DATABASE_URI": ours}
        app, own = host_of_its_own(settings, SQLALCHEMY_DATABASE_URI=sqlite_url)

        class Fall(own.Model):  # type: ignore[name-defined, misc]
            id = sa.Column(sa.Integer, primary_key=True)

        peersupport = PeerSupport()
        peersupport.init_app(app, own)
        peersupport.describe(Fall)(lambda fall: Report("incident", str(fall.id)))
        peersupport.watch(Fall)
        with app.app_context():
            own.create_all()
            own.session.add(Fall())
            own.session.commit()  # without an end to the waiting, this one waits for ever
            assert own.session.scalars(sa.select(Fall.id)).all() == [1]
        assert len(spool.entries(runtime(app).spool)) == 1
        close(app, own)


@pytest.mark.parametrize("is_committed", [False, True])
@pytest.mark.parametrize("field", ["department", "url"])
def test_what_is_no_text_costs_nothing(app: Flask, field: str, is_committed: bool) -> None:
    """The id of a department, for example."""
    with app.app_context():
        db.session.add(Incident(title="A fall", ward="Ward 1"))
        db.session.flush()
        if is_committed:
            db.session.commit()
        wrong = cast("dict[str, Any]", {field: 12})
        report_created.send(app, report=Report("incident", "77", **wrong))
        db.session.commit()
    assert titles(app) == ["A fall"]
    assert [p.report.ref for p in intakes(app)] == ["1", "77"]


@pytest.mark.parametrize("name", ["postgresql", "mariadb"])
@pytest.mark.database
def test_a_host_that_commits_each_statement_is_served(
    name: str, host_config: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(f"{name}_database").empty()
    with host_with(url, host_config, isolation_level="AUTOCOMMIT") as app:
        report(signed_in(app), STEP)
        assert titles(app) == ["A fall"]
        assert len(intakes(app)) == 1
        with app.app_context():
            report_created.send(app, report=Report("incident", "77", "Ward 1"))
        work(app)
        assert names_offered(app) == BOTH


def test_a_report_without_a_reference_yet_is_described_after_the_commit(app: Flask) -> None:
    """The number comes with a later statement: it must not become the reference "None"."""

    def describe(incident: Incident) -> Report:
        number = None if incident.title == "A fall" else incident.title
        return Report("incident", cast("str", number), "Ward 1")

    describe_as(app, describe)
    report(signed_in(app), STEP)
    assert intakes(app) == []
    with engine_of(app).begin() as connection:
        connection.execute(sa.text("UPDATE incidents SET title = 'V-17'"))
    work(app)
    assert names_offered(app) == BOTH


def test_the_step_is_about_the_new_report_alone(app: Flask) -> None:
    """The request follows up an earlier one as well."""
    report(signed_in(app))
    with app.test_request_context("/report", method="POST", data=STEP):
        earlier = db.session.scalars(sa.select(Incident)).one()
        earlier.title = "Followed up"
        db.session.add(Incident(title="Another", ward="Ward 1", author_id=STAFF.rosa))
        db.session.commit()
        earlier.title = "Followed up again"
        db.session.commit()
    assert [(p.report.ref, bool(p.fields)) for p in intakes(app)] == [("1", False), ("2", True)]


def test_what_a_nested_context_signals_belongs_to_the_outer_transaction(app: Flask) -> None:
    with app.app_context():
        incident = Incident(title="A fall", ward="Ward 1")
        db.session.add(incident)
        db.session.flush()
        with app.app_context():
            report_created.send(app, report=incident)
        db.session.rollback()
    assert intakes(app) == []


def test_what_is_signalled_outside_a_context_belongs_to_its_transaction(
    sqlite_url: str, host_config: dict[str, Any]
) -> None:
    with host_with(sqlite_url, host_config) as app:
        with app.app_context():
            engine = db.engine
        for is_kept in (False, True):
            with orm.Session(engine) as session:
                incident = Incident(title="A fall", ward="Ward 1")
                session.add(incident)
                session.flush()
                report_created.send(app, report=incident)
                if is_kept:
                    session.commit()
        assert len(intakes(app)) == 1


@pytest.mark.parametrize(
    "statement", ["/* wards */ SELECT 1", "VALUES (1)", "(SELECT 1)", "-- wards\nSELECT 1"]
)
def test_a_read_is_not_taken_for_a_write(app: Flask, statement: str) -> None:
    if statement.startswith(("VALUES", "(")) and engine_of(app).dialect.name != "postgresql":
        statement = "SELECT 1"
    with app.app_context():
        db.session.add(Incident(title="A fall", ward="Ward 1"))
        db.session.commit()
        db.session.execute(sa.text(statement))
        report_created.send(app, report=Report("incident", "77", "Ward 1"))
    assert [p.report.ref for p in intakes(app)] == ["1", "77"]


def test_what_is_kept_of_transactions_goes_with_them(small_app: Flask) -> None:
    """A command may run for hours."""
    with small_app.app_context():
        for _ in range(20):
            with db.engine.begin() as connection:
                connection.execute(sa.text("UPDATE users SET phone = '1'"))
                report_created.send(small_app, report=Report("incident", "7", "Ward 1"))
        assert len(writes._here.transactions) <= 1
        assert writes._here.past == []


def leave_unconfirmed(app: Flask, payload: Payload) -> None:
    """Store a row whose host was killed a while ago."""
    with app.app_context(), runtime(app).storage.work() as session:
        values = intake_row(runtime(app), payload, is_confirmed=False)
        values["received_at"] = datetime.now(UTC) - timedelta(minutes=16)
        session.execute(sa.insert(IntakeRecord).values(values))
        session.commit()


def test_what_nobody_can_confirm_is_told_and_decided_by_a_coordinator(app: Flask) -> None:
    with app.app_context(), runtime(app).storage.work() as session:
        from flask_peersupport.access.roles import grant_role

        carla = runtime(app).users.get(str(STAFF.sofie))
        assert carla is not None
        grant_role(session, "coordinator", carla, actor=COMMAND, now=datetime.now(UTC))
        session.commit()
    payload = Payload(Report("incident", "a-77", "Ward 1"), {"peersupport-me": "1"})
    leave_unconfirmed(app, payload)
    with app.app_context():
        run_due(runtime(app), datetime.now(UTC))
    with reading(app) as session:
        told = session.scalars(sa.select(Message.template)).all()
        assert told == ["intake_stuck"]
        retry_stuck_intake(session, Person("Carla"), datetime.now(UTC))
        session.commit()
    assert work(app)["expand"] == 1


@pytest.mark.parametrize("is_told_apart", [False, True])
def test_a_report_that_was_edited_meanwhile_is_not_dropped(app: Flask, is_told_apart: bool) -> None:
    """Without `since` nobody can tell it from another that got its id: it is kept."""
    if not is_told_apart:
        cast("dict[type[Any], Any]", runtime(app).watched)[Incident] = None

    def broken(incident: Incident) -> Report:
        raise LookupError

    describe_as(app, broken)
    report(signed_in(app), STEP)
    describe_as(app, lambda incident: Report("incident", str(incident.id), incident.ward))
    with engine_of(app).begin() as connection:
        connection.execute(sa.text("UPDATE incidents SET title = 'In progress'"))
    with app.app_context():
        counts = run_due(runtime(app), datetime.now(UTC))
    kept = spool.entries(runtime(app).spool)
    if is_told_apart:
        assert (names_offered(app), kept) == (BOTH, [])
    else:
        assert (counts["unspool_failed"], len(kept)) == (1, 1)


def test_drawing_the_step_flushes_nothing(app: Flask) -> None:
    """A form that comes back with errors may have left a half-built object in the session."""
    runtime(app)

    class Asking:
        def current(self) -> Person | None:
            db.session.scalars(sa.select(User)).all()
            return None

    cast("Any", runtime(app)).users = Asking()
    with app.test_request_context("/report"):
        db.session.add(Incident(title=None))
        from flask_peersupport.intake.rendering import render_step

        assert "peersupport-me" in render_step("incident", {})
        db.session.rollback()
