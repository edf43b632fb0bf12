"""Who read a reach-out before another changed it decides by what it is now."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.db import commit
from flask_peersupport.errors import InvalidTransition, TooLate
from flask_peersupport.jobs import run_due
from flask_peersupport.reachouts.answering import accept_request
from flask_peersupport.reachouts.contacting import close_reach_out
from flask_peersupport.reachouts.lifecycle import move
from flask_peersupport.reachouts.models import ReachOut, SupportRequest
from flask_peersupport.reachouts.states import Outcome, ReachOutState
from flask_peersupport.supporters.models import Supporter
from tests.intake.conftest import person, runtime
from tests.reachouts.conftest import COORDINATOR, NOW, Programme, anna

ACTOR = person(COORDINATOR)


def close(session: orm.Session, reach_out: ReachOut) -> None:
    close_reach_out(session, reach_out, Outcome.WITHDRAWN, reason=None, actor=ACTOR, now=NOW)
    commit(session)


def read(programme: Programme, session: orm.Session) -> ReachOut:
    """Read a reach-out as a page does, before the action."""
    reach_out = programme.only_reach_out(session)
    assert all(request.supporter.id for request in reach_out.requests)
    assert reach_out.contacts == []
    return reach_out


def ensure_nothing_is_left_open(programme: Programme) -> None:
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        assert programme.only_reach_out(session).state == "closed"
        states = {request.state.value for request in session.scalars(sa.select(SupportRequest))}
        assert "asked" not in states
        for supporter in session.scalars(sa.select(Supporter)):
            assert (supporter.asked_count, supporter.open_count) == (0, 0)


def test_closing_what_was_accepted_meanwhile(programme: Programme) -> None:
    programme.report(anna())
    programme.work()
    storage = runtime(programme.app).storage
    with programme.app.app_context(), storage.work() as mine, storage.work() as other:
        reach_out = read(programme, mine)
        request = programme.open_request(other)
        accept_request(other, request, actor=ACTOR, now=NOW)
        commit(other)
        close(mine, reach_out)
        assert [r.state.value for r in reach_out.requests] == ["accepted"]
    ensure_nothing_is_left_open(programme)


def test_closing_what_was_asked_meanwhile(programme: Programme) -> None:
    programme.report(anna())
    programme.work()
    storage = runtime(programme.app).storage
    with programme.app.app_context(), storage.work() as other:
        request = programme.open_request(other)
        move(request.reach_out, ReachOutState.QUEUED, now=NOW, due_at=NOW)
        request.supporter.asked_count = 0
        other.delete(request)
        other.commit()
    with programme.app.app_context(), storage.work() as mine:
        reach_out = read(programme, mine)
        thread = threading.Thread(target=lambda: programme.work())
        thread.start()
        thread.join()
        close(mine, reach_out)
        assert [r.state.value for r in reach_out.requests] == ["withdrawn"]
    ensure_nothing_is_left_open(programme)


@pytest.mark.parametrize("rival", ["accept", "ask"])
def test_closing_at_the_same_moment(programme: Programme, rival: str) -> None:
    app, storage = programme.app, runtime(programme.app).storage
    programme.report(anna())
    if rival == "accept":
        programme.work()
    else:
        with app.app_context(), storage.work() as session:
            from flask_peersupport.intake.expansion import expand_intake
            from flask_peersupport.intake.models import IntakeRecord

            expand_intake(session, session.scalars(sa.select(IntakeRecord)).one(), now=NOW)
            commit(session)
    start = threading.Barrier(2)
    faults: list[str] = []

    def run(action: Callable[[orm.Session], object]) -> None:
        with app.app_context(), storage.work() as session:
            read(programme, session)
            requests = list(session.scalars(sa.select(SupportRequest)))
            assert len(requests) == (rival == "accept")
            start.wait()
            try:
                action(session)
            except (TooLate, InvalidTransition):
                pass
            except sa.exc.OperationalError as error:
                faults.append(str(error.orig))

    def accept(session: orm.Session) -> None:
        request = session.scalars(sa.select(SupportRequest)).one()
        accept_request(session, request, actor=ACTOR, now=NOW)
        commit(session)

    def ask(session: orm.Session) -> None:
        run_due(runtime(app), NOW)

    def finish(session: orm.Session) -> None:
        close(session, programme.only_reach_out(session))

    threads = [
        threading.Thread(target=run, args=(action,))
        for action in (accept if rival == "accept" else ask, finish)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    ensure_nothing_is_left_open(programme)
