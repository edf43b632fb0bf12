"""Ending as referred: to what kind of help, never to whom (P22)."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy import orm

from flask_peersupport.db import commit
from flask_peersupport.reachouts.answering import accept_request
from flask_peersupport.reachouts.contacting import close_reach_out
from flask_peersupport.reachouts.models import ReachOut
from flask_peersupport.reachouts.states import DeclinedReason, Outcome
from flask_peersupport.resources.states import ResourceKind
from tests.reachouts.conftest import COORDINATOR, NOW, Programme, anna
from tests.sessions.hospital import Browser, working

TYPED = {"outcome": "referred", "reason": "", "referred_to": "psychologist"}


def take(programme: Programme) -> tuple[str, int]:
    """Let a supporter accept; return the page's address, and who it is."""
    programme.report(anna())
    programme.work()
    with working(programme.app) as session:
        request = programme.open_request(session)
        person = request.supporter.record.person
        accept_request(session, request, actor=person, now=NOW)
        commit(session)
        return f"/reach-outs/{request.reach_out_id}", int(person.user_id or 0)


def end_of(session: orm.Session) -> tuple[str, str | None, str | None]:
    row = session.scalars(sa.select(ReachOut)).one()
    return row.state.value, row.outcome, row.referred_to


@pytest.mark.parametrize("who", ["supporter", "coordinator"])
def test_the_kind_of_help_is_kept_and_told_in_the_story(programme: Programme, who: str) -> None:
    at, holder = take(programme)
    with time_machine.travel(NOW, tick=False):
        browser = Browser(programme, holder if who == "supporter" else COORDINATOR)
        assert browser.post(f"{at}/close", at, **TYPED).status_code == 302
        with working(programme.app) as session:
            assert end_of(session) == ("closed", "referred", "psychologist")
        story = Browser(programme).text(at)
    assert "Closed: referred to other help (psychologist)" in story


@pytest.mark.parametrize("kind", ["", "wizard", "Dr. Jones"])
@pytest.mark.parametrize("who", ["supporter", "coordinator"])
def test_without_a_kind_nothing_ends(small_programme: Programme, who: str, kind: str) -> None:
    at, holder = take(small_programme)
    with time_machine.travel(NOW, tick=False):
        browser = Browser(small_programme, holder if who == "supporter" else COORDINATOR)
        answer = browser.post(f"{at}/close", at, **TYPED | {"referred_to": kind})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert re.findall(r'<p class="ps-error" id="ps-referred_to-error">([^<]+)</p>', page) == [
        "Choose to what kind of help you referred. Only the kind is kept, no name."
    ]
    assert re.findall(r'name="outcome" value="(\w+)" checked', page)[-1] == "referred"
    with working(small_programme.app) as session:
        assert end_of(session) == ("accepted", None, None)


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.REFERRED])
def test_another_end_keeps_no_kind(small_programme: Programme, outcome: Outcome) -> None:
    take(small_programme)
    with working(small_programme.app) as session:
        row = session.scalars(sa.select(ReachOut)).one()
        close_reach_out(
            session,
            row,
            outcome,
            reason=DeclinedReason.NO_NEED,
            referred_to=ResourceKind.GP,
            actor="worker",
            now=NOW,
        )
        commit(session)
        assert end_of(session) == ("closed", outcome, None)
