"""The queue, the page of one reach-out or its call card, and the supporter's buttons on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..errors import InvalidInput, NotAllowed
from ..i18n import gettext as _
from ..i18n import label
from ..runtime import current_runtime, current_session
from ..supporters.models import Supporter
from ..supporters.queries import supporter_of
from ..values import Person
from . import contacting, noting
from .barring import namesakes
from .cards import call_card, coordinator_page, queue_row, waiting_call
from .found import count_found
from .models import ReachOut
from .paging import capped, read_key, text_of_key
from .policy import can_coordinate, has_taken
from .queries import QueueFilter, count_queue, queue_page, waiting_calls
from .states import (
    STATE_LABELS,
    ReachOutState,
)

blueprint = Blueprint("queue", __name__)


@page(blueprint, "/queue", allow=policy.is_coordinator)
def queue() -> ResponseReturnValue:
    """Show all open reach-outs, what needs action first."""
    session, now, actor = current_session(), utc_now(), signed_in()
    chosen = _filter()
    rows, next_key = queue_page(session, actor, chosen, now=now, after=read_key())
    found = count_found(session, actor, now=now)
    needs_you = QueueFilter(state=ReachOutState.NEEDS_COORDINATOR)
    context = {
        "waiting_calls": [waiting_call(row) for row in waiting_calls(session, actor, now)],
        "rows": [queue_row(row, now) for row in rows],
        "filters": _filters(chosen),
        "next_page_url": _next_page(next_key),
        "counts": {
            "needs_you": capped(count_queue(session, actor, needs_you, now=now)),
            "overdue": capped(count_queue(session, actor, QueueFilter(is_overdue=True), now=now)),
            "open": capped(count_queue(session, actor, QueueFilter(), now=now)),
        },
        "found": {
            "number": found,
            "text": capped(found),
            "url": url_for("peersupport.found.found"),
        },
        "stuck_intake": current_runtime().count_stuck_intake(session),
        "retry_intake_url": url_for(".retry_intake"),
    }
    record.record(session, "queue.seen", actor=actor.person, now=now)
    commit(session)
    return render_template("peersupport/queue.html", **context)


@page(blueprint, "/queue/retry-intake", allow=policy.is_coordinator, methods=("POST",))
def retry_intake() -> ResponseReturnValue:
    """Let the reports that could not be read be tried again."""
    runtime = current_runtime()
    session = runtime.storage.session()
    runtime.retry_stuck_intake(session, signed_in().person, utc_now())
    commit(session)
    flash(_("They are tried again now."), "success")
    return redirect(url_for(".queue"))


def _filter() -> QueueFilter:
    state, kind = request.args.get("state", ""), request.args.get("kind", "")
    return QueueFilter(
        state=ReachOutState(state) if state in list(ReachOutState) else None,
        kind=kind if kind in current_runtime().settings.kinds else None,
        is_overdue=state == "overdue",
    )


def _filters(chosen: QueueFilter) -> list[dict[str, object]]:
    states = [(state.value, _(text)) for state, text in STATE_LABELS.items()]
    kinds = [(code, label(text)) for code, text in current_runtime().settings.kinds.items()]
    state = "overdue" if chosen.is_overdue else chosen.state
    return [
        {
            "name": "state",
            "label": _("State"),
            "options": [*states, ("overdue", _("too late"))],
            "current": state,
        },
        {"name": "kind", "label": _("After"), "options": kinds, "current": chosen.kind},
    ]


def _next_page(key: tuple[datetime, str] | None) -> str | None:
    if key is None:
        return None
    names = ("state", "kind")
    kept: dict[str, Any] = {name: request.args[name] for name in names if name in request.args}
    return url_for(".queue", after=text_of_key(key), **kept)


@page(blueprint, "/reach-outs/<reach_out_id>", allow=policy.anyone_signed_in)
def reach_out_page(reach_out_id: str) -> ResponseReturnValue:
    """Show the call card to the supporter who has it, the whole story to a coordinator."""
    return show(*_open(reach_out_id))


def show(
    session: orm.Session,
    reach_out: ReachOut,
    supporter: Supporter | None,
    now: datetime,
    *,
    error: str | None = None,
) -> ResponseReturnValue:
    """Draw the page of a reach-out, with an error where what was posted cannot be right."""
    actor = signed_in()
    if has_taken(supporter, reach_out):
        template, context = "peersupport/call_card.html", call_card(reach_out, now)
    else:
        people = _people(session, reach_out, now)
        template, context = (
            "peersupport/reach_out.html",
            coordinator_page(session, reach_out, now, **people),
        )
    record.record(
        session,
        "reach_out.seen",
        actor=actor.person,
        now=now,
        object_id=reach_out.id,
        subject_id=reach_out.involved.person_id,
    )
    commit(session)
    typed_end = noting.typed_end(request.form, request.path, error)
    html = render_template(template, error=error, typed_end=typed_end, **context)
    return html, 422 if error else 200


def _people(session: orm.Session, reach_out: ReachOut, now: datetime) -> dict[str, list[Person]]:
    """Return whom the host's directory offers for the name, and coordinators who bear it."""
    users = current_runtime().users
    person = reach_out.person
    is_waiting = reach_out.state is ReachOutState.NEEDS_COORDINATOR and person is not None
    text = request.args.get("name", "").strip() or (person.name if person else "")
    found = users.search(text, 8) if is_waiting else []
    if is_waiting and not found:
        found = users.search(text.split()[-1], 8) if text.split() else []
    return {"people": found, "namesakes": namesakes(session, reach_out, now)}


