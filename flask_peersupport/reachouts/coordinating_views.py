"""The coordinator's buttons on the page of one reach-out."""

from __future__ import annotations

from flask import flash, request
from flask.typing import ResponseReturnValue

from ..access import policy
from ..access.views import page, signed_in
from ..db import commit
from ..errors import InvalidInput, NotAllowed
from ..i18n import gettext as _
from ..runtime import current_runtime
from . import answering, asking, contacting, deciding, noting
from .barring import namesakes
from .call_me import note_called
from .states import (
    WAITING_LABELS,
    Outcome,
    ReachOutState,
    RefusalReason,
    RequestState,
    WaitingFor,
)
from .views import back, blueprint, home_after_release, open_for_coordinator, show


@page(blueprint, "/reach-outs/<reach_out_id>/ask", allow=policy.is_coordinator, methods=("POST",))
def ask(reach_out_id: str) -> ResponseReturnValue:
    """Ask the supporter whom the coordinator chose."""
    session, reach_out, now = open_for_coordinator(reach_out_id)
    supporter_id = request.form.get("supporter_id", "")
    asking.ask_by_hand(session, reach_out, supporter_id, actor=signed_in().person, now=now)
    commit(session)
    flash(_("The supporter has been asked."), "success")
    return back(reach_out)


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/answered",
    allow=policy.is_coordinator,
    methods=("POST",),
)
def answered(reach_out_id: str) -> ResponseReturnValue:
    """Note an answer that the supporter gave by telephone."""
    session, reach_out, now = open_for_coordinator(reach_out_id)
    asked = next((r for r in reach_out.requests if r.state is RequestState.ASKED), None)
    if asked is None:
        raise NotAllowed
    actor = signed_in().person
    if request.form.get("answer") == "accepted":
        answering.accept_request(session, asked, actor=actor, now=now, by_telephone=True)
    else:
        reason = noting.read_code(request.form, "reason", RefusalReason)
        if request.form.get("answer") != "declined" or reason is None:
            message = _("Say whether the answer was yes or no, and for a no the reason.")
            return show(session, reach_out, None, now, error=message)
        answering.decline_request(session, asked, reason, actor=actor, now=now, by_telephone=True)
    commit(session)
    flash(_("The answer has been noted, and the supporter is told."), "success")
    return back(reach_out)


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/withdraw",
    allow=policy.is_coordinator,
    methods=("POST",),
)
def withdraw(reach_out_id: str) -> ResponseReturnValue:
    """Take the offer back."""
    session, reach_out, now = open_for_coordinator(reach_out_id)
    contacting.close_reach_out(
        session, reach_out, Outcome.WITHDRAWN, reason=None, actor=signed_in().person, now=now
    )
    commit(session)
    flash(_("The offer has been withdrawn."), "success")
    return home_after_release()


@page(
    blueprint, "/reach-outs/<reach_out_id>/identify", allow=policy.is_coordinator, methods=("POST",)
)
def identify(reach_out_id: str) -> ResponseReturnValue:
    """Say who is meant and where they work, so that a supporter can be asked."""
    session, reach_out, now = open_for_coordinator(reach_out_id)
    user_id = request.form.get("user", "")
    person = current_runtime().users.get(user_id) if user_id else None
    try:
        deciding.identify_colleague(
            session,
            reach_out,
            person=person,
            department=request.form.get("department", "").strip()[:200] or None,
            report_department=request.form.get("report_department", "").strip()[:200] or None,
            actor=signed_in().person,
            now=now,
        )
    except InvalidInput as error:
        session.rollback()
        return show(session, reach_out, None, now, error=str(error))
    commit(session)
    if reach_out.state is ReachOutState.QUEUED:
        flash(_("Saved. A supporter is asked now."), "success")
    else:
        flash(_(WAITING_LABELS[WaitingFor.BY_HAND]), "success")
    return back(reach_out)


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/clear-name",
    allow=policy.is_coordinator,
    methods=("POST",),
)
def clear_name(reach_out_id: str) -> ResponseReturnValue:
    """Confirm that a coordinator of the same name is somebody else."""
    session, reach_out, now = open_for_coordinator(reach_out_id)
    chosen = request.form.get("person_id", "")
    for person in namesakes(session, reach_out, now):
        if person.user_id == chosen:
            deciding.clear_namesake(session, reach_out, person, actor=signed_in().person, now=now)
    commit(session)
    return back(reach_out)


@page(
    blueprint, "/reach-outs/<reach_out_id>/called", allow=policy.is_coordinator, methods=("POST",)
)
def called(reach_out_id: str) -> ResponseReturnValue:
    """Note that the supporter was called."""
    session, reach_out, now = open_for_coordinator(reach_out_id)
    note_called(session, reach_out, actor=signed_in().person, now=now)
    commit(session)
    flash(_("Noted. Thank you for calling."), "success")
    return back(reach_out)
