"""Rules around an analysis meeting: when all involved are told, how long identity waits (P20)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .deadlines import Hours
from .rules import CASES_OF_ONE_PERSON
from .states import AnalysisKind

#: How many days before the meeting, and after it, all involved are told.
DAYS_AROUND = 2
#: So many days after it a call is still about the meeting.
DAYS_OF_CALLS = 7


@dataclass(frozen=True, slots=True)
class Reminders:
    """When all involved are told around a meeting; None: no more, or too late for it."""

    before_at: datetime | None
    after_at: datetime | None


def usual_kind(report_kind: str) -> AnalysisKind:
    """Return what brings up a case of this kind again: a hearing, or the analysis meeting."""
    is_heard = report_kind in CASES_OF_ONE_PERSON
    return AnalysisKind.HEARING if is_heard else AnalysisKind.ANALYSIS


def reminders_around(
    takes_place_at: datetime, *, now: datetime, hours: Hours, zone: ZoneInfo
) -> Reminders:
    """Return when all involved are told of the programme once more, around a meeting.

    Two days before and two days after, as the day's reachable hours begin. What comes too late for
    the first is told at once, while the meeting is still to come; of what is long over nobody is.

    Args:
        takes_place_at: aware.
        now: aware.
        hours: first and last reachable hour of the day.
        zone: the hospital's.
    """
    before_at = _opening(takes_place_at, -DAYS_AROUND, hours, zone)
    after_at = _opening(takes_place_at, DAYS_AROUND, hours, zone)
    if takes_place_at <= now:
        return Reminders(None, after_at if after_at > now else None)
    return Reminders(max(before_at, now), after_at)


def _opening(instant: datetime, days: int, hours: Hours, zone: ZoneInfo) -> datetime:
    day = instant.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time(hours[0]), zone).astimezone(UTC)


def is_around(takes_place_at: datetime, today: date, zone: ZoneInfo) -> bool:
    """Return whether a call of today is about the meeting: from two days before, for a week."""
    days = (today - takes_place_at.astimezone(zone).date()).days
    return -DAYS_AROUND <= days <= DAYS_OF_CALLS


def kept_until(
    *,
    began_on: date,
    ended_on: date,
    meetings_on: Collection[date],
    is_awaited: bool,
    retention_days: int,
    max_retention_days: int,
) -> date:
    """Return the day after which a colleague's identity is deleted.

    The period of keeping begins when the offer has ended, and after the last meeting with its two
    days. While a meeting is awaited it does not begin. The hard maximum holds, whatever happens.

    Args:
        began_on: when the reach-out was queued.
        ended_on: when it was closed.
        meetings_on: days of the meetings that are known.
        is_awaited: whether a meeting is to be expected of which no day is known yet.
        retention_days: after the ending.
        max_retention_days: after the beginning.
    """
    last = began_on + timedelta(days=max_retention_days)
    if is_awaited:
        return last
    around = timedelta(days=DAYS_AROUND)
    starts_on = max([ended_on, *(day + around for day in meetings_on)])
    return min(starts_on + timedelta(days=retention_days), last)
