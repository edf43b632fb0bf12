"""The page about oneself: what the programme holds, and every choice there is (P14, P16, P19)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit, rollback
from ..errors import InvalidInput, InvalidTransition, NotAllowed
from ..i18n import gettext as _
from ..i18n import ngettext
from ..reachouts.models import ReachOut
from ..reachouts.presentation import DAY_PART_LABELS
from ..reachouts.states import CHANNEL_LABELS
from ..resources.places import Place
from ..resources.queries import resources_for
from ..runtime import current_runtime, current_session, local_today
from ..surveys.counting import count_colleague, read_answers
from ..surveys.questions import ANSWER_LABELS, QUESTIONS, Survey
from ..values import Person
from ..vault.persons import find_person_ids
from . import choosing, leaving, mine_forms
from .mine import read_mine
from .mine_texts import OWN_REASON_LABELS
from .returning import ask_again
from .self_referring import is_asked_for
from .turns import take_turn, wait_turn

blueprint = Blueprint("mine", __name__)

#: What a choice does with an offer; it returns the sentence that the page then says.
Choice = Callable[[orm.Session, ReachOut, Mapping[str, str], Person, datetime], str]


@page(blueprint, "/mine", allow=policy.anyone_signed_in)
def mine() -> ResponseReturnValue:
    """Show what the programme holds about who is signed in."""
    return _show()


def _show(faults: Mapping[str, str] | None = None, offer_id: str = "") -> ResponseReturnValue:
    """Show the page, with what cannot be right at the form of an offer."""
    session, actor, now = current_session(), signed_in(), utc_now()
    held = read_mine(session, actor, now)
    context = {
        "mine": held,
        "resources": resources_for(session, Place.COLLEAGUE, local_today()),
        "resources_url": url_for("peersupport.resources.resources"),
        "again_days": [
            (days, _again_text(days))
            for days in dict.fromkeys(current_runtime().settings.contact_again_days)
        ],
        "channels": [(code.value, _(text)) for code, text in CHANNEL_LABELS.items()],
        "day_parts": [(code, _(text)) for code, text in DAY_PART_LABELS.items()],
        "reasons": [(code.value, _(text)) for code, text in OWN_REASON_LABELS.items()],
        "questions": QUESTIONS[Survey.COLLEAGUE],
        "answers": [(code.value, _(text)) for code, text in ANSWER_LABELS.items()],
    }
    own_id = actor.person_ids[0] if actor.person_ids else None
    record.record(session, "mine.seen", actor=actor.person, now=now, subject_id=own_id)
    commit(session)
    faulty = {"faults": faults or {}, "faulty_id": offer_id, "typed": request.form}
    html = render_template("peersupport/mine.html", **context, **faulty)
    return html, 422 if faults else 200


def _again_text(days: int) -> str:
    if days % 7 == 0:
        return ngettext("in one week", "in %(n)s weeks", days // 7)
    return ngettext("in %(n)s day", "in %(n)s days", days)


def _prefer(
    session: orm.Session, offer: ReachOut, form: Mapping[str, str], actor: Person, now: datetime
) -> str:
    """Change how, when and by whom the colleague is reached."""
    chosen = mine_forms.read_preferences(form)
    choosing.change_preferences(session, offer, chosen, actor=actor, now=now)
    return _("Your wishes have been saved.")


def _replace(
    session: orm.Session, offer: ReachOut, form: Mapping[str, str], actor: Person, now: datetime
) -> str:
    """Ask another supporter."""
    choosing.ask_for_another(session, offer, actor=actor, now=now)
    return _("We are looking for somebody else. You need not say why.")


def _postpone(
    session: orm.Session, offer: ReachOut, form: Mapping[str, str], actor: Person, now: datetime
) -> str:
    """Be asked again in some weeks."""
    days = mine_forms.read_days(form)
    choosing.ask_later(session, offer, days, actor=actor, now=now)
    return _("Noted. Until then nobody calls you.")


def _decline(
    session: orm.Session, offer: ReachOut, form: Mapping[str, str], actor: Person, now: datetime
) -> str:
    """Say "no, thank you"."""
    reason = mine_forms.read_reason(form)
    choosing.decline(session, offer, reason, actor=actor, now=now)
    return _("Noted. Nobody calls you any more. You can always come back to it here.")


def _return(
    session: orm.Session, offer: ReachOut, form: Mapping[str, str], actor: Person, now: datetime
) -> str:
    """Ask to talk again after an offer has ended."""
    if is_asked_for(session, find_person_ids(session, actor, now)):
        return _("You have asked for support already. Here you see how it stands.")
    ask_again(session, offer, actor=actor, now=now)
    return _("Good that you say so. This is what happens next.")


def _answer(
    session: orm.Session, offer: ReachOut, form: Mapping[str, str], actor: Person, now: datetime
) -> str:
    """Count the answers to the questions after the end; nothing else is written (P38)."""
    count_colleague(session, offer, read_answers(Survey.COLLEAGUE, form), now=now)
    return _("Thank you. Your answers were counted; nothing joins them to you.")


#: What a colleague can choose about an offer to them, by the last part of the address.
_CHOICES: Mapping[str, Choice] = {
    "preferences": _prefer,
    "another": _replace,
    "later": _postpone,
    "decline": _decline,
    "again": _return,
    "questions": _answer,
}


@page(
    blueprint,
    f"/mine/offers/<reach_out_id>/<any({', '.join(_CHOICES)}):choice>",
    allow=policy.anyone_signed_in,
    methods=("POST",),
)
def choose(reach_out_id: str, choice: str) -> ResponseReturnValue:
    """Let a colleague do something with an offer to them.

    Raises:
        NotAllowed: it is absent or to somebody else.
    """
    session, actor = current_session(), signed_in()
    _own(session, reach_out_id, actor.person_ids)
    offer = _own(session, reach_out_id, wait_turn(session, actor.person_ids))
    try:
        said = _CHOICES[choice](session, offer, request.form, actor.person, utc_now())
    except InvalidInput as error:
        rollback(session)
        return _show(error.fields or {"": str(error)}, reach_out_id)
    except InvalidTransition:
        rollback(session)
        flash(_("Something changed meanwhile. This is how it stands now."), "warning")
        return redirect(url_for(".mine"))
    commit(session)
    flash(said, "success")
    return redirect(url_for(".mine"))


def _own(session: orm.Session, reach_out_id: str, person_ids: Collection[str]) -> ReachOut:
    """Return an offer to somebody.

    Raises:
        NotAllowed: it is absent or to somebody else.
    """
    offer = session.get(ReachOut, reach_out_id, populate_existing=True)
    if offer is None or offer.involved.person_id not in person_ids:
        raise NotAllowed
    return offer


@page(blueprint, "/mine/never-again", allow=policy.anyone_signed_in, methods=("POST",))
def never_again() -> ResponseReturnValue:
    """Never again be approached."""
    session, actor, now = current_session(), signed_in().person, utc_now()
    person_ids = take_turn(session, actor, now=now)
    leaving.say_never_again(session, person_ids, actor=actor, now=now)
    commit(session)
    flash(_("Noted. We do not approach you any more, whatever happens."), "success")
    return redirect(url_for(".mine"))


@page(blueprint, "/mine/never-again/take-back", allow=policy.anyone_signed_in, methods=("POST",))
def take_back() -> ResponseReturnValue:
    """Be approached again."""
    session, actor = current_session(), signed_in()
    person_ids = wait_turn(session, actor.person_ids)
    leaving.take_back_never_again(session, person_ids, actor=actor.person, now=utc_now())
    commit(session)
    flash(_("Taken back. We may approach you again."), "success")
    return redirect(url_for(".mine"))


@page(blueprint, "/mine/erase", allow=policy.anyone_signed_in, methods=("POST",))
def erase() -> ResponseReturnValue:
    """End everything that is open, and be erased."""
    session, actor = current_session(), signed_in()
    person_ids = wait_turn(session, actor.person_ids)
    leaving.erase_me(session, person_ids, actor=actor.person, now=utc_now())
    commit(session)
    return redirect(url_for(".erased"))


@page(blueprint, "/mine/erased", allow=policy.anyone_signed_in)
def erased() -> ResponseReturnValue:
    """Say what is left after somebody was erased."""
    session, actor, now = current_session(), signed_in(), utc_now()
    held = read_mine(session, actor, now)
    own_id = actor.person_ids[0] if actor.person_ids else None
    record.record(session, "mine.seen", actor=actor.person, now=now, subject_id=own_id)
    commit(session)
    return render_template("peersupport/mine_erased.html", mine=held, roles=actor.roles)
