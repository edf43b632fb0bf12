"""The page about oneself: what it says, what can be chosen, and what it never shows."""

from __future__ import annotations

import html
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.clock import utc_now
from flask_peersupport.db import commit
from flask_peersupport.jobs import run_due
from flask_peersupport.outbox.models import Message, MessageState
from flask_peersupport.reachouts.answering import accept_request, decline_request
from flask_peersupport.reachouts.asking import eligible_by_hand
from flask_peersupport.reachouts.contacting import note_contact
from flask_peersupport.reachouts.lifecycle import leave_to_coordinators, withdraw_open_request
from flask_peersupport.reachouts.models import ExcludedPerson, ReachOut, SupportRequest
from flask_peersupport.reachouts.states import (
    ContactChannel,
    ContactKind,
    ContactOutcome,
    Origin,
    RefusalReason,
    WaitingFor,
)
from flask_peersupport.runtime import local_date
from flask_peersupport.supporters.actions import SupporterDetails, add_supporter
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Involved, Person
from flask_peersupport.vault.models import PersonRecord
from tests.intake.conftest import APPOINTED_AT, NAMES, STAFF, person, runtime
from tests.reachouts.conftest import COORDINATOR, Programme, anna
from tests.sessions.hospital import Browser, counted, working

ANNA = STAFF.anna


def text_of(page: str) -> str:
    """Return what a page says, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def offered(programme: Programme, wish: str = "ask", wish_by: str = "reporter") -> str:
    """Let Anna be named in a report and a supporter be asked; return the offer's id."""
    programme.report(anna(wish, wish_by), due_at=utc_now())
    work(programme)
    with working(programme.app) as session:
        return programme.only_reach_out(session).id


def work(programme: Programme, after: timedelta = timedelta(0)) -> None:
    """Do what is due by the wall clock, which the pages go by."""
    with programme.app.app_context():
        counts = run_due(runtime(programme.app), utc_now() + after)
    assert [name for name in counts if name.endswith("_failed")] == []


def accepted(programme: Programme) -> str:
    """Let a supporter take the offer to Anna, and return the supporter's name."""
    with working(programme.app) as session:
        request = programme.open_request(session)
        accept_request(session, request, actor=request.supporter.record.person, now=utc_now())
        commit(session)
        return request.supporter.record.person.name


def noted(programme: Programme, outcome: ContactOutcome) -> None:
    """Let the supporter note a contact with Anna."""
    with working(programme.app) as session:
        reach_out = programme.only_reach_out(session)
        assert reach_out.supporter is not None
        note_contact(
            session,
            reach_out,
            happened_on=local_date(utc_now()),
            channel=ContactChannel.PHONE,
            kind=ContactKind.FIRST,
            outcome=outcome,
            actor=reach_out.supporter.record.person,
            now=utc_now(),
        )
        commit(session)


def press(programme: Programme, offer_id: str, choice: str, **form: str) -> Any:
    """Press a button of Anna's page."""
    return Browser(programme, ANNA).post(f"/mine/offers/{offer_id}/{choice}", "/mine", **form)


def asked_names(session: orm.Session) -> list[str]:
    """Return who was asked, in order."""
    requests = session.scalars(sa.select(SupportRequest).order_by(SupportRequest.asked_at))
    return [request.supporter.record.person.name for request in requests]


def add_outside(programme: Programme) -> None:
    """Let Olga, from outside the hospital, support too."""
    with working(programme.app) as session:
        add_supporter(
            session,
            Person("Olga Buiten", "olga@outside.example", user_id="olga"),
            SupporterDetails(is_external=True, is_asked_at_night=True),
            state=SupporterState.APPOINTED,
            actor="command",
            now=APPOINTED_AT,
        )
        commit(session)


def mails_to(session: orm.Session, name: str) -> list[str]:
    """Return the templates of the mail to somebody that was not dropped, in order."""
    rows = session.execute(
        sa.select(Message.template, PersonRecord)
        .join(PersonRecord, PersonRecord.id == Message.person_id)
        .where(Message.state != MessageState.DROPPED)
        .order_by(Message.created_at)
    )
    return [template for template, record in rows if record.person.name == name]


def test_who_is_not_held_is_told_so_and_shown_the_door(small_programme: Programme) -> None:
    page = Browser(small_programme, ANNA).text("/mine")
    assert "We hold nothing about you as somebody who needs support" in page
    assert 'href="/peersupport/self"' in page
    assert "Erase me" not in page


