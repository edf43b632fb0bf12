"""The directory: who opens it, whom it shows, and how one steps out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport import clock
from flask_peersupport.access.department_actions import DepartmentDetails, add_department
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.errors import InvalidInput
from flask_peersupport.runtime import EXTENSION
from flask_peersupport.supporters.actions import (
    SupporterDetails,
    add_supporter,
    move_supporter,
    pause_supporter,
)
from flask_peersupport.supporters.directory import (
    choose_listing,
    decide_directory,
    directory_mode,
    latest_decision,
    read_directory,
)
from flask_peersupport.supporters.directory_rules import DirectoryMode, is_shown_to_all
from flask_peersupport.supporters.models import DirectoryDecision, Supporter, SupporterPeriod
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from tests.supporters.conftest import NOW, Visitor, counted
from tests.supporters.host import COORDINATOR, NURSE, SURGEON

S = SupporterState
TODAY = NOW.date()
CLOSED, ALL, OPT_IN = DirectoryMode.CLOSED, DirectoryMode.ALL, DirectoryMode.OPT_IN


@pytest.fixture(autouse=True)
def _at_now() -> Iterator[None]:
    with clock.stopped_at(NOW):
        yield


def put(session: orm.Session, person: Person, **more: object) -> Supporter:
    details = SupporterDetails(
        profession=str(more.get("profession", "nurse")),
        departments=("ic ", "Elders") if more.get("two") else ("ic ",),
        is_external=bool(more.get("out")),
    )
    state = more.get("state", S.APPOINTED)
    assert isinstance(state, S)
    return add_supporter(session, person, details, state=state, actor="command", now=NOW)


def decide(
    session: orm.Session, mode: DirectoryMode, day: date = TODAY, later: int = 0
) -> DirectoryDecision:
    now = NOW + timedelta(seconds=later)
    return decide_directory(
        session, mode, decided_on=day, session_id=None, actor="command", now=now
    )


def named(name: str) -> Person:
    return Person(name, email=f"{name.lower()}@hospital.example", phone="050 1234567")


def shown(session: orm.Session, *, sees_all: bool = False, **only: str) -> list[str]:
    found = read_directory(session, TODAY, sees_all=sees_all, **only)
    return [entry.name for entry in found.entries]


def test_the_rule_by_hand() -> None:
    expected = {
        (ALL, None, False): True,
        (ALL, True, False): True,
        (OPT_IN, True, False): True,
    }
    for mode, choice, is_external in itertools.product(
        DirectoryMode, (None, True, False), (True, False)
    ):
        found = is_shown_to_all(mode, choice, is_external=is_external)
        assert found is expected.get((mode, choice, is_external), False), (mode, choice)


def test_the_directory_is_closed_until_the_group_decides(session: orm.Session) -> None:
    assert directory_mode(session) is CLOSED
    decide(session, ALL)
    assert directory_mode(session) is ALL


def test_the_latest_decision_counts_also_where_an_older_one_is_recorded_later(
    session: orm.Session,
) -> None:
    decide(session, ALL, date(2026, 1, 10))
    decide(session, OPT_IN, date(2026, 2, 10))
    decide(session, CLOSED, date(2025, 12, 10))
    assert directory_mode(session) is OPT_IN
    assert session.scalar(sa.select(sa.func.count()).select_from(DirectoryDecision)) == 3


def test_of_two_on_one_day_the_one_recorded_last_counts(session: orm.Session) -> None:
    for number, mode in enumerate((ALL, CLOSED, OPT_IN)):
        decide_directory(
            session,
            mode,
            decided_on=TODAY,
            session_id="s" * 32,
            actor="command",
            now=NOW + timedelta(seconds=number),
        )
    decision = latest_decision(session)
    assert decision is not None
    assert (decision.mode, decision.session_id) == (OPT_IN, "s" * 32)


def test_a_decision_is_audited_with_what_was_decided(session: orm.Session) -> None:
    decision = decide(session, OPT_IN)
    row = session.scalars(sa.select(AuditEntry)).one()
    assert (row.action, row.object_id, row.detail) == ("directory.decided", decision.id, "opt_in")


def test_nothing_is_decided_in_the_future(small_session: orm.Session) -> None:
    with pytest.raises(InvalidInput) as error:
        decide(small_session, ALL, TODAY + timedelta(days=1))
    assert list(error.value.fields) == ["decided_on"]
    assert directory_mode(small_session) is CLOSED


def test_everybody_sees_those_whom_the_decision_shows(session: orm.Session) -> None:
    silent, wants, steps_out = (put(session, named(name)) for name in ("Bo", "An", "Cor"))
    choose_listing(session, wants, True, actor=NURSE, now=NOW)
    choose_listing(session, steps_out, False, actor=NURSE, now=NOW)
    put(session, named("Ext"), out=True)
    put(session, named("Trainee"), state=S.TRAINED)
    assert silent.is_listed is None
    assert shown(session) == []
    decide(session, ALL)
    assert shown(session) == ["An", "Bo"]
    decide(session, OPT_IN, later=1)
    assert shown(session) == ["An"]
    assert shown(session, sees_all=True) == ["An", "Bo", "Cor", "Ext"]


def test_stepping_out_works_at_once(session: orm.Session) -> None:
    supporter = put(session, named("An"))
    decide(session, ALL)
    assert shown(session) == ["An"]
    choose_listing(session, supporter, False, actor=NURSE, now=NOW)
    assert shown(session) == []
    assert session.scalars(sa.select(AuditEntry.detail).order_by(AuditEntry.id)).all()[-1] == (
        "not_listed"
    )


def test_who_is_away_is_shown_to_supporters_as_away_and_to_others_not(
    session: orm.Session,
) -> None:
    paused, back, away = (put(session, named(name)) for name in ("An", "Bo", "Cor"))
    decide(session, ALL)
    pause_supporter(session, paused, None, actor="command", now=NOW)
    pause_supporter(session, away, TODAY, actor="command", now=NOW)
    back.paused_until_on = TODAY - timedelta(days=1)
    session.flush()
    assert shown(session) == ["Bo"]
    found = read_directory(session, TODAY, sees_all=True).entries
    assert [(one.name, one.is_away, one.away_until_on, one.is_shown_to_all) for one in found] == [
        ("An", True, None, False),
        ("Bo", False, None, True),
        ("Cor", True, TODAY, False),
    ]


def test_days_away_count_as_a_pause_does_and_other_hours_do_not(session: orm.Session) -> None:
    away, other, both, past = (put(session, named(name)) for name in ("An", "Bo", "Cor", "Di"))
    decide(session, ALL)
    day = timedelta(days=1)
    for supporter, first_on, last_on, week in (
        (away, TODAY, TODAY, None),
        (other, TODAY, TODAY, "d" * 168),
        (both, TODAY - day, TODAY + day, None),
        (past, TODAY - 3 * day, TODAY - day, None),
        (past, TODAY + day, TODAY + 3 * day, None),
    ):
        session.add(
            SupporterPeriod(
                supporter_id=supporter.id, first_on=first_on, last_on=last_on, week=week
            )
        )
    pause_supporter(session, both, TODAY + 2 * day, actor="command", now=NOW)
    assert shown(session) == ["Bo", "Di"]
    found = read_directory(session, TODAY, sees_all=True).entries
    assert [entry.away_until_on for entry in found] == [TODAY, None, TODAY + 2 * day, None]


def test_who_retired_is_shown_to_nobody(session: orm.Session) -> None:
    supporter = put(session, named("An"))
    decide(session, ALL)
    move_supporter(session, supporter, S.RETIRED, actor="command", now=NOW)
    assert shown(session) == shown(session, sees_all=True) == []


def test_it_is_filtered_by_profession_and_by_the_official_name_of_the_department(
    session: orm.Session,
) -> None:
    add_department(session, DepartmentDetails("IC"), actor="command", now=NOW)
    put(session, named("An"), profession="physician")
    put(session, named("Bo"), two=True)
    decide(session, ALL)
    found = read_directory(session, TODAY, sees_all=False)
    assert found.departments == ["Elders", "IC"]
    assert [entry.departments for entry in found.entries] == [("IC",), ("Elders", "IC")]
    assert shown(session, profession="physician") == ["An"]
    assert shown(session, department="IC") == ["An", "Bo"]
    assert shown(session, department="Elders") == ["Bo"]
    assert shown(session, department="Elders", profession="physician") == []


def test_the_filter_names_no_department_of_somebody_who_is_not_shown(
    small_session: orm.Session,
) -> None:
    put(small_session, named("An"), two=True, out=True)
    decide(small_session, ALL)
    assert read_directory(small_session, TODAY, sees_all=False).departments == []


def stage(app: Flask, mode: DirectoryMode | None) -> None:
    """Let the nurse be a supporter, with others; the surgeon is nobody in particular."""
    with app.app_context():
        session = app.extensions[EXTENSION].storage.session()
        put(session, NURSE)
        put(session, named("Zonder Account"))
        put(session, named("Buiten"), out=True)
        if mode is not None:
            decide(session, mode)
        session.commit()


def audited(app: Flask) -> list[str]:
    with app.app_context():
        session = app.extensions[EXTENSION].storage.session()
        return list(session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))


def names_on(page: str) -> list[str]:
    return [name for name in ("Nadia Nurse", "Zonder Account", "Buiten") if name in page]


def test_closed_it_is_there_for_supporters_and_coordinators_only(app: Flask) -> None:
    stage(app, None)
    absent = Visitor(app, SURGEON).get("/no-such-page")
    refused = Visitor(app, SURGEON).get("/directory")
    assert refused.status_code == 404
    assert refused.get_data() == absent.get_data()
    for person in (NURSE, COORDINATOR):
        page = Visitor(app, person).get("/directory")
        assert page.status_code == 200
        assert len(names_on(page.get_data(as_text=True))) == 3
    assert audited(app)[-2:] == ["directory.seen"] * 2


def test_open_it_is_there_for_everybody_with_a_number_to_tap(app: Flask) -> None:
    stage(app, ALL)
    visitor = Visitor(app, SURGEON)
    page = visitor.get("/directory").get_data(as_text=True)
    assert names_on(page) == ["Nadia Nurse", "Zonder Account"]
    assert 'href="tel:0501234567"' in page
    assert "Decided by the group" not in page
    assert "Take me out of it" not in page
    assert "seen by supporters only" not in page
    assert 'href="/peersupport/directory"' in visitor.get("/").get_data(as_text=True)


def test_a_supporter_steps_out_and_in_on_the_page(app: Flask) -> None:
    stage(app, ALL)
    nurse, surgeon = Visitor(app, NURSE), Visitor(app, SURGEON)
    assert nurse.post("/supporters/me/directory", form="/directory", listed="0").status_code == 302
    assert names_on(surgeon.get("/directory").get_data(as_text=True)) == ["Zonder Account"]
    assert "seen by supporters only" in nurse.get("/directory").get_data(as_text=True)
    nurse.post("/supporters/me/directory", form="/directory", listed="1")
    assert "Nadia Nurse" in surgeon.get("/directory").get_data(as_text=True)


def test_whatever_else_is_sent_is_a_stepping_out(small_app: Flask) -> None:
    stage(small_app, ALL)
    Visitor(small_app, NURSE).post("/supporters/me/directory", form="/directory", listed="yes")
    page = Visitor(small_app, SURGEON).get("/directory").get_data(as_text=True)
    assert "Nadia Nurse" not in page


def id_of(app: Flask, **only: object) -> str:
    with app.app_context():
        session = app.extensions[EXTENSION].storage.session()
        return str(session.scalars(sa.select(Supporter.id).filter_by(**only)).one())


def test_a_coordinator_notes_it_for_those_without_an_account_only(small_app: Flask) -> None:
    stage(small_app, ALL)
    coordinator = Visitor(small_app, COORDINATOR)
    without = id_of(small_app, has_account=False, is_external=False)
    page = coordinator.get("/directory").get_data(as_text=True)
    assert page.count("Zonder Account: out of the directory") == 1
    assert "Nadia Nurse: out of the directory" not in page
    assert coordinator.post(f"/supporters/{without}/directory", "/directory", listed="0")
    assert names_on(Visitor(small_app, SURGEON).get("/directory").get_data(as_text=True)) == [
        "Nadia Nurse"
    ]
    nurse = id_of(small_app, has_account=True)
    refused = coordinator.post(f"/supporters/{nurse}/directory", "/directory", listed="0")
    assert refused.status_code == 404
    assert "Nadia Nurse" in Visitor(small_app, SURGEON).get("/directory").get_data(as_text=True)


def test_odd_filters_show_everybody_or_nobody(small_app: Flask) -> None:
    stage(small_app, ALL)
    visitor = Visitor(small_app, SURGEON)
    wizard = visitor.get("/directory?profession=wizard").get_data(as_text=True)
    assert len(names_on(wizard)) == 2
    nowhere = visitor.get("/directory?department=%3Cb%3E").get_data(as_text=True)
    assert names_on(nowhere) == []
    assert "<b>" not in nowhere


def test_many_supporters_take_as_many_statements_as_few(small_app: Flask) -> None:
    stage(small_app, ALL)
    visitor = Visitor(small_app, SURGEON)
    visitor.get("/directory")
    with counted(small_app) as few:
        visitor.get("/directory")
    with small_app.app_context():
        session = small_app.extensions[EXTENSION].storage.session()
        for number in range(30):
            put(session, named(f"Other{number:02}"))
        session.commit()
    with counted(small_app) as many:
        page = visitor.get("/directory").get_data(as_text=True)
    assert page.count("Other") == 30
    assert len(many) == len(few)
