"""Please call me: a supporter asks, the coordinators who may know are told, and one calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.access.roles import revoke_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import commit
from flask_peersupport.errors import InvalidTransition
from flask_peersupport.outbox.models import Message, MessageState
from flask_peersupport.reachouts.answering import accept_request
from flask_peersupport.reachouts.call_me import ask_for_call, asker_of, note_called
from flask_peersupport.reachouts.contacting import close_reach_out, hand_back
from flask_peersupport.reachouts.models import ReachOut
from flask_peersupport.reachouts.states import Outcome
from flask_peersupport.resources.states import ResourceKind
from tests.external.conftest import CODE, OLGA, move_in
from tests.intake.conftest import NAMES, STAFF, person
from tests.reachouts.conftest import COORDINATOR, NOW, Programme, anna
from tests.reachouts.test_views import name_many
from tests.resources.conftest import help_of
from tests.sessions.hospital import Browser, audited, counted, grant, working
from tests.sessions.planned import Postbox

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def frozen() -> Iterator[None]:
    """Stop the clock at NOW, for what pages do."""
    with time_machine.travel(NOW, tick=False):
        yield


def take(programme: Programme) -> int:
    """Let a supporter accept, and return who."""
    programme.report(anna())
    programme.work()
    with working(programme.app) as session:
        return accept(programme, session)


def accept(programme: Programme, session: orm.Session, now: datetime = NOW) -> int:
    request = programme.open_request(session)
    who = request.supporter.record.person
    accept_request(session, request, actor=who, now=now)
    commit(session)
    return int(who.user_id or 0)


def address(programme: Programme) -> str:
    with working(programme.app) as session:
        return f"/reach-outs/{programme.only_reach_out(session).id}"


def wish(programme: Programme, holder: int, now: datetime = NOW) -> bool:
    with working(programme.app) as session:
        row = programme.only_reach_out(session)
        is_new = ask_for_call(session, row, actor=person(holder), now=now)
        commit(session)
        return is_new


def asker(programme: Programme) -> str | None:
    """Return the name of who waits for a call."""
    with working(programme.app) as session:
        found = asker_of(programme.only_reach_out(session))
        return found.record.person.name if found else None


def mails_to(box: Postbox, user_id: int) -> list[str]:
    """Return the subjects of what somebody was asked for."""
    to = person(user_id).email
    wanted = "vraagt of je belt"
    return [str(m["To"]) for m in box.take() if m["To"] == to and wanted in str(m["Subject"])]


def postbox_of(programme: Programme) -> Postbox:
    box = Postbox()
    programme.app.extensions["peersupport_mailer"] = box
    return box


def test_a_supporter_asks_and_a_coordinator_calls(programme: Programme) -> None:
    holder = take(programme)
    at, box = address(programme), postbox_of(programme)
    supporter, coordinator = Browser(programme, holder), Browser(programme)
    assert "/call-me" in supporter.text(at)
    assert supporter.post(f"{at}/call-me", at).location == f"/peersupport{at}"
    card = supporter.text(at)
    assert "One of them calls you." in card
    assert "/call-me" not in card
    programme.work()
    (mail,) = [one for one in box.take() if one["To"] == person(COORDINATOR).email]
    assert mail["Subject"] == "Peer support: een peer supporter vraagt of je belt"
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert f"https://reports.hospital.example/peersupport{at}" in text
    told = text.replace(at, "")
    assert not [name for name, _ in NAMES.values() if name.split()[0] in told]
    queue = coordinator.text("/queue")
    name = NAMES[holder][0]
    assert re.findall(r'ps-item-link" href="([^"]+)">([^<]+)<', queue) == [
        (f"/peersupport{at}", name)
    ]
    assert "asks you to call" in queue
    page = coordinator.text(at)
    assert f"{name} asks you to call" in page
    with working(programme.app) as session:
        row = programme.only_reach_out(session)
        assert (row.state, row.urgent_at > NOW) == ("accepted", True), "its state stays as it was"
    assert coordinator.post(f"{at}/called", at).status_code == 302
    assert "asks you to call" not in coordinator.text("/queue") + coordinator.text(at)
    assert "/call-me" in supporter.text(at), "they may ask again"
    programme.work(3 * HOUR)
    assert mails_to(box, COORDINATOR) == []
    with working(programme.app) as session:
        trail = [one for one in audited(session, at.split("/")[-1]) if one.startswith("call.")]
        assert trail == ["call.wanted", "call.made"]
        states = sa.select(Message.state).where(Message.template == "call_me")
        assert sorted(session.scalars(states)) == [MessageState.DROPPED, MessageState.SENT]


def test_where_no_number_is_known_the_page_gives_the_address(small_programme: Programme) -> None:
    holder = take(small_programme)
    wish(small_programme, holder)
    page = Browser(small_programme).text(address(small_programme))
    assert str(person(holder).email) in page.replace("<wbr>", "")


def test_who_presses_twice_brings_one_mail_and_one_more_after_an_hour(
    programme: Programme,
) -> None:
    holder = take(programme)
    box = postbox_of(programme)
    assert wish(programme, holder) is True
    assert wish(programme, holder, NOW + timedelta(minutes=20)) is False
    told = {}
    for minutes in (30, 59, 60, 600):
        programme.work(timedelta(minutes=minutes))
        told[minutes] = len(mails_to(box, COORDINATOR))
    assert told == {30: 1, 59: 0, 60: 1, 600: 0}


def test_the_second_mail_waits_for_the_morning(small_programme: Programme) -> None:
    """NOW is 10:00 in Amsterdam; reachable hours end at 22:00 and begin at 8:00."""
    holder = take(small_programme)
    wish(small_programme, holder, NOW + timedelta(hours=11, minutes=30))
    with working(small_programme.app) as session:
        due = sa.select(Message.due_at).where(Message.template == "call_me")
        assert session.scalars(due.order_by(Message.due_at)).all() == [
            NOW + timedelta(hours=11, minutes=30),
            NOW + timedelta(hours=22, minutes=30),
        ]


def test_who_was_called_and_asks_again_begins_anew(small_programme: Programme) -> None:
    holder = take(small_programme)
    wish(small_programme, holder)
    with working(small_programme.app) as session:
        row = small_programme.only_reach_out(session)
        note_called(session, row, actor=person(COORDINATOR), now=NOW)
        commit(session)
    again = NOW + timedelta(minutes=30)
    assert wish(small_programme, holder, again) is True
    with working(small_programme.app) as session:
        waiting = sa.select(Message.due_at).where(
            Message.template == "call_me", Message.state == MessageState.WAITING
        )
        due = session.scalars(waiting.order_by(Message.due_at)).all()
    assert due == [again, again + HOUR]


@pytest.mark.parametrize("end", ["hand_back", "close"])
def test_the_wish_outlives_the_reach_out(programme: Programme, end: str) -> None:
    holder = take(programme)
    wish(programme, holder)
    with working(programme.app) as session:
        row = programme.only_reach_out(session)
        if end == "close":
            close_reach_out(
                session, row, Outcome.SUPPORTED, reason=None, actor=person(holder), now=NOW
            )
        else:
            hand_back(session, row, actor=person(holder), now=NOW)
        commit(session)
    programme.work(timedelta(minutes=1))
    name, coordinator = NAMES[holder][0], Browser(programme)
    at = address(programme)
    assert asker(programme) == name
    assert f'"/peersupport{at}">{name}<' in coordinator.text("/queue")
    assert f"{name} asks you to call" in coordinator.text(at)
    assert coordinator.post(f"{at}/called", at).status_code == 302
    assert asker(programme) is None


def test_the_next_supporter_may_ask_too(small_programme: Programme) -> None:
    first = take(small_programme)
    wish(small_programme, first)
    with working(small_programme.app) as session:
        row = small_programme.only_reach_out(session)
        hand_back(session, row, actor=person(first), now=NOW + HOUR)
        commit(session)
    small_programme.work(HOUR)
    with working(small_programme.app) as session:
        second = accept(small_programme, session, NOW + HOUR)
    assert asker(small_programme) == NAMES[first][0]
    assert wish(small_programme, second, NOW + 2 * HOUR) is True
    assert asker(small_programme) == NAMES[second][0]


def test_a_clock_set_back_still_finds_who_asked(small_programme: Programme) -> None:
    holder = take(small_programme)
    wish(small_programme, holder, NOW - 2 * HOUR)
    assert asker(small_programme) == NAMES[holder][0]


def test_where_no_coordinator_may_know_it_escalates_without_the_case(
    make_app: Callable[..., Flask],
) -> None:
    outside = move_in(make_app(PEERSUPPORT_ESCALATION_ADDRESS="board@hospital.example"))
    programme = outside.programme
    holder = take(programme)
    box = postbox_of(programme)
    with working(programme.app) as session:
        revoke_role(session, "coordinator", person(COORDINATOR), actor=COMMAND, now=NOW)
        commit(session)
    grant(programme, "coordinator", STAFF.anna)  # it is about her
    box.take()
    wish(programme, holder)
    programme.work()
    assert [str(mail["To"]) for mail in box.take()] == ["board@hospital.example"]
    browser = Browser(programme, STAFF.anna)
    assert NAMES[holder][0] not in browser.text("/queue")
    at = address(programme)
    assert browser.post(f"{at}/called", "/resources/add").status_code == 404
    assert asker(programme) == NAMES[holder][0]


def test_only_who_has_it_asks_and_only_while_they_have_it(programme: Programme) -> None:
    holder = take(programme)
    at = address(programme)
    other = next(one for one in (STAFF.selma, STAFF.sven, STAFF.sofie) if one != holder)
    for user, form in ((other, "/supporters/me"), (COORDINATOR, at), (STAFF.anna, None)):
        form = form or "/sessions"
        browser = Browser(programme, user)
        page = browser.get(form).get_data(as_text=True)
        if "csrf_token" in page:
            assert browser.post(f"{at}/call-me", form).status_code == 404
    with working(programme.app) as session:
        row = programme.only_reach_out(session)
        hand_back(session, row, actor=person(holder), now=NOW)
        commit(session)
        with pytest.raises(InvalidTransition):
            ask_for_call(session, row, actor=person(holder), now=NOW)
    assert asker(programme) is None


@pytest.mark.parametrize("id", ["0" * 32, "%00", "é", "x" * 400])
@pytest.mark.parametrize("action", ["call-me", "called"])
def test_an_id_of_nothing_is_nothing(programme: Programme, id: str, action: str) -> None:
    answer = Browser(programme).post(f"/reach-outs/{id}/{action}", "/resources/add")
    assert answer.status_code == 404


def test_many_wishes_take_no_more_statements(small_programme: Programme) -> None:
    browser, counts = Browser(small_programme), []
    for total, new in ((1, 1), (20, 19)):
        name_many(small_programme, new, total - new)
        with working(small_programme.app) as session:
            session.execute(sa.update(ReachOut).values(call_wanted_at=NOW))
            session.commit()
        browser.text("/queue")
        with counted(small_programme.app) as statements:
            assert browser.text("/queue").count("ps-item-link") == total
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_calling_where_nobody_waits_changes_nothing(small_programme: Programme) -> None:
    take(small_programme)
    with working(small_programme.app) as session:
        row = small_programme.only_reach_out(session)
        note_called(session, row, actor=person(COORDINATOR), now=NOW)
        commit(session)
        assert "call.made" not in audited(session, row.id)


def test_the_call_card_has_the_stand_by_contact_and_other_help(
    make_app: Callable[..., Flask],
) -> None:
    programme = move_in(make_app(PEERSUPPORT_STANDBY_CONTACT="050 361 9999")).programme
    holder = take(programme)
    with working(programme.app) as session:
        standby = ResourceKind.STANDBY_PSYCHIATRIST
        help_of(session, standby, "Psychiatry", phone="050 361 1111", hours="at night")
        help_of(session, standby, "The same", phone="050-3619999")
        help_of(session, ResourceKind.CHAPLAIN, "Chaplaincy", phone="050 361 2222")
        help_of(session, ResourceKind.HEAD_OF_DEPARTMENT, "Head", phone="050 361 3333")
    card = Browser(programme, holder).text(address(programme))
    alarm = re.search(r'<details[^>]*id="alarm".*?</details>', card, re.DOTALL)
    assert alarm
    assert re.findall(r'href="tel:(\d+)"', alarm[0]) == ["0503619999", "0503611111", "113", "112"]
    assert "Urgently advise your colleague to see the GP." in alarm[0]
    assert re.findall(r'ps-help-phone" href="tel:(\d+)"', card) == ["0503612222"]


def test_a_supporter_without_an_account_asks_on_their_page(
    make_app: Callable[..., Flask],
) -> None:
    outside = move_in(make_app())
    with outside.session() as session:
        help_of(session, ResourceKind.CHAPLAIN, "Chaplaincy", phone="050 361 2222")
    outside.ask()
    phone = outside.phone()
    question = phone.open(outside.links()[0], CODE)
    assert "Chaplaincy" in question.text
    card = phone.act("accept")
    assert "Chaplaincy" in card.text
    assert "/peersupport/resources" not in question.text + card.text, "it is behind the sign-in"
    asked = phone.act("call-me")
    assert "One of them calls you." in asked.text
    page = Browser(outside.programme).text(address(outside.programme))
    assert f"{OLGA.name} asks you to call" in page
    assert 'href="tel:0612345678"' in page
    wrong = phone.act("close", outcome="referred")
    assert (wrong.status_code, "Choose to what kind of help" in wrong.text) == (422, True)
    assert "Closed." in phone.act("close", outcome="referred", referred_to="gp").text
    with outside.session() as session:
        row = session.scalars(sa.select(ReachOut)).one()
        assert (row.outcome, row.referred_to) == ("referred", "gp")
        waiting = sa.select(Message.id).where(
            Message.template == "call_me", Message.state == MessageState.WAITING
        )
        assert len(session.scalars(waiting).all()) == 2