def test_page_says_what_happens_next_in_each_state(small_programme: Programme) -> None:
    programme = small_programme
    browser = Browser(programme, ANNA)
    offered(programme)
    page = text_of(browser.text("/mine"))
    assert "We are looking for a supporter from another department." in page
    assert "Your name was on a report." in page
    name = accepted(programme)
    assert re.search(
        f"{name} contacts you before \\w+day \\d+ \\w+ \\d\\d:\\d\\d",
        text_of(browser.text("/mine")),
    )
    noted(programme, ContactOutcome.CONVERSATION)
    page = text_of(browser.text("/mine"))
    assert f"You are in contact with {name}." in page
    assert "by telephone, you spoke" in page
    noted(programme, ContactOutcome.NO_FURTHER_CONTACT)
    page = text_of(browser.text("/mine"))
    assert "You had support." in page
    assert "This ended on" in page
    assert "I would like to talk again" in page


def test_page_never_shows_who_named_who_declined_nor_a_coordinator(programme: Programme) -> None:
    offered(programme)
    browser = Browser(programme, COORDINATOR)
    with working(programme.app) as session:
        reach_out_id = programme.only_reach_out(session).id
        request = programme.open_request(session)
        declined = request.supporter.record.person
        asked_id = request.id
    for user_id in (STAFF.selma, STAFF.sven, STAFF.sofie):
        if NAMES[user_id][0] == declined.name:
            Browser(programme, user_id).text(f"/requests/{asked_id}")
    browser.text(f"/reach-outs/{reach_out_id}")
    with working(programme.app) as session:
        question = session.get(SupportRequest, asked_id)
        assert question is not None
        decline_request(session, question, RefusalReason.CONFLICT, actor=declined, now=utc_now())
        commit(session)
    work(programme)
    page = text_of(Browser(programme, ANNA).text("/mine"))
    shown = [name for name, _ward in NAMES.values() if name in page]
    assert shown == ["Anna Vos"]
    name = accepted(programme)
    supporter_id = next(key for key, value in NAMES.items() if value[0] == name)
    Browser(programme, supporter_id).text(f"/reach-outs/{reach_out_id}")
    page = text_of(Browser(programme, ANNA).text("/mine"))
    assert sorted(n for n, _ward in NAMES.values() if n in page) == sorted(["Anna Vos", name])
    seen = re.search(r"Who has seen this (.*?) Coordinators also see", page)
    assert seen
    day = r"\d+ \w+ \d{4}"
    assert re.fullmatch(
        f"A coordinator: {day} The supporter who was asked: {day} Your supporter: {day}", seen[1]
    )
    for word in ("calamity", "conflict", "not eligible", "Ward 1", "complaint"):
        assert word not in page


def test_what_i_see_myself_is_no_sight(small_programme: Programme) -> None:
    programme = small_programme
    offered(programme)
    Browser(programme, ANNA).text("/mine")
    page = text_of(Browser(programme, ANNA).text("/mine"))
    assert "Who has seen this Coordinators also see your name" in page


def test_every_sight_of_the_page_is_audited(small_programme: Programme) -> None:
    offered(small_programme)
    Browser(small_programme, ANNA).text("/mine")
    with working(small_programme.app) as session:
        last = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert last is not None
        assert (last.action, last.subject is not None) == ("mine.seen", True)


@pytest.mark.parametrize("is_told", [True, False])
def test_a_concern_is_told_only_as_its_sender_allows(
    small_programme: Programme, is_told: bool
) -> None:
    programme = small_programme
    offered(programme)
    with working(programme.app) as session:
        reach_out = programme.only_reach_out(session)
        reach_out.origin, reach_out.is_concern_told = Origin.CONCERN, is_told
        commit(session)
    page = text_of(Browser(programme, ANNA).text("/mine"))
    assert ("A colleague thought of you." in page) is is_told
    assert ("The programme wanted to know how you are." in page) is not is_told
    assert "oncern" not in page.replace("Concerned about a colleague?", "")


@pytest.mark.parametrize("odd", ["%00", "a" * 500, "0" * 32])
def test_an_offer_that_is_not_mine_is_absent(programme: Programme, odd: str) -> None:
    offer_id = offered(programme)
    assert press(programme, odd, "decline").status_code == 404
    other = Browser(programme, STAFF.rosa).post(f"/mine/offers/{offer_id}/decline", "/mine")
    assert other.status_code == 404
    with working(programme.app) as session:
        assert programme.only_reach_out(session).state == "asking"


