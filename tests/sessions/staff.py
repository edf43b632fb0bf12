"""The staff of the tests of sessions: many colleagues, a trainer, a supporter, a candidate."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, g
from sqlalchemy import orm

from flask_peersupport.access.actor import Actor
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.db import commit
from flask_peersupport.outbox.models import Message
from flask_peersupport.sessions.models import Attendance, ProgrammeSession
from flask_peersupport.sessions.planning import plan_sessions
from flask_peersupport.sessions.plans import Details, Repetition
from flask_peersupport.sessions.states import SessionKind, TargetGroup
from flask_peersupport.supporters.actions import SupporterDetails, add_supporter
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from flask_peersupport.vault.models import PersonRecord
from flask_peersupport.vault.persons import find_person_ids
from flask_peersupport.vault.seal import plain_name
from tests.supporters.conftest import NOW, Visitor
from tests.supporters.host import COORDINATOR, People

TRAINER = Person("Tess Trainer", email="tess@hospital.example", user_id="50")
OTHER_TRAINER = Person("Titus Trainer", email="titus@hospital.example", user_id="51")
#: The day of the sessions of these tests: in summer time, while NOW is in winter time.
DAY = date(2026, 4, 14)


def colleague(number: int) -> Person:
    """Return one of many colleagues."""
    return Person(
        f"Colleague {number:03}", email=f"c{number}@hospital.example", user_id=str(1000 + number)
    )


def hire(app: Flask, *people: Person) -> None:
    """Put people into the host's directory, which can then be searched, and let trainers train."""
    staff: People = app.extensions["people"]
    staff.everybody |= {str(p.user_id): p for p in (TRAINER, OTHER_TRAINER, *people)}

    def search(text: str, limit: int) -> list[Person]:
        plain = plain_name(text)
        found = [p for p in staff.everybody.values() if plain in plain_name(p.name)]
        return sorted(found, key=lambda p: p.name)[:limit]

    def roles_of(person: Person) -> set[str]:
        if person.user_id in (TRAINER.user_id, OTHER_TRAINER.user_id):
            return {"trainer"}
        return {"coordinator"} if person.user_id == COORDINATOR.user_id else set()

    def members(role: str) -> list[Person]:
        return {"coordinator": [COORDINATOR], "trainer": [TRAINER, OTHER_TRAINER]}.get(role, [])

    staff.search = search  # type: ignore[method-assign]
    staff.of = roles_of  # type: ignore[method-assign]
    staff.members = members  # type: ignore[method-assign]


def add_record(
    session: orm.Session, person: Person, state: SupporterState = SupporterState.APPOINTED
) -> Supporter:
    """Put somebody on the roster."""
    supporter = add_supporter(
        session, person, SupporterDetails(), state=state, actor=COORDINATOR, now=NOW
    )
    commit(session)
    return supporter


class Reader(Visitor):
    """Somebody with a browser; several of them can take turns within one app context."""

    def get(self, address: str) -> Any:
        """Open a page."""
        self._come_in()
        return super().get(address)

    def send(self, address: str, **data: Any) -> Any:
        """Post as it stands."""
        self._come_in()
        return super().send(address, **data)

    @staticmethod
    def _come_in() -> None:
        """Forget who was here before, and their token."""
        for name in list(g):
            g.pop(name)


def details(**values: Any) -> Details:
    """Return a training from nine to half past ten, led by Tess, or what `values` say."""
    values = {
        "kind": SessionKind.TRAINING,
        "day": DAY,
        "begins": time(9),
        "ends": time(10, 30),
        "trainers": (TRAINER,),
        "target": TargetGroup.EVERYBODY,
    } | values
    return Details(**values)


def plan(session: orm.Session, **values: Any) -> ProgrammeSession:
    """Plan one session and commit."""
    (planned,) = plan_sessions(session, details(**values), actor=TRAINER, now=NOW)
    commit(session)
    return planned


def plan_series(session: orm.Session, weeks: int, times: int, **values: Any) -> list[str]:
    """Plan a series and commit; return the ids in order."""
    said = details(**values)
    repetition = Repetition(weeks, said.day + timedelta(weeks=weeks * (times - 1)))
    planned = plan_sessions(session, said, repetition, actor=TRAINER, now=NOW)
    ids = [one.id for one in planned]
    commit(session)
    return ids


def actor_of(session: orm.Session, person: Person, *roles: str) -> Actor:
    """Return somebody who is signed in."""
    return Actor(person, frozenset(roles), tuple(find_person_ids(session, person, NOW)))


def places(session: orm.Session, session_id: str) -> list[tuple[int, str, str]]:
    """Return the places of a session: number, where it stands, whose."""
    statement = sa.select(Attendance).where(Attendance.session_id == session_id)
    rows = session.scalars(
        statement.order_by(Attendance.place_number), execution_options={"populate_existing": True}
    )
    return [(row.place_number, row.sign_up.value, row.record.person.name) for row in rows]


def mails(session: orm.Session) -> list[tuple[str, str]]:
    """Return the messages that wait: which mail, and to whom."""
    rows = session.scalars(sa.select(Message).where(Message.state == "waiting")).all()
    named = []
    for row in rows:
        assert row.person_id is not None
        named.append((row.template, session.get_one(PersonRecord, row.person_id).person.name))
    return sorted(named)


def trail(session: orm.Session, *actions: str) -> list[tuple[str, str | None]]:
    """Return the rows of the audit trail with one of these actions, with their codes."""
    statement = sa.select(AuditEntry).where(AuditEntry.action.in_(actions)).order_by(AuditEntry.id)
    return [(row.action, row.detail) for row in session.scalars(statement)]
