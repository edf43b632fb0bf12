"""The list of departments (P8): seen, changed and imported by coordinators.

It stands in this slice because each change resolves the supporters' departments anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.department_actions import DepartmentDetails, add_department, change_department
from ..access.department_import import COLUMNS, import_departments, read_departments_file
from ..access.departments import ListedDepartments, present_departments
from ..access.drafts import Draft, keeping_faults, read_day
from ..access.models import Department
from ..access.views import page, signed_in
from ..clock import utc_now
from ..db import commit, rollback
from ..errors import ImportFault, InvalidInput, NotAllowed
from ..i18n import gettext as _
from ..runtime import current_runtime, current_session, local_today
from ..vault.seal import plain_name
from .actions import refresh_departments
from .queries import count_supporters

blueprint = Blueprint("departments", __name__)


@dataclass(frozen=True, slots=True)
class DepartmentLine:
    """A line of the list; `depth` says how many departments stand above it, 6 at most."""

    id: str
    name: str
    aliases: tuple[str, ...]
    parent_id: str | None
    parent: str | None
    valid_until: date | None
    is_expired: bool
    depth: int
    supporters: int


@page(blueprint, "/departments", allow=policy.is_coordinator)
def departments() -> ResponseReturnValue:
    """Show the list as a tree, or what a search finds in it."""
    session = current_session()
    lines = _lines(session)
    search = request.args.get("search", "")
    wanted = plain_name(search)
    found = [
        line
        for line in lines
        if any(wanted in plain_name(name) for name in (line.name, *line.aliases))
    ]
    commit(session)
    return render_template(
        "peersupport/departments.html",
        lines=found,
        search=search[:200],
        is_all=not wanted,
        is_in_use=isinstance(current_runtime().departments, ListedDepartments),
    )


@page(blueprint, "/departments/add", allow=policy.is_coordinator, methods=("GET", "POST"))
def add_one() -> ResponseReturnValue:
    """Add a department to the list."""
    session = current_session()
    draft = _typed()
    if request.method == "POST" and _is_done(session, draft, _add):
        return redirect(url_for("peersupport.departments.departments"))
    return _form_page(session, draft)


@page(blueprint, "/departments/import", allow=policy.is_coordinator, methods=("GET", "POST"))
def import_list() -> ResponseReturnValue:
    """Take the list in from a file; where it has faults, list them all and store nothing."""
    session = current_session()
    faults: list[tuple[int, str]] = []
    file = request.files.get("file")
    if request.method == "POST" and (file is None or not file.filename):
        faults = [(0, _("Choose a file first."))]
    elif request.method == "POST" and file is not None:
        try:
            sheet = read_departments_file(file.stream, file.filename or "")
            counts = import_departments(session, sheet, actor=signed_in().person, now=utc_now())
            refresh_departments(session)
        except ImportFault as error:
            rollback(session)
            faults = error.faults
        except InvalidInput as error:
            rollback(session)
            faults = [(0, str(error))]
        else:
            commit(session)
            flash(
                _(
                    "Departments added: %(added)s, changed: %(changed)s.",
                    added=counts.added,
                    changed=counts.changed,
                ),
                "success",
            )
            return redirect(url_for("peersupport.departments.departments"))
    html = render_template("peersupport/departments_import.html", faults=faults, columns=COLUMNS)
    return html, 422 if faults else 200


@page(blueprint, "/departments/<id>", allow=policy.is_coordinator, methods=("GET", "POST"))
def department(id: str) -> ResponseReturnValue:
    """Show one department, and change it."""
    session = current_session()
    found = session.get(Department, id)
    if found is None:
        raise NotAllowed
    if request.method == "GET":
        return _form_page(session, _draft_of(found), id)

    def change(session: orm.Session, details: DepartmentDetails) -> None:
        change_department(session, found, details, actor=signed_in().person, now=utc_now())

    draft = _typed()
    if _is_done(session, draft, change):
        return redirect(url_for("peersupport.departments.departments"))
    return _form_page(session, draft, id)


def _add(session: orm.Session, details: DepartmentDetails) -> None:
    add_department(session, details, actor=signed_in().person, now=utc_now())


def _is_done(
    session: orm.Session, draft: Draft, action: Callable[[orm.Session, DepartmentDetails], None]
) -> bool:
    """Do what the form asks for; errors are kept in the draft."""
    details = _details(draft)
    if draft.errors:
        return False
    with keeping_faults(session, draft.errors):
        action(session, details)
        refresh_departments(session)
        commit(session)
        flash(_("The list of departments was changed."), "success")
    return not draft.errors


def _typed() -> Draft:
    return Draft({name: text.strip() for name, text in request.form.items()})


def _draft_of(found: Department) -> Draft:
    return Draft(
        {
            "name": found.name,
            "aliases": "; ".join(alias.name for alias in found.aliases),
            "parent": found.parent_id or "",
            "valid_until": found.valid_until.isoformat() if found.valid_until else "",
        }
    )


def _details(draft: Draft) -> DepartmentDetails:
    return DepartmentDetails(
        name=draft.values.get("name", ""),
        aliases=tuple(draft.values.get("aliases", "").split(";")),
        parent_id=draft.values.get("parent") or None,
        valid_until=read_day(draft, "valid_until"),
    )


def _form_page(session: orm.Session, draft: Draft, id: str | None = None) -> ResponseReturnValue:
    lines = _lines(session)
    below = _below(lines, id)
    own = next((line for line in lines if line.id == id), None)
    parents = [(line.id, line.name) for line in lines if line.id not in below]
    commit(session)
    html = render_template("peersupport/department.html", draft=draft, parents=parents, own=own)
    return html, 422 if draft.errors else 200


def _below(lines: list[DepartmentLine], id: str | None) -> set[str]:
    """Return a department and those below it: none of them can be above it."""
    below = {id} if id else set()
    for line in lines:  # a tree: who is above comes first
        if line.parent_id in below:
            below.add(line.id)
    return below


def _lines(session: orm.Session) -> list[DepartmentLine]:
    """Return the list as a tree, each department below the one it is part of."""
    rows = session.scalars(
        sa.select(Department).options(orm.selectinload(Department.aliases))
    ).all()
    by_id = {row.id: row for row in rows}
    children: dict[str | None, list[Department]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.plain_name):
        children[row.parent_id].append(row)
    counts = count_supporters(session, present_departments(session))
    today = local_today()
    lines: list[DepartmentLine] = []
    seen: set[str] = set()

    # what is left after the tops is a circle, which two changes at once could have made
    for top in [*children[None], *by_id.values()]:
        waiting = [(top, 0)]
        while waiting:
            row, depth = waiting.pop()
            if row.id not in seen:
                seen.add(row.id)
                lines.append(_line(row, by_id, depth, counts, today))
                waiting += [(child, depth + 1) for child in reversed(children[row.id])]
    return lines


def _line(
    row: Department,
    by_id: Mapping[str, Department],
    depth: int,
    counts: Mapping[str, int],
    today: date,
) -> DepartmentLine:
    parent = by_id.get(row.parent_id or "")
    return DepartmentLine(
        id=row.id,
        name=row.name,
        aliases=tuple(alias.name for alias in row.aliases),
        parent_id=row.parent_id,
        parent=parent.name if parent else None,
        valid_until=row.valid_until,
        is_expired=row.valid_until is not None and row.valid_until < today,
        depth=min(depth, 6),
        supporters=counts.get(row.name, 0),
    )
