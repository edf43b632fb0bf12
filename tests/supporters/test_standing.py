"""Whether a supporter can be asked now, why not, and when that changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from flask_peersupport.supporters.availability import NIGHTS, WORKING_DAYS, Period, make_week
from flask_peersupport.supporters.standing import Availability, Clock, standing

CLOCK = Clock(ZoneInfo("Europe/Amsterdam"), (8, 22))
#: A Tuesday, ten in the morning.
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def local(day: int, hour: int, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=CLOCK.zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("own", "code", "changes_at"),
    [
        (Availability(is_asked_at_night=True), "ok", None),
        (Availability(), "ok", local(24, 22)),
        (Availability(week=WORKING_DAYS), "ok", local(24, 18)),
        (Availability(week=NIGHTS, is_asked_at_night=True), "hours", local(24, 22)),
        # hours of the night without the consent to it: by day only, so never
        (Availability(week=NIGHTS), "hours", None),
        (Availability(is_paused=True), "paused", None),
        (Availability(paused_until_on=date(2026, 11, 26)), "paused", local(27, 8)),
        (Availability(paused_until_on=date(2026, 11, 23)), "ok", local(24, 22)),
        (Availability(paused_until_on=date.max), "paused", None),
        (Availability(periods=(Period(date(2026, 11, 20), date.max, None),)), "absent", None),
        (
            Availability(periods=(Period(date(2026, 11, 20), date(2027, 3, 1), None),)),
            "absent",
            local(2, 8, month=3, year=2027),
        ),
        (
            Availability(periods=(Period(date(2026, 11, 24), date(2026, 11, 24), NIGHTS),)),
            "hours",
            local(24, 22),
        ),
        (
            Availability(
                week=WORKING_DAYS, periods=(Period(date(2026, 11, 25), date(2026, 11, 30), None),)
            ),
            "ok",
            local(24, 18),
        ),
        (Availability(is_full=True), "limit", None),
        (Availability(is_asked=True), "asked", None),
        (
            Availability(next_quarter_on=date(2027, 1, 1)),
            "quarter_limit",
            local(1, 8, month=1, year=2027),
        ),
        (
            Availability(week=WORKING_DAYS, rested_at=local(28, 11)),
            "cool_down",
            local(30, 8),
        ),
    ],
)
def test_the_first_obstacle_is_named_with_its_end(
    own: Availability, code: str, changes_at: datetime | None
) -> None:
    found = standing(own, CLOCK, NOW)
    assert (found.code, found.changes_at) == (code, changes_at)


def test_at_night_the_morning_changes_it() -> None:
    found = standing(Availability(), CLOCK, local(24, 23))
    assert (found.code, found.changes_at) == ("night", local(25, 8))


def test_nights_of_a_period_need_no_other_consent() -> None:
    own = Availability(periods=(Period(date(2026, 11, 24), date(2026, 11, 25), NIGHTS),))
    found = standing(own, CLOCK, local(24, 23))
    assert (found.code, found.changes_at) == ("ok", local(25, 7))


@pytest.mark.parametrize(
    "night", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)]
)
def test_what_changes_in_the_nights_of_the_clock_is_right_to_the_hour(night: datetime) -> None:
    own = Availability(week=make_week([(3, 4)] * 7), is_asked_at_night=True)
    at = night - timedelta(hours=1)
    while at < night + timedelta(hours=4):
        found = standing(own, CLOCK, at)
        is_three = at.astimezone(CLOCK.zone).hour == 3
        assert found.ok is is_three
        assert found.changes_at is not None
        assert found.changes_at.astimezone(CLOCK.zone).hour == (4 if is_three else 3)
        assert found.changes_at - at <= timedelta(hours=26)
        at += timedelta(minutes=20)
