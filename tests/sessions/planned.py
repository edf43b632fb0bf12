"""Sessions and places, written straight into the tables; and mails as they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import icalendar
import vobject
from flask import Flask, g
from sqlalchemy import orm

from flask_peersupport.db import commit
from flask_peersupport.jobs import run_due
from flask_peersupport.runtime import EXTENSION
from flask_peersupport.sessions.models import Attendance, ProgrammeSession, SessionTrainer
from flask_peersupport.sessions.states import SessionKind, SessionState, SignUp, TargetGroup
from flask_peersupport.values import Person
from flask_peersupport.vault.persons import store_person
from tests.supporters.conftest import NOW, Visitor

BEGIN = NOW + timedelta(days=20)


class Postbox:
    """A mailer that keeps what it is given, read again as a mail program does."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.is_broken = False

    def send(self, message: EmailMessage) -> None:
        """Keep a mail, or say that the connection broke."""
        if self.is_broken:
            raise ConnectionResetError
        read = message_from_bytes(message.as_bytes(), policy=policy.default)
        assert isinstance(read, EmailMessage)
        self.mails.append(read)

    def take(self) -> list[EmailMessage]:
        """Return what came since the last time."""
        taken, self.mails = self.mails, []
        return taken


class Reader(Visitor):
    """A visitor in a test that has a session of its own open, so shares its context."""

    def get(self, address: str) -> Any:
        """Open a page, as nobody that was here before."""
        g.pop("peersupport_actor", None)
        return super().get(address)


def postbox_of(app: Flask) -> Postbox:
    """Let the app send into a postbox."""
    return app.extensions.setdefault("peersupport_mailer", Postbox())  # type: ignore[no-any-return]


def work(app: Flask, now: datetime) -> dict[str, int]:
    """Do what is due; nothing of it may fail."""
    app.extensions[EXTENSION].storage.session().rollback()
    counts = run_due(app.extensions[EXTENSION], now)
    assert [name for name in counts if name.endswith("_failed")] == []
    return counts


def plan(session: orm.Session, begin: datetime = BEGIN, **values: Any) -> ProgrammeSession:
    """Plan a training of three hours, or what `values` say."""
    values = {
        "kind": SessionKind.TRAINING,
        "state": SessionState.PLANNED,
        "target": TargetGroup.EVERYBODY,
        "starts_at": begin,
        "ends_at": begin + timedelta(hours=3),
        "place": "Lecture room 1",
        "created_at": NOW,
    } | values
    trainers: Sequence[Person] = values.pop("trainers", ())
    planned = ProgrammeSession(**values)
    session.add(planned)
    session.flush()
    for trainer in trainers:
        record = store_person(session, trainer, now=NOW)
        planned.trainers.append(SessionTrainer(session_id=planned.id, person_id=record.id))
    commit(session)
    return planned


def give_place(
    session: orm.Session, planned: ProgrammeSession, person: Person, **values: Any
) -> Attendance:
    """Give somebody a place in a session."""
    count = session.query(Attendance).filter_by(session_id=planned.id).count()
    values = {"sign_up": SignUp.SIGNED_UP, "place_number": count + 1, "signed_up_at": NOW} | values
    attendance = Attendance(
        session_id=planned.id, record=store_person(session, person, now=NOW), **values
    )
    session.add(attendance)
    commit(session)
    return attendance


def calendar_of(mail: EmailMessage) -> tuple[str, Any] | None:
    """Return METHOD and event of a mail, the same by both parsers and in both parts; or None."""
    parts = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    files = [part for part in mail.walk() if part.get_content_type() == "application/ics"]
    if not parts and not files:
        return None
    (part,), (file,) = parts, files
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert file.get_payload(decode=True) == content
    assert file.get_filename() == "invite.ics"
    assert part.get_param("charset") == "utf-8"
    method, event = read_calendar(content)[0], read_calendar(content)[1][0]
    assert part.get_param("method") == method
    return method, event


def read_calendar(content: bytes) -> tuple[str, list[Any]]:
    """Return METHOD and the events, read by icalendar; vobject has to read the same."""
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    read = icalendar.Calendar.from_ical(content)
    events = list(read.walk("VEVENT"))
    other = vobject.readOne(content.decode())
    assert other.method.value == str(read["method"])
    assert other.behavior.validate(other)
    seen = getattr(other, "vevent_list", [])
    assert len(seen) == len(events)
    for event, again in zip(events, seen, strict=True):
        assert sorted(event) == sorted(name.upper() for name in again.contents)
        assert again.uid.value == str(event["uid"])
        assert again.summary.value == str(event["summary"])
        assert int(again.sequence.value) == int(event["sequence"])
        assert again.dtstart.value == event["dtstart"].dt
        assert again.dtend.value == event["dtend"].dt
        assert again.dtstamp.value == event["dtstamp"].dt
        assert again.status.value == str(event["status"])
        if "location" in event:
            assert again.location.value == str(event["location"])
    return str(read["method"]), events
