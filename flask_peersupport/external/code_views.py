"""The coordinator's page of the code that a supporter from outside comes in with (P31)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit, rollback
from ..errors import InvalidInput, NotAllowed
from ..i18n import gettext as _
from ..runtime import current_session
from ..supporters.models import Supporter
from . import codes
from .agreeing import can_have_code, read_code, set_code, take_code_away
from .queries import view_of

blueprint = Blueprint("external_codes", __name__)


@page(blueprint, "/supporters/<id>/code", allow=policy.is_coordinator, methods=("GET", "POST"))
def code(id: str) -> ResponseReturnValue:
    """Show whether there is a code, make one, keep one that was agreed on, or take it away.

    A code that we make is shown once, in the answer itself: it is stored nowhere.
    """
    session = current_session()
    supporter = _supporter(session, id)
    if request.method != "POST":
        return _page(session, supporter)
    do, typed = request.form.get("do", ""), request.form.get("code", "").strip()
    if do not in ("make", "keep", "take_away"):
        return _page(session, supporter, error=_("Choose what is to happen with the code."))
    if request.form.get("known", "") != _known(session, supporter):
        message = _("The code was changed a moment ago. One that was made is shown only once.")
        return _page(session, supporter, error=message)
    actor, now = signed_in().person, utc_now()
    if do == "take_away":
        take_code_away(session, supporter, actor=actor, now=now)
        commit(session)
        flash(_("The code was taken away. The links that were sent no longer work."), "success")
        return redirect(url_for(".code", id=id))
    text = codes.make_code() if do == "make" else typed
    try:
        set_code(session, supporter, text, actor=actor, now=now)
    except InvalidInput as error:
        rollback(session)
        return _page(session, _supporter(session, id), typed=typed, error=str(error))
    if do == "make":
        return _page(session, supporter, made=text)
    commit(session)
    flash(_("The code was saved. Links that were sent before no longer work."), "success")
    return redirect(url_for(".code", id=id))


def _supporter(session: orm.Session, supporter_id: str) -> Supporter:
    """Return a supporter from outside; the others sign in, and have no such page."""
    found = session.get(Supporter, supporter_id)
    if found is None or not can_have_code(found):
        raise NotAllowed
    return found


def _known(session: orm.Session, supporter: Supporter) -> str:
    """Return which code the page shows, so that a page sent again makes no other one."""
    found = read_code(session, supporter.id)
    return found.set_at.isoformat() if found else ""


def _page(
    session: orm.Session,
    supporter: Supporter,
    *,
    made: str | None = None,
    typed: str = "",
    error: str | None = None,
) -> ResponseReturnValue:
    now = utc_now()
    found = read_code(session, supporter.id)
    person = supporter.record.person
    context = {
        "supporter_id": supporter.id,
        "name": person.name,
        "email": person.email,
        "phone": person.phone,
        "code": view_of(found, now) if found else None,
        "known": _known(session, supporter),
        "made": made,
        "typed": typed,
        "error": error,
    }
    record.record(
        session,
        "supporter.code_seen",
        actor=signed_in().person,
        now=now,
        object_id=supporter.id,
        subject_id=supporter.person_id,
    )
    commit(session)
    return render_template("peersupport/supporter_code.html", **context), 422 if error else 200
