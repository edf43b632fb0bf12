"""Never again, and being erased: what ends, what goes, and what has to stay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from flask_peersupport.clock import utc_now
from flask_peersupport.db import Base, commit
from flask_peersupport.outbox.models import Message
from flask_peersupport.reachouts.contacting import close_reach_out
from flask_peersupport.reachouts.erasing import erase_colleague
from flask_peersupport.reachouts.models import InvolvedRecord, NeverAgain, ReachOut, ReportRecord
from flask_peersupport.reachouts.states import Outcome
from flask_peersupport.referrals.models import Concern
from flask_peersupport.referrals.states import ConcernState
from flask_peersupport.values import Involved
from flask_peersupport.vault.models import PersonRecord
from flask_peersupport.vault.persons import find_person_ids, reseal, store_person
from tests.intake.conftest import STAFF, engine_of, person, runtime, supporter_of
from tests.reachouts.conftest import COORDINATOR, Programme, anna
from tests.referrals.test_mine import ANNA, accepted, mails_to, offered, text_of, work
from tests.sessions.hospital import Browser, audited, working


def never_again(programme: Programme, user_id: int = ANNA) -> None:
    assert Browser(programme, user_id).post("/mine/never-again", "/mine").status_code == 302


def take_back(programme: Programme) -> None:
    answer = Browser(programme, ANNA).post("/mine/never-again/take-back", "/mine")
    assert answer.status_code == 302


def erase(programme: Programme, user_id: int = ANNA) -> str:
    """Press the second button of "erase me", and return the page that follows."""
    browser = Browser(programme, user_id)
    assert browser.post("/mine/erase", "/mine").headers["Location"].endswith("/mine/erased")
    return text_of(browser.text("/mine/erased"))


def states(programme: Programme) -> list[tuple[Any, Any]]:
    with working(programme.app) as session:
        rows = session.scalars(sa.select(ReachOut).order_by(ReachOut.created_at, ReachOut.id))
        return [(row.state, row.outcome) for row in rows]


def test_never_again_ends_what_is_open_and_a_new_calamity_makes_no_offer(
    programme: Programme,
) -> None:
    offered(programme)
    name = accepted(programme)
    never_again(programme)
    never_again(programme)
    for wish, wish_by in (("ask", "reporter"), ("yes", "reporter"), ("ask", "own")):
        programme.report(anna(wish, wish_by), ref=f"{wish} {wish_by}", due_at=utc_now())
    work(programme)
    assert states(programme) == [("closed", "declined")]
    with working(programme.app) as session:
        assert mails_to(session, name)[-1] == "request_closed"
    page = text_of(Browser(programme, ANNA).text("/mine"))
    assert "You are never approached" in page
    assert page.count("Your name was on a report. You were not approached.") == 3


def test_never_again_said_under_another_vault_row_holds(programme: Programme) -> None:
    with working(programme.app) as session:
        whole = person(ANNA)
        store_person(session, replace(whole, user_id=None), now=utc_now())
        other = store_person(session, replace(whole, email=None), now=utc_now(), is_lasting=True)
        session.add(NeverAgain(person_id=other.id, said_on=utc_now().date()))
        commit(session)
    programme.report(anna("ask", "reporter"), due_at=utc_now())
    work(programme)
    with working(programme.app) as session:
        involved = session.scalars(sa.select(InvolvedRecord)).one()
        assert involved.person_id != other.id
    assert states(programme) == []


def test_never_again_leaves_the_own_yes_free(programme: Programme) -> None:
    never_again(programme)
    programme.report(anna("yes", "own"), due_at=utc_now())
    work(programme)
    assert states(programme) == [("asking", None)]


def test_never_again_is_kept_when_a_colleague_is_erased_and_keys_are_rotated(
    programme: Programme,
) -> None:
    offered(programme)
    never_again(programme)
    with working(programme.app) as session:
        reach_out = programme.only_reach_out(session)
        erase_colleague(session, reach_out.involved)
        commit(session)
    with working(programme.app) as session:
        (row,) = session.scalars(
            sa.select(PersonRecord).join(NeverAgain, NeverAgain.person_id == PersonRecord.id)
        )
        assert (row.person.name, row.is_lasting) == ("Anna Vos", True)
        reseal(row, runtime(programme.app).keys, utc_now())
        commit(session)
    programme.report(anna("ask", "reporter"), ref="2", due_at=utc_now())
    work(programme)
    assert states(programme) == [("closed", "declined")]


def test_taking_it_back_lets_a_report_approach_and_keeps_nobody_needlessly(
    programme: Programme,
) -> None:
    never_again(programme)
    take_back(programme)
    with working(programme.app) as session:
        assert find_person_ids(session, person(ANNA), utc_now()) == []
    take_back(programme)
    programme.report(anna("ask", "reporter"), due_at=utc_now())
    work(programme)
    assert states(programme) == [("asking", None)]
    never_again(programme)
    take_back(programme)
    with working(programme.app) as session:
        row = session.get(PersonRecord, find_person_ids(session, person(ANNA), utc_now())[0])
        assert row is not None
        assert row.is_lasting is False


def test_a_supporter_who_takes_it_back_stays_a_supporter(small_programme: Programme) -> None:
    programme = small_programme
    never_again(programme, STAFF.selma)
    answer = Browser(programme, STAFF.selma).post("/mine/never-again/take-back", "/mine")
    assert answer.status_code == 302
    with working(programme.app) as session:
        row = session.get(PersonRecord, find_person_ids(session, person(STAFF.selma), utc_now())[0])
        assert row is not None
        assert row.is_lasting is True


def dump(programme: Programme) -> str:
    """Return everything that the tables hold about people, as text."""
    with engine_of(programme.app).connect() as connection:
        return repr(
            [
                row
                for table in Base.metadata.sorted_tables
                if table.name != "peersupport_audit"
                for row in connection.execute(sa.select(table))
            ]
        )


def test_erasing_me_leaves_codes_and_no_link(programme: Programme) -> None:
    offered(programme)
    name = accepted(programme)
    programme.report(anna("no", "own"), ref="2", due_at=utc_now())
    programme.report(Involved(person(STAFF.sofie), "no", "own"), ref="1", due_at=utc_now())
    work(programme)
    with working(programme.app) as session:
        (person_id,) = find_person_ids(session, person(ANNA), utc_now())
        session.add(
            Concern(
                about_id=person_id,
                may_be_told=True,
                state=ConcernState.WAITING,
                due_on=utc_now().date(),
                made_at=utc_now(),
                changed_at=utc_now(),
            )
        )
        session.add(ReportRecord(kind="incident", ref="mine", reporter_id=person_id, **now()))
        commit(session)
    assert person_id in dump(programme)
    page = erase(programme)
    assert "Nobody calls you." in page
    assert "Codes without a name" in page
    assert "out of what is theirs" not in page
    assert person_id not in dump(programme)
    with working(programme.app) as session:
        assert session.get(PersonRecord, person_id) is None
        reach_out = programme.only_reach_out(session)
        assert (reach_out.state, reach_out.outcome, reach_out.person) == (
            "closed",
            "withdrawn",
            None,
        )
        assert mails_to(session, name)[-1] == "request_closed"
        concern = session.scalars(sa.select(Concern)).one()
        assert (concern.state, concern.about_id, concern.due_on) == ("set_aside", None, None)
        assert "colleague.erased" in audited(session)
        others = sa.select(sa.func.count()).where(InvolvedRecord.person_id.is_not(None))
        assert session.scalar(others) == 1
    assert "We hold nothing about you" in Browser(programme, ANNA).text("/mine")


def now() -> dict[str, Any]:
    return {"reported_at": utc_now(), "received_at": utc_now(), "flags": ()}


def test_a_coordinator_who_is_erased_still_sees_nothing_of_the_report(
    programme: Programme,
) -> None:
    bram = Involved(person(COORDINATOR), "yes", "own")
    programme.report(anna("ask", "reporter"), bram, due_at=utc_now())
    programme.report(bram, ref="2", due_at=utc_now())
    work(programme)
    page = erase(programme, COORDINATOR)
    assert "Your name, for the work you do in the programme." in page
    assert "out of what is theirs" in page
    with working(programme.app) as session:
        ids = find_person_ids(session, person(COORDINATOR), utc_now())
        kept = (
            sa.select(ReportRecord.ref)
            .join(InvolvedRecord, InvolvedRecord.report_id == ReportRecord.id)
            .where(InvolvedRecord.person_id.in_(ids))
        )
        assert session.scalars(kept).all() == ["1"]
        hers = session.scalars(
            sa.select(ReachOut.id)
            .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
            .where(InvolvedRecord.person_id.not_in(ids), ReachOut.state != "closed")
        ).one()
    browser = Browser(programme, COORDINATOR)
    assert browser.get(f"/reach-outs/{hers}").status_code == 404
    assert "Anna Vos" not in browser.text("/queue")


def test_a_supporter_who_is_erased_is_still_not_asked_for_the_same_report(
    programme: Programme,
) -> None:
    supporters = [STAFF.selma, STAFF.sven, STAFF.sofie]
    involved = [Involved(person(user_id), "no", "own") for user_id in supporters]
    programme.report(anna("ask", "reporter"), *involved, due_at=utc_now())
    work(programme)
    assert states(programme) == [("needs_coordinator", None)]
    page = erase(programme, STAFF.selma)
    assert "Your place in the roster of supporters." in page
    browser = Browser(programme, COORDINATOR)
    with working(programme.app) as session:
        reach_out_id = programme.only_reach_out(session).id
        supporter_id = supporter_of(session, STAFF.selma).id
    address = f"/reach-outs/{reach_out_id}"
    assert browser.post(f"{address}/ask", address, supporter_id=supporter_id).status_code == 409


def test_never_again_outlives_being_erased(small_programme: Programme) -> None:
    programme = small_programme
    offered(programme)
    never_again(programme)
    assert "Your name, for “never again”" in erase(programme)
    programme.report(anna("ask", "reporter"), ref="2", due_at=utc_now())
    work(programme)
    assert states(programme) == [("closed", "declined")]


def test_messages_to_the_colleague_go_with_them(small_programme: Programme) -> None:
    programme = small_programme
    offered(programme)
    with working(programme.app) as session:
        (person_id,) = find_person_ids(session, person(ANNA), utc_now())
        message = Message(
            template="anything",
            person_id=person_id,
            state="sent",
            created_at=utc_now(),
            sent_at=utc_now(),
            attempts=1,
        )
        session.add(message)
        commit(session)
    erase(programme)
    with working(programme.app) as session:
        left = sa.select(sa.func.count()).where(Message.template == "anything")
        assert session.scalar(left) == 0


@pytest.mark.parametrize("action", ["never-again", "erase"])
def test_what_has_ended_stays_as_it_ended(small_programme: Programme, action: str) -> None:
    programme = small_programme
    offered(programme)
    with working(programme.app) as session:
        close_reach_out(
            session,
            programme.only_reach_out(session),
            Outcome.NOT_REACHED,
            reason=None,
            actor=person(COORDINATOR),
            now=utc_now(),
        )
        commit(session)
    Browser(programme, ANNA).post(f"/mine/{action}", "/mine")
    assert states(programme) == [("closed", "not_reached")]
