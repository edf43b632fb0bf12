"""Reading rounds and results: plain values, so that nothing is queried while a page is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.actor import Actor
from ..access.departments import present_departments
from ..i18n import label
from ..runtime import current_runtime
from ..supporters.departments import split_departments
from ..supporters.models import Supporter
from ..supporters.states import SupporterState
from ..values import Person
from ..vault.models import PersonRecord
from ..vault.seal import plain_name
from . import rules
from .ballots import can_vote, has_voted
from .models import NominationRound, Nominee, RoundInvitation
from .states import RoundState

#: More rounds than a programme has in a decade; the newest come first.
_MOST_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class RoundView:
    """A round as the pages show it; `response` is in per cents, once it is closed.

    With fewer than `FEWEST_ANSWERS` answers `is_told` is False, and no number of them is here.
    """

    id: str
    state: RoundState
    is_heads_only: bool
    departments: tuple[str, ...]
    max_names: int
    staff_count: int | None
    letter: str
    opened_on: date
    closes_on: date
    closed_on: date | None
    is_told: bool
    voter_count: int | None
    response: int | None


@dataclass(frozen=True, slots=True)
class NomineeView:
    """Somebody who was named; `count` None: once or twice. `state`: of their supporter's record."""

    id: str
    person: Person
    count: int | None
    supporter_id: str | None
    state: SupporterState | None

    @property
    def can_be_invited(self) -> bool:
        """Whether one press invites them."""
        return self.state in (None, SupporterState.NOMINATED)


@dataclass(frozen=True, slots=True)
class DepartmentResult:
    """Who came out of one department, most trusted first; `department` None: not known."""

    department: str | None
    nominees: tuple[NomineeView, ...]


def find_round(session: orm.Session, round_id: str) -> NominationRound | None:
    """Return a round by the id in an address; None where there is none."""
    return session.get(NominationRound, round_id)


def is_open(nomination_round: NominationRound, today: date) -> bool:
    """Return whether answers are counted: after the last day no more, though not closed yet."""
    return nomination_round.state is RoundState.OPEN and nomination_round.closes_on >= today


def read_rounds(session: orm.Session) -> list[RoundView]:
    """Return the rounds, open ones first, then the newest."""
    statement = (
        sa.select(NominationRound)
        .options(orm.selectinload(NominationRound.departments))
        .order_by(
            (NominationRound.state == RoundState.OPEN).desc(),
            NominationRound.opened_at.desc(),
            NominationRound.id,
        )
        .limit(_MOST_ROUNDS)
    )
    return [view_of(row) for row in session.scalars(statement)]


def view_of(row: NominationRound) -> RoundView:
    """Return what the pages show of a round."""
    zone = current_runtime().settings.timezone
    is_told = rules.is_told(row.voter_count)
    voter_count = row.voter_count if is_told else None
    return RoundView(
        id=row.id,
        state=row.state,
        is_heads_only=row.is_heads_only,
        departments=tuple(department.name for department in row.departments),
        max_names=row.max_names,
        staff_count=row.staff_count,
        letter=label(row.letter),
        opened_on=row.opened_at.astimezone(zone).date(),
        closes_on=row.closes_on,
        closed_on=row.closed_at.astimezone(zone).date() if row.closed_at else None,
        is_told=is_told,
        voter_count=voter_count,
        response=rules.response_percent(voter_count, row.staff_count),
    )


def asked_rounds(session: orm.Session, actor: Actor, today: date) -> list[NominationRound]:
    """Return the open rounds in which somebody is asked, whether they answered or not."""
    statement = (
        sa.select(NominationRound)
        .options(orm.selectinload(NominationRound.departments))
        .where(NominationRound.state == RoundState.OPEN, NominationRound.closes_on >= today)
        .order_by(NominationRound.closes_on, NominationRound.id)
    )
    rows = session.scalars(statement).all()
    return _asked(session, actor, rows) if rows and can_vote(actor.person) else []


def is_asked(
    session: orm.Session, actor: Actor, nomination_round: NominationRound, today: date
) -> bool:
    """Return whether somebody is asked in a round, and the round is open today."""
    if not is_open(nomination_round, today) or not can_vote(actor.person):
        return False
    return bool(_asked(session, actor, [nomination_round]))


def waiting_rounds(session: orm.Session, actor: Actor, today: date) -> list[NominationRound]:
    """Return the open rounds in which somebody is asked and has not answered yet."""
    rows = asked_rounds(session, actor, today)
    return [row for row in rows if not has_voted(session, row.id, actor.person)]


def read_result(session: orm.Session, round_id: str) -> list[DepartmentResult]:
    """Return who was named in a closed round, by department, decrypted.

    Those named once or twice come last, in order of name: which of the two it was is not kept.
    """
    statement = (
        sa.select(Nominee, Supporter.id, Supporter.state)
        .outerjoin(Supporter, Supporter.person_id == Nominee.person_id)
        .where(Nominee.round_id == round_id)
    )
    found = [
        (row.department, NomineeView(row.id, row.record.person, row.count, supporter_id, state))
        for row, supporter_id, state in session.execute(statement)
    ]
    found.sort(key=_rank)
    return [
        DepartmentResult(department, tuple(nominee for _place, nominee in rows))
        for department, rows in groupby(found, key=lambda row: row[0])
    ]


def read_invited(session: orm.Session, round_id: str) -> list[Person]:
    """Return who was invited by name to an open round, in order of name."""
    statement = (
        sa.select(PersonRecord)
        .join(RoundInvitation, RoundInvitation.person_id == PersonRecord.id)
        .where(RoundInvitation.round_id == round_id)
    )
    people = [row.person for row in session.scalars(statement)]
    return sorted(people, key=lambda person: (plain_name(person.name), person.email or ""))


def _rank(row: tuple[str | None, NomineeView]) -> tuple[object, ...]:
    department, nominee = row
    return (
        department is None,
        plain_name(department or ""),
        department or "",
        -(nominee.count or 0),
        plain_name(nominee.person.name),
        nominee.id,
    )


def _asked(
    session: orm.Session, actor: Actor, rows: Sequence[NominationRound]
) -> list[NominationRound]:
    invited: set[str] = set()
    if actor.person_ids:
        statement = sa.select(RoundInvitation.round_id).where(
            RoundInvitation.round_id.in_([row.id for row in rows]),
            RoundInvitation.person_id.in_(actor.person_ids),
        )
        invited = set(session.scalars(statement))
    own: list[frozenset[str] | None] = []
    if any(row.departments for row in rows):
        departments = present_departments(session)
        names = split_departments(actor.person.department or "")
        own = [departments.resolve(name) for name in names]
    return [
        row
        for row in rows
        if rules.is_asked(
            is_heads_only=row.is_heads_only,
            is_invited=row.id in invited,
            round_departments={department.name for department in row.departments},
            own_departments=own,
        )
    ]
