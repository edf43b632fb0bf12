"""Until when a colleague's identity is kept, as the page about oneself shows it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import orm

from flask_peersupport.reachouts.analysis import enter_meeting
from flask_peersupport.reachouts.analysis_cards import analysis_block
from flask_peersupport.reachouts.contacting import close_reach_out
from flask_peersupport.reachouts.keeping import kept_until_on
from flask_peersupport.reachouts.models import ReachOut
from flask_peersupport.reachouts.states import AnalysisKind, Outcome
from tests.intake.conftest import person, runtime
from tests.reachouts.conftest import COORDINATOR, NOW, Programme, anna

TODAY = date(2026, 11, 24)
MEETING_AT = NOW + timedelta(days=40)


def closed(
    session: orm.Session, programme: Programme, outcome: Outcome = Outcome.SUPPORTED
) -> ReachOut:
    reach_out = programme.only_reach_out(session)
    close_reach_out(session, reach_out, outcome, reason=None, actor=person(COORDINATOR), now=NOW)
    return reach_out


def enter(session: orm.Session, reach_out: ReachOut, kind: AnalysisKind) -> None:
    enter_meeting(
        session,
        reach_out.involved.report_id or "",
        kind=kind,
        takes_place_at=MEETING_AT,
        actor=person(COORDINATOR),
        now=NOW,
    )


@pytest.mark.parametrize(
    ("kind", "meeting", "days"),
    [
        ("incident", None, 90),
        ("incident", AnalysisKind.ANALYSIS, 42 + 90),
        # where an analysis is to be expected and none is known, only the hard maximum ends it
        ("calamity", None, 730),
        ("calamity", AnalysisKind.ANALYSIS, 42 + 90),
        ("calamity", AnalysisKind.HEARING, 730),
        ("complaint", AnalysisKind.RULING, 42 + 90),
    ],
)
def test_a_meeting_is_waited_for(
    small_programme: Programme, kind: str, meeting: AnalysisKind | None, days: int
) -> None:
    small_programme.report(anna(), kind=kind)
    small_programme.work()
    app = small_programme.app
    with app.app_context(), runtime(app).storage.work() as session:
        assert kept_until_on(small_programme.only_reach_out(session)) is None
        reach_out = closed(session, small_programme)
        if meeting:
            enter(session, reach_out, meeting)
        assert kept_until_on(reach_out) == TODAY + timedelta(days=days)


def test_of_whom_was_erased_nothing_is_kept(small_programme: Programme) -> None:
    small_programme.report(anna())
    small_programme.work()
    app = small_programme.app
    with app.app_context(), runtime(app).storage.work() as session:
        assert kept_until_on(closed(session, small_programme, Outcome.NOT_INVOLVED)) is None


@pytest.mark.parametrize(
    ("kind", "is_awaited"),
    [(None, True), (AnalysisKind.HEARING, True), (AnalysisKind.ANALYSIS, False)],
)
def test_the_page_waits_for_the_same_meeting(
    small_programme: Programme, kind: AnalysisKind | None, is_awaited: bool
) -> None:
    small_programme.report(anna())
    small_programme.work()
    app = small_programme.app
    with app.test_request_context(), runtime(app).storage.work() as session:
        reach_out = small_programme.only_reach_out(session)
        if kind is not None:
            enter(session, reach_out, kind)
        block = analysis_block(reach_out, NOW)
        assert block is not None
        assert block["is_awaited"] is is_awaited
