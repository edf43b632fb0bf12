"""Who asks again: the supporter of then first, and what the report ruled out then holds (P20)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.access.roles import grant_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import commit
from flask_peersupport.i18n import use_locale
from flask_peersupport.matching.explanation import sentences
from flask_peersupport.reachouts.answering import accept_request, decline_request
from flask_peersupport.reachouts.asking import ask_by_hand
from flask_peersupport.reachouts.barring import is_barred, namesakes
from flask_peersupport.reachouts.contacting import close_reach_out, hand_back
from flask_peersupport.reachouts.deciding import clear_namesake, identify_colleague
from flask_peersupport.reachouts.models import ReachOut, ReportRecord
from flask_peersupport.reachouts.proposals import proposals_for
from flask_peersupport.reachouts.states import (
    Origin,
    Outcome,
    ReachOutState,
    RefusalReason,
    WaitingFor,
)
from flask_peersupport.referrals import returning
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Involved, Person, Wish, WishBy
from tests.intake.conftest import STAFF, person, runtime, supporter_of
from tests.minimal_host import User, db
from tests.reachouts.conftest import COORDINATOR, NOW, Programme, anna
from tests.sessions.hospital import working

#: After the rest that follows on a reach-out.
LATER = timedelta(days=40)


def support(programme: Programme, *others: Involved, ward: str = "Ward 1") -> None:
    """Support Anna after a report, to the end."""
    programme.report(anna(), *others, ward=ward)
    programme.work()
    with working(programme.app) as session:
        (reach_out,) = of_anna(session)
        finish(session, reach_out, NOW)
        commit(session)


def of_anna(session: orm.Session) -> list[ReachOut]:
    """Return the reach-outs to Anna, the first one first."""
    rows = session.scalars(sa.select(ReachOut).order_by(ReachOut.created_at, ReachOut.id))
    return [row for row in rows if row.person and row.person.name == "Anna Vos"]


def finish(session: orm.Session, reach_out: ReachOut, now: datetime) -> None:
    """Let whoever is asked say yes, and close."""
    (request,) = (r for r in reach_out.requests if r.open_for)
    accept_request(session, request, actor=request.supporter.record.person, now=now)
    close_reach_out(
        session, reach_out, Outcome.SUPPORTED, reason=None, actor=person(COORDINATOR), now=now
    )


def ask_again(programme: Programme, after: timedelta = LATER, *, is_worked: bool = True) -> None:
    """Let Anna ask again, and the worker ask supporters."""
    with working(programme.app) as session:
        earlier = of_anna(session)[-1]
        returning.ask_again(session, earlier, actor=person(STAFF.anna), now=NOW + after)
        commit(session)
    if is_worked:
        programme.work(after)


def test_a_coordinator_of_that_report_sees_nothing_of_it_either(
    small_programme: Programme,
) -> None:
    support(small_programme, Involved(person(COORDINATOR), Wish.NO, WishBy.REPORTER))
    ask_again(small_programme)
    with working(small_programme.app) as session:
        again = of_anna(session)[-1]
        assert (again.origin, again.report) == (Origin.SELF, None)
        assert is_barred(session, person(COORDINATOR), again, NOW + LATER)
        assert not is_barred(session, person(STAFF.selma), again, NOW + LATER)


def test_a_namesake_of_a_third_person_in_that_report_can_be_cleared(
    small_programme: Programme,
) -> None:
    """The page of what was asked again offers it: the report's own may be gone by then."""
    app = small_programme.app
    with app.app_context():
        db.session.add(User(id=90, name="Xavier Nobody", email="x.n@hospital.example"))
        db.session.commit()
        namesake = runtime(app).users.get("90")
        assert namesake is not None
    with working(app) as session:
        grant_role(session, "coordinator", namesake, actor=COMMAND, now=NOW)
        commit(session)
    support(small_programme, Involved(Person("Xavier Nobody"), Wish.NO, WishBy.REPORTER))
    ask_again(small_programme)
    now = NOW + LATER
    with working(app) as session:
        again = of_anna(session)[-1]
        assert is_barred(session, namesake, again, now)
        assert [one.name for one in namesakes(session, again, now)] == ["Xavier Nobody"]
        clear_namesake(session, again, namesake, actor=person(COORDINATOR), now=now)
        commit(session)
        assert not is_barred(session, namesake, again, now)
        assert namesakes(session, again, now) == []


def asked_last(session: orm.Session) -> list[str]:
    """Return who was asked for Anna's latest reach-out, by first name."""
    requests = of_anna(session)[-1].requests
    return [request.supporter.record.person.name.split()[0] for request in requests]


@pytest.mark.parametrize("turn", range(3))
def test_the_supporter_of_then_is_asked_first(programme: Programme, turn: int) -> None:
    """Whoever that was, though the others have done less since."""
    support(programme)
    with working(programme.app) as session:
        then = of_anna(session)[0]
        wanted = session.scalars(sa.select(Supporter).order_by(Supporter.id)).all()[turn]
        then.supporter_id = wanted.id
        session.execute(sa.update(Supporter).where(Supporter.id == wanted.id).values(deployments=5))
        name = wanted.record.person.name.split()[0]
        commit(session)
    ask_again(programme)
    with working(programme.app) as session:
        assert asked_last(session) == [name]
        (request,) = of_anna(session)[-1].requests
        with use_locale("en"):
            assert sentences(request.explanation or {})[0] == "Supported this colleague before."
        # a no is a no: another is asked, and nothing is said of before
        decline_request(
            session,
            request,
            RefusalReason.UNAVAILABLE,
            actor=request.supporter.record.person,
            now=NOW + LATER,
        )
        commit(session)
    programme.work(LATER + timedelta(minutes=1))
    with working(programme.app) as session:
        assert len(set(asked_last(session))) == 2
        assert "is_known" not in (of_anna(session)[-1].requests[-1].explanation or {})


