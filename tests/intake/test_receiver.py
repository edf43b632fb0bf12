"""The report comes first: whatever happens on our side, the host stores it as it would without."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
from flask import Flask, redirect, request
from flask.testing import FlaskClient
from flask_login import current_user
from sqlalchemy import orm
from werkzeug.wrappers import Response

from flask_peersupport import Person, Report, signals
from flask_peersupport.db import Base
from flask_peersupport.intake import rendering
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.intake.payload import Payload
from flask_peersupport.intake.receiver import listen_to
from flask_peersupport.intake.storing import intake_row
from flask_peersupport.reachouts.models import ReachOut, ReportRecord
from tests import minimal_host
from tests.conftest import close_host, make_keyring
from tests.intake.conftest import (
    STAFF,
    colleague,
    engine_of,
    fill_host,
    intakes,
    person,
    reading,
    report,
    runtime,
    signed_in,
    titles,
    work,
)
from tests.minimal_host import Incident, User, db

STEP = {"peersupport-me": "1"} | colleague("Anna Vos", email="anna.vos@hospital.example")
SENTENCE = (
    '<p role="status">Your report is stored. Your request for peer support follows a little later; '
    "if you would like to talk to somebody now, please call 050 123 4567.</p>"
)
LOST = (
    '<p role="status">Your report is stored. Your request for peer support did not get through: '
    "please call 050 123 4567.</p>"
)


@pytest.fixture
def failures(app: Flask) -> Iterator[list[tuple[str, str]]]:
    """What `intake_failed` said."""
    told: list[tuple[str, str]] = []

    def note(sender: Flask, kind: str, ref: str, **extra: Any) -> None:
        assert sender is app
        told.append((kind, ref))

    with signals.intake_failed.connected_to(note, sender=app):
        yield told


def describe_as(app: Flask, description: Callable[[Incident], Report | None]) -> None:
    """Let the host describe its incidents in another way."""
    descriptions = cast("dict[type[Any], Any]", runtime(app).descriptions)
    descriptions[Incident] = description


def in_english(client: FlaskClient) -> FlaskClient:
    """Let the browser ask for English."""
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def assert_costs_nothing(app: Flask, failures: list[tuple[str, str]], kind: str) -> None:
    """Report with a step that cannot be taken in, and see that the host notices nothing."""
    client = in_english(signed_in(app))
    response = report(client, STEP)
    assert response.headers["Location"] == "/report/1"
    assert titles(app) == ["A fall"]
    page = client.get("/report/1").get_data(as_text=True)
    assert page.count('role="status"') == 1
    assert SENTENCE in page
    assert [known for known, _ in failures] == [kind]


def test_a_report_and_its_step_are_stored_together(app: Flask) -> None:
    response = report(signed_in(app), STEP)
    assert response.headers["Location"].startswith("/peersupport/step/")
    assert titles(app) == ["A fall"]
    (payload,) = intakes(app)
    assert payload.report == Report("incident", "1", department="Ward 1", reporter=person(1))
    assert payload.fields == STEP


def test_dropped_tables_cost_nothing(app: Flask, failures: list[tuple[str, str]]) -> None:
    Base.metadata.drop_all(engine_of(app))
    assert_costs_nothing(app, failures, "incident")


def test_a_description_that_raises_costs_nothing(
    app: Flask, failures: list[tuple[str, str]]
) -> None:
    def describe(incident: Incident) -> Report:
        raise RuntimeError("a bug of the host")

    describe_as(app, describe)
    assert_costs_nothing(app, failures, "Incident")
    assert intakes(app) == []


def test_a_failing_statement_of_a_description_costs_nothing(
    app: Flask, failures: list[tuple[str, str]]
) -> None:
    """PostgreSQL would forget the report, and its commit would say nothing of it."""

    def describe(incident: Incident) -> Report:
        db.session.execute(sa.text("SELECT * FROM no_such_table"))
        raise AssertionError

    describe_as(app, describe)
    assert_costs_nothing(app, failures, "Incident")


def test_a_failing_statement_that_a_description_swallows_costs_nothing(app: Flask) -> None:
    """PostgreSQL cannot go on after it, so the step is lost there; the report never is."""

    def describe(incident: Incident) -> Report:
        with pytest.raises(sa.exc.DBAPIError):
            db.session.execute(sa.text("SELECT * FROM no_such_table"))
        return Report("incident", str(incident.id), department=incident.ward)

    describe_as(app, describe)
    report(signed_in(app), STEP)
    assert titles(app) == ["A fall"]
    is_postgresql = engine_of(app).dialect.name == "postgresql"
    assert len(intakes(app)) == (0 if is_postgresql else 1)


def test_an_insert_that_the_database_refuses_costs_nothing(
    app: Flask, failures: list[tuple[str, str]]
) -> None:
    refusals = {
        "sqlite": [
            "CREATE TRIGGER refuse BEFORE INSERT ON peersupport_intake"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END"
        ],
        "postgresql": [
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RAISE EXCEPTION ''refused''; END'",
            "CREATE TRIGGER refuse BEFORE INSERT ON peersupport_intake"
            " FOR EACH ROW EXECUTE FUNCTION refuse()",
        ],
        "mysql": [
            "CREATE TRIGGER refuse BEFORE INSERT ON peersupport_intake"
            " FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused'"
        ],
    }
    engine = engine_of(app)
    with engine.begin() as connection:
        for statement in refusals[engine.dialect.name]:
            connection.exec_driver_sql(statement)
    assert_costs_nothing(app, failures, "incident")


@pytest.mark.database
def test_a_revoked_right_costs_nothing(
    postgresql_database: Any, host_config: dict[str, Any]
) -> None:
    owner = sa.create_engine(postgresql_database.empty(), poolclass=sa.NullPool)
    role = f"{postgresql_database.name}_host"
    url = owner.url.set(username=role, password="a password")
    app = minimal_host.create_host(url.render_as_string(hide_password=False), host_config)
    make_keyring(Path(app.config["PEERSUPPORT_KEYRING"]))
    minimal_host.add_peersupport(app)
    with owner.begin() as connection:
        Base.metadata.create_all(connection)
        Incident.metadata.create_all(connection)
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD 'a password'")
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {role}")
        connection.exec_driver_sql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
        connection.exec_driver_sql(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}")
        connection.exec_driver_sql(f"REVOKE INSERT ON peersupport_intake FROM {role}")
    try:
        with app.app_context():
            fill_host(app)
        client = in_english(signed_in(app))
        assert report(client, STEP).headers["Location"] == "/report/1"
        assert SENTENCE in client.get("/report/1").get_data(as_text=True)
        assert titles(app) == ["A fall"]
    finally:
        close_host(app)
        with owner.begin() as connection:
            connection.exec_driver_sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
            connection.exec_driver_sql(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}")
            connection.exec_driver_sql(f"REVOKE ALL ON SCHEMA public FROM {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")


def test_a_draft_is_no_report(app: Flask, failures: list[tuple[str, str]]) -> None:
    describe_as(app, lambda incident: None)
    assert report(signed_in(app), STEP).headers["Location"] == "/report/1"
    assert titles(app) == ["A fall"]
    assert intakes(app) == []
    assert failures == []


@pytest.mark.parametrize("ending", ["rollback", "exception"])
def test_a_rollback_leaves_neither(app: Flask, ending: str) -> None:
    @app.post("/report-in-vain")
    def report_in_vain() -> str:
        db.session.add(Incident(title=request.form["title"], ward="Ward 1"))
        db.session.flush()
        with runtime(app).storage.session.no_autoflush:
            count = sa.select(sa.func.count()).select_from(IntakeRecord)
            assert db.session.scalar(count) == 1
        if ending == "exception":
            raise RuntimeError("a bug of the host")
        db.session.rollback()
        return "not stored"

    app.config["PROPAGATE_EXCEPTIONS"] = False
    data = {"title": "A fall"} | STEP
    status = signed_in(app).post("/report-in-vain", data=data).status_code
    assert status == (200 if ending == "rollback" else 500)
    assert titles(app) == []
    assert intakes(app) == []


@pytest.mark.parametrize("is_failing", [False, True])
def test_after_a_rollback_nothing_is_said(
    app: Flask, failures: list[tuple[str, str]], is_failing: bool
) -> None:
    @app.post("/report-in-vain")
    def report_in_vain() -> Response:
        db.session.add(Incident(title=request.form["title"], ward="Ward 1"))
        db.session.flush()
        db.session.rollback()
        return redirect("/report")

    if is_failing:
        Base.metadata.drop_all(engine_of(app))
    client = signed_in(app)
    response = client.post("/report-in-vain", data={"title": "A fall"} | STEP)
    assert response.headers["Location"] == "/report"
    assert '<p role="status">' not in client.get("/report").get_data(as_text=True)
    assert failures == []


def test_after_a_savepoint_of_the_host_was_undone_nothing_is_said(app: Flask) -> None:
    @app.post("/report-in-vain")
    def report_in_vain() -> Response:
        with db.session.begin_nested():
            db.session.add(User(id=99, name="Somebody"))
        nested = db.session.begin_nested()
        db.session.add(Incident(title=request.form["title"], ward="Ward 1"))
        db.session.flush()
        nested.rollback()
        db.session.commit()
        return redirect("/report")

    client = signed_in(app)
    response = client.post("/report-in-vain", data={"title": "A fall"} | STEP)
    assert response.headers["Location"] == "/report"
    assert titles(app) == []
    assert intakes(app) == []


def test_an_answer_that_is_an_error_is_left_alone(app: Flask) -> None:
    @app.post("/report-and-fail")
    def report_and_fail() -> tuple[str, int]:
        db.session.add(Incident(title=request.form["title"], ward="Ward 1"))
        db.session.commit()
        return "the file could not be stored", 507

    client = signed_in(app)
    response = client.post("/report-and-fail", data={"title": "A fall"} | STEP)
    assert (response.status_code, response.text) == (507, "the file could not be stored")
    assert '<p role="status">' not in client.get("/report").get_data(as_text=True)
    assert len(intakes(app)) == 1


def test_a_failure_is_not_mentioned_to_who_asked_for_nothing(
    app: Flask, failures: list[tuple[str, str]]
) -> None:
    Base.metadata.drop_all(engine_of(app))
    client = signed_in(app)
    report(client, {"peersupport-colleagues-0-wish": "ask"})
    assert '<p role="status">' not in client.get("/report/1").get_data(as_text=True)
    assert [kind for kind, _ in failures] == ["incident"]


class UsersWithout:
    """The host's users, of which the directory does not answer."""

    def __init__(self, users: Any, statement: str | None = None) -> None:
        self._users = users
        self._statement = statement

    def __getattr__(self, name: str) -> Any:
        return getattr(self._users, name)

    def current(self) -> Person:
        """Fail, in SQL or before."""
        if self._statement is not None:
            db.session.execute(sa.text(self._statement))
        raise RuntimeError("the directory does not answer")


