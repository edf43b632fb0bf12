"""The pages of the rounds, for coordinators and for everyone who is asked."""

from __future__ import annotations

import html
import re
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from flask_peersupport.access.people import sign_user
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.db import commit
from flask_peersupport.errors import InvalidInput
from flask_peersupport.nominations.models import NominationRound, Nominee, RoundInvitation
from flask_peersupport.outbox.models import Message
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from flask_peersupport.vault.models import PersonRecord
from flask_peersupport.vault.persons import store_person
from tests.nominations.conftest import (
    ANNA,
    BRAM,
    CHRIS,
    NOW,
    TODAY,
    Choice,
    Hospital,
    named,
    staff,
)
from tests.supporters.conftest import Visitor, counted
from tests.supporters.host import COORDINATOR

LINE = "peersupport-colleagues-{}-{}"


def text_of(response: Any) -> str:
    """Return what a page says, without its markup."""
    body = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", response.get_data(as_text=True))
    return " ".join(html.unescape(body).split())


def ballot(*lines: tuple[str, str]) -> dict[str, str]:
    """Return the fields of a ballot: name and department of each line."""
    return {
        LINE.format(index, part): text
        for index, line in enumerate(lines)
        for part, text in zip(("name", "department"), line, strict=True)
    }


def coordinator(hospital: Hospital) -> Visitor:
    return hospital.visitor(COORDINATOR)


def rows(hospital: Hospital, model: type[Any]) -> list[Any]:
    found: list[Any] = hospital.read(lambda session: list(session.scalars(sa.select(model))))
    return found


def actions(hospital: Hospital) -> list[str]:
    """Return the audit trail but for the list of departments."""
    found = [entry.action for entry in rows(hospital, AuditEntry)]
    return [action for action in found if action != "department.added"]


def form_of_round(**fields: Any) -> dict[str, Any]:
    return {
        "closes_on": (TODAY + timedelta(days=14)).isoformat(),
        "max_names": "2",
        "staff_count": "40",
        "letter_nl": "Beste collega,\n\nEén vraag.",
        "letter_en": "Dear colleague,\n\nOne question.",
    } | fields


# opening


def test_a_coordinator_opens_a_round(small_hospital: Hospital) -> None:
    visitor = coordinator(small_hospital)
    page = text_of(visitor.get("/nominations/open"))
    assert "whom would you go to in confidence if you had been involved" in page
    assert "naar wie zou je in vertrouwen toe gaan" in page
    answer = visitor.post("/nominations/open", **form_of_round(department=["Ward 1", "Ward 2"]))
    assert answer.status_code == 302
    (row,) = rows(small_hospital, NominationRound)
    assert (row.state, row.max_names, row.staff_count) == ("open", 2, 40)
    assert row.closes_on == TODAY + timedelta(days=14)
    assert actions(small_hospital) == ["nomination.opened"]
    page = text_of(visitor.get(f"/nominations/{row.id}"))
    assert "Ward 1, Ward 2" in page
    assert "Round of 3 March 2026" in text_of(visitor.get("/nominations"))


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("closes_on", "", "Fill in the last day on which an answer can be given."),
        ("closes_on", "2026-03-02", "This day has passed."),
        ("closes_on", "2028-01-01", "A round is open for a year at most."),
        ("max_names", "0", "Fill in a whole number from 1 to 5."),
        ("max_names", "six", "Fill in a whole number from 1 to 5."),
        ("staff_count", "-1", "Fill in a whole number from 1 to 1000000."),
        ("letter_en", "  ", "The letter is empty."),
        ("letter_en", "x" * 4001, "This is too long; at most 4000 characters."),
        ("letter_en", "a\x07b", "There is a control character in this text."),
        ("department", "Ward 99", "Choose departments from the list."),
    ],
)
def test_what_cannot_be_right_is_said_and_nothing_typed_is_lost(
    small_hospital: Hospital, field: str, text: str, sentence: str
) -> None:
    visitor = coordinator(small_hospital)
    form = form_of_round(letter_nl="Zo heb ik het geschreven.") | {field: text}
    answer = visitor.post("/nominations/open", **form)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert sentence in page
    assert "Zo heb ik het geschreven." in page
    assert rows(small_hospital, NominationRound) == []


