"""The load of supporters as it is counted and read, and the pages that show it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport import clock
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.runtime import EXTENSION
from flask_peersupport.supporters.actions import SupporterDetails, add_supporter, pause_supporter
from flask_peersupport.supporters.care import AFTER_USE, NOT_DUE, UNUSED
from flask_peersupport.supporters.care_counting import count_deployment, uncount_deployment
from flask_peersupport.supporters.care_queries import (
    LoadRow,
    due_first,
    read_load,
    read_team_load,
)
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from tests.supporters.conftest import NOW, Visitor, counted
from tests.supporters.host import COORDINATOR, NURSE

S = SupporterState


@pytest.fixture(autouse=True)
def _at_now() -> Iterator[None]:
    with clock.stopped_at(NOW):
        yield


def put(session: orm.Session, person: Person, state: SupporterState = S.APPOINTED) -> Supporter:
    details = SupporterDetails("nurse")
    return add_supporter(session, person, details, state=state, actor="command", now=NOW)


def named(name: str) -> Person:
    return Person(name, email=f"{name.lower()}@hospital.example")


def take(session: orm.Session, supporter: Supporter, *moments: datetime) -> None:
    """Let a supporter take reach-outs, as answering a request does."""
    for moment in moments:
        supporter.deployments += 1
        supporter.last_deployed_at = moment
        count_deployment(session, supporter.id, now=moment)
    session.flush()


def row_of(session: orm.Session, supporter: Supporter, now: datetime = NOW) -> LoadRow:
    return read_load(session, supporter, now)


def test_reach_outs_are_counted_in_the_month_of_the_hospital(session: orm.Session) -> None:
    supporter = put(session, NURSE)
    # half past midnight on 1 February, in Amsterdam
    take(session, supporter, datetime(2026, 1, 31, 23, 30, tzinfo=UTC))
    assert row_of(session, supporter).by_month == {"2026-02": 1}


def test_what_is_given_back_is_taken_out_of_the_month_it_was_counted_in(
    session: orm.Session,
) -> None:
    supporter, other = put(session, NURSE), put(session, named("Other"))
    january, february = (datetime(2026, month, 10, tzinfo=UTC) for month in (1, 2))
    take(session, supporter, january, january, february)
    take(session, other, january)
    uncount_deployment(session, supporter.id, taken_at=january)
    session.flush()
    assert row_of(session, supporter).by_month == {"2026-01": 1, "2026-02": 1}
    assert row_of(session, other).by_month == {"2026-01": 1}


def test_giving_back_what_was_never_counted_changes_nothing(session: orm.Session) -> None:
    supporter, other = put(session, NURSE), put(session, named("Other"))
    earlier = NOW - timedelta(days=90)
    take(session, supporter, NOW)
    take(session, other, earlier)
    uncount_deployment(session, supporter.id, taken_at=earlier)
    session.flush()
    assert row_of(session, supporter).by_month == {"2026-03": 1}
    assert row_of(session, other).by_month == {"2025-12": 1}


def test_the_past_year_is_twelve_months_with_this_one(session: orm.Session) -> None:
    supporter = put(session, NURSE)
    for day in (date(2025, 3, 31), date(2025, 4, 1), date(2026, 3, 1)):
        take(session, supporter, datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    row = row_of(session, supporter)
    assert (row.deployments, row.in_past_year) == (3, 2)


def test_the_team_has_its_active_supporters_in_order_of_name(session: orm.Session) -> None:
    put(session, named("Cor"))
    away = put(session, named("An"))
    put(session, named("Bo"), S.TRAINED)
    pause_supporter(session, away, NOW.date(), actor="command", now=NOW)
    rows = read_team_load(session, NOW)
    assert [(row.person.name, row.is_away) for row in rows] == [("An", True), ("Cor", False)]


def test_who_is_due_is_told_with_the_reason_the_overdue_first(session: orm.Session) -> None:
    fresh, used, unused, double = (put(session, named(name)) for name in ("An", "Bo", "Cor", "Di"))
    assert fresh.appointed_on == NOW.date()
    take(session, used, NOW, NOW, NOW)
    take(session, double, *[NOW] * 6)
    unused.appointed_on = NOW.date() - timedelta(days=366)
    session.flush()
    found = [row for row in due_first(read_team_load(session, NOW)) if row.care.is_due]
    assert [(row.person.name, row.care.code, row.care.status) for row in found] == [
        ("Di", AFTER_USE, "overdue"),
        ("Cor", UNUSED, "due"),
        ("Bo", AFTER_USE, "due"),
    ]
    assert row_of(session, fresh).care.code == NOT_DUE


def test_who_works_elsewhere_has_intervision_there(session: orm.Session) -> None:
    supporter = put(session, NURSE)
    supporter.is_external = True
    take(session, supporter, *[NOW] * 9)
    care = row_of(session, supporter).care
    assert (care.is_due, care.due_on) == (False, None)


def test_the_pages_are_whole_for_who_works_elsewhere(small_app: Flask) -> None:
    stage(small_app)
    with small_app.app_context():
        session = small_app.extensions[EXTENSION].storage.session()
        session.execute(sa.update(Supporter).values(is_external=True))
        session.commit()
    own = Visitor(small_app, NURSE).get("/supporters/me/load").get_data(as_text=True)
    team = Visitor(small_app, COORDINATOR).get("/supporters/load").get_data(as_text=True)
    assert "no intervision yet" not in own + team
    assert "You in the directory" not in own


def test_an_intervision_settles_it(session: orm.Session) -> None:
    supporter = put(session, NURSE)
    take(session, supporter, NOW, NOW, NOW)
    supporter.intervision_on = NOW.date()
    supporter.deployments_at_intervision = 3
    session.flush()
    care = row_of(session, supporter).care
    assert (care.is_due, care.due_on) == (False, NOW.date() + timedelta(days=365))


def stage(app: Flask, count: int = 0) -> None:
    with app.app_context():
        session = app.extensions[EXTENSION].storage.session()
        nurse = put(session, NURSE)
        take(session, nurse, datetime(2025, 11, 5, tzinfo=UTC), NOW, NOW, NOW)
        for number in range(count):
            take(session, put(session, named(f"Other{number:02}")), NOW)
        session.commit()


def actions(app: Flask) -> list[str]:
    with app.app_context():
        session = app.extensions[EXTENSION].storage.session()
        return list(session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))


def test_the_own_page_shows_the_load_and_why_intervision_is_due(app: Flask) -> None:
    stage(app)
    page = Visitor(app, NURSE).get("/supporters/me/load").get_data(as_text=True)
    assert "4 reach-outs taken, and no intervision yet" in " ".join(page.split())
    assert "intervision due" in page
    assert page.count('role="img"') == 1
    rows = [re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in page.split("<tr>")[2:]]
    assert rows == [["2026", "3", "–", "–", "–", "3"], ["2025", "0", "0", "0", "1", "1"]]
    assert actions(app)[-1] == "supporter.load_seen"


def test_the_team_page_shows_everybody_in_the_order_asked_for(app: Flask) -> None:
    stage(app, 2)
    coordinator = Visitor(app, COORDINATOR)

    def order(query: str) -> list[str]:
        page = coordinator.get(f"/supporters/load{query}").get_data(as_text=True)
        names = ("Nadia Nurse", "Other00", "Other01")
        return sorted(names, key=lambda name: page.index(f">{name}<"))

    assert order("") == ["Nadia Nurse", "Other00", "Other01"]
    assert order("?sort=name") == ["Nadia Nurse", "Other00", "Other01"]
    assert order("?sort=load") == ["Nadia Nurse", "Other00", "Other01"]
    with app.app_context():
        session = app.extensions[EXTENSION].storage.session()
        nurse = session.scalars(sa.select(Supporter).where(Supporter.deployments == 4)).one()
        for moment in (NOW, NOW, NOW, datetime(2025, 11, 5, tzinfo=UTC)):
            uncount_deployment(session, nurse.id, taken_at=moment)
            session.flush()
        session.commit()
    assert order("?sort=load") == ["Other00", "Other01", "Nadia Nurse"]
    assert order("?sort=odd") == ["Nadia Nurse", "Other00", "Other01"]
    assert actions(app)[-1] == "load.seen"


def test_many_supporters_take_as_many_statements_as_few(small_app: Flask) -> None:
    stage(small_app)
    coordinator = Visitor(small_app, COORDINATOR)
    coordinator.get("/supporters/load")
    with counted(small_app) as few:
        coordinator.get("/supporters/load")
    with small_app.app_context():
        session = small_app.extensions[EXTENSION].storage.session()
        for number in range(30):
            take(session, put(session, named(f"Other{number:02}")), NOW)
        session.commit()
    with counted(small_app) as many:
        page = coordinator.get("/supporters/load").get_data(as_text=True)
    assert page.count(">Other") == 30
    assert len(many) == len(few)


def test_the_coverage_page_shows_gaps_first_and_where_to_recruit(app: Flask) -> None:
    from flask_peersupport.access.department_actions import DepartmentDetails, add_department

    with app.app_context():
        session = app.extensions[EXTENSION].storage.session()
        for name in ("Aaa", "IC", "Surgery"):
            add_department(session, DepartmentDetails(name), actor="command", now=NOW)
        for number, name in enumerate(("IC", "Aaa", "Aaa")):
            details = SupporterDetails("nurse", departments=(name,))
            add_supporter(
                session,
                named(f"N{number}"),
                details,
                state=S.APPOINTED,
                actor="command",
                now=NOW,
            )
        session.commit()
    page = Visitor(app, COORDINATOR).get("/supporters/coverage").get_data(as_text=True)
    table = page[page.index("<tbody") :]
    assert table.index(">Aaa<") < table.index(">IC<") < table.index(">Surgery<")
    assert "2 departments that have nobody would have somebody." in page
    assert "url(#coverage-level-0)" in page
    assert "N1" not in page
    assert actions(app)[-1] == "coverage.seen"


def test_without_departments_the_coverage_page_says_so(small_app: Flask) -> None:
    page = Visitor(small_app, COORDINATOR).get("/supporters/coverage")
    assert "There are no departments in the list yet." in page.get_data(as_text=True)
