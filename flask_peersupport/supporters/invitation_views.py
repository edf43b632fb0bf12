"""The invitation: for the person invited, and for the coordinator who sends and telephones."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.drafts import saying
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..errors import NotAllowed
from ..i18n import gettext as _
from ..runtime import current_session
from .inviting import accept_invitation, invite_again, invite_supporter, refuse_invitation
from .models import Supporter
from .policy import is_invited
from .queries import invited_of
from .states import SupporterState
from .views import blueprint, supporter_here


@page(blueprint, "/invitation", allow=is_invited)
def invitation() -> ResponseReturnValue:
    """Ask whoever is invited, and tell them what comes next once they have said yes."""
    session = current_session()
    supporter = _own(session)
    is_waiting = supporter.state is SupporterState.INVITED and supporter.accepted_at is None
    is_trained = supporter.state is SupporterState.TRAINED
    record.record(
        session,
        "invitation.seen",
        actor=signed_in().person,
        now=utc_now(),
        object_id=supporter.id,
        subject_id=supporter.person_id,
    )
    commit(session)
    return render_template(
        "peersupport/invitation.html", is_waiting=is_waiting, is_trained=is_trained
    )


@page(blueprint, "/invitation/accept", allow=is_invited, methods=("POST",))
def accept() -> ResponseReturnValue:
    """Note a yes, and show what comes next."""
    session = current_session()
    accept_invitation(session, _own(session), actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("Thank you. You said yes."), "success")
    return redirect(url_for("peersupport.supporters.invitation"))


@page(blueprint, "/invitation/refuse", allow=is_invited, methods=("POST",))
def refuse() -> ResponseReturnValue:
    """Note a no, which needs no reason."""
    session = current_session()
    refuse_invitation(session, _own(session), actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("Thank you for your answer. You will hear no more about this invitation."), "success")
    return redirect(url_for("peersupport.home.home"))


@page(blueprint, "/supporters/<id>/invite", allow=policy.is_coordinator, methods=("POST",))
def invite(id: str) -> ResponseReturnValue:
    """Send somebody the invitation, or send it once more where it was not answered."""
    session = current_session()
    supporter = supporter_here(session, id)
    send = invite_again if supporter.state is SupporterState.INVITED else invite_supporter
    with saying(session, _("The invitation is on its way.")):
        send(session, supporter, actor=signed_in().person, now=utc_now())
    return redirect(url_for("peersupport.supporters.supporter", id=id))


@page(blueprint, "/supporters/<id>/answer", allow=policy.is_coordinator, methods=("POST",))
def note_answer(id: str) -> ResponseReturnValue:
    """Note the answer that somebody gave a coordinator by telephone."""
    session = current_session()
    supporter = supporter_here(session, id)
    answers = {"yes": accept_invitation, "no": refuse_invitation}
    note = answers.get(request.form.get("answer", ""))
    if note is not None:
        note(session, supporter, actor=signed_in().person, now=utc_now())
        commit(session)
        flash(_("The answer was noted."), "success")
    return redirect(url_for("peersupport.supporters.supporter", id=id))


def _own(session: orm.Session) -> Supporter:
    found = invited_of(session, signed_in())
    if found is None:
        raise NotAllowed
    return found