def test_a_visitor_who_cannot_be_read_costs_nothing(
    app: Flask, failures: list[tuple[str, str]]
) -> None:
    """PostgreSQL would forget the report, and its commit would say nothing of it."""
    client = signed_in(app)
    here = runtime(app)
    here.users = UsersWithout(here.users, "SELECT * FROM no_such_table")
    here.locale_selector = lambda: "en"
    report(client, STEP)
    assert titles(app) == ["A fall"]
    assert intakes(app) == []
    assert failures == [("incident", "1")]


def test_a_transaction_that_the_database_gave_up_is_the_host_s_to_hear_of(
    small_app: Flask,
) -> None:
    """A full disk or a deadlock undoes the report too; a commit after it would say "stored"."""

    @small_app.post("/report-to-a-full-disk")
    def report_to_a_full_disk() -> str:
        db.session.add(Incident(title=request.form["title"], ward="Ward 1"))
        db.session.commit()
        return "stored"

    with engine_of(small_app).begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON peersupport_intake"
            " BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END"
        )
    client = signed_in(small_app)
    with pytest.raises(sa.exc.OperationalError, match="no such savepoint"):
        client.post("/report-to-a-full-disk", data={"title": "A fall"} | STEP)
    assert titles(small_app) == []


@pytest.mark.parametrize("fault", ["locale", "visitor", "template"])
def test_a_step_that_cannot_be_drawn_leaves_the_form(
    small_app: Flask,
    fault: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = signed_in(small_app)
    here = runtime(small_app)

    def fail(*args: object, **kwargs: object) -> str:
        raise RuntimeError("Anna Vos")

    if fault == "locale":
        here.locale_selector = fail
    elif fault == "visitor":
        here.users = UsersWithout(here.users)
    else:
        monkeypatch.setattr(rendering, "url_for", fail)
    form = client.get("/report").get_data(as_text=True)
    assert '<input name="title">' in form
    assert "050 123 4567" in form
    assert 'name="peersupport-' not in form
    assert "Anna Vos" not in caplog.text


class FirstKind(minimal_host.Model):
    """A report of which there are kinds."""

    __tablename__ = "kinds"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(9))

    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "first"}  # noqa: RUF012


