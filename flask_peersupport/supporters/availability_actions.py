"""What supporters decide for themselves: their usual week, absences, periods, limits (P28)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..errors import InvalidInput, NotAllowed
from ..i18n import format_date
from ..i18n import gettext as _
from ..runtime import current_runtime, local_date
from ..values import Person
from .actions import audit_supporter, check_limits, hold_supporter
from .availability import FURTHEST_AHEAD, NEVER, Period, has_night
from .models import Supporter, SupporterPeriod

#: The longest period.
LONGEST_PERIOD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class UsualWeek:
    """The hours of every week; `week` as in `availability`, None at all hours."""

    week: str | None
    is_asked_at_night: bool


def usual_week(week: str) -> UsualWeek:
    """Return hours of one's own as a usual week: who chooses the night may be asked at night."""
    return UsualWeek(week, has_night(week, current_runtime().settings.reachable_hours))


def set_usual_week(
    session: orm.Session,
    supporter: Supporter,
    usual: UsualWeek,
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Set the hours at which a supporter can be asked in every week without a period.

    Raises:
        InvalidInput: there is no hour at all; a pause is for that.
    """
    if usual.week is not None and not usual.week.strip(NEVER):
        empty = _("Choose hours on one day at least. For not at all, use the pause.")
        raise InvalidInput(empty, {"week": empty})
    hold_supporter(session, supporter)
    supporter.week = usual.week
    supporter.is_asked_at_night = usual.is_asked_at_night
    session.flush()
    audit_supporter(session, supporter, "supporter.changed", actor, now, "hours")


def change_limits(
    session: orm.Session,
    supporter: Supporter,
    *,
    max_open: int | None,
    max_per_quarter: int | None,
    actor: Person | str,
    now: datetime,
) -> None:
    """Set how many reach-outs are enough, at once and a quarter; None: no limit of their own.

    Raises:
        InvalidInput: a limit cannot be right.
    """
    check_limits(max_open, max_per_quarter)
    hold_supporter(session, supporter)
    supporter.max_open = max_open
    supporter.max_per_quarter = max_per_quarter
    session.flush()
    audit_supporter(session, supporter, "supporter.changed", actor, now, "limits")


def add_period(
    session: orm.Session,
    supporter: Supporter,
    period: Period,
    *,
    actor: Person | str,
    now: datetime,
) -> SupporterPeriod:
    """Add days on which a supporter is away, or has other hours.

    Raises:
        InvalidInput: the days cannot be right, or overlap those of another period.
    """
    hold_supporter(session, supporter)
    rows = _periods(session, supporter)
    fault = _days_fault(period, local_date(now)) or _overlap(period, rows)
    if fault:
        raise InvalidInput(" ".join(fault.values()), fault)
    row = SupporterPeriod(
        supporter_id=supporter.id,
        first_on=period.first_on,
        last_on=period.last_on,
        week=period.week,
    )
    session.add(row)
    _note_last(supporter, [*rows, row])
    session.flush()
    audit_supporter(session, supporter, "supporter.changed", actor, now, "period added")
    return row


def end_period(
    session: orm.Session,
    supporter: Supporter,
    period_id: str,
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """End a period: one that has begun ended yesterday, one to come does not take place.

    Raises:
        NotAllowed: it is none of theirs, or over.
    """
    hold_supporter(session, supporter)
    today = local_date(now)
    rows = _periods(session, supporter)
    row = next((row for row in rows if row.id == period_id and row.last_on >= today), None)
    if row is None:
        raise NotAllowed
    if row.first_on < today:
        row.last_on = today - timedelta(days=1)
    else:
        rows.remove(row)
        session.delete(row)
    _note_last(supporter, rows)
    session.flush()
    audit_supporter(session, supporter, "supporter.changed", actor, now, "period ended")


def _periods(session: orm.Session, supporter: Supporter) -> list[SupporterPeriod]:
    """Return all periods as they are under the supporter's lock."""
    statement = sa.select(SupporterPeriod).where(SupporterPeriod.supporter_id == supporter.id)
    statement = statement.order_by(SupporterPeriod.first_on).with_for_update()
    return list(session.scalars(statement.execution_options(populate_existing=True)))


def _note_last(supporter: Supporter, rows: Iterable[SupporterPeriod]) -> None:
    supporter.periods_until_on = max((row.last_on for row in rows), default=None)


def _days_fault(period: Period, today: date) -> dict[str, str]:
    if period.last_on < period.first_on:
        return {"last_on": _("The last day is before the first.")}
    if period.last_on < today:
        return {"last_on": _("These days have passed.")}
    if period.last_on - period.first_on > LONGEST_PERIOD:
        return {"last_on": _("This is longer than a year. Use the pause for that.")}
    if period.first_on - today > FURTHEST_AHEAD:
        return {"first_on": _("This is more than two years ahead.")}
    if period.week is not None and not period.week.strip(NEVER):
        return {"hours": _("Choose hours on one day at least. For not at all, choose away.")}
    return {}


def _overlap(period: Period, rows: Iterable[SupporterPeriod]) -> dict[str, str]:
    for row in rows:
        if row.first_on <= period.last_on and period.first_on <= row.last_on:
            days = {"first": format_date(row.first_on), "last": format_date(row.last_on)}
            sentence = _(
                "You filled in something for these days already: %(first)s to %(last)s. "
                "End that first.",
                **days,
            )
            return {"first_on": sentence}
    return {}
