"""Reading the roster: plain values, so that nothing is queried while a page is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.actor import Actor
from ..access.departments import official_name
from ..ports import Departments
from ..runtime import current_runtime
from ..values import Person
from ..vault.seal import plain_name
from .models import Supporter, SupporterDepartment
from .states import ACTIVE, SupporterState
from .validity import counts_until

#: Names are encrypted, so a page is sorted here; longer rosters go on by id.
ROWS_A_PAGE = 500
#: Those who may sign up for trainings and meetings of supporters.
CANDIDATES = (SupporterState.INVITED, SupporterState.TRAINED, *ACTIVE)


@dataclass(frozen=True, slots=True)
class DepartmentOf:
    """A department of a supporter; one that is not known is never matched."""

    name: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class SupporterView:
    """A supporter as the pages show them, decrypted."""

    id: str
    person_id: str
    person: Person
    state: SupporterState
    profession: str | None
    discipline: str | None
    seniority: str | None
    departments: tuple[DepartmentOf, ...]
    is_external: bool
    has_account: bool
    is_asked_at_night: bool
    paused_until_on: date | None
    max_open: int | None
    max_per_quarter: int | None
    open_count: int
    asked_count: int
    deployments: int
    last_deployed_at: datetime | None
    criteria: tuple[str, ...]
    invited_at: datetime | None
    accepted_at: datetime | None
    refused_at: datetime | None
    trained_on: date | None
    trained_elsewhere_on: date | None
    #: The last day on which the latest training counts; None: there is none, or it always does.
    training_until_on: date | None
    appointed_on: date | None


@dataclass(frozen=True, slots=True)
class Roster:
    """One page of the roster; `next_id` leads to the one after."""

    rows: list[SupporterView]
    next_id: str | None


def supporter_of(session: orm.Session, actor: Actor) -> Supporter | None:
    """Return the record of an actor who is a supporter; None for everybody else.

    A nomination is not shown to the person nominated.
    """
    return _record_of(session, actor, ACTIVE)


def candidate_of(session: orm.Session, actor: Actor) -> Supporter | None:
    """Return the record of an actor who is invited, trained or a supporter; None for the others."""
    return _record_of(session, actor, CANDIDATES)


def invited_of(session: orm.Session, actor: Actor) -> Supporter | None:
    """Return the record of an actor who is on the way: invited or trained, not appointed yet."""
    return _record_of(session, actor, (SupporterState.INVITED, SupporterState.TRAINED))


def _record_of(
    session: orm.Session, actor: Actor, states: Sequence[SupporterState]
) -> Supporter | None:
    if not actor.person_ids:
        return None
    return session.scalar(
        sa.select(Supporter)
        .where(Supporter.person_id.in_(actor.person_ids), Supporter.state.in_(states))
        .order_by(Supporter.created_at, Supporter.id)
        .limit(1)
    )


def candidate_person_ids(session: orm.Session, person_ids: Iterable[str | None]) -> set[str]:
    """Return those of these vault rows that are somebody invited, trained or a supporter."""
    statement = sa.select(Supporter.person_id).where(
        Supporter.person_id.in_(list(person_ids)), Supporter.state.in_(CANDIDATES)
    )
    return set(session.scalars(statement))


def view_of(supporter: Supporter, today: date) -> SupporterView:
    """Return what the pages show of a supporter; a pause that has ended is none."""
    until = supporter.paused_until_on
    return SupporterView(
        id=supporter.id,
        person_id=supporter.person_id,
        person=supporter.record.person,
        state=supporter.state,
        profession=supporter.profession,
        discipline=supporter.discipline,
        seniority=supporter.seniority,
        departments=tuple(
            DepartmentOf(row.name, row.resolved is not None) for row in supporter.departments
        ),
        is_external=supporter.is_external,
        has_account=supporter.has_account,
        is_asked_at_night=supporter.is_asked_at_night,
        paused_until_on=until if until is not None and until >= today else None,
        max_open=supporter.max_open,
        max_per_quarter=supporter.max_per_quarter,
        open_count=supporter.open_count,
        asked_count=supporter.asked_count,
        deployments=supporter.deployments,
        last_deployed_at=supporter.last_deployed_at,
        criteria=supporter.criteria,
        invited_at=supporter.invited_at,
        accepted_at=supporter.accepted_at,
        refused_at=supporter.refused_at,
        trained_on=supporter.trained_on,
        trained_elsewhere_on=supporter.trained_elsewhere_on,
        training_until_on=counts_until(
            supporter.trained_on, current_runtime().settings.training_valid_days
        ),
        appointed_on=supporter.appointed_on,
    )


def read_roster(
    session: orm.Session,
    today: date,
    *,
    state: SupporterState | None = None,
    profession: str | None = None,
    department_names: Iterable[str] | None = None,
    where: sa.ColumnElement[bool] | None = None,
    after: str | None = None,
) -> Roster:
    """Return a page of the roster, in order of name.

    Args:
        session: read in two queries, however many rows there are.
        today: in the programme's time zone.
        state: only these.
        profession: only these.
        department_names: only those with one of these departments, as they were given.
        where: only those for whom this holds, e.g. one of `waiting.conditions`.
        after: the `next_id` of the page before.
    """
    statement = sa.select(Supporter).order_by(Supporter.id).limit(ROWS_A_PAGE + 1)
    if state is not None:
        statement = statement.where(Supporter.state == state)
    if profession is not None:
        statement = statement.where(Supporter.profession == profession)
    if department_names is not None:
        working_there = sa.select(SupporterDepartment.supporter_id).where(
            SupporterDepartment.name.in_(list(department_names))
        )
        statement = statement.where(Supporter.id.in_(working_there))
    if where is not None:
        statement = statement.where(where)
    if after is not None:
        statement = statement.where(Supporter.id > after)
    found = session.scalars(statement).all()
    rows = [view_of(supporter, today) for supporter in found[:ROWS_A_PAGE]]
    rows.sort(key=lambda row: (plain_name(row.person.name), row.id))
    has_more = len(found) > ROWS_A_PAGE
    return Roster(rows, found[ROWS_A_PAGE - 1].id if has_more else None)


def given_departments(session: orm.Session) -> Sequence[str]:
    """Return the names of departments as they were given for supporters, each once."""
    return session.scalars(sa.select(SupporterDepartment.name).distinct()).all()


def count_supporters(session: orm.Session, departments: Departments) -> Mapping[str, int]:
    """Return how many active supporters each department has, by its name in the list."""
    statement = (
        sa.select(SupporterDepartment.name, sa.func.count())
        .join(Supporter, Supporter.id == SupporterDepartment.supporter_id)
        .where(Supporter.state.in_(ACTIVE))
        .group_by(SupporterDepartment.name)
    )
    counts: Counter[str] = Counter()
    for name, count in session.execute(statement):
        counts[official_name(departments, name)] += count
    return counts
