"""A concern about a colleague: the sender's page, and what the coordinators decide (P4)."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.departments import department_names
from ..access.limiting import Limiter
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit, rollback
from ..errors import InvalidInput, NotAllowed, TooLate
from ..i18n import format_date
from ..i18n import gettext as _
from ..runtime import current_runtime, current_session
from ..vault.persons import is_same_person
from . import concerns as actions
from .concern_cards import concern_card, concern_row
from .concern_forms import ConcernDraft, read_concern, typed_concern
from .concern_queries import (
    LIST_LIMIT,
    is_decided,
    listed_concerns,
    visible_concern,
)
from .models import Concern
from .turns import take_turn

blueprint = Blueprint("concerns", __name__)

#: Forms that one person sends in a minute; more is no concern about anybody.
_limiter = Limiter(10)


@page(blueprint, "/concern", allow=policy.anyone_signed_in, methods=("GET", "POST"))
def concern() -> ResponseReturnValue:
    """Let somebody name a colleague they are concerned about."""
    actor, session, now = signed_in().person, current_session(), utc_now()
    if request.method == "GET":
        return _sent_page() if "sent" in request.args else _form_page(session, ConcernDraft())
    if not _limiter.allows(actor.user_id or actor.name):
        return _enough_page()
    draft = typed_concern(request.form)
    about = read_concern(draft)
    if about is None:
        return _form_page(session, draft)
    if is_same_person(about, actor):
        flash(_("This is you. Here you ask for support for yourself."), "info")
        return redirect(url_for("peersupport.self_referral.self_referral"))
    take_turn(session, actor, now=now)
    try:
        actions.raise_concern(session, about, may_be_told=draft.may_be_told, actor=actor, now=now)
    except actions.TooMany:
        rollback(session)
        return _enough_page()
    commit(session)
    return redirect(url_for(".concern", sent=1))


def _form_page(session: orm.Session, draft: ConcernDraft) -> ResponseReturnValue:
    html = render_template(
        "peersupport/concern.html",
        draft=draft,
        department_names=department_names(session),
        phone=current_runtime().settings.support_phone,
    )
    return html, 422 if draft.errors else 200


def _sent_page() -> ResponseReturnValue:
    phone = current_runtime().settings.support_phone
    return render_template("peersupport/concern_sent.html", phone=phone)


def _enough_page() -> ResponseReturnValue:
    phone = current_runtime().settings.support_phone
    return render_template("peersupport/concern_enough.html", phone=phone), 429


@page(blueprint, "/concerns", allow=policy.is_coordinator)
def concerns() -> ResponseReturnValue:
    """List the concerns that are not decided on, those that wait for a decision first."""
    session, now, actor = current_session(), utc_now(), signed_in()
    rows = listed_concerns(session, actor, now)
    context = {
        "rows": [concern_row(row) for row in rows[:LIST_LIMIT]],
        "has_more": len(rows) > LIST_LIMIT,
        "queue_url": url_for("peersupport.queue.queue"),
    }
    record.record(session, "concerns.seen", actor=actor.person, now=now)
    commit(session)
    return render_template("peersupport/concerns.html", **context)


@page(blueprint, "/concerns/<concern_id>", allow=policy.is_coordinator)
def concern_page(concern_id: str) -> ResponseReturnValue:
    """Show one concern and what can be done."""
    session, now = current_session(), utc_now()
    try:
        found = _open(session, concern_id, now)
    except TooLate:
        return _decided_already()
    return _render(session, found, now)


@page(blueprint, "/concerns/<concern_id>/approach", allow=policy.is_coordinator, methods=("POST",))
def approach(concern_id: str) -> ResponseReturnValue:
    """Offer the colleague support."""
    session, now = current_session(), utc_now()
    try:
        found = _lock(session, concern_id, now)
        reach_out = actions.approach(session, found, actor=signed_in().person, now=now)
    except InvalidInput as error:
        return _render_wrong(session, concern_id, now, error)
    except TooLate:
        return _decided_already()
    reach_out_id = reach_out.id
    commit(session)
    flash(_("The colleague is offered support. This is where you see how it goes."), "success")
    return redirect(url_for("peersupport.queue.reach_out_page", reach_out_id=reach_out_id))


@page(blueprint, "/concerns/<concern_id>/wait", allow=policy.is_coordinator, methods=("POST",))
def wait(concern_id: str) -> ResponseReturnValue:
    """Leave it alone for some days."""
    session, now = current_session(), utc_now()
    text = request.form.get("days", "").strip()
    days = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    try:
        found = _lock(session, concern_id, now)
        due_on = actions.wait_with(session, found, days, actor=signed_in().person, now=now)
    except InvalidInput as error:
        return _render_wrong(session, concern_id, now, error)
    except TooLate:
        return _decided_already()
    commit(session)
    flash(_("It is brought up again on %(day)s.", day=format_date(due_on)), "success")
    return redirect(url_for(".concerns"))


@page(blueprint, "/concerns/<concern_id>/merge", allow=policy.is_coordinator, methods=("POST",))
def merge(concern_id: str) -> ResponseReturnValue:
    """Join it with a reach-out that the colleague has already."""
    session, now, actor = current_session(), utc_now(), signed_in()
    reach_out_id = request.form.get("reach_out_id", "")
    try:
        found = _lock(session, concern_id, now)
        actions.merge(session, found, reach_out_id, actor=actor, now=now)
    except InvalidInput as error:
        return _render_wrong(session, concern_id, now, error)
    except TooLate:
        return _decided_already()
    commit(session)
    flash(_("Joined: the reach-out goes on as it was."), "success")
    return redirect(url_for("peersupport.queue.reach_out_page", reach_out_id=reach_out_id))


@page(blueprint, "/concerns/<concern_id>/set-aside", allow=policy.is_coordinator, methods=("POST",))
def set_aside(concern_id: str) -> ResponseReturnValue:
    """Do nothing more with it."""
    session, now = current_session(), utc_now()
    try:
        found = _lock(session, concern_id, now)
        actions.set_aside(session, found, actor=signed_in().person, now=now)
    except TooLate:
        return _decided_already()
    commit(session)
    flash(_("Set aside; the name is erased here."), "success")
    return redirect(url_for(".concerns"))


def _open(session: orm.Session, concern_id: str, now: datetime) -> Concern:
    """Return a concern that this coordinator may see and decide on.

    Raises:
        NotAllowed: it is absent, or may be about themself.
        TooLate: it is decided on; who it was about is then known to nobody here.
    """
    found = visible_concern(session, signed_in(), concern_id, now)
    if found is None:
        if is_decided(session, concern_id):
            raise TooLate
        raise NotAllowed
    return found


def _lock(session: orm.Session, concern_id: str, now: datetime) -> Concern:
    """Return a concern as `_open` does, locked until the commit."""
    _open(session, concern_id, now)
    rollback(session)  # what was read before the lock would stay as it was
    locked = actions.lock_concern(session, concern_id)
    return _open(session, locked.id, now)


def _decided_already() -> ResponseReturnValue:
    rollback(current_session())
    flash(_("Another coordinator has decided on this concern."), "info")
    return redirect(url_for(".concerns"))


def _render_wrong(
    session: orm.Session, concern_id: str, now: datetime, error: InvalidInput
) -> ResponseReturnValue:
    rollback(session)
    return _render(session, _open(session, concern_id, now), now, error)


def _render(
    session: orm.Session, found: Concern, now: datetime, wrong: InvalidInput | None = None
) -> ResponseReturnValue:
    actor = signed_in()
    context = concern_card(session, actor, found, now)
    record.record(
        session,
        "concern.seen",
        actor=actor.person,
        now=now,
        object_id=found.id,
        subject_id=found.about_id,
    )
    commit(session)
    fields = wrong.fields if wrong else {}
    error = str(wrong) if wrong and not fields else None
    html = render_template("peersupport/concern_decide.html", errors=fields, error=error, **context)
    return html, 422 if wrong else 200
