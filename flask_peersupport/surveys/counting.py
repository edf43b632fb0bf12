"""Actions: counting answers, so that nothing joins them to who gave them (P38).

No audit row, no time, no order: a flag says that somebody answered, a counter what was answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import count_up
from ..errors import InvalidInput
from ..i18n import gettext as _
from ..reachouts.models import ReachOut
from ..reachouts.states import Outcome, ReachOutState
from ..runtime import current_runtime
from ..supporters.models import Supporter
from .models import AnswerCount
from .questions import QUESTIONS, Answer, Survey

#: Ends of a reach-out after which nothing is asked: the wrong person, or it was taken back.
_NOT_ASKED = (Outcome.NOT_INVOLVED, Outcome.WITHDRAWN)


def read_answers(survey: Survey, form: Mapping[str, str]) -> dict[str, Answer]:
    """Return what a form answers; every question may be left open, but not all of them.

    Raises:
        InvalidInput: nothing is answered.
    """
    given = {question: form.get(question, "") for question in QUESTIONS[survey]}
    answers = {name: Answer(text) for name, text in given.items() if text in list(Answer)}
    if not answers:
        message = _("Answer at least one question, or leave all of this as it is.")
        raise InvalidInput(message, {"questions": message})
    return answers


def is_asked_of_colleague(reach_out: ReachOut) -> bool:
    """Return whether the colleague may answer: after the end, where there was a contact, once."""
    return (
        reach_out.state is ReachOutState.CLOSED
        and reach_out.contacted_at is not None
        and reach_out.outcome not in _NOT_ASKED
        and not reach_out.is_survey_done
    )


def count_colleague(
    session: orm.Session, reach_out: ReachOut, answers: Mapping[str, Answer], *, now: datetime
) -> bool:
    """Count the answers of a colleague, once.

    Args:
        session: not committed here.
        reach_out: what they answer about; only its flag is changed.
        answers: by question.
        now: aware.

    Returns:
        False where they may not answer, or did already.
    """
    if not is_asked_of_colleague(reach_out):
        return False
    once = sa.update(ReachOut).where(
        ReachOut.id == reach_out.id, ReachOut.is_survey_done.is_(False)
    )
    return _count(session, once.values(is_survey_done=True), Survey.COLLEAGUE, answers, now)


def is_asked_of_supporter(supporter: Supporter, now: datetime) -> bool:
    """Return whether a supporter has not answered yet this year."""
    return supporter.surveyed_in is None or supporter.surveyed_in < year_of(now)


def count_supporter(
    session: orm.Session, supporter: Supporter, answers: Mapping[str, Answer], *, now: datetime
) -> bool:
    """Count the answers of a supporter, once a year.

    Returns:
        False where they answered this year already.
    """
    year = year_of(now)
    once = sa.update(Supporter).where(
        Supporter.id == supporter.id,
        Supporter.surveyed_in.is_(None) | (Supporter.surveyed_in < year),
    )
    return _count(session, once.values(surveyed_in=year), Survey.SUPPORTER, answers, now)


def year_of(now: datetime) -> int:
    """Return the year in which answers are counted, in the hospital's time zone."""
    return now.astimezone(current_runtime().settings.timezone).year


def _count(
    session: orm.Session,
    once: sa.Update,
    survey: Survey,
    answers: Mapping[str, Answer],
    now: datetime,
) -> bool:
    """Set the flag, and count where it was not set: of two at once only one finds it so."""
    flagged = session.execute(once.execution_options(synchronize_session=False))
    if flagged.rowcount != 1:  # type: ignore[attr-defined]
        return False
    for question in sorted(answers):  # all lock the counters in one order
        key = {"survey": survey, "year": year_of(now)}
        count_up(session, AnswerCount, **key, question=question, answer=answers[question])
    return True
