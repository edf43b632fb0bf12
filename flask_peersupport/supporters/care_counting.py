"""Counting what supporters take, month by month; reach-outs tell, as they know when (P30)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..runtime import local_date
from .care import month_of
from .models import SupporterDeployment


def count_deployment(session: orm.Session, supporter_id: str, *, now: datetime) -> None:
    """Count one reach-out taken `now` (aware); the caller flushes."""
    row = SupporterDeployment(supporter_id=supporter_id, month=month_of(local_date(now)))
    session.add(row)


def uncount_deployment(session: orm.Session, supporter_id: str, *, taken_at: datetime) -> None:
    """Take back what `count_deployment` counted: it was given back without a contact.

    Args:
        session: the supporter's row is locked in it.
        supporter_id: whose.
        taken_at: when the reach-out was taken, aware.
    """
    statement = (
        sa.select(SupporterDeployment)
        .where(
            SupporterDeployment.supporter_id == supporter_id,
            SupporterDeployment.month == month_of(local_date(taken_at)),
        )
        .limit(1)
        .with_for_update()  # as it is now, also where the transaction began earlier (MariaDB)
    )
    with session.no_autoflush:  # the caller is half-way through its changes
        found = session.scalar(statement)
    if found is not None:
        session.delete(found)
