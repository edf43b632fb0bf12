"""A host that commits deep inside its services: watched, and signalled at every moment."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from flask_peersupport import Report
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.intake.payload import open_payload
from tests.hosts import journey, service_layer
from tests.hosts.journey import ANNA, STAFF, Host
from tests.hosts.service_layer import domain, orm
from tests.hosts.service_layer.domain import Employee, Incident, LogEntry
from tests.hosts.service_layer.message_bus import IncidentAdded, IncidentLogged, IncidentReported
from tests.hosts.service_layer.peersupport_setup import add_to

REPORT = {"summary": "A fall", "unit": "Ward 1"}
EVENTS = {"before": IncidentAdded, "after": IncidentReported, "logged": IncidentLogged}
WAYS = ["watch", "before", "after", "logged", "watch-before-after-logged"]


def sign_in(client: FlaskClient, username: str) -> None:
    answer = client.post("/sign-in", data={"mail": STAFF[username].email})
    assert answer.headers["Location"] == "/report"


@pytest.fixture
def make_host(
    settings: dict[str, Any], close_later: Callable[[Flask], Flask], sqlite_url: str
) -> Callable[..., Host]:
    """Return a function that builds the host, with the extension in the ways named."""

    def build(ways: str | None = "watch", url: str = sqlite_url, **config: Any) -> Host:
        app = service_layer.make_app({**settings, "SQLALCHEMY_DATABASE_URI": url, **config})
        if ways is not None:
            named = ways.split("-")
            events = [event for name, event in EVENTS.items() if name in named]
            add_to(app, *events, watches="watch" in named)
        close_later(app)
        with app.app_context():
            orm.db.drop_all()
            orm.db.create_all()
            for person in STAFF.values():
                employee = Employee(person.name, str(person.email), str(person.department))
                orm.db.session.add(employee)
            orm.db.session.commit()
        if app.extensions.get("peersupport"):
            journey.open_programme(app)
        return Host(app, sign_in, "/report", REPORT, done="<h1>Received as INC-")

    return build


def count(app: Flask, cls: type[Any]) -> int:
    with app.app_context():
        return orm.db.session.scalar(select(func.count()).select_from(cls)) or 0


@pytest.fixture
def _nobody_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the second transaction fail, after the report was signalled in it."""
    monkeypatch.delitem(domain.QUALITY_OFFICERS, "Ward 1")


@pytest.mark.parametrize("ways", WAYS)
def test_the_journey(make_host: Callable[..., Host], ways: str) -> None:
    host = make_host(ways)
    journey.run_journey(host)
    assert count(host.app, LogEntry) == 2


@pytest.mark.usefixtures("_nobody_to_tell")
@pytest.mark.parametrize("ways", ["after", "after-logged"])
def test_the_journey_when_the_second_transaction_fails(
    make_host: Callable[..., Host], ways: str
) -> None:
    journey.run_journey(make_host(ways))


@pytest.mark.usefixtures("_nobody_to_tell")
@pytest.mark.parametrize("ways", ["logged", "watch-before-after-logged"])
def test_the_journey_when_what_was_signalled_in_is_rolled_back(
    make_host: Callable[..., Host], database_url: str, ways: str
) -> None:
    host = make_host(ways, database_url)
    journey.run_journey(host)
    assert count(host.app, Incident) == 1
    assert count(host.app, LogEntry) == 0


@pytest.mark.parametrize("ways", ["watch", "after", WAYS[-1]])
def test_a_correction_adds_whom_it_names(make_host: Callable[..., Host], ways: str) -> None:
    host = make_host(ways)
    client = host.client("rosa")
    page = host.arrive(client, host.report(client))
    correction = f"{page.request.path}/correct"
    host.report(client, correction, data={"summary": "A bad fall"}, colleagues=[ANNA])
    host.report(client, correction, data={"summary": "A very bad fall"}, colleagues=[ANNA])
    host.report(client, correction, data={"summary": "A fall"})
    journey.work(host.app)
    assert journey.names(host.app) == ["Anna Vos"]


@pytest.mark.parametrize(
    ("ways", "unit"),
    [("watch", "Ward 1"), ("after", "Ward 1"), ("logged", "Ward 2"), (WAYS[-1], "Ward 2")],
)
def test_an_anonymous_report_keeps_who_sent_it_out(
    make_host: Callable[..., Host], ways: str, unit: str
) -> None:
    """In Ward 2 nobody can be told, so that the second transaction fails."""
    host = make_host(ways)
    client = host.client("rosa")
    data = {"unit": unit, "anonymous": "on"}
    answer = host.report(client, data=data, me=True, colleagues=[ANNA])
    assert "Rosa" not in host.arrive(client, answer).get_data(as_text=True)
    with host.app.app_context(), journey.runtime(host.app).storage.work() as session:
        keys = journey.runtime(host.app).keys
        for row in session.scalars(select(IntakeRecord)):
            payload = open_payload(row.id, row.payload, keys.get(row.month))
            ref = payload.report.ref
            url = f"/incidents/{ref}"
            assert payload.report == Report("incident", ref, unit, url=url, anonymous=True)
            assert payload.visitor is None
    journey.work(host.app)
    assert journey.names(host.app) == ["Anna Vos"]


def test_a_form_that_says_too_little_comes_back_filled_in(make_host: Callable[..., Host]) -> None:
    host = make_host()
    client = host.client("rosa")
    page = host.report(client, data={"summary": " "}, me=True, colleagues=[ANNA])
    assert page.status_code == 422
    text = page.get_data(as_text=True)
    assert 'name="peersupport-me" value="1" checked' in text
    assert 'name="peersupport-colleagues-0-name" value="Anna Vos"' in text
    assert journey.waiting(host.app) == 0


def test_nothing_is_queued_of_a_first_transaction_that_fails(
    make_host: Callable[..., Host],
) -> None:
    host = make_host("watch-before")
    host.app.testing = False  # as in production: the view's error is a page

    def refuse(event: IncidentAdded) -> None:
        raise ConnectionError("the case system is away")

    host.app.extensions["bus"].subscribe(IncidentAdded, refuse)
    client = host.client("rosa")
    assert host.report(client, me=True).status_code == 500
    assert count(host.app, Incident) == 0
    assert journey.waiting(host.app) == 0


def test_switched_off_the_host_answers_as_without_the_extension(
    make_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen(host_ways: str | None, **config: Any) -> list[Any]:
        numbers = (UUID(int=n << 100) for n in itertools.count(1))
        monkeypatch.setattr(domain, "uuid4", lambda: next(numbers))
        host = make_host(host_ways, **config)
        return journey.answers(host) + journey.answers(host, summary="")

    without = seen(None)
    assert seen("watch-before-after-logged", PEERSUPPORT_ENABLED=False) == without
    assert without[1][0] == "303 SEE OTHER"
