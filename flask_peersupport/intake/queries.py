"""What is known of a report, and what waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..errors import KeyringError
from ..reachouts.models import ReportRecord
from ..runtime import Runtime
from .models import IntakeRecord
from .payload import Preferences, open_payload

#: How far apart the clocks may be by which a report came in and a page was made for it.
_SLACK = timedelta(seconds=1)


def has_report_of(session: orm.Session, content: dict[str, Any]) -> bool | None:
    """Return whether the report is there for which a page was made.

    SQLite issues the id of a deleted report again: one that came in after the page is another.

    Args:
        session: is read.
        content: of the page's token.

    Returns:
        None: nothing is there under that reference, not even another one.
    """
    made_at = datetime.fromtimestamp(content["at"], UTC)
    found = [
        session.scalar(
            sa.select(sa.func.min(model.received_at)).where(
                model.kind == content["kind"], model.ref == content["ref"]
            )
        )
        for model in (IntakeRecord, ReportRecord)
    ]
    arrivals = [arrival for arrival in found if arrival is not None]
    return min(arrivals) <= made_at + _SLACK if arrivals else None


def waiting_preferences(
    session: orm.Session, runtime: Runtime, content: dict[str, Any]
) -> Preferences | None:
    """Return what whom the page was made for chose last and waits for the worker."""
    rows = session.scalars(
        sa.select(IntakeRecord)
        .where(IntakeRecord.kind == content["kind"], IntakeRecord.ref == content["ref"])
        .order_by(IntakeRecord.received_at.desc())
    )
    for row in rows:
        try:
            payload = open_payload(row.id, row.payload, runtime.keys.get(row.month))
        except (KeyringError, ValueError):  # the worker tells a coordinator of it
            continue
        is_mine = payload.visitor is not None and payload.visitor.user_id == content["visitor"]
        if is_mine and payload.preferences is not None:
            return payload.preferences
    return None
