"""Supporters' own hours, absences and limits, at the moment of asking and of accepting (P28)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport import clock
from flask_peersupport.db import commit
from flask_peersupport.errors import NotEligible
from flask_peersupport.reachouts.answering import accept_request
from flask_peersupport.reachouts.asking import ask_by_hand
from flask_peersupport.reachouts.models import SupportRequest
from flask_peersupport.reachouts.needs import moment_of, need_of
from flask_peersupport.supporters.availability import NIGHTS, Period, make_week
from flask_peersupport.supporters.availability_actions import add_period
from flask_peersupport.supporters.declarations import declare
from flask_peersupport.supporters.models import Supporter, SupporterPeriod
from flask_peersupport.supporters.states import SupporterState
from tests.intake.conftest import person, runtime, signed_in
from tests.reachouts.conftest import COORDINATOR, NOW, Programme, anna

#: NOW's day: a Tuesday; NOW is ten by the hospital's clock.
TODAY = date(2026, 11, 24)
HOUR = timedelta(hours=1)
TOMORROW = TODAY + timedelta(days=1)


def week(first: int, until: int) -> str:
    return make_week([(first, until)] * 7)


def give_all(programme: Programme, week: str | None, *, at_night: bool = False) -> None:
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        for supporter in session.scalars(sa.select(Supporter)):
            supporter.week, supporter.is_asked_at_night = week, at_night
        session.commit()


def asked(programme: Programme, session: orm.Session) -> SupportRequest:
    programme.report(anna())
    assert programme.work()["ask"] == 1
    return programme.open_request(session)


def be_away(session: orm.Session, supporter: Supporter, day: date = TODAY) -> None:
    add_period(session, supporter, Period(day, day, None), actor="command", now=NOW)


def conflict(session: orm.Session, supporter: Supporter) -> None:
    declare(session, supporter.id, anna().person, "conflict", NOW)


def becomes(**columns: object) -> Callable[[orm.Session, Supporter], None]:
    def change(session: orm.Session, supporter: Supporter) -> None:
        for name, value in columns.items():
            setattr(supporter, name, value)

    return change


IN_THE_WAY: dict[str, tuple[Callable[[orm.Session, Supporter], None], str]] = {
    "away": (be_away, "absent"),
    "paused": (becomes(state=SupporterState.PAUSED), "paused"),
    "paused until": (becomes(paused_until_on=TODAY), "paused"),
    "own limit": (becomes(max_open=1, open_count=1), "limit"),
    "quarter": (becomes(max_per_quarter=1, quarter="2026Q4", quarter_count=1), "quarter_limit"),
    "rest": (becomes(last_deployed_at=NOW - timedelta(days=1)), "cool_down"),
    "other hours": (becomes(week=week(20, 21)), "hours"),
    "conflict": (conflict, "not_eligible"),
}


def test_what_is_set_after_asking_decides_when_accepting(programme: Programme) -> None:
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        for change, code in IN_THE_WAY.values():
            change(session, request.supporter)
            session.flush()
            with pytest.raises(NotEligible) as error:
                accept_request(session, request, actor=request.supporter.record.person, now=NOW)
            assert error.value.code == code
            session.rollback()
        be_away(session, request.supporter, TOMORROW)
        accept_request(session, request, actor=request.supporter.record.person, now=NOW)
        commit(session)
        assert request.state == "accepted"


@pytest.mark.parametrize(
    ("hours", "after", "is_taken"),
    [
        # within the hours when asked, not any more when saying yes
        ((9, 11), 3 * HOUR, True),
        # changed meanwhile: within them now
        ((13, 14), 3 * HOUR, True),
        ((15, 16), 3 * HOUR, False),
        # at night: asked by day, answered in the night
        ((9, 11), 14 * HOUR, True),
    ],
)
def test_yes_counts_when_asked_or_answered_within_the_hours(
    small_programme: Programme, hours: tuple[int, int], after: timedelta, is_taken: bool
) -> None:
    programme = small_programme
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        request.answer_due_at = NOW + timedelta(days=1)
        request.supporter.week = week(*hours)
        request.supporter.is_asked_at_night = False
        actor = request.supporter.record.person
        session.flush()
        if is_taken:
            accept_request(session, request, actor=actor, now=NOW + after)
        else:
            with pytest.raises(NotEligible) as error:
                accept_request(session, request, actor=actor, now=NOW + after)
            assert error.value.code == "hours"


def test_hours_that_begin_soon_are_waited_for(programme: Programme) -> None:
    give_all(programme, week(12, 18))
    programme.report(anna())
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = programme.only_reach_out(session)
        assert (reach_out.state, reach_out.due_at) == ("queued", NOW + 2 * HOUR)
    programme.work(2 * HOUR)
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        assert programme.open_request(session).asked_at == NOW + 2 * HOUR


def test_hours_that_begin_later_than_an_answer_are_left_to_coordinators(
    small_programme: Programme,
) -> None:
    programme = small_programme
    give_all(programme, week(15, 18))
    programme.report(anna())
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = programme.only_reach_out(session)
        assert (reach_out.state, reach_out.waiting_for) == ("needs_coordinator", "other_hours")
        # who decides by hand decides on the hour too, now and when the answer comes
        chosen = session.scalars(sa.select(Supporter).order_by(Supporter.id)).first()
        assert chosen is not None
        request = ask_by_hand(session, reach_out, chosen.id, actor=person(COORDINATOR), now=NOW)
        be_away(session, chosen)
        with pytest.raises(NotEligible) as error:
            accept_request(session, request, actor=chosen.record.person, now=NOW)
        assert error.value.code == "absent"
        session.delete(session.scalars(sa.select(SupporterPeriod)).one())
        chosen.periods_until_on = None
        session.flush()
        accept_request(session, request, actor=chosen.record.person, now=NOW)


def test_nobody_away_is_asked_by_hand(small_programme: Programme) -> None:
    programme = small_programme
    give_all(programme, week(15, 18))
    programme.report(anna())
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = programme.only_reach_out(session)
        chosen = session.scalars(sa.select(Supporter)).first()
        assert chosen is not None
        be_away(session, chosen)
        with pytest.raises(NotEligible) as error:
            ask_by_hand(session, reach_out, chosen.id, actor=person(COORDINATOR), now=NOW)
        assert error.value.code == "absent"


def test_at_night_the_morning_is_waited_for_or_who_works_then_is_asked(
    small_programme: Programme,
) -> None:
    programme = small_programme
    give_all(programme, None)
    night = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
    programme.report(anna(), due_at=night)
    programme.work(night - NOW)
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = programme.only_reach_out(session)
        assert (reach_out.state, reach_out.due_at) == (
            "queued",
            datetime(2026, 11, 25, 7, tzinfo=UTC),
        )
        nurse = session.scalars(sa.select(Supporter).order_by(Supporter.id)).first()
        assert nurse is not None
        shifts = Period(TODAY, TOMORROW, NIGHTS)
        add_period(session, nurse, shifts, actor="command", now=NOW)
        reach_out.due_at = night
        session.commit()
    programme.work(night - NOW)
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = programme.open_request(session)
        assert request.supporter_id == nurse.id
        # she is up now, so her time to answer runs now
        assert request.answer_due_at == night + runtime(programme.app).settings.answer_within


@pytest.mark.parametrize(
    ("utc", "today_on", "hour", "is_night"),
    [
        # 29 March 2026: from 2:00 the clock goes to 3:00
        ((2026, 3, 29, 0, 59), "2026-03-29", 6 * 24 + 1, True),
        ((2026, 3, 29, 1, 0), "2026-03-29", 6 * 24 + 3, True),
        ((2026, 3, 29, 6, 0), "2026-03-29", 6 * 24 + 8, False),
        # 25 October 2026: 2:00 to 3:00 comes twice
        ((2026, 10, 25, 0, 0), "2026-10-25", 6 * 24 + 2, True),
        ((2026, 10, 25, 1, 0), "2026-10-25", 6 * 24 + 2, True),
        ((2026, 10, 25, 7, 0), "2026-10-25", 6 * 24 + 8, False),
        ((2026, 10, 25, 23, 0), "2026-10-26", 0, True),
    ],
)
def test_a_need_is_of_the_hour_on_the_wall(
    small_programme: Programme, utc: tuple[int, ...], today_on: str, hour: int, is_night: bool
) -> None:
    programme = small_programme
    instant = datetime(*utc, tzinfo=UTC)  # type: ignore[arg-type,misc]
    programme.report(anna())
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = programme.only_reach_out(session)
        need = need_of(session, reach_out, now=instant, asked_at=NOW)
        assert need is not None
        assert (need.today_on, need.hour_of_week, need.is_night) == (today_on, hour, is_night)
        assert need.asked == moment_of(NOW)
        by_hand = need_of(session, reach_out, now=instant, by_day=True, asked_at=NOW)
        assert by_hand is not None
        assert (by_hand.hour_of_week, by_hand.is_night, by_hand.asked) == (None, False, None)


def test_the_page_tells_what_to_change_and_the_request_stays(small_programme: Programme) -> None:
    programme = small_programme
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        be_away(session, request.supporter)
        period_id = session.scalars(sa.select(SupporterPeriod.id)).one()
        request_id = request.id
        user_id = int(request.supporter.record.person.user_id or 0)
        session.commit()
    client = signed_in(programme.app, user_id)

    def press(address: str, page: str) -> tuple[int, str]:
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
        assert token
        answer = client.post(address, data={"csrf_token": token[1]})
        return answer.status_code, answer.text

    at = "/peersupport"
    with clock.stopped_at(NOW):
        status, text = press(f"{at}/requests/{request_id}/accept", f"{at}/requests/{request_id}")
        assert status == 409
        assert "afwezigheid" in text or "absence" in text
        assert f"{at}/supporters/me" in text
        press(f"{at}/supporters/me/periods/{period_id}/end", f"{at}/supporters/me")
        status, _ = press(f"{at}/requests/{request_id}/accept", f"{at}/requests/{request_id}")
        assert status == 302
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        assert programme.only_reach_out(session).state == "accepted"
