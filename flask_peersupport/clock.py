"""The clock. Only commands, views and the worker read it; actions are given `now`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

_stopped_at: ContextVar[datetime | None] = ContextVar("peersupport_clock", default=None)


def utc_now() -> datetime:
    """Return the present instant, aware and in UTC."""
    return _stopped_at.get() or datetime.now(UTC)


def local_instant(day: date, at: time, zone: ZoneInfo) -> datetime | None:
    """Return the instant of a local time, in UTC; None: the clock skips this time on this day.

    A time that comes twice, when the clock goes back, is the first of the two.
    """
    local = datetime.combine(day, at, zone)
    instant = local.astimezone(UTC)
    is_skipped = instant.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None)
    return None if is_skipped else instant


@contextmanager
def stopped_at(instant: datetime) -> Iterator[None]:
    """Let `utc_now()` return `instant` (aware) within the block, in this context only."""
    token = _stopped_at.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _stopped_at.reset(token)
