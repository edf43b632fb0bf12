"""The first sentence of the call is true, whatever the hospital's policy (P16)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from flask_peersupport.access.roles import grant_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import commit
from flask_peersupport.i18n import use_locale
from flask_peersupport.reachouts.answering import accept_request
from flask_peersupport.reachouts.contacting import note_contact
from flask_peersupport.reachouts.presentation import delay_text
from flask_peersupport.reachouts.sentences import first_sentence, name_came_from
from flask_peersupport.reachouts.states import (
    ContactChannel,
    ContactKind,
    ContactOutcome,
    DeclinedReason,
    Origin,
)
from flask_peersupport.values import Involved
from tests.intake.conftest import STAFF, person, runtime
from tests.reachouts.conftest import NOW, Programme, anna, prepare

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


@pytest.mark.parametrize(
    ("kind", "days", "ending"),
    [
        ("calamity", 3, "is called. It happened some time ago, on 21 November 2026."),
        ("incident", 40, "and then we call. It happened some time ago, on 15 October 2026."),
        ("incident", 2, "and then we call."),
        ("calamity", 0, "is called."),
    ],
)
def test_of_a_report_that_came_late_it_names_the_day(
    small_programme: Programme, kind: str, days: int, ending: str
) -> None:
    occurred_at = NOW - timedelta(days=days)
    reach_out = _late(small_programme, anna("yes", "reporter"), kind, occurred_at)
    assert reach_out[0].endswith(ending)
    assert reach_out[1] == (f"came in {days} days after the event" if days else None)


def test_who_asked_themself_knows_when_it_was(small_programme: Programme) -> None:
    said, _delay = _late(small_programme, anna(), "calamity", NOW - timedelta(days=9))
    assert said == "You asked for support, so I am calling you."


def _late(
    programme: Programme, involved: Involved, kind: str, occurred_at: datetime
) -> tuple[str, str | None]:
    """Return the first sentence and the delay after a report that came in now."""
    programme.report(involved, kind=kind)
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = programme.only_reach_out(session)
        assert reach_out.report is not None
        reach_out.report.occurred_at = occurred_at
        reach_out.report.reported_at = reach_out.report.received_at = NOW
        with use_locale("en"):
            return first_sentence(reach_out, "Peer support"), delay_text(reach_out)


@pytest.mark.parametrize(
    ("outcome", "is_same", "said"),
    [
        (ContactOutcome.CONVERSATION, True, "We were in touch before."),
        (ContactOutcome.NOT_REACHED, True, "you are named as"),
        (ContactOutcome.CONVERSATION, False, "you are named as"),
    ],
)
def test_who_had_contact_does_not_say_again_where_the_name_came_from(
    small_programme: Programme, outcome: ContactOutcome, is_same: bool, said: str
) -> None:
    """Another supporter, who calls for the first time, says it; so does who reached nobody."""
    small_programme.report(anna("ask", "reporter"), kind="incident")
    small_programme.work()
    with small_programme.app.app_context(), runtime(small_programme.app).storage.work() as session:
        request = small_programme.open_request(session)
        who = request.supporter.record.person
        reach_out = accept_request(session, request, actor=who, now=NOW)
        note_contact(
            session,
            reach_out,
            happened_on=NOW.date(),
            channel=ContactChannel.PHONE,
            kind=ContactKind.FIRST,
            outcome=outcome,
            reason=DeclinedReason.NO_NEED,
            actor=who,
            now=NOW,
        )
        with session.no_autoflush, use_locale("en"):
            if not is_same:
                reach_out.contacts[0].supporter_id = "another"
            assert said in first_sentence(reach_out, "Peer support")


@pytest.mark.parametrize(
    ("is_told", "said", "came_from"),
    [
        (True, "A colleague thought of you, so I am calling", "not who"),
        (False, "I am calling you for Peer support, to ask how you are.", "must not hear that"),
    ],
)
def test_a_concern_is_told_only_where_it_may_be(
    small_programme: Programme, is_told: bool, said: str, came_from: str
) -> None:
    small_programme.report(anna("ask", "reporter"))
    small_programme.work()
    with small_programme.app.app_context(), runtime(small_programme.app).storage.work() as session:
        reach_out = small_programme.only_reach_out(session)
        reach_out.origin, reach_out.is_concern_told = Origin.CONCERN, is_told
        reach_out.involved.report = None
        with use_locale("en"):
            first = first_sentence(reach_out, "Peer support")
            assert said in first
            assert "standard" not in first
            assert ("colleague" in first) is is_told
            assert came_from in name_came_from(reach_out)
