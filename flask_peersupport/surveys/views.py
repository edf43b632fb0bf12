"""The questions to supporters, and what was answered (P38)."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..access.views import page
from ..clock import utc_now
from ..db import commit
from ..errors import InvalidInput
from ..i18n import gettext as _
from ..runtime import current_runtime, current_session
from ..supporters.policy import is_supporter, own_supporter
from .counting import count_supporter, is_asked_of_supporter, read_answers, year_of
from .policy import can_see_answers
from .questions import ANSWER_LABELS, QUESTIONS, Survey
from .results import read_results

blueprint = Blueprint("surveys", __name__)


@page(blueprint, "/surveys", allow=can_see_answers)
def surveys() -> ResponseReturnValue:
    """Show what was answered, year by year."""
    least = current_runtime().settings.small_cell
    results = read_results(current_session(), year_of(utc_now()), least)
    return render_template(
        "peersupport/surveys.html",
        results=results,
        least=least,
        survey_labels={
            Survey.COLLEAGUE: _("Colleagues, after an offer"),
            Survey.SUPPORTER: _("Supporters, about the programme"),
        },
    )


@page(blueprint, "/surveys/supporters", allow=is_supporter, methods=("GET", "POST"))
def supporters() -> ResponseReturnValue:
    """Ask supporters about the programme, once a year."""
    session, now = current_session(), utc_now()
    supporter = own_supporter(session)
    if request.method == "GET":
        return _ask(is_asked=is_asked_of_supporter(supporter, now))
    try:
        answers = read_answers(Survey.SUPPORTER, request.form)
    except InvalidInput as error:
        return _ask(is_asked=is_asked_of_supporter(supporter, now), faults=error.fields), 422
    count_supporter(session, supporter, answers, now=now)
    commit(session)
    flash(_("Thank you. Your answers were counted; nothing joins them to you."), "success")
    return redirect(url_for("peersupport.home.home"))


def _ask(*, is_asked: bool, faults: Mapping[str, str] | None = None) -> str:
    return render_template(
        "peersupport/survey_supporters.html",
        is_asked=is_asked,
        questions=QUESTIONS[Survey.SUPPORTER],
        answers=[(code.value, _(text)) for code, text in ANSWER_LABELS.items()],
        faults=faults or {},
    )
