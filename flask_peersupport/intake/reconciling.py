"""Reconcile: find the host's reports that never came in, or came in by a bulk import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..runtime import Runtime
from ..values import Report
from .marks import is_marked
from .models import IntakeRecord
from .payload import Payload, clean_report
from .storing import store_alone


@dataclass(slots=True)
class Reconciled:
    """How many reports were looked at, and how many of them had been missed."""

    seen: int = 0
    missed: int = 0


def reconcile(
    runtime: Runtime,
    since: datetime,
    *,
    now: datetime,
    progress: Callable[[Reconciled], None] | None = None,
) -> Reconciled:
    """Take in what the host reported since an instant and is not known here.

    A report that was known once is not taken in again, also after it was forgotten. What its
    reporter filled in for peer support is not known: a coordinator has to look at it.

    Args:
        since: aware.
        now: aware.
        progress: called after each report.
    """
    counts = Reconciled()
    for report in runtime.reports.iter_since(since):
        report = clean_report(report)
        counts.seen += 1
        with runtime.storage.work() as session:
            is_missed = not is_known(session, report, now)
        if is_missed:
            store_alone(runtime, Payload(report, {}, is_found=True))
            counts.missed += 1
        if progress is not None:
            progress(counts)
    return counts


def is_known(session: orm.Session, report: Report, now: datetime) -> bool:
    """Return whether a report waits to be expanded, or was taken in once."""
    waiting = sa.select(IntakeRecord.id).where(
        IntakeRecord.kind == report.kind, IntakeRecord.ref == report.ref
    )
    return session.scalar(waiting.limit(1)) is not None or is_marked(
        session, report.kind, report.ref, now=now
    )