def test_the_same_people_are_asked_in_one_round_at_a_time(small_hospital: Hospital) -> None:
    small_hospital.open(departments=("Ward 1",))
    visitor = coordinator(small_hospital)
    answer = visitor.post("/nominations/open", **form_of_round())
    assert answer.status_code == 422
    assert "asks the same people" in answer.get_data(as_text=True)
    for fields in ({"department": "Ward 9"}, {"heads_only": "1"}):
        assert visitor.post("/nominations/open", **form_of_round(**fields)).status_code == 302


def test_of_six_rounds_opened_at_once_one_is_opened(hospital: Hospital) -> None:
    start = threading.Barrier(6)
    told: list[str | Exception] = []

    def open_one() -> None:
        start.wait()
        try:
            told.append(hospital.open())
        except Exception as error:
            told.append(error)

    threads = [threading.Thread(target=open_one) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [one for one in told if not isinstance(one, str)]
    assert [type(error) for error in refused] == [InvalidInput] * 5
    assert len(rows(hospital, NominationRound)) == 1


def test_last_day_letter_and_number_can_be_changed_and_nothing_else(
    small_hospital: Hospital,
) -> None:
    round_id = small_hospital.open(departments=("Ward 1",))
    visitor = coordinator(small_hospital)
    later = TODAY + timedelta(days=30)
    form = form_of_round(closes_on=later.isoformat(), max_names="5", heads_only="1")
    assert visitor.post(f"/nominations/{round_id}/change", **form).status_code == 302
    (row,) = rows(small_hospital, NominationRound)
    assert (row.closes_on, row.staff_count, row.max_names) == (later, 40, 2)
    assert not row.is_heads_only
    assert row.due_at.date() == later, "midnight of Amsterdam in summer time is 22:00 UTC"
    small_hospital.close(round_id)
    assert visitor.get(f"/nominations/{round_id}/change").status_code == 404


# the question


def test_everyone_is_asked_while_a_round_is_open_and_once(small_hospital: Hospital) -> None:
    visitor = small_hospital.visitor(BRAM)
    assert "Whom do you trust?" not in text_of(visitor.get("/"))
    assert visitor.get("/nominations").status_code == 404
    round_id = small_hospital.open()
    assert "Whom do you trust?" in text_of(visitor.get("/"))
    assert visitor.get("/nominations").headers["Location"].endswith(round_id)
    page = text_of(visitor.get(f"/nominations/{round_id}"))
    assert "Dear colleague," in page
    answer = visitor.post(f"/nominations/{round_id}/vote", **ballot(("Nel Smit", "Ward 2")))
    assert answer.status_code == 302
    page = text_of(visitor.get(f"/nominations/{round_id}/vote"))
    assert "It is secret, so it cannot be shown or changed" in page
    assert "Nel" not in page
    assert "Whom do you trust?" not in text_of(visitor.get("/"))
    second = send(visitor, f"/nominations/{round_id}/vote", ballot(("Other", "")))
    assert second.status_code == 302
    small_hospital.others_vote(round_id, named(ANNA))
    small_hospital.close(round_id)
    assert small_hospital.result(round_id) == [
        ("Ward 1", "Anna Vos", 4),
        ("Ward 2", "Nel Smit", None),
    ]
    assert visitor.get(f"/nominations/{round_id}").status_code == 404


def send(visitor: Visitor, address: str, fields: dict[str, str]) -> Any:
    """Post to an address that has no form any more, with the token of any page."""
    with visitor.client.session_transaction() as session:
        session["csrf_token"] = "seed"
    from itsdangerous import URLSafeTimedSerializer

    secret = visitor.client.application.secret_key or ""
    token = URLSafeTimedSerializer(secret, salt="wtf-csrf-token").dumps("seed")
    return visitor.send(address, csrf_token=token, **fields)


def test_who_is_picked_from_the_directory_is_the_same_however_typed(
    small_hospital: Hospital,
) -> None:
    small_hospital.employ(ANNA, CHRIS)
    round_id = small_hospital.open()
    with small_hospital.app.app_context():
        token = sign_user(ANNA.user_id or "")
    ways = (
        {LINE.format(0, "name"): "Anna Vos", LINE.format(0, "user"): token},
        ballot(("anna vos", "")),
        ballot(("Anna Vos", "Surgery")),
        ballot(("m1@hospital.example", "")),
    )
    for number, fields in enumerate(ways):
        visitor = small_hospital.visitor(staff(10 + number))
        assert visitor.post(f"/nominations/{round_id}/vote", **fields).status_code == 302
    # typed over the suggestion: somebody else
    fields = {LINE.format(0, "name"): "Ella Ander", LINE.format(0, "user"): token}
    small_hospital.visitor(staff(20)).post(f"/nominations/{round_id}/vote", **fields)
    fields = ballot(("Anna Vos", "Ward 9"))
    small_hospital.visitor(staff(21)).post(f"/nominations/{round_id}/vote", **fields)
    small_hospital.close(round_id)
    assert small_hospital.result(round_id) == [
        (None, "Ella Ander", None),
        ("Ward 1", "Anna Vos", 4),
        ("Ward 9", "Anna Vos", None),
    ]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Fill in a name first."),
        (ballot(("", "Ward 9")), "Fill in a name, or empty this line."),
        (ballot(("...", "")), "There is no name."),
        (ballot(("Bram Smit", "")), "This is you."),
        (ballot(("m2@hospital.example", "")), "This is you."),
        (ballot(("a@b", "")), "is not an e-mail address"),
        (ballot(("Anna Vos", ""), ("anna  VOS", "Ward 1")), "You named this colleague already."),
        (ballot(("Kim Same", "")), "Several colleagues bear this name."),
        (ballot(("A a", ""), ("B b", ""), ("C c", "")), "You can give 2 names at most."),
    ],
)
def test_a_ballot_that_cannot_be_right_comes_back_as_it_was_typed(
    small_hospital: Hospital, fields: dict[str, str], sentence: str
) -> None:
    small_hospital.employ(ANNA, staff(30, "Ward 1", "Kim Same"), staff(31, "Ward 2", "Kim Same"))
    round_id = small_hospital.open()
    visitor = small_hospital.visitor(BRAM)
    answer = visitor.post(f"/nominations/{round_id}/vote", **fields)
    assert answer.status_code == 422
    page = html.unescape(answer.get_data(as_text=True))
    assert sentence in page
    for text in fields.values():
        assert not text or f'value="{" ".join(text.split())}"' in page
    small_hospital.close(round_id)
    assert small_hospital.result(round_id) == []


