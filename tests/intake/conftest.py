"""A small hospital on each database: users, departments, supporters, and who fills in the form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import orm
from werkzeug.test import TestResponse

from flask_peersupport.access.department_actions import DepartmentDetails, add_department
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.intake.payload import Payload, open_payload
from flask_peersupport.jobs import run_due
from flask_peersupport.runtime import Runtime, runtime_of
from flask_peersupport.supporters.actions import SupporterDetails, add_supporter
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from tests.minimal_host import Incident, User, db

#: When the supporters were appointed; long ago, so that no test comes before it.
APPOINTED_AT = datetime.now(UTC) - timedelta(days=400)
DEPARTMENTS = ("Ward 1", "Ward 2", "Ward 8", "Ward 9")
#: What a reporter who names nobody and asks for nothing posts.
REPORT = {"title": "A fall", "ward": "Ward 1"}


def runtime(app: Flask) -> Runtime:
    """Return what the extension holds for `app`."""
    found = runtime_of(app)
    assert found is not None
    return found


def engine_of(app: Flask) -> sa.Engine:
    """Return the engine of the host's database, in which our tables are too."""
    with app.app_context():
        return db.engine


class Staff(NamedTuple):
    """The ids of the users, which every database begins at one."""

    rosa: int = 1
    anna: int = 2
    bram: int = 3
    selma: int = 4
    sven: int = 5
    sofie: int = 6


STAFF = Staff()
NAMES = {
    STAFF.rosa: ("Rosa Reporter", "Ward 1"),
    STAFF.anna: ("Anna Vos", "Ward 2"),
    STAFF.bram: ("Bram Smit", "Ward 1"),
    STAFF.selma: ("Selma Steun", "Ward 8"),
    STAFF.sven: ("Sven Steun", "Ward 9"),
    STAFF.sofie: ("Sofie Steun", "Ward 9"),
}


def email_of(user_id: int) -> str:
    """Return the address of one of the staff, e.g. "anna.vos@hospital.example"."""
    return f"{NAMES[user_id][0].lower().replace(' ', '.')}@hospital.example"


def fill_host(app: Flask) -> None:
    """Add the staff to the host's own table, within the app's context."""
    for user_id, (name, department) in NAMES.items():
        db.session.add(User(id=user_id, name=name, email=email_of(user_id), department=department))
    db.session.commit()


def fill_programme(app: Flask) -> None:
    """Add the departments and the supporters, within the app's context."""
    with runtime(app).storage.work() as session:
        for name in DEPARTMENTS:
            add_department(session, DepartmentDetails(name=name), actor=COMMAND, now=APPOINTED_AT)
        for user_id in (STAFF.selma, STAFF.sven, STAFF.sofie):
            person = runtime(app).users.get(str(user_id))
            assert person is not None
            add_supporter(
                session,
                person,
                SupporterDetails(departments=(NAMES[user_id][1],), is_asked_at_night=True),
                state=SupporterState.APPOINTED,
                actor=COMMAND,
                now=APPOINTED_AT,
            )
        session.commit()


@pytest.fixture
def app(make_app: Callable[..., Flask], database_url: str) -> Flask:
    """A host with the extension and its staff, on each database."""
    app = make_app(database_url)
    with app.app_context():
        fill_host(app)
        fill_programme(app)
    return app


@pytest.fixture
def make_small_app(make_app: Callable[..., Flask]) -> Callable[..., Flask]:
    """Return a function that builds the same hospital on SQLite, with settings of the test."""

    def build(**config: Any) -> Flask:
        app = make_app(**config)
        with app.app_context():
            fill_host(app)
            fill_programme(app)
        return app

    return build


@pytest.fixture
def small_app(make_small_app: Callable[..., Flask]) -> Flask:
    """The same hospital on SQLite, for what no other database would do differently."""
    return make_small_app()


def signed_in(app: Flask, user_id: int = STAFF.rosa) -> FlaskClient:
    """Return a browser in which one of the staff has signed in."""
    client = app.test_client()
    assert client.get(f"/login/{user_id}").status_code == 200
    return client


def report(client: FlaskClient, step: Mapping[str, Any] | None = None) -> TestResponse:
    """Send the host's form with the fields of the step; the host always answers with its page."""
    response = client.post("/report", data=REPORT | dict(step or {}))
    assert response.status_code == 302
    return response


def colleague(name: str, index: int = 0, **fields: str) -> dict[str, str]:
    """Return the fields of one colleague."""
    row = {"name": name} | fields
    return {f"peersupport-colleagues-{index}-{field}": text for field, text in row.items()}


def titles(app: Flask) -> list[str]:
    """Return what the host has stored, on a connection of its own."""
    with engine_of(app).connect() as connection:
        return list(connection.scalars(sa.select(Incident.title).order_by(Incident.id)))


def intakes(app: Flask) -> list[Payload]:
    """Return what was taken in, opened, in order of arrival."""
    with app.app_context(), runtime(app).storage.work() as session:
        rows = session.scalars(sa.select(IntakeRecord).order_by(IntakeRecord.received_at))
        keys = runtime(app).keys
        return [open_payload(row.id, row.payload, keys.get(row.month)) for row in rows]


def work(app: Flask, after: timedelta = timedelta(0)) -> dict[str, int]:
    """Do what is due; nothing of it may fail."""
    with app.app_context():
        counts = run_due(runtime(app), datetime.now(UTC) + after)
    assert [name for name in counts if name.endswith("_failed")] == []
    return counts


@contextmanager
def reading(app: Flask) -> Iterator[orm.Session]:
    """Yield a session for looking at what the work made."""
    with app.app_context(), runtime(app).storage.work() as session:
        yield session


def supporter_of(session: orm.Session, user_id: int) -> Supporter:
    """Return the supporter's record of one of the staff."""
    wanted = str(user_id)
    (found,) = (s for s in session.scalars(sa.select(Supporter)) if is_user(s, wanted))
    return found


def is_user(supporter: Supporter, user_id: str) -> bool:
    """Return whether a supporter is this user."""
    return supporter.record.person.user_id == user_id


def person(user_id: int) -> Person:
    """Return one of the staff as the users adapter does."""
    name, department = NAMES[user_id]
    return Person(name, email=email_of(user_id), user_id=str(user_id), department=department)