def _open(reach_out_id: str) -> tuple[orm.Session, ReachOut, Supporter | None, datetime]:
    """Return a reach-out that this actor may open.

    Raises:
        NotAllowed: it is absent or not theirs.
    """
    session, reach_out, now = _find(reach_out_id)
    supporter = supporter_of(session, signed_in())
    if not has_taken(supporter, reach_out):
        _refuse_unless_coordinator(session, reach_out, now)
    return session, reach_out, supporter, now


def open_for_coordinator(reach_out_id: str) -> tuple[orm.Session, ReachOut, datetime]:
    """Return a reach-out that this actor may coordinate.

    Raises:
        NotAllowed: it is absent or not theirs.
    """
    session, reach_out, now = _find(reach_out_id)
    _refuse_unless_coordinator(session, reach_out, now)
    return session, reach_out, now


def _find(reach_out_id: str) -> tuple[orm.Session, ReachOut, datetime]:
    session = current_session()
    reach_out = session.get(ReachOut, reach_out_id)
    if reach_out is None:
        raise NotAllowed
    return session, reach_out, utc_now()


def _refuse_unless_coordinator(session: orm.Session, reach_out: ReachOut, now: datetime) -> None:
    if not can_coordinate(session, signed_in(), reach_out, now):
        raise NotAllowed


def back(reach_out: ReachOut) -> ResponseReturnValue:
    """Return to the page of a reach-out."""
    return redirect(url_for(".reach_out_page", reach_out_id=reach_out.id))


def home_after_release() -> ResponseReturnValue:
    """Return where a supporter goes who has the reach-out no longer."""
    if policy.is_coordinator(signed_in()):
        return redirect(url_for(".queue"))
    return redirect(url_for("peersupport.requests.requests"))


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/hand-back",
    allow=policy.anyone_signed_in,
    methods=("POST",),
)
def hand_back(reach_out_id: str) -> ResponseReturnValue:
    """Give a reach-out back; another supporter is asked."""
    session, reach_out, _supporter, now = _open(reach_out_id)
    sentence = noting.hand_back(session, reach_out, request.form, signed_in().person, now)
    commit(session)
    flash(sentence, "success")
    return home_after_release()


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/contacts",
    allow=policy.anyone_signed_in,
    methods=("POST",),
)
def contacts(reach_out_id: str) -> ResponseReturnValue:
    """Note that a contact, or an attempt, took place."""
    return _note(reach_out_id, noting.note_contact)


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/follow-up",
    allow=policy.anyone_signed_in,
    methods=("POST",),
)
def follow_up(reach_out_id: str) -> ResponseReturnValue:
    """Plan a follow-up, or the day to ask again."""
    return _note(reach_out_id, noting.plan_follow_up)


@page(
    blueprint, "/reach-outs/<reach_out_id>/later", allow=policy.anyone_signed_in, methods=("POST",)
)
def later(reach_out_id: str) -> ResponseReturnValue:
    """Remind the supporter later."""
    return _note(reach_out_id, noting.postpone)


@page(
    blueprint, "/reach-outs/<reach_out_id>/remark", allow=policy.anyone_signed_in, methods=("POST",)
)
def remark(reach_out_id: str) -> ResponseReturnValue:
    """Count what went less well, for the next follow-up meeting; no trace leads back here."""
    return _note(reach_out_id, noting.count_remark, _refuse_coordinator)


def _refuse_coordinator(
    session: orm.Session, reach_out: ReachOut, form: noting.Form, actor: Person, now: datetime
) -> str:
    raise NotAllowed


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/call-me",
    allow=policy.anyone_signed_in,
    methods=("POST",),
)
def call_me(reach_out_id: str) -> ResponseReturnValue:
    """Ask the coordinators to call the supporter who has the reach-out."""
    return _note(reach_out_id, noting.ask_for_call, _refuse_coordinator)


@page(
    blueprint, "/reach-outs/<reach_out_id>/close", allow=policy.anyone_signed_in, methods=("POST",)
)
def close(reach_out_id: str) -> ResponseReturnValue:
    """End a reach-out with an outcome."""
    return _note(reach_out_id, noting.close, _close_as_coordinator)


def _close_as_coordinator(
    session: orm.Session, reach_out: ReachOut, form: noting.Form, actor: Person, now: datetime
) -> str:
    end = noting.read_end(form)
    contacting.close_reach_out(
        session,
        reach_out,
        end.outcome,
        reason=end.reason,
        referred_to=end.referred_to,
        actor=actor,
        now=now,
    )
    return _("Closed. Thank you.")


def _note(
    reach_out_id: str, note: noting.Noting, as_coordinator: noting.Noting | None = None
) -> ResponseReturnValue:
    """Note what was posted, in another way where a coordinator notes it; say what is wrong."""
    session, reach_out, supporter, now = _open(reach_out_id)
    if as_coordinator is not None and not has_taken(supporter, reach_out):
        note = as_coordinator
    try:
        sentence = note(session, reach_out, request.form, signed_in().person, now)
    except InvalidInput as error:
        return show(session, reach_out, supporter, now, error=str(error))
    commit(session)
    flash(sentence, "success")
    return _after_change(session, reach_out, supporter)


def _after_change(
    session: orm.Session, reach_out: ReachOut, supporter: Supporter | None
) -> ResponseReturnValue:
    """Return to the page, or to where an actor goes who may not see it any more."""
    if reach_out.state is ReachOutState.CLOSED or (
        supporter is not None and not has_taken(supporter, reach_out)
    ):
        return home_after_release()
    return back(reach_out)
