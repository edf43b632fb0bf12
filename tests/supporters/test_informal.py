"""Informal support: counted without a name, taken back the same day, told in totals only."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport import clock
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.errors import InvalidInput, TooLate
from flask_peersupport.runtime import EXTENSION
from flask_peersupport.supporters.actions import SupporterDetails, add_supporter
from flask_peersupport.supporters.informal import (
    COUNTED_WITHIN,
    InformalYear,
    count_informal,
    informal_totals,
    last_counted_today,
    own_informal,
    undo_informal,
)
from flask_peersupport.supporters.informal_rules import REST, InformalKind, by_kind_without_small
from flask_peersupport.supporters.models import InformalSupport, Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from tests.supporters.conftest import NOW, Visitor
from tests.supporters.host import COORDINATOR, NURSE, SURGEON

EVENT, CASE, WORK, OTHER = (
    InformalKind.EVENT,
    InformalKind.CASE,
    InformalKind.WORK,
    InformalKind.OTHER,
)
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def _at_now() -> Iterator[None]:
    with clock.stopped_at(NOW):
        yield


def put(session: orm.Session, person: Person = NURSE) -> Supporter:
    return add_supporter(
        session,
        person,
        SupporterDetails("nurse"),
        state=SupporterState.APPOINTED,
        actor="command",
        now=NOW,
    )


def tell(
    session: orm.Session,
    supporter: Supporter,
    kind: InformalKind = EVENT,
    day: date = TODAY,
    now: datetime = NOW,
) -> InformalSupport:
    return count_informal(session, supporter, kind, day, actor=NURSE, now=now)


def counts(session: orm.Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(InformalSupport)) or 0


def test_there_is_no_room_for_a_name_or_a_story() -> None:
    columns = {column.name for column in InformalSupport.__table__.columns}
    assert columns == {"id", "supporter_id", "happened_on", "kind", "counted_at"}


def test_it_is_counted_and_seen_by_year(session: orm.Session) -> None:
    supporter, other = put(session), put(session, SURGEON)
    tell(session, supporter)
    tell(session, supporter)
    tell(session, supporter, CASE, date(2026, 2, 1))
    tell(session, other)
    assert own_informal(session, supporter.id) == [InformalYear(2026, 3, {"event": 2, "case": 1})]
    assert own_informal(session, other.id) == [InformalYear(2026, 1, {"event": 1})]


def test_the_audit_row_tells_neither_kind_nor_day(session: orm.Session) -> None:
    tell(session, put(session), CASE)
    row = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)).all()[-1]
    assert (row.action, row.detail) == ("informal.counted", None)


@pytest.mark.parametrize(
    "day", [TODAY + timedelta(days=1), TODAY - COUNTED_WITHIN - timedelta(days=1)]
)
def test_neither_the_future_nor_long_ago_is_counted(small_session: orm.Session, day: date) -> None:
    supporter = put(small_session)
    with pytest.raises(InvalidInput) as error:
        tell(small_session, supporter, day=day)
    assert list(error.value.fields) == ["happened_on"]
    tell(small_session, supporter, day=TODAY - COUNTED_WITHIN)
    assert counts(small_session) == 1


def test_the_last_one_is_taken_back_and_then_the_one_before(session: orm.Session) -> None:
    supporter = put(session)
    tell(session, supporter, EVENT)
    tell(session, supporter, CASE, date(2026, 2, 20), NOW + timedelta(minutes=1))
    undo_informal(session, supporter, actor=NURSE, now=NOW + timedelta(minutes=2))
    assert own_informal(session, supporter.id) == [InformalYear(2026, 1, {"event": 1})]
    undo_informal(session, supporter, actor=NURSE, now=NOW + timedelta(minutes=3))
    with pytest.raises(TooLate):
        undo_informal(session, supporter, actor=NURSE, now=NOW + timedelta(minutes=4))
    assert counts(session) == 0


def test_taking_back_ends_with_the_day_of_the_hospital_and_leaves_others_alone(
    session: orm.Session,
) -> None:
    supporter, other = put(session), put(session, SURGEON)
    evening = datetime(2026, 7, 1, 21, 59, tzinfo=UTC)  # 23:59 in Amsterdam
    tell(session, supporter, day=date(2026, 7, 1), now=evening)
    assert last_counted_today(session, other.id, evening) is None
    assert last_counted_today(session, supporter.id, evening) is not None
    with pytest.raises(TooLate):
        undo_informal(session, supporter, actor=NURSE, now=evening + timedelta(minutes=2))
    with pytest.raises(TooLate):
        undo_informal(session, other, actor=SURGEON, now=evening)
    assert counts(session) == 1


def test_coordinators_see_totals_and_kinds_of_closed_years_only(session: orm.Session) -> None:
    supporter = put(session)
    last_year = datetime(2025, 12, 20, tzinfo=UTC)
    for kind, count in ((EVENT, 12), (CASE, 10), (WORK, 3), (OTHER, 8)):
        for _ in range(count):
            tell(session, supporter, kind, last_year.date(), last_year)
            tell(session, supporter, kind)
    closed = datetime(2026, 2, 1, 12, tzinfo=UTC)
    kinds = {"event": 12, "case": 10, REST: 11}
    assert informal_totals(session, closed) == [
        InformalYear(2026, 33, {}),
        InformalYear(2025, 33, kinds),
    ]
    # what happened in December can be counted through January
    assert informal_totals(session, closed - timedelta(days=1))[1] == InformalYear(2025, 33, {})


def test_what_can_still_be_counted_is_of_no_closed_year(small_session: orm.Session) -> None:
    supporter = put(small_session)
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    tell(small_session, supporter, day=date(2025, 12, 31), now=at)
    with pytest.raises(InvalidInput):
        tell(small_session, supporter, day=date(2025, 12, 31), now=at + timedelta(days=1))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, {}),
        ({"event": 9}, {}),
        ({"event": 30}, {}),
        ({"event": 30, "case": 31}, {"case": 31, REST: 30}),
        ({"event": 30, "case": 9}, {}),
        (
            {"event": 30, "case": 20, "work": 4, "private": 5, "other": 1},
            {"event": 30, "case": 20, REST: 10},
        ),
        (
            {"event": 11, "case": 12, "work": 13, "private": 14, "other": 15},
            {"event": 11, "case": 12, "work": 13, "private": 14, "other": 15},
        ),
    ],
)
def test_small_kinds_by_hand(given: dict[str, int], shown: dict[str, int]) -> None:
    assert by_kind_without_small(given, 10) == shown


@pytest.mark.parametrize("seed", range(60))
def test_nothing_below_the_limit_can_be_told_or_subtracted(seed: int) -> None:
    rng = random.Random(seed)
    given = {kind.value: rng.choice([0, 0, 1, 5, 9, 10, 11, 40]) for kind in InformalKind}
    shown = by_kind_without_small(given, 10)
    if not shown:
        return
    assert sum(shown.values()) == sum(given.values())
    assert min(shown.values()) >= 10
    hidden = [kind for kind in given if kind not in shown]
    # what is put together is never one kind alone, which the total would give away by name
    assert len(hidden) != 1 or given[hidden[0]] >= 10
    assert (REST in shown) == bool(hidden)


def stage(app: Flask) -> None:
    with app.app_context():
        session = app.extensions[EXTENSION].storage.session()
        put(session)
        session.commit()


def rows(app: Flask) -> list[tuple[date, str]]:
    with app.app_context():
        session = app.extensions[EXTENSION].storage.session()
        found = session.execute(sa.select(InformalSupport.happened_on, InformalSupport.kind))
        return [(day, kind.value) for day, kind in found]


def test_a_supporter_counts_and_takes_back_on_the_own_page(app: Flask) -> None:
    stage(app)
    nurse = Visitor(app, NURSE)
    answer = nurse.post(
        "/supporters/me/informal", "/supporters/me/load", kind="work", happened_on="2026-03-01"
    )
    assert answer.status_code == 302
    assert rows(app) == [(date(2026, 3, 1), "work")]
    page = nurse.get("/supporters/me/load").get_data(as_text=True)
    assert "Counted last, today: worries about work or the team, on 1 March 2026." in page
    nurse.post("/supporters/me/informal/undo", "/supporters/me/load")
    assert rows(app) == []
    assert nurse.post("/supporters/me/informal/undo", "/supporters/me/load").status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "gossip", "happened_on": "2026-03-01"},
        {"happened_on": "2026-03-01"},
        {"kind": "work", "happened_on": "2026-03-04"},
        {"kind": "work", "happened_on": "yesterday"},
        {"kind": "work", "happened_on": ""},
        {"kind": "work"},
        {"kind": "work", "happened_on": "2026-02-30"},
    ],
)
def test_what_cannot_be_right_is_said_on_the_page(small_app: Flask, wrong: dict[str, str]) -> None:
    stage(small_app)
    answer = Visitor(small_app, NURSE).post(
        "/supporters/me/informal", "/supporters/me/load", **wrong
    )
    assert answer.status_code == 422
    assert 'class="ps-error"' in answer.get_data(as_text=True)
    assert rows(small_app) == []


def test_the_team_page_tells_the_total_and_no_supporter(small_app: Flask) -> None:
    stage(small_app)
    nurse = Visitor(small_app, NURSE)
    for _ in range(3):
        nurse.post(
            "/supporters/me/informal", "/supporters/me/load", kind="case", happened_on="2026-03-01"
        )
    page = Visitor(small_app, COORDINATOR).get("/supporters/load").get_data(as_text=True)
    assert "2026: 3" in page
    assert "complaint" not in page
