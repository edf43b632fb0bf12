"""Support outside the programme, counted by the supporters themselves (P29)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..errors import InvalidInput, TooLate
from ..i18n import gettext as _
from ..runtime import current_runtime, local_date
from ..values import Person
from .actions import audit_supporter
from .informal_rules import InformalKind, by_kind_without_small
from .models import InformalSupport, Supporter

#: How far back something can still be counted; a year is closed when this has passed too.
COUNTED_WITHIN = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class InformalYear:
    """What was counted in a year; `by_kind` is empty where only the total may be shown."""

    year: int
    total: int
    by_kind: Mapping[str, int]


def count_informal(
    session: orm.Session,
    supporter: Supporter,
    kind: InformalKind,
    happened_on: date,
    *,
    actor: Person | str,
    now: datetime,
) -> InformalSupport:
    """Count that somebody came to a supporter of their own accord.

    Raises:
        InvalidInput: the day is still to come, or more than `COUNTED_WITHIN` ago.
    """
    today = local_date(now)
    if happened_on > today:
        raise _wrong_day(_("This day is still to come."))
    if happened_on < today - COUNTED_WITHIN:
        days = COUNTED_WITHIN.days
        raise _wrong_day(_("This is too long ago; at most %(n)s days can be made up for.", n=days))
    row = InformalSupport(
        supporter_id=supporter.id, happened_on=happened_on, kind=kind, counted_at=now
    )
    session.add(row)
    session.flush()
    audit_supporter(session, supporter, "informal.counted", actor, now)
    return row


def undo_informal(
    session: orm.Session, supporter: Supporter, *, actor: Person | str, now: datetime
) -> None:
    """Take back what a supporter counted last, on the same day.

    Raises:
        TooLate: nothing was counted today.
    """
    row = last_counted_today(session, supporter.id, now)
    if row is None:
        raise TooLate(_("There is nothing from today to take back."))
    session.delete(row)
    session.flush()
    audit_supporter(session, supporter, "informal.undone", actor, now)


def last_counted_today(
    session: orm.Session, supporter_id: str, now: datetime
) -> InformalSupport | None:
    """Return what a supporter counted last, if that was today in the programme's time zone."""
    row = session.scalar(
        sa.select(InformalSupport)
        .where(InformalSupport.supporter_id == supporter_id)
        .order_by(InformalSupport.counted_at.desc(), InformalSupport.id)
        .limit(1)
    )
    is_todays = row is not None and local_date(row.counted_at) == local_date(now)
    return row if is_todays else None


def own_informal(session: orm.Session, supporter_id: str) -> list[InformalYear]:
    """Return what a supporter counted, the latest year first: the figures are their own."""
    theirs = InformalSupport.supporter_id == supporter_id
    return [
        InformalYear(year, counts.total(), dict(counts)) for year, counts in _years(session, theirs)
    ]


def informal_totals(session: orm.Session, now: datetime) -> list[InformalYear]:
    """Return what all supporters counted together, the latest year first.

    Totals of the whole hospital only. The kinds are told of a year that is closed, so that no
    figure is the difference of two, and only as far as `by_kind_without_small` lets them.
    """
    least = current_runtime().settings.small_cell
    found = []
    for year, counts in _years(session, sa.true()):
        is_closed = local_date(now) > date(year, 12, 31) + COUNTED_WITHIN
        kinds = by_kind_without_small(counts, least) if is_closed else {}
        found.append(InformalYear(year, counts.total(), kinds))
    return found


def _years(session: orm.Session, which: sa.ColumnElement[bool]) -> list[tuple[int, Counter[str]]]:
    """Return the counts by kind of each year, the latest first."""
    day, kind = InformalSupport.happened_on, InformalSupport.kind
    statement = sa.select(day, kind, sa.func.count()).where(which).group_by(day, kind)
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for happened_on, found, count in session.execute(statement):
        counts[happened_on.year][found.value] += count
    return sorted(counts.items(), reverse=True)


def _wrong_day(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, {"happened_on": sentence})
