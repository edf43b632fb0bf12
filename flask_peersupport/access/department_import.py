"""Taking the list of departments in from a file: all of it, or nothing and every fault by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO

from sqlalchemy import orm

from ..audit import record
from ..errors import ImportFault
from ..i18n import gettext as _
from ..values import Person
from ..vault.seal import plain_name
from .department_actions import (
    DepartmentDetails,
    flush_names,
    held_departments,
    name_fault,
    owners_of_names,
    tidy,
    write_department,
)
from .models import Department
from .sheets import Column, Fault, Sheet, read_date, read_sheet

COLUMNS = (
    Column("name", ("name", "naam", "department", "afdeling"), is_required=True),
    Column("aliases", ("aliases", "alias", "aliassen", "andere namen")),
    Column("parent", ("parent", "onderdeel van", "valt onder", "bovenliggend")),
    Column("valid_until", ("valid_until", "geldig tot en met", "geldig tot")),
)


@dataclass(frozen=True, slots=True)
class DepartmentCounts:
    """What an import did."""

    added: int
    changed: int
    unchanged: int


@dataclass(slots=True)
class _Entry:
    """One row of the file, and the department that it changes, if that is there already."""

    number: int
    name: str
    aliases: tuple[str, ...]
    parent: str
    valid_until: date | None
    department: Department | None = None


def read_departments_file(file: Path | IO[bytes], filename: str = "") -> Sheet:
    """Read a file with the columns name, aliases (separated by "|"), parent and valid_until.

    Raises:
        ImportFault: the file as a whole cannot be read.
    """
    if isinstance(file, Path):
        with file.open("rb") as stream:
            return read_sheet(stream, file.name, COLUMNS)
    return read_sheet(file, filename, COLUMNS)


def import_departments(
    session: orm.Session, sheet: Sheet, *, actor: Person | str, now: datetime
) -> DepartmentCounts:
    """Add the departments of a file and change those that are there already.

    Aliases only add, so that a former name is not lost; a column that the file has not is left as
    it is. What the file does not name stays.

    Raises:
        ImportFault: with all faults; nothing was stored.
    """
    known = held_departments(session)
    faults = list(sheet.faults)
    entries = _entries(sheet, faults)
    _claim_names(entries, known, faults)
    parents = _parents(entries, known, sheet, faults)
    if faults:
        raise ImportFault(sorted(dict.fromkeys(faults), key=lambda fault: fault[0]))
    counts = _store(session, entries, known, parents, sheet)
    record.record(session, "departments.imported", actor=actor, now=now)
    return counts


def _entries(sheet: Sheet, faults: list[Fault]) -> list[_Entry]:
    entries = []
    for row in sheet.rows:
        name = " ".join(row.cells["name"].split())
        if not name:
            faults.append((row.number, _("There is no name.")))
            continue
        aliases = tuple(row.cells.get("aliases", "").split("|"))
        aliases = tidy(DepartmentDetails(name, aliases)).aliases
        for text in (name, *aliases):
            if fault := name_fault(text):
                faults.append((row.number, fault))
        valid_until = None
        if text := row.cells.get("valid_until", ""):
            try:
                valid_until = read_date(text)
            except ValueError:
                sentence = _("“%(text)s” is not a date; write YYYY-MM-DD or DD-MM-YYYY.", text=text)
                faults.append((row.number, sentence))
        parent = row.cells.get("parent", "")
        entries.append(_Entry(row.number, name, aliases, parent, valid_until))
    return entries


def _claim_names(entries: list[_Entry], known: Sequence[Department], faults: list[Fault]) -> None:
    """Find the department of each row, and the names that two departments would have."""
    owners = owners_of_names(known)
    claimed: dict[str, int] = {}
    for entry in entries:
        plain = plain_name(entry.name)
        owner = owners.get(plain)
        entry.department = owner if owner is not None and owner.plain_name == plain else None
    for entry in entries:
        for name in (entry.name, *entry.aliases):
            plain = plain_name(name)
            owner = owners.get(plain)
            if owner is not None and owner is not entry.department:
                sentence = _(
                    "“%(name)s” is a name of “%(owner)s” already.", name=name, owner=owner.name
                )
                faults.append((entry.number, sentence))
            first = claimed.setdefault(plain, entry.number)
            if first != entry.number:
                sentence = _("“%(name)s” stands in row %(row)s too.", name=name, row=first)
                faults.append((entry.number, sentence))


def _parents(
    entries: list[_Entry], known: Sequence[Department], sheet: Sheet, faults: list[Fault]
) -> dict[str, str | None]:
    """Return the department above each one, both by plain name, as it will be."""
    by_id = {department.id: department.plain_name for department in known}
    main = {name: owner.plain_name for name, owner in owners_of_names(known).items()}
    parents = {d.plain_name: by_id.get(d.parent_id or "") for d in known}
    for entry in entries:
        own = plain_name(entry.name)
        main.update({plain_name(name): own for name in (entry.name, *entry.aliases)})
        parents.setdefault(own, None)
    if "parent" not in sheet.columns:
        return parents
    for entry in entries:
        parent = main.get(plain_name(entry.parent)) if entry.parent else None
        if entry.parent and parent is None:
            sentence = _(
                "“%(name)s” is in neither the list nor the file, so nothing can come under it.",
                name=entry.parent,
            )
            faults.append((entry.number, sentence))
        parents[plain_name(entry.name)] = parent
    for entry in entries:
        if _is_under_itself(plain_name(entry.name), parents):
            faults.append((entry.number, _("A department cannot come under itself.")))
    return parents


def _is_under_itself(name: str, parents: dict[str, str | None]) -> bool:
    at = parents.get(name)
    seen: set[str] = set()
    while at is not None and at not in seen:
        if at == name:
            return True
        seen.add(at)
        at = parents.get(at)
    return False


def _store(
    session: orm.Session,
    entries: list[_Entry],
    known: Sequence[Department],
    parents: dict[str, str | None],
    sheet: Sheet,
) -> DepartmentCounts:
    targets = [(entry, entry.department or _added(session, entry.name)) for entry in entries]
    session.flush()  # gives the new ones their ids
    ids = {department.plain_name: department.id for department in known}
    ids |= {department.plain_name: department.id for _entry, department in targets}
    added = changed = 0
    for entry, department in targets:
        parent = parents[department.plain_name]
        details = DepartmentDetails(
            entry.name,
            (*(alias.name for alias in department.aliases), *entry.aliases),
            None if parent is None else ids[parent],
            entry.valid_until if "valid_until" in sheet.columns else department.valid_until,
        )
        before = _state_of(department)
        write_department(department, tidy(details))
        if entry.department is None:
            added += 1
        else:
            changed += before != _state_of(department)
    flush_names(session)
    return DepartmentCounts(added, changed, len(entries) - added - changed)


def _added(session: orm.Session, name: str) -> Department:
    department = Department(name=name, plain_name=plain_name(name), aliases=[])
    session.add(department)
    return department


def _state_of(department: Department) -> tuple[object, ...]:
    aliases = frozenset(alias.name for alias in department.aliases)
    return (department.name, department.parent_id, department.valid_until, aliases)