def test_the_department_says_which_namesake_is_meant(small_hospital: Hospital) -> None:
    small_hospital.employ(ANNA, staff(30, "Ward 1", "Kim Same"), staff(31, "Ward 9", "Kim Same"))
    round_id = small_hospital.open()
    visitor = small_hospital.visitor(BRAM)
    visitor.post(f"/nominations/{round_id}/vote", **ballot(("Kim Same", "ward 9")))
    # a namesake of one's own elsewhere is not oneself
    other = small_hospital.visitor(staff(40, "Ward 9", "Bram Smit"))
    other.post(f"/nominations/{round_id}/vote", **ballot(("Bram Smit", "Ward 2")))
    small_hospital.others_vote(round_id, named(ANNA), 3)
    small_hospital.close(round_id)
    assert small_hospital.result(round_id) == [
        ("Ward 1", "Anna Vos", 3),
        ("Ward 2", "Bram Smit", None),
        ("Ward 9", "Kim Same", None),
    ]
    people = {person.user_id for _id, _place, person in read_nominees(small_hospital)}
    assert people == {"131", ANNA.user_id, BRAM.user_id}


def read_nominees(hospital: Hospital) -> list[tuple[str, str | None, Person]]:
    """Return id, department and person of all who were named."""
    found: list[tuple[str, str | None, Person]] = hospital.read(
        lambda session: [
            (row.id, row.department, row.record.person)
            for row in session.scalars(sa.select(Nominee))
        ]
    )
    return found


