"""Taking participants, and who came, in from a file: all, or nothing and every fault by row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO

from sqlalchemy import orm

from ..access.sheets import WHOLE_FILE, Column, Fault, Row, read_sheet
from ..audit import record
from ..errors import ImportFault
from ..i18n import gettext as _
from ..runtime import current_runtime
from ..supporters.reading import email_fault, name_fault, read_switch
from ..values import Person
from ..vault.persons import find_person_ids
from ..vault.seal import plain_email, plain_name
from .attending import note_attendance
from .lifecycle import count_places, hold
from .models import ProgrammeSession
from .rules import can_change_places, can_note
from .signing_up import attendance_of, full, take_place_unasked
from .states import SignUp

COLUMNS = (
    Column("name", ("name", "naam"), is_required=True),
    Column("email", ("email", "e-mail", "mail", "e-mailadres", "emailadres"), is_required=True),
    Column("attended", ("attended", "present", "aanwezig", "geweest")),
)


@dataclass(frozen=True, slots=True)
class ParticipantCounts:
    """What an import did: people who got a place, and people whose attendance was noted."""

    added: int
    noted: int


@dataclass(frozen=True, slots=True)
class _Entry:
    number: int
    person: Person
    has_attended: bool | None


def import_participants(
    session: orm.Session,
    session_id: str,
    stream: IO[bytes],
    filename: str,
    *,
    is_over_capacity: bool = False,
    actor: Person | str,
    now: datetime,
) -> ParticipantCounts:
    """Give everybody in a CSV or XLSX file a place, and note who came where the file says so.

    Who has a place already keeps it. An empty cell says nothing about whether they came.

    Args:
        session: not committed here.
        session_id: which session.
        stream, filename: the file.
        is_over_capacity: the trainer knows that there are more people than places.
        actor: who hands it in.
        now: aware.

    Raises:
        ImportFault: with all faults; nothing was stored.
    """
    programme_session = hold(session, session_id)
    sheet = read_sheet(stream, filename, COLUMNS)
    faults = list(sheet.faults)
    entries = [_entry(row, faults) for row in sheet.rows]
    _find_twice(entries, faults)
    _check_moment(programme_session, entries, faults, now)
    new = [entry for entry in entries if not _has_place(session, programme_session, entry, now)]
    if not is_over_capacity:
        _check_places(session, programme_session, len(new), faults, now)
    if faults:
        raise ImportFault(sorted(dict.fromkeys(faults), key=lambda fault: fault[0]))
    places = {
        entry: take_place_unasked(session, programme_session, entry.person, actor=actor, now=now)
        for entry in entries
    }
    present = {
        attendance.id: entry.has_attended
        for entry, attendance in places.items()
        if entry.has_attended is not None
    }
    noted = 0
    if present:
        noted = note_attendance(session, session_id, present, actor=actor, now=now)
    record.record(session, "session.imported", actor=actor, now=now, object_id=session_id)
    return ParticipantCounts(len(new), noted)


def _entry(row: Row, faults: list[Fault]) -> _Entry:
    def cell(code: str) -> str:
        return " ".join(row.cells.get(code, "").split())

    def fault(sentence: str | None) -> None:
        if sentence:
            faults.append((row.number, sentence))

    name, email = cell("name"), cell("email")
    fault(name_fault(name))
    fault(email_fault(email) if email else _("There is no e-mail address."))
    has_attended = None
    if cell("attended"):
        try:
            has_attended = read_switch(cell("attended"))
        except ValueError as error:
            fault(str(error))
    person = Person(name=name, email=email or None)
    found = current_runtime().users.find(email) if email else None
    if found is not None:
        if plain_name(found.name) != plain_name(name) and name:
            fault(
                _(
                    "In the directory “%(email)s” belongs to somebody called otherwise than "
                    "“%(name)s”.",
                    email=email[:60],
                    name=name[:60],
                )
            )
        person = replace(found, email=found.email or email)
    return _Entry(row.number, person, has_attended)


def _find_twice(entries: list[_Entry], faults: list[Fault]) -> None:
    seen: dict[str, int] = {}
    for entry in entries:
        if entry.person.email:
            first = seen.setdefault(plain_email(entry.person.email), entry.number)
            if first != entry.number:
                sentence = _("This person is in row %(row)s too.", row=first)
                faults.append((entry.number, sentence))


def _check_moment(
    programme_session: ProgrammeSession,
    entries: list[_Entry],
    faults: list[Fault],
    now: datetime,
) -> None:
    """Add a fault where nothing can be noted of this session, or not yet who came."""
    state, starts_at = programme_session.state, programme_session.starts_at
    noting = can_note(state, starts_at, now)
    if not noting.ok and not can_change_places(state, starts_at, now).ok:
        faults.append((WHOLE_FILE, noting.message))
    elif not noting.ok:
        faults += [
            (entry.number, noting.message) for entry in entries if entry.has_attended is not None
        ]


def _has_place(
    session: orm.Session, programme_session: ProgrammeSession, entry: _Entry, now: datetime
) -> bool:
    ids = find_person_ids(session, entry.person, now)
    attendance = attendance_of(session, programme_session, ids)
    return attendance is not None and attendance.sign_up is SignUp.SIGNED_UP


def _check_places(
    session: orm.Session,
    programme_session: ProgrammeSession,
    more: int,
    faults: list[Fault],
    now: datetime,
) -> None:
    """Add a fault where more people come than there are places; who has been there has been."""
    if not more or programme_session.starts_at <= now:
        return
    places = count_places(session, programme_session).places
    if places.left is not None and places.left < more:
        faults.append((WHOLE_FILE, full(places.signed_up, more).fields["full"]))
