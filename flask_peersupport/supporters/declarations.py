"""Whom a supporter said no to, and why: sealed, so that only matching can tell a conflict (P10).

A no to a request and a conflict declared beforehand leave the same: three rows, each with the mark
of something by which the colleague or the department is known again, or of nothing. Inside the
seal stands what the mark was made of, so that it can be made again with a later month's key.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.departments import DepartmentTree
from ..db import new_id
from ..errors import KeyringError
from ..ports import Departments, Keys, MonthKey
from ..runtime import current_runtime, local_date
from ..values import Person
from ..vault import persons, seal
from .departments import resolve_for_supporter
from .models import Declaration

CONFLICT = "conflict"
#: Rows of each declaration: as many as there are ways to know a colleague again.
ROWS = 3
#: Bytes before sealing, the same for every reason, so that the length tells nothing.
_LENGTH = 1024
_LONGEST_REASON = 32
#: The longest name or department that fits, whatever its letters.
LONGEST_LABEL = 120

USER, EMAIL, NAME, DEPARTMENT = "user", "email", "name", "department"


@dataclass(frozen=True, slots=True)
class Said:
    """What one row holds under its seal.

    Attributes:
        reason: a code; "conflict" rules out.
        purpose: what the mark is about; "" where it only fills up.
        text: what the mark was made of.
        label: the name as the supporter gave it; "" where it was said to a request, whose
            colleague they do not see any more.
        group: the same in the rows of one declaration.
        said_on: the day, as ISO text.
    """

    reason: str
    purpose: str = ""
    text: str = ""
    label: str = ""
    group: str = ""
    said_on: str = ""


@dataclass(frozen=True, slots=True)
class OwnConflict:
    """A conflict as the supporter who declared it sees it; nobody else ever does."""

    group: str
    label: str
    is_department: bool
    is_standing: bool
    said_on: date


def conflict_marks(
    keys: Sequence[MonthKey], person: Person | None, departments: Iterable[str]
) -> list[str]:
    """Return the fingerprints by which a conflict with a colleague or their departments is found.

    Args:
        keys: of all live months.
        person: the colleague; None where their identity is gone.
        departments: names, as the departments adapter resolves them.
    """
    known = [*_ways_to_know(person)] if person else []
    known += [(DEPARTMENT, seal.plain_name(name)) for name in departments]
    return [seal.mark(key, purpose, text) for key in keys for purpose, text in known]


def _ways_to_know(person: Person) -> Iterator[tuple[str, str]]:
    if person.user_id:
        yield USER, person.user_id
    if email := persons.identifying_email(person):
        yield EMAIL, email
    if name := seal.plain_name(person.name):
        yield NAME, name


def seal_said(key: MonthKey, declaration_id: str, said: Said) -> bytes:
    """Seal what a row holds, in a constant length.

    A text too long for that is left out: the mark stands, but cannot be made again.
    """
    if len(said.reason) > _LONGEST_REASON:
        raise ValueError("a reason is a short code")
    content = seal.to_json(asdict(said))
    if len(content) > _LENGTH:
        content = seal.to_json(asdict(replace(said, text="", label=said.label[:LONGEST_LABEL])))
    return seal.seal(key, f"declaration {declaration_id}", content.ljust(_LENGTH))


def open_said(keys: Keys, declaration_id: str, month: str, sealed: bytes) -> Said:
    """Return what a row holds.

    Raises:
        KeyringError: the month's key is missing, or does not fit.
    """
    content = seal.unseal(keys.get(month), f"declaration {declaration_id}", sealed)
    return Said(**json.loads(content))


def is_conflict(keys: Keys, declaration_id: str, month: str, sealed: bytes) -> bool:
    """Return whether a declaration tells of a conflict (P10); what cannot be read counts as one."""
    try:
        return open_said(keys, declaration_id, month, sealed).reason == CONFLICT
    except KeyringError:
        return True


def declare(
    session: orm.Session,
    supporter_id: str,
    person: Person,
    reason: str,
    now: datetime,
    *,
    label: str = "",
) -> list[Declaration]:
    """Write that a supporter says no to a colleague.

    Written for every reason, so that a row reveals nothing.

    Args:
        session: flushed, not committed, here.
        supporter_id: who says no.
        person: to whom.
        reason: a code; "conflict" rules the supporter out for this colleague from now on.
        now: aware; the present month's key seals.
        label: the name to show the supporter in their own list.
    """
    return _declare(session, supporter_id, _ways_to_know(person), reason, now, label)


def declare_department(
    session: orm.Session, supporter_id: str, name: str, now: datetime
) -> list[Declaration]:
    """Write that a supporter has a conflict with a department, as the list names it now."""
    way = (DEPARTMENT, seal.plain_name(name))
    return _declare(session, supporter_id, [way], CONFLICT, now, label=name)


def _declare(
    session: orm.Session,
    supporter_id: str,
    ways: Iterable[tuple[str, str]],
    reason: str,
    now: datetime,
    label: str,
) -> list[Declaration]:
    runtime = current_runtime()
    key, group = runtime.keys.current(now), new_id()
    today = local_date(now).isoformat()
    known = [*ways]
    rows = []
    for purpose, text in [*known, *[("", "")] * (ROWS - len(known))]:
        row = Declaration(id=new_id(), supporter_id=supporter_id)
        _write(row, key, Said(reason, purpose, text, label, group, today))
        rows.append(row)
    secrets.SystemRandom().shuffle(rows)  # their order tells nothing of what was known
    session.add_all(rows)
    session.flush()
    return rows


def _write(row: Declaration, key: MonthKey, said: Said) -> None:
    row.month = key.month
    row.mark = seal.mark(key, said.purpose, said.text) if said.purpose else secrets.token_hex(32)
    row.sealed_reason = seal_said(key, row.id, said)


def own_conflicts(session: orm.Session, supporter_id: str) -> list[OwnConflict]:
    """Return the conflicts of a supporter for themselves, the latest first.

    What cannot be read any more is left out, although it still rules out.
    """
    found: dict[str, OwnConflict] = {}
    for _row, said in _readable(
        session, sa.select(Declaration).filter_by(supporter_id=supporter_id)
    ):
        if said.reason != CONFLICT:
            continue
        is_department = said.purpose == DEPARTMENT
        known = found.get(said.group)
        if known is None or is_department:
            found[said.group] = OwnConflict(
                group=said.group,
                label=said.label,
                is_department=is_department,
                is_standing=bool(said.label),
                said_on=date.fromisoformat(said.said_on),
            )
    return sorted(found.values(), key=lambda one: (one.said_on, one.group), reverse=True)


def has_standing(
    session: orm.Session,
    supporter_id: str,
    *,
    person: Person | None = None,
    department: str | None = None,
) -> bool:
    """Return whether a supporter has declared this very colleague or department beforehand."""
    ways = set(_ways_to_know(person)) if person else set()
    # a name alone may be somebody else's
    firm = {way for way in ways if way[0] != NAME} or ways
    wanted = {(DEPARTMENT, seal.plain_name(department))} if department else firm
    statement = sa.select(Declaration).filter_by(supporter_id=supporter_id)
    return any(
        said.reason == CONFLICT and said.label and (said.purpose, said.text) in wanted
        for _row, said in _readable(session, statement)
    )


def remove_group(session: orm.Session, supporter_id: str, group: str) -> bool:
    """Delete the rows of one standing conflict; return whether there was one."""
    rows = [
        row
        for row, said in _readable(
            session, sa.select(Declaration).filter_by(supporter_id=supporter_id)
        )
        if said.group == group and said.reason == CONFLICT and said.label
    ]
    for row in rows:
        session.delete(row)
    session.flush()
    return bool(rows)


def reseal_declarations(session: orm.Session, month: str, now: datetime) -> int:
    """Seal and mark the rows of a month anew with the present month's key; return how many.

    To be called before the month's key is destroyed. A conflict goes on ruling out; of any other
    no, the colleague is forgotten.
    """
    key = current_runtime().keys.current(now)
    count = 0
    for row, said in _readable(session, sa.select(Declaration).filter_by(month=month)):
        if said.reason != CONFLICT:
            said = replace(said, purpose="", text="")
        _write(row, key, said)
        count += 1
    session.flush()
    return count


def refresh_declared_departments(
    session: orm.Session, departments: Departments | DepartmentTree
) -> int:
    """Mark conflicts with departments by what these are called now; return how many changed.

    One that is in no list any more keeps the mark it had.
    """
    keys, changed = current_runtime().keys, 0
    for row, said in _readable(session, sa.select(Declaration)):
        name = (
            resolve_for_supporter(departments, said.label) if said.purpose == DEPARTMENT else None
        )
        if name is not None and seal.plain_name(name) != said.text:
            _write(row, keys.get(row.month), replace(said, text=seal.plain_name(name)))
            changed += 1
    session.flush()
    return changed


def _readable(
    session: orm.Session, statement: sa.Select[Any]
) -> Collection[tuple[Declaration, Said]]:
    keys, found = current_runtime().keys, []
    for row in session.scalars(statement):
        try:
            said = open_said(keys, row.id, row.month, row.sealed_reason)
        except KeyringError:
            continue
        found.append((row, said))
    return found
