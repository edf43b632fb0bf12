from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport import signals
from flask_peersupport.db import commit
from flask_peersupport.errors import InvalidTransition, NotEligible, TooLate
from flask_peersupport.reachouts.answering import (
    accept_request,
    decline_request,
    refusal_reason,
    withdraw_request,
)
from flask_peersupport.reachouts.asking import ask_by_hand
from flask_peersupport.reachouts.models import SupportRequest
from flask_peersupport.reachouts.states import RefusalReason, RequestState
from flask_peersupport.supporters.models import Declaration, Supporter
from tests.intake.conftest import runtime
from tests.reachouts.conftest import NOW, Programme, anna


def supporters(session: orm.Session) -> list[tuple[int, int, int]]:
    """Return (asked, open, deployments) of all supporters, the busiest first."""
    rows = session.scalars(sa.select(Supporter))
    return sorted(((r.asked_count, r.open_count, r.deployments) for r in rows), reverse=True)


def asked(programme: Programme, session: orm.Session) -> SupportRequest:
    programme.report(anna())
    assert programme.work()["ask"] == 1
    return programme.open_request(session)


def test_accepting_hands_the_reach_out_over(programme: Programme) -> None:
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        supporter = request.supporter
        reach_out = accept_request(session, request, actor=supporter.record.person, now=NOW)
        commit(session)
        assert request.state is RequestState.ACCEPTED
        assert reach_out.supporter_id == supporter.id
        assert reach_out.contact_due_at == NOW + timedelta(hours=24)
        assert supporters(session) == [(0, 1, 1), (0, 0, 0), (0, 0, 0)]


