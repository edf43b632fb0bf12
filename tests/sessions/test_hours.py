"""Hours and points by year, and how they are written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.db import commit
from flask_peersupport.i18n import use_locale
from flask_peersupport.sessions.figures import hours_text, points_text
from flask_peersupport.sessions.hours import hours_by_year, hours_of_supporters, kinds_in
from flask_peersupport.sessions.states import SessionKind, SessionState
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from flask_peersupport.vault.models import PersonRecord
from flask_peersupport.vault.persons import store_person
from tests.sessions.planned import give_place, plan
from tests.supporters.conftest import NOW, counted
from tests.supporters.host import COORDINATOR, NURSE, SURGEON

ZONE = ZoneInfo("Europe/Amsterdam")
HELD = {"state": SessionState.HELD}


def on_roster(session: orm.Session, person: Person, state: SupporterState) -> None:
    """Put somebody on the roster."""
    appointed_on = date(2025, 1, 1) if state is not SupporterState.NOMINATED else None
    session.add(
        Supporter(
            record=store_person(session, person, now=NOW),
            state=state,
            appointed_on=appointed_on,
            created_at=NOW,
        )
    )
    commit(session)


def attended(session: orm.Session, person: Person, begin: datetime, **values: object) -> None:
    """Let somebody have attended a session."""
    planned = plan(session, begin, **(HELD | values))
    give_place(session, planned, person, has_attended=True)


def test_hours_are_those_attended_by_year_and_kind(app: Flask, session: orm.Session) -> None:
    new_year = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)  # in Amsterdam the year has begun
    attended(session, NURSE, new_year, accreditation_points=150)
    attended(session, NURSE, datetime(2026, 2, 1, 9, tzinfo=UTC), accreditation_points=200)
    attended(session, NURSE, NOW, kind=SessionKind.LECTURE)
    attended(session, NURSE, new_year - timedelta(hours=3), kind=SessionKind.INTERVISION)
    for values, came in ((HELD, False), (HELD, None), ({}, True)):
        give_place(session, plan(session, NOW, **values), NURSE, has_attended=came)
    attended(session, SURGEON, NOW)
    ids = [store_person(session, NURSE, now=NOW).id]
    years = hours_by_year(session, ids, ZONE)
    three = timedelta(hours=3)
    assert list(years) == [2026, 2025]
    assert years[2026].by_kind == {SessionKind.TRAINING: 2 * three, SessionKind.LECTURE: three}
    assert (years[2026].total, years[2026].points) == (3 * three, 350)
    assert years[2025].by_kind == {SessionKind.INTERVISION: three}
    assert hours_by_year(session, [], ZONE) == {}


def test_every_supporter_is_in_the_table_of_a_year(app: Flask, session: orm.Session) -> None:
    on_roster(session, NURSE, SupporterState.APPOINTED)
    on_roster(session, SURGEON, SupporterState.RETIRED)
    on_roster(session, COORDINATOR, SupporterState.NOMINATED)
    retired = Person("Anna Away", email="anna@hospital.example")
    on_roster(session, retired, SupporterState.RETIRED)
    attended(session, SURGEON, NOW, accreditation_points=100)
    rows = hours_of_supporters(session, 2026, ZONE)
    assert [(row.name, row.hours.total, row.hours.points) for row in rows] == [
        (NURSE.name, timedelta(), 0),
        (SURGEON.name, timedelta(hours=3), 100),
    ]
    assert kinds_in(row.hours for row in rows) == [SessionKind.TRAINING]
    assert [row.name for row in hours_of_supporters(session, 2025, ZONE)] == [NURSE.name]


def test_a_name_that_is_no_longer_kept_leaves_its_hours(
    small_app: Flask, small_session: orm.Session
) -> None:
    on_roster(small_session, NURSE, SupporterState.RETIRED)
    attended(small_session, NURSE, NOW)
    small_session.execute(sa.update(PersonRecord).values(month="2001-01"))
    commit(small_session)
    (row,) = hours_of_supporters(small_session, 2026, ZONE)
    assert (row.name, row.hours.total) == ("name no longer kept", timedelta(hours=3))


def test_the_table_takes_as_many_statements_for_thirty(
    small_app: Flask, small_session: orm.Session
) -> None:
    counts = []
    for number in range(30):
        person = Person(f"Nurse {number}", email=f"n{number}@hospital.example")
        on_roster(small_session, person, SupporterState.APPOINTED)
        attended(small_session, person, NOW)
        if number in (0, 29):
            small_session.rollback()
            with counted(small_app) as statements:
                assert len(hours_of_supporters(small_session, 2026, ZONE)) == number + 1
            counts.append(len(statements))
    assert counts[0] == counts[1]


def test_figures_are_written_as_people_do() -> None:
    with use_locale("nl"):
        assert [hours_text(timedelta(minutes=m)) for m in (0, 90, 180, 100)] == [
            "0",
            "1,5",
            "3",
            "1,67",
        ]
        assert [points_text(p) for p in (0, 50, 150, 1200)] == ["0", "0,5", "1,5", "12"]
    with use_locale("en"):
        assert (hours_text(timedelta(minutes=90)), points_text(150)) == ("1.5", "1.5")