def test_only_who_is_asked_sees_the_question(small_hospital: Hospital) -> None:
    round_id = small_hospital.open(departments=("Ward 1",))
    asked = (
        staff(10, "Ward 1"),
        staff(11, "Surgery"),
        staff(12, None),
        staff(13, "Unheard of"),
        staff(14, "Ward 9; Ward 1"),
    )
    for person in asked:
        assert small_hospital.visitor(person).get(f"/nominations/{round_id}").status_code == 200
    for person in (
        staff(20, "Ward 9"),
        staff(21, "Ward 2"),
        replace(staff(22), email=None, user_id=None),
    ):
        visitor = Visitor(small_hospital.app, person)
        assert visitor.get(f"/nominations/{round_id}").status_code == 404, person
        assert visitor.get(f"/nominations/{round_id}/vote").status_code == 404
        answer = send(visitor, f"/nominations/{round_id}/vote", ballot(("Anna", "")))
        assert answer.status_code == 404
        assert "Whom do you trust?" not in text_of(visitor.get("/"))


def test_who_is_asked_in_two_rounds_chooses(small_hospital: Hospital) -> None:
    first, second = (small_hospital.open(departments=(name,)) for name in ("Ward 1", "Ward 2"))
    visitor = small_hospital.visitor(staff(10, "Surgery"))
    page = visitor.get("/nominations").get_data(as_text=True)
    assert first in page
    assert second in page


def test_a_round_that_closed_meanwhile_says_so_kindly(small_hospital: Hospital) -> None:
    round_id = small_hospital.open()
    visitor = small_hospital.visitor(BRAM)
    small_hospital.close(round_id)
    answer = send(visitor, f"/nominations/{round_id}/vote", ballot(("Anna", "")))
    assert answer.status_code == 409
    assert "This round has closed" in text_of(answer)
    assert send(visitor, f"/nominations/{'0' * 32}/vote", {}).status_code == 404


def test_after_the_last_day_the_page_is_gone_before_the_worker_came(
    small_hospital: Hospital,
) -> None:
    round_id = small_hospital.open()
    visitor = small_hospital.visitor(BRAM)
    with time_machine.travel(NOW + timedelta(days=15)):
        assert visitor.get(f"/nominations/{round_id}").status_code == 404
        answer = send(visitor, f"/nominations/{round_id}/vote", ballot(("Anna", "")))
        assert answer.status_code == 409
        assert "Whom do you trust?" not in text_of(visitor.get("/"))


def test_names_are_completed_without_an_address_that_holds_them(small_hospital: Hospital) -> None:
    small_hospital.employ(ANNA)
    small_hospital.open()
    visitor = small_hospital.visitor(BRAM)
    answer = send(visitor, "/people", {"q": "anna"})
    assert [person["name"] for person in answer.get_json()] == ["Anna Vos"]
    assert visitor.send("/people", q="anna").status_code == 400, "without the page's token"


# heads


def test_heads_are_invited_by_address_and_may_answer(small_hospital: Hospital) -> None:
    small_hospital.employ(BRAM, CHRIS)
    round_id = small_hospital.open(is_heads_only=True)
    visitor = coordinator(small_hospital)
    head = small_hospital.visitor(BRAM)
    assert head.get(f"/nominations/{round_id}").status_code == 404
    addresses = "m2@hospital.example\r\n\r\nm3@hospital.example\r\nm2@hospital.example"
    page = f"/nominations/{round_id}"
    answer = visitor.post(f"{page}/invite", form=page, addresses=addresses)
    assert answer.status_code == 302
    assert "Bram Smit, m2 @hospital.example" in text_of(visitor.get(page))
    assert [row.template for row in rows(small_hospital, Message)] == ["nomination_asked"] * 2
    assert head.get(page).status_code == 200
    assert "Whom do you trust?" in text_of(head.get("/"))
    # who was invited gets no second mail, and an answer changes nothing of the list
    head.post(f"{page}/vote", **ballot(("Nel Smit", "")))
    visitor.post(f"{page}/invite", form=page, addresses=addresses)
    assert len(rows(small_hospital, Message)) == 2
    assert len(rows(small_hospital, RoundInvitation)) == 2
    heads = [staff(700 + number) for number in range(8)]
    small_hospital.employ(*heads)
    addresses = "\n".join(head.email or "" for head in heads)
    visitor.post(f"{page}/invite", form=page, addresses=addresses)
    small_hospital.others_vote(round_id, named(ANNA))
    small_hospital.close(round_id)
    assert rows(small_hospital, RoundInvitation) == []
    (row,) = rows(small_hospital, NominationRound)
    assert (row.voter_count, row.staff_count) == (5, 10)
    assert "50% of 10" in text_of(visitor.get(page))


