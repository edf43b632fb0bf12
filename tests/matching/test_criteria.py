"""The hard rules without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from flask_peersupport.i18n import use_locale
from flask_peersupport.matching.criteria import MESSAGES, RULES, Facts, Limits, check, verdict
from flask_peersupport.matching.need import Moment, Need
from flask_peersupport.supporters.availability import NIGHTS, WORKING_DAYS, Period
from flask_peersupport.supporters.states import SupporterState

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
LIMITS = Limits(max_open=2, cool_down=timedelta(days=30))
NEED = Need(
    own_departments=frozenset({"Cardiology", "Division"}),
    profession="physician",
    discipline="surgical",
    seniority="senior",
    is_outside=False,
    marks=(),
    excluded_people=frozenset({"me"}),
    excluded_supporters=frozenset({"asked"}),
    at=NOW,
    is_night=False,
    today_on="2026-11-23",
    quarter="2026Q4",
    hour_of_week=13,
)
FACTS = Facts(
    id="s",
    person_id="p",
    state=SupporterState.APPOINTED,
    profession="physician",
    discipline="surgical",
    seniority="senior",
    is_external=False,
    has_account=True,
    is_asked_at_night=False,
    week=None,
    paused_until_on=None,
    max_open=None,
    open_count=0,
    asked_count=0,
    max_per_quarter=None,
    quarter_count=0,
    quarter=None,
    last_deployed_at=None,
    deployments=0,
    departments=frozenset({"Neurology"}),
)


def test_check_of_one_who_fits_is_ok() -> None:
    assert check(NEED, FACTS, LIMITS).ok
    assert check(NEED, replace(FACTS, has_account=False), LIMITS).ok


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": SupporterState.TRAINED}, "not_appointed"),
        ({"state": SupporterState.RETIRED}, "not_appointed"),
        ({"state": SupporterState.PAUSED}, "paused"),
        ({"paused_until_on": date(2026, 11, 23)}, "paused"),
        ({"periods": (Period(TODAY - DAY, TODAY, None),)}, "absent"),
        ({"week": NIGHTS}, "hours"),
        ({"periods": (Period(TODAY, TODAY, NIGHTS),)}, "hours"),
        ({"is_external": True}, "outside"),
        ({"person_id": "me"}, "not_eligible"),
        ({"id": "asked"}, "already_asked"),
        ({"departments": frozenset()}, "unknown_department"),
        ({"departments": frozenset({"Neurology", None})}, "unknown_department"),
        ({"departments": frozenset({"Neurology", "Division"})}, "own_department"),
        ({"has_conflict": True}, "not_eligible"),
        ({"open_count": 1, "asked_count": 1}, "limit"),
        ({"max_open": 0}, "limit"),
        (
            {"max_per_quarter": 1, "quarter": "2026Q4", "quarter_count": 1},
            "quarter_limit",
        ),
        ({"max_per_quarter": 0}, "quarter_limit"),
        ({"asked_count": 1}, "cool_down"),
        ({"last_deployed_at": NOW - timedelta(days=29, hours=23)}, "cool_down"),
    ],
)
def test_check_names_the_rule_that_is_broken(change: dict[str, object], code: str) -> None:
    found = check(NEED, replace(FACTS, **change), LIMITS)
    assert (found.ok, found.code, found.message) == (False, code, MESSAGES[code])


def test_check_at_night_asks_only_who_chose_it() -> None:
    at_night = replace(NEED, is_night=True)
    assert check(at_night, FACTS, LIMITS).code == "night"
    assert check(at_night, replace(FACTS, is_asked_at_night=True), LIMITS).ok


def test_hours_of_a_period_stand_in_for_those_of_the_usual_week() -> None:
    nights = replace(FACTS, week=NIGHTS)
    today = Period(TODAY, TODAY, WORKING_DAYS)
    assert check(NEED, replace(nights, periods=(today,)), LIMITS).ok
    tomorrow = Period(TODAY + DAY, TODAY + DAY, WORKING_DAYS)
    assert check(NEED, replace(nights, periods=(tomorrow,)), LIMITS).code == "hours"
    away_tomorrow = Period(TODAY + DAY, TODAY + 3 * DAY, None)
    assert check(NEED, replace(FACTS, periods=(away_tomorrow,)), LIMITS).ok


def test_hours_at_night_of_a_period_need_no_other_consent() -> None:
    at_night = replace(NEED, is_night=True, hour_of_week=23)
    nights = Period(TODAY, TODAY, NIGHTS)
    assert check(at_night, replace(FACTS, periods=(nights,)), LIMITS).ok
    assert check(at_night, replace(FACTS, week=NIGHTS), LIMITS).code == "night"
    assert check(at_night, replace(FACTS, week=NIGHTS, is_asked_at_night=True), LIMITS).ok


def test_a_coordinator_decides_on_the_hour_but_not_on_an_absence() -> None:
    by_hand = replace(NEED, hour_of_week=None)
    assert check(by_hand, replace(FACTS, week=NIGHTS), LIMITS).ok
    away = replace(FACTS, periods=(Period(TODAY, TODAY, None),))
    assert check(by_hand, away, LIMITS).code == "absent"


def test_yes_to_what_was_asked_within_the_hours_holds_outside_them() -> None:
    asked = Moment("2026-11-22", 6 * 24 + 23, is_night=True)
    answering = replace(NEED, asked=asked)
    nights = replace(FACTS, week=NIGHTS, is_asked_at_night=True)
    assert check(NEED, nights, LIMITS).code == "hours"
    assert check(answering, nights, LIMITS).ok
    # the hours count as they are set now, at both moments
    assert check(answering, replace(nights, week=WORKING_DAYS), LIMITS).ok
    small = "1" + "0" * 167
    assert check(answering, replace(nights, week=small), LIMITS).code == "hours"
    # a moment counts as a whole: its hour and its night
    assert check(answering, replace(nights, is_asked_at_night=False), LIMITS).code == "night"
    was_away = Period(TODAY - DAY, TODAY - DAY, None)
    assert check(answering, replace(nights, periods=(was_away,)), LIMITS).code == "hours"


def test_check_of_an_external_needs_no_department() -> None:
    outside = replace(NEED, is_outside=True)
    external = replace(FACTS, is_external=True, departments=frozenset())
    assert check(outside, external, LIMITS).ok
    assert check(replace(outside, own_departments=frozenset()), external, LIMITS).ok
    from_own = replace(external, departments=frozenset({"Cardiology"}))
    assert check(outside, from_own, LIMITS).code == "own_department"


def test_check_without_known_departments_of_the_colleague_fails_closed() -> None:
    unknown = replace(NEED, own_departments=frozenset())
    assert check(unknown, FACTS, LIMITS).code == "unknown_department"


def test_check_names_the_first_of_several_rules() -> None:
    facts = replace(FACTS, departments=frozenset({"Cardiology"}), has_conflict=True, max_open=0)
    assert check(NEED, facts, LIMITS).code == "own_department"
    facts = replace(facts, periods=(Period(TODAY, TODAY, None),), week=NIGHTS)
    assert check(NEED, facts, LIMITS).code == "absent"
    facts = replace(facts, state=SupporterState.NOMINATED)
    assert check(NEED, facts, LIMITS).code == "not_appointed"


def test_limits_and_rest_end_exactly_where_they_say() -> None:
    assert check(NEED, replace(FACTS, last_deployed_at=NOW - timedelta(days=30)), LIMITS).ok
    assert check(NEED, replace(FACTS, paused_until_on=date(2026, 11, 22)), LIMITS).ok
    assert check(NEED, replace(FACTS, open_count=3, max_open=4), LIMITS).ok
    other_quarter = replace(FACTS, max_per_quarter=1, quarter="2026Q3", quarter_count=1)
    assert check(NEED, other_quarter, LIMITS).ok


def test_every_code_has_a_message() -> None:
    assert set(MESSAGES) == {"ok"} | {code for code, _ in RULES}
    with use_locale("nl"):
        assert verdict("limit").message
