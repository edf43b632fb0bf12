"""What was answered, as totals of the whole hospital; small numbers are not shown (P38)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import orm

from ..i18n import mark
from .models import AnswerCount
from .questions import ANSWER_LABELS, QUESTIONS, Answer, Survey

#: What two answers are called where one of them alone was given by too few to be shown.
_TOGETHER = mark("partly or no")


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """How one question was answered in one year.

    Attributes:
        code: of the question.
        text: its message id.
        counts: how many gave an answer, by its message id, yes first; empty where that would
            tell of a few.
        at_least: how many answered it at the least, a round number; 0: too few to say.
    """

    code: str
    text: str
    counts: Mapping[str, int]
    at_least: int

    @property
    def total(self) -> int:
        """How many answered what is shown."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class YearResult:
    """One survey in one year; `at_least` instead of results while the year is running."""

    year: int
    survey: Survey
    questions: tuple[QuestionResult, ...]
    is_running: bool
    at_least: int


def read_results(session: orm.Session, this_year: int, small_cell: int) -> list[YearResult]:
    """Return the results, the latest year first.

    While a year is running only a round number of answers is told: who looks before and after a
    colleague answered would otherwise see what that one answer was.

    Args:
        session: read only.
        this_year: in the hospital's time zone.
        small_cell: the fewest answers that are shown.
    """
    found: dict[tuple[int, Survey], dict[str, dict[Answer, int]]] = defaultdict(dict)
    for row in session.scalars(sa.select(AnswerCount)):
        found[row.year, row.survey].setdefault(row.question, {})[row.answer] = row.count
    order = list(Survey)
    keys = sorted(found, key=lambda key: (-key[0], order.index(key[1])))
    return [_result(*key, found[key], this_year, small_cell) for key in keys]


def _result(
    year: int,
    survey: Survey,
    counted: Mapping[str, Mapping[Answer, int]],
    this_year: int,
    small_cell: int,
) -> YearResult:
    is_running = year >= this_year
    most = max(sum(by_answer.values()) for by_answer in counted.values())
    questions = (
        ()
        if is_running
        else tuple(
            _question(code, text, counted.get(code, {}), small_cell)
            for code, text in QUESTIONS[survey].items()
        )
    )
    return YearResult(year, survey, questions, is_running, most // small_cell * small_cell)


def _question(
    code: str, text: str, by_answer: Mapping[Answer, int], small_cell: int
) -> QuestionResult:
    """Return a question without any number from which the answer of one colleague could follow.

    An answer that nobody gave tells as much as one that everybody gave, so it counts as small.
    """
    least = max(small_cell, 1)
    counts = {_label(one): by_answer.get(one, 0) for one in Answer}
    total = sum(counts.values())
    if min(counts.values()) < least:
        said_yes = by_answer.get(Answer.YES, 0)
        counts = {_label(Answer.YES): said_yes, _TOGETHER: total - said_yes}
    if min(counts.values()) < least:
        counts = {}
    return QuestionResult(code, text, counts, total // least * least)


def _label(answer: Answer) -> str:
    return ANSWER_LABELS[answer]
