"""Signing up and off, the waiting list, and what a trainer does by hand."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.db import commit
from flask_peersupport.errors import InvalidInput, NotAllowed, TooLate
from flask_peersupport.sessions.models import Attendance
from flask_peersupport.sessions.planning import cancel_sessions
from flask_peersupport.sessions.signing_up import (
    add_participant,
    remove_participant,
    sign_up,
    withdraw,
)
from flask_peersupport.vault.models import PersonRecord
from tests.sessions.staff import (
    TRAINER,
    add_record,
    colleague,
    hire,
    mails,
    places,
    plan,
    trail,
)
from tests.supporters.conftest import NOW
from tests.supporters.host import NURSE

ONE, TWO, THREE, FOUR = (colleague(number) for number in range(1, 5))


@pytest.fixture(autouse=True)
def staff(request: pytest.FixtureRequest) -> None:
    """Let the host know everybody."""
    for name in ("app", "small_app"):
        if name in request.fixturenames:
            hire(request.getfixturevalue(name), ONE, TWO, THREE, FOUR)


def come(session: orm.Session, session_id: str, *people: object) -> None:
    for person in people:
        sign_up(session, session_id, actor=person, now=NOW)  # type: ignore[arg-type]
        commit(session)


def place_of(session: orm.Session, name: str) -> str:
    rows = session.scalars(sa.select(Attendance)).all()
    return next(row.id for row in rows if row.record.person.name == name)


def test_who_comes_after_the_last_place_waits_in_order(session: orm.Session) -> None:
    planned = plan(session, capacity=2).id
    come(session, planned, ONE, TWO, THREE, FOUR)
    assert places(session, planned) == [
        (1, "signed_up", ONE.name),
        (2, "signed_up", TWO.name),
        (3, "waiting", THREE.name),
        (4, "waiting", FOUR.name),
    ]
    assert mails(session) == [
        ("session_invitation", ONE.name),
        ("session_invitation", TWO.name),
        ("session_waiting", THREE.name),
        ("session_waiting", FOUR.name),
    ]
    assert trail(session, "attendance.signed_up") == [
        ("attendance.signed_up", "signed_up"),
        ("attendance.signed_up", "signed_up"),
        ("attendance.signed_up", "waiting"),
        ("attendance.signed_up", "waiting"),
    ]


def test_who_signs_off_lets_the_first_move_up_and_comes_back_behind_the_others(
    session: orm.Session,
) -> None:
    planned = plan(session, capacity=1).id
    come(session, planned, ONE, TWO, THREE)
    withdraw(session, planned, actor=ONE, now=NOW)
    commit(session)
    come(session, planned, ONE)
    assert places(session, planned) == [
        (2, "signed_up", TWO.name),
        (3, "waiting", THREE.name),
        (4, "waiting", ONE.name),
    ]
    assert ("session_moved_up", TWO.name) in mails(session)
    assert trail(session, "attendance.moved_up") == [("attendance.moved_up", "signed_up")]


def test_signing_off_from_the_waiting_list_moves_nobody(
    small_session: orm.Session, small_app: Flask
) -> None:
    planned = plan(small_session, capacity=1).id
    come(small_session, planned, ONE, TWO, THREE)
    withdraw(small_session, planned, actor=TWO, now=NOW)
    commit(small_session)
    assert places(small_session, planned) == [
        (1, "signed_up", ONE.name),
        (2, "withdrawn", TWO.name),
        (3, "waiting", THREE.name),
    ]


def test_signing_up_twice_is_as_good_as_once(small_session: orm.Session, small_app: Flask) -> None:
    planned = plan(small_session).id
    come(small_session, planned, ONE, ONE)
    assert places(small_session, planned) == [(1, "signed_up", ONE.name)]
    assert len(mails(small_session)) == 1


def test_the_end_of_signing_up(small_session: orm.Session, small_app: Flask) -> None:
    planned = plan(small_session)
    planned_id, begin = planned.id, planned.starts_at
    come(small_session, planned_id, ONE)
    for now in (begin, begin + timedelta(days=1)):
        with pytest.raises(TooLate):
            sign_up(small_session, planned_id, actor=TWO, now=now)
        with pytest.raises(TooLate):
            withdraw(small_session, planned_id, actor=ONE, now=now)
    just = begin - timedelta(seconds=1)
    assert sign_up(small_session, planned_id, actor=TWO, now=just).sign_up == "signed_up"
    cancel_sessions(small_session, planned_id, actor=TRAINER, now=NOW)
    with pytest.raises(TooLate):
        sign_up(small_session, planned_id, actor=THREE, now=NOW)


def test_who_never_came_cannot_sign_off(small_session: orm.Session, small_app: Flask) -> None:
    with pytest.raises(NotAllowed):
        withdraw(small_session, plan(small_session).id, actor=ONE, now=NOW)


def test_a_double_booking_is_a_question(session: orm.Session) -> None:
    first = plan(session).id
    second = plan(session, begins=time(10), ends=time(11), trainers=(NURSE,)).id
    after = plan(session, begins=time(11), ends=time(12), trainers=(NURSE,)).id
    come(session, first, ONE)
    with pytest.raises(InvalidInput) as error:
        sign_up(session, second, actor=ONE, now=NOW)
    assert "14 Apr 2026 09:00" in error.value.fields["overlap"]
    session.rollback()
    assert places(session, second) == []
    sign_up(session, second, actor=ONE, now=NOW, despite_overlap=True)
    commit(session)
    come(session, after, ONE)  # one that begins when the other ends
    with pytest.raises(InvalidInput, match="another session"):
        sign_up(session, second, actor=TRAINER, now=NOW)  # who leads the first


def test_a_trainer_adds_people_and_knows_when_it_is_full(session: orm.Session) -> None:
    planned = plan(session, capacity=1).id
    come(session, planned, ONE, TWO)
    with pytest.raises(InvalidInput) as error:
        add_participant(session, planned, THREE, actor=TRAINER, now=NOW)
    assert set(error.value.fields) == {"full"}
    session.rollback()
    for person in (THREE, TWO):
        add_participant(session, planned, person, actor=TRAINER, now=NOW, is_over_capacity=True)
        commit(session)
    assert places(session, planned) == [
        (1, "signed_up", ONE.name),
        (2, "signed_up", TWO.name),
        (3, "signed_up", THREE.name),
    ]
    with pytest.raises(InvalidInput) as error:
        add_participant(session, planned, ONE, actor=TRAINER, now=NOW)
    assert set(error.value.fields) == {"person"}


def test_an_overbooked_session_is_full_until_it_is_below_its_capacity(
    session: orm.Session,
) -> None:
    planned = plan(session, capacity=1).id
    come(session, planned, ONE)
    add_participant(session, planned, TWO, actor=TRAINER, now=NOW, is_over_capacity=True)
    commit(session)
    come(session, planned, THREE)
    remove_participant(session, planned, place_of(session, ONE.name), actor=TRAINER, now=NOW)
    commit(session)
    assert [sign_up for _n, sign_up, _name in places(session, planned)] == [
        "withdrawn",
        "signed_up",
        "waiting",
    ]
    withdraw(session, planned, actor=TWO, now=NOW)
    commit(session)
    assert places(session, planned)[2] == (3, "signed_up", THREE.name)


def test_a_place_of_another_session_cannot_be_taken_away(
    small_session: orm.Session, small_app: Flask
) -> None:
    one, other = plan(small_session).id, plan(small_session, trainers=(NURSE,)).id
    come(small_session, one, ONE)
    place = place_of(small_session, ONE.name)
    with pytest.raises(NotAllowed):
        remove_participant(small_session, other, place, actor=TRAINER, now=NOW)
    remove_participant(small_session, one, place, actor=TRAINER, now=NOW)
    assert trail(small_session, "attendance.removed") == [("attendance.removed", "withdrawn")]


def test_a_participant_is_no_lasting_person_but_a_supporter_stays_one(
    small_session: orm.Session, small_app: Flask
) -> None:
    add_record(small_session, TWO)
    come(small_session, plan(small_session).id, ONE, TWO)
    lasting = {
        row.person.name: row.is_lasting for row in small_session.scalars(sa.select(PersonRecord))
    }
    assert lasting == {ONE.name: False, TWO.name: True, TRAINER.name: True}


def test_the_same_person_known_twice_has_one_place(
    small_session: orm.Session, small_app: Flask
) -> None:
    """Somebody of whom only the address was known, and who then signs in."""
    from flask_peersupport.values import Person

    planned = plan(small_session).id
    add_participant(
        small_session, planned, Person(ONE.name, email=ONE.email), actor=TRAINER, now=NOW
    )
    commit(small_session)
    come(small_session, planned, ONE)
    assert places(small_session, planned) == [(1, "signed_up", ONE.name)]
