"""What happens to supporters."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.access.department_actions import (
    DepartmentDetails,
    add_department,
    change_department,
)
from flask_peersupport.access.models import Department
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.errors import InvalidInput, InvalidTransition
from flask_peersupport.runtime import current_runtime
from flask_peersupport.supporters.actions import (
    SupporterDetails,
    add_supporter,
    change_criteria,
    change_supporter,
    move_supporter,
    pause_supporter,
    refresh_departments,
    resume_supporter,
)
from flask_peersupport.supporters.models import Supporter, SupporterDepartment
from flask_peersupport.supporters.states import TRANSITIONS, SupporterState, next_states
from flask_peersupport.values import Person
from tests.supporters.conftest import NOW
from tests.supporters.host import NURSE

TODAY = date(2026, 3, 3)
S = SupporterState


def create_supporter(
    session: orm.Session, state: SupporterState = S.APPOINTED, *departments: str
) -> Supporter:
    details = SupporterDetails(profession="nurse", departments=departments)
    supporter = add_supporter(session, NURSE, details, state=state, actor="command", now=NOW)
    session.commit()
    return supporter


def create_department(
    session: orm.Session, name: str, parent: Department | None = None
) -> Department:
    details = DepartmentDetails(name, parent_id=parent.id if parent else None)
    return add_department(session, details, actor="command", now=NOW)


def resolved(session: orm.Session) -> list[str | None]:
    session.expire_all()
    rows = sa.select(SupporterDepartment.resolved).order_by(SupporterDepartment.name)
    return list(session.scalars(rows))


def audited(session: orm.Session) -> list[tuple[str, str | None]]:
    rows = session.execute(
        sa.select(AuditEntry.action, AuditEntry.detail)
        .where(AuditEntry.action.startswith("supporter"))
        .order_by(AuditEntry.id)
    )
    return [(action, detail) for action, detail in rows]


def test_added_supporter_is_stored_and_audited(session: orm.Session) -> None:
    create_department(session, "Heelkunde")
    supporter = create_supporter(session, S.APPOINTED, "HEELKUNDE", "Elders")

    session.expire_all()
    assert supporter.record.person.name == NURSE.name
    assert supporter.record.person.department == "HEELKUNDE; Elders"
    assert supporter.record.is_lasting
    assert (supporter.has_account, supporter.appointed_on) == (True, TODAY)
    assert [(row.name, row.resolved) for row in supporter.departments] == [
        ("Elders", None),
        ("HEELKUNDE", "Heelkunde"),
    ]
    assert audited(session) == [("supporter.added", "appointed")]


@pytest.mark.parametrize(
    "person",
    [NURSE, Person("Another name", email=NURSE.email), Person("N", user_id="2")],
)
def test_person_is_on_the_roster_once(small_session: orm.Session, person: Person) -> None:
    create_supporter(small_session)

    with pytest.raises(InvalidInput) as caught:
        add_supporter(small_session, person, SupporterDetails(), actor="command", now=NOW)
    assert list(caught.value.fields) == ["email"]


def test_issued_again_user_id_is_another_person(small_session: orm.Session) -> None:
    create_supporter(small_session)
    other = Person("Somebody new", email="new@hospital.example", user_id="2")

    assert add_supporter(small_session, other, SupporterDetails(), actor="command", now=NOW)


@pytest.mark.parametrize(
    ("details", "field"),
    [
        (SupporterDetails(profession="wizard"), "profession"),
        (SupporterDetails(discipline="wizard"), "discipline"),
        (SupporterDetails(seniority="wizard"), "seniority"),
        (SupporterDetails(departments=tuple("abcdefghijk")), "departments"),
        (SupporterDetails(departments=("a" * 201,)), "departments"),
        (SupporterDetails(max_open=0), "max_open"),
        (SupporterDetails(max_open=21), "max_open"),
        (SupporterDetails(max_per_quarter=-1), "max_per_quarter"),
    ],
)
def test_details_that_cannot_be_right_are_refused(
    small_session: orm.Session, details: SupporterDetails, field: str
) -> None:
    supporter = create_supporter(small_session)

    with pytest.raises(InvalidInput) as caught:
        change_supporter(small_session, supporter, details, actor="command", now=NOW)
    assert list(caught.value.fields) == [field]


def test_change_replaces_details_and_telephone(session: orm.Session) -> None:
    create_department(session, "IC")
    supporter = create_supporter(session, S.APPOINTED, "IC", "Elders")
    kept = supporter.departments[1].id

    details = SupporterDetails("physician", "medical", None, ("IC", "Nieuw"), True, True, 1, 4)
    change_supporter(session, supporter, details, phone="12345", actor="command", now=NOW)
    session.commit()

    assert (supporter.profession, supporter.discipline) == ("physician", "medical")
    assert (supporter.is_external, supporter.is_asked_at_night) == (True, True)
    assert (supporter.max_open, supporter.max_per_quarter) == (1, 4)
    assert supporter.record.person.phone == "12345"
    assert supporter.record.person.name == NURSE.name
    assert [row.name for row in supporter.departments] == ["IC", "Nieuw"]
    assert supporter.departments[0].id == kept
    assert session.scalar(sa.select(sa.func.count()).select_from(SupporterDepartment)) == 2


@pytest.mark.parametrize(
    ("current", "was_appointed", "target"),
    [
        (current, was_appointed, target)
        for current, target in product(S, S)
        for was_appointed in (
            [True, False] if current is S.RETIRED else [current in (S.APPOINTED, S.PAUSED)]
        )
    ],
)
def test_states_follow_the_table(
    small_session: orm.Session,
    current: SupporterState,
    was_appointed: bool,
    target: SupporterState,
) -> None:
    supporter = create_supporter(small_session, current)
    if was_appointed:
        supporter.appointed_on = TODAY
        small_session.commit()

    if target in next_states(current, was_appointed=was_appointed):
        move_supporter(small_session, supporter, target, actor="command", now=NOW)
        assert supporter.state is target
        assert audited(small_session)[-1] == ("supporter.moved", target.value)
    else:
        with pytest.raises(InvalidTransition) as caught:
            move_supporter(small_session, supporter, target, actor="command", now=NOW)
        assert (caught.value.current, caught.value.target) == (current.value, target.value)


@pytest.mark.parametrize("state", [state for state in S if state is not S.RETIRED])
def test_next_states_are_the_tables(state: SupporterState) -> None:
    for was_appointed in (True, False):
        assert next_states(state, was_appointed=was_appointed) == TRANSITIONS[state]


def test_who_retired_comes_back_to_where_they_were() -> None:
    assert next_states(S.RETIRED, was_appointed=True) == {S.APPOINTED}
    assert next_states(S.RETIRED, was_appointed=False) == {S.INVITED}


@pytest.mark.parametrize(
    "values",
    [
        {"state": S.APPOINTED, "appointed_on": None},
        {"state": S.PAUSED, "appointed_on": None},
        {"state": S.TRAINED, "appointed_on": TODAY},
        {"state": S.INVITED, "appointed_on": None, "invited_at": None},
        {"state": S.APPOINTED, "refused_at": NOW},
    ],
)
def test_database_ties_states_to_facts(session: orm.Session, values: dict[str, object]) -> None:
    create_supporter(session)

    with pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.update(Supporter).values(**values))
    session.rollback()


def test_criteria_are_those_of_the_settings(small_session: orm.Session) -> None:
    supporter = create_supporter(small_session)
    for ticked in (["open_mind", "wizardry", "experience"], ["experience", "open_mind"], []):
        change_criteria(small_session, supporter, ticked, actor="command", now=NOW)
        small_session.commit()
        if ticked:
            assert supporter.criteria == ("experience", "open_mind")

    assert supporter.criteria == ()
    assert audited(small_session)[1:] == [("supporter.changed", "criteria")] * 2


@pytest.mark.parametrize(
    ("state", "trained_on", "appointed_on", "fields"),
    [
        (S.TRAINED, TODAY, None, []),
        (S.APPOINTED, TODAY, date(2020, 1, 31), []),
        (S.RETIRED, None, date(2020, 1, 31), []),
        (S.TRAINED, date(2026, 3, 4), None, ["trained_on"]),
        (S.APPOINTED, None, date(2026, 3, 4), ["appointed_on"]),
        (S.TRAINED, None, TODAY, ["appointed_on"]),
    ],
)
def test_days_of_who_is_added_have_to_fit(
    small_session: orm.Session,
    state: SupporterState,
    trained_on: date | None,
    appointed_on: date | None,
    fields: list[str],
) -> None:
    def add() -> Supporter:
        return add_supporter(
            small_session,
            NURSE,
            SupporterDetails(),
            state=state,
            trained_on=trained_on,
            appointed_on=appointed_on,
            actor="command",
            now=NOW,
        )

    if fields:
        with pytest.raises(InvalidInput) as caught:
            add()
        assert list(caught.value.fields) == fields
    else:
        supporter = add()
        assert (supporter.trained_on, supporter.appointed_on) == (trained_on, appointed_on)


def test_appointment_keeps_its_first_day(session: orm.Session) -> None:
    supporter = create_supporter(session, S.TRAINED)
    for days, state in enumerate((S.APPOINTED, S.RETIRED, S.APPOINTED)):
        move_supporter(session, supporter, state, actor="command", now=NOW + timedelta(days=days))
        session.commit()

    assert supporter.appointed_on == TODAY


def test_nobody_retires_with_open_reach_outs(session: orm.Session) -> None:
    """Also when the other process made it one just now."""
    supporter = create_supporter(session)
    assert supporter.open_count == 0  # read, and kept in the session
    with current_runtime().storage.work() as other:
        other.execute(sa.update(Supporter).values(open_count=1))
        other.commit()

    with pytest.raises(InvalidInput):
        move_supporter(session, supporter, S.RETIRED, actor="command", now=NOW)


def test_pause_with_an_end_leaves_the_state(session: orm.Session) -> None:
    supporter = create_supporter(session)

    pause_supporter(session, supporter, date(2026, 3, 10), actor=NURSE, now=NOW)
    assert (supporter.state, supporter.paused_until_on) == (S.APPOINTED, date(2026, 3, 10))
    pause_supporter(session, supporter, None, actor=NURSE, now=NOW)
    assert (supporter.state, supporter.paused_until_on) == (S.PAUSED, None)
    pause_supporter(session, supporter, TODAY, actor=NURSE, now=NOW)
    assert (supporter.state, supporter.paused_until_on) == (S.APPOINTED, TODAY)
    resume_supporter(session, supporter, actor=NURSE, now=NOW)
    assert (supporter.state, supporter.paused_until_on) == (S.APPOINTED, None)
    session.commit()
    assert audited(session)[1:] == [
        ("supporter.paused", "2026-03-10"),
        ("supporter.paused", None),
        ("supporter.paused", "2026-03-03"),
        ("supporter.resumed", None),
    ]


@pytest.mark.parametrize("day", [TODAY - timedelta(days=1), TODAY + timedelta(days=733), date.max])
def test_day_that_has_passed_or_is_years_ahead_is_no_pause(
    small_session: orm.Session, day: date
) -> None:
    supporter = create_supporter(small_session)

    with pytest.raises(InvalidInput) as caught:
        pause_supporter(small_session, supporter, day, actor=NURSE, now=NOW)
    assert list(caught.value.fields) == ["until_on"]
    furthest = TODAY + timedelta(days=732)
    pause_supporter(small_session, supporter, furthest, actor=NURSE, now=NOW)
    assert supporter.paused_until_on == furthest


@pytest.mark.parametrize("state", [S.NOMINATED, S.INVITED, S.TRAINED, S.RETIRED])
def test_only_who_is_appointed_pauses(small_session: orm.Session, state: SupporterState) -> None:
    supporter = create_supporter(small_session, state)

    with pytest.raises(InvalidTransition):
        pause_supporter(small_session, supporter, None, actor=NURSE, now=NOW)
    with pytest.raises(InvalidTransition):
        resume_supporter(small_session, supporter, actor=NURSE, now=NOW)


def test_refresh_follows_the_list(session: orm.Session) -> None:
    create_supporter(session, S.APPOINTED, "Aorta", "Vaten")
    assert resolved(session) == [None, None]

    surgery = create_department(session, "Heelkunde")
    vessels = create_department(session, "Vaten", surgery)
    assert refresh_departments(session) == 1
    # of two that have the same relatives, the first stands for both
    assert resolved(session) == [None, "Heelkunde"]

    create_department(session, "Aorta", vessels)
    create_department(session, "Trauma", surgery)
    assert refresh_departments(session) == 2
    assert resolved(session) == ["Aorta", "Aorta"]
    create_department(session, "Shunt", vessels)
    assert refresh_departments(session) == 1
    assert resolved(session) == ["Aorta", "Vaten"]

    details = DepartmentDetails(
        "Aorta", valid_until=TODAY - timedelta(days=400), parent_id=vessels.id
    )
    aorta = session.scalars(sa.select(Department).filter_by(name="Aorta")).one()
    change_department(session, aorta, details, actor="command", now=NOW)
    assert refresh_departments(session) == 1
    assert resolved(session) == [None, "Vaten"]
    assert refresh_departments(session) == 0


def test_names_are_in_no_table(session: orm.Session, app: Flask) -> None:
    create_supporter(session, S.APPOINTED, "IC")

    for table in sa.inspect(session.connection()).get_table_names():
        rows = session.execute(sa.text(f"SELECT * FROM {table}")).all()
        assert "Nadia" not in repr(rows)
        assert "nadia" not in repr(rows)
