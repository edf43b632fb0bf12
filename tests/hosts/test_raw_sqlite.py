"""A host on raw sqlite3, with a login of its own; peer support keeps its own database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_peersupport.reachouts.models import ReportRecord
from flask_peersupport.testing import report_with_step
from tests.hosts.journey import (
    ANNA,
    STAFF,
    Host,
    answers,
    names,
    open_programme,
    reach_outs,
    run_journey,
    runtime,
    visit,
    waiting,
    work,
)
from tests.hosts.raw_sqlite import create_app, peersupport_setup

FALL = {"story": "Slipped in the bathroom", "unit": "Ward 1"}
WAYS = {
    "signal": (peersupport_setup.signal,),
    "page": (peersupport_setup.ask_on_a_page,),
    "both": (peersupport_setup.signal, peersupport_setup.ask_on_a_page),
}


@pytest.fixture
def make_app(
    tmp_path: Path, settings: dict[str, Any], close_later: Callable[[Flask], Flask]
) -> Callable[..., Flask]:
    """Return a function that builds the register with its staff; `add` adds the extension."""

    def make(folder: str, add: Callable[[Flask], None] | None = None, **config: Any) -> Flask:
        app = create_app(settings | config, instance_path=str(tmp_path / folder))
        if add is not None:
            add(app)
        assert app.test_cli_runner().invoke(args=["init-db"]).exit_code == 0
        with closing(sqlite3.connect(app.config["DATABASE"])) as db, db:
            for code, person in STAFF.items():
                first, _, last = person.name.partition(" ")
                row = (code, last, first, person.email, person.department)
                db.execute("INSERT INTO staff VALUES (?, ?, ?, ?, ?)", row)
        return close_later(app)

    return make


@pytest.fixture
def make_host(make_app: Callable[..., Flask]) -> Callable[..., Host]:
    """Return a function that builds the register with peer support, told in these ways."""

    def make(*ways: Callable[..., Any]) -> Host:
        app = make_app("instance", lambda app: peersupport_setup.init_app(app, *ways))
        open_programme(app)
        return host_of(app)

    return make


@pytest.fixture
def host(make_host: Callable[..., Host]) -> Host:
    """The register with peer support, which it tells by signal."""
    return make_host()


def host_of(app: Flask) -> Host:
    """Describe the register."""
    return Host(app, sign_in, "/falls/new", FALL, done="Slipped in the bathroom")


def sign_in(client: FlaskClient, username: str) -> None:
    """Sign in as the register wants it."""
    assert client.post("/auth/login", data={"code": username}).status_code == 302


def rows(app: Flask, statement: str, *values: Any) -> list[Any]:
    """Run a statement on the register's own file, as its administrator would."""
    with closing(sqlite3.connect(app.config["DATABASE"])) as db, db:
        return db.execute(statement, values).fetchall()


def fill_step_page(client: FlaskClient, page: str) -> TestResponse:
    """Fill in the step on its own page, as Rosa would."""
    return report_with_step(client, page, me=True, colleagues=[ANNA])


def test_a_signal_after_the_commit_leads_to_support(host: Host) -> None:
    run_journey(host)
    assert rows(host.app, "SELECT id FROM fall") == [(1,)]
    tables = rows(host.app, "SELECT name FROM sqlite_master WHERE name LIKE 'peersupport%'")
    assert tables == []
    assert (Path(host.app.instance_path) / "peersupport.db").exists()


def test_the_step_page_leads_to_support(make_host: Callable[..., Host]) -> None:
    host = make_host(peersupport_setup.ask_on_a_page)

    def report(client: FlaskClient) -> TestResponse:
        saved = client.post("/falls/new", data=FALL)
        assert "/peersupport/step/" in saved.headers["Location"]
        assert waiting(host.app) == 1
        return fill_step_page(client, saved.headers["Location"])

    page = run_journey(host, report)
    assert page.request.path == "/falls/1"
    assert 'class="flash"' in page.text


def test_who_skips_the_step_page_asks_for_nothing(make_host: Callable[..., Host]) -> None:
    host = make_host(peersupport_setup.ask_on_a_page)
    client = host.client("rosa")
    asked = visit(client, client.post("/falls/new", data=FALL))
    assert 'href="/falls/1"' in asked.text
    work(host.app)
    assert (names(host.app), waiting(host.app)) == ([], 0)


def test_signal_and_step_page_together_queue_nothing_twice(
    make_host: Callable[..., Host],
) -> None:
    host = make_host(*WAYS["both"])

    def report(client: FlaskClient) -> TestResponse:
        saved = client.post("/falls/new", data=FALL | {"peersupport-colleagues-0-name": ""})
        return fill_step_page(client, saved.headers["Location"])

    assert run_journey(host, report).request.path == "/falls/1"


