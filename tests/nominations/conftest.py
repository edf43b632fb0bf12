"""Fixtures of the rounds: a hospital with a directory, on each database, and an open round."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.access.department_actions import DepartmentDetails, add_department
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.clock import utc_now
from flask_peersupport.db import commit
from flask_peersupport.jobs import run_due
from flask_peersupport.nominations.actions import RoundDetails, close_round, open_round
from flask_peersupport.nominations.ballots import cast_vote
from flask_peersupport.nominations.box import Choice
from flask_peersupport.nominations.models import NominationRound, Nominee
from flask_peersupport.runtime import EXTENSION, Runtime, local_today
from flask_peersupport.values import Person
from tests.supporters import host
from tests.supporters.conftest import NOW, Visitor
from tests.supporters.conftest import keyring as keyring
from tests.supporters.conftest import make_host as make_host

TODAY = NOW.date()
LETTER = {"nl": "Beste collega,\n\nEén vraag.", "en": "Dear colleague,\n\nOne question."}
#: department → the one above it
WARDS = {"Surgery": None, "Ward 1": "Surgery", "Ward 2": "Surgery", "Ward 9": None}


def staff(number: int, department: str | None = "Ward 1", name: str = "") -> Person:
    """Return a member of staff; the first hundred ids are other tests'."""
    name = name or f"Member {number}"
    email = f"m{number}@hospital.example"
    return Person(name, email, user_id=str(100 + number), department=department)


@dataclass
class Hospital:
    """A host with a directory and departments."""

    app: Flask

    @property
    def runtime(self) -> Runtime:
        """What the extension holds for the host."""
        runtime: Runtime = self.app.extensions[EXTENSION]
        return runtime

    def employ(self, *people: Person) -> None:
        """Put people in the directory."""
        self.app.extensions["people"].everybody |= {str(one.user_id): one for one in people}

    def visitor(self, person: Person | None) -> Visitor:
        """Return somebody's browser; a member of staff is in the directory from then on."""
        if person is not None:
            self.employ(person)
        return Visitor(self.app, person)

    def open(self, **details: Any) -> str:
        """Open a round and return its id."""
        given: dict[str, Any] = {"closes_on": TODAY + timedelta(days=14), "letter": LETTER}
        with self.app.app_context(), self.runtime.storage.work() as session:
            row = open_round(
                session, RoundDetails(**given | details), actor=host.COORDINATOR, now=utc_now()
            )
            round_id = row.id
            commit(session)
        return round_id

    def vote(self, round_id: str, voter: Person, *choices: Choice) -> bool:
        """Let somebody vote, without a page."""
        with self.app.app_context(), self.runtime.storage.work() as session:
            row = session.get_one(NominationRound, round_id)
            is_counted = cast_vote(session, row, choices, actor=voter, today=local_today())
            commit(session)
        return is_counted

    def others_vote(self, round_id: str, choice: Choice, count: int = 4) -> None:
        """Let so many others name a colleague; four and one more are enough for a result."""
        for number in range(count):
            assert self.vote(round_id, staff(700 + number), choice)

    def vote_together(self, round_id: str, voters: Sequence[Person], choice: Choice) -> list[Any]:
        """Let everybody vote in the same moment, each in a thread; return what each was told."""
        start, told = threading.Barrier(len(voters)), []

        def vote(voter: Person) -> None:
            start.wait()
            try:
                told.append(self.vote(round_id, voter, choice))
            except Exception as error:
                told.append(error)

        threads = [threading.Thread(target=vote, args=(voter,)) for voter in voters]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return told

    def close(self, round_id: str, now: datetime | None = None) -> None:
        """Close a round by hand."""
        with self.app.app_context(), self.runtime.storage.work() as session:
            row = session.get_one(NominationRound, round_id)
            close_round(session, row, actor=host.COORDINATOR, now=now or utc_now())
            commit(session)

    def result(self, round_id: str) -> list[tuple[str | None, str, int | None]]:
        """Return department, name and count of all who were named."""
        with self.app.app_context(), self.runtime.storage.work() as session:
            rows = session.query(Nominee).filter_by(round_id=round_id)
            found = [(row.department, row.record.person.name, row.count) for row in rows]
        return sorted(found, key=lambda row: (row[0] or "", row[1]))

    def read(self, work: Callable[[orm.Session], Any]) -> Any:
        """Return what `work` finds in a session."""
        with self.app.app_context(), self.runtime.storage.work() as session:
            return work(session)

    def work(self, now: datetime) -> dict[str, int]:
        """Do what is due."""
        with self.app.app_context():
            return run_due(self.runtime, now)


def make_hospital(app: Flask) -> Hospital:
    """Fill the list of departments and let the directory be searched."""
    people = app.extensions["people"]

    def search(text: str, limit: int) -> list[Person]:
        found = [one for one in people.everybody.values() if text.lower() in one.name.lower()]
        return sorted(found, key=lambda one: one.name)[:limit]

    people.search = search
    hospital = Hospital(app)
    with app.app_context(), hospital.runtime.storage.work() as session:
        ids: dict[str, str] = {}
        for name, parent in WARDS.items():
            details = DepartmentDetails(name, parent_id=ids[parent] if parent else None)
            ids[name] = add_department(session, details, actor=COMMAND, now=NOW).id
        commit(session)
    return hospital


@pytest.fixture(autouse=True)
def _clock() -> Any:
    """Let it be the day of NOW."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def hospital(make_host: Callable[..., Flask], database_url: str) -> Hospital:
    """A hospital on each database."""
    return make_hospital(make_host(database_url))


@pytest.fixture
def small_hospital(make_host: Callable[..., Flask], sqlite_url: str) -> Hospital:
    """A hospital on SQLite, for what no other database would do differently."""
    return make_hospital(make_host(sqlite_url))


def at(day: date, hour: int = 12) -> datetime:
    """Return an instant on a day."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


ANNA = staff(1, "Ward 1", "Anna Vos")
BRAM = staff(2, "Ward 2", "Bram Smit")
CHRIS = staff(3, "Ward 9", "Chris de Boer")


def named(person: Person) -> Choice:
    """Return a choice of somebody in the directory."""
    return Choice(person.name, person.department, person.email, person.user_id)


def without_account(person: Person) -> Person:
    """Return the person as somebody would type them."""
    return replace(person, user_id=None, email=None)
