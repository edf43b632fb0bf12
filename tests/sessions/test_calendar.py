"""Calendar entries: what they say, and that nothing can be written into them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_peersupport.i18n import use_locale
from flask_peersupport.outbox.mails import Envelope
from flask_peersupport.sessions.calendar import (
    CANCEL,
    REQUEST,
    Entry,
    entry_of,
    file_of,
    mail_part,
)
from flask_peersupport.sessions.models import Attendance, ProgrammeSession
from flask_peersupport.sessions.states import SessionKind, SessionState
from tests.sessions.planned import read_calendar

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
BEGIN = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
ENTRY = Entry(
    uid="0123@peersupport",
    sequence=2,
    kind=SessionKind.INTERVISION,
    starts_at=BEGIN,
    ends_at=BEGIN + timedelta(hours=2),
    where="Lecture room 1",
    is_cancelled=False,
)
ENVELOPE = Envelope("peersupport@hospital.example", "Collegiale steun", "nadia@h.example", NOW)
EVIL = [
    "Room\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:other",
    "Room\nATTENDEE:mailto:all@hospital.example",
    "Room\rATTENDEE:mailto:all@hospital.example",
    "Room\u2028ATTENDEE:mailto:a@b",
    "Room\x85DESCRIPTION:x",
    "Room\x0bDESCRIPTION:x\x00",
    "\ud800",
    "BEGIN:VEVENT",
    "a;b,c:d\\n\\,\\;\\\\",
    '"; ALTREP="http://evil.example":x',
    "^n^'^^",
    "Zaal 😀 é " * 100,
    "x" * 1000,
    "😀" * 1000,
    "\\" * 300,
    "",
]


def programme_session(**values: object) -> ProgrammeSession:
    """Return a session that is in no database."""
    known = {
        "id": "0123",
        "kind": SessionKind.TRAINING,
        "state": SessionState.PLANNED,
        "title": "What we learned from Anna's case",
        "starts_at": BEGIN,
        "ends_at": BEGIN + timedelta(hours=2),
        "sequence": 3,
    }
    return ProgrammeSession(**(known | values))


def test_an_invitation_says_programme_and_kind_and_no_more() -> None:
    with use_locale("nl"):
        part = mail_part(ENTRY, REQUEST, ENVELOPE)
    method, (event,) = read_calendar(part.content)
    assert (method, part.method) == ("REQUEST", "REQUEST")
    assert {name: value.to_ical().decode() for name, value in event.items()} == {
        "UID": "0123@peersupport",
        "SEQUENCE": "2",
        "DTSTAMP": "20260303T090000Z",
        "DTSTART": "20261025T003000Z",
        "DTEND": "20261025T023000Z",
        "SUMMARY": "Collegiale steun: intervisie",
        "LOCATION": "Lecture room 1",
        "STATUS": "CONFIRMED",
        "ORGANIZER": "mailto:peersupport@hospital.example",
        "ATTENDEE": "mailto:nadia@h.example",
    }
    assert dict(event["attendee"].params) == {
        "ROLE": "REQ-PARTICIPANT",
        "PARTSTAT": "ACCEPTED",
        "RSVP": "FALSE",
    }
    assert event["organizer"].params["CN"] == "Collegiale steun"


def test_a_cancellation_is_one_of_the_same_entry() -> None:
    part = mail_part(replace(ENTRY, sequence=3), CANCEL, ENVELOPE)
    method, (event,) = read_calendar(part.content)
    assert (method, part.method) == ("CANCEL", "CANCEL")
    assert str(event["status"]) == "CANCELLED"
    assert (str(event["uid"]), event["sequence"]) == ("0123@peersupport", 3)


def test_the_title_is_in_no_calendar() -> None:
    entry = entry_of(programme_session())
    assert b"Anna" not in mail_part(entry, REQUEST, ENVELOPE).content
    assert b"Anna" not in file_of([entry], "Collegiale steun", NOW)


def test_sequence_adds_up_the_sessions_changes_and_the_persons_own() -> None:
    found = programme_session()
    assert entry_of(found).sequence == 3
    assert entry_of(found, Attendance(sequence=2)).sequence == 5


@pytest.mark.parametrize(
    ("place", "link", "where"),
    [
        ("Room 1", None, "Room 1"),
        (None, "https://meet.example/x", "https://meet.example/x"),
        ("Room 1", "https://meet.example/x", "Room 1 · https://meet.example/x"),
        (None, None, None),
    ],
)
def test_the_location_is_the_place_or_the_link(
    place: str | None, link: str | None, where: str | None
) -> None:
    content = mail_part(
        entry_of(programme_session(place=place, link=link)), REQUEST, ENVELOPE
    ).content
    (event,) = read_calendar(content)[1]
    assert event.get("location") == where


def test_a_long_link_stays_whole() -> None:
    link = "https://meet.example/" + "x" * 479
    entry = entry_of(programme_session(place="R" * 200, link=link))
    (event,) = read_calendar(mail_part(entry, REQUEST, ENVELOPE).content)[1]
    assert str(event["location"]).endswith(link)


def test_where_a_group_was_supported_is_in_no_calendar() -> None:
    entry = entry_of(programme_session(kind=SessionKind.GROUP_SUPPORT, place="Ward 3"))
    assert b"Ward 3" not in file_of([entry], "Collegiale steun", NOW)


def test_a_file_may_be_empty_or_hold_many() -> None:
    assert read_calendar(file_of([], "P", NOW)) == ("PUBLISH", [])
    cancelled = replace(ENTRY, uid="4567@peersupport", is_cancelled=True)
    method, events = read_calendar(file_of([ENTRY, cancelled], "P", NOW))
    assert method == "PUBLISH"
    assert [str(event["status"]) for event in events] == ["CONFIRMED", "CANCELLED"]
    assert ["attendee" in event or "organizer" in event for event in events] == [False, False]


@pytest.mark.parametrize("evil", EVIL)
def test_no_text_writes_a_property(evil: str) -> None:
    check_harmless(evil, evil)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=300), st.text(max_size=1000))
def test_no_text_at_all_writes_a_property(programme: str, where: str) -> None:
    check_harmless(programme, where)


def check_harmless(programme: str, where: str) -> None:
    """Let texts into every field that takes one, and read one event of the same properties."""
    envelope = replace(ENVELOPE, sender_name=programme)
    content = mail_part(replace(ENTRY, where=where), REQUEST, envelope).content
    (event,) = read_calendar(content)[1]
    expected = {"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "STATUS"}
    assert set(event) - {"LOCATION"} == expected | {"ORGANIZER", "ATTENDEE"}
    assert str(event["attendee"]) == "mailto:nadia@h.example"
    assert set(event["organizer"].params) <= {"CN"}
    assert str(event["summary"]).endswith(": intervision")
    assert len(event["summary"]) <= 200
    assert len(event.get("location", "")) <= 720


def test_an_hour_that_comes_twice_keeps_its_length() -> None:

    content = mail_part(ENTRY, REQUEST, ENVELOPE).content
    (event,) = read_calendar(content)[1]
    assert event["dtend"].dt - event["dtstart"].dt == timedelta(hours=2)
    assert event["dtstart"].dt.utcoffset() == timedelta(0)
