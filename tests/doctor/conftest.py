"""An installation that lacks nothing, to be broken by each test in one way."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from flask_peersupport import schema
from flask_peersupport.access.models import Department
from flask_peersupport.access.roles import ROLES, grant_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.clock import utc_now
from flask_peersupport.doctor import Finding, Level, examine
from flask_peersupport.heartbeat.beats import Pulse
from flask_peersupport.heartbeat.models import WorkerKind
from flask_peersupport.runtime import current_runtime
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from flask_peersupport.vault.persons import store_person
from tests import minimal_host
from tests.outbox import postbox
from tests.outbox.postbox import Postbox

MakeApp = Callable[..., Flask]


@pytest.fixture(scope="module")
def mail_server() -> Iterator[Postbox]:
    """A mail server that answers."""
    with postbox.running() as box:
        yield box


@pytest.fixture
def closed_port() -> int:
    """A port of this machine on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture
def well(make_app: MakeApp, mail_server: Postbox) -> MakeApp:
    """Return a function that builds an installation that lacks nothing but what it is told."""

    def build(
        database_url: str | None = None, adapters: dict[str, Any] | None = None, **config: Any
    ) -> Flask:
        config.setdefault("PEERSUPPORT_ESCALATION_ADDRESS", "board@hospital.example")
        config.setdefault("PEERSUPPORT_BASE_URL", "https://portal.hospital.example")
        config.setdefault("PEERSUPPORT_MAIL_FROM", "team@hospital.example")
        config.setdefault("MAIL_SERVER", "127.0.0.1")
        config.setdefault("MAIL_PORT", mail_server.port)
        app = make_app(database_url, adapters, with_tables=False, **config)
        with app.app_context():
            runtime = current_runtime()
            schema.upgrade(runtime.storage.engine)
            minimal_host.db.create_all()
            if runtime.storage.engine.dialect.name == "sqlite":
                execute(app, "PRAGMA journal_mode = WAL")
            fill()
            beat(app)
        return app

    return build


def fill() -> None:
    """Store a department, an appointed supporter of each profession, and who has which role."""
    runtime = current_runtime()
    now = utc_now()
    with runtime.storage.work() as session:
        session.add(Department(name="Surgery", plain_name="surgery"))
        for profession in runtime.settings.professions:
            record = store_person(
                session, Person(profession, email=f"{profession}@example.org"), now=now
            )
            session.add(
                Supporter(
                    person_id=record.id,
                    profession=profession,
                    state=SupporterState.APPOINTED,
                    appointed_on=now.date(),
                    created_at=now,
                )
            )
        for number, role in enumerate(ROLES):
            person = Person("Ann Example", user_id=str(number))
            grant_role(session, role, person, actor=COMMAND, now=now)
        session.commit()


def beat(app: Flask, kind: WorkerKind = WorkerKind.SEPARATE) -> None:
    """Let a worker give a sign of life."""
    assert Pulse(kind).beat_if_due(app, app.extensions["peersupport"], seconds=0)


def execute(app: Flask, statement: str) -> None:
    """Do something to the tables behind the extension's back."""
    with app.app_context(), current_runtime().storage.engine.connect() as connection:
        connection.exec_driver_sql(statement)
        connection.commit()


def not_well(app: Flask) -> list[Finding]:
    """Return what the doctor finds that is not well."""
    return [finding for finding in examine(app) if finding.level is not Level.OK]


def sentences(app: Flask) -> list[str]:
    """Return all that the doctor says, but for the remedies."""
    return [finding.sentence for finding in examine(app)]