def test_preferences_change_and_the_holder_is_told_to_look(programme: Programme) -> None:
    offer_id = offered(programme)
    name = accepted(programme)
    form = {"channel": "in_person", "day_part": "evening", "phone": "06 1234 5678"}
    assert press(programme, offer_id, "preferences", **form).status_code == 302
    with working(programme.app) as session:
        reach_out = programme.only_reach_out(session)
        involved = reach_out.involved
        assert (involved.channel, involved.day_part, involved.is_outside) == (
            "in_person",
            "evening",
            False,
        )
        assert reach_out.person is not None
        assert reach_out.person.phone == "06 1234 5678"
        assert (reach_out.state, mails_to(session, name)[-1]) == ("accepted", "offer_changed")
    press(programme, offer_id, "preferences", **form)
    with working(programme.app) as session:
        assert mails_to(session, name).count("offer_changed") == 1
    page = text_of(Browser(programme, ANNA).text("/mine"))
    assert "in person, in the evening" in page


def test_a_number_that_is_none_stands_at_its_field(small_programme: Programme) -> None:
    offer_id = offered(small_programme)
    answer = press(small_programme, offer_id, "preferences", phone="ask me", day_part="evening")
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "“ask me” is not a telephone number." in text_of(page)
    assert re.search(r'value="evening" checked', page)
    with working(small_programme.app) as session:
        assert small_programme.only_reach_out(session).involved.day_part is None


def test_the_number_in_the_directory_of_supporters_is_not_changed_here(
    small_programme: Programme,
) -> None:
    programme = small_programme
    programme.report(Involved(person(STAFF.selma), "yes", "own"), due_at=utc_now())
    work(programme)
    with working(programme.app) as session:
        offer_id = programme.only_reach_out(session).id
    browser = Browser(programme, STAFF.selma)
    assert 'name="phone"' not in browser.text("/mine")
    browser.post(f"/mine/offers/{offer_id}/preferences", "/mine", phone="06 1234 5678")
    with working(programme.app) as session:
        found = programme.only_reach_out(session).person
        assert found is not None
        assert found.phone is None


@pytest.mark.parametrize("is_taken", [False, True])
def test_who_does_not_fit_outside_is_thanked_and_another_asked(
    programme: Programme, is_taken: bool
) -> None:
    add_outside(programme)
    offer_id = offered(programme)
    if is_taken:
        accepted(programme)
    press(programme, offer_id, "preferences", outside="1")
    work(programme)
    with working(programme.app) as session:
        first, second = asked_names(session)
        assert (first != "Olga Buiten", second) == (True, "Olga Buiten")
        assert mails_to(session, first)[-1] == "request_closed"
        assert [s.open_count + s.asked_count for s in session.scalars(sa.select(Supporter))].count(
            1
        ) == 1
    assert "somebody from outside" in text_of(Browser(programme, ANNA).text("/mine"))


@pytest.mark.parametrize("is_taken", [False, True])
def test_another_supporter_is_asked_and_the_first_never_again(
    programme: Programme, is_taken: bool
) -> None:
    offer_id = offered(programme)
    if is_taken:
        accepted(programme)
    press(programme, offer_id, "another")
    work(programme)
    with working(programme.app) as session:
        first, second = asked_names(session)
        assert first != second
        assert mails_to(session, first)[-1] == "request_closed"
        reach_out = programme.only_reach_out(session)
        assert (reach_out.state, reach_out.supporter_id) == ("asking", None)
        with programme.app.app_context():
            former = next(r for r in reach_out.requests if r.state == "withdrawn")
            assert (
                eligible_by_hand(session, reach_out, former.supporter_id, now=utc_now())[0] is False
            )
    assert "1 person" in text_of(Browser(programme, ANNA).text("/mine"))


def test_not_now_before_acceptance_waits_for_the_day(programme: Programme) -> None:
    offer_id = offered(programme)
    press(programme, offer_id, "later", days="7")
    work(programme, timedelta(days=5))
    with working(programme.app) as session:
        reach_out = programme.only_reach_out(session)
        day = (utc_now() + timedelta(days=7)).date()
        assert (reach_out.state, reach_out.is_asked_again) == ("queued", True)
        assert reach_out.follow_up_on is not None
        assert abs((reach_out.follow_up_on - day).days) <= 1
        assert len(reach_out.requests) == 1
    assert "Nobody calls you now. From" in text_of(Browser(programme, ANNA).text("/mine"))
    work(programme, timedelta(days=8, hours=1))
    with working(programme.app) as session:
        assert programme.only_reach_out(session).state == "asking"


