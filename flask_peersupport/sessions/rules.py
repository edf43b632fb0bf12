"""When sessions are, whose the places are, and until when: rules without a database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from .. import clock
from ..i18n import format_date
from ..i18n import gettext as _
from ..values import Verdict
from .states import SessionState, SignUp

#: The most sessions that one series has: a weekly one of a year.
MOST_IN_SERIES = 53
#: The most people that can be meant by a capacity.
MOST_PLACES = 5_000
#: How far ahead a session is planned, and how long ago one may have been that is recorded yet.
LONGEST_AHEAD = timedelta(days=3 * 366)
LONGEST_AGO = timedelta(days=5 * 366)
#: Days that are read at all: far from the ends of the calendar, where no day can be reckoned with.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
#: How long somebody can confirm that they came.
CONFIRM_WITHIN = timedelta(days=14)

_FINE = Verdict(True, "", "")


@dataclass(frozen=True, slots=True)
class Places:
    """How many have a place, how many wait, and how many may have one (None: no limit)."""

    capacity: int | None
    signed_up: int
    waiting: int

    @property
    def left(self) -> int | None:
        """How many places are free; None: there is no limit."""
        return None if self.capacity is None else max(0, self.capacity - self.signed_up)

    @property
    def on_arrival(self) -> SignUp:
        """Where the next one who signs up stands: behind all who wait."""
        is_free = self.left is None or (self.left > 0 and not self.waiting)
        return SignUp.SIGNED_UP if is_free else SignUp.WAITING

    @property
    def moving_up(self) -> int:
        """How many of those who wait get a place now."""
        return self.waiting if self.left is None else min(self.left, self.waiting)


def local_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the instant of a local time, in UTC.

    A time that comes twice, when the clock goes back, is the first of the two.

    Raises:
        ValueError: the clock skips this time on this day; the text says so.
    """
    instant = clock.local_instant(day, at, zone)
    if instant is None:
        sentence = _("On %(day)s the clock goes forward and skips %(time)s: choose another time.")
        raise ValueError(sentence % {"day": format_date(day), "time": f"{at:%H:%M}"})
    return instant


def series_days(first: date, every_weeks: int, until: date) -> Iterator[date]:
    """Yield the days of a series, the first included, up to and including `until`."""
    for number in count():
        day = first + timedelta(weeks=every_weeks * number)
        if day > until:
            return
        yield day


def can_change_places(state: SessionState, starts_at: datetime, now: datetime) -> Verdict:
    """Say whether people can still sign up and off: until the session begins."""
    if state is SessionState.CANCELLED:
        return Verdict(False, "cancelled", _("This session was called off."))
    if state is SessionState.HELD or starts_at <= now:
        return Verdict(
            False, "begun", _("This session has begun: nobody can sign up or off any more.")
        )
    return _FINE


def can_note(state: SessionState, starts_at: datetime, now: datetime) -> Verdict:
    """Say whether who came, and what came of it, can be noted: once it has begun, for good."""
    if state is SessionState.CANCELLED:
        return Verdict(False, "cancelled", _("This session was called off."))
    if starts_at > now:
        return Verdict(False, "early", _("This can be noted once the session has begun."))
    return _FINE


def can_confirm(state: SessionState, starts_at: datetime, now: datetime) -> Verdict:
    """Say whether participants can confirm that they came."""
    verdict = can_note(state, starts_at, now)
    if not verdict.ok:
        return verdict
    if now >= starts_at + CONFIRM_WITHIN:
        sentence = _("This is too long ago to confirm it here: tell the trainer that you came.")
        return Verdict(False, "late", sentence)
    return _FINE
