"""From the question to the closing, with links and a code instead of an account."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from flask_peersupport.external.models import ExternalToken
from flask_peersupport.reachouts.models import Contact, ReachOut
from flask_peersupport.reachouts.remarks import collected_remarks
from flask_peersupport.reachouts.states import RemarkCode
from flask_peersupport.supporters.models import SupporterDepartment
from tests.external.conftest import OLGA, Outside
from tests.intake.conftest import STAFF, person
from tests.reachouts.conftest import NOW

ANNA_EMAIL = person(STAFF.anna).email or ""


def test_the_whole_journey_goes_from_page_to_page(outside: Outside) -> None:
    outside.ask()
    (link,) = outside.links()
    assert link.startswith("/peersupport/external/")
    phone = outside.phone()
    first = phone.get(link)
    assert first.status_code == 200
    assert "Anna" not in first.text
    question = phone.send(link, code="7kqmr 2xwpd")
    assert question.status_code == 200
    assert "Anna Vos" in question.text
    assert "Ward 2" in question.text
    assert ANNA_EMAIL not in question.text, "before a yes nobody sees how to reach her"
    card = phone.act("accept")
    assert card.status_code == 200
    assert ANNA_EMAIL in card.text
    assert "/reach-outs/" not in card.text
    noted = phone.act(
        "contacts",
        happened_on=NOW.date().isoformat(),
        channel="phone",
        kind="first",
        outcome="conversation",
    )
    assert "Noted." in noted.text
    planned = phone.act("follow-up", on=(NOW + timedelta(days=8)).date().isoformat())
    assert "Planned." in planned.text
    assert "We remind you." in phone.act("later", option="tomorrow").text
    assert "one more count" in phone.act("remark", code="too_late").text
    closed = phone.act("close", outcome="supported")
    assert "Closed. Thank you." in closed.text
    assert "Anna" not in closed.text
    with outside.session() as session:
        reach_out = session.scalars(sa.select(ReachOut)).one()
        assert (reach_out.state, reach_out.outcome) == ("closed", "supported")
        (contact,) = session.scalars(sa.select(Contact))
        assert contact.outcome == "conversation"
        olga = outside.olga(session)
        assert (olga.asked_count, olga.open_count, olga.deployments) == (0, 0, 1)
        unused = sa.select(ExternalToken).where(ExternalToken.used_at.is_(None))
        assert session.scalars(unused).all() == []
        assert collected_remarks(session) == {RemarkCode.TOO_LATE: 1}
    assert len(outside.trail("reach_out.seen")) == 5


def test_no_is_an_answer_too(small_outside: Outside) -> None:
    small_outside.ask()
    phone = small_outside.phone()
    phone.open(small_outside.links()[0])
    wrong = phone.act("decline")
    assert wrong.status_code == 422
    assert "Choose a reason" in wrong.text
    thanks = phone.act("decline", reason="conflict")
    assert thanks.status_code == 200
    assert "Your no has been noted" in thanks.text
    assert "Anna" not in thanks.text
    assert "/requests" not in thanks.text
    with small_outside.session() as session:
        assert small_outside.programme.only_reach_out(session).state == "queued"


def test_handing_back_leaves_nothing_to_see(small_outside: Outside) -> None:
    small_outside.ask()
    phone = small_outside.phone()
    phone.open(small_outside.links()[0])
    phone.act("accept")
    back = phone.act("hand-back")
    assert "Handed back." in back.text
    assert "Anna" not in back.text


def test_a_button_works_once_and_then_says_kindly_what_to_do(small_outside: Outside) -> None:
    small_outside.ask()
    phone = small_outside.phone()
    phone.open(small_outside.links()[0])
    used = phone.fields()
    assert phone.post("/peersupport/external/step/accept", **used).status_code == 200
    again = phone.post("/peersupport/external/step/accept", **used)
    assert again.status_code == 409
    assert "This step is done" in again.text
    assert "Anna" not in again.text
    assert phone.get("/peersupport/external/step/accept").status_code == 200
    assert small_outside.trail("request.accepted") == [None]


def test_what_is_wrong_is_said_and_the_same_page_goes_on(small_outside: Outside) -> None:
    small_outside.ask()
    phone = small_outside.phone()
    phone.open(small_outside.links()[0])
    phone.act("accept")
    wrong = phone.act("contacts", happened_on="2026-11-24", channel="phone")
    assert wrong.status_code == 422
    assert "Fill in the day" in wrong.text
    future = phone.act(
        "contacts",
        happened_on="2026-12-24",
        channel="phone",
        kind="first",
        outcome="conversation",
    )
    assert future.status_code == 422
    assert "still to come" in future.text
    right = phone.act(
        "contacts",
        happened_on="2026-11-24",
        channel="phone",
        kind="first",
        outcome="conversation",
    )
    assert "Noted." in right.text


def test_a_rule_that_has_come_to_forbid_it_passes_the_question_on(small_outside: Outside) -> None:
    small_outside.ask()
    phone = small_outside.phone()
    phone.open(small_outside.links()[0])
    with small_outside.session() as session:
        olga_id = small_outside.olga(session).id
        session.add(SupporterDepartment(supporter_id=olga_id, name="Ward 2", resolved="Ward 2"))
        session.commit()
    refused = phone.act("accept")
    assert refused.status_code == 409
    assert "Someone else is a better fit here" in refused.text
    assert "Anna" not in refused.text
    with small_outside.session() as session:
        reach_out = small_outside.programme.only_reach_out(session)
        assert [request.state for request in reach_out.requests] == ["withdrawn"]


def test_what_is_on_their_own_record_passes_nothing_on(small_outside: Outside) -> None:
    small_outside.ask()
    phone = small_outside.phone()
    phone.open(small_outside.links()[0])
    with small_outside.session() as session:
        small_outside.olga(session).max_open = 0
        session.commit()
    told = phone.act("accept")
    assert told.status_code == 422
    assert "Then call a coordinator" in told.text
    with small_outside.session() as session:
        small_outside.olga(session).max_open = 1
        session.commit()
    assert "ps-call" in phone.act("accept").text


def test_too_late_is_told_kindly(small_outside: Outside) -> None:
    small_outside.ask()
    phone = small_outside.phone()
    phone.open(small_outside.links()[0])
    small_outside.programme.work(timedelta(hours=5))
    late = phone.act("accept")
    assert late.status_code == 409
    assert "This step is done" in late.text


def test_a_host_user_who_is_signed_in_opens_a_link_as_anybody_does(small_outside: Outside) -> None:
    small_outside.ask()
    desk = small_outside.desk()
    question = desk.open(small_outside.links()[0])
    assert "Anna Vos" in question.text
    assert "/peersupport/queue" not in question.text
    assert desk.act("accept").status_code == 200


def test_pages_speak_the_language_of_the_supporter(small_outside: Outside) -> None:
    small_outside.ask()
    phone = small_outside.phone()
    phone.headers = {"Accept-Language": "nl"}
    link = small_outside.links()[0]
    assert 'lang="nl"' in phone.get(link).text, "nobody knows yet whose link it is"
    assert OLGA.locale == "en"
    assert 'lang="en"' in phone.send(link, code="7KQMR2XWPD").text
