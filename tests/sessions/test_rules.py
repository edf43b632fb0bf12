"""When sessions are, and whose the places are."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_peersupport.sessions.rules import (
    CONFIRM_WITHIN,
    Places,
    can_change_places,
    can_confirm,
    can_note,
    local_instant,
    series_days,
)
from flask_peersupport.sessions.states import SessionState, SignUp

ZONE = ZoneInfo("Europe/Amsterdam")
BEGIN = datetime(2026, 4, 14, 7, tzinfo=UTC)
PLANNED, HELD, CANCELLED = SessionState.PLANNED, SessionState.HELD, SessionState.CANCELLED


@pytest.mark.parametrize(
    ("day", "at", "instant"),
    [
        (date(2026, 3, 28), time(9), datetime(2026, 3, 28, 8, tzinfo=UTC)),
        (date(2026, 3, 30), time(9), datetime(2026, 3, 30, 7, tzinfo=UTC)),
        # twice on this night: the first of the two
        (date(2026, 10, 25), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (date(2026, 10, 25), time(3), datetime(2026, 10, 25, 2, tzinfo=UTC)),
    ],
)
def test_a_local_time_is_an_instant(day: date, at: time, instant: datetime) -> None:
    assert local_instant(day, at, ZONE) == instant


def test_a_time_that_the_clock_skips_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"29 March 2026 the clock .* skips 02:30"):
        local_instant(date(2026, 3, 29), time(2, 30), ZONE)


def test_a_series_keeps_its_weekday_up_to_its_last_day() -> None:
    days = list(series_days(date(2026, 3, 10), 6, date(2026, 7, 14)))
    assert days == [date(2026, 3, 10), date(2026, 4, 21), date(2026, 6, 2), date(2026, 7, 14)]


@given(
    capacity=st.none() | st.integers(1, 20), signed_up=st.integers(0, 25), waiting=st.integers(0, 9)
)
def test_no_place_is_given_twice_and_none_is_kept_back(
    capacity: int | None, signed_up: int, waiting: int
) -> None:
    places = Places(capacity, signed_up, waiting)
    if capacity is None:
        assert places.moving_up == waiting
        assert places.on_arrival is SignUp.SIGNED_UP
        return
    moved = signed_up + places.moving_up
    assert moved <= max(capacity, signed_up)
    assert moved >= capacity or places.moving_up == waiting
    if places.on_arrival is SignUp.SIGNED_UP:
        assert signed_up < capacity
        assert not waiting


@pytest.mark.parametrize(
    ("state", "after", "expected"),
    [
        (PLANNED, -timedelta(seconds=1), ("", "early", "early")),
        (PLANNED, timedelta(0), ("begun", "", "")),
        (HELD, timedelta(days=1), ("begun", "", "")),
        (HELD, CONFIRM_WITHIN, ("begun", "", "late")),
        (CANCELLED, -timedelta(days=1), ("cancelled", "cancelled", "cancelled")),
    ],
)
def test_what_can_be_done_at_which_moment(
    state: SessionState, after: timedelta, expected: tuple[str, str, str]
) -> None:
    now = BEGIN + after
    verdicts = [rule(state, BEGIN, now) for rule in (can_change_places, can_note)]
    verdicts.append(can_confirm(state, BEGIN, now))
    assert tuple(verdict.code for verdict in verdicts) == expected
    assert all(verdict.ok is (verdict.code == "") for verdict in verdicts)
    assert all(bool(verdict.message) is not verdict.ok for verdict in verdicts)
