"""Hosts whose reports are in another database than peer support's tables."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from flask_peersupport.clock import utc_now
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.jobs import run_due
from tests import servers
from tests.hosts import other_database, second_bind
from tests.hosts.journey import (
    ANNA,
    STAFF,
    Host,
    answers,
    names,
    open_programme,
    run_journey,
    runtime,
    waiting,
    work,
)
from tests.hosts.other_database import models
from tests.hosts.other_database import peersupport_setup as portal_setup
from tests.hosts.other_database.models import NearMiss, Nurse
from tests.hosts.second_bind import peersupport_setup as bind_setup

MISS = {"text": "Wrong patient, noticed in time", "team": "Ward 1"}
#: Longer than a host may take between our row and its commit.
LATER = timedelta(minutes=16)
WAYS = [("watch",), ("before",), ("after",), ("watch", "before", "after")]
each_way = pytest.mark.parametrize("ways", WAYS, ids=" and ".join)
#: For what no other database would do differently.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MakePortal = Callable[..., Host]


@pytest.fixture
def make_portal(
    database_url: str,
    tmp_path: Path,
    settings: dict[str, Any],
    close_later: Callable[[Flask], Flask],
) -> MakePortal:
    """Return a function that builds the portal on a database, peer support on an SQLite file."""
    config = settings | {
        "SQLALCHEMY_DATABASE_URI": database_url,
        "PEERSUPPORT_DATABASE_URI": f"sqlite:///{tmp_path / 'support.sqlite'}",
    }

    def make(ways: tuple[str, ...] = ("watch",), **others: Any) -> Host:
        portal = close_later(other_database.create_app(config | others))
        if ways:
            portal_setup.install(portal, ways)
        with portal.app_context():
            models.db.drop_all()
            models.db.create_all()
            for username, one in STAFF.items():
                nurse = Nurse(username=username, full_name=one.name, team=one.department)
                nurse.email = one.email
                models.db.session.add(nurse)
            models.db.session.commit()
        if ways and portal.config.get("PEERSUPPORT_ENABLED", True):
            open_programme(portal)
        return Host(
            portal, enter, "/portal/near-misses/new", MISS | {"send": "Send"}, done="Thank you"
        )

    return make


def enter(client: FlaskClient, username: str) -> None:
    """Sign in as the portal wants it: its form has a token."""
    page = client.get("/portal/enter")
    token = page.text.partition('name="csrf_token" type="hidden" value="')[2].partition('"')[0]
    sent = client.post("/portal/enter", data={"username": username, "csrf_token": token})
    assert sent.status_code == 302


def misses(app: Flask) -> list[int]:
    """Return the numbers of what is committed in the host's database."""
    with app.app_context():
        return list(models.db.session.scalars(sa.select(NearMiss.id)))


def confirmed(app: Flask) -> list[bool]:
    """Return of each intake row whether the host's commit is certain."""
    with app.app_context(), runtime(app).storage.work() as session:
        return list(session.scalars(sa.select(IntakeRecord.is_confirmed)))


def work_later(app: Flask) -> None:
    """Do what is due when nobody can be about to commit any more."""
    with app.app_context():
        counts = run_due(runtime(app), utc_now() + LATER)
    assert [name for name in counts if name.endswith("_failed")] == []


@each_way
def test_a_report_leads_to_support(make_portal: MakePortal, ways: tuple[str, ...]) -> None:
    host = make_portal(ways)
    run_journey(host)
    with host.app.app_context():
        assert not sa.inspect(models.db.engine).has_table("peersupport_intake")


@pytest.mark.database
@on_sqlite
def test_a_host_on_sqlite_with_support_on_postgresql(
    make_portal: MakePortal, postgresql_database: servers.ServerDatabase
) -> None:
    run_journey(make_portal(WAYS[-1], PEERSUPPORT_DATABASE_URI=postgresql_database.empty()))


def test_before_the_host_s_commit_the_intake_is_there_but_unconfirmed(
    make_portal: MakePortal,
) -> None:
    host = make_portal()
    with host.app.app_context():
        models.db.session.add(NearMiss(text="x", team="Ward 1", nurse_id=1))
        models.db.session.flush()
        assert confirmed(host.app) == [False]
        assert work(host.app) == {}
        models.db.session.commit()
        assert confirmed(host.app) == [True]


def test_a_commit_after_the_worker_gave_the_host_up_brings_it_in_all_the_same(
    make_portal: MakePortal,
) -> None:
    host = make_portal()
    with host.app.app_context():
        models.db.session.add(NearMiss(text="x", team="Ward 1", nurse_id=1))
        models.db.session.flush()
        work_later(host.app)
        assert waiting(host.app) == 0
        models.db.session.commit()
    assert work(host.app) == {"unspool": 1, "expand": 1}


@each_way
def test_a_rollback_leaves_neither(make_portal: MakePortal, ways: tuple[str, ...]) -> None:
    host = make_portal(ways)
    refused = host.report(host.client("rosa"), data={"text": "refused"}, me=True, colleagues=[ANNA])
    assert refused.status_code == 422
    assert (misses(host.app), waiting(host.app)) == ([], 0)


