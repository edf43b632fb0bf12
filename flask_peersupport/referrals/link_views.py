"""The page behind a personal link (P3).

Until somebody presses the button it is the same for every link, good or not: nobody learns from
it whether a link was opened, not even who handed it over.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..access import policy
from ..access.views import page, signed_in
from ..clock import utc_now
from ..db import begin_immediate, commit, rollback
from ..i18n import gettext as _
from ..intake.preferring import NAMES_NOT_TO_ASK, chosen_preferences
from ..reachouts.presentation import preference_choices
from ..runtime import current_runtime, current_session
from .links import find_link, open_link

blueprint = Blueprint("referral_links", __name__)


@page(blueprint, "/refer/<token>", allow=policy.anyone_signed_in, methods=("GET", "POST"))
def opened(token: str) -> ResponseReturnValue:
    """Say what the link is; once the button is pressed, use it up."""
    actor = signed_in()
    # who hands links over would learn by trying one whether it was opened
    is_officer = policy.is_complaints_officer(actor)
    settings = current_runtime().settings
    if request.method == "GET":
        return render_template(
            "peersupport/referral_link.html",
            is_officer=is_officer,
            phone=settings.support_phone,
            contact_hours=round(settings.contact_within.total_seconds() / 3600),
            action_url=url_for(".opened", token=token),
            lines_not_to_ask=NAMES_NOT_TO_ASK,
            choices=preference_choices(),
        )
    if is_officer or not _open(token):
        rollback(current_session())
        return render_template(
            "peersupport/referral_link_over.html", phone=settings.support_phone
        ), 409
    flash(_("Thank you. You will be called."), "success")
    return redirect(url_for("peersupport.mine.mine"), 303)


def _open(token: str) -> bool:
    session = current_session()
    now = utc_now()
    link = find_link(session, token, now=now)
    if link is None:
        return False
    rollback(session)
    begin_immediate(session)
    is_first = open_link(session, link, chosen_preferences(), actor=signed_in().person, now=now)
    if is_first:
        commit(session)
    return is_first
