"""A pytest plugin for host applications: fakes, captures, and the step filled in.

In the top conftest.py of the host: `pytest_plugins = ["flask_peersupport.testing"]`. The fixtures
rely on an `app` fixture of the host, as those of pytest-flask do; docs/testing.md has an example.

PYTEST_DONT_REWRITE: a conftest.py may import from here before pytest reads its pytest_plugins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import sqlalchemy as sa
from blinker import Signal
from flask import Flask

from .. import schema, signals
from ..access.department_actions import DepartmentDetails, add_department
from ..access.roles import grant_role
from ..audit.record import COMMAND
from ..clock import utc_now
from ..errors import ConfigurationError
from ..jobs import run_due
from ..outbox.faults import Fault
from ..outbox.mailer import EXTENSION as MAILER
from ..outbox.models import Message
from ..reachouts.models import ReachOut
from ..runtime import current_runtime
from ..supporters.actions import SupporterDetails, add_supporter
from ..supporters.departments import split_departments
from ..supporters.states import SupporterState
from ..values import Person
from ..vault.keyring import FileKeys, write_keyring
from .fakes import (
    MemoryDepartments,
    MemoryKeys,
    MemoryReports,
    MemoryRoles,
    MemoryUsers,
    parents_of,
)
from .filling import report_with_step

__all__ = [
    "CapturedMail",
    "CapturedMails",
    "MemoryDepartments",
    "MemoryKeys",
    "MemoryReports",
    "MemoryRoles",
    "MemoryUsers",
    "SeenReachOut",
    "prepare",
    "report_with_step",
]

#: Before the clock of any test: keys begin here, and supporters were appointed here.
_LONG_AGO = timedelta(days=730)


def prepare(
    app: Flask,
    *,
    departments: Mapping[str, str | None] | Iterable[str] = (),
    supporters: Iterable[Person] = (),
    coordinators: Iterable[Person] = (),
) -> None:
    """Make our tables in the app's test database, a keyring where there is none, and people.

    Args:
        app: with TESTING, after `init_app`; its own tables are its own business.
        departments: for the programme's own list: names, or a mapping of each name to that of
            the department above it, which comes first.
        supporters: appointed, of their `department`, asked at any hour.
        coordinators: granted the role (where the host has no roles adapter of its own).

    Raises:
        ConfigurationError: the app is not set to TESTING.
        InvalidInput: a department or supporter is there already, or cannot be right.
    """
    if not app.testing:
        raise ConfigurationError("prepare(app) is for tests: set TESTING = True first")
    with app.app_context():
        runtime, now = current_runtime(), utc_now() - _LONG_AGO
        schema.upgrade(runtime.storage.engine)
        if isinstance(runtime.keys, FileKeys) and not runtime.keys.path.exists():
            write_keyring(runtime.keys.path, now)
        with runtime.storage.work() as session:
            ids: dict[str, str] = {}
            for name, parent in parents_of(departments).items():
                details = DepartmentDetails(name, parent_id=ids[parent] if parent else None)
                ids[name] = add_department(session, details, actor=COMMAND, now=now).id
            for person in supporters:
                known = SupporterDetails(
                    profession=person.profession,
                    discipline=person.discipline,
                    seniority=person.seniority,
                    departments=split_departments(person.department or ""),
                    is_asked_at_night=True,
                )
                appointed = SupporterState.APPOINTED
                add_supporter(session, person, known, state=appointed, actor=COMMAND, now=now)
            for person in coordinators:
                grant_role(session, "coordinator", person, actor=COMMAND, now=now)
            session.commit()


@dataclass(frozen=True, slots=True)
class CapturedMail:
    """A mail as it would have left; `message` is all of it, HTML and headers too."""

    to: str
    subject: str
    text: str
    message: EmailMessage


class CapturedMails(list[CapturedMail]):
    """The mails that would have left, in order."""

    def send(self, message: EmailMessage) -> None:
        """Keep a mail: this is what the outbox calls."""
        body = message.get_body(("plain",))
        text = str(body.get_content()) if body else ""
        self.append(CapturedMail(str(message["To"]), str(message["Subject"]), text, message))

    def to(self, address: str) -> list[CapturedMail]:
        """Return the mails to one address."""
        return [mail for mail in self if mail.to == address]


@dataclass(frozen=True, slots=True)
class SeenReachOut:
    """A reach-out in plain values; codes are those of the contract, names are decrypted.

    `asked` are the supporters asked so far, in order; `supporter` the one who has it.
    """

    id: str
    name: str | None
    wish: str
    wish_by: str
    outside: bool
    state: str
    waiting_for: str | None
    outcome: str | None
    kind: str | None
    ref: str | None
    asked: tuple[str, ...]
    supporter: str | None


def _seen(row: ReachOut) -> SeenReachOut:
    involved, report, supporter = row.involved, row.report, row.supporter
    return SeenReachOut(
        id=row.id,
        name=row.person.name if row.person else None,
        wish=involved.wish.value,
        wish_by=involved.wish_by.value,
        outside=involved.is_outside,
        state=row.state.value,
        waiting_for=row.waiting_for.value if row.waiting_for else None,
        outcome=row.outcome.value if row.outcome else None,
        kind=report.kind if report else None,
        ref=report.ref if report else None,
        asked=tuple(request.supporter.record.person.name for request in row.requests),
        supporter=supporter.record.person.name if supporter else None,
    )


@pytest.fixture
def peersupport_directory() -> MemoryUsers:
    """A few people by user id: rosa and bram (Ward 1), anna (Ward 2), selma (Ward 8), carla."""

    def person(name: str, department: str) -> Person:
        first = name.partition(" ")[0].lower()
        return Person(name, f"{first}@hospital.example", user_id=first, department=department)

    return MemoryUsers(
        person("Rosa Reporter", "Ward 1"),
        person("Bram Smit", "Ward 1"),
        person("Anna Vos", "Ward 2"),
        person("Selma Steun", "Ward 8"),
        person("Carla Coord", "Ward 9"),
    )


@pytest.fixture
def peersupport_mail(app: Flask, monkeypatch: pytest.MonkeyPatch) -> CapturedMails:
    """The mails that would have left: queued, claimed and written for real, then kept here."""
    mails = CapturedMails()
    monkeypatch.setitem(app.extensions, MAILER, mails)
    return mails


@pytest.fixture
def peersupport_signals(app: Flask) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Every signal of `flask_peersupport.signals` with the app as sender: (name, arguments)."""
    heard: list[tuple[str, dict[str, Any]]] = []

    def hear(name: str) -> Callable[..., None]:
        return lambda sender, **arguments: heard.append((name, arguments))

    with ExitStack() as stack:
        for name, signal in vars(signals).items():
            if isinstance(signal, Signal):
                stack.enter_context(signal.connected_to(hear(name), sender=app))
        yield heard


