"""The step as a WTForms field: by itself, and with each of the other ways in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.hosts import classic, journey
from tests.hosts.classic.extensions import db
from tests.hosts.classic.forms import IncidentForm
from tests.hosts.classic.models import Incident, User
from tests.hosts.classic.peersupport_setup import add_peersupport
from tests.hosts.journey import ANNA, STAFF, Host

REPORT = {"title": "A fall", "ward": "Ward 1", "submit": "Report"}
DRAFT = {"title": "A fall", "ward": "Ward 1", "save_draft": "Save as draft"}
PASSWORD = "correct horse"


def sign_in(client: FlaskClient, username: str) -> None:
    page = client.get("/login").get_data(as_text=True)
    token = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', page)
    assert token is not None
    data = {"username": username, "password": PASSWORD, "csrf_token": token[1]}
    assert client.post("/login", data=data).headers["Location"] == "/"


@pytest.fixture(autouse=True)
def _form_as_it_was() -> Iterator[None]:
    """Take the field out of the form again, which the modules of this process share."""
    yield
    if hasattr(IncidentForm, "peersupport"):
        del IncidentForm.peersupport


@pytest.fixture
def make_host(
    settings: dict[str, Any], close_later: Callable[[Flask], Flask], sqlite_url: str
) -> Callable[..., Host]:
    """Return a function that builds the host with the extension, in one of its ways."""

    def build(
        url: str = sqlite_url, *, is_added: bool = True, config: Any = (), **ways: bool
    ) -> Host:
        app = classic.create_app({**settings, "SQLALCHEMY_DATABASE_URI": url, **dict(config)})
        if is_added:
            add_peersupport(app, **ways)
        close_later(app)
        with app.app_context():
            db.drop_all()
            db.create_all()
            for username, person in STAFF.items():
                user = User(username=username, name=person.name, email=person.email)
                user.ward = person.department
                user.set_password(PASSWORD)
                db.session.add(user)
            db.session.commit()
        if is_added and app.config.get("PEERSUPPORT_ENABLED", True):
            journey.open_programme(app)
        return Host(app, sign_in, "/incidents/new", REPORT, done="<h1>A fall</h1>")

    return build


def with_reporter(host: Host, **step: Any) -> tuple[FlaskClient, TestResponse]:
    client = host.client("rosa")
    return client, host.report(client, **step)


@pytest.mark.parametrize(
    "ways",
    [{}, {"watches": True}, {"signals": True}, {"watches": True, "signals": True}],
    ids=["field", "field-watch", "field-signal", "all"],
)
def test_the_journey(make_host: Callable[..., Host], database_url: str, ways: Any) -> None:
    page = journey.run_journey(make_host(database_url, **ways))
    assert page.request.path == "/incidents/1"
    assert "reported by Rosa Reporter" in page.get_data(as_text=True)


def test_what_the_host_flashes_is_read_once(make_host: Callable[..., Host]) -> None:
    host = make_host(watches=True)
    client, answer = with_reporter(host, me=True)
    calm_page = journey.visit(client, answer).get_data(as_text=True)
    own_page = client.get("/incidents/1").get_data(as_text=True)
    assert (calm_page + own_page).count("Thank you, your report is in.") == 1


def test_a_report_without_an_answer_queues_nobody(make_host: Callable[..., Host]) -> None:
    host = make_host(watches=True)
    _client, answer = with_reporter(host)
    assert answer.headers["Location"] == "/incidents/1"
    journey.work(host.app)
    assert journey.reach_outs(host.app) == []


@pytest.mark.parametrize("watches", [False, True], ids=["field", "field-watch"])
def test_an_edit_adds_whom_it_names_and_repeats_nobody(
    make_host: Callable[..., Host], watches: bool
) -> None:
    host = make_host(watches=watches)
    client, _ = with_reporter(host, me=True)
    journey.work(host.app)
    edit = "/incidents/1/edit"
    host.report(client, edit, data={"title": "A bad fall"}, me=True, colleagues=[ANNA])
    host.report(client, edit, data={"title": "A very bad fall"})
    journey.work(host.app)
    assert journey.names(host.app) == ["Anna Vos", "Rosa Reporter"]
    assert {one.ref for one in journey.reach_outs(host.app)} == {"1"}


@pytest.mark.parametrize("ways", [{}, {"watches": True, "signals": True}], ids=["field", "all"])
def test_an_edit_that_changes_nothing_but_the_step(
    make_host: Callable[..., Host], ways: Any
) -> None:
    host = make_host(**ways)
    client, _ = with_reporter(host)
    answer = host.report(client, "/incidents/1/edit", me=True)
    assert host.arrive(client, answer).request.path == "/incidents/1"
    journey.work(host.app)
    assert journey.names(host.app) == ["Rosa Reporter"]


@pytest.mark.parametrize("ways", [{}, {"watches": True, "signals": True}], ids=["field", "all"])
def test_a_draft_waits_until_it_is_reported(make_host: Callable[..., Host], ways: Any) -> None:
    host = make_host(**ways)
    client = host.client("rosa")
    without_submit = Host(host.app, sign_in, host.path, DRAFT)
    answer = without_submit.report(client, me=True, colleagues=[ANNA])
    assert answer.headers["Location"] == "/incidents/1"
    assert "(draft)" in host.arrive(client, answer).get_data(as_text=True)
    assert journey.waiting(host.app) == 0
    host.report(client, "/incidents/1/edit", me=True, colleagues=[ANNA])
    journey.work(host.app)
    assert journey.names(host.app) == ["Anna Vos", "Rosa Reporter"]


def test_a_form_with_errors_comes_back_with_the_step_filled_in(
    make_host: Callable[..., Host],
) -> None:
    host = make_host(watches=True)
    _client, page = with_reporter(
        host,
        data={"title": ""},
        me=True,
        outside=True,
        colleagues=[{"name": "Zoë <b>", "department": "Ward 2", "wish": "yes"}, ANNA],
    )
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "This field is required." in text
    for name in ("peersupport-me", "peersupport-outside"):
        assert f'name="{name}" value="1" checked' in text
    for name, value in {
        "0-name": "Zoë &lt;b&gt;",
        "0-department": "Ward 2",
        "1-name": "Anna Vos",
        "1-email": "anna@hospital.example",
    }.items():
        assert f'name="peersupport-colleagues-{name}" value="{value}"' in text
    assert journey.waiting(host.app) == 0
    with host.app.app_context():
        assert db.session.scalars(db.select(Incident)).all() == []


@pytest.mark.parametrize("ways", [{}, {"watches": True, "signals": True}], ids=["field", "all"])
def test_the_prefix_of_a_form_does_not_reach_the_step(
    make_host: Callable[..., Host], ways: Any
) -> None:
    host = make_host(config={"FORM_PREFIX": "inc"}, **ways)
    data = {f"inc-{name}": text for name, text in REPORT.items()}
    prefixed = Host(host.app, sign_in, host.path, data, done=host.done)
    journey.run_journey(prefixed)


def test_populate_obj_leaves_the_incident_alone(make_host: Callable[..., Host]) -> None:
    app = make_host().app
    with app.test_request_context(method="POST", data={**REPORT, "peersupport-me": "1"}):
        form, incident = IncidentForm(), Incident()
        form.populate_obj(incident)
        assert form.peersupport.data.wants_support is True
    assert not hasattr(incident, "peersupport")
    assert incident.title == "A fall"


def test_a_post_without_the_hosts_token_stores_nothing(make_host: Callable[..., Host]) -> None:
    host = make_host(watches=True)
    client = host.client("rosa")
    answer = client.post("/incidents/new", data={**REPORT, "peersupport-me": "1"})
    assert answer.status_code == 400
    assert journey.waiting(host.app) == 0


def test_switched_off_the_host_answers_as_without_the_extension(
    make_host: Callable[..., Host], sqlite_url: str
) -> None:
    off = make_host(config={"PEERSUPPORT_ENABLED": False}, watches=True, signals=True)
    switched_off = journey.answers(off), journey.answers(off, title="")
    del IncidentForm.peersupport
    without = make_host(is_added=False)
    assert switched_off == (journey.answers(without), journey.answers(without, title=""))
