"""The question, for everyone who is asked. Nothing here notes that somebody answered (P24)."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.departments import department_names, present_departments
from ..access.views import page, signed_in
from ..db import commit, rollback
from ..errors import NotAllowed, TooLate
from ..runtime import current_session, local_today
from . import forms
from .ballots import cast_vote, has_voted
from .models import NominationRound
from .queries import find_round, is_asked, is_open, view_of

blueprint = Blueprint("votes", __name__)


@page(
    blueprint,
    "/nominations/<round_id>/vote",
    allow=policy.anyone_signed_in,
    methods=("GET", "POST"),
)
def vote(round_id: str) -> ResponseReturnValue:
    """Ask the question, and count the answer: once, and without a trace of who gave it.

    No message is kept for the next page: it would stay in the browser's session.
    """
    session = current_session()
    nomination_round = find_round(session, round_id)
    if nomination_round is None:
        raise NotAllowed
    if request.method == "GET":
        return show_question(session, nomination_round)
    today = local_today()
    if not is_open(nomination_round, today):
        return _closed_page(session)
    actor = signed_in()
    if not is_asked(session, actor, nomination_round, today):
        raise NotAllowed
    if not has_voted(session, round_id, actor.person):
        draft = forms.typed_ballot(request.form, nomination_round.max_names)
        choices = forms.read_ballot(
            draft, nomination_round.max_names, actor.person, present_departments(session)
        )
        if draft.has_errors:
            return _ballot_page(nomination_round, draft)
        try:
            # False: they answered in another window, just now
            is_counted = cast_vote(
                session, nomination_round, choices, actor=actor.person, today=today
            )
        except TooLate:
            return _closed_page(session)
        (commit if is_counted else rollback)(session)
    return redirect(url_for("peersupport.votes.vote", round_id=round_id))


def show_question(session: orm.Session, nomination_round: NominationRound) -> ResponseReturnValue:
    """Show the ballot, or, to who has answered, that it cannot be shown or changed."""
    actor = signed_in()
    if not is_asked(session, actor, nomination_round, local_today()):
        raise NotAllowed
    if has_voted(session, nomination_round.id, actor.person):
        return render_template("peersupport/nomination_done.html", round=view_of(nomination_round))
    return _ballot_page(nomination_round, forms.empty_ballot(nomination_round.max_names))


def _closed_page(session: orm.Session) -> ResponseReturnValue:
    """Say that the round closed while the page was open."""
    rollback(session)
    return render_template("peersupport/nomination_closed.html"), 409


def _ballot_page(
    nomination_round: NominationRound, draft: forms.BallotDraft
) -> ResponseReturnValue:
    html = render_template(
        "peersupport/nomination_vote.html",
        round=view_of(nomination_round),
        draft=draft,
        department_names=department_names(current_session()),
    )
    return html, 422 if draft.has_errors else 200
