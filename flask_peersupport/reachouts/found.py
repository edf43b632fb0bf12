"""Reports that were found afterwards, until a coordinator has looked: queries and the one action.

What their reporters filled in for peer support is not known. A coordinator who is involved in one,
or bears a name in it, sees nothing of it, in no count either.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.actor import Actor
from ..audit import record
from ..db import begin_immediate
from .barring import barring_report
from .models import InvolvedRecord, ReachOut, ReportRecord
from .queries import COUNT_LIMIT, PAGE_SIZE

#: SQLite has no use for an index where it is asked what is not NULL; for a range it has.
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def _visible(statement: sa.Select[Any], actor: Actor, now: datetime) -> sa.Select[Any]:
    barred = barring_report(actor.person, actor.person_ids, now).exists()
    return statement.where(~barred)


def _found(columns: Any, actor: Actor, now: datetime) -> sa.Select[Any]:
    statement = sa.select(columns).where(ReportRecord.found_at > _EVER)
    return _visible(statement, actor, now)


def count_found(session: orm.Session, actor: Actor, *, now: datetime) -> int:
    """Return how many reports wait for a look, at most `COUNT_LIMIT`."""
    ids = _found(ReportRecord.id, actor, now).limit(COUNT_LIMIT).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(ids)) or 0


def found_page(
    session: orm.Session,
    actor: Actor,
    *,
    now: datetime,
    after: tuple[datetime, str] | None = None,
) -> tuple[list[ReportRecord], tuple[datetime, str] | None]:
    """Return one page of the reports that wait for a look, and the key of the next page.

    Those that were found first come first.

    Args:
        session: read only.
        actor: the coordinator.
        now: aware.
        after: key of the last row of the page before.
    """
    statement = _found(ReportRecord, actor, now)
    if after is not None:
        statement = statement.where(
            sa.tuple_(ReportRecord.found_at, ReportRecord.id)
            > sa.tuple_(sa.literal(after[0], ReportRecord.found_at.type), sa.literal(after[1]))
        )
    statement = statement.order_by(ReportRecord.found_at, ReportRecord.id).limit(PAGE_SIZE + 1)
    rows: list[ReportRecord] = list(session.scalars(statement))
    last = rows[PAGE_SIZE - 1] if len(rows) > PAGE_SIZE else None
    key = (last.found_at, last.id) if last is not None and last.found_at is not None else None
    return rows[:PAGE_SIZE], key


def count_reach_outs(session: orm.Session, report_ids: Collection[str]) -> Mapping[str, int]:
    """Return how many reach-outs came of each of some reports; nothing for those without."""
    statement = (
        sa.select(InvolvedRecord.report_id, sa.func.count(ReachOut.id))
        .join(ReachOut, ReachOut.involved_id == InvolvedRecord.id)
        .where(InvolvedRecord.report_id.in_(report_ids))
        .group_by(InvolvedRecord.report_id)
    )
    return {report_id: count for report_id, count in session.execute(statement) if report_id}


def look_at(
    session: orm.Session, report_ids: Collection[str], *, actor: Actor, now: datetime
) -> list[str]:
    """Note that a coordinator has looked at reports that were found: they are listed no more.

    Those that a colleague has looked at meanwhile stay as they are.

    Returns:
        the ids that this coordinator may see, of those given.
    """
    begin_immediate(session)
    wanted = sa.select(ReportRecord).where(ReportRecord.id.in_(report_ids))
    statement = _visible(wanted, actor, now).order_by(ReportRecord.id)
    rows = session.scalars(
        statement.with_for_update(of=ReportRecord).execution_options(populate_existing=True)
    ).all()
    for row in rows:
        if row.found_at is not None:
            row.found_at = None
            record.record(
                session, "report.looked_at", actor=actor.person, now=now, object_id=row.id
            )
    session.flush()
    return [row.id for row in rows]
