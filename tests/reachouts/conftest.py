"""A small hospital on each database, with a coordinator, and reach-outs in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.access.roles import grant_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import commit
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.intake.payload import Payload
from flask_peersupport.intake.storing import intake_row
from flask_peersupport.jobs import run_due
from flask_peersupport.reachouts.models import ReachOut, SupportRequest
from flask_peersupport.values import Involved, Report
from tests.intake.conftest import NAMES, STAFF, fill_host, fill_programme, person, runtime

#: A Tuesday morning, within the reachable hours.
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
COORDINATOR = STAFF.bram


@dataclass
class Programme:
    """The programme of a small hospital: reports come in, time goes by."""

    app: Flask

    def report(
        self,
        *involved: Involved,
        ref: str = "1",
        kind: str = "calamity",
        ward: str = "Ward 1",
        due_at: datetime | None = None,
    ) -> None:
        """Take a report in, to be expanded at NOW or another instant."""
        with self.app.app_context(), runtime(self.app).storage.work() as session:
            report = Report(kind, ref, ward, reporter=person(STAFF.rosa), involved=involved)
            row = intake_row(runtime(self.app), Payload(report, {})) | {"due_at": due_at or NOW}
            session.execute(sa.insert(IntakeRecord), row)
            session.commit()

    def work(self, after: timedelta = timedelta(0)) -> dict[str, int]:
        """Do what is due some time after NOW; nothing of it may fail."""
        with self.app.app_context():
            counts = run_due(runtime(self.app), NOW + after)
        assert [name for name in counts if name.endswith("_failed")] == []
        return counts

    def only_reach_out(self, session: orm.Session) -> ReachOut:
        """Return the one reach-out there is."""
        return session.scalars(sa.select(ReachOut)).one()

    def open_request(self, session: orm.Session) -> SupportRequest:
        """Return the one request that waits for an answer."""
        statement = sa.select(SupportRequest).where(SupportRequest.open_for.is_not(None))
        return session.scalars(statement).one()


def prepare(app: Flask) -> Programme:
    """Fill the hospital and make Bram coordinator."""
    with app.app_context():
        fill_host(app)
        fill_programme(app)
        with runtime(app).storage.work() as session:
            grant_role(session, "coordinator", person(COORDINATOR), actor=COMMAND, now=NOW)
            commit(session)
    app.extensions["peersupport_mailer"] = Postbox()
    return Programme(app)


class Postbox:
    """Keeps mail, by recipient."""

    def __init__(self) -> None:
        self.subjects: list[tuple[str, str]] = []

    def send(self, message: object) -> None:
        """Keep who got which subject."""
        self.subjects.append((str(message["To"]), str(message["Subject"])))  # type: ignore[index]


@pytest.fixture
def programme(make_app: Callable[..., Flask], database_url: str) -> Programme:
    """The programme on each database."""
    return prepare(make_app(database_url))


@pytest.fixture
def small_programme(make_app: Callable[..., Flask]) -> Programme:
    """The programme on SQLite."""
    return prepare(make_app())


def anna(wish: str = "yes", wish_by: str = "own") -> Involved:
    """Return Anna, of another ward than the event."""
    return Involved(person(STAFF.anna), wish, wish_by)


def name_of(user_id: int) -> str:
    """Return the name of one of the staff."""
    return NAMES[user_id][0]
