"""Actions: what a coordinator decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.departments import present_departments
from ..audit import record
from ..errors import InvalidInput, InvalidTransition
from ..i18n import gettext as _
from ..matching.departments import names_in, own_departments
from ..runtime import current_runtime
from ..values import Person
from ..vault.persons import store_person
from .barring import uncleared
from .earlier import reports_behind
from .erasing import erase_colleague
from .lifecycle import lock, move, wait_for
from .models import InvolvedRecord, NameClearance, ReachOut
from .states import REACH_OUT_TRANSITIONS, ReachOutState, WaitingFor


def identify_colleague(
    session: orm.Session,
    reach_out: ReachOut,
    *,
    person: Person | None,
    department: str | None,
    report_department: str | None,
    actor: Person,
    now: datetime,
) -> ReachOut:
    """Say who is meant and in which department, and let supporters be asked.

    Where supporters are asked by hand, the reach-out goes on waiting, for that.

    Args:
        session: not committed here.
        reach_out: waits for a coordinator.
        person: from the host's directory; None: the name as it was typed is right.
        department: of the colleague, in the programme's list; None: as it is known.
        report_department: of the event, in the list; None: as it is known.
        actor: the coordinator.
        now: aware.

    Returns:
        the reach-out that goes on: another one where the person was named twice.

    Raises:
        InvalidInput: a department is missing or not in the list.
        InvalidTransition: it waits for no coordinator any more.
    """
    reach_out = lock(session, ReachOut, reach_out.id)
    if reach_out.state is not ReachOutState.NEEDS_COORDINATOR:
        allowed = REACH_OUT_TRANSITIONS[reach_out.state]
        raise InvalidTransition(reach_out.state, ReachOutState.QUEUED, allowed)
    involved = reach_out.involved
    if person is not None:
        _replace_person(session, involved, person, now)
    if department:
        involved.department = department
    for report in reports_behind(reach_out) if report_department else []:
        report.department = report_department
    _ensure_departments(session, reach_out)
    if current_runtime().settings.ask_after is None:
        wait_for(reach_out, WaitingFor.BY_HAND, now=now)
    else:
        move(reach_out, ReachOutState.QUEUED, now=now, due_at=now)
    session.flush()
    record.record(
        session,
        "colleague.identified",
        actor=actor,
        now=now,
        object_id=reach_out.id,
        subject_id=involved.person_id,
    )
    return reach_out


def _ensure_departments(session: orm.Session, reach_out: ReachOut) -> None:
    """Check that the departments of the colleague and of the event are known (P8).

    Raises:
        InvalidInput: one is missing or not in the list.
    """
    departments = present_departments(session)
    message = _("Choose a department from the list: without it nobody can be asked safely.")
    if own_departments(departments, names_in(reach_out.involved.department)) is None:
        raise InvalidInput(message, {"department": message})
    for report in reports_behind(reach_out):
        if own_departments(departments, names_in(report.department)) is None:
            raise InvalidInput(message, {"report_department": message})


def _replace_person(
    session: orm.Session, involved: InvolvedRecord, person: Person, now: datetime
) -> None:
    known = involved.record.person if involved.record else None
    row = store_person(
        session, replace(person, phone=person.phone or (known.phone if known else None)), now=now
    )
    if row.id == involved.person_id:
        return
    if involved.report_id is not None and session.scalar(
        sa.select(InvolvedRecord.id).where(
            InvolvedRecord.report_id == involved.report_id, InvolvedRecord.person_id == row.id
        )
    ):
        raise InvalidInput(
            _("This colleague is named in the report already: close this one as withdrawn."),
            {"person": _("Named already.")},
        )
    report = involved.report
    erase_colleague(session, involved)
    involved.report = report
    involved.record = row
    for field in ("department", "profession", "discipline", "seniority"):
        setattr(involved, field, getattr(person, field) or getattr(involved, field))
    session.flush()


def clear_namesake(
    session: orm.Session,
    reach_out: ReachOut,
    namesake: Person,
    *,
    actor: Person,
    now: datetime,
) -> None:
    """Confirm that a coordinator is nobody of those in the report who bear the same name."""
    row = store_person(session, namesake, now=now, is_lasting=True)
    for involved in uncleared(session, reach_out, namesake, now):
        session.add(NameClearance(involved_id=involved.id, person_id=row.id))
    session.flush()
    record.record(
        session,
        "namesake.cleared",
        actor=actor,
        now=now,
        object_id=reach_out.id,
        subject_id=row.id,
    )
