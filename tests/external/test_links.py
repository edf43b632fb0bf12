"""Supporters ask for new links themselves, with the code; and what mail brings them by itself."""

from __future__ import annotations

import re
from datetime import timedelta
from email.message import EmailMessage
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from flask_peersupport import jobs, schema
from flask_peersupport.access import limiting
from flask_peersupport.db import commit
from flask_peersupport.external import codes
from flask_peersupport.external.agreeing import take_code_away
from flask_peersupport.external.models import ExternalCode, ExternalToken
from flask_peersupport.external.tokens import digest_of
from flask_peersupport.outbox.models import Message, MessageState
from flask_peersupport.reachouts.answering import accept_request
from flask_peersupport.reachouts.contacting import close_reach_out
from flask_peersupport.reachouts.states import Outcome, ReachOutState, WaitingFor
from tests.external.conftest import CODE, OLGA, Outside, links_in, text_of
from tests.intake.conftest import person
from tests.reachouts.conftest import COORDINATOR, NOW

ADDRESS = "/peersupport/external"
EMAIL = OLGA.email or ""


def ask_for_link(outside: Outside, email: str = EMAIL, code: str = CODE, after: int = 10) -> str:
    """Ask for a link some minutes after NOW, let mail be sent, and return the page."""
    phone = outside.phone()
    phone.now = NOW + timedelta(minutes=after)
    phone.get(ADDRESS)
    page = phone.send(ADDRESS, email=email, code=code)
    assert page.status_code == 200
    outside.programme.work(timedelta(minutes=after))
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page.text)


def test_a_new_link_comes_by_mail_to_the_address_on_record(outside: Outside) -> None:
    outside.ask()
    (old,) = outside.links()
    page = ask_for_link(outside, " OLGA@outside.example ", "7kqmr2xwpd")
    assert "Look in your mail" in page
    _asked, letter = outside.box.to(EMAIL)
    assert str(letter["Subject"]) == "Peer support: your new link"
    new = outside.links()[1]
    assert "Anna Vos" in outside.phone().open(new).text
    assert "This does not work" in outside.phone().open(old).text
    assert outside.trail("external.link_asked") == [None]


def test_the_answer_is_the_same_whoever_asks(small_outside: Outside) -> None:
    outside = small_outside
    outside.ask()
    pages = [
        ask_for_link(outside, code="WRONG-WRONG"),
        ask_for_link(outside, "nobody@outside.example"),
        ask_for_link(outside, "selma.steun@hospital.example"),
        ask_for_link(outside, "no address"),
    ]
    assert len(outside.texts()) == 1
    pages.append(ask_for_link(outside))
    assert len(outside.texts()) == 2
    assert len(set(pages)) == 1
    refused = ["wrong_code", "unknown", "unknown", "unknown"]
    assert outside.trail("external.refused") == refused


def test_new_links_come_so_often_an_hour(outside: Outside) -> None:
    outside.ask()
    for minutes in range(10, 15):
        ask_for_link(outside, after=minutes)
    assert len(outside.texts()) == 1 + 3
    assert outside.trail("external.refused") == ["too_often", "too_often"]
    ask_for_link(outside, after=71)
    assert len(outside.texts()) == 1 + 4


