"""What a row of a declaration reveals: nothing. What it holds: enough for later keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.access.department_actions import (
    DepartmentDetails,
    add_department,
    change_department,
)
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.errors import InvalidInput, NotAllowed
from flask_peersupport.runtime import current_runtime
from flask_peersupport.supporters.actions import (
    SupporterDetails,
    add_supporter,
    refresh_departments,
)
from flask_peersupport.supporters.conflict_actions import (
    declare_colleague,
    declare_with_department,
    find_colleague,
    take_back,
)
from flask_peersupport.supporters.declarations import (
    ROWS,
    conflict_marks,
    declare,
    declare_department,
    is_conflict,
    open_said,
    own_conflicts,
    reseal_declarations,
)
from flask_peersupport.supporters.models import Declaration, Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from tests.supporters.conftest import NOW
from tests.supporters.host import COORDINATOR, NURSE, SURGEON

COLLEAGUE = Person("Anna Vos", email="anna@hospital.example", user_id="12")
LATER = datetime(2026, 5, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def supporter(session: orm.Session) -> Supporter:
    return create(session)


@pytest.fixture
def small_supporter(small_session: orm.Session) -> Supporter:
    return create(small_session)


def create(session: orm.Session) -> Supporter:
    state = SupporterState.APPOINTED
    made = add_supporter(session, NURSE, SupporterDetails(), state=state, actor="command", now=NOW)
    session.commit()
    return made


def marks(person: Person | None, *departments: str, at: datetime = NOW) -> set[str]:
    return set(conflict_marks(current_runtime().keys.live(at), person, departments))


def rules_out(session: orm.Session, wanted: set[str]) -> bool:
    keys = current_runtime().keys
    rows = session.scalars(sa.select(Declaration).where(Declaration.mark.in_(wanted)))
    return any(is_conflict(keys, row.id, row.month, row.sealed_reason) for row in rows)


def test_every_declaration_leaves_rows_that_look_alike(
    session: orm.Session, supporter: Supporter
) -> None:
    made = [
        declare(session, supporter.id, COLLEAGUE, reason, NOW)
        for reason in ("conflict", "workload", "unavailable")
    ]
    made.append(declare(session, supporter.id, Person("Jan"), "conflict", NOW, label="Jan"))
    made.append(
        declare(session, supporter.id, Person("字" * 120), "conflict", NOW, label="字" * 120)
    )
    made.append(declare(session, supporter.id, Person(""), "workload", NOW))
    made.append(declare_department(session, supporter.id, "Ward 1", NOW))
    session.commit()
    assert [len(rows) for rows in made] == [ROWS] * len(made)
    rows = session.scalars(sa.select(Declaration)).all()
    assert {(len(row.sealed_reason), len(row.mark), row.month) for row in rows} == {
        (1024 + 28, 64, "2026-03")
    }
    for row in rows:
        for word in (b"conflict", b"Anna", b"anna@", b"Ward", b"Jan"):
            assert word not in row.sealed_reason


def test_a_reason_is_a_short_code(small_session: orm.Session, small_supporter: Supporter) -> None:
    with pytest.raises(ValueError, match="short code"):
        declare(small_session, small_supporter.id, COLLEAGUE, "x" * 60, NOW)


def test_a_text_that_is_too_long_never_stops_a_no(
    small_session: orm.Session, small_supporter: Supporter
) -> None:
    endless = Person("x" * 3000, user_id="1")
    declare(small_session, small_supporter.id, endless, "conflict", NOW)
    assert rules_out(small_session, marks(endless))


def test_own_list_shows_what_was_declared_and_no_name_of_a_request(
    small_session: orm.Session, small_supporter: Supporter
) -> None:
    session, supporter = small_session, small_supporter
    add_department(session, DepartmentDetails("Ward 1"), actor=COORDINATOR, now=NOW)
    declare(session, supporter.id, COLLEAGUE, "conflict", NOW)
    declare(session, supporter.id, COLLEAGUE, "workload", NOW)
    declare_colleague(session, supporter, SURGEON, actor=NURSE, now=NOW + timedelta(days=1))
    declare_with_department(session, supporter, "ward 1", actor=NURSE, now=NOW + timedelta(days=2))
    found = own_conflicts(session, supporter.id)
    assert [(c.label, c.is_department, c.is_standing, c.said_on.day) for c in found] == [
        ("Ward 1", True, True, 5),
        (SURGEON.name, False, True, 4),
        ("", False, False, 3),
    ]


def test_taking_back_ends_a_standing_one_and_no_other(
    session: orm.Session, supporter: Supporter
) -> None:
    declare(session, supporter.id, COLLEAGUE, "conflict", NOW)
    declare_colleague(session, supporter, SURGEON, actor=NURSE, now=NOW)
    standing = {one.label: one.group for one in own_conflicts(session, supporter.id)}
    with pytest.raises(NotAllowed):
        take_back(session, supporter, standing[""], actor=NURSE, now=NOW)
    take_back(session, supporter, standing[SURGEON.name], actor=NURSE, now=NOW)
    session.commit()
    assert not rules_out(session, marks(SURGEON))
    assert rules_out(session, marks(COLLEAGUE))
    with pytest.raises(NotAllowed):
        take_back(session, supporter, standing[SURGEON.name], actor=NURSE, now=NOW)


def test_the_same_twice_oneself_and_unknown_departments_are_refused(
    small_session: orm.Session, small_supporter: Supporter
) -> None:
    session, supporter = small_session, small_supporter
    add_department(session, DepartmentDetails("Ward 1"), actor=COORDINATOR, now=NOW)
    declare_colleague(session, supporter, SURGEON, actor=NURSE, now=NOW)
    declare_with_department(session, supporter, "Ward 1", actor=NURSE, now=NOW)
    for person in (SURGEON, NURSE, Person(SURGEON.name, email=SURGEON.email)):
        with pytest.raises(InvalidInput):
            declare_colleague(session, supporter, person, actor=NURSE, now=NOW)
    # somebody else of the same name is somebody else
    other = Person(SURGEON.name, email="other.sam@hospital.example")
    declare_colleague(session, supporter, other, actor=NURSE, now=NOW)
    for name in ("Ward 1", "WARD 1", "Nowhere", ""):
        with pytest.raises(InvalidInput):
            declare_with_department(session, supporter, name, actor=NURSE, now=NOW)


def test_who_is_meant_is_looked_up_where_that_is_certain(small_session: orm.Session) -> None:
    assert find_colleague("Sam", SURGEON.email or "", "") == SURGEON
    assert find_colleague("Nobody Known", "", "") == Person("Nobody Known")
    assert find_colleague("X", "x@elders.example", "forged") == Person("X", "x@elders.example")
    for name, email, field in (
        ("", "", "name"),
        ("X", "no address", "email"),
        ("x" * 121, "", "name"),
    ):
        with pytest.raises(InvalidInput) as error:
            find_colleague(name, email, "")
        assert list(error.value.fields) == [field]


def test_the_trail_says_that_something_changed_and_never_about_whom(
    small_session: orm.Session, small_supporter: Supporter
) -> None:
    session, supporter = small_session, small_supporter
    add_department(session, DepartmentDetails("Ward 1"), actor=COORDINATOR, now=NOW)
    session.execute(sa.delete(AuditEntry))
    declare_colleague(session, supporter, SURGEON, actor=NURSE, now=NOW)
    declare_with_department(session, supporter, "Ward 1", actor=NURSE, now=NOW)
    take_back(
        session, supporter, own_conflicts(session, supporter.id)[0].group, actor=NURSE, now=NOW
    )
    rows = session.scalars(sa.select(AuditEntry)).all()
    assert {(r.action, r.subject, r.detail, r.object_id) for r in rows} == {
        ("declarations.changed", None, None, supporter.id)
    }


def test_a_conflict_outlives_its_key_another_no_forgets_the_colleague(
    session: orm.Session, supporter: Supporter
) -> None:
    declare(session, supporter.id, COLLEAGUE, "conflict", NOW)
    declare(session, supporter.id, SURGEON, "workload", NOW)
    declare_department(session, supporter.id, "Ward 1", NOW)
    before = marks(SURGEON)
    assert reseal_declarations(session, "2026-03", LATER) == 3 * ROWS
    session.commit()
    rows = session.scalars(sa.select(Declaration)).all()
    assert {(row.month, len(row.sealed_reason), len(row.mark)) for row in rows} == {
        ("2026-05", 1024 + 28, 64)
    }
    key = [current_runtime().keys.get("2026-05")]
    assert rules_out(session, set(conflict_marks(key, COLLEAGUE, ())))
    assert rules_out(session, set(conflict_marks(key, None, ["Ward 1"])))
    assert not {row.mark for row in rows} & (before | set(conflict_marks(key, SURGEON, ())))
    keys = current_runtime().keys
    opened = [open_said(keys, row.id, row.month, row.sealed_reason) for row in rows]
    assert not any("sam" in said.text for said in opened)
    assert reseal_declarations(session, "2026-03", LATER) == 0


def test_a_department_that_is_renamed_stays_declared(
    session: orm.Session, supporter: Supporter
) -> None:
    ward = add_department(session, DepartmentDetails("Ward 1"), actor=COORDINATOR, now=NOW)
    declare_with_department(session, supporter, "Ward 1", actor=NURSE, now=NOW)
    new = DepartmentDetails("Cardiology")
    change_department(session, ward, new, actor=COORDINATOR, now=NOW)
    assert refresh_departments(session) == 1
    session.commit()
    assert rules_out(session, marks(None, "Cardiology"))
    assert not rules_out(session, marks(None, "Ward 1"))
    assert refresh_departments(session) == 0
    rows = session.scalars(sa.select(Declaration)).all()
    assert {row.month for row in rows} == {"2026-03"}
