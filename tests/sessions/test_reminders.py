"""Reminders of sessions: once, in time, and never after the start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.db import commit
from flask_peersupport.jobs import run_due
from flask_peersupport.outbox.models import Message
from flask_peersupport.runtime import EXTENSION
from flask_peersupport.sessions import invitations
from flask_peersupport.sessions.models import ProgrammeSession
from flask_peersupport.sessions.reminders import remind_participants
from flask_peersupport.sessions.states import SessionState, SignUp
from tests.sessions.planned import BEGIN, calendar_of, give_place, plan, postbox_of, work
from tests.supporters.conftest import NOW
from tests.supporters.host import COORDINATOR, NURSE, SURGEON

DAYS = timedelta(days=2)


def reminded(session: orm.Session) -> int:
    """Return how many reminders were written so far."""
    session.rollback()
    count = sa.select(sa.func.count()).where(Message.template == "session_reminder")
    return session.scalar(count) or 0


def test_those_who_signed_up_are_reminded_once(app: Flask, session: orm.Session) -> None:
    box = postbox_of(app)
    planned = plan(session)
    give_place(session, planned, NURSE)
    give_place(session, planned, SURGEON, sign_up=SignUp.WAITING)
    give_place(session, planned, COORDINATOR, sign_up=SignUp.WITHDRAWN)
    assert "remind_sessions" not in work(app, BEGIN - DAYS - timedelta(seconds=1))
    assert work(app, BEGIN - DAYS)["remind_sessions"] == 1
    assert "remind_sessions" not in work(app, BEGIN - DAYS)
    assert "remind_sessions" not in work(app, BEGIN - timedelta(hours=1))
    assert reminded(session) == 1
    (mail,) = box.take()
    assert str(mail["To"]) == NURSE.email
    assert str(mail["Subject"]) == ("Peer support: herinnering, training op maandag 23 maart 10:00")
    assert calendar_of(mail) is None


def test_two_workers_remind_once(app: Flask, session: orm.Session) -> None:
    planned = plan(session)
    give_place(session, planned, NURSE)
    now = BEGIN - timedelta(hours=5)
    assert remind_participants(session, planned.id, now=now)
    commit(session)
    assert not remind_participants(session, planned.id, now=now)
    commit(session)
    assert reminded(session) == 1


@pytest.mark.parametrize("state", [SessionState.CANCELLED, SessionState.HELD])
def test_nobody_is_reminded_of_what_is_over_or_off(
    small_app: Flask, small_session: orm.Session, state: SessionState
) -> None:
    cancelled_at = NOW if state is SessionState.CANCELLED else None
    planned = plan(small_session, state=state, cancelled_at=cancelled_at)
    give_place(small_session, planned, NURSE)
    work(small_app, BEGIN - DAYS)
    assert reminded(small_session) == 0


def test_after_the_start_nobody_is_reminded(small_app: Flask, small_session: orm.Session) -> None:
    planned = plan(small_session)
    give_place(small_session, planned, NURSE)
    work(small_app, BEGIN)
    assert reminded(small_session) == 0


def test_a_reminder_that_waits_for_the_mail_server_is_dropped_at_the_start(
    small_app: Flask, small_session: orm.Session
) -> None:
    box = postbox_of(small_app)
    planned = plan(small_session)
    give_place(small_session, planned, NURSE)
    box.is_broken = True
    work(small_app, BEGIN - timedelta(hours=1))
    box.is_broken = False
    work(small_app, BEGIN + timedelta(hours=1))
    assert box.mails == []


def test_who_signs_up_shortly_before_is_not_reminded(
    small_app: Flask, small_session: orm.Session
) -> None:
    planned = plan(small_session, created_at=BEGIN - timedelta(hours=20))
    give_place(small_session, planned, NURSE, signed_up_at=BEGIN - timedelta(hours=10))
    give_place(small_session, planned, SURGEON, signed_up_at=BEGIN - timedelta(days=3))
    work(small_app, BEGIN - timedelta(hours=9))
    assert reminded(small_session) == 1


def test_a_session_that_is_moved_far_off_is_reminded_of_again(
    small_app: Flask, small_session: orm.Session
) -> None:
    planned = plan(small_session)
    give_place(small_session, planned, NURSE)
    work(small_app, BEGIN - DAYS)
    small_session.refresh(planned)
    planned.starts_at += timedelta(days=14)
    planned.ends_at += timedelta(days=14)
    planned.sequence += 1
    invitations.send_update(small_session, planned, now=BEGIN - DAYS)
    commit(small_session)
    work(small_app, BEGIN)
    assert reminded(small_session) == 1
    work(small_app, BEGIN + timedelta(days=13))
    assert reminded(small_session) == 2


def test_the_mail_of_a_change_shortly_before_is_reminder_enough(
    small_app: Flask, small_session: orm.Session
) -> None:
    planned = plan(small_session)
    give_place(small_session, planned, NURSE)
    now = BEGIN - timedelta(days=10)
    planned.starts_at, planned.ends_at = now + timedelta(days=1), now + timedelta(days=1, hours=3)
    planned.sequence += 1
    invitations.send_update(small_session, planned, now=now)
    commit(small_session)
    work(small_app, now)
    assert reminded(small_session) == 0
    small_session.refresh(planned)
    assert planned.reminded_at == now


@pytest.mark.parametrize(
    ("begin", "shown"),
    [
        (datetime(2026, 3, 29, 8, tzinfo=UTC), "zondag 29 maart 10:00"),  # the clock went forward
        (datetime(2026, 10, 25, 8, tzinfo=UTC), "zondag 25 oktober 09:00"),  # and back
    ],
)
def test_a_change_of_the_clock_moves_no_reminder(
    small_app: Flask, small_session: orm.Session, begin: datetime, shown: str
) -> None:
    box = postbox_of(small_app)
    planned = plan(small_session, begin)
    give_place(small_session, planned, NURSE)
    assert "remind_sessions" not in work(small_app, begin - DAYS - timedelta(seconds=1))
    assert work(small_app, begin - DAYS)["remind_sessions"] == 1
    (mail,) = box.take()
    assert shown in str(mail["Subject"])


def test_a_failure_holds_up_no_other_session_and_is_tried_again(
    small_app: Flask, small_session: orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flask_peersupport.sessions import reminders

    first, second = plan(small_session), plan(small_session, BEGIN + timedelta(hours=1))
    for planned in (first, second):
        give_place(small_session, planned, NURSE)
    enqueue = reminders.enqueue

    def fail_once(*args: object, **arguments: object) -> object:
        monkeypatch.setattr(reminders, "enqueue", enqueue)
        raise RuntimeError

    monkeypatch.setattr(reminders, "enqueue", fail_once)
    now = BEGIN - timedelta(hours=5)
    counts = run_due(small_app.extensions[EXTENSION], now)
    assert (counts["remind_sessions"], counts["remind_sessions_failed"]) == (1, 1)
    assert work(small_app, now)["remind_sessions"] == 1
    statement = sa.select(ProgrammeSession.reminded_at)
    small_session.rollback()
    assert small_session.scalars(statement).all() == [now, now]
