"""Participants out of a file: all of them, or nobody and every fault by row."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.db import commit
from flask_peersupport.errors import ImportFault
from flask_peersupport.sessions.importing import ParticipantCounts, import_participants
from flask_peersupport.sessions.models import Attendance, ProgrammeSession
from flask_peersupport.sessions.planning import cancel_sessions
from flask_peersupport.sessions.signing_up import sign_up
from flask_peersupport.vault.models import PersonRecord
from tests.sessions.staff import TRAINER, colleague, hire, mails, places, plan
from tests.supporters.conftest import NOW

ONE, TWO = colleague(1), colleague(2)


@pytest.fixture(autouse=True)
def staff(request: pytest.FixtureRequest) -> None:
    """Let the host know two colleagues."""
    for name in ("app", "small_app"):
        if name in request.fixturenames:
            hire(request.getfixturevalue(name), ONE, TWO)


def take_in(
    session: orm.Session, session_id: str, text: str, now: object = NOW, **options: bool
) -> ParticipantCounts:
    counts = import_participants(
        session,
        session_id,
        io.BytesIO(text.encode()),
        "people.csv",
        actor=TRAINER,
        now=now,  # type: ignore[arg-type]
        **options,
    )
    commit(session)
    return counts


def faults_of(
    session: orm.Session, session_id: str, text: str, now: object = NOW
) -> list[tuple[int, str]]:
    """Return the faults; nothing of the file may be stored."""
    session.commit()
    tables = (Attendance, PersonRecord)
    before = [session.scalar(sa.select(sa.func.count()).select_from(table)) for table in tables]
    with pytest.raises(ImportFault) as error:
        take_in(session, session_id, text, now)
    assert not session.new
    assert not session.dirty
    session.commit()  # whatever was written would be stored by this
    after = [session.scalar(sa.select(sa.func.count()).select_from(table)) for table in tables]
    assert after == before
    return error.value.faults


def test_people_of_a_file_get_places_and_invitations(session: orm.Session) -> None:
    planned = plan(session, capacity=3).id
    sign_up(session, planned, actor=ONE, now=NOW)
    commit(session)
    people = (ONE.name, ONE.email), ("Student Eén", "s1@uni.example"), (TWO.name, TWO.email)
    text = "\n".join(("naam;e-mailadres", *(f"{name};{email}" for name, email in people)))
    assert take_in(session, planned, text) == ParticipantCounts(added=2, noted=0)
    assert places(session, planned) == [
        (1, "signed_up", ONE.name),
        (2, "signed_up", "Student Eén"),
        (3, "signed_up", TWO.name),
    ]
    assert [to for _mail, to in mails(session)] == [ONE.name, TWO.name, "Student Eén"]
    found = {
        row.person.name: row.person.user_id for row in session.scalars(sa.select(PersonRecord))
    }
    assert found["Student Eén"] is None
    assert found[TWO.name] == TWO.user_id


def test_attendance_comes_along_once_it_has_begun(session: orm.Session) -> None:
    planned = plan(session, capacity=1)
    planned_id, now = planned.id, planned.starts_at + timedelta(hours=2)
    text = "name,email,attended\nA,a@uni.example,yes\nB,b@uni.example,nee\nC,c@uni.example,\n"
    assert take_in(session, planned_id, text, now) == ParticipantCounts(added=3, noted=2)
    rows = session.scalars(sa.select(Attendance).order_by(Attendance.place_number))
    assert [row.has_attended for row in rows] == [True, False, None]
    assert session.get_one(ProgrammeSession, planned_id).state == "held"
    assert mails(session) == [], "nobody is invited to what has been"
    again = text.replace("nee", "ja")
    assert take_in(session, planned_id, again, now) == ParticipantCounts(added=0, noted=1)


def test_every_fault_is_said_by_row(small_session: orm.Session, small_app: Flask) -> None:
    planned = plan(small_session, capacity=2).id
    text = (
        "name,email,attended\n"
        ",nobody@uni.example,\n"
        "No Address,,\n"
        "Bad Address,not an address,\n"
        "Right One,right@uni.example,\n"
        "Right Again,RIGHT@uni.example,\n"
        f"Somebody Else,{ONE.email},\n"
        "Too Early,early@uni.example,yes\n"
        "What,what@uni.example,perhaps\n"
        "=1+1,formula@uni.example,\n"
    )
    faults = faults_of(small_session, planned, text)
    assert [row for row, _sentence in faults] == [0, 2, 3, 4, 6, 7, 8, 9, 10]
    assert "2 more" in faults[0][1] or "more" in faults[0][1]
    assert "row 5" in faults[4][1]


def test_more_people_than_places_have_to_be_meant(
    small_session: orm.Session, small_app: Flask
) -> None:
    planned = plan(small_session, capacity=1).id
    text = "name,email\nA,a@uni.example\nB,b@uni.example\n"
    assert [row for row, _sentence in faults_of(small_session, planned, text)] == [0]
    counts = take_in(small_session, planned, text, is_over_capacity=True)
    assert counts == ParticipantCounts(added=2, noted=0)


def test_nothing_is_taken_in_for_what_was_called_off(
    small_session: orm.Session, small_app: Flask
) -> None:
    planned = plan(small_session).id
    cancel_sessions(small_session, planned, actor=TRAINER, now=NOW)
    commit(small_session)
    text = "name,email\nA,a@uni.example\n"
    assert [row for row, _s in faults_of(small_session, planned, text)] == [0]
    assert [row for row, _s in faults_of(small_session, planned, "name\nA\n")] == [1]
    assert [row for row, _s in faults_of(small_session, planned, "")] == [0]
