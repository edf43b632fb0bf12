"""Supporters' remarks on the programme, as bare counts for the next follow-up meeting (P32).

A remark is noted without a row, a time or an audit entry of its own: any of these would lead to
the reach-out that was open at that moment, and to the supporter.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import begin_immediate, count_up
from .models import Remark
from .states import RemarkCode

#: Counters change behind the session's back.
_ANEW = sa.select(Remark).execution_options(populate_existing=True)


def note_remark(session: orm.Session, code: RemarkCode) -> None:
    """Count one remark; who may do so has been checked (see `policy.has_taken`).

    Args:
        session: flushed, not committed, here.
        code: what went less well.
    """
    begin_immediate(session)
    count_up(session, Remark, code=code)


def collected_remarks(session: orm.Session) -> Mapping[RemarkCode, int]:
    """Return how often each remark was made since a meeting last took them up; none: left out."""
    found = {row.code: row.count for row in session.scalars(_ANEW) if row.count}
    return {code: found[code] for code in RemarkCode if code in found}


def take_remarks(session: orm.Session) -> Mapping[RemarkCode, int]:
    """Hand over what was collected, and begin to count anew.

    What is noted at the same moment is in what is handed over or in what is counted anew, never
    in both; of two who take at once only one gets a count.
    """
    begin_immediate(session)
    collected = collected_remarks(session)
    return {code: count for code, count in collected.items() if _take(session, code, count)}


def _take(session: orm.Session, code: RemarkCode, count: int) -> bool:
    """Lower a counter; False where it would fall below zero."""
    changed = session.execute(
        sa.update(Remark)
        .where(Remark.code == code, Remark.count >= count)
        .values(count=Remark.count - count)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]