def test_one_wrong_address_and_nobody_is_invited(small_hospital: Hospital) -> None:
    small_hospital.employ(BRAM)
    round_id = small_hospital.open()
    visitor = coordinator(small_hospital)
    page = f"/nominations/{round_id}"
    addresses = "m2@hospital.example\nnobody@hospital.example\nnot an address"
    answer = visitor.post(f"{page}/invite", form=page, addresses=addresses)
    assert answer.status_code == 422
    text = text_of(answer)
    assert "Line 2: Nobody has an account with “nobody@hospital.example”." in text
    assert "Line 3: “not an address” is not an e-mail address." in text
    assert "m2@hospital.example" in text
    assert rows(small_hospital, Message) == []
    assert rows(small_hospital, RoundInvitation) == []
    empty = visitor.post(f"{page}/invite", form=page, addresses=" ")
    assert "Fill in an e-mail address on each line." in text_of(empty)
    many = visitor.post(f"{page}/invite", form=page, addresses="m2@hospital.example\n" * 501)
    assert "These are too many lines; at most 500." in text_of(many)


def test_an_invited_head_of_another_department_may_answer_too(small_hospital: Hospital) -> None:
    small_hospital.employ(CHRIS)
    round_id = small_hospital.open(departments=("Ward 1",))
    page = f"/nominations/{round_id}"
    assert small_hospital.visitor(CHRIS).get(page).status_code == 404
    coordinator(small_hospital).post(f"{page}/invite", form=page, addresses=CHRIS.email)
    assert small_hospital.visitor(CHRIS).get(page).status_code == 200


# closing and the result


def test_the_worker_closes_a_round_after_its_last_day(hospital: Hospital) -> None:
    round_id = hospital.open(closes_on=TODAY)
    hospital.others_vote(round_id, Choice("Nel Smit", "Ward 2"), 5)
    assert hospital.work(NOW + timedelta(hours=12)).get("close_rounds") is None
    assert hospital.work(NOW + timedelta(hours=15))["close_rounds"] == 1
    assert hospital.result(round_id) == [("Ward 2", "Nel Smit", 5)]
    assert actions(hospital) == ["nomination.opened", "nomination.closed"]


def test_a_round_that_cannot_be_counted_waits_and_loses_nothing(small_hospital: Hospital) -> None:
    round_id = small_hospital.open()
    small_hospital.others_vote(round_id, Choice("Nel Smit", "Ward 2"), 5)
    keyring = small_hospital.runtime.keys.path  # type: ignore[attr-defined]
    aside = keyring.rename(keyring.with_suffix(".aside"))
    late = NOW + timedelta(days=15)
    assert small_hospital.work(late)["close_rounds_failed"] == 1
    aside.rename(keyring)
    assert "close_rounds" not in small_hospital.work(late), "it is left alone for a while"
    assert small_hospital.work(late + timedelta(minutes=11))["close_rounds"] == 1
    assert small_hospital.result(round_id) == [("Ward 2", "Nel Smit", 5)]


