"""Reading reach-outs and requests for pages, with a constant number of statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.actor import Actor
from ..vault.models import PersonRecord
from ..vault.persons import find_person_ids
from .barring import barring_involved
from .models import InvolvedRecord, NeverAgain, ReachOut, ReportRecord, SupportRequest
from .states import TAKEN, ReachOutState, RequestState

PAGE_SIZE = 25
#: Counts on pages stop here: nobody needs to know more than "99+".
COUNT_LIMIT = 100

OPEN_STATES = frozenset(ReachOutState) - {ReachOutState.CLOSED}


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What the queue shows: a state or all that is open, a kind or all kinds."""

    state: ReachOutState | None = None
    kind: str | None = None
    is_overdue: bool = False


def visible_reach_outs(actor: Actor, now: datetime) -> sa.Select[Any]:
    """Return the SELECT of the reach-outs a coordinator may see."""
    barred = barring_involved(actor.person, actor.person_ids, now).exists()
    return (
        sa.select(ReachOut)
        .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
        .outerjoin(ReportRecord, ReportRecord.id == InvolvedRecord.report_id)
        .where(~barred)
    )


def queue_page(
    session: orm.Session,
    actor: Actor,
    chosen: QueueFilter,
    *,
    now: datetime,
    after: tuple[datetime, str] | None = None,
) -> tuple[list[ReachOut], tuple[datetime, str] | None]:
    """Return one page of the queue, what is late first, and the key of the next page.

    Args:
        session: read only.
        actor: the coordinator.
        chosen: filters.
        now: aware.
        after: key of the last row of the page before.
    """
    statement = _filtered(visible_reach_outs(actor, now), chosen, now)
    if after is not None:
        statement = statement.where(
            sa.tuple_(ReachOut.urgent_at, ReachOut.id)
            > sa.tuple_(sa.literal(after[0], ReachOut.urgent_at.type), sa.literal(after[1]))
        )
    statement = statement.order_by(ReachOut.urgent_at, ReachOut.id).limit(PAGE_SIZE + 1)
    rows: list[ReachOut] = list(session.scalars(statement.options(*_with_everything())))
    more = rows[PAGE_SIZE - 1] if len(rows) > PAGE_SIZE else None
    return rows[:PAGE_SIZE], (more.urgent_at, more.id) if more else None


def waiting_calls(session: orm.Session, actor: Actor, now: datetime) -> list[ReachOut]:
    """Return the reach-outs, closed ones too, whose supporter waits for a coordinator's call."""
    statement = (
        visible_reach_outs(actor, now)
        .where(ReachOut.call_wanted_at.is_not(None))
        .order_by(ReachOut.call_wanted_at, ReachOut.id)
        .limit(PAGE_SIZE)
    )
    return list(session.scalars(statement.options(*_with_everything())))


def _filtered(statement: sa.Select[Any], chosen: QueueFilter, now: datetime) -> sa.Select[Any]:
    states = [chosen.state] if chosen.state else list(OPEN_STATES)
    statement = statement.where(ReachOut.state.in_(states))
    if chosen.kind:
        statement = statement.where(ReportRecord.kind == chosen.kind)
    if chosen.is_overdue:
        statement = statement.where(ReachOut.overdue_at.is_not(None))
    return statement


def _with_everything() -> Sequence[orm.interfaces.ORMOption]:
    involved = orm.contains_eager(ReachOut.involved)
    return (
        involved.contains_eager(InvolvedRecord.report),
        involved.selectinload(InvolvedRecord.record),
        orm.selectinload(ReachOut.supporter),
        orm.selectinload(ReachOut.requests).selectinload(SupportRequest.supporter),
    )


def count_queue(session: orm.Session, actor: Actor, chosen: QueueFilter, *, now: datetime) -> int:
    """Return how many reach-outs fit the filter, at most `COUNT_LIMIT`."""
    limited = _filtered(visible_reach_outs(actor, now), chosen, now).limit(COUNT_LIMIT)
    ids = limited.with_only_columns(ReachOut.id).order_by(None).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(ids)) or 0


def waiting_requests(
    session: orm.Session, supporter_id: str, now: datetime
) -> list[SupportRequest]:
    """Return the requests that wait for this supporter's answer, the most urgent first."""
    statement = (
        sa.select(SupportRequest)
        .where(
            SupportRequest.supporter_id == supporter_id,
            SupportRequest.state == RequestState.ASKED,
            SupportRequest.answer_due_at > now,
        )
        .order_by(SupportRequest.answer_due_at, SupportRequest.id)
        .options(*_request_with_everything())
    )
    return list(session.scalars(statement))


def _request_with_everything() -> Sequence[orm.interfaces.ORMOption]:
    involved = orm.selectinload(SupportRequest.reach_out).selectinload(ReachOut.involved)
    return (
        involved.selectinload(InvolvedRecord.report),
        involved.selectinload(InvolvedRecord.record),
    )


def taken_reach_outs(session: orm.Session, supporter_id: str) -> list[ReachOut]:
    """Return the reach-outs this supporter has, the most urgent first."""
    statement = (
        sa.select(ReachOut)
        .where(ReachOut.supporter_id == supporter_id, ReachOut.state.in_(TAKEN))
        .order_by(ReachOut.urgent_at, ReachOut.id)
        .options(
            orm.selectinload(ReachOut.involved).selectinload(InvolvedRecord.report),
            orm.selectinload(ReachOut.involved).selectinload(InvolvedRecord.record),
        )
    )
    return list(session.scalars(statement))


def count_waiting_requests(session: orm.Session, supporter_id: str, now: datetime) -> int:
    """Return how many requests wait for this supporter's answer."""
    statement = sa.select(sa.func.count()).where(
        SupportRequest.supporter_id == supporter_id,
        SupportRequest.state == RequestState.ASKED,
        SupportRequest.answer_due_at > now,
    )
    return session.scalar(statement) or 0


def count_taken(session: orm.Session, supporter_id: str) -> int:
    """Return how many reach-outs this supporter has."""
    statement = sa.select(sa.func.count()).where(
        ReachOut.supporter_id == supporter_id, ReachOut.state.in_(TAKEN)
    )
    return session.scalar(statement) or 0


def said_never_again(session: orm.Session, row: PersonRecord, now: datetime) -> bool:
    """Return whether somebody said that they never want to be approached again (P19)."""
    return bool(those_who_said_never_again(session, [row], now))


def those_who_said_never_again(
    session: orm.Session, rows: Sequence[PersonRecord], now: datetime
) -> set[str]:
    """Return the ids of those of the vault rows whose people never want to be approached again."""
    # they may have said it under another vault row of theirs
    same = {row.id: {row.id, *find_person_ids(session, row.person, now)} for row in rows}
    asked = {row_id for ids in same.values() for row_id in ids}
    said = set(
        session.scalars(sa.select(NeverAgain.person_id).where(NeverAgain.person_id.in_(asked)))
    )
    return {row_id for row_id, ids in same.items() if ids & said}