def test_hard_rules_hold_for_the_supporter_of_then(programme: Programme) -> None:
    """Here the rest after the first reach-out."""
    support(programme)
    with working(programme.app) as session:
        then = of_anna(session)[0].supporter_id
    ask_again(programme, timedelta(days=3))
    with working(programme.app) as session:
        (request,) = of_anna(session)[-1].requests
        assert request.supporter_id != then


def test_who_can_only_be_called_is_not_asked_by_the_worker(small_programme: Programme) -> None:
    support(small_programme)
    with working(small_programme.app) as session:
        then = of_anna(session)[0].supporter
        assert then is not None
        then.has_account = False
        then_id = then.id
        commit(session)
    ask_again(small_programme)
    with working(small_programme.app) as session:
        (request,) = of_anna(session)[-1].requests
        assert request.supporter_id != then_id


def test_a_coordinator_sees_first_who_supported_before(small_programme: Programme) -> None:
    support(small_programme)
    with working(small_programme.app) as session:
        then = of_anna(session)[0].supporter_id
        session.execute(sa.update(Supporter).where(Supporter.id == then).values(deployments=9))
        commit(session)
    ask_again(small_programme, is_worked=False)
    with working(small_programme.app) as session, use_locale("en"):
        rows, _counts = proposals_for(session, of_anna(session)[-1], now=NOW + LATER)
        assert rows[0]["supporter_id"] == then
        assert rows[0]["sentences"][0] == "Supported this colleague before."
        assert all("before" not in row["sentences"][0] for row in rows[1:])


def retire(programme: Programme, user_id: int) -> None:
    with working(programme.app) as session:
        supporter_of(session, user_id).state = SupporterState.RETIRED
        commit(session)


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_the_department_of_the_event_stays_excluded(programme: Programme, times: int) -> None:
    """Sven and Sofie work where it happened; also when Anna asks again and again."""
    support(programme, ward="Ward 9")
    for time in range(1, times):
        ask_again(programme, LATER * time)
        with working(programme.app) as session:
            finish(session, of_anna(session)[-1], NOW + LATER * time)
            commit(session)
    retire(programme, STAFF.selma)
    ask_again(programme, LATER * times)
    with working(programme.app) as session:
        latest = of_anna(session)[-1]
        assert latest.state is ReachOutState.NEEDS_COORDINATOR
        assert latest.waiting_for is WaitingFor.NO_SUPPORTER


def test_the_people_of_the_report_stay_excluded(programme: Programme) -> None:
    """Sofie was involved, and Sven reported it."""
    support(programme, Involved(person(STAFF.sofie), "no", "own"))
    with working(programme.app) as session:
        report = session.scalars(sa.select(ReportRecord)).one()
        report.reporter_id = supporter_of(session, STAFF.sven).person_id
        of_anna(session)[0].supporter_id = supporter_of(session, STAFF.selma).id
        commit(session)
    retire(programme, STAFF.selma)
    ask_again(programme)
    with working(programme.app) as session:
        assert of_anna(session)[-1].waiting_for is WaitingFor.NO_SUPPORTER


def test_who_did_not_keep_it_then_is_not_asked_again(small_programme: Programme) -> None:
    """Handed back, or the colleague asked for another."""
    small_programme.report(anna())
    small_programme.work()
    with working(small_programme.app) as session:
        (reach_out,) = of_anna(session)
        (request,) = reach_out.requests
        first, actor = request.supporter, request.supporter.record.person
        accept_request(session, request, actor=actor, now=NOW)
        hand_back(session, reach_out, actor=actor, now=NOW)
        commit(session)
        first_id = first.id
    small_programme.work()
    with working(small_programme.app) as session:
        (reach_out,) = of_anna(session)
        finish(session, reach_out, NOW)
        commit(session)
        second_id = reach_out.supporter_id
        session.execute(
            sa.update(Supporter)
            .where(Supporter.id.not_in([first_id]))
            .values(state=SupporterState.RETIRED)
        )
        commit(session)
        assert first_id != second_id
    ask_again(small_programme)
    with working(small_programme.app) as session:
        assert asked_last(session) == []


def test_an_unknown_department_of_the_event_is_a_coordinators(small_programme: Programme) -> None:
    support(small_programme)
    with working(small_programme.app) as session:
        session.scalars(sa.select(ReportRecord)).one().department = "Attic"
        commit(session)
    ask_again(small_programme)
    with working(small_programme.app) as session:
        latest = of_anna(session)[-1]
        assert latest.waiting_for is WaitingFor.UNKNOWN_DEPARTMENT
        identify_colleague(
            session,
            latest,
            person=None,
            department=None,
            report_department="Ward 1",
            actor=person(COORDINATOR),
            now=NOW + LATER,
        )
        ask_by_hand(
            session,
            latest,
            supporter_of(session, STAFF.sofie).id,
            actor=person(COORDINATOR),
            now=NOW + LATER,
        )
        assert asked_last(session) == ["Sofie"]


def test_an_unknown_department_of_the_event_waits_for_a_coordinator_at_once(
    small_programme: Programme,
) -> None:
    support(small_programme)
    with working(small_programme.app) as session:
        session.scalars(sa.select(ReportRecord)).one().department = "Attic"
        commit(session)
    ask_again(small_programme, is_worked=False)
    with working(small_programme.app) as session:
        assert of_anna(session)[-1].waiting_for is WaitingFor.UNKNOWN_DEPARTMENT
