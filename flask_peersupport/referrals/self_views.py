"""Support for oneself: one screen on a telephone, one press (P5)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.departments import department_names
from ..access.views import page, signed_in
from ..clock import utc_now
from ..db import commit
from ..i18n import gettext as _
from ..i18n import label
from ..intake.preferring import NAMES_NOT_TO_ASK
from ..reachouts.presentation import DAY_PART_LABELS
from ..reachouts.states import CHANNEL_LABELS
from ..resources.places import Place
from ..resources.queries import resources_for
from ..runtime import current_runtime, current_session, local_today
from .self_forms import SelfDraft, empty_self_draft, typed_self
from .self_referring import ask_for_oneself, is_asked_for, is_offered, number_as_supporter
from .turns import take_turn

blueprint = Blueprint("self_referral", __name__)


@page(blueprint, "/self", allow=policy.anyone_signed_in, methods=("GET", "POST"))
def self_referral() -> ResponseReturnValue:
    """Ask for support for oneself. Where one came from is not looked at, and never stored."""
    actor, session, now = signed_in(), current_session(), utc_now()
    if request.method == "GET":
        if is_asked_for(session, actor.person_ids):
            return _already()
        return _form_page(session, empty_self_draft(actor.person))
    draft = typed_self()
    if draft.errors:
        return _form_page(session, draft)
    person_ids = take_turn(session, actor.person, now=now)
    reach_out = ask_for_oneself(
        session,
        draft.chosen,
        wanted_profession=draft.wanted_profession,
        phone=draft.phone,
        department=draft.department,
        person_ids=person_ids,
        actor=actor.person,
        now=now,
    )
    commit(session)
    if reach_out is None:
        return _already()
    flash(_("Thank you. You have asked for support, and it is being arranged."), "success")
    return redirect(url_for("peersupport.mine.mine"))


def _already() -> ResponseReturnValue:
    flash(_("You have asked for support already. Here you see how it stands."), "info")
    return redirect(url_for("peersupport.mine.mine"))


def _form_page(session: orm.Session, draft: SelfDraft) -> ResponseReturnValue:
    actor, settings = signed_in(), current_runtime().settings
    html = render_template(
        "peersupport/self.html",
        draft=draft,
        channels=[(code.value, _(text)) for code, text in CHANNEL_LABELS.items()],
        day_parts=[(code, _(text)) for code, text in DAY_PART_LABELS.items()],
        professions=[(code, label(text)) for code, text in settings.professions.items()],
        names_not_to_ask=NAMES_NOT_TO_ASK,
        own_department=actor.person.department,
        department_names=department_names(session),
        number_as_supporter=number_as_supporter(session, actor.person_ids),
        is_offered=is_offered(session, actor.person_ids),
        contact_hours=round(settings.contact_within.total_seconds() / 3600),
        phone=settings.support_phone,
        resources=resources_for(session, Place.COLLEAGUE, local_today()),
        resources_url=url_for("peersupport.resources.resources"),
    )
    return html, 422 if draft.errors else 200