@pytest.mark.parametrize("by_worker", [False, True], ids=["by hand", "by the worker"])
def test_below_five_answers_a_round_tells_neither_names_nor_numbers(
    small_hospital: Hospital, by_worker: bool
) -> None:
    round_id = small_hospital.open(staff_count=40)
    small_hospital.others_vote(round_id, Choice("Nel Smit", "Ward 2"), 4)
    visitor = coordinator(small_hospital)
    page = f"/nominations/{round_id}"
    assert "If fewer than 5 people answered, no names are shown" in text_of(visitor.get(page))
    if by_worker:
        small_hospital.work(NOW + timedelta(days=20))
    else:
        visitor.post(f"{page}/close", form=page)
    text = text_of(visitor.get(page))
    assert "Fewer than 5 people answered, so no names are shown" in text
    assert "Open another round and leave it open for longer." in text
    for word in ("Nel Smit", "Answers", "Response", "10%", "Nobody was named"):
        assert word not in text
    assert "fewer than 5 answers" in text_of(visitor.get("/nominations"))
    assert small_hospital.result(round_id) == []
    (row,) = rows(small_hospital, NominationRound)
    assert (row.state, row.voter_count) == ("closed", 0)


def test_five_answers_are_told(small_hospital: Hospital) -> None:
    round_id = small_hospital.open(staff_count=40)
    small_hospital.others_vote(round_id, Choice("Nel Smit", "Ward 2"), 5)
    small_hospital.close(round_id)
    visitor = coordinator(small_hospital)
    text = text_of(visitor.get(f"/nominations/{round_id}"))
    assert "Nel Smit 5 times" in text
    assert "Answers 5" in text
    assert "12% of 40" in text
    assert "Fewer than 5" not in text
    assert "response 12%" in text_of(visitor.get("/nominations"))


def test_one_entry_that_the_directory_cannot_read_keeps_no_round_open(hospital: Hospital) -> None:
    hospital.employ(ANNA, CHRIS)
    users = hospital.app.extensions["people"]
    known = users.get

    def get(user_id: str | None) -> Person | None:
        if user_id == ANNA.user_id:
            raise LookupError("broken entry")
        found: Person | None = known(user_id)
        return found

    round_id = hospital.open()
    hospital.others_vote(round_id, named(ANNA), 3)
    for number in range(3):
        hospital.vote(round_id, staff(10 + number), named(CHRIS))
    users.get = get
    hospital.close(round_id)
    users.get = known
    assert hospital.result(round_id) == [("Ward 1", "Anna Vos", 3), ("Ward 9", "Chris de Boer", 3)]
    people = {person.name: person for _id, _place, person in read_nominees(hospital)}
    assert (people["Anna Vos"].email, people["Anna Vos"].user_id) == (ANNA.email, None)
    assert people["Chris de Boer"].user_id == CHRIS.user_id


def test_the_result_is_by_department_and_count_and_says_named_below_three(
    small_hospital: Hospital,
) -> None:
    small_hospital.employ(ANNA, BRAM, CHRIS)
    round_id = small_hospital.open(staff_count=20)
    votes = [(ANNA, 5), (BRAM, 3), (CHRIS, 1)]
    number = 10
    for nominee, count in votes:
        for _vote in range(count):
            small_hospital.vote(round_id, staff(number), named(nominee))
            number += 1
    small_hospital.vote(round_id, staff(number), Choice("Zed", "Ward 1"), Choice("Abel", "Ward 1"))
    small_hospital.vote(round_id, staff(number + 1), Choice("Zed", "Ward 1"))
    visitor = coordinator(small_hospital)
    page = f"/nominations/{round_id}"
    visitor.post(f"{page}/close", form=page)
    text = text_of(visitor.get(page))
    order = ["Ward 1", "Anna Vos 5 times", "Abel named", "Zed named", "Ward 2", "Bram Smit 3 times"]
    order += ["Ward 9", "Chris de Boer named"]
    places = [text.index(part, text.index("Ward 1")) for part in order]
    assert places == sorted(places)
    assert "55% of 20" in text
    assert "nomination.result_seen" in actions(small_hospital)
    assert small_hospital.visitor(BRAM).get(page).status_code == 404


def test_before_closing_nobody_sees_how_many_or_who(small_hospital: Hospital) -> None:
    round_id = small_hospital.open()
    visitor = coordinator(small_hospital)
    page = f"/nominations/{round_id}"

    def plain() -> str:
        return text_of(visitor.get(page))

    before = plain()
    small_hospital.vote(round_id, BRAM, Choice("Nel Smit", "Ward 2"))
    assert plain() == before


