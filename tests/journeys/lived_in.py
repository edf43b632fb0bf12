"""The example hospital after some weeks of use: a data set with every state, and its servers."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, render_template
from werkzeug.serving import make_server

from example_app import create_app, peersupport_demo, recent_days
from example_app.extensions import db
from example_app.seed import seed
from example_app.stage import Posting, Stage
from flask_peersupport.clock import utc_now
from flask_peersupport.jobs import run_due
from flask_peersupport.outbox.mailer import EXTENSION
from flask_peersupport.reachouts.models import ReachOut, SupportRequest
from flask_peersupport.reachouts.states import RequestState
from flask_peersupport.runtime import current_runtime
from flask_peersupport.supporters.models import Supporter

HERE = Path(__file__).parent
STRICT = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
COORDINATOR = "ellen.dijkstra"
NURSE = "sanne.dejong"
SUPPORTER = "marieke.postma"
#: A colleague whom nobody knows, and one who bears the name of a coordinator.
UNKNOWN = "dokter Van Zanten (waarnemer)"
NAMESAKE = "Ruben Mulder"
#: Colleagues without an account whose reach-outs stay as they are put here.
QUEUED = "Hilde Aaldering"
BY_HAND = "Otto Rietkerk"
LONG_NAME = "Wilhelmina-Alexandrina van Hogendorp-Schimmelpenninck van der Oye tot Nijenrode"


class RefusingMailer:
    """A mail server that knows nobody."""

    def send(self, message: EmailMessage) -> None:
        """Refuse a mail for good."""
        raise smtplib.SMTPRecipientsRefused({str(message["To"]): (550, b"no such user")})


def make_hospital(**settings: Any) -> Flask:
    """Build the example application on the instance folder of the environment."""
    return create_app({"PEERSUPPORT_WORKER": "separate", **settings})


def fill(app: Flask) -> None:
    """Play the demo's last weeks."""
    with app.app_context():
        db.create_all()
        seed(db.session)
        db.session.commit()
        peersupport_demo.prepare(app)
        recent_days.play_some_days(app)
        db.session.remove()


def add_states(app: Flask) -> None:
    """Add what the weeks of the demo leave out, through the real pages and jobs."""
    mailer = app.extensions[EXTENSION]
    stage = Stage(app, lambda letter, now: None)
    app.extensions[EXTENSION] = RefusingMailer()
    now = utc_now()
    colleagues = [{"name": QUEUED}]
    for name, address in ((BY_HAND, "otto@elders.example"), (NAMESAKE, "ruben@elders.example")):
        colleagues.append({"name": name, "email": address, "department": "Cardiologie"})
    stage.submit(
        Posting("incident", "willem.hoekstra", "Vaatchirurgie", now, "Val", colleagues=colleagues),
        now,
    )
    by_hand = make_hospital(PEERSUPPORT_ASK_AFTER=None)
    by_hand.extensions[EXTENSION] = RefusingMailer()
    with by_hand.app_context():
        run_due(current_runtime(), now)
        db.engine.dispose()
    queued = reach_outs_of(app)[QUEUED]
    fields = {"user": "", "department": "Radiologie"}
    stage.post(COORDINATOR, now, f"/peersupport/reach-outs/{queued}/identify", fields)
    pausing = next(iter(supporters_of(app).values()))
    stage.post(COORDINATOR, now, f"/peersupport/supporters/{pausing}/pause", {"until_on": ""})
    app.extensions[EXTENSION] = mailer


def reach_outs_of(app: Flask) -> dict[str, str]:
    """Return the id of a reach-out by the name of the colleague, and by `state`."""
    with app.app_context():
        rows = db.session.scalars(db.select(ReachOut)).all()
        found = {row.state.value: row.id for row in rows}
        found["overdue"] = next(row.id for row in rows if row.overdue_at is not None)
        return found | {row.person.name: row.id for row in rows if row.person is not None}


def supporters_of(app: Flask) -> dict[str, str]:
    """Return the id of each supporter by user name."""
    with app.app_context():
        rows = db.session.scalars(db.select(Supporter).order_by(Supporter.id))
        return {recent_days.username_of(row): row.id for row in rows}


def holders_of(app: Flask) -> dict[str, tuple[str, str]]:
    """Return a reach-out of each state that a supporter has: its id, and who has it."""
    with app.app_context():
        rows = [row for row in db.session.scalars(db.select(ReachOut)) if row.supporter is not None]
        found = {}
        for row in rows:
            if row.state.value != "closed" and row.supporter is not None:
                state = "overdue" if row.overdue_at is not None else row.state.value
                found[state] = row.id, recent_days.username_of(row.supporter)
        return found


def requests_of(app: Flask, username: str) -> dict[str, str]:
    """Return a request of each state to a supporter."""
    with app.app_context():
        rows = db.session.scalars(db.select(SupportRequest))
        return {
            row.state.value: row.id
            for row in rows
            if recent_days.username_of(row.supporter) == username
        }


def withdrawn_request(app: Flask) -> tuple[str, str]:
    """Return a request that was taken back, and who had been asked."""
    with app.app_context():
        row = db.session.scalars(
            db.select(SupportRequest).where(SupportRequest.state == RequestState.WITHDRAWN)
        ).first()
        assert row is not None
        return row.id, recent_days.username_of(row.supporter)


def dress(app: Flask, template: str) -> Flask:
    """Give a variant of the host a form of its own at /host-form, and a strict policy."""
    host = Blueprint(
        "dressed",
        __name__,
        root_path=str(HERE),
        template_folder="templates",
        static_folder="static",
        static_url_path="/dressed",
    )

    @host.get("/host-form")
    def host_form() -> str:
        return render_template(template)

    @host.after_app_request
    def be_strict(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = STRICT
        return response

    app.register_blueprint(host)
    return app


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an app on a free port; yield its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
