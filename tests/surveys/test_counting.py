"""Answers are counted once, and nothing joins them to who gave them."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from flask_peersupport.clock import utc_now
from flask_peersupport.db import Base
from flask_peersupport.reachouts.states import ContactOutcome
from flask_peersupport.surveys.counting import year_of
from flask_peersupport.surveys.models import AnswerCount
from tests.intake.conftest import STAFF, engine_of, supporter_of
from tests.reachouts.conftest import Programme
from tests.referrals.test_mine import ANNA, accepted, noted, offered, press, text_of
from tests.sessions.hospital import Browser, working

ANSWERS = {"helpful": "yes", "in_time": "partly", "asked_myself": "no"}


def ended(programme: Programme) -> str:
    """Let Anna be called and the offer end; return its id."""
    offer_id = offered(programme)
    accepted(programme)
    noted(programme, ContactOutcome.NO_NEED)
    return offer_id


def counts(programme: Programme) -> dict[tuple[str, str, str], int]:
    """Return every counter there is; all are of this year."""
    with working(programme.app) as session:
        rows = session.scalars(sa.select(AnswerCount)).all()
        with programme.app.app_context():
            assert {row.year for row in rows} <= {year_of(utc_now())}
        return {(row.survey, row.question, row.answer): row.count for row in rows}


def dump(programme: Programme) -> dict[str, set[str]]:
    """Return every row of every table of ours, by table."""
    with engine_of(programme.app).connect() as connection:
        return {
            table.name: {repr(row) for row in connection.execute(sa.select(table))}
            for table in Base.metadata.sorted_tables
        }


def test_only_counters_and_the_flag_differ_afterwards(programme: Programme) -> None:
    offer_id = ended(programme)
    browser = Browser(programme, ANNA)
    token = re.search(r'csrf_token" value="([^"]+)"', browser.text("/mine"))
    assert token
    before = dump(programme)
    answer = browser.client.post(
        f"/peersupport/mine/offers/{offer_id}/questions", data={"csrf_token": token[1], **ANSWERS}
    )
    assert answer.status_code == 302
    after = dump(programme)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"peersupport_answer_count", "peersupport_reach_out"}
    assert before["peersupport_answer_count"] == set()
    (old,) = before["peersupport_reach_out"]
    (new,) = after["peersupport_reach_out"]
    differing = [
        pair for pair in zip(old.split(", "), new.split(", "), strict=True) if len(set(pair)) > 1
    ]
    assert [(one.strip("()").lower(), other.strip("()").lower()) for one, other in differing] == [
        ("false", "true")
    ]
    assert counts(programme) == {("colleague", *pair): 1 for pair in ANSWERS.items()}


def test_questions_are_asked_once(programme: Programme) -> None:
    offer_id = ended(programme)
    assert "Four short questions" in Browser(programme, ANNA).text("/mine")
    press(programme, offer_id, "questions", **ANSWERS)
    press(programme, offer_id, "questions", helpful="no")
    assert counts(programme) == {("colleague", *pair): 1 for pair in ANSWERS.items()}
    assert "Four short questions" not in Browser(programme, ANNA).text("/mine")


def test_two_at_once_count_once(programme: Programme) -> None:
    offer_id = ended(programme)
    browsers = [Browser(programme, ANNA) for _number in range(8)]
    pages = [browser.text("/mine") for browser in browsers]

    def answer(pair: Any) -> int:
        browser, page = pair
        token = re.search(r'csrf_token" value="([^"]+)"', page)
        assert token
        data = {"csrf_token": token[1], **ANSWERS}
        address = f"/peersupport/mine/offers/{offer_id}/questions"
        return int(browser.client.post(address, data=data).status_code)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(answer, zip(browsers, pages, strict=True))) == {302}
    assert counts(programme) == {("colleague", *pair): 1 for pair in ANSWERS.items()}


@pytest.mark.parametrize("form", [{}, {"helpful": "perhaps"}, {"other": "yes"}])
def test_no_answer_at_all_is_said_and_not_counted(
    small_programme: Programme, form: dict[str, str]
) -> None:
    offer_id = ended(small_programme)
    answer = press(small_programme, offer_id, "questions", **form)
    assert answer.status_code == 422
    assert "Answer at least one question" in text_of(answer.get_data(as_text=True))
    assert counts(small_programme) == {}


def test_who_was_not_reached_or_took_it_back_is_not_asked(small_programme: Programme) -> None:
    programme = small_programme
    offer_id = offered(programme)
    press(programme, offer_id, "questions", **ANSWERS)
    press(programme, offer_id, "decline")
    assert "Four short questions" not in Browser(programme, ANNA).text("/mine")
    press(programme, offer_id, "questions", **ANSWERS)
    assert counts(programme) == {}


def test_a_withdrawn_offer_asks_nothing(small_programme: Programme) -> None:
    programme = small_programme
    offer_id = ended(programme)
    with working(programme.app) as session:
        programme.only_reach_out(session).outcome = "withdrawn"  # type: ignore[assignment]
        session.commit()
    press(programme, offer_id, "questions", **ANSWERS)
    assert counts(programme) == {}


def test_supporters_are_asked_once_a_year(programme: Programme) -> None:
    browser = Browser(programme, STAFF.selma)
    assert "Four questions about the programme" in browser.text("/")
    assert browser.post("/surveys/supporters").status_code == 422
    before = dump(programme)
    assert browser.post("/surveys/supporters", prepared="yes").status_code == 302
    browser.client.post("/peersupport/surveys/supporters", data={})
    after = dump(programme)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"peersupport_answer_count", "peersupport_supporter"}
    assert counts(programme) == {("supporter", "prepared", "yes"): 1}
    page = browser.text("/surveys/supporters")
    assert "You have answered this year." in page
    assert "Four questions about the programme" not in browser.text("/")
    with working(programme.app) as session:
        supporter_of(session, STAFF.selma).surveyed_in = 2020
        session.commit()
    browser.post("/surveys/supporters", prepared="yes")
    assert counts(programme) == {("supporter", "prepared", "yes"): 2}