def test_a_closed_round_cannot_be_closed_again(small_hospital: Hospital) -> None:
    round_id = small_hospital.open()
    visitor = coordinator(small_hospital)
    page = f"/nominations/{round_id}"
    assert visitor.post(f"{page}/close", form=page).status_code == 302
    assert send(visitor, f"{page}/close", {}).status_code == 409


def test_a_nominee_whose_account_is_gone_keeps_name_but_not_the_id(
    small_hospital: Hospital,
) -> None:
    small_hospital.employ(ANNA)
    round_id = small_hospital.open()
    small_hospital.others_vote(round_id, named(ANNA), 5)
    del small_hospital.app.extensions["people"].everybody[str(ANNA.user_id)]
    small_hospital.close(round_id)
    ((_id, _place, person),) = read_nominees(small_hospital)
    assert (person.name, person.user_id) == ("Anna Vos", None)


# inviting who came out


def invite(visitor: Visitor, round_id: str, nominee_id: str, **fields: str) -> Any:
    page = f"/nominations/{round_id}"
    return send(visitor, f"{page}/nominees/{nominee_id}/invite", fields)


def test_one_press_puts_a_nominee_on_the_roster_and_invites_them(hospital: Hospital) -> None:
    hospital.employ(ANNA)
    round_id = hospital.open()
    hospital.others_vote(round_id, named(ANNA), 5)
    hospital.close(round_id)
    visitor = coordinator(hospital)
    (nominee,) = rows(hospital, Nominee)
    assert invite(visitor, round_id, nominee.id).status_code == 302
    (supporter,) = rows(hospital, Supporter)
    assert supporter.state == SupporterState.INVITED
    assert supporter.person_id == nominee.person_id
    assert [row.template for row in rows(hospital, Message)] == ["supporter_invited"]
    text = text_of(visitor.get(f"/nominations/{round_id}"))
    assert "Anna Vos 5 times invited On the roster" in text
    assert invite(visitor, round_id, nominee.id).status_code == 409
    assert len(rows(hospital, Supporter)) == 1
    assert invite(visitor, "0" * 32, nominee.id).status_code == 404
    assert actions(hospital).count("nomination.nominee_invited") == 1


def test_a_typed_name_needs_an_address_before_the_invitation(small_hospital: Hospital) -> None:
    small_hospital.employ(ANNA, CHRIS)
    round_id = small_hospital.open()
    small_hospital.vote(round_id, BRAM, Choice("chris de  boer", "Ward 9"), named(ANNA))
    small_hospital.others_vote(round_id, named(ANNA))
    small_hospital.close(round_id)
    visitor = coordinator(small_hospital)
    (typed_id,) = (
        row_id for row_id, place, _who in read_nominees(small_hospital) if place == "Ward 9"
    )
    assert "Not found in the staff list" in text_of(visitor.get(f"/nominations/{round_id}"))
    for email, sentence in (
        ("", "Fill in an e-mail address first"),
        ("nonsense", "is not an e-mail address"),
        ("m1@hospital.example", "This is the address of Anna Vos"),
    ):
        answer = invite(visitor, round_id, typed_id, email=email)
        assert answer.status_code == 422
        assert sentence in text_of(answer)
        assert f'value="{email}"' in answer.get_data(as_text=True)
    assert rows(small_hospital, Supporter) == []
    count = len(rows(small_hospital, PersonRecord))
    assert invite(visitor, round_id, typed_id, email="m3@hospital.example").status_code == 302
    assert {person.name for _id, _place, person in read_nominees(small_hospital)} == {
        "Anna Vos",
        "Chris de Boer",
    }
    (supporter,) = rows(small_hospital, Supporter)
    assert supporter.has_account
    assert len(rows(small_hospital, PersonRecord)) == count, "the row with the name alone is gone"


