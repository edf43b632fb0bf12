"""The statements on each database: every hard rule by itself, the order, locks, conflicts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.matching.queries import (
    candidates,
    has_conflict,
    is_eligible,
    propose,
    propose_together,
    ruled_out,
)
from flask_peersupport.supporters.declarations import declare, declare_department
from flask_peersupport.supporters.models import Supporter, SupporterDepartment
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from tests.matching import worlds as w
from tests.matching.conftest import MemoryKeys
from tests.matching.worlds import Helper

DAY = timedelta(days=1)
FITS = Helper()
OUTSIDE = Helper(is_external=True, departments=())

#: What is different about a supporter, about the colleague, and the code of the rule it breaks.
BROKEN = {
    "nominated": (replace(FITS, state=SupporterState.NOMINATED), {}, "not_appointed"),
    "invited": (replace(FITS, state=SupporterState.INVITED), {}, "not_appointed"),
    "trained": (replace(FITS, state=SupporterState.TRAINED), {}, "not_appointed"),
    "retired": (replace(FITS, state=SupporterState.RETIRED), {}, "not_appointed"),
    "paused": (replace(FITS, state=SupporterState.PAUSED), {}, "paused"),
    "paused through today": (replace(FITS, paused_until_on=w.TODAY), {}, "paused"),
    "away today": (replace(FITS, stays=(w.Stay(0, 0),)), {}, "absent"),
    "away through today": (replace(FITS, stays=(w.Stay(-9, -8), w.Stay(-3, 0))), {}, "absent"),
    "away, whatever the hour": (replace(FITS, stays=(w.Stay(0, 3),)), {"hour": 13}, "absent"),
    "outside the usual hours": (replace(FITS, hours=frozenset({12})), {"hour": 13}, "hours"),
    "outside the hours of today": (
        replace(FITS, stays=(w.Stay(0, 1, frozenset({12})),)),
        {"hour": 13},
        "hours",
    ),
    "hours without the night": (
        replace(FITS, hours=frozenset({13})),
        {"hour": 13, "is_night": True},
        "night",
    ),
    "external unasked": (replace(FITS, is_external=True), {}, "outside"),
    "internal where outside is wished": (FITS, {"is_outside": True}, "outside"),
    "excluded person": (FITS, {"excluded_people": frozenset({0})}, "not_eligible"),
    "asked before": (FITS, {"excluded_supporters": frozenset({0})}, "already_asked"),
    "no department": (replace(FITS, departments=()), {}, "unknown_department"),
    "unknown department": (replace(FITS, departments=(w.UNKNOWN,)), {}, "unknown_department"),
    "one of two unknown": (
        replace(FITS, departments=("Neurology", w.UNKNOWN)),
        {},
        "unknown_department",
    ),
    "same department": (replace(FITS, departments=("Cardiology",)), {}, "own_department"),
    "same by alias": (replace(FITS, departments=("CAR",)), {}, "own_department"),
    "colleague by alias": (
        replace(FITS, departments=("Cardiology",)),
        {"departments": ("CAR",)},
        "own_department",
    ),
    "department above": (replace(FITS, departments=("Division",)), {}, "own_department"),
    "department below": (FITS, {"departments": ("Division",)}, "own_department"),
    "one of two the same": (
        replace(FITS, departments=("Neurology", "CAR")),
        {},
        "own_department",
    ),
    "second of the colleague": (
        FITS,
        {"departments": ("Cardiology", "Neurology")},
        "own_department",
    ),
    "department of the event": (FITS, {"event": "Neurology"}, "own_department"),
    "external of the department": (
        replace(OUTSIDE, departments=("Cardiology",)),
        {"is_outside": True},
        "own_department",
    ),
    "conflict": (replace(FITS, said=("conflict",)), {}, "not_eligible"),
    "workload, then conflict": (
        replace(FITS, said=("workload", "conflict", "unavailable")),
        {},
        "not_eligible",
    ),
    "set limit reached": (replace(FITS, open_count=2), {}, "limit"),
    "open and asked together": (replace(FITS, open_count=1, asked_count=1), {}, "limit"),
    "own limit reached": (replace(FITS, max_open=1, open_count=1), {}, "limit"),
    "own limit of none": (replace(FITS, max_open=0), {}, "limit"),
    "quarter limit reached": (
        replace(FITS, max_per_quarter=1, quarter_count=1, quarter=w.QUARTER),
        {},
        "quarter_limit",
    ),
    "quarter limit of none": (replace(FITS, max_per_quarter=0), {}, "quarter_limit"),
    "asked now": (replace(FITS, asked_count=1), {}, "cool_down"),
    "just deployed": (replace(FITS, last_deployed_at=w.NOW), {}, "cool_down"),
    "a moment short of rested": (
        replace(FITS, last_deployed_at=w.NOW - 30 * DAY + timedelta(microseconds=1)),
        {},
        "cool_down",
    ),
    "at night": (FITS, {"is_night": True}, "night"),
}

ALLOWED = {
    "plain": (FITS, {}),
    "pause is over": (replace(FITS, paused_until_on=w.TODAY - DAY), {}),
    "external as wished": (OUTSIDE, {"is_outside": True}),
    "external of another department": (
        replace(OUTSIDE, departments=("Neurology",)),
        {"is_outside": True},
    ),
    "external of an unknown department": (
        replace(OUTSIDE, departments=(w.UNKNOWN,)),
        {"is_outside": True},
    ),
    "sibling department": (replace(FITS, departments=("Neurology",)), {}),
    "said no for another reason": (replace(FITS, said=("workload", "unavailable")), {}),
    "conflict with somebody else": (replace(FITS, said_elsewhere=("conflict",)), {}),
    "own limit above the set one": (replace(FITS, max_open=4, open_count=3), {}),
    "below the quarter limit": (
        replace(FITS, max_per_quarter=2, quarter_count=1, quarter=w.QUARTER),
        {},
    ),
    "last quarter's count": (
        replace(FITS, max_per_quarter=1, quarter_count=5, quarter="2026Q3"),
        {},
    ),
    "just rested": (replace(FITS, last_deployed_at=w.NOW - 30 * DAY), {}),
    "at night by choice": (replace(FITS, is_asked_at_night=True), {"is_night": True}),
    "first hour of the week": (replace(FITS, hours=frozenset({0})), {"hour": 0}),
    "last hour of the week": (replace(FITS, hours=frozenset({167})), {"hour": 167}),
    "a coordinator decides on the hour": (replace(FITS, hours=frozenset({12})), {}),
    "hours of today instead of the usual": (
        replace(FITS, hours=frozenset({12}), stays=(w.Stay(0, 0, frozenset({13})),)),
        {"hour": 13},
    ),
    "usual hours after a period": (
        replace(FITS, hours=frozenset({13}), stays=(w.Stay(-2, -1), w.Stay(1, 2))),
        {"hour": 13},
    ),
    "nights of today": (
        replace(FITS, stays=(w.Stay(0, 0, frozenset({13})),)),
        {"hour": 13, "is_night": True},
    ),
    "another profession": (replace(FITS, profession=None), {}),
}


def asked_of(world: w.World, session: orm.Session) -> tuple[list[str], w.Need]:
    ids = w.store(session, world)
    need = w.need_in(world, ids)
    assert need is not None
    return ids, need


@pytest.mark.parametrize("case", BROKEN)
def test_each_hard_rule_rules_out_by_itself(session: orm.Session, case: str) -> None:
    helper, colleague, code = BROKEN[case]
    world = w.simple_world(helper, **colleague)
    ids, need = asked_of(world, session)
    assert candidates(session, need, world.limits, limit=5) == []
    assert propose(session, need, world.limits, world.hospital) is None
    assert ruled_out(session, need, world.limits) == {code: 1}
    verdict = is_eligible(session, need, world.limits, world.hospital, ids[0])
    assert (verdict.ok, verdict.code) == (False, code)


@pytest.mark.parametrize("case", ALLOWED)
def test_who_breaks_no_rule_may_be_asked(session: orm.Session, case: str) -> None:
    helper, colleague = ALLOWED[case]
    world = w.simple_world(helper, **colleague)
    ids, need = asked_of(world, session)
    assert [c.facts.id for c in candidates(session, need, world.limits, limit=5)] == ids
    found = propose(session, need, world.limits, world.hospital)
    assert found is not None
    assert (found.supporter_id, found.person_id) == (ids[0], w.person_id(ids[0]))
    assert ruled_out(session, need, world.limits) == {}
    assert is_eligible(session, need, world.limits, world.hospital, ids[0]).ok


def test_order_is_the_programmes(session: orm.Session) -> None:
    ago = {n: w.NOW - n * DAY for n in (40, 80)}
    ranked = [
        replace(FITS),
        replace(FITS, last_deployed_at=ago[80]),
        replace(FITS, last_deployed_at=ago[40]),
        replace(FITS, seniority="junior"),
        replace(FITS, discipline="medical"),
        replace(FITS, discipline=None, seniority=None),
        replace(FITS, deployments=1, last_deployed_at=ago[80]),
        replace(FITS, deployments=2),
        replace(FITS, profession="nurse"),
        replace(FITS, profession=None, deployments=1),
    ]
    world = w.simple_world(*ranked)
    ids, need = asked_of(world, session)
    for limit in range(1, len(ids) + 1):
        found = candidates(session, need, world.limits, limit=limit)
        assert [c.facts.id for c in found] == ids[:limit]
    for start in range(len(ids)):
        later = replace(need, excluded_supporters=frozenset(ids[:start]))
        proposal = propose(session, later, world.limits, world.hospital)
        assert proposal is not None
        assert proposal.supporter_id == ids[start]


def test_candidates_are_no_more_than_asked_for_and_each_once(session: orm.Session) -> None:
    team = [
        replace(
            FITS, deployments=n, departments=("Neurology", "Neurology "), said=("workload",) * 2
        )
        for n in range(4)
    ]
    world = w.simple_world(*[replace(one, departments=("Neurology",)) for one in team])
    ids, need = asked_of(world, session)
    for supporter_id in ids:
        session.add(
            SupporterDepartment(supporter_id=supporter_id, name="Neuro", resolved="Neurology")
        )
    found = candidates(session, need, world.limits, limit=3)
    assert [c.facts.id for c in found] == ids[:3]
    assert sorted(found[0].department_names) == ["Neuro", "Neurology"]


def test_who_has_no_account_is_left_to_the_telephone(session: orm.Session) -> None:
    world = w.simple_world(replace(FITS, has_account=False))
    ids, need = asked_of(world, session)
    assert propose(session, need, world.limits, world.hospital) is None
    found = propose(session, need, world.limits, world.hospital, with_account_only=False)
    assert found is not None
    assert found.supporter_id == ids[0]


def test_propose_behind_many_conflicts_goes_on(session: orm.Session) -> None:
    team = [replace(FITS, said=("conflict",)) for _ in range(11)]
    world = w.simple_world(*team, replace(FITS, deployments=1))
    ids, need = asked_of(world, session)
    found = propose(session, need, world.limits, world.hospital)
    assert found is not None
    assert found.supporter_id == ids[-1]
    assert found.explanation["ruled_out"] == {"not_eligible": 11}
    assert found.explanation["eligible_others"] == 0


def test_propose_sees_changes_that_are_not_flushed(session: orm.Session) -> None:
    world = w.simple_world(FITS)
    ids, need = asked_of(world, session)
    session.get_one(Supporter, ids[0]).asked_count = 2
    assert propose(session, need, world.limits, world.hospital) is None


def test_propose_uses_the_list_of_today_not_the_stored_name(session: orm.Session) -> None:
    world = w.simple_world(FITS)
    _, need = asked_of(world, session)
    merged = w.Hospital({1: "Heart and brain"}, {1: None}, {"Cardiology": 1, "Neurology": 1})
    own = merged.resolve("Cardiology")
    assert own is not None
    assert propose(session, replace(need, own_departments=own), world.limits, merged) is None
    gone = w.Hospital({1: "Cardiology"}, {1: None}, {})
    assert propose(session, need, world.limits, gone) is None


def test_unknown_department_of_the_colleague_leaves_nobody_from_inside(
    session: orm.Session,
) -> None:
    world = w.simple_world(FITS)
    ids, need = asked_of(world, session)
    need = replace(need, own_departments=frozenset())
    assert propose(session, need, world.limits, world.hospital) is None
    assert candidates(session, need, world.limits, limit=5) == []
    assert ruled_out(session, need, world.limits) == {"unknown_department": 1}
    assert not is_eligible(session, need, world.limits, world.hospital, ids[0]).ok


def test_is_eligible_of_nobody_is_no(session: orm.Session) -> None:
    world = w.simple_world(FITS)
    _, need = asked_of(world, session)
    assert is_eligible(session, need, world.limits, world.hospital, "0").code == "not_appointed"


def test_ruled_out_counts_the_first_rule_only(session: orm.Session) -> None:
    world = w.simple_world(
        FITS,
        FITS,
        replace(FITS, state=SupporterState.RETIRED, departments=("CAR",)),
        replace(FITS, departments=("CAR",), said=("conflict",), open_count=2),
        replace(FITS, said=("workload", "conflict"), open_count=2),
        replace(FITS, said=("workload",), open_count=2),
        replace(FITS, last_deployed_at=w.NOW, is_asked_at_night=True),
    )
    _, need = asked_of(world, session)
    assert ruled_out(session, need, world.limits) == {
        "not_appointed": 1,
        "own_department": 1,
        "not_eligible": 1,
        "limit": 1,
        "cool_down": 1,
    }


def test_propose_together_gives_each_a_different_supporter(session: orm.Session) -> None:
    nurse = replace(FITS, profession="nurse")
    world = w.simple_world(nurse, FITS)
    ids, physician_need = asked_of(world, session)
    found = propose_together(
        session, [physician_need, physician_need], world.limits, world.hospital
    )
    assert [one and one.supporter_id for one in found] in ([ids[1], ids[0]], ids)
    nurse_need = replace(physician_need, profession="nurse")
    found = propose_together(
        session, [physician_need, nurse_need, nurse_need], world.limits, world.hospital
    )
    assert [one and one.supporter_id for one in found].count(None) == 1
    assert found[0] is not None
    assert found[0].supporter_id == ids[1]
    assert propose_together(session, [], world.limits, world.hospital) == []


def test_propose_together_serves_as_many_as_can_be(session: orm.Session) -> None:
    """The first colleague's best is the second's only one."""
    world = w.simple_world(FITS, replace(FITS, departments=("Division",), deployments=1))
    hospital = w.Hospital({0: "A", 1: "B", 2: "Neurology", 3: "Division"}, {3: 1}, {})
    world = replace(world, hospital=hospital, colleague=w.Colleague(departments=("A",)))
    ids, first = asked_of(world, session)
    own = hospital.resolve("B")
    assert own is not None
    second = replace(first, own_departments=own)
    found = propose_together(session, [first, second], world.limits, hospital)
    assert [one and one.supporter_id for one in found] == [ids[1], ids[0]]


def test_conflict_is_found_by_whatever_is_known_of_the_colleague(session: orm.Session) -> None:
    world = w.simple_world(*[FITS] * 5)
    ids, need = asked_of(world, session)
    same_name = Person("Collêague")
    new_account = Person("Renamed", email="C@hospital.example ", user_id="77")
    declare(session, ids[0], same_name, "conflict", w.NOW)
    declare(session, ids[1], new_account, "conflict", w.NOW)
    declare(session, ids[2], replace(w.COLLEAGUE, name="Renamed", email=None), "conflict", w.NOW)
    declare_department(session, ids[3], "Cardiology", w.NOW)
    for supporter_id in ids[:4]:
        verdict = is_eligible(session, need, world.limits, world.hospital, supporter_id)
        assert verdict.code == "not_eligible"
        assert has_conflict(session, need.marks, supporter_id)
    found = propose(session, need, world.limits, world.hospital)
    assert found is not None
    assert found.supporter_id == ids[4]
    assert found.explanation["ruled_out"] == {"not_eligible": 4}
    assert not has_conflict(session, need.marks, ids[4])
    assert not has_conflict(session, (), ids[0])


def test_conflict_declared_in_an_earlier_month_still_counts(session: orm.Session) -> None:
    world = w.simple_world(FITS)
    ids, need = asked_of(world, session)
    declare(session, ids[0], w.COLLEAGUE, "conflict", w.NOW - timedelta(days=120))
    assert propose(session, need, world.limits, world.hospital) is None


def test_declaration_that_cannot_be_read_counts_as_conflict(
    session: orm.Session, keys: MemoryKeys
) -> None:
    world = w.simple_world(replace(FITS, said=("workload",)))
    _, need = asked_of(world, session)
    assert propose(session, need, world.limits, world.hospital) is not None
    keys.destroyed.add("2026-11")
    assert propose(session, need, world.limits, world.hospital) is None


def test_propose_takes_one_statement_and_its_explanation_one_more(
    session: orm.Session, matching_engine: sa.Engine
) -> None:
    world = w.simple_world(*[FITS] * 5)
    _, need = asked_of(world, session)
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    sa.event.listen(matching_engine, "before_cursor_execute", note)
    found = propose(session, need, world.limits, world.hospital)
    assert found is not None
    assert len(statements) == 1
    assert found.explanation["eligible_others"] == 4
    assert len(statements) == 2
    ruled_out(session, need, world.limits)
    assert len(statements) == 3
    sa.event.remove(matching_engine, "before_cursor_execute", note)
