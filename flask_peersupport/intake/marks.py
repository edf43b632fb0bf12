"""Marks: which reports were taken in once, kept when the report itself is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..ports import MonthKey
from ..runtime import current_runtime
from ..vault import seal
from .models import ReportMark


def mark_report(session: orm.Session, kind: str, ref: str, *, now: datetime) -> None:
    """Remember that a report was taken in; once, whatever the month."""
    if is_marked(session, kind, ref, now=now):
        return
    key = current_runtime().keys.current(now)
    try:
        with session.begin_nested():
            session.add(ReportMark(mark=_mark(key, kind, ref), month=key.month))
    except sa.exc.IntegrityError:  # another worker was first
        return


def is_marked(session: orm.Session, kind: str, ref: str, *, now: datetime) -> bool:
    """Return whether a report was taken in once, as far back as there are keys."""
    marks = report_marks(current_runtime().keys.live(now), kind, ref)
    statement = sa.select(ReportMark.mark).where(ReportMark.mark.in_(marks)).limit(1)
    return session.scalar(statement) is not None


def report_marks(keys: Sequence[MonthKey], kind: str, ref: str) -> list[str]:
    """Return the fingerprints that a report may have been given, one a key."""
    return [_mark(key, kind, ref) for key in keys]


def _mark(key: MonthKey, kind: str, ref: str) -> str:
    return seal.mark(key, "report", f"{kind}\0{ref}")
