"""When a case is discussed, heard or ruled on: the host's word of it (P20).

It comes in like a report: with the host's own change, or by itself, or through the spool.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from .. import signals
from ..clock import utc_now
from ..reachouts.analysis_rules import usual_kind
from ..reachouts.states import AnalysisKind
from ..runtime import Runtime, runtime_of
from ..values import Report
from .describing import Submission
from .payload import Scheduled
from .receiver import app_of, take_in_signalled, within
from .storing import shielding_host

_logger = logging.getLogger(__name__)


@shielding_host
def receive_schedule(
    sender: Any,
    kind: object = None,
    ref: object = None,
    at: object = None,
    what: object = None,
    **extra: Any,
) -> None:
    """Take in what a host signals by `analysis_scheduled`; nothing of ours is raised.

    Args:
        sender: the app, or the proxy `current_app`.
        kind: of the report.
        ref: of the report.
        at: a datetime, in the programme's time zone where it names none; None: it is off.
        what: a code of AnalysisKind; None: what reports of this kind usually have.
        **extra: ignored.
    """
    app = app_of(sender, "analysis_scheduled")
    runtime = runtime_of(app) if app is not None else None
    if app is None or runtime is None:
        return
    if not kind or ref is None or not str(ref).strip():
        _logger.error("analysis_scheduled was sent without kind=… and ref=…")
        return
    if at is not None and not isinstance(at, datetime):
        _logger.error("analysis_scheduled was sent with an at=… that is no datetime")
        return
    if at is not None and _is_out_of_reach(runtime, at):
        _logger.error("analysis_scheduled was sent with an at=… too long ago or too far ahead")
        return
    if what is not None and what not in list(AnalysisKind):
        _logger.error("analysis_scheduled was sent with an unknown what=…")
        return
    scheduled = Scheduled(str(what or usual_kind(str(kind))), at)
    # who enters it in the host is not the report's reporter
    report = Report(str(kind), str(ref), anonymous=True)
    with within(app):
        take_in_signalled(runtime, Submission(report, {}, scheduled=scheduled))


def _is_out_of_reach(runtime: Runtime, at: datetime) -> bool:
    """Return whether a day cannot be right: nobody's name is kept as long as that."""
    settings = runtime.settings
    aware = at if at.tzinfo else at.replace(tzinfo=settings.timezone)
    return abs(aware - utc_now()) > timedelta(days=settings.max_retention_days)


signals.analysis_scheduled.connect(receive_schedule)
