"""A colleague involved without any report: after a concern, or at their own word (P4, P5)."""

from __future__ import annotations

from sqlalchemy import orm

from ..access.departments import present_departments
from ..access.typed import is_phone
from ..db import new_id
from ..intake.expansion import DEPARTMENTS_LENGTH
from ..intake.resolution import known_code
from ..matching.departments import names_in
from ..reachouts.models import InvolvedRecord
from ..reachouts.opening import UNKNOWN_TEXT, waits_for
from ..reachouts.states import WaitingFor
from ..values import Wish, WishBy
from ..vault.models import PersonRecord
from ..vault.persons import identifying_email


def involve(
    session: orm.Session, row: PersonRecord, *, wish: Wish, wish_by: WishBy
) -> InvolvedRecord:
    """Make the colleague involved, as far as the vault knows them.

    Only departments of the list leave the vault; where one is missing or unknown, a coordinator
    decides (P8).
    """
    person = row.person
    departments = present_departments(session)
    named = names_in(person.department)
    listed = [name for name in named if departments.resolve(name)]
    involved = InvolvedRecord(
        id=new_id(),
        report_id=None,
        person_id=row.id,
        wish=wish,
        wish_by=wish_by,
        is_outside=False,
        department="; ".join(dict.fromkeys(listed))[:DEPARTMENTS_LENGTH] or None,
        profession=known_code("profession", person.profession),
        discipline=known_code("discipline", person.discipline),
        seniority=known_code("seniority", person.seniority),
        flags=(UNKNOWN_TEXT,) if len(listed) < len(named) else (),
    )
    session.add(involved)
    session.flush()
    return involved


def decision_for(session: orm.Session, involved: InvolvedRecord) -> WaitingFor | None:
    """Return what a coordinator has to decide before anybody can be asked.

    A name that fits nobody in the directory, without a way to reach them, is no one to be called.
    """
    person = involved.record.person if involved.record else None
    if person is not None and not (
        person.user_id or identifying_email(person) or is_phone(person.phone or "")
    ):
        return WaitingFor.UNKNOWN_PERSON
    return waits_for(session, involved)
