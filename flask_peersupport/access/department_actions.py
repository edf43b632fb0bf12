"""Keeping the programme's list of departments (P8).

Who changes the list calls `supporters.actions.refresh_departments` in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..db import begin_immediate
from ..errors import InvalidInput, raise_if_any
from ..i18n import gettext as _
from ..values import Person
from ..vault.seal import plain_name
from .models import Department, DepartmentAlias
from .sheets import cell_fault

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class DepartmentDetails:
    """A department as a form or a file gives it; `parent_id` is the department above it."""

    name: str
    aliases: tuple[str, ...] = ()
    parent_id: str | None = None
    valid_until: date | None = None


def add_department(
    session: orm.Session, details: DepartmentDetails, *, actor: Person | str, now: datetime
) -> Department:
    """Add a department to the list.

    Raises:
        InvalidInput: a name is taken or cannot be right, or the department above is unknown.
    """
    known = held_departments(session)
    details = tidy(details)
    _check(known, None, details)
    department = Department(name=details.name, plain_name=plain_name(details.name), aliases=[])
    session.add(department)
    write_department(department, details)
    flush_names(session)
    _audit(session, department, "department.added", actor, now)
    return department


def change_department(
    session: orm.Session,
    department: Department,
    details: DepartmentDetails,
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Replace what is known of a department; a former name stays as an alias.

    Raises:
        InvalidInput: a name is taken or cannot be right, or it would come under itself.
    """
    known = held_departments(session)
    if plain_name(details.name) != department.plain_name:
        details = DepartmentDetails(
            details.name,
            (*details.aliases, department.name),
            details.parent_id,
            details.valid_until,
        )
    details = tidy(details)
    _check(known, department, details)
    write_department(department, details)
    flush_names(session)
    _audit(session, department, "department.changed", actor, now)


def tidy(details: DepartmentDetails) -> DepartmentDetails:
    """Return the details with each name once and without double spaces."""
    name = " ".join(details.name.split())
    aliases = {plain_name(alias): " ".join(alias.split()) for alias in reversed(details.aliases)}
    aliases.pop(plain_name(name), None)
    kept = tuple(alias for alias in reversed(aliases.values()) if alias)
    return DepartmentDetails(name, kept, details.parent_id, details.valid_until)


def name_fault(name: str) -> str | None:
    """Return what is wrong with the name or alias of a department, or None."""
    plain = plain_name(name)
    if not plain:
        return _("A department needs a name with letters or digits.")
    if max(len(name), len(plain)) > LONGEST_NAME:
        return _("This name is too long; at most %(n)s characters.", n=LONGEST_NAME)
    return cell_fault(name)


def held_departments(session: orm.Session) -> Sequence[Department]:
    """Return all departments, locked, so that of two changes at once the second sees the first."""
    session.flush()
    begin_immediate(session)
    return session.scalars(
        sa.select(Department)
        .order_by(Department.id)
        .with_for_update()
        .options(orm.selectinload(Department.aliases))
        .execution_options(populate_existing=True)
    ).all()


def owners_of_names(departments: Iterable[Department]) -> dict[str, Department]:
    """Return whose each name and alias is, as it is compared."""
    owners: dict[str, Department] = {}
    for department in departments:
        owners.update({alias.plain_name: department for alias in department.aliases})
        owners[department.plain_name] = department
    return owners


def write_department(department: Department, details: DepartmentDetails) -> None:
    """Set details that were checked and tidied."""
    department.name = details.name
    department.plain_name = plain_name(details.name)
    department.parent_id = details.parent_id
    department.valid_until = details.valid_until
    wanted = {plain_name(alias): alias for alias in details.aliases}
    department.aliases = [row for row in department.aliases if row.plain_name in wanted]
    for row in department.aliases:
        row.name = wanted.pop(row.plain_name)
    department.aliases += [DepartmentAlias(name=n, plain_name=p) for p, n in wanted.items()]


def _check(
    known: Sequence[Department], department: Department | None, details: DepartmentDetails
) -> None:
    owners = owners_of_names(other for other in known if other is not department)
    faults: dict[str, str | None] = {"name": _taken_fault(details.name, owners)}
    for alias in details.aliases:
        faults["aliases"] = faults.get("aliases") or _taken_fault(alias, owners)
    if details.parent_id is not None:
        faults["parent"] = _parent_fault(known, department, details.parent_id)
    raise_if_any(faults)


def _taken_fault(name: str, owners: dict[str, Department]) -> str | None:
    owner = owners.get(plain_name(name))
    if owner is None:
        return name_fault(name)
    return _("“%(name)s” is a name of “%(owner)s” already.", name=name, owner=owner.name)


def _parent_fault(
    known: Sequence[Department], department: Department | None, parent_id: str
) -> str | None:
    above = {other.id: other.parent_id for other in known}
    if parent_id not in above:
        return _("Choose a department from the list.")
    at: str | None = parent_id
    seen: set[str] = set()
    while department is not None and at is not None and at not in seen:
        if at == department.id:
            return _("A department cannot come under itself.")
        seen.add(at)
        at = above.get(at)
    return None


def flush_names(session: orm.Session) -> None:
    """Flush what was checked.

    Raises:
        InvalidInput: somebody else added one of the names in between.
    """
    try:
        session.flush()
    except sa.exc.IntegrityError as error:
        taken = _("One of these names was added by somebody else just now.")
        raise InvalidInput(taken, {"name": taken}) from error


def _audit(
    session: orm.Session, department: Department, action: str, actor: Person | str, now: datetime
) -> None:
    record.record(session, action, actor=actor, now=now, object_id=department.id)
