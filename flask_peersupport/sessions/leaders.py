"""Who may lead the support of a group: never somebody from the department (P8, P10, P23)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.departments import present_departments
from ..matching.departments import canonical, own_departments
from ..reachouts.models import InvolvedRecord, ReportRecord
from ..runtime import current_runtime, local_date
from ..supporters.declarations import conflict_marks, is_conflict
from ..supporters.models import Declaration, Supporter
from ..supporters.states import SupporterState
from ..values import Person
from ..vault.persons import is_same_person
from ..vault.seal import plain_name


@dataclass(frozen=True, slots=True)
class PossibleLeaders:
    """Who may lead the support of a group.

    Attributes:
        supporters: in order of name; none where `is_known` is False.
        is_known: whether the department of the event is in the list: what is not fails closed.
        has_gaps: whether the department of somebody involved is missing or not in the list.
    """

    supporters: Sequence[Supporter]
    is_known: bool
    has_gaps: bool


def possible_leaders(
    session: orm.Session, report: ReportRecord, *, now: datetime
) -> PossibleLeaders:
    """Return the supporters who may lead a group after `report`.

    They are appointed and have not paused, work neither in the department of the event nor in that
    of anybody involved, nor in one above or below these, and have no part in the report; neither
    does somebody of their name. Who has declared a conflict with somebody involved is left out.

    Args:
        session: read only; the number of statements does not grow with the roster.
        report: of the event.
        now: aware.
    """
    departments = present_departments(session)
    own = own_departments(departments, [report.department])
    if own is None:
        return PossibleLeaders((), is_known=False, has_gaps=True)
    involved = _involved(session, report)
    has_gaps = False
    for row in involved:
        theirs = own_departments(departments, [row.department])
        has_gaps = has_gaps or theirs is None
        own |= theirs or frozenset()
    people = [row.record for row in involved if row.record is not None]
    if report.reporter is not None:
        people.append(report.reporter)
    persons = [row.person for row in people]
    person_ids = {row.id for row in people}
    in_conflict = _in_conflict(session, persons, own, now)
    itself = cache(lambda name: canonical(departments, name))
    fitting: list[tuple[str, Supporter]] = []
    for supporter in _active(session, now):
        if (
            supporter.person_id not in person_ids
            and supporter.id not in in_conflict
            and _is_from_elsewhere(supporter, own, itself)
        ):
            person = supporter.record.person
            if not _is_one_of(person, persons):
                fitting.append((plain_name(person.name), supporter))
    fitting.sort(key=lambda one: (one[0], one[1].id))
    return PossibleLeaders([one for _name, one in fitting], is_known=True, has_gaps=has_gaps)


def _involved(session: orm.Session, report: ReportRecord) -> Sequence[InvolvedRecord]:
    statement = sa.select(InvolvedRecord).where(InvolvedRecord.report_id == report.id)
    return session.scalars(statement.options(orm.selectinload(InvolvedRecord.record))).all()


def _active(session: orm.Session, now: datetime) -> Sequence[Supporter]:
    today = local_date(now)
    is_paused = sa.and_(Supporter.paused_until_on.is_not(None), Supporter.paused_until_on >= today)
    statement = sa.select(Supporter).where(
        Supporter.state == SupporterState.APPOINTED, sa.not_(is_paused)
    )
    return session.scalars(statement.order_by(Supporter.id)).all()


def _is_from_elsewhere(
    supporter: Supporter, own: frozenset[str], itself: Callable[[str], frozenset[str]]
) -> bool:
    """Judge the departments as the list has them now; one that is not in it fails closed (P8)."""
    if supporter.is_external:
        return True
    names = [itself(row.name) for row in supporter.departments]
    return bool(names) and all(names) and not any(name & own for name in names)


def _is_one_of(person: Person, persons: Iterable[Person]) -> bool:
    """Judge whether somebody has a part in the report, or bears the name of one who has."""
    return any(
        is_same_person(person, other) or plain_name(person.name) == plain_name(other.name)
        for other in persons
    )


def _in_conflict(
    session: orm.Session, persons: Sequence[Person], own: frozenset[str], now: datetime
) -> set[str]:
    """Return the supporters who declared a conflict with one of these, or a department (P10)."""
    keys = current_runtime().keys
    live = keys.live(now)
    marks = set(conflict_marks(live, None, own))
    for person in persons:
        marks.update(conflict_marks(live, person, ()))
    rows = session.scalars(sa.select(Declaration).where(Declaration.mark.in_(marks)))
    return {
        row.supporter_id for row in rows if is_conflict(keys, row.id, row.month, row.sealed_reason)
    }
