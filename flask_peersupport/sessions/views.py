"""The list of sessions, one session, and what a participant does there."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.drafts import Draft
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit, rollback
from ..errors import InvalidInput, NotAllowed
from ..i18n import gettext as _
from ..reachouts.paging import read_key, text_of_key
from ..runtime import current_session
from .attending import confirm_attendance
from .certificates import can_certify, own_attendance
from .figures import points_text
from .models import ProgrammeSession
from .outcomes import outcomes_of
from .own_meetings import own_entry
from .policy import Standing, can_join, can_plan, can_record, can_see, leads, standing_of
from .queries import (
    PERIOD_LABELS,
    Chosen,
    Period,
    count_untrained,
    own_sessions,
    participants,
    places_of,
    row_of,
    session_page,
    trainer_names,
    waiting_before,
)
from .rules import can_change_places, can_confirm, can_note
from .signing_up import sign_up as take_place
from .signing_up import withdraw as give_up_place
from .states import (
    KIND_LABELS,
    SIGN_UP_LABELS,
    STATE_LABELS,
    TARGET_LABELS,
    SessionKind,
    SessionState,
    SignUp,
    TargetGroup,
)

blueprint = Blueprint("sessions", __name__)

#: What every template about sessions says in words.
WORDS = {
    "kind_labels": KIND_LABELS,
    "state_labels": STATE_LABELS,
    "target_labels": TARGET_LABELS,
    "sign_up_labels": SIGN_UP_LABELS,
    "points_text": points_text,
}


@page(blueprint, "/sessions", allow=policy.anyone_signed_in)
def sessions() -> ResponseReturnValue:
    """List what the reader signed up for or leads, and what else there is for them."""
    session, standing = reading()
    chosen = _chosen(standing)
    after = read_key()
    own = own_sessions(session, standing) if after is None else []
    rows, next_key = session_page(session, standing, chosen, after=after)
    untrained = count_untrained(session, standing) if standing.is_trainer else 0
    record.record(session, "sessions.seen", actor=standing.actor.person, now=standing.now)
    commit(session)
    return render_template(
        "peersupport/sessions.html",
        own=own,
        rows=rows,
        next_key=text_of_key(next_key) if next_key else None,
        chosen=chosen,
        period_labels=PERIOD_LABELS,
        untrained=untrained,
        is_trainer=standing.is_trainer,
        is_supporter=TargetGroup.SUPPORTERS in standing.targets,
        is_first=after is None,
        **WORDS,
    )


@page(blueprint, "/sessions/<id>", allow=policy.anyone_signed_in)
def programme_session(id: str) -> ResponseReturnValue:
    """Show one session: to who may sign up for it, leads it or plans it."""
    session, standing, found = visible(id)
    return show_session(session, standing, found)


@page(blueprint, "/sessions/<id>/sign-up", allow=policy.anyone_signed_in, methods=("POST",))
def sign_up(id: str) -> ResponseReturnValue:
    """Give the reader a place, or one on the waiting list."""
    session, standing, found = visible(id)
    if not can_join(standing, found):
        raise NotAllowed
    let_go(session)
    try:
        attendance = take_place(
            session,
            id,
            actor=standing.actor.person,
            now=standing.now,
            despite_overlap=bool(request.form.get("despite_overlap")),
        )
    except InvalidInput as error:
        rollback(session)
        session, standing, found = visible(id)
        return show_session(session, standing, found, overlap=str(error)), 422
    has_place = attendance.sign_up is SignUp.SIGNED_UP
    commit(session)
    if has_place:
        flash(_("You have a place. The invitation for your calendar is on its way."), "success")
    else:
        flash(_("It is full: you are on the waiting list. You get a mail when there is a place."))
    return redirect(url_for(".programme_session", id=id))


@page(blueprint, "/sessions/<id>/withdraw", allow=policy.anyone_signed_in, methods=("POST",))
def withdraw(id: str) -> ResponseReturnValue:
    """Let the reader sign off."""
    session, standing, found = visible(id)
    can_still_see = can_join(standing, found) or can_record(standing, found)
    let_go(session)
    give_up_place(session, id, actor=standing.actor.person, now=standing.now)
    commit(session)
    flash(_("You have signed off."), "success")
    # who was put on the list by hand may not see the session any more
    return redirect(url_for(".programme_session", id=id) if can_still_see else url_for(".sessions"))


@page(blueprint, "/sessions/<id>/confirm", allow=policy.anyone_signed_in, methods=("POST",))
def confirm(id: str) -> ResponseReturnValue:
    """Let the reader confirm that they came."""
    session, standing, _found = visible(id)
    let_go(session)
    confirm_attendance(session, id, actor=standing.actor.person, now=standing.now)
    commit(session)
    flash(_("Thank you: it is noted that you were there."), "success")
    return redirect(url_for(".programme_session", id=id))


def reading() -> tuple[orm.Session, Standing]:
    """Return the session of the database, and what the reader is."""
    session = current_session()
    return session, standing_of(session, signed_in(), utc_now())


def visible(session_id: str) -> tuple[orm.Session, Standing, ProgrammeSession]:
    """Return a session that the reader may see.

    Raises:
        NotAllowed: there is none, or it is not for them.
    """
    session, standing = reading()
    found = session.get(ProgrammeSession, session_id)
    if found is None or not can_see(session, standing, session_id):
        raise NotAllowed
    return session, standing, found


def recorded(session_id: str) -> tuple[orm.Session, Standing, ProgrammeSession]:
    """Return a session of which the reader sees and notes who takes part.

    Raises:
        NotAllowed: there is none, or it is not theirs to note.
    """
    session, standing, found = visible(session_id)
    if not can_record(standing, found):
        raise NotAllowed
    return session, standing, found


def let_go(session: orm.Session) -> None:
    """Forget what this request has read, so that the action's lock is the first thing it reads."""
    rollback(session)


