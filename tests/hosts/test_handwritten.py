"""A host of one file without WTForms or CSRF: watched, signalled, and with the step as a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from flask_peersupport.intake.reconciling import reconcile
from flask_peersupport.reachouts.models import ReportRecord
from flask_peersupport.runtime import current_runtime
from tests.hosts import journey
from tests.hosts.handwritten.meldingen import Medewerker, db, maak_app
from tests.hosts.handwritten.peersupport_setup import voeg_toe
from tests.hosts.journey import ANNA, STAFF, Host

REPORT = {"titel": "Val", "afd": "Ward 1"}
#: The ways in which the step is in the form; "na" and "voor" are after and before the commit.
WAYS = ["kijk", "voor", "na", "kijk-voor-na"]


def sign_in(client: FlaskClient, username: str) -> None:
    answer = client.post("/inloggen", data={"naam": STAFF[username].name})
    assert answer.headers["Location"] == "/melden"


@pytest.fixture
def make_host(
    settings: dict[str, Any], close_later: Callable[[Flask], Flask], sqlite_url: str
) -> Callable[..., Host]:
    """Return a function that builds the host, with the extension in the ways named."""

    def build(ways: str | None = "kijk", url: str = sqlite_url, **config: Any) -> Host:
        app = close_later(maak_app({**settings, "SQLALCHEMY_DATABASE_URI": url, **config}))
        with app.app_context():
            db.drop_all()
            db.create_all()
            for person in STAFF.values():
                row = Medewerker(naam=person.name, mail=person.email, afd=person.department)
                db.session.add(row)
            db.session.commit()
        if ways is not None:
            voeg_toe(app, **dict.fromkeys(ways.split("-"), True))
            if app.config.get("PEERSUPPORT_ENABLED", True):
                journey.open_programme(app)
        return Host(app, sign_in, "/melden", REPORT, done="<h1>Melding 1: Val</h1>")

    return build


def by_page(host: Host, **step: Any) -> Callable[[FlaskClient], TestResponse]:
    """Return what sends the form without a step in it, and answers the step's own page."""

    def report(client: FlaskClient) -> TestResponse:
        assert "peersupport" not in client.get(host.path).get_data(as_text=True)
        return host.answer_page(client, client.post(host.path, data=host.data), **step)

    return report


@pytest.mark.parametrize("ways", WAYS)
def test_the_journey(make_host: Callable[..., Host], database_url: str, ways: str) -> None:
    journey.run_journey(make_host(ways, database_url))


def test_the_journey_by_the_page(make_host: Callable[..., Host], database_url: str) -> None:
    host = make_host("pagina", database_url)
    journey.run_journey(host, by_page(host, me=True, colleagues=[ANNA]))


def test_form_and_page_together_queue_each_once(make_host: Callable[..., Host]) -> None:
    journey.run_journey(make_host("kijk-voor-na-pagina"))


def test_who_left_the_step_in_the_form_empty_is_asked_on_the_page(
    make_host: Callable[..., Host],
) -> None:
    host = make_host("kijk-voor-na-pagina")

    def report(client: FlaskClient) -> TestResponse:
        return host.answer_page(client, host.report(client), me=True, colleagues=[ANNA])

    journey.run_journey(host, report)


def test_skipping_the_page_queues_nobody(make_host: Callable[..., Host]) -> None:
    host = make_host("pagina")
    client = host.client("rosa")
    page = host.arrive(client, client.post(host.path, data=REPORT))
    assert page.request.path == "/melding/1"
    journey.work(host.app)
    assert journey.reach_outs(host.app) == []


@pytest.mark.parametrize("ways", ["kijk", "na", "kijk-voor-na"])
def test_an_edit_adds_whom_it_names_and_repeats_nobody(
    make_host: Callable[..., Host], ways: str
) -> None:
    host = make_host(ways)
    client = host.client("rosa")
    host.report(client, me=True)
    edit = "/melding/1/wijzigen"
    host.report(client, edit, me=True, colleagues=[ANNA])  # nothing but the step
    client.post(edit, data={**REPORT, "titel": "Val uit bed"})  # nothing of the step
    journey.work(host.app)
    assert [(one.name, one.ref) for one in journey.reach_outs(host.app)] == [
        ("Anna Vos", "1"),
        ("Rosa Reporter", "1"),
    ]


def test_an_edit_may_ask_on_the_page_again(make_host: Callable[..., Host]) -> None:
    host = make_host("pagina")
    client = host.client("rosa")
    by_page(host, me=True)(client)
    edited = client.post("/melding/1/wijzigen", data=REPORT)
    answer = host.answer_page(client, edited, me=True, colleagues=[ANNA])
    assert host.arrive(client, answer).request.path == "/melding/1"
    journey.work(host.app)
    assert journey.names(host.app) == ["Anna Vos", "Rosa Reporter"]


