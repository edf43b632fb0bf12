"""A hospital with reports, supporters and a trainer, and a browser in which somebody signed in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import orm

from flask_peersupport.access.roles import grant_role
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.clock import utc_now
from flask_peersupport.db import commit
from flask_peersupport.sessions.models import ProgrammeSession
from flask_peersupport.sessions.states import SessionKind, SessionState, TargetGroup
from tests.intake.conftest import STAFF, engine_of, person, runtime
from tests.intake.conftest import signed_in as sign_in
from tests.reachouts.conftest import COORDINATOR, Programme, prepare
from tests.sessions.planned import plan

TRAINER = STAFF.rosa
SUPPORTER = STAFF.selma


@contextmanager
def working(app: Flask) -> Iterator[orm.Session]:
    """Yield a session of the app's, as the worker has it."""
    with app.app_context(), runtime(app).storage.work() as session:
        yield session


def prepare_with_trainer(app: Flask) -> Programme:
    """Fill the hospital; Bram is coordinator, Rosa trainer."""
    programme = prepare(app)
    grant(programme, "trainer", TRAINER)
    return programme


@pytest.fixture
def programme(make_app: Callable[..., Flask], database_url: str) -> Programme:
    """The hospital on each database."""
    return prepare_with_trainer(make_app(database_url))


@pytest.fixture
def small_programme(make_app: Callable[..., Flask]) -> Programme:
    """The hospital on SQLite."""
    return prepare_with_trainer(make_app())


def grant(programme: Programme, role: str, user_id: int) -> None:
    """Give one of the staff a role."""
    with working(programme.app) as session:
        grant_role(session, role, person(user_id), actor=COMMAND, now=utc_now())
        commit(session)


def begun(session: orm.Session, kind: SessionKind, **values: Any) -> str:
    """Write down a session that began an hour ago, and return its id."""
    values = {"target": TargetGroup.SUPPORTERS, "place": None} | values
    return plan(
        session, values.pop("begin", utc_now() - timedelta(hours=1)), kind=kind, **values
    ).id


def held(session: orm.Session, kind: SessionKind, **values: Any) -> str:
    """Write down a session that was held, and return its id."""
    return begun(session, kind, state=SessionState.HELD, **values)


def get_session(session: orm.Session, session_id: str) -> ProgrammeSession:
    """Return a session anew."""
    found = session.get(ProgrammeSession, session_id, populate_existing=True)
    assert found is not None
    return found


def audited(session: orm.Session, object_id: str | None = None) -> list[str]:
    """Return what the audit trail says of a thing, in order; None: of everything."""
    statement = sa.select(AuditEntry.action).order_by(AuditEntry.id)
    if object_id is not None:
        statement = statement.where(AuditEntry.object_id == object_id)
    return list(session.scalars(statement))


class Browser:
    """A browser in which one of the staff has signed in; pages are in English."""

    def __init__(self, programme: Programme, user_id: int = COORDINATOR) -> None:
        self.client: FlaskClient = sign_in(programme.app, user_id)

    def get(self, address: str) -> Any:
        """Open a page."""
        return self.client.get(f"/peersupport{address}", headers={"Accept-Language": "en"})

    def text(self, address: str) -> str:
        """Return the page at an address, which is there."""
        response = self.get(address)
        assert response.status_code == 200, (address, response.status_code)
        return str(response.get_data(as_text=True))

    def post(self, address: str, form: str | None = None, **data: Any) -> Any:
        """Press the button of a form on the page `form` (default: `address`)."""
        page = self.get(form or address).get_data(as_text=True)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token, page
        return self.client.post(
            f"/peersupport{address}",
            data={"csrf_token": token[1], **data},
            headers={"Accept-Language": "en"},
        )


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """Collect the statements that run within the block."""
    engine = engine_of(app)
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
