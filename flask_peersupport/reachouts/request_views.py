"""The supporter's pages: what they are asked, and what they answer (P12, P15)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit, rollback
from ..errors import NotAllowed, NotEligible, OwnChoice
from ..i18n import gettext as _
from ..runtime import current_session
from ..supporters.models import Supporter
from ..supporters.queries import supporter_of
from .answering import accept_request, decline_request, withdraw_request
from .cards import request_card
from .models import ReachOut, SupportRequest
from .own_choices import OWN_CHOICES
from .policy import has_taken, is_asked, waits_for_answer
from .presentation import end_of, kind_label, state_label
from .queries import taken_reach_outs, waiting_requests
from .states import RefusalReason, RequestState

blueprint = Blueprint("requests", __name__)


@page(blueprint, "/requests", allow=policy.anyone_signed_in)
def requests() -> ResponseReturnValue:
    """List what waits for the supporter, and what they have."""
    session, supporter, now = _supporter()
    waiting = waiting_requests(session, supporter.id, now)
    taken = taken_reach_outs(session, supporter.id)
    context = {
        "open": [
            {
                "url": url_for(".request_page", request_id=row.id),
                "kind_label": kind_label(row.reach_out),
                "asked_at": row.asked_at,
                "answer_due_at": row.answer_due_at,
                "name": _name(row.reach_out),
            }
            for row in waiting
        ],
        "taken": [
            {
                "url": url_for("peersupport.queue.reach_out_page", reach_out_id=row.id),
                "kind_label": kind_label(row),
                "state_label": state_label(row),
                "contact_due_at": row.contact_due_at if not row.contacted_at else None,
                "follow_up_on": row.follow_up_on,
                "is_overdue": row.overdue_at is not None,
                "name": _name(row),
            }
            for row in taken
        ],
    }
    record.record(session, "requests.seen", actor=signed_in().person, now=now)
    commit(session)
    return render_template("peersupport/requests.html", **context)


@page(blueprint, "/requests/<request_id>", allow=policy.anyone_signed_in)
def request_page(request_id: str) -> ResponseReturnValue:
    """Show one request: the colleague while it waits for an answer, a thank-you afterwards."""
    session, supporter, now = _supporter()
    asked = _request(session, supporter, request_id)
    reach_out = asked.reach_out
    if asked.state is RequestState.ACCEPTED and has_taken(supporter, reach_out):
        return redirect(url_for("peersupport.queue.reach_out_page", reach_out_id=reach_out.id))
    if not waits_for_answer(asked, now):
        return render_template("peersupport/request_done.html", state=end_of(asked))
    context = _request_context(asked)
    _record_sight(session, asked, now)
    return render_template("peersupport/request.html", **context)


def _record_sight(session: orm.Session, asked: SupportRequest, now: datetime) -> None:
    record.record(
        session,
        "request.seen",
        actor=signed_in().person,
        now=now,
        object_id=asked.id,
        subject_id=asked.reach_out.involved.person_id,
    )
    commit(session)


def _request_context(asked: SupportRequest) -> dict[str, Any]:
    return {
        **request_card(asked),
        "accept_url": url_for(".accept", request_id=asked.id),
        "decline_url": url_for(".decline", request_id=asked.id),
        "error": None,
    }


@page(blueprint, "/requests/<request_id>/accept", allow=policy.anyone_signed_in, methods=("POST",))
def accept(request_id: str) -> ResponseReturnValue:
    """Take the reach-out; a rule that has come to forbid it passes the request on.

    What the supporter can change themselves, such as an absence, does not: they are told how.
    """
    session, supporter, now = _supporter()
    asked = _request(session, supporter, request_id)
    try:
        reach_out = accept_request(session, asked, actor=signed_in().person, now=now)
        commit(session)
    except NotEligible as error:
        rollback(session)
        if error.code in OWN_CHOICES:
            raise OwnChoice(error.code, _(OWN_CHOICES[error.code])) from None
        withdraw_request(session, _request(session, supporter, request_id), now=now)
        commit(session)
        raise
    return redirect(url_for("peersupport.queue.reach_out_page", reach_out_id=reach_out.id))


@page(blueprint, "/requests/<request_id>/decline", allow=policy.anyone_signed_in, methods=("POST",))
def decline(request_id: str) -> ResponseReturnValue:
    """Say no, with a reason; the next supporter is asked."""
    session, supporter, now = _supporter()
    asked = _request(session, supporter, request_id)
    text = request.form.get("reason", "")
    if text not in list(RefusalReason):
        if not waits_for_answer(asked, now):
            return redirect(url_for(".request_page", request_id=asked.id))
        context = _request_context(asked) | {"error": _("Choose a reason, so that we can go on.")}
        _record_sight(session, asked, now)
        return render_template("peersupport/request.html", **context), 422
    decline_request(session, asked, RefusalReason(text), actor=signed_in().person, now=now)
    commit(session)
    return redirect(url_for(".request_page", request_id=request_id))


def _supporter() -> tuple[orm.Session, Supporter, datetime]:
    """Return the session, the supporter who is signed in, and the instant."""
    session = current_session()
    supporter = supporter_of(session, signed_in())
    if supporter is None:
        raise NotAllowed
    return session, supporter, utc_now()


def _request(session: orm.Session, supporter: Supporter, request_id: str) -> SupportRequest:
    asked = session.get(SupportRequest, request_id)
    if asked is None or not is_asked(supporter, asked):
        raise NotAllowed
    return asked


def _name(reach_out: ReachOut) -> str:
    person = reach_out.person
    return person.name if person else _("a colleague")
