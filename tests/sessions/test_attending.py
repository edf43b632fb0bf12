"""Who came: noted, confirmed, corrected, and what supporters' records say of it."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.db import commit
from flask_peersupport.errors import NotAllowed, TooLate
from flask_peersupport.sessions import attending
from flask_peersupport.sessions.attending import confirm_attendance, note_attendance
from flask_peersupport.sessions.models import Attendance, ProgrammeSession
from flask_peersupport.sessions.planning import cancel_sessions, plan_sessions
from flask_peersupport.sessions.plans import Confirmed
from flask_peersupport.sessions.queries import participants
from flask_peersupport.sessions.rules import CONFIRM_WITHIN
from flask_peersupport.sessions.signing_up import sign_up, withdraw
from flask_peersupport.sessions.states import SessionKind
from flask_peersupport.supporters import attending as of_supporters
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from tests.sessions.staff import (
    TRAINER,
    add_record,
    colleague,
    details,
    hire,
    places,
    plan,
    trail,
)
from tests.supporters.conftest import NOW

ONE, TWO, THREE, FOUR = (colleague(number) for number in range(1, 5))


@pytest.fixture(autouse=True)
def staff(request: pytest.FixtureRequest) -> None:
    """Let the host know everybody."""
    for name in ("app", "small_app"):
        if name in request.fixturenames:
            hire(request.getfixturevalue(name), ONE, TWO, THREE, FOUR)


def begun(session: orm.Session, *people: object, **values: object) -> tuple[str, dict[str, str]]:
    """Plan a session for which people sign up; return it and their places by name."""
    planned = plan(session, **values).id
    for person in people:
        sign_up(session, planned, actor=person, now=NOW)  # type: ignore[arg-type]
        commit(session)
    rows = session.scalars(sa.select(Attendance).where(Attendance.session_id == planned))
    return planned, {row.record.person.name: row.id for row in rows}


def attended(session: orm.Session, session_id: str) -> dict[str, bool | None]:
    statement = sa.select(Attendance).where(Attendance.session_id == session_id)
    found = session.scalars(statement, execution_options={"populate_existing": True})
    return {row.record.person.name: row.has_attended for row in found}


def test_noting_who_came_holds_the_session(session: orm.Session) -> None:
    planned, ids = begun(session, ONE, TWO, THREE, capacity=2)
    now = session.get_one(ProgrammeSession, planned).starts_at
    present = {ids[ONE.name]: True, ids[TWO.name]: False, ids[THREE.name]: True}
    assert note_attendance(session, planned, present, walk_ins=[FOUR], actor=TRAINER, now=now) == 4
    commit(session)
    assert session.get_one(ProgrammeSession, planned).state == "held"
    assert attended(session, planned) == {
        ONE.name: True,
        TWO.name: False,
        THREE.name: True,
        FOUR.name: True,
    }
    # who came from the waiting list, or without any list, has a place
    assert [standing for _n, standing, _name in places(session, planned)] == ["signed_up"] * 4
    assert trail(session, "session.held", "attendance.corrected") == [("session.held", "training")]
    noted = sorted(str(detail) for _action, detail in trail(session, "attendance.noted"))
    assert noted == ["unknown > absent", *["unknown > present"] * 3]


def test_a_correction_leaves_a_trail_of_those_who_change(session: orm.Session) -> None:
    planned, ids = begun(session, ONE, TWO, THREE)
    now = session.get_one(ProgrammeSession, planned).starts_at
    everybody = dict.fromkeys(ids.values(), True)
    note_attendance(session, planned, everybody, actor=TRAINER, now=now)
    commit(session)
    later = now + timedelta(days=100)
    corrected = everybody | {ids[TWO.name]: False}
    assert note_attendance(session, planned, corrected, actor=TRAINER, now=later) == 1
    commit(session)
    assert trail(session, "attendance.corrected") == [("attendance.corrected", "present > absent")]
    assert len(trail(session, "session.held")) == 1
    assert note_attendance(session, planned, corrected, actor=TRAINER, now=later) == 0


def test_who_is_not_on_the_list_that_was_ticked_stays_as_they_are(
    small_session: orm.Session, small_app: Flask
) -> None:
    """Two trainers, two telephones: the older list does not undo the newer one."""
    session = small_session
    planned, ids = begun(session, ONE, TWO)
    now = session.get_one(ProgrammeSession, planned).starts_at
    note_attendance(session, planned, {}, walk_ins=[THREE], actor=TRAINER, now=now)
    note_attendance(session, planned, {ids[ONE.name]: True}, actor=TRAINER, now=now)
    assert attended(session, planned) == {ONE.name: True, TWO.name: None, THREE.name: True}


def test_a_walk_in_who_had_signed_off_gets_a_place_again(
    small_session: orm.Session, small_app: Flask
) -> None:
    session = small_session
    planned, _ids = begun(session, ONE)
    withdraw(session, planned, actor=ONE, now=NOW)
    commit(session)
    now = session.get_one(ProgrammeSession, planned).starts_at
    note_attendance(session, planned, {}, walk_ins=[ONE, ONE], actor=TRAINER, now=now)
    assert places(session, planned) == [(2, "signed_up", ONE.name)]


def test_nobody_was_there_before_it_began_or_after_it_was_called_off(
    small_session: orm.Session, small_app: Flask
) -> None:
    session = small_session
    planned, ids = begun(session, ONE)
    begin = session.get_one(ProgrammeSession, planned).starts_at
    with pytest.raises(TooLate):
        note_attendance(
            session,
            planned,
            {ids[ONE.name]: True},
            actor=TRAINER,
            now=begin - timedelta(seconds=1),
        )
    session.rollback()
    cancel_sessions(session, planned, actor=TRAINER, now=NOW)
    with pytest.raises(TooLate):
        note_attendance(session, planned, {ids[ONE.name]: True}, actor=TRAINER, now=begin)
    assert attended(session, planned) == {ONE.name: None}


def test_participants_confirm_and_the_trainer_sees_where_they_differ(
    session: orm.Session,
) -> None:
    planned, ids = begun(session, ONE, TWO, THREE, capacity=2)
    begin = session.get_one(ProgrammeSession, planned).starts_at
    with pytest.raises(TooLate):
        confirm_attendance(session, planned, actor=ONE, now=begin - timedelta(seconds=1))
    session.rollback()
    for _again in range(2):
        confirm_attendance(session, planned, actor=ONE, now=begin)
    commit(session)
    assert len(trail(session, "attendance.confirmed")) == 1
    for person in (THREE, FOUR):  # who waits, and who never came
        with pytest.raises(NotAllowed):
            confirm_attendance(session, planned, actor=person, now=begin)
        session.rollback()
    with pytest.raises(TooLate):
        confirm_attendance(session, planned, actor=TWO, now=begin + CONFIRM_WITHIN)
    session.rollback()
    absent = {ids[ONE.name]: False, ids[TWO.name]: False}
    note_attendance(session, planned, absent, actor=TRAINER, now=begin)
    commit(session)
    signed_up, _waiting = participants(session, session.get_one(ProgrammeSession, planned))
    assert [(one.name, one.differs) for one in signed_up] == [(ONE.name, True), (TWO.name, False)]
    assert attended(session, planned)[ONE.name] is False, "the trainer's note decides"


def test_training_and_intervision_reach_the_supporters_records(session: orm.Session) -> None:
    invited = add_record(session, ONE, SupporterState.INVITED).id
    appointed = add_record(session, TWO).id
    days = {
        SessionKind.TRAINING: date(2026, 4, 14),
        SessionKind.INTERVISION: date(2026, 5, 4),
        SessionKind.LECTURE: date(2026, 6, 1),
    }
    ids = {}
    for kind, day in days.items():
        # twenty past eleven at night in the hospital is the evening before in UTC
        planned, ids[kind] = begun(
            session, ONE, TWO, kind=kind, day=day, begins=time(0, 20), ends=time(1)
        )
        now = session.get_one(ProgrammeSession, planned).starts_at
        present = dict.fromkeys(ids[kind].values(), True)
        note_attendance(session, planned, present, actor=TRAINER, now=now)
        commit(session)
    found = [session.get_one(Supporter, row_id) for row_id in (invited, appointed)]
    assert [row.state for row in found] == ["trained", "appointed"]
    assert {(row.trained_on, row.intervision_on) for row in found} == {
        (days[SessionKind.TRAINING], days[SessionKind.INTERVISION])
    }


def test_a_correction_reaches_the_supporters_records_too(session: orm.Session) -> None:
    supporter = add_record(session, ONE).id
    for day in (date(2026, 1, 5), date(2026, 2, 2)):
        (planned,) = plan_sessions(
            session, details(day=day), confirmed=Confirmed(is_past=True), actor=TRAINER, now=NOW
        )
        planned_id = planned.id
        note_attendance(session, planned_id, {}, walk_ins=[ONE], actor=TRAINER, now=NOW)
        commit(session)
    assert session.get_one(Supporter, supporter).trained_on == date(2026, 2, 2)
    place = session.scalars(
        sa.select(Attendance.id).where(Attendance.session_id == planned_id)
    ).one()
    note_attendance(session, planned_id, {place: False}, actor=TRAINER, now=NOW)
    commit(session)
    assert session.get_one(Supporter, supporter).trained_on == date(2026, 1, 5)


def test_supporters_are_locked_in_one_order_before_their_dates_are_read(
    small_session: orm.Session, small_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = (ONE, TWO, THREE, FOUR)
    ids = sorted(add_record(small_session, person).id for person in people)
    planned, _places = begun(small_session)
    steps: list[str] = []

    def hold(session: orm.Session, supporter: Supporter) -> None:
        steps.append(supporter.id)

    def read(session: orm.Session, person_ids: object, kinds: object) -> dict[str, date]:
        steps.append("read")
        return {}

    monkeypatch.setattr(of_supporters, "hold_supporter", hold)
    monkeypatch.setattr(attending, "latest_days", read)
    now = small_session.get_one(ProgrammeSession, planned).starts_at
    note_attendance(small_session, planned, {}, walk_ins=people, actor=TRAINER, now=now)
    assert steps[:6] == [*ids, "read", "read"]
