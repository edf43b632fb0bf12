"""Random hospitals: what matching does is what the programme allows, on every database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import orm

from flask_peersupport.matching import criteria
from flask_peersupport.matching.queries import (
    candidates,
    is_eligible,
    propose,
    propose_together,
    ruled_out,
)
from flask_peersupport.supporters.models import Supporter, SupporterDepartment
from flask_peersupport.supporters.states import SupporterState
from tests.matching import worlds as w

sweep = settings(
    max_examples=w.WORLDS,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
pytestmark = pytest.mark.sweep


@contextmanager
def stored(engine: sa.Engine, world: w.World) -> Iterator[tuple[orm.Session, list[str]]]:
    with orm.Session(engine) as session:
        ids = w.store(session, world)
        assert set(session.scalars(sa.select(Supporter.id))) == set(ids)
        yield session, ids
        session.rollback()


@sweep
@given(world=w.worlds())
def test_propose_in_any_world_is_the_oracles_first(
    matching_engine: sa.Engine, world: w.World
) -> None:
    with stored(matching_engine, world) as (session, ids):
        need = w.need_in(world, ids)
        for with_account_only in (True, False):
            expected = w.order(world, ids, with_account_only=with_account_only)
            if need is None:
                assert world.colleague.is_outside or not expected
                continue
            found = propose(
                session,
                need,
                world.limits,
                world.hospital,
                with_account_only=with_account_only,
            )
            assert (found and found.supporter_id) == next(iter(expected), None)
            listed = candidates(
                session, need, world.limits, limit=50, with_account_only=with_account_only
            )
            assert [candidate.facts.id for candidate in listed] == expected


@sweep
@given(world=w.worlds())
def test_sql_and_criteria_in_any_world_agree(matching_engine: sa.Engine, world: w.World) -> None:
    with stored(matching_engine, world) as (session, ids):
        need = w.need_in(world, ids) or w.need_with(world, ids, frozenset())
        verdicts = [
            is_eligible(session, need, world.limits, world.hospital, supporter_id)
            for supporter_id in ids
        ]
        counts: dict[str, int] = {}
        for verdict in verdicts:
            if not verdict.ok:
                counts[verdict.code] = counts.get(verdict.code, 0) + 1
        assert ruled_out(session, need, world.limits) == counts
        for number, verdict in enumerate(verdicts):
            if need.own_departments:
                assert verdict.ok == w.may_be_asked(world, number)
        listed = candidates(session, need, world.limits, limit=50, with_account_only=False)
        eligible = {ids[n] for n, verdict in enumerate(verdicts) if verdict.ok}
        assert {candidate.facts.id for candidate in listed} == eligible


@sweep
@given(data=st.data(), world=w.worlds())
def test_propose_after_a_reorganisation_never_breaks_a_rule(
    matching_engine: sa.Engine, data: st.DataObject, world: w.World
) -> None:
    with stored(matching_engine, world) as (session, ids):
        world = replace(world, hospital=data.draw(w.changed(world.hospital)))
        need = w.need_in(world, ids)
        if need is None:
            return
        found = propose(session, need, world.limits, world.hospital)
        if found is not None:
            number = ids.index(found.supporter_id)
            assert w.may_be_asked(world, number)
            assert w.is_asked_by_mail(world.helpers[number])


@sweep
@given(data=st.data(), world=w.worlds())
def test_is_eligible_after_any_move_is_the_oracles(
    matching_engine: sa.Engine, data: st.DataObject, world: w.World
) -> None:
    with stored(matching_engine, world) as (session, ids):
        need = w.need_in(world, ids)
        found = need and propose(session, need, world.limits, world.hospital)
        if not found:
            return
        number = ids.index(found.supporter_id)
        world = data.draw(moved(session, world, ids, number))
        need = w.need_in(world, ids)
        if need is None:
            return
        verdict = is_eligible(session, need, world.limits, world.hospital, ids[number])
        assert verdict.ok == w.may_be_asked(world, number)


def moved(
    session: orm.Session, world: w.World, ids: list[str], number: int
) -> st.SearchStrategy[w.World]:
    """Draw what happens between asking and accepting: the list changes, or the supporter does."""

    @st.composite
    def draw_move(draw: st.DrawFn) -> w.World:
        if draw(st.booleans()):
            return replace(world, hospital=draw(w.changed(world.hospital)))
        helper = world.helpers[number]
        new = draw(w.helpers(world.hospital))
        kinds = ["departments", "state", "counts", "rest", "said", "hours", "stays"]
        kind = draw(st.sampled_from(kinds))
        names = {
            "departments": ("departments",),
            "state": ("state", "paused_until_on"),
            "counts": ("open_count", "max_open", "max_per_quarter", "quarter", "quarter_count"),
            "rest": ("last_deployed_at",),
            "said": ("said",),
            "hours": ("hours", "is_asked_at_night"),
            "stays": ("stays",),
        }[kind]
        helper = replace(helper, **{name: getattr(new, name) for name in names})
        row = session.get_one(Supporter, ids[number])
        if kind == "departments":
            session.execute(
                sa.delete(SupporterDepartment).where(
                    SupporterDepartment.supporter_id == ids[number]
                )
            )
            w.store_departments(session, ids[number], helper.departments, world.hospital)
        elif kind == "said":
            helper = replace(helper, said=(*world.helpers[number].said, *helper.said))
            for reason in helper.said:
                w.declare(session, ids[number], w.COLLEAGUE, reason, w.NOW)
        elif kind == "hours":
            row.week, row.is_asked_at_night = w.week_text(helper.hours), helper.is_asked_at_night
        elif kind == "stays":
            w.store_stays(session, ids[number], helper.stays)
        else:
            for name in names:
                setattr(row, name, getattr(helper, name))
            has_letter = row.state in (SupporterState.APPOINTED, SupporterState.PAUSED)
            row.appointed_on = w.TODAY if has_letter else None
        session.flush()
        team = list(world.helpers)
        team[number] = helper
        return replace(world, helpers=tuple(team))

    return draw_move()


@sweep
@given(data=st.data(), world=w.worlds())
def test_propose_together_is_the_best_that_can_be(
    matching_engine: sa.Engine, data: st.DataObject, world: w.World
) -> None:
    texts = st.lists(w.texts(world.hospital), min_size=1, max_size=2).map(tuple)
    others = data.draw(
        st.lists(
            st.builds(
                w.Colleague,
                departments=texts,
                profession=st.sampled_from(["physician", "nurse"]),
                discipline=st.sampled_from(["surgical", "medical"]),
            ),
            min_size=1,
            max_size=3,
        )
    )
    with stored(matching_engine, world) as (session, ids):
        each = [replace(world, colleague=colleague) for colleague in others]
        pairs = [(one, need) for one in each if (need := w.need_in(one, ids)) is not None]
        found = propose_together(session, [need for _, need in pairs], world.limits, world.hospital)
        chosen = [proposal and proposal.supporter_id for proposal in found]
        used = [one for one in chosen if one]
        assert len(used) == len(set(used))
        allowed = [w.order(one, ids, with_account_only=True) for one, _ in pairs]
        for own, one in zip(allowed, chosen, strict=True):
            assert one is None or one in own
        assert _worth([p for p, _ in pairs], ids, chosen) == min(
            _worth([p for p, _ in pairs], ids, way) for way in _ways(allowed)
        )


def _worth(each: list[w.World], ids: list[str], chosen: list[str | None]) -> tuple[object, ...]:
    places = [
        w.place(world, ids.index(one), ids)[:5]
        for world, one in zip(each, chosen, strict=True)
        if one
    ]
    return (-len(places), *(sum(parts) for parts in zip(*places, strict=True)))  # type: ignore[arg-type]


def _ways(
    allowed: list[list[str]], used: frozenset[str] = frozenset()
) -> Iterator[list[str | None]]:
    if not allowed:
        yield []
        return
    for one in [None, *allowed[0]]:
        if one is None or one not in used:
            for rest in _ways(allowed[1:], used | ({one} if one else frozenset())):
                yield [one, *rest]


def test_rules_in_sql_cover_all_but_conflicts() -> None:
    from flask_peersupport.matching import statements

    shape = statements.Shape("sqlite", False, True, True, False)
    in_sql = set(statements._rules(shape))
    assert in_sql == {rule for _, rule in criteria.RULES} - {criteria.has_no_conflict}
