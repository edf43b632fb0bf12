"""Invitations, updates and cancellations: what arrives when, and under which SEQUENCE."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
from flask import Flask
from jinja2 import StrictUndefined
from sqlalchemy import orm

from flask_peersupport.db import commit
from flask_peersupport.outbox.claims import claim, mark_sent
from flask_peersupport.outbox.models import Message, MessageState
from flask_peersupport.sessions import invitations
from flask_peersupport.sessions.models import Attendance, ProgrammeSession
from flask_peersupport.sessions.states import SessionKind, SessionState, SignUp
from tests.sessions.planned import (
    BEGIN,
    Postbox,
    calendar_of,
    give_place,
    plan,
    postbox_of,
    work,
)
from tests.supporters.conftest import NOW
from tests.supporters.host import NURSE, SURGEON

LATER = timedelta(hours=2)


@pytest.fixture
def box(app: Flask) -> Postbox:
    """What the app sends, on each database."""
    return postbox_of(app)


@pytest.fixture
def small_box(small_app: Flask) -> Postbox:
    """What the app sends, on SQLite; a mail that lacks a value fails."""
    small_app.jinja_env.undefined = StrictUndefined
    return postbox_of(small_app)


def arrived(app: Flask, box: Postbox, now: datetime = NOW) -> list[EmailMessage]:
    """Send what is due, and return what arrived."""
    work(app, now)
    return box.take()


def only(mails: list[EmailMessage]) -> tuple[str, int, str]:
    """Return METHOD, SEQUENCE and STATUS of the only mail."""
    (mail,) = mails
    found = calendar_of(mail)
    assert found is not None
    method, event = found
    return method, int(event["sequence"]), str(event["status"])


def invited(session: orm.Session) -> tuple[ProgrammeSession, Attendance]:
    """Return a session and the place of a nurse who is invited to it."""
    planned = plan(session)
    attendance = give_place(session, planned, NURSE)
    invitations.invite(session, attendance, now=NOW)
    commit(session)
    return planned, attendance


def change(session: orm.Session, planned: ProgrammeSession) -> None:
    """Move a session by two hours, as planning does."""
    planned.starts_at += LATER
    planned.ends_at += LATER
    planned.sequence += 1
    invitations.send_update(session, planned, now=NOW)
    commit(session)


def call_off(session: orm.Session, planned: ProgrammeSession) -> None:
    """Call a session off, as planning does."""
    planned.state = SessionState.CANCELLED
    planned.cancelled_at = NOW
    planned.sequence += 1
    invitations.send_cancellation(session, planned, now=NOW)
    commit(session)


def sign_off(session: orm.Session, attendance: Attendance) -> None:
    """Sign somebody off, as signing up does."""
    attendance.sign_up = SignUp.WITHDRAWN
    invitations.withdraw_invitation(session, attendance, now=NOW)
    commit(session)


def sign_up_again(session: orm.Session, attendance: Attendance) -> None:
    """Sign somebody up who signed off before."""
    attendance.sign_up = SignUp.SIGNED_UP
    invitations.invite(session, attendance, now=NOW)
    commit(session)


def test_the_whole_way_of_an_invitation(app: Flask, session: orm.Session, box: Postbox) -> None:
    planned, attendance = invited(session)
    assert only(arrived(app, box)) == ("REQUEST", 0, "CONFIRMED")
    change(session, planned)
    assert only(arrived(app, box)) == ("REQUEST", 1, "CONFIRMED")
    sign_off(session, attendance)
    assert only(arrived(app, box)) == ("CANCEL", 2, "CANCELLED")
    sign_up_again(session, attendance)
    assert only(arrived(app, box)) == ("REQUEST", 3, "CONFIRMED")
    call_off(session, planned)
    assert only(arrived(app, box)) == ("CANCEL", 4, "CANCELLED")
    assert arrived(app, box) == []


def test_an_invitation_is_to_its_recipient_alone(
    small_app: Flask, small_session: orm.Session, small_box: Postbox
) -> None:
    planned = plan(small_session, title="The case of bed 4", trainers=[SURGEON])
    for person in (NURSE, SURGEON):
        place = give_place(small_session, planned, person)
        invitations.invite(small_session, place, now=NOW)
    commit(small_session)
    mails = {str(mail["To"]): mail for mail in arrived(small_app, small_box)}
    assert sorted(mails) == ["nadia@hospital.example", "sam@hospital.example"]
    uids = set()
    for address, mail in mails.items():
        found = calendar_of(mail)
        assert found is not None
        event = found[1]
        uids.add(str(event["uid"]))
        assert str(event["attendee"]) == f"mailto:{address}"
        assert str(event["organizer"]).removeprefix("mailto:") in str(mail["From"])
        assert str(event["summary"]) == "Peer support: training"
        whole = "".join(str(part.get_content()) for part in mail.walk() if not part.is_multipart())
        assert [word in whole for word in ("bed 4", "Nadia", "Sam")] == [False] * 3
    assert uids == {f"{planned.id}@peersupport"}


def test_the_parts_stand_as_mail_programs_expect_them(
    small_app: Flask, small_session: orm.Session, small_box: Postbox
) -> None:
    invited(small_session)
    (mail,) = arrived(small_app, small_box)
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    assert mail["Content-Language"] == "nl"


def test_a_mail_that_comes_late_shows_what_is_true_then(
    app: Flask, session: orm.Session, box: Postbox
) -> None:
    planned, _ = invited(session)
    change(session, planned)
    (mail,) = arrived(app, box)
    found = calendar_of(mail)
    assert found is not None
    assert found[1]["dtstart"].dt == BEGIN + LATER
    assert int(found[1]["sequence"]) == 1


def test_an_update_that_failed_never_comes_with_an_older_sequence(
    small_app: Flask, small_session: orm.Session, small_box: Postbox
) -> None:
    planned, _ = invited(small_session)
    arrived(small_app, small_box)
    small_box.is_broken = True
    change(small_session, planned)
    arrived(small_app, small_box)
    change(small_session, planned)
    small_box.is_broken = False
    mails = arrived(small_app, small_box, NOW + timedelta(hours=1))
    assert {only([mail])[:2] for mail in mails} == {("REQUEST", 2)}


def test_a_session_called_off_before_the_invitation_left_sends_none(
    app: Flask, session: orm.Session, box: Postbox
) -> None:
    planned, _ = invited(session)
    call_off(session, planned)
    (mail,) = arrived(app, box)
    assert calendar_of(mail) is None
    assert "afgelast" in str(mail["Subject"])


def test_an_invitation_on_its_way_stops_when_the_session_is_off(
    small_app: Flask, small_session: orm.Session, small_box: Postbox
) -> None:
    planned, _ = invited(small_session)
    planned.state, planned.cancelled_at = SessionState.CANCELLED, NOW
    commit(small_session)
    assert arrived(small_app, small_box) == []


def test_who_signs_off_before_the_invitation_left_hears_nothing(
    small_app: Flask, small_session: orm.Session, small_box: Postbox
) -> None:
    _, attendance = invited(small_session)
    sign_off(small_session, attendance)
    assert arrived(small_app, small_box) == []


def test_who_signs_off_and_up_again_gets_the_entry_back(
    small_app: Flask, small_session: orm.Session, small_box: Postbox
) -> None:
    _, attendance = invited(small_session)
    arrived(small_app, small_box)
    sign_off(small_session, attendance)
    sign_up_again(small_session, attendance)
    assert only(arrived(small_app, small_box)) == ("REQUEST", 2, "CONFIRMED")


def test_an_invitation_that_may_have_arrived_is_taken_back(
    small_app: Flask, small_session: orm.Session, small_box: Postbox
) -> None:
    small_box.is_broken = True
    _, attendance = invited(small_session)
    arrived(small_app, small_box)
    sign_off(small_session, attendance)
    small_box.is_broken = False
    assert only(arrived(small_app, small_box, NOW + timedelta(hours=1)))[0] == "CANCEL"


def test_a_move_while_the_invitation_is_being_sent_is_told(
    app: Flask, session: orm.Session, box: Postbox
) -> None:
    planned, attendance = invited(session)
    held = claim(session, NOW, 10, timedelta(minutes=5))
    change(session, planned)
    (message,) = held
    assert mark_sent(session, message, NOW), "it left with the old time"
    assert only(arrived(app, box)) == ("REQUEST", 1, "CONFIRMED")
    waiting = sa.select(Message.template).where(Message.object_id == attendance.id)
    assert sorted(session.scalars(waiting)) == [invitations.CHANGED, message.template]


def test_the_waiting_list_is_told_without_a_calendar(
    app: Flask, session: orm.Session, box: Postbox
) -> None:
    planned = plan(session)
    attendance = give_place(session, planned, NURSE, sign_up=SignUp.WAITING)
    invitations.tell_waiting(session, attendance, now=NOW)
    commit(session)
    (mail,) = arrived(app, box)
    assert calendar_of(mail) is None
    change(session, planned)
    (mail,) = arrived(app, box)
    assert calendar_of(mail) is None
    assert "reservelijst" in str(mail.get_body(("plain",)))
    attendance.sign_up = SignUp.SIGNED_UP
    invitations.tell_moved_up(session, attendance, now=NOW)
    commit(session)
    assert only(arrived(app, box)) == ("REQUEST", 1, "CONFIRMED")


def test_who_waited_when_it_was_called_off_has_nothing_to_strike_out(
    small_app: Flask, small_session: orm.Session, small_box: Postbox
) -> None:
    planned = plan(small_session)
    attendance = give_place(small_session, planned, NURSE, sign_up=SignUp.WAITING)
    invitations.tell_waiting(small_session, attendance, now=NOW)
    call_off(small_session, planned)
    (mail,) = arrived(small_app, small_box)
    assert calendar_of(mail) is None


def test_who_signed_off_hears_of_no_change(
    small_app: Flask, small_session: orm.Session, small_box: Postbox
) -> None:
    planned = plan(small_session)
    give_place(small_session, planned, NURSE, sign_up=SignUp.WITHDRAWN)
    change(small_session, planned)
    call_off(small_session, planned)
    assert arrived(small_app, small_box) == []


def test_nothing_is_sent_once_it_has_begun(
    small_app: Flask, small_session: orm.Session, small_box: Postbox
) -> None:
    invited(small_session)
    assert arrived(small_app, small_box, BEGIN) == []
    states = small_session.scalars(sa.select(Message.state)).all()
    assert states == [MessageState.DROPPED]


@pytest.mark.parametrize(
    ("locale", "subject", "summary"),
    [
        ("en", "Peer support: intervision on Monday 23 March 10:00", "Peer support: intervision"),
        ("nl", "Peer support: intervisie op maandag 23 maart 10:00", "Peer support: intervisie"),
    ],
)
def test_mail_and_entry_are_in_the_recipients_language(
    small_app: Flask,
    small_session: orm.Session,
    small_box: Postbox,
    locale: str,
    subject: str,
    summary: str,
) -> None:
    planned = plan(small_session, kind=SessionKind.INTERVISION)
    attendance = give_place(small_session, planned, replace(NURSE, locale=locale))
    invitations.invite(small_session, attendance, now=NOW)
    commit(small_session)
    (mail,) = arrived(small_app, small_box)
    found = calendar_of(mail)
    assert found is not None
    assert (str(mail["Subject"]), str(found[1]["summary"])) == (subject, summary)


def test_a_place_that_is_gone_sends_nothing(
    small_app: Flask, small_session: orm.Session, small_box: Postbox
) -> None:
    _, attendance = invited(small_session)
    small_session.delete(attendance)
    commit(small_session)
    assert arrived(small_app, small_box) == []


def test_no_order_of_events_ever_lowers_a_sequence(
    small_app: Flask, small_session: orm.Session, small_box: Postbox
) -> None:
    planned, attendance = invited(small_session)
    seen: list[int] = []
    chance = random.Random(7)
    for hour in range(40):
        match chance.choice(("move", "off", "on")):
            case "move":
                change(small_session, planned)
            case "off" if attendance.sign_up is SignUp.SIGNED_UP:
                sign_off(small_session, attendance)
            case "on" if attendance.sign_up is SignUp.WITHDRAWN:
                sign_up_again(small_session, attendance)
        small_box.is_broken = chance.random() < 0.3
        later = NOW + timedelta(hours=hour)
        events = [calendar_of(mail) for mail in arrived(small_app, small_box, later)]
        numbers = {int(found[1]["sequence"]) for found in events if found}
        assert len(numbers) <= 1
        assert all(number >= max(seen, default=0) for number in numbers)
        seen += numbers
        small_session.refresh(attendance)
    assert len(seen) > 10
    assert max(seen) > 10
