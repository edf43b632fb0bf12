"""What was answered is shown as totals, and only where nobody can be told from it."""

from __future__ import annotations

import re

import pytest

from flask_peersupport.clock import utc_now
from flask_peersupport.surveys.models import AnswerCount
from flask_peersupport.surveys.results import read_results
from tests.intake.conftest import STAFF
from tests.reachouts.conftest import COORDINATOR, Programme
from tests.referrals.test_mine import text_of
from tests.sessions.hospital import Browser, counted, grant, working

LAST_YEAR = utc_now().year - 1


def answered(programme: Programme, year: int, question: str, *numbers: int) -> None:
    """Let so many have answered yes, partly and no."""
    with working(programme.app) as session:
        for answer, count in zip(("yes", "partly", "no"), numbers, strict=True):
            key = {"survey": "colleague", "year": year, "question": question, "answer": answer}
            session.add(AnswerCount(**key, count=count))
        session.commit()


@pytest.mark.parametrize("role", ["coordinator", "board"])
def test_a_year_that_is_over_is_shown_as_totals(small_programme: Programme, role: str) -> None:
    programme = small_programme
    grant(programme, "board", STAFF.rosa)
    answered(programme, LAST_YEAR, "helpful", 20, 10, 10)
    answered(programme, LAST_YEAR, "in_time", 9, 0, 0)
    user_id = COORDINATOR if role == "coordinator" else STAFF.rosa
    page = text_of(Browser(programme, user_id).text("/surveys"))
    rows = re.search(r"Answer How many % (.*?) Did it come", page)
    assert rows
    assert rows[1] == "yes 20 50 partly 10 25 no 10 25 Total 40 100"
    assert "Did it come in time? Fewer than 10 answers: not shown." in page
    assert page.count("Fewer than 10 answers: not shown.") == 3


@pytest.mark.parametrize(
    ("numbers", "shown", "at_least"),
    [
        ((10, 10, 10), {"yes": 10, "partly": 10, "no": 10}, 30),
        ((14, 9, 1), {"yes": 14, "partly or no": 10}, 20),
        ((14, 0, 10), {"yes": 14, "partly or no": 10}, 20),
        ((14, 9, 0), {}, 20),
        ((9, 10, 10), {}, 20),
        ((25, 0, 0), {}, 20),
        ((0, 0, 25), {}, 20),
        ((3, 3, 3), {}, 0),
    ],
)
def test_no_number_tells_what_a_few_answered(
    small_programme: Programme,
    numbers: tuple[int, int, int],
    shown: dict[str, int],
    at_least: int,
) -> None:
    answered(small_programme, LAST_YEAR, "helpful", *numbers)
    with working(small_programme.app) as session:
        (result,) = read_results(session, utc_now().year, 10)
    question = result.questions[0]
    assert (question.counts, question.at_least) == (shown, at_least)
    page = text_of(Browser(small_programme, COORDINATOR).text("/surveys"))
    assert ("At least 20 answers. They are not shown" in page) is (not shown and at_least == 20)


@pytest.mark.parametrize(
    ("number", "said"),
    [(9, "Fewer than 10"), (10, "At least 10"), (19, "At least 10"), (20, "At least 20")],
)
def test_a_running_year_tells_a_round_number_alone(
    small_programme: Programme, number: int, said: str
) -> None:
    answered(small_programme, utc_now().year, "helpful", number - 2, 1, 1)
    page = Browser(small_programme, COORDINATOR).text("/surveys")
    assert f"{said} have answered so far." in page
    assert "<table" not in page


def test_results_take_one_statement_more_or_less_for_any_number(
    small_programme: Programme,
) -> None:
    browser = Browser(small_programme, COORDINATOR)
    with counted(small_programme.app) as few:
        assert "Nobody has answered yet." in browser.text("/surveys")
    for year in range(2020, LAST_YEAR):
        answered(small_programme, year, "helpful", 10, 10, 10)
    with counted(small_programme.app) as many:
        browser.text("/surveys")
    assert len(many) == len(few)
