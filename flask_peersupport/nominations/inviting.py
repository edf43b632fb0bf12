"""From a result to an invitation, with one press (P24, P26)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..db import begin_immediate
from ..errors import InvalidInput
from ..i18n import gettext as _
from ..runtime import current_runtime
from ..supporters.actions import SupporterDetails, add_supporter
from ..supporters.departments import split_departments
from ..supporters.inviting import invite_supporter
from ..supporters.models import Supporter
from ..supporters.reading import email_fault
from ..values import Person
from ..vault.persons import find_person_ids, store_person
from ..vault.seal import plain_name
from .models import Nominee


def invite_nominee(
    session: orm.Session, nominee: Nominee, email: str, *, actor: Person | str, now: datetime
) -> Supporter:
    """Put somebody who was named on the roster, where they are not yet, and invite them.

    Args:
        session: flushed, not committed, here.
        nominee: of a closed round.
        email: their address, where the result has none; else "".
        actor: the coordinator.
        now: aware.

    Raises:
        InvalidInput: there is no address to invite them by, or it is somebody else's.
        InvalidTransition: they were invited already, or are a supporter.
    """
    session.flush()
    begin_immediate(session)
    session.refresh(nominee, ["person_id"], with_for_update=True)
    person = nominee.record.person
    if not person.email:
        person = _complete(session, nominee, email, now)
    supporter = _on_roster(session, person, now)
    if supporter is None:
        supporter = add_supporter(session, person, _details(nominee, person), actor=actor, now=now)
    invite_supporter(session, supporter, actor=actor, now=now)
    record.record(
        session,
        "nomination.nominee_invited",
        actor=actor,
        now=now,
        object_id=nominee.round_id,
        subject_id=nominee.person_id,
    )
    return supporter


def _complete(session: orm.Session, nominee: Nominee, email: str, now: datetime) -> Person:
    """Note the address of a nominee; the directory knows best whose it is."""
    fault = _("Fill in an e-mail address first: the invitation goes there.")
    if email:
        fault = email_fault(email) or ""
    if fault:
        raise InvalidInput(fault, {"email": fault})
    known = nominee.record
    named = known.person.name
    listed = current_runtime().users.find(email)
    person = listed or replace(known.person, email=email)
    row = store_person(session, person, now=now, is_typed=listed is None)
    if row.id == known.id:
        return row.person
    other = session.scalar(
        sa.select(Nominee).where(Nominee.round_id == nominee.round_id, Nominee.person_id == row.id)
    )
    if other is not None:
        taken = _(
            "This is the address of %(name)s, who came out of this round too.",
            name=row.person.name,
        )
        raise InvalidInput(taken, {"email": taken})
    if plain_name(row.person.name) != plain_name(named):
        elses = _(
            "This is the address of %(name)s, and %(named)s was named. If %(name)s is meant, put"
            " them on the roster yourself.",
            name=row.person.name,
            named=named,
        )
        raise InvalidInput(elses, {"email": elses})
    nominee.record = row
    session.flush()
    # a row with nothing but a typed name is nobody else's
    if known.user_mark is None and known.email_mark is None:
        session.delete(known)
        session.flush()
    return row.person


def _on_roster(session: orm.Session, person: Person, now: datetime) -> Supporter | None:
    known = find_person_ids(session, person, now)
    return session.scalar(sa.select(Supporter).where(Supporter.person_id.in_(known)).limit(1))


def _details(nominee: Nominee, person: Person) -> SupporterDetails:
    settings = current_runtime().settings
    return SupporterDetails(
        profession=person.profession if person.profession in settings.professions else None,
        discipline=person.discipline if person.discipline in settings.disciplines else None,
        seniority=person.seniority if person.seniority in settings.seniorities else None,
        departments=split_departments(person.department or nominee.department or ""),
    )
