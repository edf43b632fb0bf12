"""Reading what coverage is computed from: the departments, and who could be asked (P8, P35)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.departments import present_departments
from ..ports import Departments, NamedDepartments
from ..runtime import current_runtime
from .coverage import Advice, Available, Covered, Place, advice, cover, gains
from .departments import resolve_for_supporter
from .models import Supporter, SupporterDepartment
from .states import ACTIVE, SupporterState

#: How many kinds of gain are told at the most.
_MOST_ADVICE = 5


@dataclass(frozen=True, slots=True)
class Coverage:
    """The coverage of all departments.

    Attributes:
        rows: the departments, those with the most gaps first.
        advice: where recruiting pays most.
        professions: codes, in the order of the settings.
        counted: supporters who count.
        paused: supporters who do not count because they are on pause.
        unplaced: supporters who do not count because a department or their profession is unknown.
    """

    rows: list[Covered]
    advice: list[Advice]
    professions: tuple[str, ...]
    counted: int
    paused: int
    unplaced: int


def read_coverage(session: orm.Session, today: date) -> Coverage:
    """Return where supporters from elsewhere are missing (P8, P9).

    Args:
        session: read in three queries, however many departments and supporters there are.
        today: in the programme's time zone; who is on pause on it does not count.
    """
    professions = tuple(current_runtime().settings.professions)
    departments = present_departments(session)
    keys: dict[str, set[str | None]] = defaultdict(set)
    statement = sa.select(SupporterDepartment.supporter_id, SupporterDepartment.resolved)
    for supporter_id, resolved in session.execute(statement):
        keys[supporter_id].add(resolved)
    found: list[Available] = []
    paused = unplaced = 0
    active = sa.select(
        Supporter.id, Supporter.profession, Supporter.state, Supporter.paused_until_on
    ).where(
        Supporter.state.in_(ACTIVE),
        Supporter.is_external.is_(False),
    )
    for row in session.execute(active):
        until = row.paused_until_on
        works_in = keys[row.id]
        if row.state is SupporterState.PAUSED or (until is not None and until >= today):
            paused += 1
        elif not works_in or None in works_in or row.profession not in professions:
            unplaced += 1
        else:
            known = frozenset(key for key in works_in if key is not None)
            found.append(Available(row.profession, known))
    rows = cover(_places(departments, keys), found, professions)
    return Coverage(
        rows=rows,
        advice=advice(gains(rows, professions), _MOST_ADVICE),
        professions=professions,
        counted=len(found),
        paused=paused,
        unplaced=unplaced,
    )


def _places(departments: Departments, keys: dict[str, set[str | None]]) -> list[Place]:
    """Return all departments of the list; of an adapter that has none, those of supporters."""
    if isinstance(departments, NamedDepartments):
        names = departments.names()
    else:
        names = sorted({key for found in keys.values() for key in found if key is not None})
    places = []
    for name in names:
        key, own = resolve_for_supporter(departments, name), departments.resolve(name)
        if key is not None and own:
            places.append(Place(name, key, own))
    return places
