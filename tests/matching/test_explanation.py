"""The explanation as data and as sentences."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from flask_peersupport.matching.criteria import RULES
from flask_peersupport.matching.explanation import RULED_OUT, explain, sentences
from flask_peersupport.matching.ranking import score
from tests.matching.test_criteria import FACTS, NEED, NOW


def test_explain_is_codes_and_numbers_only() -> None:
    facts = replace(
        FACTS, discipline="medical", deployments=1, last_deployed_at=NOW - timedelta(days=40)
    )
    counts = {"ok": 3, "own_department": 2, "not_eligible": 1, "limit": 0}
    found = explain(replace(NEED, seniority=None), score(NEED, facts), counts)
    assert found == {
        "is_same_profession": True,
        "deployments": 1,
        "is_same_discipline": False,
        "is_same_seniority": None,
        "days_since_last": 40,
        "eligible_others": 2,
        "ruled_out": {"own_department": 2, "not_eligible": 1},
    }
    assert json.loads(json.dumps(found)) == found


def test_sentences_say_it_in_the_order_of_the_rules() -> None:
    facts = replace(FACTS, deployments=1, last_deployed_at=NOW - timedelta(days=40))
    counts = {"ok": 3, "limit": 1, "own_department": 2, "not_eligible": 1}
    assert sentences(explain(NEED, score(NEED, facts), counts)) == [
        "Same profession.",
        "Same discipline.",
        "Same career stage.",
        "Has taken 1 reach-out so far.",
        "The last one was 40 days ago.",
        "2 other supporters could be asked too.",
        "1 is not eligible for this colleague.",
        "2 work in the colleague's own department or that of the event.",
        "1 has as many reach-outs as may be at once.",
    ]


def test_sentences_where_nothing_is_known() -> None:
    need = replace(NEED, profession=None, discipline=None, seniority=None)
    assert sentences(explain(need, score(need, FACTS), {"ok": 1})) == [
        "Has not taken a reach-out yet.",
        "Nobody else could be asked now.",
    ]
    assert sentences({})


def test_every_rule_has_a_sentence() -> None:
    assert list(RULED_OUT) == list(dict.fromkeys(code for code, _ in RULES))
    assert all("2" in sentence(2) for sentence in RULED_OUT.values())