def day_has_come(programme: Programme) -> None:
    """Let the day from which the colleague may be asked again be past."""
    with working(programme.app) as session:
        programme.only_reach_out(session).follow_up_on = local_date(utc_now()) - timedelta(days=1)
        commit(session)


def test_once_the_day_has_come_no_past_day_is_named(programme: Programme) -> None:
    offer_id = offered(programme)
    press(programme, offer_id, "later", days="7")
    day_has_come(programme)
    browser = Browser(programme, ANNA)
    assert "We are looking for a supporter from another" in text_of(browser.text("/mine"))
    work(programme, timedelta(days=8, hours=1))
    assert "We are looking for a supporter from another" in text_of(browser.text("/mine"))
    name = accepted(programme)
    assert f"{name} contacts you before " in text_of(browser.text("/mine"))


@pytest.mark.parametrize("waiting_for", [None, WaitingFor.UNKNOWN_DEPARTMENT, WaitingFor.BY_HAND])
def test_not_now_leaves_coordinators_alone_till_the_day(
    programme: Programme, monkeypatch: pytest.MonkeyPatch, waiting_for: WaitingFor | None
) -> None:
    offer_id = offered(programme)
    settings = runtime(programme.app).settings
    monkeypatch.setattr(
        runtime(programme.app), "settings", replace(settings, ask_after=None), raising=True
    )
    coordinator = NAMES[COORDINATOR][0]
    with working(programme.app) as session:
        reach_out = programme.only_reach_out(session)
        if waiting_for:
            withdraw_open_request(session, reach_out, now=utc_now())
            leave_to_coordinators(session, reach_out, waiting_for, now=utc_now())
        commit(session)
    press(programme, offer_id, "later", days="7")
    page = text_of(Browser(programme, ANNA).text("/mine"))
    assert "Nobody calls you now. From" in page
    with working(programme.app) as session:
        assert mails_to(session, coordinator) == []
    work(programme, timedelta(days=5))
    with working(programme.app) as session:
        reach_out = programme.only_reach_out(session)
        assert reach_out.state == "needs_coordinator"
        assert reach_out.waiting_for == (waiting_for or WaitingFor.BY_HAND)
        assert mails_to(session, coordinator) == []
    work(programme, timedelta(days=8, hours=1))
    with working(programme.app) as session:
        assert mails_to(session, coordinator) == ["attention"]


def test_not_now_after_acceptance_is_a_plan_of_the_supporter(programme: Programme) -> None:
    offer_id = offered(programme)
    name = accepted(programme)
    press(programme, offer_id, "later", days="14")
    with working(programme.app) as session:
        reach_out = programme.only_reach_out(session)
        assert (reach_out.state, reach_out.is_asked_again, reach_out.contact_due_at) == (
            "follow_up",
            True,
            None,
        )
        assert mails_to(session, name)[-1] == "offer_changed"
    for days in ("", "8", "９", "-7", "7000"):
        assert press(programme, offer_id, "later", days=days).status_code == 422


def test_no_thank_you_closes_and_a_later_report_does_not_reopen(programme: Programme) -> None:
    offer_id = offered(programme)
    name = accepted(programme)
    press(programme, offer_id, "decline", reason="department_support")
    programme.report(anna("ask", "reporter"), due_at=utc_now())
    work(programme)
    with working(programme.app) as session:
        reach_out = programme.only_reach_out(session)
        assert (reach_out.state, reach_out.outcome, reach_out.reason) == (
            "closed",
            "declined",
            "department_support",
        )
        assert (reach_out.involved.wish, reach_out.involved.wish_by) == ("no", "own")
        assert mails_to(session, name)[-1] == "request_closed"
    assert press(programme, offer_id, "decline").status_code == 302


def test_enough_after_a_conversation_is_support_not_a_refusal(
    small_programme: Programme,
) -> None:
    offer_id = offered(small_programme)
    accepted(small_programme)
    noted(small_programme, ContactOutcome.CONVERSATION)
    press(small_programme, offer_id, "decline", reason="no_need")
    with working(small_programme.app) as session:
        reach_out = small_programme.only_reach_out(session)
        assert (reach_out.outcome, reach_out.reason) == ("supported", None)