class SecondKind(FirstKind):
    """One of them."""

    __mapper_args__ = {"polymorphic_identity": "second"}  # noqa: RUF012


@pytest.mark.parametrize("order", [(FirstKind, SecondKind), (SecondKind, FirstKind)])
def test_a_class_and_its_base_are_heard_once(
    small_app: Flask, order: tuple[type[Any], ...]
) -> None:
    here = runtime(small_app)
    for model in order:
        cast("dict[type[Any], Any]", here.watched)[model] = None
        cast("dict[type[Any], Any]", here.descriptions)[model] = lambda one: Report(
            "incident", f"K{one.id}"
        )
        listen_to(model)
    with small_app.app_context():
        db.session.add(SecondKind())
        db.session.commit()
    assert [payload.report.ref for payload in intakes(small_app)] == ["K1"]


@pytest.fixture
def apart(make_small_app: Callable[..., Flask], tmp_path: Path) -> Flask:
    """A host whose database is not that of the extension."""
    return make_small_app(PEERSUPPORT_DATABASE_URI=f"sqlite:///{tmp_path / 'apart.sqlite'}")


def test_in_a_database_of_our_own_a_report_is_queued_once_it_is_committed(apart: Flask) -> None:
    response = report(signed_in(apart), STEP)
    assert response.headers["Location"].startswith("/peersupport/step/")
    work(apart)
    with reading(apart) as session:
        names = {row.person.name for row in session.scalars(sa.select(ReachOut)) if row.person}
        assert names == {"Rosa Reporter", "Anna Vos"}


