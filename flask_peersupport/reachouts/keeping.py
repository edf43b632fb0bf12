"""Until when a colleague's identity is kept (P20); the page about oneself shows it."""

from __future__ import annotations

from datetime import date

from ..runtime import current_runtime, local_date
from .analysis_rules import kept_until
from .models import ReachOut, ReportRecord
from .states import AnalysisKind


def kept_until_on(reach_out: ReachOut) -> date | None:
    """Return the day after which the colleague's identity is deleted.

    Returns:
        None while the reach-out is open, and where there is nobody to keep any more.
    """
    if reach_out.closed_at is None or reach_out.involved.person_id is None:
        return None
    settings = current_runtime().settings
    report = reach_out.report
    meetings = report.meetings if report is not None else []
    return kept_until(
        began_on=local_date(reach_out.created_at),
        ended_on=local_date(reach_out.closed_at),
        meetings_on=[local_date(meeting.takes_place_at) for meeting in meetings],
        is_awaited=report is not None and is_analysis_awaited(report),
        retention_days=settings.retention_days,
        max_retention_days=settings.max_retention_days,
    )


def is_analysis_awaited(report: ReportRecord) -> bool:
    """Return whether an analysis is to be expected of which no day is known yet.

    A hearing or a ruling does not take its place.
    """
    if report.kind not in current_runtime().settings.kinds_with_analysis:
        return False
    return AnalysisKind.ANALYSIS not in {one.kind for one in report.meetings}
