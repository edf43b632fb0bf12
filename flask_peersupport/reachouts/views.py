"""The queue, the coordinator's page of one reach-out, and the supporter's call card."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

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
from ..runtime import current_runtime
from ..supporters.models import Supporter
from ..supporters.queries import supporter_of
from ..values import Person
from . import answering, asking, contacting, deciding
from .barring import namesakes
from .cards import call_card, coordinator_page, queue_row
from .found import count_found
from .models import ReachOut
from .paging import capped, read_key, text_of_key
from .policy import can_coordinate, has_taken
from .queries import QueueFilter, count_queue, queue_page
from .states import (
    STATE_LABELS,
    WAITING_LABELS,
    ContactChannel,
    ContactKind,
    ContactOutcome,
    DeclinedReason,
    Outcome,
    ReachOutState,
    RefusalReason,
    RequestState,
    WaitingFor,
)

blueprint = Blueprint("queue", __name__)

Code = TypeVar("Code", bound=StrEnum)


@page(blueprint, "/queue", allow=policy.is_coordinator)
def queue() -> ResponseReturnValue:
    """Show all open reach-outs, what needs action first."""
    session, now, actor = current_runtime().storage.session(), utc_now(), signed_in()
    chosen = _filter()
    rows, next_key = queue_page(session, actor, chosen, now=now, after=read_key())
    found = count_found(session, actor, now=now)
    needs_you = QueueFilter(state=ReachOutState.NEEDS_COORDINATOR)
    context = {
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
    return _render(*_open(reach_out_id))


def _render(
    session: orm.Session,
    reach_out: ReachOut,
    supporter: Supporter | None,
    now: datetime,
    *,
    error: str | None = None,
) -> ResponseReturnValue:
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
    status = 422 if error else 200
    return render_template(template, error=error, **context), status


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


def _open(
    reach_out_id: str, *, is_for_coordinator: bool = False
) -> tuple[orm.Session, ReachOut, Supporter | None, datetime]:
    """Return a reach-out that this actor may open.

    Raises:
        NotAllowed: it is absent or not theirs.
    """
    session, now, actor = current_runtime().storage.session(), utc_now(), signed_in()
    reach_out = session.get(ReachOut, reach_out_id)
    if reach_out is None:
        raise NotAllowed
    supporter = supporter_of(session, actor)
    if has_taken(supporter, reach_out) and not is_for_coordinator:
        return session, reach_out, supporter, now
    if not can_coordinate(session, actor, reach_out, now):
        raise NotAllowed
    return session, reach_out, None if is_for_coordinator else supporter, now


def _back(reach_out: ReachOut) -> ResponseReturnValue:
    return redirect(url_for(".reach_out_page", reach_out_id=reach_out.id))


def _home_after_release() -> ResponseReturnValue:
    """Return where a supporter goes who has the reach-out no longer."""
    if policy.is_coordinator(signed_in()):
        return redirect(url_for(".queue"))
    return redirect(url_for("peersupport.requests.requests"))


@page(blueprint, "/reach-outs/<reach_out_id>/ask", allow=policy.is_coordinator, methods=("POST",))
def ask(reach_out_id: str) -> ResponseReturnValue:
    """Ask the supporter whom the coordinator chose."""
    session, reach_out, _supporter, now = _open(reach_out_id, is_for_coordinator=True)
    supporter_id = request.form.get("supporter_id", "")
    asking.ask_by_hand(session, reach_out, supporter_id, actor=signed_in().person, now=now)
    commit(session)
    flash(_("The supporter has been asked."), "success")
    return _back(reach_out)


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/answered",
    allow=policy.is_coordinator,
    methods=("POST",),
)
def answered(reach_out_id: str) -> ResponseReturnValue:
    """Note an answer that the supporter gave by telephone."""
    session, reach_out, _supporter, now = _open(reach_out_id, is_for_coordinator=True)
    asked = next((r for r in reach_out.requests if r.state is RequestState.ASKED), None)
    if asked is None:
        raise NotAllowed
    actor = signed_in().person
    if request.form.get("answer") == "accepted":
        answering.accept_request(session, asked, actor=actor, now=now, by_telephone=True)
    else:
        reason = _code(RefusalReason, "reason")
        if request.form.get("answer") != "declined" or reason is None:
            message = _("Say whether the answer was yes or no, and for a no the reason.")
            return _render(session, reach_out, None, now, error=message)
        answering.decline_request(session, asked, reason, actor=actor, now=now, by_telephone=True)
    commit(session)
    flash(_("The answer has been noted, and the supporter is told."), "success")
    return _back(reach_out)


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/hand-back",
    allow=policy.anyone_signed_in,
    methods=("POST",),
)
def hand_back(reach_out_id: str) -> ResponseReturnValue:
    """Give a reach-out back; another supporter is asked."""
    session, reach_out, _supporter, now = _open(reach_out_id)
    contacting.hand_back(session, reach_out, actor=signed_in().person, now=now)
    commit(session)
    flash(_("Handed back. Someone else is asked at once."), "success")
    return _home_after_release()


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/withdraw",
    allow=policy.is_coordinator,
    methods=("POST",),
)
def withdraw(reach_out_id: str) -> ResponseReturnValue:
    """Take the offer back."""
    session, reach_out, _supporter, now = _open(reach_out_id, is_for_coordinator=True)
    contacting.close_reach_out(
        session, reach_out, Outcome.WITHDRAWN, reason=None, actor=signed_in().person, now=now
    )
    commit(session)
    flash(_("The offer has been withdrawn."), "success")
    return _home_after_release()


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/contacts",
    allow=policy.anyone_signed_in,
    methods=("POST",),
)
def contacts(reach_out_id: str) -> ResponseReturnValue:
    """Note that a contact, or an attempt, took place."""
    session, reach_out, supporter, now = _open(reach_out_id)
    channel, kind = _code(ContactChannel, "channel"), _code(ContactKind, "kind")
    outcome, day = _code(ContactOutcome, "outcome"), _day("happened_on")
    if channel is None or kind is None or outcome is None or day is None:
        message = _("Fill in the day, how, what for, and how it ended.")
        return _render(session, reach_out, supporter, now, error=message)
    try:
        contacting.note_contact(
            session,
            reach_out,
            happened_on=day,
            channel=channel,
            kind=kind,
            outcome=outcome,
            reason=_code(DeclinedReason, "reason") or DeclinedReason.NO_NEED,
            actor=signed_in().person,
            now=now,
        )
    except InvalidInput as error:
        return _render(session, reach_out, supporter, now, error=str(error))
    commit(session)
    flash(_("Noted. Only that there was contact, not what was said."), "success")
    return _after_change(session, reach_out, supporter)


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/follow-up",
    allow=policy.anyone_signed_in,
    methods=("POST",),
)
def follow_up(reach_out_id: str) -> ResponseReturnValue:
    """Plan a follow-up, or the day to ask again."""
    session, reach_out, supporter, now = _open(reach_out_id)
    day = _day("on")
    if day is None:
        return _render(session, reach_out, supporter, now, error=_("Choose a day."))
    try:
        contacting.plan_follow_up(
            session,
            reach_out,
            day,
            is_asked_again=bool(request.form.get("is_asked_again")),
            actor=signed_in().person,
            now=now,
        )
    except InvalidInput as error:
        return _render(session, reach_out, supporter, now, error=str(error))
    commit(session)
    flash(_("Planned. We remind you that day."), "success")
    return _back(reach_out)


@page(
    blueprint, "/reach-outs/<reach_out_id>/later", allow=policy.anyone_signed_in, methods=("POST",)
)
def later(reach_out_id: str) -> ResponseReturnValue:
    """Remind the supporter later."""
    session, reach_out, supporter, now = _open(reach_out_id)
    try:
        option = request.form.get("option", "")
        contacting.postpone(session, reach_out, option, actor=signed_in().person, now=now)
    except InvalidInput as error:
        return _render(session, reach_out, supporter, now, error=str(error))
    commit(session)
    flash(_("We remind you."), "success")
    return _back(reach_out)


@page(
    blueprint, "/reach-outs/<reach_out_id>/close", allow=policy.anyone_signed_in, methods=("POST",)
)
def close(reach_out_id: str) -> ResponseReturnValue:
    """End a reach-out with an outcome."""
    session, reach_out, supporter, now = _open(reach_out_id)
    outcome, reason = _code(Outcome, "outcome"), _code(DeclinedReason, "reason")
    if outcome is None or (outcome is Outcome.DECLINED and reason is None):
        message = _("Choose how it ended, and why where no support was wanted.")
        return _render(session, reach_out, supporter, now, error=message)
    is_closed = True
    try:
        if has_taken(supporter, reach_out):
            is_closed = contacting.close_as_supporter(
                session, reach_out, outcome, reason=reason, actor=signed_in().person, now=now
            )
        else:
            contacting.close_reach_out(
                session, reach_out, outcome, reason=reason, actor=signed_in().person, now=now
            )
    except InvalidInput as error:
        return _render(session, reach_out, supporter, now, error=str(error))
    commit(session)
    if is_closed:
        flash(_("Closed. Thank you."), "success")
    else:
        flash(_("No attempt was noted, so the coordinators take it from here."), "success")
    return _home_after_release()


@page(
    blueprint, "/reach-outs/<reach_out_id>/identify", allow=policy.is_coordinator, methods=("POST",)
)
def identify(reach_out_id: str) -> ResponseReturnValue:
    """Say who is meant and where they work, so that a supporter can be asked."""
    session, reach_out, _supporter, now = _open(reach_out_id, is_for_coordinator=True)
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
        return _render(session, reach_out, None, now, error=str(error))
    commit(session)
    if reach_out.state is ReachOutState.QUEUED:
        flash(_("Saved. A supporter is asked now."), "success")
    else:
        flash(_(WAITING_LABELS[WaitingFor.BY_HAND]), "success")
    return _back(reach_out)


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/clear-name",
    allow=policy.is_coordinator,
    methods=("POST",),
)
def clear_name(reach_out_id: str) -> ResponseReturnValue:
    """Confirm that a coordinator of the same name is somebody else."""
    session, reach_out, _supporter, now = _open(reach_out_id, is_for_coordinator=True)
    chosen = request.form.get("person_id", "")
    for person in namesakes(session, reach_out, now):
        if person.user_id == chosen:
            deciding.clear_namesake(session, reach_out, person, actor=signed_in().person, now=now)
    commit(session)
    return _back(reach_out)


def _after_change(
    session: orm.Session, reach_out: ReachOut, supporter: Supporter | None
) -> ResponseReturnValue:
    """Return to the page, or to where an actor goes who may not see it any more."""
    if reach_out.state is ReachOutState.CLOSED or (
        supporter is not None and not has_taken(supporter, reach_out)
    ):
        return _home_after_release()
    return _back(reach_out)


def _code(codes: type[Code], field: str) -> Code | None:
    text = request.form.get(field, "")
    return codes(text) if text in [code.value for code in codes] else None


def _day(field: str) -> date | None:
    try:
        return date.fromisoformat(request.form.get(field, ""))
    except ValueError:
        return None
