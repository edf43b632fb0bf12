"""Reading a supporter's availability for their own page: the hours, the periods, what holds now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..runtime import current_runtime
from .availability import Period, Usual, usual_of
from .models import Supporter, SupporterPeriod
from .standing import Availability, Clock, Standing, standing
from .states import SupporterState


@dataclass(frozen=True, slots=True)
class OwnAvailability:
    """What the page shows; `periods` are those that are not over, the first first."""

    standing: Standing
    usual: Usual
    week: str | None
    periods: tuple[Period, ...]
    asked_count: int


def programme_clock() -> Clock:
    """Return the hospital's clock, with the hours in which everybody may be asked."""
    settings = current_runtime().settings
    return Clock(settings.timezone, settings.reachable_hours)


def own_availability(session: orm.Session, supporter: Supporter, now: datetime) -> OwnAvailability:
    """Return when a supporter can be asked, as they set it; one query."""
    clock = programme_clock()
    periods = read_periods(session, supporter, clock.day(now))
    own = availability_of(supporter, periods, now)
    return OwnAvailability(
        standing=standing(own, clock, now),
        usual=usual_of(supporter.week, supporter.is_asked_at_night),
        week=supporter.week,
        periods=periods,
        asked_count=supporter.asked_count,
    )


def read_periods(session: orm.Session, supporter: Supporter, today: date) -> tuple[Period, ...]:
    """Return the periods that are not over, the first first."""
    statement = (
        sa.select(SupporterPeriod)
        .where(SupporterPeriod.supporter_id == supporter.id, SupporterPeriod.last_on >= today)
        .order_by(SupporterPeriod.first_on)
    )
    return tuple(
        Period(row.first_on, row.last_on, row.week, row.id) for row in session.scalars(statement)
    )


def availability_of(
    supporter: Supporter, periods: tuple[Period, ...], now: datetime
) -> Availability:
    """Return all that decides on when a supporter can be asked, with the programme's limits."""
    settings = current_runtime().settings
    today = now.astimezone(settings.timezone).date()
    limit = settings.max_open_per_supporter if supporter.max_open is None else supporter.max_open
    rest = timedelta(days=settings.cool_down_days)
    last = supporter.last_deployed_at
    quarter, next_quarter_on = _quarter(today)
    used = supporter.quarter_count if supporter.quarter == quarter else 0
    is_used_up = supporter.max_per_quarter is not None and used >= supporter.max_per_quarter
    return Availability(
        week=supporter.week,
        periods=periods,
        is_asked_at_night=supporter.is_asked_at_night,
        is_paused=supporter.state is SupporterState.PAUSED,
        paused_until_on=supporter.paused_until_on,
        rested_at=None if last is None or last + rest <= now else last + rest,
        is_full=supporter.open_count + supporter.asked_count >= limit,
        next_quarter_on=next_quarter_on if is_used_up else None,
        is_asked=bool(rest and supporter.asked_count),
    )


def _quarter(day: date) -> tuple[str, date]:
    """Return the quarter of a day, e.g. "2026Q4", and the first day of the next."""
    number = (day.month - 1) // 3 + 1
    next_on = date(day.year + 1, 1, 1) if number == 4 else date(day.year, 3 * number + 1, 1)
    return f"{day.year}Q{number}", next_on
