"""B1: what the step adds to submitting a report.

    python -m tests.benchmarks.bench_submit [--quick]

The same host (Flask-SQLAlchemy, Flask-Login, Flask-WTF with its CSRF token) without and with the
extension, the same fields posted to both, in turns in one run, through Werkzeug's test client.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from flask import Flask, redirect, render_template_string
from flask.testing import FlaskClient
from flask_login import current_user, login_required
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import DataRequired, Length, Optional

from tests import minimal_host, servers
from tests.benchmarks.harness import Action, Series, comparison
from tests.conftest import close_host, make_keyring, make_tables
from tests.minimal_host import Incident, User, db

GOALS = {"sqlite": 1.10, "postgresql": 1.15}
STEP = {
    "peersupport-me": "1",
    "peersupport-colleagues-0-name": "Anna Vos",
    "peersupport-colleagues-0-email": "anna.vos@hospital.example",
    "peersupport-colleagues-0-wish": "yes",
    "peersupport-colleagues-1-name": "Zoë van den Berg",
    "peersupport-colleagues-1-phone": "050 765 4321",
    "peersupport-colleagues-1-profession": "nurse",
    "peersupport-colleagues-1-wish": "ask",
    "peersupport-colleagues-2-name": "Joris Jansen",
    "peersupport-colleagues-2-department": "Ward 2",
    "peersupport-colleagues-2-wish": "ask",
}
#: A browser posts the fields that were left empty too.
EMPTY = {
    f"peersupport-colleagues-{index}-{field}": ""
    for index in range(3)
    for field in ("email", "phone", "department", "profession", "discipline", "seniority", "user")
}
PAGE = """<!doctype html><html lang="nl"><body><p>{{ current_user.name }}</p>
<form method="post">{{ form.hidden_tag() }}{{ form.title.label }} {{ form.title }}
{{ form.ward.label }} {{ form.ward }}
{% if peersupport_step is defined %}{{ peersupport_step() }}{% endif %}
<button>Send</button></form></body></html>"""


class IncidentForm(FlaskForm):  # type: ignore[misc]
    """The host's form."""

    title = StringField("Title", validators=[DataRequired(), Length(max=500)])
    ward = StringField("Ward", validators=[Optional(), Length(max=200)])


def create_host(url: str, folder: Path, **config: Any) -> Flask:
    """Build the host with its form."""
    app = minimal_host.create_host(url, {"INSTANCE_PATH": str(folder)} | config)

    @app.route("/incident", methods=["GET", "POST"])
    @login_required
    def incident() -> Response | str:
        form = IncidentForm()
        if not form.validate_on_submit():
            return render_template_string(PAGE, form=form)
        row = Incident(author_id=current_user.id)
        form.populate_obj(row)
        db.session.add(row)
        db.session.commit()
        return redirect(f"/report/{row.id}")

    return app


def signed_in(app: Flask) -> tuple[FlaskClient, str]:
    """Return a browser that has opened the form, and the form's token."""
    client = app.test_client()
    client.get("/login/1")
    page = client.get("/incident").get_data(as_text=True)
    return client, page.partition('name="csrf_token" type="hidden" value="')[2].partition('"')[0]


def submitting(app: Flask) -> Action:
    """Return an action that sends the whole form once."""
    client, token = signed_in(app)
    data = {"csrf_token": token, "title": "A fall", "ward": "Ward 1"} | EMPTY | STEP

    def submit() -> None:
        assert client.post("/incident", data=data).status_code == 302

    return submit


def opening(app: Flask, address: str) -> Action:
    """Return an action that opens a page once."""
    client, _ = signed_in(app)

    def fetch() -> None:
        assert client.get(address).status_code == 200

    return fetch


def alternate(actions: dict[str, Action], *, rounds: int, calls: int) -> str:
    """Time single calls in turns, and return the table of the rounds' medians.

    A call that had to wait for the disk or for another process does not count then: what is
    compared lies close together in time, and differs by a few hundred microseconds.
    """
    tables = []
    for label, clock in (("clock", time.perf_counter), ("processor", time.process_time)):
        times: dict[str, list[float]] = {name: [] for name in actions}
        for _ in range(rounds):
            taken: dict[str, list[float]] = {name: [] for name in actions}
            gc.collect()
            gc.disable()
            for turn in range(calls):
                for name in list(actions) if turn % 2 else reversed(actions):
                    start = clock()
                    actions[name]()
                    taken[name].append(clock() - start)
            gc.enable()
            for name, found in taken.items():
                times[name].append(median(found))
        measured = {name: Series(name, tuple(found)) for name, found in times.items()}
        tables.append(f"{label}:\n\n{comparison(measured, 'host')}")
    return "\n\n".join(tables)


def run(name: str, url: str, folder: Path, *, is_quick: bool) -> None:
    """Measure on one database, and print the tables."""
    plain = create_host(url, folder)
    full = create_host(
        url,
        folder,
        PEERSUPPORT_KEYRING=str(folder / "keyring.json"),
        PEERSUPPORT_BASE_URL="https://reports.hospital.example",
        PEERSUPPORT_WORKER="separate",
    )
    make_keyring(folder / "keyring.json")
    minimal_host.add_peersupport(full)
    make_tables(full)
    with full.app_context():
        db.session.add(User(name="Rosa Reporter", email="rosa@hospital.example"))
        db.session.commit()
    effort = {"rounds": 5, "calls": 40} if is_quick else {"rounds": 11, "calls": 60}
    apps = {"host": plain, "with the extension": full}
    try:
        print(f"\n### Submitting, {name} (goal ≤ {GOALS[name]:.2f})\n")
        submits = {label: submitting(app) for label, app in apps.items()}
        print(alternate(submits, **effort))
        print(f"\n### Another page of the host, {name} (goal ≤ 1.01)\n")
        pages = {label: opening(app, "/report/1") for label, app in apps.items()}
        print(alternate(pages, **effort))
        print(f"\n### The form with the step, {name} (no goal)\n")
        forms = {label: opening(app, "/incident") for label, app in apps.items()}
        print(alternate(forms, **effort))
    finally:
        for app in apps.values():
            close_host(app)


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description="What the step adds to a report (B1).")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    is_quick = parser.parse_args().quick
    print("## B1 Submitting a report")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run("sqlite", f"sqlite:///{folder / 'bench.sqlite'}", folder, is_quick=is_quick)
        if server := os.environ.get(servers.POSTGRESQL):
            database = servers.ServerDatabase(server)
            try:
                run("postgresql", database.empty(), folder, is_quick=is_quick)
            finally:
                database.drop()
        else:
            print(f"\npostgresql: not measured, set {servers.POSTGRESQL}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
