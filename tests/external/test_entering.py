"""Link and code: what lets somebody in, how long, how often, and what the others are told."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from flask_peersupport.db import commit
from flask_peersupport.errors import KeyringError
from flask_peersupport.external import codes, rules
from flask_peersupport.external.agreeing import take_code_away
from flask_peersupport.external.models import ExternalCode, ExternalToken
from flask_peersupport.external.rules import Purpose
from flask_peersupport.external.tokens import make_path
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from tests.external.conftest import CODE, Outside, Phone, another_link
from tests.intake.conftest import person, runtime
from tests.reachouts.conftest import COORDINATOR, NOW

REFUSED = "This does not work"


def plain(text: str) -> str:
    """Return a page without what every page has anew: its token, and the address it posts to."""
    text = re.sub(r'name="csrf_token" value="[^"]*"', "", text)
    return re.sub(r"/external/[\w-]+", "/external/…", text)


def test_every_refusal_is_one_and_the_same_answer(small_outside: Outside) -> None:
    outside = small_outside
    outside.ask()
    (link,) = outside.links()
    used = another_link(outside)
    answers = {}

    def knock(name: str, path: str, code: str = CODE, after: timedelta = timedelta(0)) -> None:
        phone = outside.phone()
        phone.now += after
        answers[name] = phone.open(path, code)

    knock("unknown", "/peersupport/external/" + "x" * 43)
    knock("wrong code", link, "WRONG-WRONG")
    assert outside.phone().open(used).status_code == 200
    knock("used", used)
    knock("another of the same step", link)
    late = another_link(outside)
    knock("expired", late, after=timedelta(hours=72))
    locked = another_link(outside)
    for _each in range(10):
        knock("wrong again", locked, "WRONG-WRONG")
    knock("locked", locked)
    outside.agree("OTHER-CODE-1")
    fresh = another_link(outside)
    with outside.session() as session:
        outside.olga(session).state = SupporterState.RETIRED
        session.commit()
    knock("retired", fresh, "OTHER-CODE-1")
    assert {answer.status_code for answer in answers.values()} == {422}
    assert len({plain(answer.text) for answer in answers.values()}) == 1
    assert REFUSED in answers["locked"].text
    assert "Anna" not in answers["locked"].text
    gets = [outside.phone().get(path) for path in (link, used, late, "/peersupport/external/nono")]
    assert len({plain(page.text) for page in gets}) == 1
    assert {page.status_code for page in gets} == {200}
    reasons = outside.trail("external.refused")
    assert reasons == [
        "unknown",
        "wrong_code",
        "unknown",
        "unknown",
        "unknown",
        *["wrong_code"] * 10,
        "locked",
        "unknown",
    ]


def test_wrong_codes_count_for_the_supporter_whatever_the_link(outside: Outside) -> None:
    outside.ask()
    links = [another_link(outside) for _each in range(10)]
    for link in links:
        assert REFUSED in outside.phone().open(link, "WRONG-WRONG").text
    with outside.session() as session:
        code = session.scalars(sa.select(ExternalCode)).one()
        assert code.wrong_count == 10
    phone = outside.phone()
    assert REFUSED in phone.open(links[0]).text, "not even the right one any more"
    phone.post(
        "/peersupport/external",
        email="olga@outside.example",
        code=CODE,
        **fields(phone, "/external"),
    )
    outside.programme.work(timedelta(minutes=11))
    assert len(outside.texts()) == 1, "no new link either"
    phone.now += timedelta(days=1)
    assert "Anna Vos" not in phone.open(links[0]).text
    later = another_link(outside, NOW + timedelta(days=1))
    with outside.session() as session:
        request = outside.programme.open_request(session)
        request.answer_due_at = NOW + timedelta(days=2)
        session.execute(sa.update(ExternalToken).values(expires_at=NOW + timedelta(days=2)))
        session.commit()
    assert "Anna Vos" in phone.open(later).text, "a day later the tries count no more"
    with outside.session() as session:
        code = session.scalars(sa.select(ExternalCode)).one()
        assert (code.wrong_count, code.wrong_since) == (0, None)


def fields(phone: Phone, path: str) -> dict[str, str]:
    phone.get(f"/peersupport{path}")
    return phone.fields()


def test_of_twenty_wrong_codes_at_once_ten_count(outside: Outside) -> None:
    outside.ask()
    (link,) = outside.links()
    phones = [outside.phone() for _each in range(20)]
    with time_machine.travel(NOW + timedelta(minutes=10)):
        pages = all_at_once(phones, link, link, code="WRONG-WRONG")
    assert {status for status, _text in pages} == {422}
    with outside.session() as session:
        assert session.scalars(sa.select(ExternalCode)).one().wrong_count == 10
    assert sorted(map(str, outside.trail("external.refused"))) == [
        *["locked"] * 10,
        *["wrong_code"] * 10,
    ]


def test_every_refusal_takes_one_slow_hash(
    small_outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = small_outside
    outside.ask()
    (link,) = outside.links()
    hashed: list[str] = []
    digest_of = codes.digest_of

    def digest(text: str, salt: bytes) -> bytes:
        hashed.append(text)
        return digest_of(text, salt)

    monkeypatch.setattr(codes, "digest_of", digest)
    for path, code in [
        ("/peersupport/external/unknown", "unknown"),
        *[(link, "wrong")] * 10,
        (link, CODE),
    ]:
        hashed.clear()
        outside.phone().open(path, code)
        assert hashed == [code]
    for email in ("nobody@outside.example", "olga@outside.example"):
        hashed.clear()
        phone = outside.phone()
        phone.get("/peersupport/external")
        phone.send("/peersupport/external", email=email, code=CODE)
        assert hashed == [CODE]


def test_an_empty_code_is_no_try(small_outside: Outside) -> None:
    small_outside.ask()
    phone = small_outside.phone()
    answer = phone.open(small_outside.links()[0], " - ")
    assert (answer.status_code, "Fill in your code." in answer.text) == (422, True)
    assert small_outside.trail("external.refused") == []
    with small_outside.session() as session:
        assert session.scalars(sa.select(ExternalCode)).one().wrong_count == 0


def all_at_once(phones: list[Phone], first: str, path: str, **values: str) -> list[tuple[int, str]]:
    """Let all open the page `first`, then post to `path` at the same moment."""
    carried = []
    for phone in phones:
        page = phone.client.get(first, headers=phone.headers)
        carried.append(re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0])
    start = threading.Barrier(len(phones))
    pages: list[tuple[int, str]] = []

    def press(phone: Phone, token: str) -> None:
        start.wait()
        page = phone.client.post(path, data={"csrf_token": token, **values}, headers=phone.headers)
        pages.append((page.status_code, page.text))

    threads = [
        threading.Thread(target=press, args=pair) for pair in zip(phones, carried, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return pages


@pytest.mark.parametrize("button", ["code", "accept"])
def test_of_twenty_at_once_exactly_one_gets_in(outside: Outside, button: str) -> None:
    outside.ask()
    (link,) = outside.links()
    path, values = link, {"code": CODE}
    phones = [outside.phone() for _each in range(20)]
    if button == "accept":
        first = outside.phone()
        first.open(link)
        path = "/peersupport/external/step/accept"
        values = {"step_token": first.fields()["step_token"]}
    with time_machine.travel(NOW + timedelta(minutes=10)):
        pages = all_at_once(phones, link, path, **values)
    won = [text for status, text in pages if status == 200]
    assert len(won) == 1
    assert "Anna Vos" in won[0]
    refused = 422 if button == "code" else 409
    assert [status for status, _text in pages if status != 200] == [refused] * 19
    assert not any("Anna" in text for status, text in pages if status != 200)
    if button == "accept":
        assert outside.trail("request.accepted") == [None]


def test_a_link_ends_with_the_time_to_answer(small_outside: Outside) -> None:
    small_outside.ask()
    (link,) = small_outside.links()
    with small_outside.session() as session:
        due_at = small_outside.programme.open_request(session).answer_due_at
        token = session.scalars(sa.select(ExternalToken)).one()
        assert token.expires_at == due_at == NOW + timedelta(hours=4)
    phone = small_outside.phone()
    phone.now = due_at
    assert REFUSED in phone.open(link).text
    phone.now = due_at - timedelta(seconds=1)
    assert "Anna Vos" in phone.open(link).text


#: The last Sundays of March and October lie within three days of these.
@pytest.mark.parametrize(
    "made_at",
    [
        datetime(2027, 3, 26, 21, 30, tzinfo=UTC),
        datetime(2026, 10, 23, 20, 30, tzinfo=UTC),
        datetime(2026, 7, 1, 12, tzinfo=UTC),
    ],
)
def test_a_link_never_lives_longer_than_72_hours(made_at: datetime) -> None:
    end = rules.expires_at(Purpose.LINK, made_at, None)
    assert end - made_at == timedelta(hours=72)
    assert rules.expires_at(Purpose.LINK, made_at, made_at + timedelta(days=9)) == end
    soon = made_at + timedelta(hours=1)
    assert rules.expires_at(Purpose.LINK, made_at, soon) == soon
    assert rules.expires_at(Purpose.PAGE, made_at, soon) == soon


def test_72_hours_hold_on_the_pages_too(outside: Outside) -> None:
    outside.ask()
    phone = outside.phone()
    phone.open(outside.links()[0])
    phone.act("accept")
    with outside.session() as session:
        request_id = outside.programme.only_reach_out(session).requests[0].id
        path = f"/peersupport{make_path(session, request_id, phone.now)}"
        session.commit()
    phone.now += timedelta(hours=72)
    assert REFUSED in phone.open(path).text
    phone.now -= timedelta(seconds=1)
    assert "Anna Vos" in phone.open(path).text


def test_a_page_ends_after_four_hours(small_outside: Outside) -> None:
    small_outside.ask()
    phone = small_outside.phone()
    phone.open(small_outside.links()[0])
    card = phone.act("accept")
    phone.now += timedelta(hours=4)
    with time_machine.travel(phone.now):
        phone.client.get("/peersupport/external")
    phone.page = card
    assert phone.act("hand-back").status_code == 409
    phone.page = card
    phone.now -= timedelta(seconds=1)
    assert "Handed back." in phone.act("hand-back").text


def test_a_mail_that_came_twice_works_with_either_link(small_outside: Outside) -> None:
    small_outside.ask()
    first, second = small_outside.links()[0], another_link(small_outside)
    assert first != second
    assert "Anna Vos" in small_outside.phone().open(second).text
    assert REFUSED in small_outside.phone().open(first).text, "one step, one use"


def test_who_goes_on_elsewhere_ends_the_page_that_is_open(small_outside: Outside) -> None:
    small_outside.ask()
    phone, tablet = small_outside.phone(), small_outside.phone()
    question = phone.open(small_outside.links()[0])
    tablet.open(another_link(small_outside))
    phone.page = question
    assert phone.act("accept").status_code == 409
    assert "ps-call" in tablet.act("accept").text


def test_a_page_is_no_link_and_a_link_is_no_page(small_outside: Outside) -> None:
    small_outside.ask()
    link = small_outside.links()[0]
    phone = small_outside.phone()
    phone.get(link)
    as_page = phone.fields() | {"step_token": link.rpartition("/")[2]}
    assert phone.post("/peersupport/external/step/accept", **as_page).status_code == 409
    phone.open(link)
    page_token = phone.fields()["step_token"]
    assert REFUSED in small_outside.phone().open(f"/peersupport/external/{page_token}").text


def test_another_code_ends_all_links_and_pages(small_outside: Outside) -> None:
    outside = small_outside
    outside.ask()
    phone = outside.phone()
    phone.open(outside.links()[0])
    link = another_link(outside)
    question = phone.page
    outside.agree("OTHER-CODE-1")
    assert REFUSED in outside.phone().open(link, "OTHER-CODE-1").text
    phone.page = question
    assert phone.act("accept").status_code == 409
    with outside.session() as session:
        olga = outside.olga(session)
        take_code_away(session, olga, actor=person(COORDINATOR), now=NOW)
        commit(session)
        assert session.scalars(sa.select(ExternalCode)).all() == []
        assert not session.get_one(Supporter, olga.id).has_code


@pytest.mark.parametrize("change", [{"has_account": True}, {"is_external": False}])
def test_who_is_no_longer_from_outside_comes_in_by_no_link(
    small_outside: Outside, change: dict[str, bool]
) -> None:
    outside = small_outside
    outside.ask()
    phone = outside.phone()
    question = phone.open(outside.links()[0])
    link = another_link(outside)
    with outside.session() as session:
        session.execute(sa.update(Supporter).values(**change))
        session.commit()
    assert REFUSED in outside.phone().open(link).text
    phone.page = question
    assert phone.act("accept").status_code == 409


def test_a_form_that_did_not_come_from_our_page_is_refused(small_outside: Outside) -> None:
    small_outside.ask()
    link = small_outside.links()[0]
    phone = small_outside.phone()
    assert phone.post(link, code=CODE).status_code == 400
    assert phone.post("/peersupport/external", email="a@b.example", code=CODE).status_code == 400
    assert phone.post("/peersupport/external/step/accept", step_token="x").status_code == 400
    assert "Anna Vos" in phone.open(link).text


def test_without_the_keyring_the_page_is_calm(small_outside: Outside) -> None:
    outside = small_outside
    outside.ask()
    phone = outside.phone()
    link = outside.links()[0]
    phone.get(link)

    class NoKeys:
        def __getattr__(self, name: str) -> object:
            raise KeyringError("there is no keyring")

    runtime(outside.app).keys = NoKeys()  # type: ignore[assignment]
    assert phone.get(link).status_code == 200
    answer = phone.send(link, code=CODE)
    assert answer.status_code == 503
    assert "out of order" in answer.text


def test_tokens_are_deleted_once_they_have_expired(outside: Outside) -> None:
    outside.ask()
    phone = outside.phone()
    phone.open(outside.links()[0])
    with outside.session() as session:
        assert len(session.scalars(sa.select(ExternalToken)).all()) == 2
    counts = outside.programme.work(timedelta(hours=4, seconds=-1))
    assert "forget" not in counts
    counts = outside.programme.work(timedelta(hours=4))
    assert counts["forget"] == 2
    with outside.session() as session:
        assert session.scalars(sa.select(ExternalToken)).all() == []
