from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_peersupport.reachouts.deadlines import (
    answer_due,
    is_reachable,
    next_opening,
    quarter_of,
)

ZONE = ZoneInfo("Europe/Amsterdam")
DAY = (8, 22)
FOUR_HOURS = timedelta(hours=4)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        ("2026-03-02T09:00", "2026-03-02T13:00"),
        ("2026-03-02T18:00", "2026-03-02T22:00"),
        ("2026-03-02T20:00", "2026-03-03T10:00"),
        ("2026-03-02T23:30", "2026-03-03T12:00"),
        ("2026-03-03T03:00", "2026-03-03T12:00"),
        # the night in which an hour is skipped, and the one in which an hour comes twice
        ("2026-03-28T21:00", "2026-03-29T11:00"),
        ("2026-10-24T21:00", "2026-10-25T11:00"),
    ],
)
def test_answer_time_runs_in_reachable_hours_only(asked: str, due: str) -> None:
    assert answer_due(local(asked), FOUR_HOURS, DAY, ZONE, at_night=False) == local(due)


def test_answer_time_runs_on_for_those_who_may_be_asked_at_night() -> None:
    asked = local("2026-03-02T23:30")
    assert answer_due(asked, FOUR_HOURS, DAY, ZONE, at_night=True) == asked + FOUR_HOURS


def test_all_hours_reachable_means_no_night() -> None:
    asked = local("2026-03-02T23:30")
    assert answer_due(asked, FOUR_HOURS, (0, 24), ZONE, at_night=False) == asked + FOUR_HOURS


def test_next_opening_is_the_morning() -> None:
    assert next_opening(local("2026-03-02T23:00"), DAY, ZONE) == local("2026-03-03T08:00")
    assert next_opening(local("2026-03-02T05:00"), DAY, ZONE) == local("2026-03-02T08:00")
    assert next_opening(local("2026-03-02T12:00"), DAY, ZONE) == local("2026-03-02T12:00")


def test_quarter_of_a_day() -> None:
    assert quarter_of(local("2026-12-31T12:00").date()) == "2026Q4"
    assert quarter_of(local("2027-01-01T12:00").date()) == "2027Q1"


@given(
    asked=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    minutes=st.integers(1, 60 * 40),
    first=st.integers(0, 12),
    hours=st.integers(1, 12),
)
def test_answer_is_due_after_exactly_the_reachable_time(
    asked: datetime, minutes: int, first: int, hours: int
) -> None:
    """Counted minute by minute, independently of how the deadline is computed."""
    asked = asked.replace(second=0, microsecond=0)
    due = answer_due(
        asked, timedelta(minutes=minutes), (first, first + hours), ZONE, at_night=False
    )
    reachable = 0
    minute = asked
    while minute < due:
        reachable += first <= minute.astimezone(ZONE).hour < first + hours
        minute += timedelta(minutes=1)
    assert reachable == minutes
    assert is_reachable(due - timedelta(minutes=1), (first, first + hours), ZONE)
