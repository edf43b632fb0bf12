"""Action: somebody asks for support for themself, without any report (P5)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..intake.payload import Preferences
from ..intake.preferring import keep_preferences
from ..reachouts.models import InvolvedRecord, ReachOut
from ..reachouts.opening import open_reach_out, waits_for
from ..reachouts.queries import OPEN_STATES
from ..reachouts.states import Origin
from ..supporters.queries import candidate_person_ids
from ..values import Person, Wish, WishBy
from ..vault.models import PersonRecord
from ..vault.persons import store_person
from .involving import involve


def is_asked_for(session: orm.Session, person_ids: Collection[str]) -> bool:
    """Return whether somebody's own request for support is open."""
    statement = _open_ones(person_ids).where(ReachOut.origin == Origin.SELF)
    return session.scalar(statement.limit(1)) is not None


def is_offered(session: orm.Session, person_ids: Collection[str]) -> bool:
    """Return whether somebody is being offered support, whatever for."""
    return session.scalar(_open_ones(person_ids).limit(1)) is not None


def _open_ones(person_ids: Collection[str]) -> sa.Select[Any]:
    return (
        sa.select(ReachOut.id)
        .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
        .where(InvolvedRecord.person_id.in_(person_ids), ReachOut.state.in_(OPEN_STATES))
    )


def number_as_supporter(session: orm.Session, person_ids: Collection[str]) -> str | None:
    """Return the number under which a supporter is known, perhaps empty; None: is none.

    It may stand in the group's directory, so that nothing typed here takes its place; where there
    is none, what is typed becomes it.
    """
    candidate_ids = candidate_person_ids(session, person_ids)
    if not candidate_ids:
        return None
    statement = (
        sa.select(PersonRecord)
        .where(PersonRecord.id.in_(candidate_ids))
        .order_by(PersonRecord.created_at, PersonRecord.id)
    )
    numbers = [record.person.phone or "" for record in session.scalars(statement)]
    return next((number for number in numbers if number), "")


def ask_for_oneself(
    session: orm.Session,
    chosen: Preferences,
    *,
    wanted_profession: str,
    phone: str,
    department: str,
    person_ids: Collection[str],
    actor: Person,
    now: datetime,
) -> ReachOut | None:
    """Open a reach-out to the actor, at their own word.

    Who never again wanted to be approached can still ask: their word about what others report
    stays as it is.

    Args:
        session: the actor's turn was taken (see `turns`); not committed here.
        chosen: how they would like to be supported.
        wanted_profession: of the supporter, a code of PROFESSIONS; empty: one like their own.
        phone: where to reach them; empty: not by telephone.
        department: where the host does not know it.
        person_ids: their vault rows.
        actor: who asks.
        now: aware.

    Returns:
        the reach-out; None where their request is open already.
    """
    if is_asked_for(session, person_ids):
        return None
    person = replace(actor, department=actor.department or department or None)
    if not number_as_supporter(session, person_ids):
        row = store_person(session, replace(person, phone=phone), now=now)
    else:
        row = store_person(session, replace(person, phone=None), now=now)
    involved = involve(session, row, wish=Wish.YES, wish_by=WishBy.OWN)
    involved.wanted_profession = wanted_profession or None
    keep_preferences(session, involved, chosen, now=now)
    return open_reach_out(
        session,
        involved,
        Origin.SELF,
        waiting_for=waits_for(session, involved),
        actor=actor,
        now=now,
    )