@pytest.mark.parametrize("ending", ["rollback", "close", "savepoint", "exception"])
def test_in_a_database_of_our_own_what_is_rolled_back_is_dropped(apart: Flask, ending: str) -> None:
    @apart.post("/report-in-vain")
    def report_in_vain() -> str:
        nested = db.session.begin_nested() if ending == "savepoint" else None
        db.session.add(Incident(title=request.form["title"], ward="Ward 1"))
        db.session.flush()
        assert len(intakes(apart)) == 1
        if nested is not None:
            nested.rollback()
            db.session.commit()
        elif ending == "exception":
            raise RuntimeError("a bug of the host")
        else:
            getattr(db.session, ending)()
        return "not stored"

    apart.config["PROPAGATE_EXCEPTIONS"] = False
    signed_in(apart).post("/report-in-vain", data={"title": "A fall"} | STEP)
    assert titles(apart) == []
    assert intakes(apart) == []


def test_outside_a_request_a_report_is_confirmed_as_well(apart: Flask) -> None:
    with apart.app_context():
        db.session.add(Incident(title="A fall", ward="Ward 1", author_id=STAFF.rosa))
        db.session.commit()
        db.session.add(Incident(title="Another", ward="Ward 1", author_id=STAFF.rosa))
        db.session.commit()
    with reading(apart) as session:
        assert session.scalars(sa.select(IntakeRecord.is_confirmed)).all() == [True, True]


