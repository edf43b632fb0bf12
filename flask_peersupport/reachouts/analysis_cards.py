"""What pages show of analysis meetings, hearings and rulings (P20), as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import url_for

from ..i18n import gettext as _
from ..runtime import current_runtime
from .analysis import can_move
from .analysis_rules import is_around, usual_kind
from .analysis_telling import Reached
from .keeping import is_analysis_awaited
from .models import AnalysisMeeting, ReachOut
from .presentation import analysis_label
from .states import STATE_LABELS, AnalysisKind, AnalysisSource


def analysis_block(reach_out: ReachOut, now: datetime) -> dict[str, Any] | None:
    """Return what a coordinator sees and can change; None where there is no report."""
    report = reach_out.report
    if report is None:
        return None
    return {
        "meetings": [_meeting(reach_out, meeting, now) for meeting in report.meetings],
        "is_awaited": is_analysis_awaited(report),
        "kinds": [(code.value, analysis_label(code)) for code in AnalysisKind],
        "usual_kind": usual_kind(report.kind).value,
        "enter_url": url_for("peersupport.analysis.plan", reach_out_id=reach_out.id),
    }


def _meeting(reach_out: ReachOut, meeting: AnalysisMeeting, now: datetime) -> dict[str, Any]:
    local = meeting.takes_place_at.astimezone(current_runtime().settings.timezone)
    ids: dict[str, Any] = {"reach_out_id": reach_out.id, "meeting_id": meeting.id}
    return {
        "id": meeting.id,
        "kind": meeting.kind.value,
        "kind_label": analysis_label(meeting.kind),
        "takes_place_at": meeting.takes_place_at,
        "on": local.date(),
        "at": f"{local:%H:%M}",
        "is_from_host": meeting.source is AnalysisSource.HOST,
        "next_told_at": meeting.before_due_at or meeting.after_due_at,
        "move_url": (
            url_for("peersupport.analysis.move", **ids) if can_move(meeting, now) else None
        ),
        "cancel_url": url_for("peersupport.analysis.cancel", **ids),
        "calls_url": url_for("peersupport.analysis.calls", meeting_id=meeting.id),
    }


def next_meeting(reach_out: ReachOut, now: datetime) -> dict[str, Any] | None:
    """Return the meeting that the call card speaks of: the next one, or one just past."""
    report = reach_out.report
    zone = current_runtime().settings.timezone
    today = now.astimezone(zone).date()
    for meeting in report.meetings if report is not None else []:
        is_now = is_around(meeting.takes_place_at, today, zone)
        if is_now or meeting.takes_place_at > now:
            return {
                "kind_label": analysis_label(meeting.kind),
                "takes_place_at": meeting.takes_place_at,
                "is_around": is_now,
            }
    return None


def call_rows(everybody: Sequence[Reached]) -> list[dict[str, Any]]:
    """Return those for whom the coordinators have to find somebody who calls."""
    return [_call_row(one) for one in everybody if one.is_to_be_called]


def _call_row(reached: Reached) -> dict[str, Any]:
    record, reach_out = reached.involved.record, reached.reach_out
    assert record is not None
    supporter = reach_out.supporter if reach_out else None
    url = None
    if reach_out is not None:
        url = url_for("peersupport.queue.reach_out_page", reach_out_id=reach_out.id)
    return {
        "name": record.person.name,
        "phone": record.person.phone,
        "email": record.person.email,
        "supporter_name": supporter.record.person.name if supporter else None,
        "state_label": _(STATE_LABELS[reach_out.state]) if reach_out else _("no offer was made"),
        "url": url,
    }
