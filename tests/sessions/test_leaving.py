"""A trainer or a participant whom the host removes: places go on, sessions ask for a trainer."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.db import commit
from flask_peersupport.reachouts.removing import remove_user
from flask_peersupport.sessions.attending import note_attendance
from flask_peersupport.sessions.models import Attendance, ProgrammeSession
from flask_peersupport.sessions.notices import NEEDS_TRAINER, session_needs_trainer
from flask_peersupport.sessions.planning import change_sessions
from flask_peersupport.sessions.policy import standing_of
from flask_peersupport.sessions.queries import Chosen, count_untrained, session_page
from flask_peersupport.sessions.signing_up import sign_up
from tests.sessions.staff import (
    OTHER_TRAINER,
    TRAINER,
    actor_of,
    colleague,
    details,
    hire,
    mails,
    places,
    plan,
    trail,
)
from tests.supporters.conftest import NOW
from tests.supporters.host import COORDINATOR

ONE, TWO = colleague(1), colleague(2)


def test_a_trainer_who_leaves_is_missed(session: orm.Session, app: Flask) -> None:
    hire(app, ONE, TWO)
    alone = plan(session).id
    together = plan(
        session, day=details().day + timedelta(days=1), trainers=(TRAINER, OTHER_TRAINER)
    ).id
    past = plan(session, day=details().day + timedelta(days=2)).id
    long_after = NOW + timedelta(days=80)
    note_attendance(session, past, {}, walk_ins=[ONE], actor=TRAINER, now=long_after)
    commit(session)
    remove_user(session, str(TRAINER.user_id), removed_at=NOW, now=NOW)
    commit(session)
    found = {row.id: row for row in session.scalars(sa.select(ProgrammeSession))}
    assert {row_id: len(row.trainers) for row_id, row in found.items()} == {
        alone: 0,
        together: 1,
        past: 1,  # who led it, led it
    }
    told = [(mail, to) for mail, to in mails(session) if mail == NEEDS_TRAINER]
    assert told == [(NEEDS_TRAINER, COORDINATOR.name), (NEEDS_TRAINER, OTHER_TRAINER.name)]
    assert len(trail(session, "session.trainer_left")) == 2
    reader = standing_of(session, actor_of(session, OTHER_TRAINER, "trainer"), NOW)
    assert count_untrained(session, reader) == 1
    rows, _next = session_page(session, reader, Chosen(is_untrained=True))
    assert [(row.id, row.needs_trainer) for row in rows] == [(alone, True)]
    assert session_needs_trainer(session, alone) is not None
    change_sessions(session, alone, details(trainers=(OTHER_TRAINER,)), actor=COORDINATOR, now=NOW)
    commit(session)
    assert session_needs_trainer(session, alone) is None
    assert count_untrained(session, reader) == 0


def test_a_participant_who_leaves_makes_room_and_stays_in_the_lists_of_the_past(
    session: orm.Session, app: Flask
) -> None:
    hire(app, ONE, TWO)
    planned = plan(session, capacity=1)
    planned_id = planned.id
    held = plan(session, day=details().day - timedelta(days=7)).id
    begin = session.get_one(ProgrammeSession, held).starts_at
    for person in (ONE, TWO):
        sign_up(session, planned_id, actor=person, now=NOW)
        commit(session)
    note_attendance(session, held, {}, walk_ins=[ONE], actor=TRAINER, now=begin)
    commit(session)
    remove_user(session, str(ONE.user_id), removed_at=begin, now=begin)
    commit(session)
    assert places(session, planned_id) == [
        (1, "withdrawn", ONE.name),
        (2, "signed_up", TWO.name),
    ]
    assert ("session_moved_up", TWO.name) in mails(session)
    assert [to for _mail, to in mails(session)].count(ONE.name) == 0
    was = session.scalars(sa.select(Attendance).where(Attendance.session_id == held)).one()
    assert (was.has_attended, was.sign_up) == (True, "signed_up")
