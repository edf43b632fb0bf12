"""Numbers reached: by group and without names, and nobody counted twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.access.actor import Actor
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.clock import utc_now
from flask_peersupport.db import commit
from flask_peersupport.errors import InvalidInput
from flask_peersupport.sessions.models import SessionReach
from flask_peersupport.sessions.policy import Standing
from flask_peersupport.sessions.reaching import MOST, reach_of_year, record_reach, years_held
from flask_peersupport.sessions.states import (
    Reached,
    SessionKind,
    SessionState,
    SignUp,
    TargetGroup,
)
from tests.intake.conftest import STAFF, person
from tests.reachouts.conftest import COORDINATOR, Programme
from tests.sessions.hospital import (
    SUPPORTER,
    TRAINER,
    Browser,
    audited,
    begun,
    counted,
    get_session,
    grant,
    held,
    working,
)
from tests.sessions.planned import give_place

LECTURE = SessionKind.LECTURE
GROUPS = Reached


def note(session: orm.Session, session_id: str, counts: dict[Reached, int]) -> None:
    record_reach(session, session_id, counts, actor=COMMAND, now=utc_now())
    commit(session)


def reader() -> Standing:
    return Standing(Actor(person(TRAINER), frozenset({"trainer"}), ()), (), utc_now())


def test_counts_are_replaced_and_make_the_session_held(programme: Programme) -> None:
    with working(programme.app) as session:
        lecture = begun(session, LECTURE)
        note(session, lecture, {GROUPS.STUDENTS: 120, GROUPS.OTHERS: 0})
        assert get_session(session, lecture).state is SessionState.HELD
        note(session, lecture, {GROUPS.RESIDENTS: 4})
        rows = session.scalars(sa.select(SessionReach)).all()
        assert [(row.reached, row.count) for row in rows] == [(GROUPS.RESIDENTS, 4)]
        assert audited(session, lecture) == [
            "session.held",
            "session.reach_noted",
            "session.reach_noted",
        ]


@pytest.mark.parametrize("count", [-1, MOST + 1])
def test_a_count_is_a_number_of_people(programme: Programme, count: int) -> None:
    with working(programme.app) as session:
        lecture = begun(session, LECTURE)
        with pytest.raises(InvalidInput) as error:
            note(session, lecture, {GROUPS.STUDENTS: count})
        assert list(error.value.fields) == ["students"]


@pytest.mark.parametrize(
    "kind", [SessionKind.TRAINING, SessionKind.FOLLOW_UP_MEETING, SessionKind.INTERVISION]
)
def test_meetings_with_names_are_not_counted(small_programme: Programme, kind: SessionKind) -> None:
    with working(small_programme.app) as session:
        with pytest.raises(InvalidInput):
            note(session, begun(session, kind), {GROUPS.OTHERS: 1})
        with pytest.raises(InvalidInput):
            note(session, begun(session, LECTURE, begin=utc_now() + timedelta(hours=1)), {})


def test_a_year_is_added_up_by_kind_and_group_and_by_name(programme: Programme) -> None:
    with working(programme.app) as session:
        first, second = begun(session, LECTURE), begun(session, LECTURE)
        light = begun(session, SessionKind.LIGHT_TRAINING)
        note(session, first, {GROUPS.STUDENTS: 100, GROUPS.OTHERS: 2})
        note(session, second, {GROUPS.STUDENTS: 50})
        note(session, light, {GROUPS.RESIDENTS: 12})
        training = held(session, SessionKind.TRAINING)
        begun(session, SessionKind.INFORMATION)
        for where, user, came, sign_up in (
            (training, STAFF.selma, True, SignUp.SIGNED_UP),
            (training, STAFF.sven, False, SignUp.SIGNED_UP),
            (training, STAFF.sofie, None, SignUp.SIGNED_UP),
            (first, STAFF.anna, True, SignUp.SIGNED_UP),
            (first, STAFF.bram, True, SignUp.WITHDRAWN),
        ):
            meeting = get_session(session, where)
            give_place(session, meeting, person(user), has_attended=came, sign_up=sign_up)
        rows = {row.kind: row for row in reach_of_year(session, reader(), utc_now().year)}
        lectures = rows[LECTURE]
        assert (lectures.sessions, lectures.by_name, lectures.total) == (2, 1, 153)
        assert lectures.by_group == {GROUPS.STUDENTS: 150, GROUPS.OTHERS: 2}
        assert (rows[SessionKind.TRAINING].sessions, rows[SessionKind.TRAINING].total) == (1, 1)
        assert rows[SessionKind.LIGHT_TRAINING].by_group == {GROUPS.RESIDENTS: 12}
        assert rows[SessionKind.INFORMATION].sessions == 0


def test_a_year_begins_and_ends_at_midnight_in_the_programme_s_time_zone(
    programme: Programme,
) -> None:
    with working(programme.app) as session:
        for begin in (
            datetime(2024, 12, 31, 22, 59, tzinfo=UTC),
            datetime(2024, 12, 31, 23, 0, tzinfo=UTC),
            datetime(2025, 12, 31, 22, 59, tzinfo=UTC),
            datetime(2025, 12, 31, 23, 0, tzinfo=UTC),
        ):
            held(session, LECTURE, begin=begin)

        def count(year: int) -> int:
            return sum(row.sessions for row in reach_of_year(session, reader(), year))

        assert [count(year) for year in (2024, 2025, 2026)] == [1, 2, 1]
        assert list(years_held(session, date(2026, 5, 1))) == [2026, 2025, 2024]


def test_the_trainer_counts_on_the_page_of_the_session(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        lecture = begun(session, LECTURE)
        training = begun(session, SessionKind.TRAINING)
    at = f"/sessions/{lecture}/reached"
    browser = Browser(small_programme, TRAINER)
    assert "nobody counts twice" in browser.text(at)
    wrong = browser.post(at, students="many", residents="3")
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.get_data(as_text=True)
    assert browser.post(at, students="120", residents="").status_code == 302
    assert 'value="120"' in browser.text(at)
    assert "120" in browser.text(f"/sessions/{lecture}")
    assert browser.get(f"/sessions/{training}/reached").status_code == 404
    assert Browser(small_programme, SUPPORTER).get(at).status_code == 404


def test_trainers_coordinators_and_the_board_read_the_totals(small_programme: Programme) -> None:
    grant(small_programme, "board", STAFF.sofie)
    with working(small_programme.app) as session:
        note(session, begun(session, LECTURE), {GROUPS.STUDENTS: 121})
        held(session, LECTURE, begin=datetime(2024, 6, 1, tzinfo=UTC))
    for user in (TRAINER, COORDINATOR, STAFF.sofie):
        page = Browser(small_programme, user).text("/sessions/reached")
        assert page.count("121 students") == 2
        assert page.count(">121<") == 2
    board = Browser(small_programme, STAFF.sofie)
    assert "/sessions/reached" in board.text("/")
    assert ">121<" not in board.text("/sessions/reached?year=2024")
    assert ">121<" in board.text("/sessions/reached?year=nonsense")
    assert Browser(small_programme, SUPPORTER).get("/sessions/reached").status_code == 404


def test_support_of_groups_is_in_the_figures_of_coordinators_only(programme: Programme) -> None:
    grant(programme, "board", STAFF.sofie)
    with working(programme.app) as session:
        note(session, begun(session, LECTURE), {GROUPS.OTHERS: 121})
        group = begun(session, SessionKind.GROUP_SUPPORT, target=TargetGroup.NOBODY)
        note(session, group, {GROUPS.OTHERS: 7})
    for user, total in ((TRAINER, 121), (STAFF.sofie, 121), (COORDINATOR, 128)):
        page = Browser(programme, user).text("/sessions/reached")
        assert f"{total} others" in page
        assert ("Group support" in page) is (user == COORDINATOR)


def test_the_totals_take_as_many_statements_for_one_session_as_for_thirty(
    small_programme: Programme,
) -> None:
    browser = Browser(small_programme)

    def measure(numbers: int) -> int:
        with working(small_programme.app) as session:
            for _ in range(numbers):
                note(session, begun(session, LECTURE), {GROUPS.STUDENTS: 1})
        browser.text("/sessions/reached")
        with counted(small_programme.app) as statements:
            browser.text("/sessions/reached")
        return len(statements)

    assert measure(1) == measure(29)
