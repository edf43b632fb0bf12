"""The ordered list of due work behind `run_due`, the worker and the command line.

Jobs are thin: select what is due, lock it, call the action, commit each, log and count failures.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from .db import begin_immediate, commit, rollback
from .intake.expansion import expand_intake
from .intake.models import IntakeRecord
from .reachouts.answering import expire_request
from .reachouts.asking import ask_together
from .reachouts.chasing import CHASED, chase
from .reachouts.models import InvolvedRecord, ReachOut, SupportRequest
from .reachouts.notices import tell_of_stuck_intake
from .reachouts.states import ReachOutState, RequestState
from .runtime import Runtime
from .supporters.actions import refresh_departments

_logger = logging.getLogger(__name__)

_BATCH = 50
_MAX_ROUNDS = 1000
#: Waits after each failure to expand a row; after the last a coordinator has to look.
_BACKOFF = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))


def run_due(runtime: Runtime, now: datetime) -> dict[str, int]:
    """Do all work that is due at `now`, in order, until nothing is due.

    Returns:
        how many items each job did, by its name; failures under `<name>_failed`.
    """
    counts: Counter[str] = Counter()
    with runtime.storage.work() as session:
        for _ in range(_MAX_ROUNDS):
            done = 0
            for name, job in JOBS:
                done += job(runtime, session, now, counts, name)
            if not done:
                break
    return dict(counts)


Job = Callable[[Runtime, orm.Session, datetime, Counter[str], str], int]


def _expand(
    runtime: Runtime, session: orm.Session, now: datetime, counts: Counter[str], name: str
) -> int:
    due = sa.select(IntakeRecord.id).where(
        IntakeRecord.due_at <= now, IntakeRecord.is_confirmed.is_(True)
    )
    done = 0
    for intake_id in _ids(session, due.order_by(IntakeRecord.due_at).limit(_BATCH)):
        intake = _locked(session, IntakeRecord, intake_id, IntakeRecord.due_at <= now)
        if intake is None:
            rollback(session)
            continue
        done += 1
        if _attempt(session, counts, name, lambda row=intake: expand_intake(session, row, now=now)):  # type: ignore[misc]
            continue
        _postpone_intake(session, intake_id, now)
    return done


def _postpone_intake(session: orm.Session, intake_id: str, now: datetime) -> None:
    """Try a row that could not be expanded again later; in the end a coordinator is told."""
    intake = _locked(session, IntakeRecord, intake_id, IntakeRecord.due_at <= now)
    if intake is None:
        rollback(session)
        return
    intake.attempts += 1
    is_last = intake.attempts > len(_BACKOFF)
    intake.due_at = None if is_last else now + _BACKOFF[intake.attempts - 1]
    if is_last:
        tell_of_stuck_intake(session, now=now)
    commit(session)


def _ask(
    runtime: Runtime, session: orm.Session, now: datetime, counts: Counter[str], name: str
) -> int:
    """Ask for all due reach-outs of one report together."""
    due = (
        sa.select(ReachOut.id)
        .where(ReachOut.state == ReachOutState.QUEUED, ReachOut.due_at <= now)
        .order_by(ReachOut.due_at, ReachOut.id)
        .limit(_BATCH)
    )
    done = 0
    for reach_out_id in _ids(session, due):
        begin_immediate(session)
        together = _queued_together(session, reach_out_id, now)
        if not together:
            rollback(session)
            continue
        done += len(together)
        _attempt(
            session,
            counts,
            name,
            lambda rows=together: ask_together(session, rows, now=now),  # type: ignore[misc]
            len(together),
        )
    return done


def _queued_together(session: orm.Session, reach_out_id: str, now: datetime) -> list[ReachOut]:
    """Return, locked, a due reach-out and those of the same report; none where it is not due."""
    is_due = (ReachOut.state == ReachOutState.QUEUED) & (ReachOut.due_at <= now)
    mine = sa.select(InvolvedRecord.report_id).join(
        ReachOut, ReachOut.involved_id == InvolvedRecord.id
    )
    statement = (
        sa.select(ReachOut)
        .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
        .where(
            is_due,
            (ReachOut.id == reach_out_id)
            | (
                InvolvedRecord.report_id
                == mine.where(ReachOut.id == reach_out_id).scalar_subquery()
            ),
        )
        .order_by(ReachOut.id)
        .with_for_update(of=ReachOut, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    rows = list(session.scalars(statement))
    return rows if any(row.id == reach_out_id for row in rows) else []


def _expire(
    runtime: Runtime, session: orm.Session, now: datetime, counts: Counter[str], name: str
) -> int:
    due = sa.select(SupportRequest.id).where(
        SupportRequest.state == RequestState.ASKED, SupportRequest.answer_due_at <= now
    )
    done = 0
    for request_id in _ids(session, due.order_by(SupportRequest.answer_due_at).limit(_BATCH)):
        request = session.get(SupportRequest, request_id)
        if request is not None:
            done += _attempt(
                session,
                counts,
                name,
                lambda row=request: expire_request(session, row, now=now),  # type: ignore[misc]
            )
    return done


def _chase(
    runtime: Runtime, session: orm.Session, now: datetime, counts: Counter[str], name: str
) -> int:
    due = sa.select(ReachOut.id).where(ReachOut.state.in_(CHASED), ReachOut.due_at <= now)
    done = 0
    for reach_out_id in _ids(session, due.order_by(ReachOut.due_at).limit(_BATCH)):
        reach_out = session.get(ReachOut, reach_out_id)
        if reach_out is not None:
            done += _attempt(
                session,
                counts,
                name,
                lambda row=reach_out: chase(session, row, now=now),  # type: ignore[misc]
            )
    return done


def _refresh(
    runtime: Runtime, session: orm.Session, now: datetime, counts: Counter[str], name: str
) -> int:
    """Once a day in each process, name the supporters' departments as they are called today.

    A department that expires, or a host's own list, tells nobody; matching itself looks anew.
    """
    today = now.astimezone(runtime.settings.timezone).date()
    if runtime.departments_named_on != today:
        runtime.departments_named_on = today
        _attempt(session, counts, name, lambda: refresh_departments(session) and None, 0)
    return 0


def _deliver(
    runtime: Runtime, session: orm.Session, now: datetime, counts: Counter[str], name: str
) -> int:
    # B6: what writes and sends mail is loaded where mail is sent, not when the host starts
    from .outbox.delivery import deliver_due

    sent = deliver_due(runtime.storage, now)
    if sent:
        counts[name] += sent
    return sent


#: In the order in which one makes work for the next.
JOBS: tuple[tuple[str, Job], ...] = (
    ("refresh", _refresh),
    ("expand", _expand),
    ("expire", _expire),
    ("ask", _ask),
    ("chase", _chase),
    ("deliver", _deliver),
)


def _ids(session: orm.Session, statement: sa.Select[Any]) -> Iterator[str]:
    ids: list[str] = list(session.scalars(statement))
    rollback(session)  # ends the reading transaction before each item's own
    return iter(ids)


def _locked(
    session: orm.Session,
    model: type[IntakeRecord],
    row_id: str,
    is_due: sa.ColumnElement[bool],
) -> IntakeRecord | None:
    begin_immediate(session)
    statement = (
        sa.select(model)
        .where(model.id == row_id, is_due)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return session.scalar(statement)


def _attempt(
    session: orm.Session,
    counts: Counter[str],
    name: str,
    action: Callable[[], object],
    weight: int = 1,
) -> bool:
    """Call an action and commit; a failure is logged without names, counted and rolled back."""
    try:
        result = action()
        commit(session)
    except Exception as error:
        rollback(session)
        counts[f"{name}_failed"] += 1
        _logger.error("job %s failed: %s", name, type(error).__name__, exc_info=_is_debug())
        return False
    if result is False:
        return False
    if weight:
        counts[name] += weight
    return True


def _is_debug() -> bool:
    """Return whether tracebacks may be logged: they could quote a name."""
    return _logger.isEnabledFor(logging.DEBUG)