def test_twenty_accept_at_once_and_one_wins(programme: Programme) -> None:
    app = programme.app
    with app.app_context(), runtime(app).storage.work() as session:
        request_id = asked(programme, session).id
    outcomes: list[str] = []
    start = threading.Barrier(20)

    def accept() -> None:
        with app.app_context(), runtime(app).storage.work() as session:
            request = session.get(SupportRequest, request_id)
            assert request is not None
            actor = request.supporter.record.person
            session.rollback()
            start.wait()
            try:
                accept_request(session, request, actor=actor, now=NOW)
                commit(session)
                outcomes.append("won")
            except TooLate:
                outcomes.append("late")
            except sa.exc.OperationalError as error:
                outcomes.append(str(error.orig))

    threads = [threading.Thread(target=accept) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["late"] * 19 + ["won"]
    with app.app_context(), runtime(app).storage.work() as session:
        assert supporters(session) == [(0, 1, 1), (0, 0, 0), (0, 0, 0)]


def test_an_accept_after_the_answer_time_is_too_late(programme: Programme) -> None:
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        actor = request.supporter.record.person
        late = request.answer_due_at
        with pytest.raises(TooLate):
            accept_request(session, request, actor=actor, now=late)
        session.rollback()
        programme.work(late - NOW)
        with pytest.raises(TooLate):
            accept_request(session, request, actor=actor, now=NOW)


def test_silence_asks_the_next_until_nobody_is_left(programme: Programme) -> None:
    programme.report(anna())
    seen: set[str] = set()
    for day in range(3):
        programme.work(timedelta(days=day))
        with programme.app.app_context(), runtime(programme.app).storage.work() as session:
            seen.add(programme.open_request(session).supporter_id)
    assert len(seen) == 3
    programme.work(timedelta(days=3))
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = programme.only_reach_out(session)
        assert (reach_out.state, reach_out.waiting_for) == ("needs_coordinator", "no_supporter")
        assert supporters(session) == [(0, 0, 0)] * 3
    told = [
        to
        for to, subject in programme.app.extensions["peersupport_mailer"].subjects
        if "beslissing" in subject or "decision" in subject
    ]
    assert told == ["bram.smit@hospital.example"]


def test_a_rule_that_has_come_to_forbid_it_stops_the_acceptance(programme: Programme) -> None:
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        actor = request.supporter.record.person
        # the supporter moves to the colleague's own ward between asking and accepting
        request.supporter.departments[0].name = "Ward 2"
        session.commit()
        with pytest.raises(NotEligible) as error:
            accept_request(session, request, actor=actor, now=NOW)
        assert error.value.code == "own_department"
        session.rollback()
        withdraw_request(session, request, now=NOW)
        commit(session)
        assert request.state is RequestState.WITHDRAWN
        assert programme.only_reach_out(session).state == "queued"
        assert supporters(session) == [(0, 0, 0)] * 3


def test_a_conflict_is_sealed_and_lasts(programme: Programme) -> None:
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        actor = request.supporter.record.person
        decline_request(session, request, RefusalReason.CONFLICT, actor=actor, now=NOW)
        commit(session)
        assert refusal_reason(request) is RefusalReason.CONFLICT
        stored = request.sealed_reason
        assert stored is not None
        assert b"conflict" not in stored
        first = request.supporter_id
    programme.report(anna(), ref="2")
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        again = session.scalars(sa.select(SupportRequest.supporter_id)).all()
        assert again.count(first) == 1


def test_every_kind_of_no_leaves_rows_that_look_alike(small_programme: Programme) -> None:
    programme = small_programme
    lengths = set()
    for number, reason in enumerate(RefusalReason):
        programme.report(anna(), ref=str(number))
        programme.work()
        with programme.app.app_context(), runtime(programme.app).storage.work() as session:
            request = programme.open_request(session)
            actor = request.supporter.record.person
            decline_request(session, request, reason, actor=actor, now=NOW)
            reach_out = request.reach_out
            commit(session)
            rows = session.scalars(
                sa.select(Declaration).where(Declaration.supporter_id == request.supporter_id)
            ).all()
            assert request.sealed_reason is not None
            lengths.add((len(request.sealed_reason), *{len(row.sealed_reason) for row in rows}))
            assert rows
            reach_out.due_at = None
            session.commit()
    assert len(lengths) == 1


def test_signals_are_sent_after_the_commit_and_carry_ids_only(programme: Programme) -> None:
    heard: list[dict[str, str]] = []

    def receive(sender: Flask, **extra: str) -> None:
        with runtime(programme.app).storage.work() as other:
            found = other.get(SupportRequest, extra["request_id"])
            assert found is not None
            heard.append({"state": found.state.value, **extra})

    def raises(sender: Flask, **extra: str) -> None:
        raise RuntimeError("a receiver of the host")

    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        with (
            signals.supporter_accepted.connected_to(raises, programme.app),
            signals.supporter_accepted.connected_to(receive, programme.app),
        ):
            accept_request(session, request, actor=request.supporter.record.person, now=NOW)
            assert heard == []
            commit(session)
        assert heard == [
            {
                "state": "accepted",
                "request_id": request.id,
                "reach_out_id": request.reach_out_id,
            }
        ]


@pytest.mark.parametrize("answer", [True, False])
def test_an_answer_by_telephone_counts_the_same(small_programme: Programme, answer: bool) -> None:
    programme = small_programme
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        actor = request.supporter.record.person
        late = request.answer_due_at + timedelta(minutes=5)
        if answer:
            accept_request(session, request, actor=actor, now=late, by_telephone=True)
        else:
            reason = RefusalReason.WORKLOAD
            decline_request(session, request, reason, actor=actor, now=late, by_telephone=True)
        commit(session)
        assert request.is_by_telephone
        assert request.state.value == ("accepted" if answer else "declined")


def test_a_coordinator_may_ask_somebody_else_but_never_break_a_hard_rule(
    make_app: Callable[..., Flask], small_programme: Programme
) -> None:
    programme = small_programme
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        reach_out = programme.only_reach_out(session)
        actor = request.supporter.record.person
        other = next(
            s for s in session.scalars(sa.select(Supporter)) if s.id != request.supporter_id
        )
        second = ask_by_hand(session, reach_out, other.id, actor=actor, now=NOW)
        commit(session)
        assert request.state is RequestState.WITHDRAWN
        assert second.state is RequestState.ASKED
        assert sorted(supporters(session)) == [(0, 0, 0), (0, 0, 0), (1, 0, 0)]
        own = next(s for s in session.scalars(sa.select(Supporter)) if s.id != other.id)
        own.departments[0].name = "Ward 1"
        session.commit()
        with pytest.raises(NotEligible):
            ask_by_hand(session, reach_out, own.id, actor=actor, now=NOW)
        session.rollback()
        accept_request(session, second, actor=actor, now=NOW)
        commit(session)
        third = next(
            s for s in session.scalars(sa.select(Supporter)) if s.id not in (own.id, other.id)
        )
        with pytest.raises(InvalidTransition):
            ask_by_hand(session, reach_out, third.id, actor=actor, now=NOW)