def test_an_address_of_somebody_of_another_name_invites_nobody(small_hospital: Hospital) -> None:
    joke = staff(40, "Ward 9", "Joke Janssen")
    small_hospital.employ(joke)
    # known to the vault alone: somebody without an account
    known = Person("Kees Bakker", "kees@elsewhere.example")
    with small_hospital.app.app_context(), small_hospital.runtime.storage.work() as session:
        store_person(session, known, now=NOW, is_lasting=True)
        commit(session)
    round_id = small_hospital.open()
    small_hospital.others_vote(round_id, Choice("Jan Jansen", "Ward 9"), 5)
    small_hospital.close(round_id)
    visitor = coordinator(small_hospital)
    ((nominee_id, _place, jan),) = read_nominees(small_hospital)
    for other in (joke, known):
        answer = invite(visitor, round_id, nominee_id, email=other.email or "")
        assert answer.status_code == 422
        assert f"This is the address of {other.name}, and Jan Jansen was named." in text_of(answer)
        assert f'value="{other.email}"' in answer.get_data(as_text=True)
    assert rows(small_hospital, Supporter) == []
    assert rows(small_hospital, Message) == []
    assert [person for _id, _place, person in read_nominees(small_hospital)] == [jan]
    assert len(rows(small_hospital, PersonRecord)) == 2, "Jan and Kees; nothing was kept of Joke"


def test_a_name_that_is_known_is_not_written_over_by_one_that_was_typed(
    small_hospital: Hospital,
) -> None:
    known = Person("Zoë de Wit", "zoe@elsewhere.example", profession="nurse")
    with small_hospital.app.app_context(), small_hospital.runtime.storage.work() as session:
        store_person(session, known, now=NOW, is_lasting=True)
        commit(session)
    round_id = small_hospital.open()
    small_hospital.others_vote(round_id, Choice("ZOË DE WIT", "Ward 9"), 5)
    small_hospital.close(round_id)
    visitor = coordinator(small_hospital)
    ((nominee_id, _place, _who),) = read_nominees(small_hospital)
    assert invite(visitor, round_id, nominee_id, email=known.email or "").status_code == 302
    ((_id, _place, person),) = read_nominees(small_hospital)
    assert person.name == "Zoë de Wit"


def test_who_is_on_the_roster_is_shown_with_their_state(small_hospital: Hospital) -> None:
    small_hospital.employ(ANNA)
    for _round in range(2):
        round_id = small_hospital.open()
        small_hospital.others_vote(round_id, named(ANNA), 5)
        small_hospital.close(round_id)
    visitor = coordinator(small_hospital)
    nominee = next(row for row in rows(small_hospital, Nominee) if row.round_id == round_id)
    invite(visitor, round_id, nominee.id)
    others = [row.round_id for row in rows(small_hospital, Nominee) if row.round_id != round_id]
    text = text_of(visitor.get(f"/nominations/{others[0]}"))
    assert "Anna Vos 5 times invited" in text


def test_the_letter_can_be_printed(small_hospital: Hospital) -> None:
    round_id = small_hospital.open()
    visitor = coordinator(small_hospital)
    page = text_of(visitor.get(f"/nominations/{round_id}/letter"))
    assert "Dear colleague," in page
    assert "Answer through 17 March 2026" in page
    dutch = visitor.get(f"/nominations/{round_id}/letter?language=nl").get_data(as_text=True)
    assert "Beste collega," in dutch
    assert small_hospital.visitor(BRAM).get(f"/nominations/{round_id}/letter").status_code == 404


@pytest.mark.parametrize("what", ["rounds", "nominees"])
def test_a_page_costs_as_much_at_thirty_rows_as_at_one(small_hospital: Hospital, what: str) -> None:
    visitor = coordinator(small_hospital)

    def cost(count: int) -> int:
        round_id = ""
        for _round in range(count if what == "rounds" else 1):
            round_id = small_hospital.open()
            for number in range(count if what == "nominees" else 1):
                someone = staff(50 + number)
                small_hospital.employ(someone)
                small_hospital.vote(round_id, staff(200 + number), named(someone))
            small_hospital.others_vote(round_id, named(staff(50)))
            small_hospital.close(round_id)
        page = "/nominations" if what == "rounds" else f"/nominations/{round_id}"
        visitor.get(page)
        with counted(small_hospital.app) as statements:
            assert visitor.get(page).status_code == 200
        return len(statements)

    assert cost(1) == cost(30)