def test_who_has_asked_already_is_not_offered_twice(small_programme: Programme) -> None:
    offer_id = offered(small_programme)
    press(small_programme, offer_id, "decline")
    assert Browser(small_programme, ANNA).post("/self", "/concern").status_code == 302
    assert press(small_programme, offer_id, "again").status_code == 302
    with working(small_programme.app) as session:
        own = sa.select(ReachOut.earlier_id).where(ReachOut.origin == "self")
        assert session.scalars(own).all() == [None]


def test_talking_again_is_a_new_offer_without_the_report(programme: Programme) -> None:
    offer_id = offered(programme)
    press(programme, offer_id, "preferences", channel="video")
    press(programme, offer_id, "another")
    press(programme, offer_id, "decline")
    assert press(programme, offer_id, "again").status_code == 302
    press(programme, offer_id, "again")
    with working(programme.app) as session:
        rows = session.scalars(sa.select(ReachOut).where(ReachOut.origin == "self")).all()
        assert len(rows) == 1
        (new,) = rows
        assert (new.earlier_id, new.involved.report_id, new.involved.channel) == (
            offer_id,
            None,
            "video",
        )
        assert (new.involved.wish, new.involved.wish_by) == ("yes", "own")
        counts = sa.select(sa.func.count()).where(ExcludedPerson.involved_id == new.involved_id)
        assert session.scalar(counts) == 1
    page = text_of(Browser(programme, ANNA).text("/mine"))
    assert "You asked for support yourself." in page
    assert "I would like to talk again" not in page


def test_ten_presses_at_once_make_one_new_offer(programme: Programme) -> None:
    offer_id = offered(programme)
    press(programme, offer_id, "decline")
    at_once(programme, offer_id, "again")
    with working(programme.app) as session:
        own = sa.select(sa.func.count()).where(ReachOut.origin == "self")
        assert session.scalar(own) == 1


def test_ten_wishes_for_another_at_once_leave_the_counters_right(programme: Programme) -> None:
    offer_id = offered(programme)
    accepted(programme)
    at_once(programme, offer_id, "another")
    with working(programme.app) as session:
        assert programme.only_reach_out(session).state == "queued"
        supporters = session.scalars(sa.select(Supporter)).all()
        assert {(s.open_count, s.asked_count) for s in supporters} == {(0, 0)}


def test_twenty_different_choices_at_once_never_wait_in_a_circle(programme: Programme) -> None:
    offer_id = offered(programme)
    accepted(programme)
    offer = f"offers/{offer_id}"
    choices = (f"{offer}/preferences", f"{offer}/another", "never-again", f"{offer}/again")
    browsers = [(Browser(programme, ANNA), choices[n % len(choices)]) for n in range(20)]

    def one(pair: tuple[Browser, str]) -> int:
        browser, choice = pair
        found = re.search(r'csrf_token" value="([^"]+)"', browser.text("/mine"))
        assert found
        data = {"csrf_token": found[1], "phone": "06 1234 5678"}
        return int(browser.client.post(f"/peersupport/mine/{choice}", data=data).status_code)

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(one, browsers)) == {302}


def at_once(programme: Programme, offer_id: str, choice: str) -> None:
    """Press one button ten times at once; every press gets the page again."""
    browsers = [Browser(programme, ANNA) for _number in range(10)]
    tokens = [browser.get("/mine") for browser in browsers]
    found = [re.search(r'csrf_token" value="([^"]+)"', t.get_data(as_text=True)) for t in tokens]

    def one(pair: Any) -> int:
        browser, token = pair
        data = {"csrf_token": token[1]}
        answer = browser.client.post(f"/peersupport/mine/offers/{offer_id}/{choice}", data=data)
        return int(answer.status_code)

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(one, zip(browsers, found, strict=True))) == {302}


def test_page_takes_as_many_statements_for_one_offer_as_for_many(
    small_programme: Programme,
) -> None:
    programme = small_programme
    offered(programme)
    browser = Browser(programme, ANNA)
    browser.text("/mine")
    with counted(programme.app) as few:
        browser.text("/mine")
    for number in range(2, 8):
        programme.report(anna(), ref=str(number), due_at=utc_now())
    work(programme)
    with counted(programme.app) as many:
        browser.text("/mine")
    assert len(many) == len(few)
