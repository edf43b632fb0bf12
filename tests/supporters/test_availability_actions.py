"""What supporters set themselves, on each database: weeks, limits, periods without overlaps."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.errors import InvalidInput, NotAllowed
from flask_peersupport.supporters.actions import SupporterDetails, add_supporter
from flask_peersupport.supporters.availability import NIGHTS, WORKING_DAYS, Period, make_week
from flask_peersupport.supporters.availability_actions import (
    UsualWeek,
    add_period,
    change_limits,
    end_period,
    set_usual_week,
    usual_week,
)
from flask_peersupport.supporters.availability_queries import own_availability
from flask_peersupport.supporters.models import Supporter, SupporterPeriod
from flask_peersupport.supporters.states import SupporterState
from tests.supporters.conftest import NOW
from tests.supporters.host import NURSE, SURGEON

TODAY = date(2026, 3, 3)
DAY = timedelta(days=1)


@pytest.fixture
def supporter(session: orm.Session) -> Supporter:
    return create(session)


@pytest.fixture
def small_supporter(small_session: orm.Session) -> Supporter:
    return create(small_session)


def create(session: orm.Session) -> Supporter:
    made = [
        add_supporter(
            session,
            person,
            SupporterDetails(profession="nurse"),
            state=SupporterState.APPOINTED,
            actor="command",
            now=NOW,
        )
        for person in (NURSE, SURGEON)
    ]
    session.commit()
    return made[0]


def away(first: int, last: int) -> Period:
    return Period(TODAY + first * DAY, TODAY + last * DAY, None)


def add(session: orm.Session, supporter: Supporter, period: Period) -> SupporterPeriod:
    row = add_period(session, supporter, period, actor=NURSE, now=NOW)
    session.commit()
    return row


def test_periods_are_kept_side_by_side_and_never_overlap(
    session: orm.Session, supporter: Supporter
) -> None:
    add(session, supporter, away(2, 4))
    add(session, supporter, away(5, 5))
    add(session, supporter, Period(TODAY, TODAY + DAY, NIGHTS))
    for first, last in ((0, 0), (4, 4), (1, 2), (-1, 9), (3, 3)):
        with pytest.raises(InvalidInput) as error:
            add_period(session, supporter, away(first, last), actor=NURSE, now=NOW)
        assert list(error.value.fields) == ["first_on"]
        assert "2026" in error.value.fields["first_on"]
        session.rollback()
    assert supporter.periods_until_on == TODAY + 5 * DAY
    own = own_availability(session, supporter, NOW)
    assert [(p.first_on, p.last_on, p.week) for p in own.periods] == [
        (TODAY, TODAY + DAY, NIGHTS),
        (TODAY + 2 * DAY, TODAY + 4 * DAY, None),
        (TODAY + 5 * DAY, TODAY + 5 * DAY, None),
    ]


def test_another_supporters_days_are_their_own(session: orm.Session, supporter: Supporter) -> None:
    other = session.scalars(sa.select(Supporter).where(Supporter.id != supporter.id)).one()
    row = add(session, other, away(0, 4))
    add(session, supporter, away(0, 4))
    with pytest.raises(NotAllowed):
        end_period(session, supporter, row.id, actor=NURSE, now=NOW)


def test_a_period_that_has_begun_ends_and_stays_one_to_come_goes(
    session: orm.Session, supporter: Supporter
) -> None:
    begun = add(session, supporter, away(-2, 4))
    later = add(session, supporter, away(10, 12))
    end_period(session, supporter, later.id, actor=NURSE, now=NOW)
    end_period(session, supporter, begun.id, actor=NURSE, now=NOW)
    session.commit()
    rows = session.scalars(sa.select(SupporterPeriod)).all()
    assert [(row.first_on, row.last_on) for row in rows] == [(TODAY - 2 * DAY, TODAY - DAY)]
    assert supporter.periods_until_on == TODAY - DAY
    assert own_availability(session, supporter, NOW).standing.ok
    with pytest.raises(NotAllowed):
        end_period(session, supporter, begun.id, actor=NURSE, now=NOW)


def test_what_is_over_is_off_the_page_and_not_lost(
    small_session: orm.Session, small_supporter: Supporter
) -> None:
    add(small_session, small_supporter, away(0, 1))
    later = NOW + 2 * DAY
    own = own_availability(small_session, small_supporter, later)
    assert (own.periods, own.standing.ok) == ((), True)
    add_period(small_session, small_supporter, away(2, 3), actor=NURSE, now=later)
    count = sa.select(sa.func.count()).select_from(SupporterPeriod)
    assert small_session.scalar(count) == 2


@pytest.mark.parametrize(
    ("period", "field"),
    [
        (Period(TODAY + DAY, TODAY, None), "last_on"),
        (Period(TODAY - 2 * DAY, TODAY - DAY, None), "last_on"),
        (Period(TODAY, TODAY + 367 * DAY, None), "last_on"),
        (Period(TODAY + 800 * DAY, TODAY + 801 * DAY, None), "first_on"),
        (Period(TODAY, TODAY, make_week([None] * 7)), "hours"),
    ],
)
def test_days_that_cannot_be_right_are_refused(
    small_session: orm.Session, small_supporter: Supporter, period: Period, field: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        add_period(small_session, small_supporter, period, actor=NURSE, now=NOW)
    assert list(error.value.fields) == [field]


def test_the_usual_week_says_whether_the_night_is_in_it(
    session: orm.Session, supporter: Supporter
) -> None:
    for usual, expected in (
        (usual_week(NIGHTS), (NIGHTS, True)),
        (usual_week(WORKING_DAYS), (WORKING_DAYS, False)),
        (UsualWeek(None, is_asked_at_night=True), (None, True)),
    ):
        set_usual_week(session, supporter, usual, actor=NURSE, now=NOW)
        session.commit()
        assert (supporter.week, supporter.is_asked_at_night) == expected
    with pytest.raises(InvalidInput):
        set_usual_week(session, supporter, usual_week("0" * 168), actor=NURSE, now=NOW)


def test_limits_are_the_supporters_own(
    small_session: orm.Session, small_supporter: Supporter
) -> None:
    def change(max_open: int | None) -> None:
        change_limits(
            small_session,
            small_supporter,
            max_open=max_open,
            max_per_quarter=4,
            actor=NURSE,
            now=NOW,
        )

    change(1)
    assert (small_supporter.max_open, small_supporter.max_per_quarter) == (1, 4)
    assert small_supporter.is_asked_at_night is False
    with pytest.raises(InvalidInput) as error:
        change(0)
    assert list(error.value.fields) == ["max_open"]


def test_limits_and_rest_are_seen_on_the_page(
    small_session: orm.Session, small_supporter: Supporter
) -> None:
    def code() -> str:
        return own_availability(small_session, small_supporter, NOW).standing.code

    assert code() == "ok"
    small_supporter.last_deployed_at = NOW - 3 * DAY
    assert code() == "cool_down"
    small_supporter.last_deployed_at = NOW - 30 * DAY
    small_supporter.max_per_quarter, small_supporter.quarter_count = 2, 2
    small_supporter.quarter = "2026Q1"
    found = own_availability(small_session, small_supporter, NOW).standing
    assert (found.code, found.changes_at and found.changes_at.date()) == (
        "quarter_limit",
        date(2026, 4, 1),
    )
    small_supporter.quarter = "2025Q4"
    assert code() == "ok"
    small_supporter.open_count = 2
    assert code() == "limit"
    small_supporter.open_count, small_supporter.asked_count = 0, 1
    assert code() == "asked"


def test_each_change_is_audited_without_a_word_on_the_hours(
    small_session: orm.Session, small_supporter: Supporter
) -> None:
    row = add(small_session, small_supporter, away(1, 2))
    end_period(small_session, small_supporter, row.id, actor=NURSE, now=NOW)
    set_usual_week(small_session, small_supporter, usual_week(NIGHTS), actor=NURSE, now=NOW)
    entries = small_session.execute(
        sa.select(AuditEntry.action, AuditEntry.detail).order_by(AuditEntry.id)
    ).all()
    changed = [detail for action, detail in entries if action == "supporter.changed"]
    assert sorted(changed) == ["hours", "period added", "period ended"]
