"""A host whose reports are in another system, over HTTP; peer support keeps its own database."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from flask_peersupport import Person
from flask_peersupport.intake.step import Row, Step
from flask_peersupport.reachouts.models import ReportRecord
from flask_peersupport.signals import report_created
from tests.hosts import journey
from tests.hosts.journey import ANNA, STAFF, Host
from tests.hosts.remote_store import Portal
from tests.hosts.remote_store.case_api import CaseApi
from tests.hosts.remote_store.peersupport_setup import Badges, add_peersupport
from tests.servers import ServerDatabase

REPORT = {"what": "A wrong syringe", "where": "Ward 1"}
WAYS = ["as_value", "as_object"]


@pytest.fixture
def api() -> CaseApi:
    """The case system, without a case."""
    return CaseApi()


@pytest.fixture
def case_system(api: CaseApi) -> Iterator[str]:
    """The address at which the case system answers."""
    server = make_server("127.0.0.1", 0, api, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def badge_of(username: str) -> str:
    return f"B-{list(STAFF).index(username) + 100}"


def sign_in(client: FlaskClient, username: str) -> None:
    answer = client.post("/login", data={"badge": badge_of(username)})
    assert answer.headers["Location"] == "/calamities/new"


@pytest.fixture
def make_host(
    settings: dict[str, Any],
    close_later: Callable[[Flask], Flask],
    case_system: str,
    tmp_path: Path,
) -> Callable[..., Host]:
    """Return a function that builds the portal, with the extension in the ways named."""
    staff = {
        badge_of(username): {"name": one.name, "mail": one.email, "unit": one.department}
        for username, one in STAFF.items()
    }

    def build(*ways: str, is_added: bool = True, **config: Any) -> Host:
        own = {"CASE_SYSTEM": case_system, "INSTANCE": str(tmp_path / "instance")}
        app = close_later(Portal({**settings, **own, **config}, staff))
        if is_added:
            add_peersupport(app, **dict.fromkeys(ways, True))
            if app.config.get("PEERSUPPORT_ENABLED", True):
                journey.open_programme(app)
        done = "<h1>Case C001</h1>"
        return Host(app, sign_in, "/calamities/new", REPORT, done=done, kind="calamity")

    return build


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.database)])
def own_database(request: pytest.FixtureRequest, sqlite_url: str) -> str:
    """The address of a database for the extension alone."""
    if request.param == "sqlite":
        return sqlite_url
    database: ServerDatabase = request.getfixturevalue("postgresql_database")
    return database.empty()


def by_page(host: Host) -> Callable[[FlaskClient], TestResponse]:
    def report(client: FlaskClient) -> TestResponse:
        sent = client.post(host.path, data=REPORT)
        return host.answer_page(client, sent, me=True, colleagues=[ANNA])

    return report


@pytest.mark.parametrize("ways", [["as_value"], ["as_object"], ["as_value", "as_object"]])
def test_the_journey(
    make_host: Callable[..., Host], own_database: str, api: CaseApi, ways: list[str]
) -> None:
    journey.run_journey(make_host(*ways, PEERSUPPORT_DATABASE_URI=own_database))
    assert list(api.cases) == ["C001"]
    assert api.cases["C001"].keys() == {"number", "created", "what", "where", "by"}


def test_the_journey_by_the_page(make_host: Callable[..., Host], own_database: str) -> None:
    host = make_host("as_page", PEERSUPPORT_DATABASE_URI=own_database)
    journey.run_journey(host, by_page(host))


def test_without_a_setting_the_database_is_in_the_instance_folder(
    make_host: Callable[..., Host], tmp_path: Path
) -> None:
    journey.run_journey(make_host("as_object"))
    assert (tmp_path / "instance" / "peersupport.db").exists()


def test_a_context_within_a_page_takes_nothing_from_it(
    make_host: Callable[..., Host], own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host's adapters may push an app context of their own in the middle of our page."""
    host = make_host("as_object", PEERSUPPORT_DATABASE_URI=own_database)
    runtime = journey.runtime(host.app)
    get = Badges.get

    def get_apart(self: Badges, user_id: str | None) -> Person | None:
        with host.app.app_context():
            runtime.storage.session().scalars(sa.select(ReportRecord)).all()
            return get(self, user_id)

    @host.app.get("/apart")
    def apart() -> list[bool]:
        session = runtime.storage.session()
        row = session.scalars(sa.select(ReportRecord)).one()
        runtime.users.get(badge_of("rosa"))
        return [runtime.storage.session() is session, row in session]

    monkeypatch.setattr(Badges, "get", get_apart)
    journey.run_journey(host)
    assert host.client("rosa").get("/apart").json == [True, True]


def test_form_and_page_queue_each_once(make_host: Callable[..., Host]) -> None:
    host = make_host("as_value", "as_page")
    client = host.client("rosa")
    page = host.arrive(client, host.report(client, me=True, colleagues=[ANNA]))
    assert page.request.path == "/calamities/C001"
    journey.work(host.app)
    assert journey.names(host.app) == ["Anna Vos", "Rosa Reporter"]


@pytest.mark.parametrize("ways", WAYS)
def test_an_edit_adds_whom_it_names(make_host: Callable[..., Host], ways: str) -> None:
    host = make_host(ways)
    client = host.client("rosa")
    host.report(client, me_involved=True)
    journey.work(host.app)
    edit = "/calamities/C001/edit"
    client.post(edit, data={**REPORT, "what": "A wrong dose"})
    host.report(client, edit, me_involved=True, colleagues=[ANNA])
    journey.work(host.app)
    assert journey.names(host.app) == ["Anna Vos"]


