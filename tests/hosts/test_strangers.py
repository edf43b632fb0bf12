"""Hosts whose users have keys of another kind, no e-mail address and no department."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from flask_peersupport import Person
from flask_peersupport.reachouts.models import ReachOut
from flask_peersupport.testing import prepare, report_with_step
from tests.hosts import strangers_badge, strangers_uuid
from tests.hosts.journey import (
    DEPARTMENTS,
    STAFF,
    SUPPORTERS,
    Host,
    answers,
    names,
    reach_outs,
    runtime,
    work,
)
from tests.hosts.strangers_badge import models
from tests.hosts.strangers_badge import peersupport_setup as badge_setup
from tests.hosts.strangers_uuid import peersupport_setup as uuid_setup

NAMES = {username: person.name for username, person in STAFF.items()} | {"carla": "Carla Coord"}
IDS = {
    "strangers_uuid": {
        username: str(uuid.uuid5(uuid.NAMESPACE_DNS, username)) for username in NAMES
    },
    "strangers_badge": {username: f"u-{n:04}/a" for n, username in enumerate(NAMES)},
}
EVENT = {"what": "A fall", "where": "Ward 1"}
MELDING = {"nummer": "2026/117 b", "tekst": "A fall"}
#: A colleague as a reporter types her where the directory knows names only.
ANNA = {"name": "Anna Vos", "department": "Ward 2"}

MakeHost = Callable[..., Host]


@pytest.fixture
def make_uuid(
    sqlite_url: str, settings: dict[str, Any], close_later: Callable[[Flask], Flask]
) -> Callable[..., Host]:
    """Return a function that builds the register whose keys are UUIDs."""

    def make(*, is_added: bool = True, **config: Any) -> Host:
        made = strangers_uuid.create_app(
            **settings | {"SQLALCHEMY_DATABASE_URI": sqlite_url} | config
        )
        app = close_later(made)
        if is_added:
            uuid_setup.setup(app)
        with app.app_context():
            strangers_uuid.db.create_all()
            for nick, member_id in IDS["strangers_uuid"].items():
                member = strangers_uuid.Member(nick=nick, display_name=NAMES[nick])
                member.id = uuid.UUID(member_id)
                strangers_uuid.db.session.merge(member)
            strangers_uuid.db.session.commit()
        return Host(app, lambda client, nick: client.post(f"/in/{nick}"), "/", EVENT, "A fall")

    return make


@pytest.fixture
def make_badge(
    sqlite_url: str, settings: dict[str, Any], close_later: Callable[[Flask], Flask]
) -> Callable[..., Host]:
    """Return a function that builds the list whose users have a badge."""

    def make(*, is_added: bool = True, **config: Any) -> Host:
        made = strangers_badge.create_app(
            settings | {"SQLALCHEMY_DATABASE_URI": sqlite_url} | config
        )
        app = close_later(made)
        if is_added:
            badge_setup.init_app(app)
        with app.app_context():
            models.db.create_all()
            for username, badge in IDS["strangers_badge"].items():
                first, _, last = NAMES[username].partition(" ")
                someone = models.Medewerker(badge=badge, voornaam=first, achternaam=last)
                models.db.session.merge(someone)
            models.db.session.commit()

        def sign_in(client: FlaskClient, username: str) -> TestResponse:
            return client.post("/aanmelden", data={"badge": IDS["strangers_badge"][username]})

        return Host(app, sign_in, "/melden", MELDING, "Gemeld: A fall", kind="calamity")

    return make


@pytest.fixture(params=["make_uuid", "make_badge"])
def make_host(request: pytest.FixtureRequest) -> MakeHost:
    """Return a function that builds either host."""
    made: MakeHost = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def host(make_host: MakeHost) -> Host:
    """Either host with peer support, its supporters and its coordinator."""
    host = make_host()
    ids = ids_of(host)
    prepare(
        host.app,
        departments=DEPARTMENTS,
        supporters=[
            Person(NAMES[one], user_id=ids[one], department=STAFF[one].department)
            for one in SUPPORTERS
        ],
    )
    run = host.app.test_cli_runner().invoke
    grant = ["peersupport", "grant", "coordinator", ids["carla"]]
    assert run(args=grant).output == "coordinator granted\n"
    return host


def ids_of(host: Host) -> dict[str, str]:
    """Return the host's ids by user name."""
    return IDS[host.app.name.rpartition(".")[2]]


def waits_for_a_department(host: Host) -> str:
    """Return the id of the only reach-out; nobody can be asked yet."""
    with host.app.app_context(), runtime(host.app).storage.work() as session:
        (row,) = session.scalars(select(ReachOut))
        assert (row.state, row.waiting_for) == ("needs_coordinator", "unknown_department")
        assert row.requests == []
        return row.id