@pytest.fixture
def peersupport_work(app: Flask, peersupport_mail: CapturedMails) -> Callable[..., dict[str, int]]:
    """Return `work(at=None)`: do all that is due at an instant (aware; default the clock).

    It returns counts by job, and fails the test when a job failed or a mail could not be written.
    Mail is captured (`peersupport_mail`).
    """

    def work(at: datetime | None = None) -> dict[str, int]:
        if at is not None and at.tzinfo is None:
            raise ValueError(f"{at} has no time zone; e.g. datetime.now(UTC)")
        with app.app_context():
            runtime = current_runtime()
            counts = run_due(runtime, at or utc_now())
            failed = [name.removesuffix("_failed") for name in counts if name.endswith("_failed")]
            unwritten = sa.select(Message.template, Message.fault).where(
                Message.fault.in_((Fault.BROKEN, Fault.UNREADABLE))
            )
            with runtime.storage.work() as session:
                failed += [
                    f"deliver ({name}: {fault})" for name, fault in session.execute(unwritten)
                ]
        if failed:
            pytest.fail(f"work of peer support failed, see the log: {', '.join(failed)}")
        return counts

    return work


@pytest.fixture
def peersupport_reach_outs(app: Flask) -> Callable[[], list[SeenReachOut]]:
    """Return a function that returns what came into being so far, in order of name.

    A report becomes reach-outs by `peersupport_work`.
    """

    def reach_outs() -> list[SeenReachOut]:
        with app.app_context(), current_runtime().storage.work() as session:
            seen = [_seen(row) for row in session.scalars(sa.select(ReachOut))]
        return sorted(seen, key=lambda one: (one.name or "", one.id))

    return reach_outs