@pytest.mark.parametrize("ways", [*WAYS, "as_page"])
def test_a_nameless_report_reaches_the_colleague_alone(
    make_host: Callable[..., Host], ways: str
) -> None:
    host = make_host(ways)
    client = host.client("rosa")
    data = {**REPORT, "nameless": "on"}
    if ways == "as_page":
        host.answer_page(client, client.post(host.path, data=data), me=True, colleagues=[ANNA])
    else:
        host.report(client, data=data, me=True, colleagues=[ANNA])
    journey.work(host.app)
    assert journey.names(host.app) == ["Anna Vos"]


def test_while_the_case_system_is_down_nothing_is_queued_and_the_form_is_kept(
    make_host: Callable[..., Host], api: CaseApi
) -> None:
    host = make_host("as_object")
    client = host.client("rosa")
    api.is_down = True
    answer = host.report(client, me=True, colleagues=[ANNA])
    assert answer.status_code == 503
    text = answer.get_data(as_text=True)
    assert 'name="peersupport-me" value="1" checked' in text
    assert 'name="peersupport-colleagues-0-name" value="Anna Vos"' in text
    assert journey.waiting(host.app) == 0


def test_when_our_database_is_away_the_case_is_stored_and_its_step_follows(
    make_host: Callable[..., Host], api: CaseApi, sqlite_url: str
) -> None:
    with socket.socket() as taken:  # nobody answers on this port
        taken.bind(("127.0.0.1", 0))
        away = f"postgresql+psycopg://x@127.0.0.1:{taken.getsockname()[1]}/x?connect_timeout=1"
        without = make_host("as_object", is_added=False).app
        without.config["PEERSUPPORT_DATABASE_URI"] = away
        add_peersupport(without, as_object=True)
        there = make_host("as_object", PEERSUPPORT_DATABASE_URI=sqlite_url)
        host = Host(without, sign_in, there.path, REPORT)
        client = host.client("rosa")
        answer = client.post(host.path, data={**REPORT, "peersupport-me": "1"})
    assert answer.headers["Location"] == "/calamities/C001"
    assert list(api.cases) == ["C001"]
    journey.work(there.app)
    assert journey.names(there.app) == ["Rosa Reporter"]


def test_a_case_that_a_thread_sends_later_has_the_reporter_of_its_description(
    make_host: Callable[..., Host], api: CaseApi
) -> None:
    """The portal may queue its cases: then no request is running, and no context."""
    host = make_host()
    portal = cast("Portal", host.app)
    anna = Row(0, ANNA["name"], email=ANNA["email"])
    step = Step(wants_support=True, rows=(anna,))

    def send() -> None:
        case = portal.cases.create(what="A fire", where="Ward 1", by=badge_of("rosa"))
        report_created.send(portal, report=case, step=step)

    thread = threading.Thread(target=send)
    thread.start()
    thread.join()
    journey.work(portal)
    assert list(api.cases) == ["C001"]
    assert journey.names(portal) == ["Anna Vos", "Rosa Reporter"]


def test_reconcile_takes_in_what_another_front_end_reported(
    make_host: Callable[..., Host], api: CaseApi
) -> None:
    host = make_host("as_object")
    host.report(host.client("rosa"), me=True)
    other = {"what": "A fire", "where": "Ward 8", "by": badge_of("bram")}
    for number, days in (("C002", 1), ("C003", 40)):
        created = datetime.now(UTC) - timedelta(days=days)
        api.cases[number] = {"number": number, "created": created.isoformat(), **other}
    since = f"{datetime.now(UTC) - timedelta(days=7):%Y-%m-%d}"
    for _ in range(2):
        done = host.app.test_cli_runner().invoke(
            args=["peersupport", "reconcile", "--since", since]
        )
        assert done.exit_code == 0, done.output
        journey.work(host.app)
    with host.app.app_context(), journey.runtime(host.app).storage.work() as session:
        refs = session.scalars(sa.select(ReportRecord.ref).order_by(ReportRecord.ref)).all()
    assert refs == ["C001", "C002"]
    assert journey.names(host.app) == ["Rosa Reporter"]


def test_a_supporter_who_is_not_signed_in_comes_back_to_the_request(
    make_host: Callable[..., Host],
) -> None:
    host = make_host("as_object")
    host.report(host.client("rosa"), me=True)
    journey.work(host.app)
    request_id, username = host.asked("Rosa Reporter")
    client = host.client()
    login = journey.visit(client, client.get(f"/peersupport/requests/{request_id}"))
    assert login.request.path == "/login"
    answer = client.post(login.request.full_path, data={"badge": badge_of(username)})
    page = journey.visit(client, answer)
    assert page.request.path == f"/peersupport/requests/{request_id}"
    assert "Rosa Reporter" in page.get_data(as_text=True)


def test_switched_off_the_host_answers_as_without_the_extension(
    make_host: Callable[..., Host], api: CaseApi
) -> None:
    without = journey.answers(make_host(is_added=False))
    api.cases.clear()
    off = make_host("as_value", "as_object", PEERSUPPORT_ENABLED=False)
    assert journey.answers(off) == without


def test_switched_off_the_page_leads_to_the_report(make_host: Callable[..., Host]) -> None:
    host = make_host("as_page", PEERSUPPORT_ENABLED=False)
    answer = host.client("rosa").post(host.path, data=REPORT)
    assert answer.headers["Location"] == "/calamities/C001"