def press(client: FlaskClient, page: str, action: str, **data: str) -> TestResponse:
    """Send a form of one of our pages, as its button does."""
    shown = client.get(page)
    assert shown.status_code == 200
    token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
    assert token is not None
    assert f'action="{page}/{action}"' in shown.text
    answer = client.post(f"{page}/{action}", data=data | {"csrf_token": token[1]})
    assert answer.status_code == 302, answer.status
    return answer


def supporter_on_offer(client: FlaskClient, page: str, name: str) -> str:
    """Return the id behind the button with which a coordinator asks a supporter."""
    text = html.unescape(client.get(page).text)
    proposals = re.findall(r'<li class="ps-proposal">.*?</li>', text, re.DOTALL)
    (mine,) = [one for one in proposals if name in one]
    found = re.search(r'name="supporter_id" value="(\w+)"', mine)
    assert found is not None
    return found[1]


def test_a_coordinator_finds_the_support_that_no_rule_can(host: Host) -> None:
    rosa = host.client("rosa")
    page = host.arrive(rosa, host.report(rosa, me=True))
    assert host.done in page.text
    work(host.app)
    reach_out_id = waits_for_a_department(host)
    carla, address = host.client("carla"), f"/peersupport/reach-outs/{reach_out_id}"
    press(carla, address, "identify", department="Ward 1", report_department="Ward 1")
    chosen = supporter_on_offer(carla, address, "Sven Steun")
    press(carla, address, "ask", supporter_id=chosen)
    work(host.app)
    assert host.accept("Rosa Reporter") == "sven"
    assert [(one.name, one.state) for one in reach_outs(host.app)] == [
        ("Rosa Reporter", "accepted")
    ]


def test_one_reach_out_a_person_however_they_are_named(host: Host) -> None:
    """Rosa ticks, names herself, and picks herself from the suggestions."""
    rosa, ids = host.client("rosa"), ids_of(host)
    picked = Person(NAMES["rosa"], user_id=ids["rosa"])
    anna = Person(NAMES["anna"], user_id=ids["anna"])
    host.report(rosa, me=True, colleagues=[picked, anna, picked, anna])
    work(host.app)
    assert names(host.app) == ["Anna Vos", "Rosa Reporter"]
    with host.app.app_context():
        users = runtime(host.app).users
        assert users.get(ids["rosa"]) == picked
        assert users.get("no such id") is None
        assert users.find("rosa@hospital.example") is None


def test_an_anonymous_report_has_no_reporter(host: Host) -> None:
    rosa = host.client("rosa")
    host.report(rosa, data={"secret": "on", "anoniem": "ja"}, me=True, colleagues=[ANNA])
    work(host.app)
    assert names(host.app) == ["Anna Vos"]


def test_a_draft_waits_until_it_is_ready(make_uuid: MakeHost) -> None:
    host = make_uuid()
    prepare(host.app)
    rosa = host.client("rosa")
    draft = host.report(rosa, data={"later": "on"}, me=True, colleagues=[ANNA])
    assert work(host.app) == {}
    rosa.post(draft.headers["Location"], data={"peersupport-me": "1"})
    with host.app.app_context():
        event_id = strangers_uuid.db.session.scalar(select(strangers_uuid.Event.id))
    assert work(host.app)["expand"] == 1
    assert draft.headers["Location"] == f"/{event_id}"


def test_a_number_that_is_taken_is_reported_once(make_badge: MakeHost) -> None:
    """The second insert fails in the flush: its step goes with it."""
    host = make_badge()
    prepare(host.app)
    rosa = host.client("rosa")
    host.report(rosa, me=True)
    answer = report_with_step(rosa, "/melden", MELDING, colleagues=[ANNA])
    assert "Dit nummer is er al." in answer.text
    assert 'value="Anna Vos"' in answer.text
    assert work(host.app)["expand"] == 1


def test_switched_off_or_absent_the_host_is_the_same(make_host: MakeHost) -> None:
    off = make_host(PEERSUPPORT_ENABLED=False)
    found = [answers(off), answers(off, **{"peersupport-me": "1", "nummer": "2"})]
    absent = make_host(is_added=False)
    for model in (strangers_uuid.Event, models.Melding):
        db = absent.app.extensions["sqlalchemy"]
        if model in {mapper.class_ for mapper in db.Model.registry.mappers}:
            with absent.app.app_context():
                db.session.execute(db.delete(model))
                db.session.commit()
    again = [answers(absent), answers(absent, **{"peersupport-me": "1", "nummer": "2"})]
    assert without_ids(found) == without_ids(again)


def without_ids(found: list[Any]) -> str:
    """Return what was answered without the random ids of the reports."""
    return re.sub(r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}", "id", str(found))
