"""Two applications in one process that share their models: each has its own programme."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from flask_peersupport import PeerSupport, Report
from flask_peersupport.errors import ConfigurationError
from flask_peersupport.reachouts.models import ReportRecord
from flask_peersupport.runtime import current_runtime
from flask_peersupport.signals import report_created
from tests.hosts import journey
from tests.hosts.journey import ANNA, STAFF, Host
from tests.hosts.two_apps import complaints, incidents
from tests.hosts.two_apps.models import Account, Entry, db
from tests.hosts.two_apps.peersupport_setup import (
    add_to_complaints,
    add_to_incidents,
    for_complaints,
    for_incidents,
)

REPORT = {"text": "A fall", "department": "Ward 1"}


@pytest.fixture
def own(settings: dict[str, Any], tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """Return a function that returns the settings of an app: a database and keys of its own."""

    def build(name: str) -> dict[str, Any]:
        return {
            **settings,
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path / name}.sqlite",
            "PEERSUPPORT_KEYRING": str(tmp_path / f"{name}.json"),
            "PEERSUPPORT_SPOOL": str(tmp_path / f"{name}-spool"),
        }

    return build


def fill(app: Flask, usernames: list[str]) -> None:
    """Make the host's tables and its accounts, in this order."""
    with app.app_context():
        db.create_all()
        for username in usernames:
            one = STAFF[username]
            db.session.add(
                Account(display_name=one.name, email=one.email, department=one.department)
            )
        db.session.commit()
    if app.extensions.get("peersupport"):
        journey.open_programme(app)


@pytest.fixture
def make_complaints(
    own: Callable[[str], dict[str, Any]], close_later: Callable[[Flask], Flask]
) -> Callable[..., Host]:
    """Return a function that builds the complaints app; its accounts have other ids."""

    def build(name: str = "complaints", *, is_added: bool = True, **config: Any) -> Host:
        app = close_later(complaints.create_app(**own(name) | config))
        if is_added:
            add_to_complaints(app)
        fill(app, list(STAFF)[::-1])

        def sign_in(client: FlaskClient, username: str) -> None:
            client.post("/session", data={"email": STAFF[username].email})

        return Host(app, sign_in, "/", REPORT, done="<h1>Complaint 1</h1>", kind="complaint")

    return build


@pytest.fixture
def make_incidents(
    own: Callable[[str], dict[str, Any]], close_later: Callable[[Flask], Flask]
) -> Callable[..., Host]:
    """Return a function that builds the incidents app."""

    def build(
        name: str = "incidents",
        office: Flask | None = None,
        *,
        is_added: bool = True,
        **config: Any,
    ) -> Host:
        app = close_later(incidents.create_app(own(name) | config, office))
        if is_added:
            add_to_incidents(app)
        fill(app, list(STAFF))

        def sign_in(client: FlaskClient, username: str) -> None:
            client.get(f"/as/{STAFF[username].name}")

        return Host(app, sign_in, "/incidents", REPORT, done="<h1>Incident 1</h1>")

    return build


def reports(app: Flask) -> list[tuple[str, str]]:
    with app.app_context(), journey.runtime(app).storage.work() as session:
        found = session.execute(select(ReportRecord.kind, ReportRecord.ref))
        return sorted((kind, ref) for kind, ref in found)


def test_the_journey_in_each_leaves_the_other_alone(
    make_incidents: Callable[..., Host], make_complaints: Callable[..., Host]
) -> None:
    first, second = make_incidents(), make_complaints()
    journey.run_journey(first)
    assert journey.waiting(second.app) == 0
    journey.work(second.app)
    assert reports(second.app) == []
    journey.run_journey(second)
    assert reports(first.app) == [("incident", "I1")]
    assert reports(second.app) == [("complaint", "K1")]
    assert len(journey.reach_outs(first.app)) == len(journey.reach_outs(second.app)) == 2


def test_requests_that_take_turns_stay_apart(
    make_incidents: Callable[..., Host], make_complaints: Callable[..., Host]
) -> None:
    hosts = [make_incidents(), make_complaints()]
    clients = [host.client("rosa") for host in hosts]
    for _ in range(2):
        for host, client in zip(hosts, clients, strict=True):
            host.report(client, me=True)
    assert [journey.waiting(host.app) for host in hosts] == [2, 2]
    for host in hosts:
        journey.work(host.app)
    assert reports(hosts[0].app) == [("incident", "I1"), ("incident", "I2")]
    assert reports(hosts[1].app) == [("complaint", "K1"), ("complaint", "K2")]


