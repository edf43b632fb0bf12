"""Taking a case in at once, where its page has to go on from there."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..intake.expansion import expand_intake
from ..intake.models import IntakeRecord
from ..intake.payload import Payload
from ..intake.storing import intake_row
from ..reachouts.models import ReportRecord
from ..runtime import current_runtime


def take_in(session: orm.Session, payload: Payload, *, now: datetime) -> ReportRecord:
    """Take a payload in as the worker does with what waits, and return its report.

    Args:
        session: not committed here.
        payload: of a report that has a reference.
        now: aware.
    """
    intake = IntakeRecord(**intake_row(current_runtime(), payload, now=now))
    session.add(intake)
    session.flush()
    expand_intake(session, intake, now=now)
    report = payload.report
    return session.scalars(
        sa.select(ReportRecord).where(
            ReportRecord.kind == report.kind, ReportRecord.ref == report.ref
        )
    ).one()
