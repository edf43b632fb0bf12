"""When a supporter can be asked: a usual week in whole hours, periods, and what holds now (P28).

A week is a text of 168 signs, one an hour, Monday 0:00 first, by the hospital's clock: "0" not,
"1" within the hours that begin on that weekday, "2" within those that began the day before. So a
form shows again what was typed. None instead of a week: at all hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DAYS = 7
HOURS = 24
LENGTH = DAYS * HOURS
NEVER = "0"
#: The furthest ahead that a period begins, or a pause with a last day ends.
FURTHEST_AHEAD = timedelta(days=2 * 366)

#: First hour and the hour at which it ends: (22, 7) passes midnight, (0, 24) is a whole day.
Span = tuple[int, int]


class Usual(StrEnum):
    """The usual weeks that are one tap away, and those that were typed."""

    BY_DAY = "by_day"
    ALWAYS = "always"
    WORKING_DAYS = "working_days"
    NIGHTS = "nights"
    OWN = "own"


def make_week(spans: Sequence[Span | None]) -> str:
    """Return the week of seven spans, Monday's first; None: not on that day."""
    signs = [NEVER] * LENGTH
    for day, span in enumerate(spans):
        if span is not None and span[1] <= span[0]:
            start = (day + 1) % DAYS * HOURS
            signs[start : start + span[1]] = "2" * span[1]
    for day, span in enumerate(spans):
        if span is not None:
            first, until = span[0], span[1] if span[1] > span[0] else HOURS
            signs[day * HOURS + first : day * HOURS + until] = "1" * (until - first)
    return "".join(signs)


def spans_of(week: str) -> list[Span | None]:
    """Return the seven spans that `make_week` made a week of."""
    days = [week[day * HOURS : (day + 1) * HOURS] for day in range(DAYS)]
    spans: list[Span | None] = []
    for day, own in enumerate(days):
        first, until = own.find("1"), own.rfind("1") + 1
        following = days[(day + 1) % DAYS]
        beyond = len(following) - len(following.lstrip("2"))
        spans.append(None if first < 0 else (first, beyond if until == HOURS and beyond else until))
    return spans


def overlapping_day(spans: Sequence[Span | None]) -> int | None:
    """Return the first weekday whose hours begin before those of the day before have ended."""
    for day, span in enumerate(spans):
        before = spans[day - 1]
        passes_midnight = before is not None and before[1] <= before[0]
        if span is not None and before is not None and passes_midnight and span[0] < before[1]:
            return day
    return None


WORKING_DAYS = make_week([(8, 18)] * 5 + [None] * 2)
NIGHTS = make_week([(22, 7)] * DAYS)


def hour_of_week(instant: datetime, zone: ZoneInfo) -> int:
    """Return the hour of the week, 0 to 167, that the hospital's clock shows at `instant` (aware).

    The hour that a change of the clock leaves out never comes; the one that comes twice is twice
    the same.
    """
    local = instant.astimezone(zone)
    return local.weekday() * HOURS + local.hour


def is_open(week: str | None, hour: int) -> bool:
    """Return whether an hour of the week is within a week's hours."""
    return week is None or week[hour] != NEVER


def has_night(week: str, reachable_hours: tuple[int, int]) -> bool:
    """Return whether a week holds hours outside those in which everybody may be asked (P12)."""
    first, until = reachable_hours
    return any(
        sign != NEVER and not first <= hour % HOURS < until for hour, sign in enumerate(week)
    )


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both included, with hours of their own instead of the usual week; no `week`: away."""

    first_on: date
    last_on: date
    week: str | None
    id: str = ""

    def has(self, day: date) -> bool:
        """Return whether `day` is one of them."""
        return self.first_on <= day <= self.last_on


def period_on(periods: Iterable[Period], day: date) -> Period | None:
    """Return the period that holds on a day; there is one at most."""
    return next((period for period in periods if period.has(day)), None)


def usual_of(week: str | None, is_asked_at_night: bool) -> Usual:
    """Return which of the usual weeks a supporter has."""
    if week is None:
        return Usual.ALWAYS if is_asked_at_night else Usual.BY_DAY
    known = {WORKING_DAYS: Usual.WORKING_DAYS, NIGHTS: Usual.NIGHTS}
    return known.get(week, Usual.OWN)


def coming_sunday(day: date) -> date:
    """Return the last day of the week of `day`."""
    return day + timedelta(days=DAYS - 1 - day.weekday())
