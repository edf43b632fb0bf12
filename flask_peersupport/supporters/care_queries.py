"""Reading the load of one supporter and of the team, and whose intervision is due (P30)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..i18n import gettext as _
from ..runtime import current_runtime, local_date
from ..values import Person
from ..vault.seal import plain_name
from .care import (
    NOT_DUE,
    Care,
    CareLimits,
    Use,
    first_month_of_year_past,
    intervision_due,
)
from .models import Supporter, SupporterDeployment
from .states import ACTIVE, SupporterState


@dataclass(frozen=True, slots=True)
class LoadRow:
    """A supporter and what they carry.

    Attributes:
        id: of the supporter's record.
        person_id: of the vault.
        person: decrypted.
        is_external: works outside the hospital.
        is_away: on pause now.
        open_count: reach-outs accepted and not closed.
        asked_count: requests waiting for an answer.
        deployments: reach-outs taken in all.
        in_past_year: of these, in the twelve months of which the present one is the last.
        last_deployed_at: when the last was taken.
        intervision_on: day of the latest intervision they attended.
        by_month: reach-outs taken by month ("2026-11").
        care: whether intervision is due, and why.
    """

    id: str
    person_id: str
    person: Person
    is_external: bool
    is_away: bool
    open_count: int
    asked_count: int
    deployments: int
    in_past_year: int
    last_deployed_at: datetime | None
    intervision_on: date | None
    by_month: Mapping[str, int]
    care: Care


def read_load(session: orm.Session, supporter: Supporter, now: datetime) -> LoadRow:
    """Return what one supporter carries, in one query more than their record."""
    months = _months(session, supporter.id)
    return _row(supporter, months.get(supporter.id, {}), local_date(now))


def read_team_load(session: orm.Session, now: datetime) -> list[LoadRow]:
    """Return the load of every active supporter, in order of name.

    Args:
        session: read in three queries, however many supporters there are.
        now: aware.
    """
    today = local_date(now)
    months = _months(session)
    found = session.scalars(sa.select(Supporter).where(Supporter.state.in_(ACTIVE))).all()
    rows = [_row(supporter, months.get(supporter.id, {}), today) for supporter in found]
    return sorted(rows, key=lambda row: (plain_name(row.person.name), row.id))


def due_first(rows: list[LoadRow]) -> list[LoadRow]:
    """Return the rows with those whose intervision is overdue first, then those due, by date."""
    return sorted(
        rows,
        key=lambda row: (
            not row.care.is_overdue,
            not row.care.is_due,
            row.care.due_on or date.max,
            plain_name(row.person.name),
        ),
    )


def _months(session: orm.Session, supporter_id: str | None = None) -> dict[str, dict[str, int]]:
    """Return the reach-outs taken by supporter and month."""
    statement = sa.select(
        SupporterDeployment.supporter_id, SupporterDeployment.month, sa.func.count()
    ).group_by(SupporterDeployment.supporter_id, SupporterDeployment.month)
    if supporter_id is not None:
        statement = statement.where(SupporterDeployment.supporter_id == supporter_id)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for whose, month, count in session.execute(statement):
        found[whose][month] = count
    return found


def _row(supporter: Supporter, by_month: Mapping[str, int], today: date) -> LoadRow:
    first = first_month_of_year_past(today)
    until = supporter.paused_until_on
    return LoadRow(
        id=supporter.id,
        person_id=supporter.person_id,
        person=supporter.record.person,
        is_external=supporter.is_external,
        is_away=supporter.state is SupporterState.PAUSED or (until is not None and until >= today),
        open_count=supporter.open_count,
        asked_count=supporter.asked_count,
        deployments=supporter.deployments,
        in_past_year=sum(count for month, count in by_month.items() if month >= first),
        last_deployed_at=supporter.last_deployed_at,
        intervision_on=supporter.intervision_on,
        by_month=dict(by_month),
        care=_care(supporter, by_month, today),
    )


def _care(supporter: Supporter, by_month: Mapping[str, int], today: date) -> Care:
    """Return whether intervision is due; who works elsewhere has it there (P31)."""
    if supporter.is_external:
        return Care(NOT_DUE, _("no intervision due"), None)
    settings = current_runtime().settings
    last = supporter.last_deployed_at
    use = Use(
        started_on=supporter.appointed_on or local_date(supporter.created_at),
        intervision_on=supporter.intervision_on,
        deployments=supporter.deployments,
        deployments_at_intervision=supporter.deployments_at_intervision,
        last_deployed_on=None if last is None else local_date(last),
        by_month=by_month,
    )
    limits = CareLimits(settings.intervision_after, settings.intervision_after_days)
    return intervision_due(use, limits, today)
