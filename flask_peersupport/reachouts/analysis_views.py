"""The coordinators' pages of analysis meetings, hearings and rulings (P20).

They belong to the report, and are shown with each of its reach-outs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.drafts import Draft, keeping_faults, typed
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..errors import NotAllowed
from ..i18n import gettext as _
from ..runtime import current_runtime, current_session
from .analysis import cancel_meeting, enter_meeting, move_meeting
from .analysis_cards import analysis_block, call_rows
from .analysis_forms import Planned, read
from .analysis_telling import everybody_reached
from .barring import is_barred_from_report
from .models import AnalysisMeeting, ReachOut
from .policy import can_coordinate
from .presentation import analysis_label, kind_label

blueprint = Blueprint("analysis", __name__)


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/analysis",
    allow=policy.is_coordinator,
    methods=("GET", "POST"),
)
def plan(reach_out_id: str) -> ResponseReturnValue:
    """Show the meetings of a reach-out's report; enter one."""
    session, reach_out, now = _visible(reach_out_id)
    if request.method == "GET":
        return _draw(session, reach_out, Draft(), now)

    def enter(planned: Planned) -> AnalysisMeeting:
        return enter_meeting(
            session,
            reach_out.involved.report_id or "",
            kind=planned.kind,
            takes_place_at=planned.takes_place_at,
            actor=signed_in().person,
            now=now,
        )

    return _save(session, reach_out_id, enter)


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/analysis/<meeting_id>",
    allow=policy.is_coordinator,
    methods=("POST",),
)
def move(reach_out_id: str, meeting_id: str) -> ResponseReturnValue:
    """Move a meeting to another moment."""
    session, reach_out, now = _visible(reach_out_id)
    _check_report(session, reach_out, meeting_id)

    def change(planned: Planned) -> AnalysisMeeting:
        return move_meeting(
            session,
            meeting_id,
            kind=planned.kind,
            takes_place_at=planned.takes_place_at,
            actor=signed_in().person,
            now=now,
        )

    return _save(session, reach_out_id, change, meeting_id)


def _save(
    session: orm.Session,
    reach_out_id: str,
    save: Callable[[Planned], AnalysisMeeting],
    meeting_id: str | None = None,
) -> ResponseReturnValue:
    """Enter or move a meeting as it was typed; show again what cannot be right."""
    draft = typed(request.form)
    planned = read(draft, current_runtime().settings.timezone)
    if planned is not None:
        with keeping_faults(session, draft.errors):
            return _done(session, reach_out_id, _what_follows(save(planned)))
    session, reach_out, now = _visible(reach_out_id)
    return _draw(session, reach_out, draft, now, meeting_id), 422


@page(
    blueprint,
    "/reach-outs/<reach_out_id>/analysis/<meeting_id>/cancel",
    allow=policy.is_coordinator,
    methods=("POST",),
)
def cancel(reach_out_id: str, meeting_id: str) -> ResponseReturnValue:
    """Take a meeting out."""
    session, reach_out, now = _visible(reach_out_id)
    _check_report(session, reach_out, meeting_id)
    cancel_meeting(session, meeting_id, actor=signed_in().person, now=now)
    return _done(session, reach_out_id, _("Taken out. Nobody is told of it any more."))


@page(blueprint, "/analysis/<meeting_id>", allow=policy.is_coordinator)
def calls(meeting_id: str) -> ResponseReturnValue:
    """Show whom mail does not reach, and who have no supporter now who calls them."""
    session, now, actor = current_session(), utc_now(), signed_in()
    meeting = session.get(AnalysisMeeting, meeting_id)
    if meeting is None or is_barred_from_report(session, actor.person, meeting.report_id, now):
        raise NotAllowed
    everybody = everybody_reached(session, meeting.report_id, now=now)
    for reached in everybody:
        if reached.is_to_be_called:
            record.record(
                session,
                "analysis.seen",
                actor=actor.person,
                now=now,
                object_id=meeting.id,
                subject_id=reached.involved.person_id,
            )
    context = {
        "what": analysis_label(meeting.kind),
        "takes_place_at": meeting.takes_place_at,
        "rows": call_rows(everybody),
    }
    commit(session)
    return render_template("peersupport/analysis_calls.html", **context)


def _visible(reach_out_id: str) -> tuple[orm.Session, ReachOut, datetime]:
    """Return a reach-out that this coordinator may see, with a report.

    Raises:
        NotAllowed: there is none.
    """
    session, now = current_session(), utc_now()
    reach_out = session.get(ReachOut, reach_out_id)
    if reach_out is None or not can_coordinate(session, signed_in(), reach_out, now):
        raise NotAllowed
    if reach_out.report is None:
        raise NotAllowed
    return session, reach_out, now


def _check_report(session: orm.Session, reach_out: ReachOut, meeting_id: str) -> None:
    """Refuse a meeting that is absent or another report's.

    Raises:
        NotAllowed: it is.
    """
    meeting = session.get(AnalysisMeeting, meeting_id)
    if meeting is None or meeting.report_id != reach_out.involved.report_id:
        raise NotAllowed


def _what_follows(meeting: AnalysisMeeting) -> str:
    if meeting.before_due_at is not None:
        return _(
            "Noted. Everybody involved is told before and after that they can talk to someone."
        )
    if meeting.after_due_at is not None:
        return _("Noted. Everybody involved is told afterwards that they can talk to someone.")
    return _("Noted. It is over, so nobody is told any more.")


def _done(session: orm.Session, reach_out_id: str, sentence: str) -> ResponseReturnValue:
    commit(session)
    flash(sentence, "success")
    return redirect(url_for("peersupport.queue.reach_out_page", reach_out_id=reach_out_id))


def _draw(
    session: orm.Session,
    reach_out: ReachOut,
    draft: Draft,
    now: datetime,
    meeting_id: str | None = None,
) -> str:
    context = {
        "analysis": analysis_block(reach_out, now),
        "draft": draft,
        "meeting_id": meeting_id,
        "kind_label": kind_label(reach_out),
        "back_url": url_for("peersupport.queue.reach_out_page", reach_out_id=reach_out.id),
    }
    record.record(
        session,
        "analysis.seen",
        actor=signed_in().person,
        now=now,
        object_id=reach_out.id,
        subject_id=reach_out.involved.person_id,
    )
    commit(session)
    return render_template("peersupport/analysis.html", **context)
