"""When an answer is due and when may be asked: reachable hours, daylight saving included (P12)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Hours = tuple[int, int]


def _at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """Return the instant at which a local day reaches `hour` (24: the next midnight), in UTC."""
    day, hour = (day + timedelta(days=1), 0) if hour == 24 else (day, hour)
    return datetime.combine(day, time(hour), zone).astimezone(UTC)


def is_reachable(instant: datetime, hours: Hours, zone: ZoneInfo) -> bool:
    """Return whether `instant` (aware) is within the reachable hours."""
    day = instant.astimezone(zone).date()
    return _at(day, hours[0], zone) <= instant < _at(day, hours[1], zone)


def next_opening(instant: datetime, hours: Hours, zone: ZoneInfo) -> datetime:
    """Return the first instant, from `instant` on, within the reachable hours."""
    if is_reachable(instant, hours, zone):
        return instant
    day = instant.astimezone(zone).date()
    opening = _at(day, hours[0], zone)
    return opening if instant < opening else _at(day + timedelta(days=1), hours[0], zone)


def answer_due(
    asked_at: datetime, within: timedelta, hours: Hours, zone: ZoneInfo, *, at_night: bool
) -> datetime:
    """Return when silence becomes a no: `within` counts in the supporter's reachable hours only.

    Args:
        asked_at: aware.
        within: the time to answer.
        hours: first and last reachable hour of the day.
        zone: the hospital's.
        at_night: the supporter chose to be asked at night too, so all hours count.
    """
    if at_night:
        return asked_at + within
    left, start = within, next_opening(asked_at, hours, zone)
    while True:
        closing = _at(start.astimezone(zone).date(), hours[1], zone)
        if start + left <= closing:
            return start + left
        left -= closing - start
        start = next_opening(closing, hours, zone)


def reminder_at(start: datetime, within: timedelta, hours: Hours, zone: ZoneInfo) -> datetime:
    """Return when to remind of something due `within` from `start`: half-way, but not at night."""
    return min(next_opening(start + within / 2, hours, zone), start + within)


def quarter_of(day: date) -> str:
    """Return the quarter of a day, e.g. "2026Q4"."""
    return f"{day.year}Q{(day.month - 1) // 3 + 1}"