def test_an_app_that_is_built_again_hears_each_report_once(
    make_incidents: Callable[..., Host], make_complaints: Callable[..., Host]
) -> None:
    hosts = [make_incidents("one"), make_complaints("two"), make_incidents("three")]
    for host in hosts:
        host.report(host.client("rosa"), me=True, colleagues=[ANNA])
    assert [journey.waiting(host.app) for host in hosts] == [1, 1, 1]
    journey.work(hosts[2].app)
    assert journey.names(hosts[2].app) == ["Anna Vos", "Rosa Reporter"]
    assert [journey.waiting(host.app) for host in hosts] == [1, 1, 0]


def test_a_class_and_its_subclass_that_are_both_watched_are_heard_once(
    make_complaints: Callable[..., Host],
) -> None:
    host = make_complaints()
    host.report(host.client("rosa"), me=True)
    assert journey.waiting(host.app) == 1


def test_an_app_that_is_gone_leaves_the_next_one_working(
    make_incidents: Callable[..., Host], own: Callable[[str], dict[str, Any]]
) -> None:
    gone = incidents.create_app(own("gone"))
    add_to_incidents(gone)
    del gone
    gc.collect()
    journey.run_journey(make_incidents())


def test_an_app_that_is_gone_takes_its_keys_with_it(own: Callable[[str], dict[str, Any]]) -> None:
    gone = incidents.create_app(own("gone"))
    add_to_incidents(gone)
    with gone.app_context():
        known = weakref.ref(current_runtime())
    del gone
    gc.collect()
    assert known() is None


@pytest.mark.parametrize("again", [for_incidents, PeerSupport()], ids=["same", "another"])
def test_a_second_init_app_is_refused(
    make_incidents: Callable[..., Host], again: PeerSupport
) -> None:
    host = make_incidents()
    with pytest.raises(
        ConfigurationError, match=r"^PeerSupport\.init_app was called for this app already$"
    ):
        again.init_app(host.app, db)
    journey.run_journey(host)


def test_a_second_init_app_is_refused_where_it_is_switched_off(
    make_incidents: Callable[..., Host],
) -> None:
    host = make_incidents(PEERSUPPORT_ENABLED=False)
    with pytest.raises(ConfigurationError, match="was called for this app already"):
        for_incidents.init_app(host.app, db)


def test_a_copy_for_the_other_app_carries_nothing_of_the_form(
    make_incidents: Callable[..., Host], make_complaints: Callable[..., Host]
) -> None:
    office = make_complaints()
    host = make_incidents(office=office.app)
    answer = host.report(host.client("rosa"), data={"copy": "on"}, me=True, colleagues=[ANNA])
    assert answer.status_code == 302
    for one in (host, office):
        journey.work(one.app)
    assert journey.names(host.app) == ["Anna Vos", "Rosa Reporter"]
    assert reports(office.app) == [("complaint", "K1")]
    assert journey.names(office.app) == []
    with office.app.app_context(), journey.runtime(office.app).storage.work() as session:
        assert session.scalars(select(ReportRecord.reporter_id)).all() == [None]


def test_a_signal_reaches_the_app_that_is_named_as_its_sender(
    make_incidents: Callable[..., Host], make_complaints: Callable[..., Host]
) -> None:
    host, office = make_incidents(), make_complaints()
    with host.app.app_context():
        report_created.send(office.app, report=Report("complaint", "K9", department="Ward 1"))
    for one in (host, office):
        journey.work(one.app)
    assert (reports(host.app), reports(office.app)) == ([], [("complaint", "K9")])


def test_each_describes_the_same_class_in_its_own_way(
    make_incidents: Callable[..., Host], make_complaints: Callable[..., Host]
) -> None:
    hosts = {for_incidents: make_incidents(), for_complaints: make_complaints()}
    for peersupport, host in hosts.items():
        with host.app.app_context():
            db.session.add(Entry(text="A fall", department="Ward 1"))
            db.session.commit()
            assert peersupport.run_due()["expand"] == 1
    found = [reports(host.app) for host in hosts.values()]
    assert found == [[("incident", "I1")], [("complaint", "K1")]]


def test_one_that_is_switched_off_leaves_the_other_on(
    make_incidents: Callable[..., Host], make_complaints: Callable[..., Host]
) -> None:
    without = journey.answers(make_complaints("without", is_added=False))
    off, on = make_complaints("off", PEERSUPPORT_ENABLED=False), make_incidents()
    assert journey.answers(off) == without
    journey.run_journey(on)


def test_switched_off_the_host_answers_as_without_the_extension(
    make_incidents: Callable[..., Host],
) -> None:
    without = journey.answers(make_incidents("without", is_added=False))
    assert journey.answers(make_incidents("off", PEERSUPPORT_ENABLED=False)) == without
