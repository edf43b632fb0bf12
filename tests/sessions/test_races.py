"""Fifty colleagues at the same moment, for ten places: on each database, and through the pages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import orm

from flask_peersupport.access.roles import grant_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import commit
from flask_peersupport.outbox.models import Message
from flask_peersupport.runtime import EXTENSION, Runtime
from flask_peersupport.sessions.attending import note_attendance
from flask_peersupport.sessions.models import Attendance, ProgrammeSession
from flask_peersupport.sessions.planning import change_sessions, plan_sessions
from flask_peersupport.sessions.signing_up import sign_up, withdraw
from flask_peersupport.sessions.states import SignUp
from flask_peersupport.supporters.appointing import appoint_supporters
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from tests.minimal_host import User, db
from tests.sessions.staff import TRAINER, add_record, colleague, details, hire, places, plan
from tests.supporters.conftest import NOW
from tests.supporters.host import COORDINATOR

PEOPLE = [colleague(number) for number in range(50)]
LEAVERS = 3


def at_once(actions: list[Callable[[], object]]) -> list[str]:
    """Start everything at the same moment; return what went wrong."""
    start = threading.Barrier(len(actions))
    faults: list[str] = []

    def run(action: Callable[[], object]) -> None:
        start.wait()
        try:
            action()
        except Exception as error:  # every fault counts, whatever it is
            faults.append(repr(error))

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


def within(app: Flask, act: Callable[[orm.Session], object]) -> Callable[[], None]:
    """Return `act` with a session and a transaction of its own."""

    def run() -> None:
        runtime: Runtime = app.extensions[EXTENSION]
        with app.app_context(), runtime.storage.work() as session:
            act(session)
            commit(session)

    return run


def check_fifty(rows: list[tuple[int, str, str]]) -> None:
    """Ten are in, forty wait, numbered in the order in which they came."""
    assert [number for number, _sign_up, _name in rows] == list(range(1, 51))
    standing = [sign_up for _number, sign_up, _name in rows]
    assert standing == ["signed_up"] * 10 + ["waiting"] * 40
    assert len({name for _number, _sign_up, name in rows}) == 50


def check_moved_up(before: list[tuple[int, str, str]], after: list[tuple[int, str, str]]) -> None:
    """Those who waited longest have the places of those who left, and nobody else moved."""
    left = {name for number, _sign_up, name in before[:LEAVERS]}
    expected = []
    for number, standing, name in before:
        if name in left:
            standing = "withdrawn"
        elif number <= 10 + LEAVERS:
            standing = "signed_up"
        expected.append((number, standing, name))
    assert after == expected


def test_ten_places_for_fifty(make_host: Callable[..., Flask], database_url: str) -> None:
    app = make_host(database_url)
    hire(app, *PEOPLE)
    with app.app_context():
        session = app.extensions[EXTENSION].storage.session()
        planned = plan(session, capacity=10).id
    faults = at_once(
        [
            within(app, lambda s, person=person: sign_up(s, planned, actor=person, now=NOW))  # type: ignore[misc]
            for person in PEOPLE
        ]
    )
    assert faults == []
    with app.app_context():
        session = app.extensions[EXTENSION].storage.session()
        before = places(session, planned)
        session.rollback()
    check_fifty(before)
    leaving = [person for person in PEOPLE if person.name in {n for _, _, n in before[:LEAVERS]}]
    faults = at_once(
        [
            within(app, lambda s, person=person: withdraw(s, planned, actor=person, now=NOW))  # type: ignore[misc]
            for person in leaving
        ]
    )
    assert faults == []
    with app.app_context():
        session = app.extensions[EXTENSION].storage.session()
        check_moved_up(before, places(session, planned))
        told = sa.select(sa.func.count()).where(Message.template == "session_moved_up")
        assert session.scalar(told) == LEAVERS


def test_a_capacity_that_is_lowered_while_people_sign_up(
    make_host: Callable[..., Flask], database_url: str
) -> None:
    """Whoever is first: nobody who has a place is left without one, and none is given too many."""
    app = make_host(database_url)
    hire(app, *PEOPLE)
    with app.app_context():
        planned = plan(app.extensions[EXTENSION].storage.session(), capacity=12).id

    def lower(session: orm.Session) -> None:
        from flask_peersupport.errors import InvalidInput

        try:
            change_sessions(session, planned, details(capacity=5), actor=TRAINER, now=NOW)
        except InvalidInput:
            session.rollback()

    actions = [
        within(app, lambda s, person=person: sign_up(s, planned, actor=person, now=NOW))  # type: ignore[misc]
        for person in PEOPLE[:14]
    ]
    assert at_once([*actions[:7], within(app, lower), *actions[7:]]) == []
    with app.app_context():
        session = app.extensions[EXTENSION].storage.session()
        capacity = session.get_one(ProgrammeSession, planned).capacity
        rows = places(session, planned)
        signed_up = [sign_up for _number, sign_up, _name in rows].count("signed_up")
        assert capacity in (5, 12)
        assert signed_up == capacity
        assert len(rows) == 14


def test_ten_places_for_fifty_through_the_pages(
    make_app: Callable[..., Flask], database_url: str
) -> None:
    app = make_app(database_url)
    now = datetime.now(UTC)
    with app.app_context():
        for number in range(50):
            db.session.add(
                User(id=number + 1, name=f"User {number:02}", email=f"u{number}@h.example")
            )
        db.session.commit()
        runtime: Runtime = app.extensions[EXTENSION]
        with runtime.storage.work() as session:
            trainer = Person("Tess", email="u0@h.example", user_id="1")
            grant_role(session, "trainer", trainer, actor=COMMAND, now=now)
            said = details(capacity=10, day=(now + timedelta(days=9)).date(), trainers=(TRAINER,))
            (one,) = plan_sessions(session, said, actor=COMMAND, now=now)
            planned = one.id
            commit(session)

    def press(user_id: int, button: str) -> Callable[[], None]:
        client = app.test_client()
        client.get(f"/login/{user_id}")
        with client.session_transaction() as cookie:
            cookie["csrf_token"] = "seed"
        token = URLSafeTimedSerializer(app.secret_key or "", salt="wtf-csrf-token").dumps("seed")

        def send() -> None:
            answer = client.post(
                f"/peersupport/sessions/{planned}/{button}", data={"csrf_token": token}
            )
            assert answer.status_code == 302, answer.status_code

        return send

    assert at_once([press(number + 1, "sign-up") for number in range(50)]) == []
    with app.app_context(), runtime.storage.work() as session:
        before = places(session, planned)
    check_fifty(before)
    leavers = [int(name.removeprefix("User ")) + 1 for _, _, name in before[:LEAVERS]]
    assert at_once([press(user_id, "withdraw") for user_id in leavers]) == []
    with app.app_context(), runtime.storage.work() as session:
        check_moved_up(before, places(session, planned))


def test_a_place_number_is_given_once(session: orm.Session, app: Flask) -> None:
    """What would break the lock is caught by the table."""
    hire(app)
    planned = plan(session).id
    sign_up(session, planned, actor=PEOPLE[0], now=NOW)
    commit(session)
    first = session.scalars(sa.select(Attendance)).one()
    from flask_peersupport.vault.persons import store_person

    other = store_person(session, PEOPLE[1], now=NOW)
    session.add(
        Attendance(
            session_id=planned,
            record=other,
            sign_up=SignUp.SIGNED_UP,
            place_number=first.place_number,
            signed_up_at=NOW,
        )
    )
    with pytest.raises(sa.exc.IntegrityError):
        session.flush()
    session.rollback()


def test_a_list_is_noted_while_those_on_it_are_appointed(
    make_host: Callable[..., Flask], database_url: str
) -> None:
    """Both lock many supporters: each waits for the other, and neither gives up."""
    app = make_host(database_url)
    hire(app, *PEOPLE)
    trained = PEOPLE[:20]
    with app.app_context():
        session = app.extensions[EXTENSION].storage.session()
        ids = [add_record(session, one, SupporterState.TRAINED).id for one in trained]
        planned = plan(session)
        planned_id, begin = planned.id, planned.starts_at
        for one in trained:
            sign_up(session, planned_id, actor=one, now=NOW)
            commit(session)
        present = dict.fromkeys(session.scalars(sa.select(Attendance.id)), True)
        session.rollback()

    def note(session: orm.Session) -> None:
        note_attendance(session, planned_id, present, actor=TRAINER, now=begin)

    def appoint(session: orm.Session) -> None:
        on = NOW.date()
        appoint_supporters(session, ids, appointed_on=on, actor=COORDINATOR, now=NOW)

    assert at_once([within(app, note), within(app, appoint)]) == []
    with app.app_context():
        session = app.extensions[EXTENSION].storage.session()
        rows = session.scalars(sa.select(Supporter)).all()
        assert {(row.state, row.trained_on) for row in rows} == {
            (SupporterState.APPOINTED, begin.date())
        }
