"""Planning, series across the change of the clock, changes and cancellations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.db import commit
from flask_peersupport.errors import InvalidInput, InvalidTransition
from flask_peersupport.sessions.attending import note_attendance
from flask_peersupport.sessions.models import ProgrammeSession
from flask_peersupport.sessions.planning import (
    cancel_sessions,
    change_sessions,
    plan_sessions,
)
from flask_peersupport.sessions.plans import Confirmed, Repetition
from flask_peersupport.sessions.signing_up import sign_up
from flask_peersupport.sessions.states import SessionKind, TargetGroup
from flask_peersupport.vault.models import PersonRecord
from tests.sessions.staff import (
    DAY,
    OTHER_TRAINER,
    TRAINER,
    colleague,
    details,
    hire,
    mails,
    places,
    plan,
    plan_series,
    trail,
)
from tests.supporters.conftest import NOW

ONE, TWO, THREE = (colleague(number) for number in range(1, 4))
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def staff(request: pytest.FixtureRequest) -> None:
    """Let the host know everybody."""
    for name in ("app", "small_app"):
        if name in request.fixturenames:
            hire(request.getfixturevalue(name), ONE, TWO, THREE)


def rows(session: orm.Session, ids: Sequence[str]) -> list[ProgrammeSession]:
    return [session.get_one(ProgrammeSession, row_id, populate_existing=True) for row_id in ids]


def starts(session: orm.Session, ids: Sequence[str]) -> list[datetime]:
    return [row.starts_at for row in rows(session, ids)]


def fields_of(session: orm.Session, **values: object) -> dict[str, str]:
    """Return what is wrong with a session; nothing of it is stored."""
    with pytest.raises(InvalidInput) as error:
        plan_sessions(session, details(**values), actor=TRAINER, now=NOW)
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(ProgrammeSession)) == 0
    return error.value.fields


def test_a_session_is_planned_in_local_time(session: orm.Session) -> None:
    planned = plan(session, title="Basic course", capacity=12)
    assert (planned.starts_at, planned.ends_at) == (
        datetime(2026, 4, 14, 7, tzinfo=UTC),
        datetime(2026, 4, 14, 8, 30, tzinfo=UTC),
    )
    assert (planned.series_id, planned.sequence, planned.state) == (None, 0, "planned")
    assert [row.record.person.name for row in planned.trainers] == [TRAINER.name]
    assert session.scalars(sa.select(PersonRecord)).one().is_lasting
    assert trail(session, "session.planned") == [("session.planned", "training")]


def test_a_series_keeps_its_time_of_day_when_the_clock_changes(session: orm.Session) -> None:
    ids = plan_series(session, 6, 4, day=date(2026, 3, 10), kind=SessionKind.INTERVISION)
    assert starts(session, ids) == [
        datetime(2026, 3, 10, 8, tzinfo=UTC),
        datetime(2026, 4, 21, 7, tzinfo=UTC),
        datetime(2026, 6, 2, 7, tzinfo=UTC),
        datetime(2026, 7, 14, 7, tzinfo=UTC),
    ]
    assert len({row.series_id for row in rows(session, ids)}) == 1


def test_what_cannot_be_right_is_said_by_field(
    small_session: orm.Session, small_app: Flask
) -> None:
    session = small_session
    assert set(fields_of(session, ends=time(9))) == {"ends"}
    assert set(fields_of(session, ends=time(8))) == {"ends"}
    assert set(fields_of(session, day=date(2026, 3, 29), begins=time(2, 30))) == {"begins"}
    assert set(fields_of(session, day=date(2026, 3, 29), begins=time(1), ends=time(2, 1))) == {
        "ends"
    }
    assert set(fields_of(session, day=date(2030, 1, 1))) == {"day"}
    assert set(fields_of(session, day=date(2019, 1, 1))) == {"day"}
    assert set(fields_of(session, day=date(1, 1, 1))) <= {"begins", "day"}


def test_a_series_cannot_be_endless_nor_begin_in_the_past(
    small_session: orm.Session, small_app: Flask
) -> None:
    for repetition, said in (
        (Repetition(1, DAY + timedelta(weeks=60)), details()),
        (Repetition(1, DAY - timedelta(days=1)), details()),
        (Repetition(6, DAY), details(day=date(2026, 3, 3), begins=time(9, 30))),
    ):
        with pytest.raises(InvalidInput) as error:
            plan_sessions(small_session, said, repetition, actor=TRAINER, now=NOW)
        assert len(error.value.fields) == 1
    in_gap = details(day=date(2026, 3, 22), begins=time(2, 30), ends=time(4))
    with pytest.raises(InvalidInput, match="29 March 2026"):
        plan_sessions(
            small_session, in_gap, Repetition(1, date(2026, 4, 5)), actor=TRAINER, now=NOW
        )


def test_a_session_in_the_past_is_recorded_only_when_that_is_meant(
    small_session: orm.Session, small_app: Flask
) -> None:
    assert set(fields_of(small_session, day=date(2026, 3, 3), begins=time(9))) == {"past"}
    said = details(day=date(2026, 2, 3))
    (planned,) = plan_sessions(
        small_session, said, confirmed=Confirmed(is_past=True), actor=TRAINER, now=NOW
    )
    assert planned.state == "planned"


def test_a_trainer_who_has_another_session_then_is_a_question(session: orm.Session) -> None:
    plan(session)
    said = details(begins=time(10), ends=time(11), trainers=(OTHER_TRAINER, TRAINER))
    with pytest.raises(InvalidInput) as error:
        plan_sessions(session, said, actor=TRAINER, now=NOW)
    assert "Tess Trainer" in error.value.fields["overlap"]
    session.rollback()
    plan_sessions(session, said, confirmed=Confirmed(has_overlap=True), actor=TRAINER, now=NOW)
    touching = details(begins=time(11), ends=time(12))
    plan_sessions(session, touching, actor=TRAINER, now=NOW)


def test_nobody_learns_of_group_support_by_asking_whether_somebody_is_free(
    session: orm.Session,
) -> None:
    group, other = plan(session), plan(session, trainers=(OTHER_TRAINER,)).id
    group.kind, group.target = SessionKind.GROUP_SUPPORT, TargetGroup.NOBODY
    commit(session)
    with pytest.raises(InvalidInput) as error:
        plan_sessions(session, details(), actor=OTHER_TRAINER, now=NOW)
    assert error.value.fields == {"overlap": "Tess Trainer is not free then. Plan it all the same?"}
    session.rollback()
    with pytest.raises(InvalidInput, match="You have another session then: group support"):
        sign_up(session, other, actor=TRAINER, now=NOW)


def test_a_session_does_not_overlap_with_itself(
    small_session: orm.Session, small_app: Flask
) -> None:
    ids = plan_series(small_session, 1, 3)
    said = details(begins=time(9, 30))
    changed = change_sessions(small_session, ids[0], said, and_later=True, actor=TRAINER, now=NOW)
    assert len(changed) == 3


def test_an_overlap_is_asked_about_again_only_where_it_is_another_one(
    session: orm.Session,
) -> None:
    plan(session)
    said = details(begins=time(10), ends=time(11), place="Room 4")
    (second,) = plan_sessions(
        session, said, confirmed=Confirmed(has_overlap=True), actor=TRAINER, now=NOW
    )
    second_id = second.id
    commit(session)
    plan(session, begins=time(10), ends=time(12), trainers=(OTHER_TRAINER,))
    change_sessions(session, second_id, replace(said, place="Room 5"), actor=TRAINER, now=NOW)
    commit(session)
    for again in (
        replace(said, ends=time(11, 30)),
        replace(said, trainers=(TRAINER, OTHER_TRAINER)),
    ):
        with pytest.raises(InvalidInput) as error:
            change_sessions(session, second_id, again, actor=TRAINER, now=NOW)
        assert set(error.value.fields) == {"overlap"}
        session.rollback()


def test_later_ones_move_along_and_others_stay(session: orm.Session) -> None:
    ids = plan_series(session, 6, 4, day=date(2026, 3, 10), place="Room 1")
    cancel_sessions(session, ids[2], actor=TRAINER, now=NOW)
    commit(session)
    said = details(day=date(2026, 4, 22), begins=time(16), ends=time(17), place="Room 2")
    change_sessions(session, ids[1], said, and_later=True, actor=TRAINER, now=NOW)
    commit(session)
    assert starts(session, ids) == [
        datetime(2026, 3, 10, 8, tzinfo=UTC),
        datetime(2026, 4, 22, 14, tzinfo=UTC),
        datetime(2026, 6, 2, 7, tzinfo=UTC),
        datetime(2026, 7, 15, 14, tzinfo=UTC),
    ]
    found = rows(session, ids)
    assert [row.place for row in found] == ["Room 1", "Room 2", "Room 1", "Room 2"]
    assert [row.sequence for row in found] == [0, 1, 1, 1]
    change_sessions(
        session, ids[0], details(day=date(2026, 3, 11), place="Room 1"), actor=TRAINER, now=NOW
    )
    commit(session)
    assert starts(session, ids)[1] == datetime(2026, 4, 22, 14, tzinfo=UTC)


def test_only_what_stands_in_the_calendar_sends_an_update(session: orm.Session) -> None:
    planned = plan(session).id
    sign_up(session, planned, actor=ONE, now=NOW)
    commit(session)
    session.execute(sa.text("UPDATE peersupport_message SET state = 'dropped'"))
    session.commit()
    for said, sequence, mail in (
        (details(title="Another title", capacity=8), 0, []),
        (details(title="Another title", capacity=8, trainers=(OTHER_TRAINER,)), 0, []),
        (details(place="Room 3"), 1, [("session_changed", ONE.name)]),
        (details(place="Room 3"), 1, [("session_changed", ONE.name)]),
    ):
        change_sessions(session, planned, said, actor=TRAINER, now=NOW)
        commit(session)
        assert session.get_one(ProgrammeSession, planned).sequence == sequence
        assert mails(session) == mail
    assert len(trail(session, "session.changed")) == 3


def test_a_higher_capacity_lets_those_who_wait_move_up_in_order(session: orm.Session) -> None:
    planned = plan(session, capacity=1).id
    for person in (ONE, TWO, THREE):
        sign_up(session, planned, actor=person, now=NOW)
        commit(session)
    change_sessions(session, planned, details(capacity=2), actor=TRAINER, now=NOW)
    commit(session)
    standing = [sign_up for _number, sign_up, _name in places(session, planned)]
    assert standing == ["signed_up", "signed_up", "waiting"]
    change_sessions(session, planned, details(capacity=None), actor=TRAINER, now=NOW)
    commit(session)
    assert [m for m in mails(session) if m[0] == "session_moved_up"] == [
        ("session_moved_up", TWO.name),
        ("session_moved_up", THREE.name),
    ]


def test_a_capacity_below_those_who_signed_up_is_refused_with_the_number(
    session: orm.Session,
) -> None:
    ids = plan_series(session, 1, 2, capacity=5)
    for person in (ONE, TWO):
        sign_up(session, ids[1], actor=person, now=NOW)
        commit(session)
    with pytest.raises(InvalidInput) as error:
        change_sessions(
            session, ids[0], details(capacity=1), and_later=True, actor=TRAINER, now=NOW
        )
    assert error.value.fields["capacity"].startswith("2 people have signed up for 21 April 2026")
    session.rollback()
    assert [row.capacity for row in rows(session, ids)] == [5, 5], "nor the first of the two"
    change_sessions(session, ids[0], details(capacity=2), and_later=True, actor=TRAINER, now=NOW)
    commit(session)
    assert [row.capacity for row in rows(session, ids)] == [2, 2]


def test_calling_off_one_or_all_later_ones(session: orm.Session) -> None:
    ids = plan_series(session, 1, 4)
    sign_up(session, ids[2], actor=ONE, now=NOW)
    commit(session)
    cancel_sessions(session, ids[0], actor=TRAINER, now=NOW)
    commit(session)
    assert [row.state for row in rows(session, ids)] == ["cancelled", *["planned"] * 3]
    cancel_sessions(session, ids[1], and_later=True, actor=TRAINER, now=NOW)
    commit(session)
    found = rows(session, ids)
    assert {row.state.value for row in found} == {"cancelled"}
    assert {row.sequence for row in found} == {1}
    assert mails(session) == [("session_cancelled", ONE.name)]
    with pytest.raises(InvalidTransition):
        cancel_sessions(session, ids[1], actor=TRAINER, now=NOW)


def test_what_was_held_is_not_called_off_nor_moved(
    small_session: orm.Session, small_app: Flask
) -> None:
    session = small_session
    planned = plan(session)
    planned_id, begin = planned.id, planned.starts_at
    later = begin + HOUR
    note_attendance(session, planned_id, {}, walk_ins=[ONE], actor=TRAINER, now=later)
    commit(session)
    with pytest.raises(InvalidTransition):
        cancel_sessions(session, planned_id, actor=TRAINER, now=later)
    session.rollback()
    said = details(
        kind=SessionKind.LECTURE,
        day=date(2026, 5, 1),
        capacity=1,
        title="Now with a title",
        accreditation_number="A-1",
        accreditation_points=150,
    )
    change_sessions(session, planned_id, said, actor=TRAINER, now=later)
    commit(session)
    row = session.get_one(ProgrammeSession, planned_id)
    assert (row.kind, row.starts_at, row.capacity) == ("training", begin, None)
    assert (row.title, row.accreditation_number, row.accreditation_points, row.sequence) == (
        "Now with a title",
        "A-1",
        150,
        0,
    )
    assert [m for m in mails(session) if m[0] == "session_changed"] == []
