"""The pages of supporters without an account: link and code, the step, new links (P31).

No page says anything before link and code are right; every refusal is one and the same answer.
Each button of a page works once and brings the next page.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from .. import i18n
from ..access.limiting import Limiter
from ..access.locale import locale_of
from ..access.views import open_page
from ..audit import record
from ..clock import utc_now
from ..db import commit, rollback
from ..errors import InvalidInput, InvalidTransition, NotEligible, TooLate
from ..i18n import gettext as _
from ..reachouts import noting
from ..reachouts.answering import accept_request, decline_request, withdraw_request
from ..reachouts.cards import call_card, request_card
from ..reachouts.models import SupportRequest
from ..reachouts.own_choices import OWN_CHOICES
from ..reachouts.policy import has_taken, waits_for_answer
from ..reachouts.presentation import end_of
from ..reachouts.states import RefusalReason, RequestState
from ..runtime import current_runtime, current_session
from . import codes, entering
from .rules import Purpose
from .tokens import make_token

blueprint = Blueprint("external", __name__)

#: How often a minute new links are asked for from one address; each try takes a slow hash and
#: leaves an audit row, also with a made-up e-mail address.
_MOST_TRIES_A_MINUTE = 30
_limiter = Limiter(_MOST_TRIES_A_MINUTE)

#: The buttons of the call card, by the last part of their address.
_NOTINGS: Mapping[str, noting.Noting] = {
    "contacts": noting.note_contact,
    "follow-up": noting.plan_follow_up,
    "later": noting.postpone,
    "remark": noting.count_remark,
    "close": noting.close,
    "hand-back": noting.hand_back,
    "call-me": noting.ask_for_call,
}


@open_page(blueprint, "/external", methods=("GET", "POST"))
def links() -> ResponseReturnValue:
    """Let a supporter ask for new links; the answer is the same whoever asks, and how often."""
    if request.method != "POST":
        return _draw("external_links.html", is_sent=False)
    email, typed = request.form.get("email", "").strip(), request.form.get("code", "")
    if not email or not codes.plain(typed):
        message = _("Fill in your e-mail address and your code.")
        return _draw("external_links.html", is_sent=False, error=message), 422
    if _limiter.allows(request.remote_addr or ""):
        session = current_session()
        entering.ask_for_links(session, email[:200], typed, now=utc_now())
        commit(session)
    return _draw("external_links.html", is_sent=True)


@open_page(blueprint, "/external/<token>", methods=("GET", "POST"))
def enter(token: str) -> ResponseReturnValue:
    """Ask for the code, whatever the link; with both right, show the step."""
    if request.method != "POST":
        return _ask_for_code(None)
    typed = request.form.get("code", "")
    if not codes.plain(typed):  # also whatever presses every button of a page: it is no try
        return _ask_for_code(_("Fill in your code."))
    session, now = current_session(), utc_now()
    asked = entering.enter(session, token, typed, now=now)
    if asked is None:
        commit(session)
        return _ask_for_code(
            _("This does not work: the code is not right, or the link was used or is too old.")
        )
    _speak_to(asked)
    return _show(session, asked, now)


def _ask_for_code(error: str | None) -> ResponseReturnValue:
    return _draw("external_code.html", error=error, action=request.path), 422 if error else 200


@open_page(
    blueprint,
    "/external/step/<any('accept', 'decline', 'contacts', 'follow-up', 'later',"
    " 'remark', 'close', 'hand-back', 'call-me'):action>",
    methods=("GET", "POST"),
)
def step(action: str) -> ResponseReturnValue:
    """Do what a button of the step's page says, and show the page that follows."""
    session, now = current_session(), utc_now()
    text = request.form.get("step_token", "")
    asked = entering.go_on(session, text, now=now) if text else None
    if asked is None:
        commit(session)
        return _draw("external_over.html"), 409 if request.method == "POST" else 200
    _speak_to(asked)
    try:
        _act(session, asked, action, now)
    except InvalidInput as error:
        return _correct(session, asked.id, now, text, str(error))
    except NotEligible as error:
        if error.code in OWN_CHOICES:  # no rule against them, but what is on their record
            return _correct(session, asked.id, now, text, _own_choice())
        return _pass_on(session, now, text)
    except (TooLate, InvalidTransition):
        rollback(session)
        return _draw("external_over.html"), 409
    return _show(session, asked, now)


