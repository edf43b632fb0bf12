"""How reach-outs read on pages: labels of codes in the language in use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ..config import Label
from ..i18n import gettext as _
from ..i18n import label, mark, ngettext
from ..runtime import current_runtime, local_date
from .models import ReachOut, SupportRequest
from .states import (
    ANALYSIS_LABELS,
    CHANNEL_LABELS,
    STATE_LABELS,
    AnalysisKind,
    ContactChannel,
    Origin,
    RequestState,
)

#: From so many days between the event and its report on, the first sentence names the day.
LATE_FROM_DAYS = 3

ORIGIN_LABELS = {
    Origin.REPORT: mark("report"),
    Origin.COMPLAINT_REFERRAL: mark("complaints officer"),
    Origin.CONCERN: mark("concern of a colleague"),
    Origin.SELF: mark("own request"),
}

DAY_PART_LABELS = {
    "morning": mark("in the morning"),
    "afternoon": mark("in the afternoon"),
    "evening": mark("in the evening"),
}

FLAG_LABELS = {
    "bad_email": mark("The e-mail address that was typed cannot be right."),
    "bad_phone": mark("The telephone number that was typed cannot be right."),
    "unknown_wish": mark("The wish that was typed is unknown; the colleague is asked."),
    "unknown_profession": mark("The profession that was typed is unknown."),
    "unknown_discipline": mark("The discipline that was typed is unknown."),
    "unknown_seniority": mark("The career stage that was typed is unknown."),
    "future_date": mark("The date of the event is still to come."),
    "unknown_kind": mark("The kind of the report is unknown."),
    "unknown_unwanted": mark(
        "Somebody must not be asked, and the name that was typed fits nobody exactly; "
        "everybody with that last name is left out. Call the colleague if in doubt."
    ),
    "unknown_department_text": mark(
        "The department that was typed is not in the list: see the colleague's details."
    ),
    "name_differs": mark(
        "The name and the e-mail address that were typed belong to different people; the address "
        "was left out. Ask the reporter who is meant."
    ),
    "no_department": mark("The report names no department."),
}


def analysis_label(kind: AnalysisKind) -> str:
    """Return what the hospital calls a meeting that brings a case up again."""
    if kind is AnalysisKind.ANALYSIS:
        return label(current_runtime().settings.analysis_meeting)
    return _(ANALYSIS_LABELS[kind])


def code_label(labels: Mapping[str, Label], code: str | None) -> str | None:
    """Return the label of a code; an unknown code as it is; None for none."""
    if not code:
        return None
    return label(labels[code]) if code in labels else code


def kind_label(reach_out: ReachOut) -> str:
    """Return what kind of case it is."""
    report = reach_out.report
    if report is None:
        return _(ORIGIN_LABELS[reach_out.origin])
    return code_label(current_runtime().settings.kinds, report.kind) or report.kind


def state_label(reach_out: ReachOut) -> str:
    """Return where it stands."""
    return _(STATE_LABELS[reach_out.state])


def end_of(request: SupportRequest) -> str:
    """Return how a request ended for the page that thanks; "over": what was accepted is over."""
    ends = {RequestState.ASKED: "expired", RequestState.ACCEPTED: "over"}
    return ends.get(request.state, request.state.value)


def report_day(reach_out: ReachOut) -> date | None:
    """Return the day of the event, or else of the report, in the hospital's time zone."""
    report = reach_out.report
    if report is None:
        return None
    instant = report.occurred_at or report.reported_at
    return local_date(instant)


def _delay_days(reach_out: ReachOut) -> int:
    """Return how many days after the event the report came in, by the hospital's calendar."""
    report = reach_out.report
    if report is None or report.occurred_at is None:
        return 0
    zone = current_runtime().settings.timezone
    came_in_at = max(report.reported_at, report.received_at)
    return (came_in_at.astimezone(zone).date() - report.occurred_at.astimezone(zone).date()).days


def is_late(reach_out: ReachOut) -> bool:
    """Return whether the report came in so late that the first sentence says so (P2)."""
    return _delay_days(reach_out) >= LATE_FROM_DAYS


def delay_text(reach_out: ReachOut) -> str | None:
    """Return how late the report came in, where that matters (P2)."""
    days = _delay_days(reach_out)
    if days < 2:
        return None
    return ngettext("came in %(n)s day after the event", "came in %(n)s days after the event", days)


def flag_texts(reach_out: ReachOut) -> list[str]:
    """Return what could not be right about the colleague or the report."""
    report = reach_out.report
    flags = (*(reach_out.involved.flags or ()), *((report.flags if report else None) or ()))
    return [_(FLAG_LABELS[flag]) for flag in flags if flag in FLAG_LABELS]


def preference_choices() -> dict[str, list[tuple[str, str]]]:
    """Return how, and when, a colleague can say that they would like to be reached."""
    channels = {**CHANNEL_LABELS, ContactChannel.MAIL: mark("first by mail")}
    return {
        "channels": [(code.value, _(text)) for code, text in channels.items()],
        "day_parts": [(code, _(text)) for code, text in DAY_PART_LABELS.items()],
    }
