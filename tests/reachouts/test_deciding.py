"""What a coordinator decides: who is meant, where they work, and who bears only the same name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_peersupport.access.roles import grant_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import commit
from flask_peersupport.errors import InvalidInput, InvalidTransition
from flask_peersupport.outbox.models import Message
from flask_peersupport.reachouts.answering import decline_request, expire_request
from flask_peersupport.reachouts.asking import ask_by_hand, eligible_by_hand
from flask_peersupport.reachouts.barring import is_barred, namesakes
from flask_peersupport.reachouts.deciding import clear_namesake, identify_colleague
from flask_peersupport.reachouts.lifecycle import move
from flask_peersupport.reachouts.models import InvolvedRecord, ReachOut
from flask_peersupport.reachouts.states import ReachOutState, RefusalReason, RequestState
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.values import Involved, Person
from tests.intake.conftest import STAFF, person, runtime
from tests.minimal_host import User, db
from tests.reachouts.conftest import COORDINATOR, NOW, Programme, anna, prepare

ACTOR = person(COORDINATOR)
NOBODY = Involved(Person("Xavier Nobody"), "yes", "reporter")


def identify(session, reach_out: ReachOut, **given: str | None) -> None:  # type: ignore[no-untyped-def]
    departments = {"department": "Ward 2", "report_department": None} | given
    identify_colleague(session, reach_out, person=None, actor=ACTOR, now=NOW, **departments)
    commit(session)


def test_a_second_coordinator_who_says_who_is_meant_is_too_late(programme: Programme) -> None:
    programme.report(anna())
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = programme.only_reach_out(session)
        assert reach_out.state == "asking"
        with pytest.raises(InvalidTransition):
            identify(session, reach_out)
        session.rollback()
        assert programme.only_reach_out(session).state == "asking"


def test_a_request_expires_also_where_its_reach_out_has_moved_on(
    small_programme: Programme,
) -> None:
    small_programme.report(anna())
    small_programme.work()
    app = small_programme.app
    with app.app_context(), runtime(app).storage.work() as session:
        request = small_programme.open_request(session)
        move(request.reach_out, ReachOutState.QUEUED, now=NOW, due_at=None)
        commit(session)
        late = request.answer_due_at
        assert expire_request(session, request, now=late)
        commit(session)
        assert request.state is RequestState.EXPIRED
        assert (request.reach_out.state, request.reach_out.due_at) == ("queued", None)
        assert request.supporter.asked_count == 0


def test_what_waits_for_a_coordinator_from_the_start_is_brought_up_every_day(
    small_programme: Programme,
) -> None:
    small_programme.report(NOBODY)
    small_programme.work()
    mails = small_programme.app.extensions["peersupport_mailer"].subjects
    assert len(mails) == 1
    small_programme.work(timedelta(days=1))
    small_programme.work(timedelta(days=2))
    assert [to for to, _subject in mails] == ["bram.smit@hospital.example"] * 3


def attention(session: object) -> int:
    statement = sa.select(sa.func.count()).where(Message.template == "attention")
    return int(session.scalar(statement))  # type: ignore[attr-defined]


def test_by_hand_nothing_is_asked_by_itself_and_a_no_is_told_at_once(
    make_app: Callable[..., Flask],
) -> None:
    programme = prepare(make_app(PEERSUPPORT_ASK_AFTER=None))
    programme.report(NOBODY)
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        identify(session, programme.only_reach_out(session))
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = programme.only_reach_out(session)
        assert (reach_out.state, reach_out.waiting_for) == ("needs_coordinator", "by_hand")
        supporter = session.scalars(sa.select(Supporter)).first()
        assert supporter is not None
        request = ask_by_hand(session, reach_out, supporter.id, actor=ACTOR, now=NOW)
        before = attention(session)
        decline_request(session, request, RefusalReason.WORKLOAD, actor=ACTOR, now=NOW)
        commit(session)
        assert (reach_out.state, reach_out.waiting_for) == ("needs_coordinator", "by_hand")
        assert attention(session) == before + 1


def test_without_the_department_of_the_event_a_coordinator_decides(
    small_programme: Programme,
) -> None:
    small_programme.report(anna(), ward="")
    small_programme.work()
    app = small_programme.app
    with app.app_context(), runtime(app).storage.work() as session:
        reach_out = small_programme.only_reach_out(session)
        assert reach_out.waiting_for == "unknown_department"
        with pytest.raises(InvalidInput) as error:
            identify(session, reach_out)
        assert list(error.value.fields) == ["report_department"]
        session.rollback()
        identify(session, reach_out, report_department="Ward 1")
        assert reach_out.state == "queued"


def test_why_a_supporter_cannot_be_chosen_is_told_in_dutch(small_programme: Programme) -> None:
    from flask_peersupport.i18n import use_locale

    small_programme.report(NOBODY)
    small_programme.work()
    app = small_programme.app
    with app.app_context(), runtime(app).storage.work() as session, use_locale("nl"):
        reach_out = small_programme.only_reach_out(session)
        supporter_id = session.scalars(sa.select(Supporter.id)).first() or ""
        _ok, code, sentence = eligible_by_hand(session, reach_out, supporter_id, now=NOW)
        assert code == "unknown_department"
        assert sentence


def test_a_namesake_of_anybody_in_the_report_can_be_cleared(programme: Programme) -> None:
    app = programme.app
    with app.app_context():
        db.session.add(User(id=90, name="Xavier NOBODY", email="x.n@hospital.example"))
        db.session.commit()
        namesake = runtime(app).users.get("90")
        assert namesake is not None
        with runtime(app).storage.work() as session:
            grant_role(session, "coordinator", namesake, actor=COMMAND, now=NOW)
            commit(session)
    programme.report(anna(), NOBODY)
    programme.work()
    with app.app_context(), runtime(app).storage.work() as session:
        for reach_out in session.scalars(sa.select(ReachOut)):
            assert is_barred(session, namesake, reach_out, NOW)
            assert [one.name for one in namesakes(session, reach_out, NOW)] == ["Xavier NOBODY"]
            if reach_out.person is not None and reach_out.person.name == "Anna Vos":
                chosen = reach_out
        clear_namesake(session, chosen, namesake, actor=ACTOR, now=NOW)
        commit(session)
        for reach_out in session.scalars(sa.select(ReachOut)):
            assert not is_barred(session, namesake, reach_out, NOW)
            assert namesakes(session, reach_out, NOW) == []


def test_who_asked_before_without_a_report_can_be_named_again(
    small_programme: Programme,
) -> None:
    """What belongs to no report at all is not one report."""
    app = small_programme.app
    small_programme.report(anna(), ref="1")
    small_programme.report(NOBODY, ref="2")
    small_programme.work()
    with app.app_context(), runtime(app).storage.work() as session:
        for involved in session.scalars(sa.select(InvolvedRecord)):
            involved.report = None
        session.flush()
        rows = session.scalars(sa.select(ReachOut)).all()
        typed = next(row for row in rows if row.state == "needs_coordinator")
        identify_colleague(
            session,
            typed,
            person=person(STAFF.anna),
            department="Ward 2",
            report_department=None,
            actor=ACTOR,
            now=NOW,
        )
        commit(session)
        assert [row.person.name for row in rows if row.person] == ["Anna Vos"] * 2
