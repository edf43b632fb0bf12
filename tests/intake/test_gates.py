"""What can be counted exactly of performance B1: the statements of the host, with and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, redirect, render_template_string, request
from flask.testing import FlaskClient
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from tests import minimal_host
from tests.conftest import close_host, make_keyring, make_tables
from tests.intake.conftest import colleague, engine_of, fill_host, intakes, signed_in
from tests.minimal_host import FORM, Incident, db

THREE = (
    {"peersupport-me": "1"}
    | colleague("Anna Vos", 0, email="anna.vos@hospital.example", wish="yes")
    | colleague("Bram Smit", 1, phone="050 765 4321", profession="nurse")
    | colleague("Joris Jansen", 2, department="Ward 2")
)
#: What the extension tells each database; none of them waits for a lock.
OURS = {
    "sqlite": [
        "SAVEPOINT peersupport",
        "INSERT INTO peersupport_intake",
        "RELEASE SAVEPOINT peersupport",
    ],
    "postgresql": [
        "SAVEPOINT peersupport; LOCK TABLE peersupport_intake IN ROW EXCLUSIVE MODE NOWAIT",
        "INSERT INTO peersupport_intake",
        "RELEASE SAVEPOINT peersupport",
    ],
    "mysql": [
        "SAVEPOINT peersupport",
        "SET STATEMENT lock_wait_timeout = 0, innodb_lock_wait_timeout = 1"
        " FOR INSERT INTO peersupport_intake",
        "RELEASE SAVEPOINT peersupport",
    ],
}


def add_pages(app: Flask) -> None:
    """Give the host what hosts have: a list, and pages that greet whoever is signed in."""

    @app.get("/reports")
    @login_required
    def list_reports() -> str:
        rows = db.session.scalars(sa.select(Incident).order_by(Incident.id))
        return ", ".join(row.title for row in rows)

    @app.route("/own-report", methods=["GET", "POST"])
    @login_required
    def own_report() -> Response | str:
        if request.method == "GET":
            return render_template_string("{{ current_user.name }}" + FORM)
        incident = Incident(title=request.form["title"], author_id=current_user.id)
        db.session.add(incident)
        db.session.commit()
        return redirect(f"/report/{incident.id}")


@pytest.fixture
def hosts(database_url: str, host_config: dict[str, Any]) -> Iterator[tuple[Flask, Flask]]:
    """The same host on the same database, without and with the extension."""
    plain_config = {k: v for k, v in host_config.items() if not k.startswith("PEERSUPPORT_")}
    plain = minimal_host.create_host(database_url, plain_config)
    full = minimal_host.create_host(database_url, host_config)
    make_keyring(Path(full.config["PEERSUPPORT_KEYRING"]))
    minimal_host.add_peersupport(full)
    make_tables(full)
    for app in (plain, full):
        add_pages(app)
    with full.app_context():
        fill_host(full)
    yield plain, full
    for app in (plain, full):
        close_host(app)


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """Collect what the database is told within the block."""
    engine = engine_of(app)
    told: list[str] = []

    def note_statement(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        told.append(" ".join(statement.split()))

    def noting(word: str) -> Callable[..., None]:
        def note(*rest: Any) -> None:
            told.append(word)

        return note

    notes = {"before_cursor_execute": note_statement} | {
        name: noting(f"<{name}>") for name in ("begin", "commit", "rollback", "savepoint")
    }
    for name, note in notes.items():
        sa.event.listen(engine, name, note)
    try:
        yield told
    finally:
        for name, note in notes.items():
            sa.event.remove(engine, name, note)


def of_request(app: Flask, send: Callable[[FlaskClient], Any]) -> list[str]:
    """Return what one request of somebody who is signed in tells the database, warmed up."""
    client = signed_in(app)
    send(client)
    with counted(app) as told:
        assert send(client).status_code in (200, 302)
    return told


@pytest.mark.parametrize("step", [THREE, {}], ids=["three colleagues", "no step"])
@pytest.mark.parametrize("address", ["/report", "/own-report"])
def test_a_submit_adds_one_insert_and_its_savepoint(
    hosts: tuple[Flask, Flask], address: str, step: dict[str, str]
) -> None:
    data = {"title": "A fall", "ward": "Ward 1"} | step
    plain, full = (of_request(app, lambda c: c.post(address, data=data)) for app in hosts)
    ours = OURS[engine_of(hosts[1]).dialect.name]
    begin = full.index(ours[0])
    added = [told.partition(" (")[0] for told in full[begin : begin + len(ours)]]
    assert added == ours
    assert full[:begin] + full[begin + len(ours) :] == plain
    assert full[begin - 1].startswith("INSERT INTO incidents")
    assert full.count("<commit>") == 1
    assert len(intakes(hosts[1])) == 2


@pytest.mark.parametrize(
    "address", ["/own-report", "/reports", "/report/1", "/login/1", "/logout", "/sign-in"]
)
def test_every_other_page_of_the_host_runs_the_same_statements(
    hosts: tuple[Flask, Flask], address: str
) -> None:
    with hosts[0].app_context():
        db.session.add(Incident(title="A fall"))
        db.session.commit()
    plain, full = (of_request(app, lambda c: c.get(address)) for app in hosts)
    assert full == plain


def test_the_form_of_a_visitor_without_an_account_runs_no_statement(
    hosts: tuple[Flask, Flask],
) -> None:
    client = hosts[1].test_client()
    client.get("/report")
    with counted(hosts[1]) as told:
        assert b'name="peersupport-me"' in client.get("/report").data
    assert told == []


def test_the_step_asks_no_more_than_who_is_signed_in(hosts: tuple[Flask, Flask]) -> None:
    """Where the host itself does not look at its user, the step does: for its language."""
    told = of_request(hosts[1], lambda client: client.get("/report"))
    assert len([one for one in told if not one.startswith("<")]) == 1
    assert told[1].startswith("SELECT users.id")