def leave_unconfirmed(app: Flask) -> None:
    """Make it look as if the process was killed before it could confirm, a while ago."""
    with reading(app) as session:
        before = datetime.now(UTC) - timedelta(minutes=16)
        session.execute(sa.update(IntakeRecord).values(is_confirmed=False, received_at=before))
        session.commit()


def test_what_was_never_confirmed_comes_in_when_the_report_stands(apart: Flask) -> None:
    report(signed_in(apart), STEP)
    leave_unconfirmed(apart)
    assert work(apart)["expand"] == 1


def test_what_was_never_confirmed_is_not_dropped_at_once(apart: Flask) -> None:
    """The host may be about to commit."""
    report(signed_in(apart), STEP)
    with reading(apart) as session:
        session.execute(sa.update(IntakeRecord).values(is_confirmed=False))
        session.commit()
    assert work(apart).get("expand") is None
    assert len(intakes(apart)) == 1


@pytest.mark.parametrize("is_issued_again", [False, True])
def test_what_was_never_confirmed_is_dropped_when_the_report_is_gone(
    apart: Flask, is_issued_again: bool
) -> None:
    report(signed_in(apart), STEP)
    leave_unconfirmed(apart)
    with apart.app_context():
        incident = db.session.scalars(sa.select(Incident)).one()
        made_at = incident.created_at
        db.session.delete(incident)
        db.session.commit()
        if is_issued_again:
            later = made_at + timedelta(minutes=1)
            db.session.add(Incident(id=incident.id, title="Another", created_at=later))
            db.session.commit()
    with reading(apart) as session:
        session.execute(sa.delete(IntakeRecord).where(IntakeRecord.is_confirmed.is_(True)))
        session.commit()
    assert work(apart).get("expand") is None
    assert intakes(apart) == []
    with reading(apart) as session:
        assert runtime(apart).count_stuck_intake(session) == 0


def test_what_nobody_can_confirm_waits_for_a_coordinator(apart: Flask) -> None:
    """A plain report in the host's transaction, killed there: no object to look for."""
    with apart.app_context(), runtime(apart).storage.work() as session:
        payload = Payload(Report("incident", "a-77"), {})
        values = intake_row(runtime(apart), payload, is_confirmed=False)
        values["received_at"] = datetime.now(UTC) - timedelta(minutes=16)
        session.execute(sa.insert(IntakeRecord).values(values))
        session.commit()
    assert work(apart).get("expand") is None
    with reading(apart) as session:
        assert runtime(apart).count_stuck_intake(session) == 1


def test_an_anonymous_report_stores_no_reporter(app: Flask) -> None:
    def describe(incident: Incident) -> Report:
        ref = str(incident.id)
        return Report("incident", ref, "Ward 1", reporter=person(STAFF.rosa), anonymous=True)

    describe_as(app, describe)
    client = in_english(signed_in(app))
    response = report(client, STEP)
    (payload,) = intakes(app)
    assert payload.report.reporter is None
    page = client.get(response.headers["Location"])
    assert "You will be called" not in page.get_data(as_text=True)
    # nothing that is posted by hand brings the reporter in either
    token = client.get("/peersupport/").get_data(as_text=True).partition('csrf_token" value="')[2]
    client.post(response.headers["Location"], data={"csrf_token": token.partition('"')[0]})
    work(app)
    with reading(app) as session:
        assert session.scalars(sa.select(ReportRecord.reporter_id)).all() == [None]
        people = [row.person for row in session.scalars(sa.select(ReachOut))]
        assert [one.name for one in people if one] == ["Anna Vos"]


def test_the_reporter_of_the_description_comes_first(app: Flask) -> None:
    reporter = Person("Petra Patiëntveiligheid", email="petra@hospital.example")
    describe_as(app, lambda i: Report("incident", str(i.id), "Ward 1", reporter=reporter))
    report(signed_in(app), STEP)
    assert [payload.report.reporter for payload in intakes(app)] == [reporter]