@pytest.mark.parametrize("ways", ["kijk", "na", "pagina"])
def test_a_draft_is_no_report_until_it_is_sent(make_host: Callable[..., Host], ways: str) -> None:
    host = make_host(ways)
    client = host.client("rosa")
    draft = {**REPORT, "concept": "1"}
    if ways == "pagina":
        answer = client.post(host.path, data=draft)
    else:
        answer = host.report(client, data=draft, me=True, colleagues=[ANNA])
    assert answer.headers["Location"] == "/melding/1"
    assert journey.waiting(host.app) == 0
    edit = "/melding/1/wijzigen"
    if ways == "pagina":
        host.answer_page(client, client.post(edit, data=REPORT), me=True, colleagues=[ANNA])
    else:
        host.report(client, edit, me=True, colleagues=[ANNA])
    journey.work(host.app)
    assert journey.names(host.app) == ["Anna Vos", "Rosa Reporter"]


@pytest.mark.parametrize("ways", ["na", "pagina"])
def test_whom_a_description_names_is_queued_once_the_draft_is_sent(
    make_host: Callable[..., Host], ways: str
) -> None:
    host = make_host(ways)
    send_a_draft_without_the_step(host)
    assert journey.names(host.app) == ["Bram Smit"]


def test_a_draft_that_is_sent_without_the_step_is_found_by_reconcile(
    make_host: Callable[..., Host],
) -> None:
    """An edit without the step is not looked at: that would cost every edit a statement."""
    host = make_host("kijk")
    send_a_draft_without_the_step(host)
    assert journey.names(host.app) == []
    with host.app.app_context():
        now = datetime.now(UTC)
        reconcile(current_runtime(), now - timedelta(days=1), now=now)
    journey.work(host.app)
    assert journey.names(host.app) == ["Bram Smit"]


def send_a_draft_without_the_step(host: Host) -> None:
    client = host.client("rosa")
    report = {**REPORT, "titel": "Bram viel"}
    client.post(host.path, data={**report, "concept": "1"})
    client.post("/melding/1/wijzigen", data=report)
    journey.work(host.app)


@pytest.mark.parametrize("ways", ["kijk", "na", "pagina"])
def test_an_anonymous_report_reaches_the_colleague_alone(
    make_host: Callable[..., Host], ways: str
) -> None:
    host = make_host(ways)
    client = host.client("rosa")
    data = {**REPORT, "anoniem": "1"}
    if ways == "pagina":
        sent = client.post(host.path, data=data)
        answer = host.answer_page(client, sent, me=True, colleagues=[ANNA])
    else:
        answer = host.report(client, data=data, me=True, colleagues=[ANNA])
    assert host.arrive(client, answer).request.path == "/melding/1"
    journey.work(host.app)
    assert journey.names(host.app) == ["Anna Vos"]
    with host.app.app_context(), journey.runtime(host.app).storage.work() as session:
        assert session.scalars(select(ReportRecord.reporter_id)).all() == [None]


@pytest.mark.parametrize("ways", ["kijk", "na"])
def test_a_visitor_who_is_not_signed_in_may_name_a_colleague(
    make_host: Callable[..., Host], ways: str
) -> None:
    host = make_host(ways)
    client = host.client()
    answer = host.report(client, me=True, colleagues=[ANNA])
    assert answer.headers["Location"] == "/melding/1"
    journey.work(host.app)
    assert journey.names(host.app) == ["Anna Vos"]


def test_a_visitor_who_is_not_signed_in_is_not_led_to_the_page(
    make_host: Callable[..., Host],
) -> None:
    host = make_host("pagina")
    answer = host.client().post(host.path, data=REPORT)
    assert answer.headers["Location"] == "/melding/1"


def test_a_form_with_an_error_comes_back_filled_in(make_host: Callable[..., Host]) -> None:
    host = make_host()
    client = host.client("rosa")
    answer = host.report(client, data={"titel": ""}, me=True, colleagues=[ANNA])
    text = answer.get_data(as_text=True)
    assert "Vul in wat er gebeurd is" in text
    assert 'name="peersupport-me" value="1" checked' in text
    assert 'name="peersupport-colleagues-0-name" value="Anna Vos"' in text
    assert journey.waiting(host.app) == 0


def test_switched_off_the_host_answers_as_without_the_extension(
    make_host: Callable[..., Host],
) -> None:
    without = make_host(None)
    expected = journey.answers(without), journey.answers(without, titel="")
    for ways in ("kijk-voor-na", "pagina"):
        off = make_host(ways, PEERSUPPORT_ENABLED=False)
        assert (journey.answers(off), journey.answers(off, titel="")) == expected
