"""Rounds for coordinators: open, change, invite heads, close, and what came out."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.departments import department_names
from ..access.drafts import keeping_faults
from ..access.typed import clean_text
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit, rollback
from ..errors import InvalidInput, NotAllowed
from ..i18n import gettext as _
from ..i18n import label, ngettext
from ..printing import show_paper
from ..runtime import current_runtime, current_session, local_today
from ..supporters.labels import STATE_LABELS
from . import forms
from .actions import change_round, close_round, invite_voters, open_round
from .inviting import invite_nominee
from .models import NominationRound, Nominee
from .queries import (
    asked_rounds,
    find_round,
    is_asked,
    read_invited,
    read_result,
    read_rounds,
    view_of,
)
from .remnants import sweep_remnants
from .rules import FEWEST_ANSWERS, FEWEST_COUNTED, MOST_NAMES
from .states import RoundState
from .vote_views import show_question

blueprint = Blueprint("nominations", __name__)


@dataclass
class Invitations:
    """The field for addresses as it stands on the page, with what is wrong by line."""

    text: str = ""
    faults: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Address:
    """The field for one nominee's address as it stands on the page."""

    nominee_id: str = ""
    email: str = ""
    error: str = ""


@page(blueprint, "/nominations", allow=policy.anyone_signed_in)
def nominations() -> ResponseReturnValue:
    """Show coordinators all rounds; lead everybody else to the question that is open for them."""
    session = current_session()
    actor = signed_in()
    if policy.is_coordinator(actor):
        return render_template(
            "peersupport/nominations.html",
            rounds=read_rounds(session),
            fewest_answers=FEWEST_ANSWERS,
        )
    rows = asked_rounds(session, actor, local_today())
    if not rows:
        raise NotAllowed
    if len(rows) == 1:
        return redirect(url_for(".one", round_id=rows[0].id))
    rounds = [view_of(row) for row in rows]
    return render_template("peersupport/nominations_asked.html", rounds=rounds)


@page(blueprint, "/nominations/open", allow=policy.is_coordinator, methods=("GET", "POST"))
def open_new() -> ResponseReturnValue:
    """Open a round."""
    if request.method == "GET":
        return _form_page(forms.new_draft(local_today()))
    session = current_session()
    draft = forms.typed_round(request.form)
    details = forms.read_round(draft, department_names(current_session()))
    if details is None:
        return _form_page(draft)
    with keeping_faults(session, draft.errors):
        round_id = open_round(session, details, actor=signed_in().person, now=utc_now()).id
    if draft.errors:
        return _form_page(draft)
    commit(session)
    flash(
        _("The round is open. Everyone who is asked sees the question when signed in."), "success"
    )
    return redirect(url_for(".one", round_id=round_id))


@page(blueprint, "/nominations/<round_id>", allow=policy.anyone_signed_in)
def one(round_id: str) -> ResponseReturnValue:
    """Show a coordinator the round and, once closed, its result; ask everybody else."""
    session = current_session()
    nomination_round = _round(session, round_id)
    if not policy.is_coordinator(signed_in()):
        return show_question(session, nomination_round)
    return _round_page(session, nomination_round)


@page(
    blueprint,
    "/nominations/<round_id>/change",
    allow=policy.is_coordinator,
    methods=("GET", "POST"),
)
def change(round_id: str) -> ResponseReturnValue:
    """Change the last day, the letter and the number of staff of an open round."""
    session = current_session()
    nomination_round = _round(session, round_id)
    if nomination_round.state is not RoundState.OPEN:
        raise NotAllowed
    known = forms.draft_of(nomination_round)
    if request.method == "GET":
        return _form_page(known, round_id)
    draft = forms.typed_round(request.form)
    # whom it asks and for how many names stays as it was when the first answered
    draft.departments, draft.max_names = known.departments, known.max_names
    draft.is_heads_only = known.is_heads_only
    details = forms.read_round(draft, known.departments)
    if details is None:
        return _form_page(draft, round_id)
    with keeping_faults(session, draft.errors):
        change_round(session, nomination_round, details, actor=signed_in().person, now=utc_now())
    if draft.errors:
        return _form_page(draft, round_id)
    commit(session)
    flash(_("The changes were saved."), "success")
    return redirect(url_for(".one", round_id=round_id))


@page(blueprint, "/nominations/<round_id>/close", allow=policy.is_coordinator, methods=("POST",))
def close(round_id: str) -> ResponseReturnValue:
    """Close a round before its last day, and count."""
    session = current_session()
    close_round(session, _round(session, round_id), actor=signed_in().person, now=utc_now())
    commit(session)
    sweep_remnants(current_runtime().storage.engine)
    flash(_("The round has closed. What was needed to count has been destroyed."), "success")
    return redirect(url_for(".one", round_id=round_id))