def test_the_reporter_is_else_who_is_signed_in(app: Flask) -> None:
    describe_as(app, lambda incident: Report("incident", str(incident.id), "Ward 1"))
    report(signed_in(app, STAFF.bram), STEP)
    report(app.test_client(), STEP)
    reporters = [payload.report.reporter for payload in intakes(app)]
    assert reporters == [person(STAFF.bram), None]


def add_editing(app: Flask) -> None:
    """Let the host edit its reports."""

    @app.post("/report/<int:incident_id>/edit")
    def edit(incident_id: int) -> str:
        assert current_user.is_authenticated
        incident = db.get_or_404(Incident, incident_id)
        incident.title = request.form["title"]
        db.session.commit()
        return "stored"


def test_a_later_edit_with_the_step_queues(app: Flask) -> None:
    add_editing(app)
    client = signed_in(app)
    report(client)
    work(app)
    client.post("/report/1/edit", data={"title": "A bad fall"} | STEP)
    assert titles(app) == ["A bad fall"]
    assert [payload.fields for payload in intakes(app)] == [STEP]
    work(app)
    with reading(app) as session:
        names = {row.person.name for row in session.scalars(sa.select(ReachOut)) if row.person}
        assert names == {"Rosa Reporter", "Anna Vos"}


def test_a_later_edit_without_the_step_takes_nothing_in(app: Flask) -> None:
    add_editing(app)
    client = signed_in(app)
    report(client)
    work(app)
    client.post("/report/1/edit", data={"title": "A bad fall"})
    assert intakes(app) == []


def test_an_edit_that_changes_nothing_is_undone_with_the_host_s(app: Flask) -> None:
    """No UPDATE went before the savepoint: on SQLite its release would be a commit."""

    @app.post("/report/<int:incident_id>/edit")
    def edit(incident_id: int) -> str:
        incident = db.get_or_404(Incident, incident_id)
        incident.title += ""
        db.session.flush()
        db.session.rollback()
        return "not stored"

    client = signed_in(app)
    report(client)
    work(app)
    client.post("/report/1/edit", data=STEP)
    assert intakes(app) == []


def test_a_missing_keyring_shows_the_telephone_number(
    make_app: Callable[..., Flask], database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(database_url, with_keyring=False)
    with app.app_context():
        fill_host(app)
    client = in_english(signed_in(app))
    with caplog.at_level(logging.CRITICAL):
        form = client.get("/report").get_data(as_text=True)
    assert "050 123 4567" in form
    assert 'name="peersupport-' not in form
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
    assert report(client, STEP).headers["Location"] == "/report/1"
    assert titles(app) == ["A fall"]
    assert LOST in client.get("/report/1").get_data(as_text=True)


def answers(app: Flask, step: dict[str, str]) -> list[tuple[int, list[tuple[str, str]], bytes]]:
    """Return all that a visitor gets of the host, without what the clock puts into it."""
    client = app.test_client()
    replies = [
        client.get("/report"),
        client.post("/report", data={"title": "A fall", "ward": "Ward 1"} | step),
        client.get("/report/1"),
        client.get("/peersupport/"),
        client.get("/report/2"),
    ]
    return [(reply.status_code, list(reply.headers), reply.data) for reply in replies]


@pytest.mark.parametrize("step", [{}, STEP], ids=["without step", "with step"])
def test_switched_off_the_host_is_byte_for_byte_the_same(
    make_app: Callable[..., Flask],
    host_config: dict[str, Any],
    tmp_path: Path,
    step: dict[str, str],
) -> None:
    plain_config = {k: v for k, v in host_config.items() if not k.startswith("PEERSUPPORT_")}
    plain = minimal_host.create_host(f"sqlite:///{tmp_path / 'plain.sqlite'}", plain_config)
    with plain.app_context():
        db.create_all()
    try:
        switched_off = make_app(PEERSUPPORT_ENABLED=False, with_tables=False)
        with switched_off.app_context():
            db.create_all()
        assert answers(switched_off, step) == answers(plain, step)
    finally:
        with plain.app_context():
            db.engine.dispose()