def show_session(
    session: orm.Session,
    standing: Standing,
    found: ProgrammeSession,
    *,
    overlap: str | None = None,
    adding: Draft | None = None,
) -> str:
    """Return the page of a session; the sight of it is noted before it is shown.

    Args:
        session: is committed here.
        standing: of the reader, who may see it.
        found: which session.
        overlap: what else the reader has then, as a question.
        adding: the form for adding somebody, with its errors.
    """
    context = session_context(session, standing, found)
    record.record(
        session,
        "session.seen" if not context["can_record"] else "session.list_seen",
        actor=standing.actor.person,
        now=standing.now,
        object_id=found.id,
    )
    commit(session)
    return render_template(
        "peersupport/session.html",
        **context,
        overlap=overlap,
        adding=adding or Draft(),
    )


def session_context(
    session: orm.Session, standing: Standing, found: ProgrammeSession
) -> dict[str, Any]:
    """Return what the page of a session shows to this reader; plain values, nothing to query."""
    now = standing.now
    places = places_of(session, found, standing.person_ids)
    place = places[0] if places else None
    own = place.sign_up if place is not None and place.sign_up is not SignUp.WITHDRAWN else None
    records = can_record(standing, found)
    signed_up, waiting = participants(session, found) if records else ([], [])
    is_open = can_change_places(found.state, found.starts_at, now).ok
    has_place = own is SignUp.SIGNED_UP
    return {
        "row": row_of(session, found, standing, places),
        "target": found.target,
        "is_series": found.series_id is not None,
        "accreditation_number": found.accreditation_number,
        "accreditation_points": found.accreditation_points,
        "trainers": trainer_names(found),
        "outcomes": outcomes_of(session, standing, found),
        # the link is for those who come
        "link": found.link if records or has_place else None,
        "own": own,
        "waiting_before": waiting_before(session, place)
        if place is not None and own is SignUp.WAITING
        else 0,
        "confirmed_at": place.confirmed_at if place is not None else None,
        "can_sign_up": is_open and own is None and can_join(standing, found),
        "can_withdraw": is_open and own is not None,
        "can_confirm": place is not None
        and has_place
        and not place.has_attended
        and can_confirm(found.state, found.starts_at, now).ok,
        "can_record": records,
        "can_note": records and can_note(found.state, found.starts_at, now).ok,
        "can_plan": can_plan(standing, found) and found.state is not SessionState.CANCELLED,
        "is_led": leads(standing, found),
        "has_calendar": found.ends_at > now and own_entry(standing, found, places) is not None,
        "has_certificate": own_attendance(found, places) is not None,
        "has_certificates": can_certify(found) and any(one.has_attended for one in signed_up),
        "is_open": is_open,
        "is_over": found.ends_at <= now,
        "signed_up": signed_up,
        "waiting": waiting,
        **WORDS,
    }


def _chosen(standing: Standing) -> Chosen:
    """Return what the address asks for; what it may not name shows all."""
    values = request.args
    period = values.get("period", "")
    kind, state = values.get("kind", ""), values.get("state", "")
    return Chosen(
        period=Period(period) if period in list(Period) else Period.COMING,
        kind=SessionKind(kind) if kind in list(SessionKind) else None,
        state=SessionState(state) if standing.is_trainer and state in list(SessionState) else None,
        is_untrained=standing.is_trainer and bool(values.get("untrained")),
    )
