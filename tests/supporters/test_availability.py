"""Weeks of hours, by the hospital's clock, through both changes of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_peersupport.supporters.availability import (
    NIGHTS,
    WORKING_DAYS,
    Period,
    Span,
    Usual,
    coming_sunday,
    has_night,
    hour_of_week,
    is_open,
    make_week,
    overlapping_day,
    period_on,
    spans_of,
    usual_of,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NONE: list[Span | None] = [None] * 7

spans = st.tuples(st.integers(0, 23), st.integers(1, 24)).filter(lambda span: span[0] != span[1])


def week(*some: Span | None) -> str:
    return make_week([*some, *NONE][:7])


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), spans), min_size=7, max_size=7))
def test_a_week_shows_again_what_was_typed(typed: list[Span | None]) -> None:
    if overlapping_day(typed) is None:
        made = make_week(typed)
        assert len(made) == 168
        assert spans_of(made) == typed


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), spans), min_size=7, max_size=7))
def test_a_week_is_open_when_a_span_says_so(typed: list[Span | None]) -> None:
    wanted = set()
    for day, span in enumerate(typed):
        if span is not None:
            length = (span[1] - span[0]) % 24 or 24
            wanted |= {(day * 24 + span[0] + n) % 168 for n in range(length)}
    assert {hour for hour in range(168) if is_open(make_week(typed), hour)} == wanted


def test_a_night_begins_on_its_own_weekday_and_ends_on_the_next() -> None:
    sunday_night = make_week([*[None] * 6, (22, 7)])
    assert is_open(sunday_night, 6 * 24 + 23)
    assert is_open(sunday_night, 6)
    assert not is_open(sunday_night, 7)
    assert not is_open(sunday_night, 24 + 6)
    assert is_open(None, 6)


def test_hours_that_overlap_the_day_before_are_found() -> None:
    assert overlapping_day([(22, 7), (6, 14), *NONE[:5]]) == 1
    assert overlapping_day([(22, 6), (6, 14), *NONE[:5]]) is None
    assert overlapping_day([(3, 8), *NONE[:5], (22, 7)]) == 0


def test_usual_weeks_are_known_again() -> None:
    assert usual_of(None, is_asked_at_night=False) is Usual.BY_DAY
    assert usual_of(None, is_asked_at_night=True) is Usual.ALWAYS
    assert usual_of(WORKING_DAYS, is_asked_at_night=False) is Usual.WORKING_DAYS
    assert usual_of(NIGHTS, is_asked_at_night=True) is Usual.NIGHTS
    assert usual_of(week((9, 12)), is_asked_at_night=False) is Usual.OWN


def test_hours_at_night_are_noticed() -> None:
    assert has_night(NIGHTS, (8, 22))
    assert not has_night(WORKING_DAYS, (8, 22))
    assert has_night(WORKING_DAYS, (9, 22))
    assert not has_night(week((8, 22)), (8, 22))
    assert has_night(week((8, 23)), (8, 22))


@pytest.mark.parametrize(
    ("utc", "hour"),
    [
        # Sunday 29 March 2026: 2:00 to 3:00 does not exist
        ((2026, 3, 29, 0, 59), 6 * 24 + 1),
        ((2026, 3, 29, 1, 0), 6 * 24 + 3),
        # Sunday 25 October 2026: 2:00 to 3:00 comes twice
        ((2026, 10, 24, 23, 59), 6 * 24 + 1),
        ((2026, 10, 25, 0, 30), 6 * 24 + 2),
        ((2026, 10, 25, 1, 30), 6 * 24 + 2),
        ((2026, 10, 25, 2, 0), 6 * 24 + 3),
        # Monday 0:30 in summer is still Sunday in UTC
        ((2026, 7, 5, 22, 30), 0),
    ],
)
def test_the_hour_is_that_of_the_clock_on_the_wall(utc: tuple[int, ...], hour: int) -> None:
    assert hour_of_week(datetime(*utc, tzinfo=UTC), AMSTERDAM) == hour  # type: ignore[arg-type,misc]


def test_every_hour_of_a_year_is_judged_as_the_wall_says() -> None:
    own = make_week([(22, 7), *NONE[:5], (2, 3)])
    instant = datetime(2026, 1, 1, tzinfo=UTC)
    while instant.year == 2026:
        local = instant.astimezone(AMSTERDAM)
        night = (local.weekday() == 0 and local.hour >= 22) or (
            local.weekday() == 1 and local.hour < 7
        )
        small_hour = local.weekday() == 6 and local.hour == 2
        assert is_open(own, hour_of_week(instant, AMSTERDAM)) == (night or small_hour)
        instant += timedelta(hours=1)


def test_a_period_holds_from_its_first_day_through_its_last() -> None:
    away = Period(date(2026, 3, 3), date(2026, 3, 5), None)
    assert [period_on([away], date(2026, 3, day)) for day in (2, 3, 5, 6)] == [
        None,
        away,
        away,
        None,
    ]


def test_the_week_ends_on_sunday() -> None:
    assert coming_sunday(date(2026, 11, 23)) == date(2026, 11, 29)
    assert coming_sunday(date(2026, 11, 29)) == date(2026, 11, 29)
