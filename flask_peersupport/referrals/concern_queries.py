"""Reading concerns: only what a coordinator may see (P4).

A coordinator about whom a concern is, or who bears the same name, sees nothing of it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.actor import Actor
from ..clock import utc_now
from ..outbox.queries import bars_messages
from ..reachouts.models import InvolvedRecord, ReachOut
from ..reachouts.queries import COUNT_LIMIT, OPEN_STATES, visible_reach_outs
from ..runtime import current_runtime
from ..values import Person
from ..vault.models import PersonRecord
from ..vault.persons import (
    email_marks,
    identifying_email,
    name_marks,
    user_marks,
)
from .concern_rules import A_DAY, DECISION_REMINDER, due_through
from .models import Concern
from .states import UNDECIDED, ConcernState

#: So many a coordinator reads on one page; more are said to be there.
LIST_LIMIT = 50


def _naming(person: Person, now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition that a concern is about this person, or about a namesake."""
    keys = current_runtime().keys.live(now)
    named = sa.select(PersonRecord.id).where(
        PersonRecord.user_mark.in_(user_marks(keys, person))
        | PersonRecord.email_mark.in_(email_marks(keys, person))
        | PersonRecord.name_mark.in_(name_marks(keys, person))
    )
    return Concern.about_id.in_(named)


def _visible(person: Person, now: datetime) -> sa.Select[Any]:
    """Return the SELECT of the undecided concerns that a coordinator may see."""
    return sa.select(Concern).where(Concern.state.in_(UNDECIDED), ~_naming(person, now))


def count_open_concerns(session: orm.Session, actor: Actor, now: datetime) -> int:
    """Return how many concerns wait for this coordinator's decision, at most `COUNT_LIMIT`."""
    ids = _visible(actor.person, now).where(Concern.state == ConcernState.OPEN)
    limited = ids.with_only_columns(Concern.id).limit(COUNT_LIMIT).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(limited)) or 0


def listed_concerns(session: orm.Session, actor: Actor, now: datetime) -> list[Concern]:
    """Return the undecided concerns: those to decide first, then those that wait for a day.

    One more than `LIST_LIMIT` says that there are more.
    """
    statement = _visible(actor.person, now).options(orm.selectinload(Concern.about))
    first = sa.case((Concern.state == ConcernState.OPEN, 0), else_=1)
    statement = statement.order_by(first, Concern.due_on, Concern.made_at, Concern.id)
    return list(session.scalars(statement.limit(LIST_LIMIT + 1)))


def visible_concern(
    session: orm.Session, actor: Actor, concern_id: str, now: datetime
) -> Concern | None:
    """Return an undecided concern that this coordinator may see; else None."""
    statement = _visible(actor.person, now).where(Concern.id == concern_id)
    found: Concern | None = session.scalar(statement)
    return found


def is_decided(session: orm.Session, concern_id: str) -> bool:
    """Return whether there is such a concern, and it is decided on."""
    statement = sa.select(Concern.id).where(
        Concern.id == concern_id, Concern.state.not_in(UNDECIDED)
    )
    return session.scalar(statement) is not None


def is_barred_from_concern(
    session: orm.Session, person: Person, concern: Concern, now: datetime
) -> bool:
    """Return whether a coordinator may see nothing of a concern."""
    statement = sa.select(Concern.id).where(Concern.id == concern.id, _naming(person, now))
    return session.scalar(statement) is not None


def open_reach_outs_about(
    session: orm.Session, actor: Actor, concern: Concern, now: datetime
) -> list[ReachOut]:
    """Return the colleague's open reach-outs that this coordinator may see."""
    if concern.about is None:
        return []
    ids = _same_person(concern.about, now)
    statement = (
        visible_reach_outs(actor, now)
        .where(ReachOut.state.in_(OPEN_STATES), InvolvedRecord.person_id.in_(ids))
        .order_by(ReachOut.created_at, ReachOut.id)
        .options(
            orm.contains_eager(ReachOut.involved).contains_eager(InvolvedRecord.report),
            orm.contains_eager(ReachOut.involved).selectinload(InvolvedRecord.record),
        )
    )
    return list(session.scalars(statement))


def count_other_concerns(session: orm.Session, concern: Concern, now: datetime) -> int:
    """Return how many other undecided concerns there are about the same colleague."""
    if concern.about is None:
        return 0
    count = sa.select(sa.func.count(Concern.id)).where(
        Concern.state.in_(UNDECIDED),
        Concern.id != concern.id,
        Concern.about_id.in_(_same_person(concern.about, now)),
    )
    return session.scalar(count) or 0


def _same_person(about: PersonRecord, now: datetime) -> sa.Select[Any]:
    """Return the SELECT of the vault rows that are, or may be, the same colleague.

    Who was only typed, by either, is told by the name alone: the coordinator sees who is meant.
    """
    keys, person = current_runtime().keys.live(now), about.person
    is_known = bool(person.user_id or identifying_email(person))
    namesake: sa.ColumnElement[bool] = PersonRecord.name_mark.in_(name_marks(keys, person))
    if is_known:
        namesake &= PersonRecord.user_mark.is_(None) & PersonRecord.email_mark.is_(None)
    return sa.select(PersonRecord.id).where(
        (PersonRecord.id == about.id)
        | PersonRecord.user_mark.in_(user_marks(keys, person))
        | PersonRecord.email_mark.in_(email_marks(keys, person))
        | namesake
    )


@bars_messages
def barred_concerns(
    session: orm.Session, actor: Actor, object_ids: Collection[str]
) -> Collection[str]:
    """Return the concerns, by id, of which this coordinator may see no message either."""
    statement = sa.select(Concern.id).where(
        Concern.id.in_(object_ids), _naming(actor.person, utc_now())
    )
    return session.scalars(statement).all()


def due_concerns(now: datetime) -> sa.Select[Any]:
    """Return the SELECT of the ids of concerns to be brought up again."""
    settings = current_runtime().settings
    today = due_through(now, settings.reachable_hours[0], settings.timezone)
    is_due = sa.or_(
        sa.and_(Concern.state == ConcernState.WAITING, Concern.due_on <= today),
        sa.and_(Concern.state == ConcernState.OPEN, Concern.changed_at <= now - DECISION_REMINDER),
    )
    return sa.select(Concern.id).where(is_due).order_by(Concern.changed_at, Concern.id)


def remembered_senders(now: datetime) -> sa.Select[Any]:
    """Return the SELECT of the ids of concerns whose sender need not be known any more."""
    return sa.select(Concern.id).where(
        Concern.state.not_in(UNDECIDED),
        Concern.sender_id.is_not(None),
        Concern.made_at <= now - A_DAY,
    )
