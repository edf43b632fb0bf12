"""When intervision is due, and how the load is cut into years and bars."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from flask_peersupport.supporters.care import (
    AFTER_USE,
    NOT_DUE,
    OVERDUE_AFTER,
    UNUSED,
    Care,
    CareLimits,
    Use,
    YearOfUse,
    distribution,
    first_month_of_year_past,
    intervision_due,
    last_day,
    month_of,
    years_of_use,
)

LIMITS = CareLimits(after=3, after_days=365)
START = date(2025, 1, 10)


def use(
    deployments: int = 0,
    at_intervision: int = 0,
    *,
    intervision_on: date | None = None,
    last: date | None = None,
    by_month: dict[str, int] | None = None,
) -> Use:
    return Use(START, intervision_on, deployments, at_intervision, last, by_month or {})


def brief(care: Care) -> tuple[str, date | None, str | None]:
    return care.code, care.due_on, care.status


def test_a_new_supporter_is_due_after_a_year_unused() -> None:
    due_on = START + timedelta(days=365)
    eve, day = due_on - timedelta(days=1), due_on
    assert brief(intervision_due(use(), LIMITS, eve)) == (NOT_DUE, due_on, None)
    assert brief(intervision_due(use(), LIMITS, day)) == (UNUSED, due_on, "due")
    last = due_on + OVERDUE_AFTER
    assert intervision_due(use(), LIMITS, last).status == "due"
    assert intervision_due(use(), LIMITS, last + timedelta(days=1)).status == "overdue"


@pytest.mark.parametrize("which", ["intervision_on", "last"])
def test_a_reach_out_and_an_intervision_each_start_the_year_anew(which: str) -> None:
    day = date(2025, 9, 1)
    found = use(1, 0, intervision_on=day) if which == "intervision_on" else use(1, 0, last=day)
    due_on = day + timedelta(days=365)
    assert brief(intervision_due(found, LIMITS, date(2026, 8, 31))) == (NOT_DUE, due_on, None)
    assert brief(intervision_due(found, LIMITS, date(2026, 9, 1))) == (UNUSED, due_on, "due")


def test_the_latest_of_them_counts() -> None:
    found = use(1, 0, intervision_on=date(2025, 3, 1), last=date(2025, 6, 1))
    assert intervision_due(found, LIMITS, date(2025, 7, 1)).due_on == date(2026, 6, 1)


@pytest.mark.parametrize(
    ("deployments", "at_intervision", "status"),
    [(2, 0, None), (3, 0, "due"), (5, 0, "due"), (6, 0, "overdue"), (5, 3, None), (6, 3, "due")],
)
def test_it_is_due_after_so_many_reach_outs_and_overdue_after_twice_as_many(
    deployments: int, at_intervision: int, status: str | None
) -> None:
    today = date(2025, 3, 3)
    found = intervision_due(use(deployments, at_intervision, last=today), LIMITS, today)
    assert found.status == status
    assert found.code == (AFTER_USE if status else NOT_DUE)


def test_it_is_due_since_the_one_that_was_one_too_many() -> None:
    months = {"2025-02": 2, "2025-04": 1, "2025-06": 1, "2025-08": 1}
    found = use(5, 0, last=date(2025, 8, 20), by_month=months)
    # the third was in April; the month is known, not the day
    care = intervision_due(found, LIMITS, date(2025, 8, 31))
    assert brief(care) == (AFTER_USE, date(2025, 4, 30), "overdue")
    assert intervision_due(found, LIMITS, date(2025, 4, 30) + OVERDUE_AFTER).status == "due"


def test_those_before_the_last_intervision_are_not_counted_again() -> None:
    months = {"2025-02": 3, "2025-04": 1, "2025-06": 2}
    found = use(6, 3, intervision_on=date(2025, 3, 1), last=date(2025, 6, 20), by_month=months)
    care = intervision_due(found, LIMITS, date(2025, 6, 30))
    assert brief(care) == (AFTER_USE, date(2025, 6, 20), "due")


def test_where_months_were_not_counted_the_day_of_the_last_one_stands_in() -> None:
    found = use(4, 0, last=date(2025, 5, 5), by_month={})
    assert intervision_due(found, LIMITS, date(2025, 5, 6)).due_on == date(2025, 5, 5)


def test_due_since_is_never_in_the_future() -> None:
    found = use(4, 0, last=date(2025, 5, 5), by_month={"2025-05": 4})
    assert intervision_due(found, LIMITS, date(2025, 5, 6)).due_on == date(2025, 5, 5)


def test_more_given_back_than_taken_since_is_none() -> None:
    found = intervision_due(use(2, 3, last=START), LIMITS, START)
    assert (found.code, found.is_due) == (NOT_DUE, False)


def test_months_have_their_last_day() -> None:
    assert month_of(date(2028, 2, 3)) == "2028-02"
    assert last_day("2028-02") == date(2028, 2, 29)
    assert last_day("2026-12") == date(2026, 12, 31)


def test_twelve_months_end_with_the_present_one() -> None:
    assert first_month_of_year_past(date(2026, 11, 3)) == "2025-12"
    assert first_month_of_year_past(date(2026, 12, 31)) == "2026-01"
    assert first_month_of_year_past(date(2026, 1, 1)) == "2025-02"


def test_years_are_cut_into_quarters_and_end_today() -> None:
    months = {"2024-12": 1, "2025-01": 1, "2025-03": 2, "2025-10": 1, "2026-04": 3}
    found = years_of_use(months, date(2026, 5, 1), most=2)
    assert found == [YearOfUse(2025, (3, 0, 0, 1)), YearOfUse(2026, (0, 3, None, None))]
    assert [year.total for year in found] == [4, 3]
    assert years_of_use(months, date(2026, 5, 1), most=3)[0] == YearOfUse(2024, (0, 0, 0, 1))


def test_without_any_there_is_this_year() -> None:
    assert years_of_use({}, date(2026, 12, 1), most=3) == [YearOfUse(2026, (0, 0, 0, 0))]


def test_the_distribution_ends_with_three_and_more() -> None:
    assert distribution([0, 0, 1, 2, 2, 3, 7]) == (2, 1, 2, 2)
    assert distribution([]) == (0, 0, 0, 0)