@on_sqlite
@each_way
def test_a_draft_comes_in_when_it_is_sent(make_portal: MakePortal, ways: tuple[str, ...]) -> None:
    host = make_portal(ways)
    client = host.client("rosa")
    data = {"draft": "Keep", "send": ""}
    assert "/1" in host.report(client, data=data, me=True, colleagues=[ANNA]).headers["Location"]
    assert waiting(host.app) == 0
    host.report(client, "/portal/near-misses/1/edit", me=True)
    work(host.app)
    assert names(host.app) == ["Rosa Reporter"]


@on_sqlite
def test_an_anonymous_report_has_no_reporter(make_portal: MakePortal) -> None:
    host = make_portal(WAYS[-1])
    host.report(host.client("rosa"), data={"nameless": "y"}, me=True, colleagues=[ANNA])
    work(host.app)
    assert names(host.app) == ["Anna Vos"]


def report_and_be_killed(host: Host, moment: str) -> None:
    """Report in a process of its own, which is killed just before or after the host's COMMIT."""
    with host.app.app_context():
        engine = models.db.engine
    engine.dispose()
    runtime(host.app).storage.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            client = host.client("rosa")
            kill: Callable[..., None] = lambda *given: os.kill(os.getpid(), signal.SIGKILL)  # noqa: E731
            if moment == "before":
                event.listen(engine, "commit", kill)
            else:
                # the first listener of the session: ours has not confirmed anything yet
                event.listen(models.db.session, "after_commit", kill, insert=True)
            host.report(client, me=True, colleagues=[ANNA])
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize("ways", WAYS[:2], ids=" and ".join)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_the_host_s_commit_the_worker_decides(
    make_portal: MakePortal, moment: str, ways: tuple[str, ...]
) -> None:
    host = make_portal(ways)
    report_and_be_killed(host, moment)
    assert misses(host.app) == ([] if moment == "before" else [1])
    assert confirmed(host.app) == [False]
    assert work(host.app) == {}, "the host may be about to commit"
    work_later(host.app)
    expected = [] if moment == "before" else ["Anna Vos", "Rosa Reporter"]
    assert names(host.app) == expected
    assert waiting(host.app) == 0


def test_the_number_of_a_killed_report_means_another_one(make_portal: MakePortal) -> None:
    host = make_portal()
    report_and_be_killed(host, "before")
    with host.app.app_context():
        made = models.now() + timedelta(minutes=1)
        models.db.session.add(NearMiss(id=1, text="x", team="Ward 1", nurse_id=2, made=made))
        models.db.session.commit()
    assert confirmed(host.app) in ([False, True], [True, False])
    work_later(host.app)
    assert (names(host.app), waiting(host.app)) == ([], 0)


@on_sqlite
def test_switched_off_or_absent_the_portal_is_the_same(make_portal: MakePortal) -> None:
    off = make_portal(WAYS[-1], PEERSUPPORT_ENABLED=False)
    found = [answers(off), answers(off, text=""), answers(off, **{"peersupport-me": "1"})]
    absent = make_portal(())
    assert found == [
        answers(absent),
        answers(absent, text=""),
        answers(absent, **{"peersupport-me": "1"}),
    ]


@pytest.fixture
def make_bound(
    tmp_path: Path, settings: dict[str, Any], close_later: Callable[[Flask], Flask]
) -> Callable[..., Host]:
    """Return a function that builds the register with its incidents on another bind."""

    def make(name: str = "first", *, is_added: bool = True, **config: Any) -> Host:
        uris = {
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path / name}.sqlite",
            "SQLALCHEMY_BINDS": {"incidents": f"sqlite:///{tmp_path / name}-incidents.sqlite"},
        }
        app = close_later(second_bind.create_app(settings | uris | config))
        if is_added:
            bind_setup.add_to(app)
        with app.app_context():
            second_bind.db.create_all()
            for one in STAFF.values():
                fields = {"name": one.name, "email": one.email, "department": one.department}
                second_bind.db.session.add(second_bind.Person(**fields))
            second_bind.db.session.commit()
        return Host(
            app,
            lambda client, who: client.post("/login", data={"name": STAFF[who].name}),
            "/",
            {"title": "A fall"},
            done="A fall",
        )

    return make


@pytest.fixture
def bound(make_bound: Callable[..., Host]) -> Host:
    """The register with its incidents on another bind, and peer support on the default one."""
    host = make_bound()
    open_programme(host.app)
    return host


@pytest.mark.parametrize("logged", ["", "after", "before"])
def test_a_report_on_another_bind_leads_to_support(bound: Host, logged: str) -> None:
    run_journey(
        bound,
        lambda client: bound.report(client, data={"logged": logged}, me=True, colleagues=[ANNA]),
    )


@pytest.mark.parametrize("logged", ["", "after", "before"])
def test_a_rollback_on_both_binds_leaves_neither(bound: Host, logged: str) -> None:
    data = {"logged": logged, "refused": "1"}
    bound.report(bound.client("rosa"), data=data, me=True, colleagues=[ANNA])
    assert waiting(bound.app) == 0


def test_switched_off_or_absent_the_register_is_the_same(make_bound: Callable[..., Host]) -> None:
    off = make_bound("off", PEERSUPPORT_ENABLED=False)
    assert answers(off) == answers(make_bound("absent", is_added=False))