@page(blueprint, "/nominations/<round_id>/invite", allow=policy.is_coordinator, methods=("POST",))
def invite(round_id: str) -> ResponseReturnValue:
    """Invite heads of units by e-mail address; with one fault among them nobody is invited."""
    session = current_session()
    nomination_round = _round(session, round_id)
    if nomination_round.state is not RoundState.OPEN:
        raise NotAllowed
    text = request.form.get("addresses", "")[:100_000]
    people, faults = forms.read_addresses(text)
    if faults:
        return _round_page(session, nomination_round, Invitations(text, faults))
    count = invite_voters(
        session, nomination_round, people, actor=signed_in().person, now=utc_now()
    )
    commit(session)
    sentence = ngettext(
        "%(n)s invitation is on its way.", "%(n)s invitations are on their way.", count
    )
    if count < len(people):
        sentence += " " + _("Who was invited before gets no second mail.")
    flash(sentence, "success")
    return redirect(url_for(".one", round_id=round_id))


@page(blueprint, "/nominations/<round_id>/letter", allow=policy.is_coordinator)
def letter(round_id: str) -> ResponseReturnValue:
    """Show the letter on the hospital's paper, in one of the languages."""
    nomination_round = _round(current_session(), round_id)
    settings = current_runtime().settings
    locale = request.args.get("language", "")
    text = nomination_round.letter.get(locale) or label(nomination_round.letter)
    return show_paper(
        "peersupport/nomination_letter.html",
        filename="letter",
        round=view_of(nomination_round),
        paragraphs=[part for part in text.split("\n\n") if part.strip()],
        address=(settings.base_url or "") + url_for(".nominations"),
        back_url=url_for(".one", round_id=round_id),
    )


@page(
    blueprint,
    "/nominations/<round_id>/nominees/<nominee_id>/invite",
    allow=policy.is_coordinator,
    methods=("POST",),
)
def invite_named(round_id: str, nominee_id: str) -> ResponseReturnValue:
    """Invite somebody who was named to become a supporter."""
    session = current_session()
    nomination_round = _round(session, round_id)
    nominee = session.get(Nominee, nominee_id)
    if nominee is None or nominee.round_id != round_id:
        raise NotAllowed
    email = clean_text(request.form.get("email", ""))
    try:
        invite_nominee(session, nominee, email, actor=signed_in().person, now=utc_now())
    except InvalidInput as error:
        rollback(session)
        return _round_page(
            session, nomination_round, address=Address(nominee_id, email, str(error))
        )
    commit(session)
    flash(_("The invitation is on its way."), "success")
    return redirect(url_for(".one", round_id=round_id, _anchor=f"nominee-{nominee_id}"))


def _round(session: orm.Session, round_id: str) -> NominationRound:
    found = find_round(session, round_id)
    if found is None:
        raise NotAllowed
    return found


def _round_page(
    session: orm.Session,
    nomination_round: NominationRound,
    invitations: Invitations | None = None,
    address: Address | None = None,
) -> ResponseReturnValue:
    """Show a round; what it reads of people is noted, and committed before the answer."""
    view = view_of(nomination_round)
    actor = signed_in()
    is_closed = view.state is RoundState.CLOSED
    result = read_result(session, view.id) if view.is_told else []
    invited = [] if is_closed else read_invited(session, view.id)
    action = "nomination.result_seen" if is_closed else "nomination.seen"
    record.record(session, action, actor=actor.person, now=utc_now(), object_id=view.id)
    may_answer = is_asked(session, actor, nomination_round, local_today())
    commit(session)
    html = render_template(
        "peersupport/nomination.html",
        round=view,
        is_closed=is_closed,
        result=result,
        invited=invited,
        invitations=invitations or Invitations(),
        address=address or Address(),
        may_answer=may_answer,
        state_labels=STATE_LABELS,
        fewest_counted=FEWEST_COUNTED,
        fewest_answers=FEWEST_ANSWERS,
    )
    return html, 422 if invitations or address else 200


def _form_page(draft: forms.RoundDraft, round_id: str | None = None) -> ResponseReturnValue:
    html = render_template(
        "peersupport/nomination_form.html",
        draft=draft,
        round_id=round_id,
        department_names=department_names(current_session()),
        most_names=MOST_NAMES,
        today=local_today(),
        locales=current_runtime().settings.locales,
    )
    return html, 422 if draft.errors else 200
