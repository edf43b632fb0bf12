"""Whether a supporter can be asked now, why not, and when that changes (P11, P12, P28).

What concerns one colleague only, such as a department or a conflict, is matching's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .availability import Period, hour_of_week, is_open, period_on

#: A change that is further away than this is not worth a word, unless it has a day of its own.
_LOOK_AHEAD = timedelta(days=14)
_MOST_STEPS = 24 * 60
#: From this day on the end of a pause or period is none: the calendar itself ends soon after.
_NO_END = date(9999, 1, 1)


@dataclass(frozen=True, slots=True)
class Clock:
    """The hospital's: its time zone, and the hours in which everybody may be asked."""

    zone: ZoneInfo
    reachable_hours: tuple[int, int]

    def day(self, instant: datetime) -> date:
        """Return the day at `instant`."""
        return instant.astimezone(self.zone).date()

    def is_night(self, instant: datetime) -> bool:
        """Return whether only those are asked who chose to be asked at night (P12)."""
        first, until = self.reachable_hours
        return not first <= instant.astimezone(self.zone).hour < until

    def midnight(self, day: date) -> datetime:
        """Return the instant at which a day begins."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def end(self, day: date) -> datetime | None:
        """Return the instant at which a day is over; None at the end of the calendar."""
        return self.midnight(day + timedelta(days=1)) if day < _NO_END else None

    def next_hour(self, instant: datetime) -> datetime:
        """Return the instant at which the clock's next whole hour begins."""
        local = instant.astimezone(self.zone)
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return instant.astimezone(UTC) + timedelta(hours=1) - past


@dataclass(frozen=True, slots=True)
class Availability:
    """All that decides on when a supporter can be asked.

    Attributes:
        week: the usual week, as in `availability`.
        periods: those that are not over.
        is_asked_at_night: outside the reachable hours too.
        is_paused: until they end it themselves.
        paused_until_on: the last day of a pause.
        rested_at: when the rest after the last reach-out is over; None where it is.
        is_full: has as many reach-outs and questions as may be at once.
        next_quarter_on: the first day of the next quarter, where this one's limit is reached.
        is_asked: is asked for a colleague now, and rests after each: no second question comes.
    """

    week: str | None = None
    periods: tuple[Period, ...] = ()
    is_asked_at_night: bool = False
    is_paused: bool = False
    paused_until_on: date | None = None
    rested_at: datetime | None = None
    is_full: bool = False
    next_quarter_on: date | None = None
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a supporter can be asked; `code` says why not, `changes_at` until when that holds."""

    code: str
    changes_at: datetime | None

    @property
    def ok(self) -> bool:
        """Whether they can be asked."""
        return self.code == "ok"


def standing(availability: Availability, clock: Clock, now: datetime) -> Standing:
    """Return how a supporter stands at `now` (aware), and when that changes."""
    code, until = _obstacle(availability, clock, now)
    at, end = now, now + _LOOK_AHEAD
    if code in ("paused", "asked", "limit") and until is None:
        return Standing(code, None)
    if code != "ok" and until is None:
        until = clock.next_hour(now)
    for _ in range(_MOST_STEPS):
        at = until or clock.next_hour(at)
        found, until = _obstacle(availability, clock, at)
        if (found == "ok") is not (code == "ok"):
            return Standing(code, at)
        if code == "ok" and at > end:
            return Standing(code, None)
        if found in ("asked", "limit"):
            return Standing(code, None)
    return Standing(code, None)


def _obstacle(own: Availability, clock: Clock, at: datetime) -> tuple[str, datetime | None]:
    """Return the code of what stands in the way at `at`, and when that is over, where known."""
    day = clock.day(at)
    if own.is_paused:
        return "paused", None
    if own.paused_until_on is not None and own.paused_until_on >= day:
        return "paused", clock.end(own.paused_until_on)
    period = period_on(own.periods, day)
    if period is not None and period.week is None:
        return "absent", clock.end(period.last_on)
    if own.is_asked:
        return "asked", None
    if own.is_full:
        return "limit", None
    if own.next_quarter_on is not None and day < own.next_quarter_on:
        return "quarter_limit", clock.midnight(own.next_quarter_on)
    if own.rested_at is not None and at < own.rested_at:
        return "cool_down", own.rested_at
    week = period.week if period is not None else own.week
    if not is_open(week, hour_of_week(at, clock.zone)):
        return "hours", clock.next_hour(at)
    if clock.is_night(at) and period is None and not own.is_asked_at_night:
        return "night", clock.next_hour(at)
    return "ok", None
