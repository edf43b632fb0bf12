"""The supporter's own page: a tap for the usual, two fields for an absence, no JavaScript."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_peersupport import clock
from flask_peersupport.db import commit
from flask_peersupport.supporters.actions import SupporterDetails, add_supporter
from flask_peersupport.supporters.availability import NIGHTS, WORKING_DAYS, spans_of
from flask_peersupport.supporters.models import Supporter, SupporterPeriod
from flask_peersupport.supporters.states import SupporterState
from tests.supporters.conftest import NOW, Visitor, counted, session_of
from tests.supporters.host import NURSE

ME = "/supporters/me"
#: A Tuesday.
TODAY = date(2026, 3, 3)


@pytest.fixture
def visitor(small_app: Flask) -> Any:
    return visitor_of(small_app)


def visitor_of(app: Flask) -> Visitor:
    for session in session_of(app):
        details = SupporterDetails(profession="nurse")
        state = SupporterState.APPOINTED
        add_supporter(session, NURSE, details, state=state, actor="command", now=NOW)
        commit(session)
    return Visitor(app, NURSE)


def shown(visitor: Visitor, at: Any = NOW) -> str:
    with clock.stopped_at(at):
        return text_of(visitor.get(ME))


def text_of(response: Any) -> str:
    return " ".join(html.unescape(response.get_data(as_text=True)).split())


def press(visitor: Visitor, address: str, **data: str) -> Any:
    with clock.stopped_at(NOW):
        return visitor.post(f"{ME}/{address}", form=ME, **data)


def row_of(app: Flask) -> Supporter:
    for session in session_of(app):
        return session.scalars(sa.select(Supporter)).one()
    raise AssertionError


def periods_of(app: Flask) -> list[tuple[date, date, str | None]]:
    for session in session_of(app):
        rows = session.scalars(sa.select(SupporterPeriod).order_by(SupporterPeriod.first_on))
        return [(row.first_on, row.last_on, row.week) for row in rows]
    raise AssertionError


def test_one_tap_sets_the_usual_week(app: Flask) -> None:
    visitor = visitor_of(app)
    for usual, week, at_night in (
        ("nights", NIGHTS, True),
        ("working_days", WORKING_DAYS, False),
        ("always", None, True),
        ("by_day", None, False),
    ):
        assert press(visitor, "week", usual=usual).status_code == 302
        row = row_of(app)
        assert (row.week, row.is_asked_at_night) == (week, at_night)
        assert f'aria-pressed="true" name="usual" value="{usual}"' in shown(visitor)


def test_a_week_of_night_shifts_is_one_tap_away(visitor: Visitor, small_app: Flask) -> None:
    assert press(visitor, "periods", quick="nights").status_code == 302
    assert periods_of(small_app) == [(TODAY, date(2026, 3, 8), NIGHTS)]
    text = shown(visitor)
    assert "Now: you are not asked." in text
    assert "You can be asked again from Tuesday 3 March 22:00." in text
    night = NOW + timedelta(hours=14)
    assert "Until Wednesday 4 March 07:00." in shown(visitor, night)
    again = press(visitor, "periods", quick="away")
    assert again.status_code == 422
    assert "You filled in something for these days already" in text_of(again)


def test_an_absence_takes_two_fields_and_ends_with_one_tap(app: Flask) -> None:
    visitor = visitor_of(app)
    assert press(visitor, "periods", first_on="2026-03-03", last_on="2026-03-06").status_code == 302
    assert press(visitor, "periods", first_on="2026-03-10", last_on="").status_code == 302
    assert periods_of(app) == [
        (TODAY, date(2026, 3, 6), None),
        (date(2026, 3, 10), date(2026, 3, 10), None),
    ]
    text = shown(visitor)
    assert "You are away. You can be asked again from Saturday 7 March 08:00." in text
    ends = re.findall(r"/supporters/me/periods/([0-9a-f]{32})/end", text)
    assert len(ends) == 2
    assert press(visitor, f"periods/{ends[0]}/end").status_code == 302
    assert "Now: you can be asked." in shown(visitor)
    assert press(visitor, f"periods/{ends[0]}/end").status_code == 404
    assert press(visitor, "periods/x/end").status_code == 404


def test_other_hours_for_a_while_hold_on_each_day(visitor: Visitor, small_app: Flask) -> None:
    days = {"first_on": "2026-03-09", "last_on": "2026-03-13"}
    press(visitor, "periods", **days, hours="own", **{"from": "20", "until": "2"})
    ((_, _, week),) = periods_of(small_app)
    assert week is not None
    assert spans_of(week) == [(20, 2)] * 7
    assert "Monday – Sunday: 20:00 – 2:00" in shown(visitor)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"first_on": ""}, "Fill in the first day."),
        ({"first_on": "soon"}, "This is not a date."),
        ({"first_on": "2026-03-05", "last_on": "2026-03-04"}, "The last day is before the first."),
        ({"first_on": "2026-02-01", "last_on": "2026-02-02"}, "These days have passed."),
        ({"first_on": "2026-03-05", "hours": "own"}, "Choose from when until when."),
        (
            {"first_on": "2026-03-05", "hours": "own", "from": "8", "until": "8"},
            "It ends when it begins.",
        ),
        (
            {"first_on": "2026-03-05", "hours": "own", "from": "8", "until": "0109999999"},
            "This is not an hour of the day.",
        ),
        ({"first_on": "2026-03-05", "hours": "whenever"}, "Choose what holds on these days."),
    ],
)
def test_days_that_are_wrong_are_shown_again_with_what_to_do(
    visitor: Visitor, small_app: Flask, data: dict[str, str], sentence: str
) -> None:
    answer = press(visitor, "periods", **data)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert periods_of(small_app) == []


def test_hours_for_each_day_are_shown_again_as_typed(visitor: Visitor, small_app: Flask) -> None:
    typed = {"usual": "own", "from-0": "22", "until-0": "7", "from-2": "9", "until-2": "12"}
    assert press(visitor, "week", **typed).status_code == 302
    row = row_of(small_app)
    assert row.week is not None
    assert spans_of(row.week)[:3] == [(22, 7), None, (9, 12)]
    assert row.is_asked_at_night is True
    text = shown(visitor)
    assert re.search(r'name="from-0".*?<option value="22" selected>', text)
    assert "Monday: 22:00 – 7:00" in text
    assert "Wednesday: 9:00 – 12:00" in text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "Choose hours on one day at least."),
        ({"from-3": "8"}, "Choose both, or neither."),
        ({"from-3": "8", "until-3": "x"}, "This is not an hour of the day."),
        ({"from-3": "24", "until-3": "3"}, "This is not an hour of the day."),
        ({"from-3": "8", "until-3": "25"}, "This is not an hour of the day."),
        ({"from-3": "008", "until-3": "12"}, "This is not an hour of the day."),
        ({"from-3": "8", "until-3": "0109999999"}, "This is not an hour of the day."),
        ({"from-3": "8", "until-3": "9" * 5_000}, "This is not an hour of the day."),
        ({"from-3": "8", "until-3": "\u0661\u0662"}, "This is not an hour of the day."),
        ({"from-3": "8", "until-3": "²"}, "This is not an hour of the day."),
        (
            {"from-3": "22", "until-3": "7", "from-4": "6", "until-4": "14"},
            "The hours of the day before go on until after this.",
        ),
    ],
)
def test_hours_that_are_wrong_are_named_by_the_day(
    visitor: Visitor, small_app: Flask, typed: dict[str, str], sentence: str
) -> None:
    answer = press(visitor, "week", usual="own", **typed)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert row_of(small_app).week is None


def test_a_pause_is_one_tap_away_and_one_tap_back(visitor: Visitor) -> None:
    assert press(visitor, "pause", until_on="").status_code == 302
    text = " ".join(re.sub("<[^>]+>", " ", shown(visitor)).split())
    assert "Now: you are not asked. No requests come in until the pause is ended here." in text
    press(visitor, "resume")
    assert "Now: you can be asked." in shown(visitor)


def test_a_pause_until_the_end_of_the_calendar_is_refused_and_never_breaks_the_page(
    visitor: Visitor, small_app: Flask
) -> None:
    answer = press(visitor, "pause", until_on="9999-12-31")
    assert answer.status_code == 422
    assert "This is more than two years ahead." in text_of(answer)
    assert row_of(small_app).paused_until_on is None
    for session in session_of(small_app):
        session.execute(sa.update(Supporter).values(paused_until_on=date.max))
        commit(session)
    assert "Now: you are not asked." in " ".join(re.sub("<[^>]+>", " ", shown(visitor)).split())
    assert press(visitor, "resume").status_code == 302
    assert "Now: you can be asked." in shown(visitor)


def test_the_page_takes_as_many_statements_for_one_period_as_for_thirty(
    visitor: Visitor, small_app: Flask
) -> None:
    def visit() -> int:
        with counted(small_app) as statements:
            shown(visitor)
        return len(statements)

    press(visitor, "periods", first_on="2026-03-10")
    few = visit()
    for session in session_of(small_app):
        supporter_id = session.scalars(sa.select(Supporter.id)).one()
        for number in range(30):
            day = date(2026, 4, 1) + timedelta(days=number)
            session.add(SupporterPeriod(supporter_id=supporter_id, first_on=day, last_on=day))
        session.commit()
    assert visit() == few