def _act(session: orm.Session, asked: SupportRequest, action: str, now: datetime) -> None:
    """Answer the request, or note something about what was taken."""
    actor, form = asked.supporter.record.person, request.form
    if action == "accept":
        accept_request(session, asked, actor=actor, now=now)
    elif action == "decline":
        reason = noting.read_code(form, "reason", RefusalReason)
        if reason is None:
            raise InvalidInput(_("Choose a reason, so that we can go on."))
        decline_request(session, asked, reason, actor=actor, now=now)
    elif _has_taken(asked):
        flash(_NOTINGS[action](session, asked.reach_out, form, actor, now), "success")
    else:
        raise TooLate


def _has_taken(asked: SupportRequest) -> bool:
    is_accepted = asked.state is RequestState.ACCEPTED
    return is_accepted and has_taken(asked.supporter, asked.reach_out)


def _correct(
    session: orm.Session, request_id: str, now: datetime, text: str, message: str
) -> ResponseReturnValue:
    """Show the page again with what was wrong; nothing was changed, so its buttons still work."""
    rollback(session)
    asked = session.get_one(SupportRequest, request_id)
    if not waits_for_answer(asked, now) and not _has_taken(asked):
        return _draw("external_over.html"), 409
    return _show(session, asked, now, text=text, error=message), 422


def _own_choice() -> str:
    """Return what to do about an absence or a limit: a coordinator keeps these for them."""
    return _(
        "By the hours, absences and limits on your record you cannot take this on now. Has that "
        "changed? Then call a coordinator. Otherwise a no is fine."
    )


def _pass_on(session: orm.Session, now: datetime, text: str) -> ResponseReturnValue:
    """Let the next be asked where a rule has come to forbid this supporter."""
    rollback(session)
    asked = entering.go_on(session, text, now=now)
    if asked is not None:
        withdraw_request(session, asked, now=now)
    commit(session)
    return _draw("external_over.html", is_not_eligible=True), 409


def _show(
    session: orm.Session,
    asked: SupportRequest,
    now: datetime,
    *,
    text: str | None = None,
    error: str | None = None,
) -> str:
    """Commit, and show where the request stands now: the question, the call card, or thanks."""
    if waits_for_answer(asked, now):
        template, context = "external_request.html", _question(asked)
        seen = ("request.seen", asked.id)
    elif _has_taken(asked):
        template, context = "external_call.html", _card(asked, now)
        seen = ("reach_out.seen", asked.reach_out_id)
    else:
        state = end_of(asked)
        commit(session)
        return _draw("external_done.html", state=state)
    record.record(
        session,
        seen[0],
        actor=asked.supporter.record.person,
        now=now,
        object_id=seen[1],
        subject_id=asked.reach_out.involved.person_id,
    )
    token = text or make_token(session, asked, Purpose.PAGE, now=now)
    commit(session)
    typed_end = noting.typed_end(request.form, request.path, error)
    return _draw(template, ps_step_token=token, error=error, typed_end=typed_end, **context)


def _question(asked: SupportRequest) -> dict[str, Any]:
    """Return what is asked, with our addresses."""
    answers = {"accept_url": _step_url("accept"), "decline_url": _step_url("decline")}
    return {**request_card(asked), **answers, "resources_url": None}


def _card(asked: SupportRequest, now: datetime) -> dict[str, Any]:
    """Return the call card with our addresses, without what an account is needed for."""
    urls = {action.replace("-", "_"): _step_url(action) for action in _NOTINGS}
    hidden = {"report_url": None, "resources_url": None}
    return {**call_card(asked.reach_out, now), "urls": urls, **hidden}


def _step_url(action: str) -> str:
    return url_for(".step", action=action)


def _speak_to(asked: SupportRequest) -> None:
    """Speak the supporter's language from here on, where it is known."""
    locales = current_runtime().settings.locales
    locale = locale_of(asked.supporter.record.person, locales)
    if locale is not None:
        i18n.set_locale(locale)


def _draw(template: str, **context: object) -> str:
    """Draw a page without the links of whoever happens to be signed in here."""
    return render_template(f"peersupport/{template}", ps_navigation=[], **context)
