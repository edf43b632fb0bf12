"""Who sees to what a meeting agreed: supporters, the programme's own, or anybody on the staff."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.actor import Actor
from ..access.policy import is_trainer
from ..runtime import current_runtime
from ..supporters.models import Supporter
from ..supporters.queries import supporter_of
from ..supporters.states import ACTIVE
from ..values import Person
from ..vault.persons import is_same_person
from ..vault.seal import plain_name
from .models import Resolution
from .people import person_meant


def usual_owners(session: orm.Session) -> list[Person]:
    """Return coordinators, trainers and supporters, each once, in order of name."""
    roles = current_runtime().roles
    statement = sa.select(Supporter).where(Supporter.state.in_(ACTIVE)).order_by(Supporter.id)
    supporters = [row.record.person for row in session.scalars(statement)]
    found: list[Person] = []
    for person in (*supporters, *roles.members("coordinator"), *roles.members("trainer")):
        if not any(is_same_person(person, other) for other in found):
            found.append(person)
    return sorted(found, key=lambda person: plain_name(person.name))


def owner_meant(usual: list[Person], text: str) -> Person | None:
    """Return whom a name or e-mail address means: of `usual`, or else of the host's directory.

    Raises:
        ValueError: nobody, or several people; the text says what to do.
    """
    if not text:
        return None
    wanted = plain_name(text)
    fitting = [
        person
        for person in usual
        if plain_name(person.name) == wanted or (person.email or "").casefold() == text.casefold()
    ]
    return fitting[0] if len(fitting) == 1 else person_meant(text)


def is_reader(session: orm.Session, actor: Actor) -> bool:
    """Return whether somebody reads all that was agreed: supporters, trainers, coordinators."""
    return is_trainer(actor) or supporter_of(session, actor) is not None


def owns_any(session: orm.Session, actor: Actor) -> bool:
    """Return whether somebody else sees to something, and so reads that."""
    statement = sa.select(Resolution.id).where(Resolution.owner_id.in_(actor.person_ids)).limit(1)
    return bool(actor.person_ids) and session.scalar(statement) is not None


def count_own_open(session: orm.Session, actor: Actor) -> int:
    """Return how many open points and decisions somebody sees to."""
    if not actor.person_ids:
        return 0
    statement = sa.select(sa.func.count()).where(
        Resolution.owner_id.in_(actor.person_ids), Resolution.done_on.is_(None)
    )
    return session.scalar(statement) or 0


def can_finish(actor: Actor, resolution: Resolution) -> bool:
    """Return whether somebody may say that it is done: its owner, trainers and coordinators."""
    return is_trainer(actor) or resolution.owner_id in actor.person_ids


def is_late(resolution: Resolution, today: date) -> bool:
    """Return whether it should have been done before `today`."""
    return (
        resolution.done_on is None and resolution.due_on is not None and resolution.due_on < today
    )
