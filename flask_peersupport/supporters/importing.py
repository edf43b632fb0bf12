"""Taking supporters in from a file: all of them, or nobody and every fault by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import IO, TypeVar

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.exc import SQLAlchemyError

from ..access.departments import DepartmentTree, present_departments
from ..access.sheets import Column, Fault, Row, read_sheet
from ..audit import record
from ..errors import ImportFault
from ..i18n import gettext as _
from ..ports import Departments
from ..runtime import current_runtime, local_date
from ..values import Person
from ..vault.persons import is_same_person
from ..vault.seal import plain_email
from .actions import MOST_OPEN, MOST_PER_QUARTER, SupporterDetails, add_supporter, day_faults
from .departments import MOST_DEPARTMENTS, split_departments
from .labels import STATE_LABELS
from .models import Supporter
from .reading import (
    email_fault,
    name_fault,
    phone_fault,
    read_code,
    read_day,
    read_limit,
    read_switch,
    unknown_departments,
)
from .states import SupporterState

COLUMNS = (
    Column("name", ("name", "naam"), is_required=True),
    Column("email", ("email", "e-mail", "mail", "e-mailadres", "emailadres")),
    Column("phone", ("phone", "telephone", "telefoon", "telefoonnummer"), is_signed=True),
    Column("user_id", ("user_id", "gebruiker", "gebruikersnaam", "personeelsnummer")),
    Column("department", ("department", "departments", "afdeling", "afdelingen")),
    Column("profession", ("profession", "beroep", "beroepsgroep")),
    Column("discipline", ("discipline",)),
    Column("seniority", ("seniority", "ervaring", "loopbaanfase")),
    Column("external", ("external", "extern")),
    Column("night", ("night", "ook 's nachts", "nacht", "'s nachts")),
    Column("state", ("state", "status")),
    Column("trained_on", ("trained_on", "trained", "training", "getraind op")),
    Column("appointed_on", ("appointed_on", "appointed", "aanstelling", "aangesteld op")),
    Column("max_open", ("max_open", "maximaal tegelijk")),
    Column("max_per_quarter", ("max_per_quarter", "maximaal per kwartaal")),
)

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class SupporterCounts:
    """What an import did."""

    added: int
    without_account: int


@dataclass(frozen=True, slots=True)
class _Entry:
    number: int
    person: Person
    details: SupporterDetails
    state: SupporterState
    trained_on: date | None
    appointed_on: date | None


def import_supporters(
    session: orm.Session,
    stream: IO[bytes],
    filename: str,
    *,
    actor: Person | str,
    now: datetime,
) -> SupporterCounts:
    """Put everybody in a CSV or XLSX file on the roster.

    Raises:
        ImportFault: with all faults; nobody was stored.
    """
    sheet = read_sheet(stream, filename, COLUMNS)
    faults = list(sheet.faults)
    departments = present_departments(session)
    today = local_date(now)
    entries = [_entry(session, row, departments, today, faults) for row in sheet.rows]
    _find_twice(session, entries, faults)
    if faults:
        raise ImportFault(sorted(dict.fromkeys(faults), key=lambda fault: fault[0]))
    added = [
        add_supporter(
            session,
            entry.person,
            entry.details,
            state=entry.state,
            trained_on=entry.trained_on,
            appointed_on=entry.appointed_on,
            actor=actor,
            now=now,
        )
        for entry in entries
    ]
    record.record(session, "supporters.imported", actor=actor, now=now)
    without = sum(not supporter.has_account for supporter in added)
    return SupporterCounts(len(added), without)


def with_account(person: Person) -> Person:
    """Return the person with the user id that the host's directory has for the e-mail address."""
    if person.user_id is not None or not person.email:
        return person
    found = current_runtime().users.find(person.email)
    return person if found is None else replace(person, user_id=found.user_id)


