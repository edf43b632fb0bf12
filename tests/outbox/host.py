"""A host with only what the outbox needs, so that its tests stand on nothing above it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from flask import Flask, redirect
from jinja2 import ChoiceLoader, DictLoader
from sqlalchemy import orm
from werkzeug.wrappers import Response

from flask_peersupport.access.models import Grant
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.blueprint import make_blueprint
from flask_peersupport.config import load_settings
from flask_peersupport.db import Base, Storage
from flask_peersupport.outbox import mails, views
from flask_peersupport.outbox.models import Message
from flask_peersupport.runtime import EXTENSION, Runtime
from flask_peersupport.values import Person
from flask_peersupport.vault.keyring import FileKeys
from flask_peersupport.vault.models import PersonRecord

TABLES = [model.__table__ for model in (PersonRecord, Grant, AuditEntry, Message)]

#: Mails that only the tests know.
TEMPLATES = {
    "peersupport/mail/neutral.txt": (
        '{% extends "peersupport/mail/_base.txt" %}'
        "{% block subject %}A message for you{% endblock %}"
        "{% block body %}There is a message for you.{% endblock %}"
    ),
    "peersupport/mail/neutral.html": (
        '{% extends "peersupport/mail/_base.html" %}'
        "{% block body %}<p>There is a message for you.</p>{% endblock %}"
    ),
    "peersupport/mail/echo.txt": "{{ said }}\n\n{{ said }}",
    "peersupport/mail/echo.html": "<p>{{ said }}</p>",
}


@dataclass
class People:
    """Both adapters that the pages need: who is signed in, with what roles."""

    person: Person | None = None
    roles: set[str] = field(default_factory=set)

    def current(self) -> Person | None:
        return self.person

    def get(self, user_id: str | None) -> Person | None:
        return None

    def find(self, email: str) -> Person | None:
        return None

    def search(self, text: str, limit: int) -> list[Person]:
        return []

    def sign_in(self, next: str) -> Response:
        return redirect("/sign-in")

    def of(self, person: Person) -> set[str]:
        return self.roles

    def members(self, role: str) -> list[Person]:
        return []


def create_host(database_url: str, keyring: Path, **config: Any) -> Flask:
    """Build the host; its tables are made by `create_tables`."""
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY="a key for tests", TESTING=True, MAIL_SERVER="127.0.0.1")
    app.config.from_mapping(
        PEERSUPPORT_BASE_URL="https://reports.hospital.example",
        PEERSUPPORT_MAIL_FROM="peersupport@hospital.example",
        PEERSUPPORT_ESCALATION_ADDRESS="board@hospital.example",
        PEERSUPPORT_PROGRAMME_NAME="Collegiale steun",
    )
    app.config.from_mapping(config)
    assert app.jinja_loader is not None
    app.jinja_loader = ChoiceLoader([DictLoader(TEMPLATES), app.jinja_loader])
    engine = sa.create_engine(database_url)
    session = orm.scoped_session(orm.sessionmaker(engine))
    settings = load_settings(app.config)
    people = People()
    app.extensions[EXTENSION] = Runtime(
        settings=settings,
        storage=Storage(session, lambda: engine, is_shared_with_host=False),
        users=people,
        roles=people,
        departments=cast(Any, None),
        reports=cast(Any, None),
        keys=FileKeys(keyring),
        spool=Path(app.instance_path) / "spool",
        descriptions={},
        watched={},
    )
    app.register_blueprint(make_blueprint(settings, [views.blueprint]))

    @app.teardown_appcontext
    def remove_session(error: BaseException | None) -> None:
        session.remove()

    return app


def forget_slices_above() -> None:
    """Register the mails as they are without reach-outs."""
    mails.MAILS.clear()
    mails.MAILS.update({mail.name: mail for mail in mails.SHIPPED})


def create_tables(app: Flask) -> None:
    """Make the tables that the outbox needs."""
    runtime: Runtime = app.extensions[EXTENSION]
    Base.metadata.create_all(runtime.storage.engine, tables=cast(Any, TABLES))