def test_who_goes_on_asking_gets_the_same_page_and_costs_nothing_more(
    small_outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    monkeypatch.setattr(codes, "digest_of", lambda text, _salt: hashed.append(text) or b"")
    minute = 1
    monkeypatch.setattr(limiting, "time", SimpleNamespace(monotonic=lambda: minute * 60.0))
    phone = small_outside.phone()
    phone.get(ADDRESS)
    asking = {**phone.fields(), "code": CODE}
    pages = [phone.post(ADDRESS, **asking, email=f"{n}@made.example") for n in range(30)]
    pages += [phone.post(ADDRESS, **asking, email=one) for one in ("a@made.example", EMAIL)]
    assert {page.status_code for page in pages} == {200}
    assert len({re.sub(r'name="csrf_token" value="[^"]*"', "", page.text) for page in pages}) == 1
    assert len(hashed) == 30
    assert small_outside.trail("external.refused") == ["unknown"] * 30
    elsewhere = small_outside.phone()
    elsewhere.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    elsewhere.get(ADDRESS)
    elsewhere.send(ADDRESS, email="b@made.example", code=CODE)
    assert len(hashed) == 31, "another address has tries of its own"
    minute = 2
    phone.post(ADDRESS, **asking, email="c@made.example")
    assert len(hashed) == 32, "and so has another minute"


def test_where_nothing_waits_the_mail_says_so(small_outside: Outside) -> None:
    ask_for_link(small_outside)
    (letter,) = small_outside.box.to(EMAIL)
    assert str(letter["Subject"]) == "Peer support: nothing waits for you"
    assert links_in(text_of(letter)) == []


def test_what_was_taken_and_what_is_asked_each_get_a_link(small_outside: Outside) -> None:
    outside = small_outside
    outside.ask()
    phone = outside.phone()
    phone.open(outside.links()[0])
    phone.act("accept")
    ask_for_link(outside)
    assert len(outside.links()) == 2
    assert 'class="ps-card ps-call"' in outside.phone().open(outside.links()[1]).text


def test_without_a_code_or_an_address_it_says_what_is_missing(small_outside: Outside) -> None:
    phone = small_outside.phone()
    phone.get(ADDRESS)
    assert phone.send(ADDRESS, email=EMAIL, code="").status_code == 422
    assert small_outside.trail("external.refused") == []


def test_a_link_is_stored_before_its_mail_is_sent(outside: Outside) -> None:
    seen = []

    class Watching:
        """Looks, while a mail is sent, whether another connection finds its link."""

        def send(self, message: EmailMessage) -> None:
            for path in links_in(text_of(message)):
                token = path.rpartition("/")[2]
                with outside.session() as session:
                    found = sa.select(ExternalToken).where(ExternalToken.digest == digest_of(token))
                    seen.append(session.scalar(found) is not None)

    outside.app.extensions["peersupport_mailer"] = Watching()
    outside.ask()
    assert seen == [True]


def test_a_mail_that_failed_brings_another_link_and_the_first_works_too(
    small_outside: Outside,
) -> None:
    outside = small_outside
    kept: list[EmailMessage] = []

    class Dropping:
        """Takes the mail, and breaks the connection."""

        def send(self, message: EmailMessage) -> None:
            kept.append(message)
            raise ConnectionResetError

    outside.app.extensions["peersupport_mailer"] = Dropping()
    outside.ask()
    outside.app.extensions["peersupport_mailer"] = outside.box
    outside.programme.work(timedelta(minutes=5))
    (first,) = links_in(text_of(kept[0]))
    (second,) = outside.links()
    assert first != second
    assert "Anna Vos" in outside.phone().open(first).text


def test_nobody_is_asked_by_mail_without_a_code(outside: Outside) -> None:
    with outside.session() as session:
        take_code_away(session, outside.olga(session), actor=person(COORDINATOR), now=NOW)
        commit(session)
    outside.ask()
    with outside.session() as session:
        reach_out = outside.programme.only_reach_out(session)
        assert reach_out.state is ReachOutState.NEEDS_COORDINATOR
        assert reach_out.waiting_for is WaitingFor.BY_TELEPHONE
    assert outside.texts() == []


def test_a_question_is_not_mailed_once_the_code_is_gone(
    small_outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = small_outside
    monkeypatch.setattr(jobs, "JOBS", tuple(one for one in jobs.JOBS if one[0] != "deliver"))
    outside.ask()
    monkeypatch.undo()
    with outside.session() as session:
        take_code_away(session, outside.olga(session), actor=person(COORDINATOR), now=NOW)
        commit(session)
    outside.programme.work()
    assert outside.texts() == []
    with outside.session() as session:
        states = session.scalars(
            sa.select(Message.state).where(Message.template == "supporter_asked")
        )
        assert states.all() == [MessageState.DROPPED]


def test_reminders_bring_a_link_to_the_call_card(small_outside: Outside) -> None:
    outside = small_outside
    outside.ask()
    phone = outside.phone()
    phone.open(outside.links()[0])
    phone.act("accept")
    outside.programme.work(timedelta(hours=23))
    reminder = outside.box.to(EMAIL)[1]
    assert "please make contact before" in str(reminder["Subject"])
    (link,) = links_in(text_of(reminder))
    later = outside.phone()
    later.now = NOW + timedelta(hours=23, minutes=1)
    assert 'class="ps-card ps-call"' in later.open(link).text
    today = later.now.date().isoformat()
    later.act("contacts", happened_on=today, channel="phone", kind="first", outcome="conversation")
    later.act("follow-up", on=(later.now.date() + timedelta(days=2)).isoformat())
    outside.programme.work(timedelta(days=4))
    follow_up = outside.box.to(EMAIL)[2]
    assert "a follow-up is due" in str(follow_up["Subject"])
    assert len(links_in(text_of(follow_up))) == 1


def test_a_yes_by_telephone_brings_a_link_too(small_outside: Outside) -> None:
    outside = small_outside
    outside.ask()
    with outside.session() as session:
        request = outside.programme.open_request(session)
        actor = person(COORDINATOR)
        accept_request(session, request, actor=actor, now=NOW, by_telephone=True)
        commit(session)
    outside.programme.work(timedelta(minutes=1))
    assert 'class="ps-card ps-call"' in outside.phone().open(outside.links()[-1]).text


@pytest.mark.parametrize("end", ["expired", "closed"])
def test_thanks_lead_nowhere(small_outside: Outside, end: str) -> None:
    outside = small_outside
    outside.ask()
    if end == "closed":
        with outside.session() as session:
            reach_out = outside.programme.only_reach_out(session)
            close_reach_out(
                session,
                reach_out,
                Outcome.WITHDRAWN,
                reason=None,
                actor=person(COORDINATOR),
                now=NOW,
            )
            commit(session)
    outside.programme.work(timedelta(hours=5))
    thanks = outside.texts()[-1]
    assert "need not do anything any more" in thanks
    assert links_in(thanks) == []
    assert "signing in" not in thanks
    assert "Open Peer support" not in thanks


def test_who_is_called_gets_no_link_that_asks_for_an_account(small_outside: Outside) -> None:
    outside = small_outside
    outside.ask()
    with outside.session() as session:
        request = outside.programme.open_request(session)
        actor = person(COORDINATOR)
        accept_request(session, request, actor=actor, now=NOW, by_telephone=True)
        take_code_away(session, outside.olga(session), actor=actor, now=NOW)
        commit(session)
    outside.programme.work(timedelta(hours=23))
    assert "please make contact" in str(outside.box.to(EMAIL)[-1]["Subject"])
    reminder = outside.texts()[-1]
    assert links_in(reminder) == []
    assert "Please call a coordinator" in reminder


def test_mail_to_somebody_outside_names_nobody(small_outside: Outside) -> None:
    small_outside.ask()
    ask_for_link(small_outside)
    for letter in small_outside.box.to(EMAIL):
        text = letter.as_string()
        for word in ("Anna", "Ward", "calamity", "Olga", CODE):
            assert word not in text.replace(EMAIL, "")


def test_a_code_and_a_link_are_in_no_table(outside: Outside) -> None:
    outside.ask()
    phone = outside.phone()
    phone.open(outside.links()[0])
    ask_for_link(outside)
    secrets = [link.rpartition("/")[2] for link in outside.links()]
    secrets += [phone.fields()["step_token"], CODE, "7KQMR2XWPD", "7kqmr2xwpd"]
    with outside.session() as session:
        dump = b""
        for table in schema.metadata().sorted_tables:
            for row in session.execute(sa.select(table)):
                dump += b"|".join(
                    cell if isinstance(cell, bytes) else str(cell).encode() for cell in row
                )
        assert session.scalars(sa.select(ExternalCode)).one().digest in dump
    assert len(secrets) == 6
    assert [secret for secret in secrets if secret.encode() in dump] == []