def _entry(
    session: orm.Session,
    row: Row,
    departments: Departments | DepartmentTree,
    today: date,
    faults: list[Fault],
) -> _Entry:
    settings = current_runtime().settings
    cells = row.cells

    def cell(code: str) -> str:
        return " ".join(cells.get(code, "").split())

    def fault(sentence: str | None) -> None:
        if sentence:
            faults.append((row.number, sentence))

    def read(code: str, reader: Callable[[str], _Value], default: _Value) -> _Value:
        try:
            return reader(cell(code))
        except ValueError as error:
            fault(str(error))
            return default

    fault(name_fault(cell("name")))
    for code, check in (("email", email_fault), ("phone", phone_fault)):
        fault(check(cell(code)) if cell(code) else None)
    names = split_departments(cell("department"))
    is_external = read("external", read_switch, False)
    if len(names) > MOST_DEPARTMENTS:
        fault(_("These are too many departments; at most %(n)s.", n=MOST_DEPARTMENTS))
    elif not names and not is_external:
        fault(_("There is no department, so this supporter could never be asked."))
    for sentence in unknown_departments(departments, names[:MOST_DEPARTMENTS]):
        fault(sentence)
    details = SupporterDetails(
        profession=read("profession", lambda text: read_code(text, settings.professions), None),
        discipline=read("discipline", lambda text: read_code(text, settings.disciplines), None),
        seniority=read("seniority", lambda text: read_code(text, settings.seniorities), None),
        departments=names,
        is_external=is_external,
        is_asked_at_night=read("night", read_switch, False),
        max_open=read("max_open", lambda text: read_limit(text, MOST_OPEN), None),
        max_per_quarter=read(
            "max_per_quarter", lambda text: read_limit(text, MOST_PER_QUARTER), None
        ),
    )
    state = read("state", _read_state, SupporterState.APPOINTED)
    trained_on = read("trained_on", read_day, None)
    appointed_on = read("appointed_on", read_day, None)
    for misfit in day_faults(state, trained_on, appointed_on, today).values():
        fault(misfit)
    person = Person(
        name=cell("name"),
        email=cell("email") or None,
        phone=cell("phone") or None,
        user_id=cell("user_id") or None,
    )
    person, misfit = _in_directory(session, person)
    fault(misfit)
    return _Entry(row.number, person, details, state, trained_on, appointed_on)


def _read_state(text: str) -> SupporterState:
    code = read_code(text, STATE_LABELS)
    return SupporterState.APPOINTED if code is None else SupporterState(code)


def _in_directory(session: orm.Session, person: Person) -> tuple[Person, str | None]:
    """Return the person as the host's directory knows them, or what does not fit."""
    if person.user_id is None:
        if not person.email:
            return person, _("There is neither an e-mail address nor an account to ask them by.")
        return with_account(person), None
    found = _user(session, person.user_id)
    if found is None:
        return person, _("“%(id)s” is not a user of this application.", id=person.user_id[:40])
    if person.email and found.email and plain_email(found.email) != plain_email(person.email):
        return person, _("The account has another e-mail address than this row.")
    return replace(person, email=person.email or found.email), None


def _user(session: orm.Session, user_id: str) -> Person | None:
    """Return the host's user; None also where the host's loader chokes on what is no id at all."""
    try:
        with session.begin_nested():  # a statement that fails must not cost us the transaction
            return current_runtime().users.get(user_id)
    except (ValueError, TypeError, OverflowError, SQLAlchemyError):
        return None


def _find_twice(session: orm.Session, entries: list[_Entry], faults: list[Fault]) -> None:
    """Add a fault for each row whose person is on the roster, or in an earlier row."""
    seen: dict[tuple[str, str], list[tuple[int, Person]]] = {}
    roster = sa.select(Supporter).options(orm.lazyload(Supporter.departments))
    for supporter in session.scalars(roster):
        for key in _keys_of(supporter.record.person):
            seen.setdefault(key, []).append((0, supporter.record.person))
    for entry in entries:
        keys = _keys_of(entry.person)
        same = [
            number
            for key in keys
            for number, person in seen.get(key, ())
            if is_same_person(person, entry.person)
        ]
        if same and min(same) == 0:
            faults.append((entry.number, _("This person is on the roster already.")))
        elif same:
            faults.append((entry.number, _("This person is in row %(row)s too.", row=min(same))))
        for key in keys:
            seen.setdefault(key, []).append((entry.number, entry.person))


def _keys_of(person: Person) -> list[tuple[str, str]]:
    keys = []
    if person.user_id:
        keys.append(("user", person.user_id))
    if person.email:
        keys.append(("email", plain_email(person.email)))
    return keys
