"""The people and the lists of the programme: departments, supporters, roles."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.departments import ListedDepartments, present_departments
from ..access.models import Department
from ..access.roles import ROLES, GrantedRoles
from ..clock import utc_now
from ..matching.departments import names_in
from ..reachouts.models import InvolvedRecord, ReportRecord
from ..runtime import Runtime
from ..supporters.models import Supporter
from ..supporters.states import SupporterState
from .findings import Findings, fault, listed, ok, warning

#: Whose departments are looked at: of the reports that came in since.
_LATELY = timedelta(days=365)


def look_at_departments(runtime: Runtime) -> Findings:
    """Look whether there is a list of departments."""
    if not isinstance(runtime.departments, ListedDepartments):
        yield ok("The departments come from the host.")
        return
    with runtime.storage.work() as session:
        count = session.scalar(sa.select(sa.func.count()).select_from(Department)) or 0
    if count:
        yield ok(f"The list of departments has {count} entries.")
    else:
        yield warning(
            "The list of departments is empty: every reach-out waits for a coordinator.",
            "Run: flask peersupport import-departments FILE",
        )


def look_at_departments_of_reports(runtime: Runtime) -> Findings:
    """Look whether the departments of the last year's reports are known."""
    with runtime.storage.work() as session:
        departments = present_departments(session)
        named = set(_departments_since(session, utc_now() - _LATELY))
    unknown = [name for name in named if not departments.resolve(name)]
    if not unknown:
        yield ok("The departments of the last year's reports are known.")
        return
    if isinstance(runtime.departments, ListedDepartments):
        remedy = (
            "Add each to the list, or as an alias of what it is called there: on the page of the"
            " departments, or with flask peersupport import-departments FILE"
        )
    else:
        remedy = "Let the departments adapter of the application resolve them."
    yield warning(
        f"Departments in the last year's reports that are not known, so that a coordinator has to"
        f" decide: {len(unknown)} ({listed(unknown)}).",
        remedy,
    )


def _departments_since(session: orm.Session, instant: datetime) -> Iterator[str]:
    """Return the departments of events and of colleagues involved, as they were written."""
    is_recent = ReportRecord.received_at >= instant
    of_reports = sa.select(ReportRecord.department).where(is_recent).distinct()
    of_colleagues = (
        sa.select(InvolvedRecord.department)
        .outerjoin(ReportRecord, ReportRecord.id == InvolvedRecord.report_id)
        .where(is_recent | InvolvedRecord.report_id.is_(None))
        .distinct()
    )
    for statement in (of_reports, of_colleagues):
        for text in session.scalars(statement):
            yield from names_in(text)


def look_at_supporters(runtime: Runtime) -> Findings:
    """Look whether somebody can be asked, of each profession."""
    statement = (
        sa.select(Supporter.profession, sa.func.count())
        .where(Supporter.state == SupporterState.APPOINTED)
        .group_by(Supporter.profession)
    )
    with runtime.storage.work() as session:
        counts = {row[0]: row[1] for row in session.execute(statement)}
    for profession in runtime.settings.professions:
        if count := counts.get(profession, 0):
            yield ok(f"Appointed supporters with the profession {profession}: {count}.")
        else:
            yield warning(
                f"No supporter with the profession {profession} is appointed.",
                "Run: flask peersupport import-supporters FILE",
            )


def look_at_roles(runtime: Runtime) -> Findings:
    """Look whether somebody has each role."""
    for role in ROLES:
        name = role.replace("_", " ")
        if count := len(runtime.roles.members(role)):
            yield ok(f"Who has the role of {name}: {count}.")
            continue
        if isinstance(runtime.roles, GrantedRoles):
            remedy = f"Run: flask peersupport grant {role} USER_ID"
        else:
            remedy = f"Let the roles adapter of the application name somebody for {role}."
        if role == "coordinator":
            yield fault("Nobody is coordinator: what needs a decision would wait for ever.", remedy)
        else:
            yield warning(f"Nobody has the role of {name}.", remedy)
