"""The own list, the own calendar and the table of hours, as people open them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.clock import utc_now
from flask_peersupport.sessions.models import ProgrammeSession
from flask_peersupport.sessions.states import SessionKind, SessionState, SignUp, TargetGroup
from flask_peersupport.values import Person
from tests.sessions.planned import Reader, give_place, plan, read_calendar
from tests.supporters.conftest import counted
from tests.supporters.host import COORDINATOR, NURSE, SURGEON

SOON = utc_now().replace(microsecond=0) + timedelta(days=5)
BEFORE = SOON - timedelta(days=30)


@pytest.fixture
def session(small_session: orm.Session) -> orm.Session:
    """A session on SQLite."""
    return small_session


def actions(session: orm.Session) -> list[str]:
    """Return what the audit trail says was done."""
    session.rollback()
    return list(session.scalars(sa.select(AuditEntry.action)))


def test_the_own_list_shows_what_is_to_come_and_what_was(
    small_app: Flask, session: orm.Session
) -> None:
    give_place(session, plan(session, SOON, title="Listening"), NURSE)
    give_place(
        session, plan(session, SOON, kind=SessionKind.LECTURE), NURSE, sign_up=SignUp.WAITING
    )
    held = plan(
        session, BEFORE, state=SessionState.HELD, accreditation_points=150, title="First steps"
    )
    give_place(session, held, NURSE, has_attended=True)
    give_place(session, plan(session, BEFORE, title="Not noted"), NURSE)
    missed = plan(session, BEFORE, state=SessionState.HELD, title="Missed")
    give_place(session, missed, NURSE, has_attended=False)
    give_place(session, plan(session, SOON, title="Not hers"), SURGEON)
    off = {"state": SessionState.CANCELLED, "cancelled_at": BEFORE}
    give_place(session, plan(session, SOON, title="Called off", **off), NURSE)
    page = Reader(small_app, NURSE).get("/sessions/mine").get_data(as_text=True)
    for text in ("Training: Listening", "Lecture", "on the waiting list", "First steps"):
        assert text in page
    assert ["Not hers" in page, "Called off" in page] == [False, False]
    assert page.count("not noted yet") == 1
    assert page.count("you were not there") == 1
    assert page.count("/certificate") == 1
    assert f"/peersupport/sessions/{held.id}/certificate" in page
    assert ">1.5<" in page
    assert "sessions.own_seen" in actions(session)


def test_who_leads_a_session_has_it_too(small_app: Flask, session: orm.Session) -> None:
    plan(session, SOON, title="Led", target=TargetGroup.SUPPORTERS, trainers=[SURGEON])
    page = Reader(small_app, SURGEON).get("/sessions/mine").get_data(as_text=True)
    assert ["Training: Led" in page, "you lead it" in page] == [True, True]


def test_who_has_nothing_sees_so(small_app: Flask, session: orm.Session) -> None:
    page = Reader(small_app, SURGEON).get("/sessions/mine").get_data(as_text=True)
    assert "Nothing is planned for you now." in page
    assert read_calendar(Reader(small_app, SURGEON).get("/sessions/mine.ics").data)[1] == []


def test_the_own_list_takes_as_many_statements_for_thirty(
    small_app: Flask, session: orm.Session
) -> None:
    counts = []
    visitor = Reader(small_app, NURSE)
    for number in range(30):
        begin = SOON if number % 2 else BEFORE
        held = plan(session, begin, state=SessionState.HELD, trainers=[SURGEON])
        give_place(session, held, NURSE, has_attended=True)
        give_place(session, plan(session, SOON, trainers=[SURGEON]), NURSE)
        if number in (0, 29):
            for address in ("/sessions/mine", "/sessions/mine.ics"):
                visitor.get(address)
                with counted(small_app) as statements:
                    assert visitor.get(address).status_code == 200
                counts.append(len(statements))
    assert counts[:2] == counts[2:]


def test_the_own_calendar_has_what_is_sure(small_app: Flask, session: orm.Session) -> None:
    sure = plan(session, SOON, link="https://meet.example/x")
    give_place(session, sure, NURSE, sequence=2)
    give_place(session, plan(session, SOON), NURSE, sign_up=SignUp.WAITING)
    give_place(session, plan(session, SOON), NURSE, sign_up=SignUp.WITHDRAWN)
    give_place(session, plan(session, BEFORE), NURSE)
    off = plan(session, SOON, state=SessionState.CANCELLED, cancelled_at=BEFORE, sequence=3)
    give_place(session, off, NURSE)
    answer = Reader(small_app, NURSE).get("/sessions/mine.ics")
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8; method=PUBLISH"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="sessions.ics"'
    assert answer.headers["Cache-Control"] == "no-store"
    method, events = read_calendar(answer.data)
    assert method == "PUBLISH"
    assert sorted((str(e["uid"]), e["sequence"], str(e["status"])) for e in events) == sorted(
        [
            (f"{sure.id}@peersupport", 2, "CONFIRMED"),
            (f"{off.id}@peersupport", 3, "CANCELLED"),
        ]
    )
    assert {str(e["summary"]) for e in events} == {"Peer support: training"}


def test_one_session_is_for_those_who_come_or_lead(small_app: Flask, session: orm.Session) -> None:
    planned = plan(session, SOON, trainers=[SURGEON])
    other = Person("Olga Other", email="olga@hospital.example", user_id="9")
    small_app.extensions["people"].everybody["9"] = other
    address = f"/sessions/{planned.id}.ics"
    give_place(session, planned, NURSE)
    waiting = Person("Wim Waiting", email="wim@hospital.example", user_id="8")
    small_app.extensions["people"].everybody["8"] = waiting
    give_place(session, planned, waiting, sign_up=SignUp.WAITING)
    answers = {
        person.name: Reader(small_app, person).get(address).status_code
        for person in (NURSE, SURGEON, COORDINATOR, waiting, other)
    }
    assert list(answers.values()) == [200, 200, 200, 404, 404]
    (event,) = read_calendar(Reader(small_app, NURSE).get(address).data)[1]
    assert str(event["uid"]) == f"{planned.id}@peersupport"
    assert Reader(small_app, None).get(address).status_code == 302


def test_the_calendar_of_group_support_is_for_who_leads_it(
    small_app: Flask, session: orm.Session
) -> None:
    group = plan(
        session,
        SOON,
        kind=SessionKind.GROUP_SUPPORT,
        target=TargetGroup.NOBODY,
        place="Ward 3",
        trainers=[SURGEON],
    )
    address = f"/sessions/{group.id}.ics"
    answer = Reader(small_app, SURGEON).get(address)
    assert b"Ward 3" not in answer.data
    assert len(read_calendar(answer.data)[1]) == 1
    assert Reader(small_app, COORDINATOR).get(address).status_code == 404
    assert Reader(small_app, NURSE).get(address).status_code == 404


def test_the_hours_of_the_supporters_are_for_trainers(
    small_app: Flask, session: orm.Session
) -> None:
    visitor = Reader(small_app, COORDINATOR)
    this_year = utc_now().year
    for year in ("", str(this_year - 1), "abcd", "9999", "٢٠٢٤", "-1"):
        assert visitor.get(f"/sessions/hours?year={year}").status_code == 200
    page = visitor.get(f"/sessions/hours?year={this_year - 1}").get_data(as_text=True)
    assert f"Hours of the supporters in {this_year - 1}" in page
    assert f"/peersupport/sessions/hours?year={this_year}" in page
    assert "hours.seen" in actions(session)
    assert Reader(small_app, NURSE).get("/sessions/hours").status_code == 404


def test_two_rows_in_the_vault_are_one_person_once(small_app: Flask, session: orm.Session) -> None:
    planned = plan(session, SOON, title="Twice")
    give_place(session, planned, replace(NURSE, user_id=None))
    give_place(session, planned, replace(NURSE, email=None), sign_up=SignUp.WAITING)
    page = Reader(small_app, NURSE).get("/sessions/mine").get_data(as_text=True)
    assert page.count("Training: Twice") == 1
    assert session.query(ProgrammeSession).count() == 1
