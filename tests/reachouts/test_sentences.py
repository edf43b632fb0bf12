"""The first sentence of the call is true, whatever the hospital's policy (P16)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flask_peersupport.access.roles import grant_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import commit
from flask_peersupport.i18n import use_locale
from flask_peersupport.reachouts.sentences import first_sentence, name_came_from
from tests.intake.conftest import STAFF, person, runtime
from tests.reachouts.conftest import NOW, anna, prepare

OWN_KIND = {
    "PEERSUPPORT_KINDS": {"calamity": "Calamity", "aggression": "Aggression"},
    "PEERSUPPORT_APPROACH": {"aggression": "own_no"},
    "PEERSUPPORT_KINDS_WITH_ANALYSIS": ["calamity"],
}


@pytest.mark.parametrize(
    ("kind", "is_officer", "settings", "said"),
    [
        ("calamity", False, {}, "everybody involved in a calamity is called"),
        (
            "calamity",
            False,
            {"PEERSUPPORT_APPROACH": {"calamity": "requested"}},
            "You are named as involved in a report (",
        ),
        ("incident", False, {}, "In the report of an incident you are named"),
        ("aggression", False, OWN_KIND, "named as involved in a report (Aggression)"),
        ("complaint", True, {}, "The complaints officer passed on your name"),
        ("complaint", False, {}, "In the registration of a complaint you are named"),
        ("disciplinary", True, {}, "The complaints officer passed on your name"),
        ("disciplinary", False, {}, "named as involved in a report (disciplinary case)"),
    ],
)
def test_it_is_true(
    make_app: Callable[..., Flask], kind: str, is_officer: bool, settings: dict[str, Any], said: str
) -> None:
    programme = prepare(make_app(**settings))
    if is_officer:
        with programme.app.app_context(), runtime(programme.app).storage.work() as session:
            rosa = person(STAFF.rosa)
            grant_role(session, "complaints_officer", rosa, actor=COMMAND, now=NOW)
            commit(session)
    programme.report(anna("yes", "reporter"), kind=kind)
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = programme.only_reach_out(session)
        with use_locale("en"):
            assert said in first_sentence(reach_out, "Peer support")
            assert ("complaints officer" in name_came_from(reach_out)) is is_officer