def test_who_filled_in_the_form_s_step_is_not_asked_again(make_host: Callable[..., Host]) -> None:
    page = run_journey(make_host(peersupport_setup.ask_on_a_page))
    assert page.request.path == "/falls/1"


@pytest.mark.parametrize("way", WAYS)
def test_an_anonymous_fall_has_no_reporter(make_host: Callable[..., Host], way: str) -> None:
    host = make_host(*WAYS[way])
    client = host.client("rosa")
    saved = host.report(client, data={"anonymous": "on"}, me=True, colleagues=[ANNA])
    assert host.arrive(client, saved).request.path == "/falls/1"
    work(host.app)
    assert names(host.app) == ["Anna Vos"]


def test_the_step_page_of_an_anonymous_fall_stores_no_reporter(
    make_host: Callable[..., Host],
) -> None:
    host = make_host(peersupport_setup.ask_on_a_page)
    client = host.client("rosa")
    saved = client.post("/falls/new", data=FALL | {"anonymous": "on"})
    fill_step_page(client, saved.headers["Location"])
    work(host.app)
    assert names(host.app) == ["Anna Vos"]


@pytest.mark.parametrize("way", WAYS)
def test_a_draft_is_taken_in_when_it_is_submitted(make_host: Callable[..., Host], way: str) -> None:
    host = make_host(*WAYS[way])
    client = host.client("rosa")
    saved = host.report(client, data={"draft": "on"}, me=True, colleagues=[ANNA])
    assert saved.headers["Location"] == "/falls/1"
    work(host.app)
    assert (names(host.app), waiting(host.app)) == ([], 0)
    submitted = client.post("/falls/1/submit", data={"peersupport-me": "1"})
    assert host.arrive(client, submitted).request.path == "/falls/1"
    work(host.app)
    assert names(host.app) == ["Rosa Reporter"]


def test_a_form_with_an_error_keeps_the_step(host: Host) -> None:
    answer = host.report(host.client("rosa"), data={"story": ""}, colleagues=[ANNA])
    assert "What happened?" in answer.text
    assert 'value="Anna Vos"' in answer.text
    assert waiting(host.app) == 0


def test_who_is_not_signed_in_is_sent_to_the_register_s_own_login(host: Host) -> None:
    answer = host.app.test_client().get("/peersupport/requests")
    assert answer.headers["Location"] == "/auth/login?next=/peersupport/requests"


def test_reconcile_finds_a_fall_that_was_never_signalled(host: Host) -> None:
    """The process was killed between the commit and the signal, or somebody imported a file."""
    host.report(host.client("rosa"), colleagues=[ANNA])
    work(host.app)
    insert = "INSERT INTO fall (reporter, unit, story, draft) VALUES ('bram', 'Ward 1', 'x', ?)"
    rows(host.app, insert, 0)
    rows(host.app, insert, 1)
    run = host.app.test_cli_runner().invoke
    assert run(args=["peersupport", "reconcile", "--since", "2020-01-01"]).output == (
        "seen 2\nmissed 1\n"
    )
    assert waiting(host.app) == 1
    work(host.app)
    with host.app.app_context(), runtime(host.app).storage.work() as session:
        found = sa.select(ReportRecord.ref).where(ReportRecord.found_at.is_not(None))
        assert session.scalars(found).all() == ["2"], "a coordinator has to look at it"
    assert names(host.app) == ["Anna Vos"], "what Bram filled in is not known"
    again = run(args=["peersupport", "reconcile", "--since", "2020-01-01"])
    assert again.output == "seen 2\nmissed 0\n"


def test_a_fall_under_the_number_of_a_deleted_one_comes_in_as_well(host: Host) -> None:
    """SQLite issues the number again at once; the offer to who was in the first one goes on."""
    client = host.client("rosa")
    host.report(client, me=True)
    work(host.app)
    client.post("/falls/1/delete")
    other = host.client("bram")
    assert host.arrive(other, host.report(other, me=True)).request.path == "/falls/1"
    work(host.app)
    assert [(one.name, one.state) for one in reach_outs(host.app)] == [
        ("Bram Smit", "asking"),
        ("Rosa Reporter", "asking"),
    ]


def test_switched_off_or_absent_the_register_is_the_same(make_app: Callable[..., Flask]) -> None:
    off = make_app("off", peersupport_setup.init_app, PEERSUPPORT_ENABLED=False)
    absent = make_app("absent")
    for data in ({}, {"story": ""}, {"peersupport-me": "1"}):
        assert answers(host_of(off), **data) == answers(host_of(absent), **data)
