"""A host on plain SQLAlchemy with a scoped session of its own, on each database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import orm

from flask_peersupport import PeerSupport, Report
from flask_peersupport.signals import report_created
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
    waiting,
    work,
)
from tests.hosts.plain_sqlalchemy import create_app
from tests.hosts.plain_sqlalchemy.database import Account, Base, Complaint, Incident, Session
from tests.hosts.plain_sqlalchemy.peersupport_setup import add_peersupport

ENTRY = {"headline": "Wrong syringe", "ward": "Ward 1"}
WAYS = [("watch",), ("before",), ("after",), ("watch", "before", "after")]
#: The first commits by itself, the second leaves that to `with Session.begin():`.
PATHS = ["/incidents/enter", "/complaints/enter"]

each_way = pytest.mark.parametrize("ways", WAYS, ids=" and ".join)
#: For what no other database would do differently.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
each_form = pytest.mark.parametrize(
    ("ways", "path"), [*((way, PATHS[0]) for way in WAYS), *((way, PATHS[1]) for way in WAYS[1:])]
)


@pytest.fixture
def make_app(
    database_url: str, settings: dict[str, Any], tmp_path: Path
) -> Iterator[Callable[..., Flask]]:
    """Return a function that builds the desk on a database; its staff come with its tables."""
    engines: list[sa.Engine] = []

    def make(**config: Any) -> Flask:
        app = create_app(
            settings | {"DATABASE_URL": database_url} | config, str(tmp_path / "instance")
        )
        engine = Session.get_bind()
        engines.append(engine)
        if not sa.inspect(engine).has_table("account"):
            Base.metadata.create_all(engine)
            with Session.begin():
                Session.add_all(
                    Account(login=login, full_name=p.name, mail=p.email, ward=p.department)
                    for login, p in STAFF.items()
                )
            Session.remove()
        return app

    yield make
    Session.remove()
    for engine in engines:
        engine.dispose()


@pytest.fixture
def make_host(make_app: Callable[..., Flask]) -> Callable[..., Host]:
    """Return a function that builds the desk with peer support."""

    def make(ways: tuple[str, ...] = ("watch",), path: str = PATHS[0], **config: Any) -> Host:
        app = make_app(**config)
        add_peersupport(app, ways)
        open_programme(app)
        return host_of(app, path)

    return make


def host_of(app: Flask, path: str = PATHS[0]) -> Host:
    """Describe the desk."""
    return Host(app, sign_in, path, ENTRY, done="<h1>Wrong syringe</h1>")


def sign_in(client: FlaskClient, username: str) -> None:
    """Sign in as the desk wants it."""
    assert client.post("/sign-in", data={"login": username}).status_code == 302


def stored(app: Flask, model: type[Any] = Incident) -> int:
    """Return how many entries are committed."""
    with app.app_context():
        return Session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


@each_form
def test_an_entry_leads_to_support(
    make_host: Callable[..., Host], ways: tuple[str, ...], path: str
) -> None:
    run_journey(make_host(ways, path))


@each_form
def test_an_entry_that_is_rolled_back_leaves_neither(
    make_host: Callable[..., Host], ways: tuple[str, ...], path: str
) -> None:
    host = make_host(ways, path)
    answer = host.report(host.client("rosa"), data={"fail": "1"}, me=True, colleagues=[ANNA])
    assert answer.status_code == 409
    assert (stored(host.app), stored(host.app, Complaint), waiting(host.app)) == (0, 0, 0)


@on_sqlite
@each_way
def test_a_draft_comes_in_when_it_is_one_no_more(
    make_host: Callable[..., Host], ways: tuple[str, ...]
) -> None:
    host = make_host(ways)
    client = host.client("rosa")
    answer = host.report(client, data={"status": "draft"}, me=True, colleagues=[ANNA])
    assert (answer.headers["Location"], waiting(host.app)) == ("/incidents/1", 0)
    client.post("/incidents/1", data={"status": "new", "peersupport-me": "1"})
    work(host.app)
    expected = [] if ways == ("before",) else [("Rosa Reporter", "INC-1")]
    assert [(one.name, one.ref) for one in reach_outs(host.app)] == expected


@on_sqlite
@each_way
def test_an_anonymous_incident_has_no_reporter(
    make_host: Callable[..., Host], ways: tuple[str, ...]
) -> None:
    host = make_host(ways)
    client = host.client("rosa")
    host.report(client, data={"anonymous": "1"}, me=True, colleagues=[ANNA])
    work(host.app)
    assert names(host.app) == ["Anna Vos"]


def test_a_session_of_its_own_makes_a_script_s_entries_reports_as_well(
    make_host: Callable[..., Host],
) -> None:
    host = make_host()
    with host.app.app_context(), Session.session_factory.begin() as session:
        session.add(Incident(headline="Imported", ward="Ward 1", account_id=1))
    assert (stored(host.app), waiting(host.app)) == (1, 1)


def test_reconcile_finds_what_a_bulk_insert_brought(make_host: Callable[..., Host]) -> None:
    host = make_host()
    with host.app.app_context(), Session.begin():
        Session.execute(
            sa.insert(Incident), [{"headline": str(n), "status": "new"} for n in range(3)]
        )
    assert waiting(host.app) == 0
    reconcile = ["peersupport", "reconcile", "--since", "2020-01-01"]
    assert host.app.test_cli_runner().invoke(args=reconcile).output == "seen 3\nmissed 3\n"
    assert waiting(host.app) == 3


def test_in_a_database_of_its_own_the_same(make_host: Callable[..., Host], tmp_path: Path) -> None:
    host = make_host(WAYS[-1], PEERSUPPORT_DATABASE_URI=f"sqlite:///{tmp_path / 'apart.sqlite'}")
    run_journey(host)


@pytest.mark.parametrize("binding", ["later", "by model"])
def test_a_session_without_an_engine_of_its_own_harms_no_request(
    binding: str, settings: dict[str, Any], sqlite_url: str, tmp_path: Path
) -> None:
    """Bound by the host after `init_app` and the first context, or model by model."""
    engine = sa.create_engine(sqlite_url, poolclass=sa.NullPool)
    Base.metadata.create_all(engine)
    factory = orm.sessionmaker(binds={Base: engine} if binding == "by model" else {})
    session = orm.scoped_session(factory)
    app = Flask("bound_late", instance_path=str(tmp_path))
    app.config.update(settings, PEERSUPPORT_DATABASE_URI=f"sqlite:///{tmp_path / 'apart.sqlite'}")
    peersupport = PeerSupport()
    peersupport.init_app(app, session=session)
    peersupport.describe(Incident)(lambda one: Report("incident", str(one.incident_id), "Ward 1"))
    # a context that cannot be pushed would stay for the tests to come
    copy_context().run(report_in_a_session, app, session, engine if binding == "later" else None)


def report_in_a_session(app: Flask, session: orm.scoped_session[Any], late: Any) -> None:
    """Bind the session if that is to be done yet, and report: first in vain, then for good."""
    with app.app_context():
        if late is not None:
            session.configure(bind=late)
    open_programme(app)
    with app.app_context():
        incident = Incident(headline="x", status="new")
        session.add(incident)
        session.flush()
        report_created.send(app, report=incident)
        session.rollback()
        assert waiting(app) == 0
        session.add(Incident(headline="y", status="new"))
        session.flush()
        report_created.send(app, report=session.scalars(sa.select(Incident)).one())
        session.commit()
        session.remove()
    assert work(app) == {"expand": 1}
    runtime(app).storage.engine.dispose()


@on_sqlite
def test_switched_off_or_absent_the_desk_is_the_same(make_app: Callable[..., Flask]) -> None:
    found = []
    for is_added in (True, False):
        app = make_app(PEERSUPPORT_ENABLED=False)
        if is_added:
            add_peersupport(app, WAYS[-1])
        found.append([answers(host_of(app, path), **{"peersupport-me": "1"}) for path in PATHS])
        Session.remove()
        Base.metadata.drop_all(Session.get_bind())
    assert found[0] == found[1]
