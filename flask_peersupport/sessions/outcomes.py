"""What the page of a session says of what came of it, by kind; plain values (P23, P32, P33)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import orm

from ..access.policy import is_coordinator
from ..i18n import gettext as _
from ..reachouts.models import ReportRecord
from ..reachouts.presentation import code_label
from ..reachouts.states import REMARK_LABELS
from ..runtime import current_runtime, local_today
from .models import ProgrammeSession, Resolution
from .owners import is_late
from .policy import Standing, leads
from .reaching import COUNTED_KINDS, groups_of, reach_of
from .recording import has_begun
from .resolutions import remarks_of, resolutions_of
from .states import (
    INTERVISION_LABELS,
    REACHED_LABELS,
    IntervisionTick,
    SessionKind,
    TargetGroup,
)
from .themes import themes_of


def outcomes_of(
    session: orm.Session, standing: Standing, meeting: ProgrammeSession
) -> dict[str, Any]:
    """Return what came of a session, as this reader, who may see it, sees it.

    Args:
        session: read only.
        standing: of the reader.
        meeting: of any kind; of a training there is nothing to say.
    """
    common = {
        "id": meeting.id,
        "can_note": can_note_outcome(standing, meeting) and has_begun(meeting, standing.now),
    }
    if meeting.kind is SessionKind.INTERVISION:
        return common | {"intervision": _intervision(session, meeting)}
    if meeting.kind is SessionKind.FOLLOW_UP_MEETING and _reads_agreements(standing, meeting):
        return common | {"agreed": _agreed(session, meeting)}
    if meeting.kind in COUNTED_KINDS:
        group = _group(session, standing, meeting)
        return common | {"group": group, "reached": _reached(session, meeting)}
    return common


def can_note_outcome(standing: Standing, meeting: ProgrammeSession) -> bool:
    """Return whether somebody who sees the session notes what came of it."""
    return standing.is_trainer or leads(standing, meeting)


def shown_resolution(row: Resolution) -> dict[str, Any]:
    """Return a point or a decision as pages show it."""
    owner = row.owner.person if row.owner else None
    return {
        "id": row.id,
        "text": row.text,
        "is_decision": row.is_decision,
        "owner": owner.name if owner else None,
        "due_on": row.due_on,
        "done_on": row.done_on,
        "is_late": is_late(row, local_today()),
    }


def _reads_agreements(standing: Standing, meeting: ProgrammeSession) -> bool:
    """Supporters read what their meetings agreed, and so does who records them."""
    is_supporter = TargetGroup.SUPPORTERS in standing.targets
    return is_supporter or can_note_outcome(standing, meeting)


def _intervision(session: orm.Session, meeting: ProgrammeSession) -> dict[str, Any]:
    themes = themes_of(session, [meeting.id]).get(meeting.id, [])
    return {
        "ticks": [_(INTERVISION_LABELS[tick]) for tick in IntervisionTick if tick in meeting.ticks],
        "themes": [theme.name for theme in themes],
    }


def _agreed(session: orm.Session, meeting: ProgrammeSession) -> dict[str, Any]:
    remarks = remarks_of(session, meeting)
    return {
        "rows": [shown_resolution(row) for row in resolutions_of(session, meeting)],
        "remarks": [(_(REMARK_LABELS[code]), count) for code, count in remarks.items()],
    }


def _reached(session: orm.Session, meeting: ProgrammeSession) -> dict[str, Any]:
    known = reach_of(session, meeting)
    counts = [
        (_(REACHED_LABELS[group]), known[group])
        for group in groups_of(meeting.kind)
        if group in known
    ]
    return {"counts": counts, "total": sum(known.values())}


def _group(
    session: orm.Session, standing: Standing, meeting: ProgrammeSession
) -> dict[str, Any] | None:
    """Return of whom a group is, for those who lead it: kind and department, and no more."""
    if meeting.kind is not SessionKind.GROUP_SUPPORT:
        return None
    report = session.get(ReportRecord, meeting.report_id) if meeting.report_id else None
    kinds = current_runtime().settings.kinds
    return {
        "kind": (code_label(kinds, report.kind) or report.kind) if report else None,
        "department": report.department if report else None,
        "can_change": is_coordinator(standing.actor) and report is not None,
    }
