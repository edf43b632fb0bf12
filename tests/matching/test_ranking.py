"""The ranking and the assignment of a group."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from flask_peersupport.matching.assignment import assign
from flask_peersupport.matching.ranking import UNSERVED, Score, score
from tests.matching.test_criteria import FACTS, NEED, NOW

BEST = Score(True, 0, True, True, None, "a")


def test_score_says_what_is_the_same() -> None:
    facts = replace(FACTS, discipline="medical", deployments=3, last_deployed_at=NOW)
    assert score(NEED, facts) == Score(True, 3, False, True, NOW, "s")


def test_score_of_what_is_unknown_is_not_the_same() -> None:
    nothing = {"profession": None, "discipline": None, "seniority": None}
    found = score(replace(NEED, **nothing), replace(FACTS, **nothing))
    assert found == Score(False, 0, False, False, None, "s")


def test_order_is_the_programmes() -> None:
    order = [
        BEST,
        replace(BEST, supporter_id="b"),
        replace(BEST, last_deployed_at=NOW - timedelta(days=2)),
        replace(BEST, last_deployed_at=NOW - timedelta(days=1)),
        replace(BEST, is_same_seniority=False),
        replace(BEST, is_same_discipline=False),
        replace(BEST, deployments=1),
        replace(BEST, is_same_profession=False),
    ]
    assert sorted(Random(1).sample(order, len(order)), key=lambda one: one.key) == order
    costs = [one.cost for one in order]
    assert costs == sorted(costs)
    assert costs[0] == costs[1]  # ids decide nothing in a group


scores = st.builds(
    Score,
    is_same_profession=st.booleans(),
    deployments=st.integers(0, 5),
    is_same_discipline=st.booleans(),
    is_same_seniority=st.booleans(),
    last_deployed_at=st.one_of(
        st.none(),
        st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    ),
    supporter_id=st.just("x"),
)


@given(scores, scores)
def test_cost_orders_as_the_key_does(one: Score, other: Score) -> None:
    assert (one.cost < other.cost) == (one.key < other.key)
    assert 0 <= one.cost < UNSERVED


@given(st.lists(st.dictionaries(st.sampled_from("abcde"), st.integers(0, 9)), max_size=4))
def test_assign_is_the_best_of_all_ways(costs: list[dict[str, int]]) -> None:
    chosen = assign(costs)
    used = [one for one in chosen if one]
    assert len(set(used)) == len(used)
    assert _price(costs, chosen) == min(
        _price(costs, way) for way in permutations([*"abcde", *[None] * len(costs)], len(costs))
    )


def _price(costs: list[dict[str, int]], way: list[str | None] | tuple[str | None, ...]) -> int:
    return sum(
        UNSERVED if one is None else row.get(one, 2 * UNSERVED * (len(costs) + 1))
        for row, one in zip(costs, way, strict=True)
    )
