"""The ordered list of due work behind `run_due`, the worker and the command line.

Jobs are thin: select what is due, lock it, call the action, commit each, log and count failures.
What failed is put off, so that it holds up nothing else and every run ends.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from .audit.record import WORKER
from .db import begin_immediate, rollback
from .external.tokens import expired_tokens, forget_tokens
from .intake.expansion import expand_intake
from .intake.models import IntakeRecord, RemovedUser
from .intake.recovery import decide_unconfirmed, store_spooled, unconfirmed_before
from .intake.removals import removed_before, see_to_removed, store_spooled_removal
from .intake.spool import REMOVED, REPORT, came_in_at, due_entries, postpone
from .job_run import BATCH, Run, idle_sessions
from .nominations.actions import close_round
from .nominations.models import NominationRound
from .nominations.remnants import sweep_remnants
from .nominations.states import RoundState
from .reachouts.analysis_telling import due_meetings, tell_involved
from .reachouts.answering import expire_request
from .reachouts.asking import ask_together
from .reachouts.chasing import CHASED, chase
from .reachouts.models import InvolvedRecord, ReachOut, SupportRequest
from .reachouts.notices import tell_of_stuck_intake
from .reachouts.states import ReachOutState, RequestState
from .referrals.concern_queries import due_concerns, remembered_senders
from .referrals.concerns import bring_up, forget_sender
from .referrals.links import expired_links, forget_links
from .referrals.refer_queries import old_referrals
from .referrals.referring import forget_referrals
from .resources.reminding import due_reminders as due_resources
from .resources.reminding import remind_of_resource
from .runtime import Runtime, local_date
from .sessions.reminders import due_reminders, remind_participants
from .sessions.validity import due_notices, tell_training_ends
from .supporters.actions import refresh_departments

_MAX_ROUNDS = 1000
#: Waits after each failure to expand a row; after the last a coordinator has to look.
_BACKOFF = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
#: How long a reach-out or a request with which something failed is left alone.
_RETRY_AFTER = timedelta(minutes=10)


def run_due(runtime: Runtime, now: datetime) -> dict[str, int]:
    """Do all work that is due at `now`, in order, until nothing is due.

    Returns:
        how many items each job did, by its name; failures under `<name>_failed`.
    """
    with runtime.storage.work() as session:
        run = Run(runtime, session, now, idle_sessions(runtime))
        for _ in range(_MAX_ROUNDS):
            done = 0
            for name, job in JOBS:
                run.name = name
                done += run.do(job)
            if not done:
                break
    return dict(run.counts)


def _unspool(run: Run) -> int:
    """Take in what waits in this machine's spool."""
    runtime = run.runtime

    def store_report(path: Path) -> None:
        # it came in when it was put there, which may be long ago; while the clock was ahead: now
        now = min(came_in_at(path), run.now)
        store_spooled(run.session, runtime, path, now=now)

    def store_removal(path: Path) -> None:
        store_spooled_removal(run.session, path, now=run.now)

    return _unspool_each(run, REPORT, store_report) + _unspool_each(run, REMOVED, store_removal)


def _unspool_each(run: Run, suffix: str, store: Callable[[Path], None]) -> int:
    done = 0
    for path in list(due_entries(run.runtime.spool, run.now, suffix)):
        if run.attempt(lambda path=path: store(path)) is None:  # type: ignore[misc]
            postpone(path, run.now)
        else:
            path.unlink(missing_ok=True)
            done += 1
    return done


def _confirm(run: Run) -> int:
    """Decide about what the host never confirmed: it was killed before or after its commit."""
    session, done = run.session, 0
    for intake_id in run.ids(unconfirmed_before(run.now).limit(BATCH)):
        intake = _locked_intake(session, intake_id, run.now)
        if intake is None:
            rollback(session)
        else:
            done += _decide(run, intake)
    return done


def _decide(run: Run, intake: IntakeRecord) -> bool:
    intake_id = intake.id
    is_decided = run.attempt(lambda: decide_unconfirmed(run.session, run.runtime, intake))
    if is_decided is None:
        _postpone_intake(run, intake_id)
    elif not is_decided:
        run.attempt(lambda: tell_of_stuck_intake(run.session, now=run.now), weight=0)
    return bool(is_decided)


def _expand(run: Run) -> int:
    session, now = run.session, run.now
    due = sa.select(IntakeRecord.id).where(_is_due(now), IntakeRecord.is_confirmed.is_(True))
    done = 0
    for intake_id in run.ids(due.order_by(IntakeRecord.due_at).limit(BATCH)):
        intake = _locked_intake(session, intake_id, now)
        if intake is None:
            rollback(session)
        elif run.attempt(lambda row=intake: expand_intake(session, row, now=now)):  # type: ignore[misc]
            done += 1
        else:
            _postpone_intake(run, intake_id)
    return done


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    """Return whether an intake row is due; nothing can have come in later than now.

    A row that did came in while the clock was ahead, by which it would be due much later.
    """
    is_ahead = (IntakeRecord.received_at > now) & (IntakeRecord.attempts == 0)
    return (IntakeRecord.due_at <= now) | (IntakeRecord.due_at.is_not(None) & is_ahead)


def _locked_intake(session: orm.Session, intake_id: str, now: datetime) -> IntakeRecord | None:
    begin_immediate(session)
    statement = (
        sa.select(IntakeRecord)
        .where(IntakeRecord.id == intake_id, _is_due(now))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return session.scalar(statement)


def _postpone_intake(run: Run, intake_id: str) -> None:
    """Try a row that could not be expanded again later; in the end a coordinator is told."""

    def postpone() -> bool:
        intake = _locked_intake(run.session, intake_id, run.now)
        if intake is None:
            return False
        intake.attempts += 1
        is_last = intake.attempts > len(_BACKOFF)
        intake.due_at = None if is_last else run.now + _BACKOFF[intake.attempts - 1]
        return is_last

    if run.attempt(postpone, weight=0):
        # apart, so that a mail that cannot be written does not bring the row back for ever
        run.attempt(lambda: tell_of_stuck_intake(run.session, now=run.now), weight=0)


def _remove(run: Run) -> int:
    """See to what was a user's whom the host has removed, after all that came in before."""
    session, now = run.session, run.now
    later = sa.update(RemovedUser).values(due_at=now + _RETRY_AFTER)

    def see_to(row_id: str) -> bool:
        begin_immediate(session)
        return see_to_removed(session, row_id, now=now)

    return run.each(removed_before(now), see_to, later)


def _ask(run: Run) -> int:
    """Ask for all due reach-outs of one report together."""
    session, now = run.session, run.now
    due = (
        sa.select(ReachOut.id)
        .where(_is_queued(now))
        .order_by(ReachOut.due_at, ReachOut.id)
        .limit(BATCH)
    )
    done = 0
    for reach_out_id in run.ids(due):
        begin_immediate(session)
        together = _queued_together(session, reach_out_id, now)
        ids = [row.id for row in together]
        if not ids:
            rollback(session)
        elif _ask_for(run, together):
            done += len(ids)
        elif len(ids) == 1:
            _put_off_asking(run, ids[0])
        else:
            # one for whom nothing can be done must not hold up the others of the report
            done += sum(_ask_alone(run, one) for one in ids)
    return done


def _ask_for(run: Run, rows: list[ReachOut]) -> bool:
    return bool(run.attempt(lambda: ask_together(run.session, rows, now=run.now), len(rows)))


def _ask_alone(run: Run, reach_out_id: str) -> int:
    begin_immediate(run.session)
    statement = sa.select(ReachOut).where(ReachOut.id == reach_out_id, _is_queued(run.now))
    reach_out = run.session.scalar(
        statement.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    )
    if reach_out is None:
        rollback(run.session)
        return 0
    if _ask_for(run, [reach_out]):
        return 1
    _put_off_asking(run, reach_out_id)
    return 0


def _put_off_asking(run: Run, reach_out_id: str) -> None:
    run.put_off(
        sa.update(ReachOut)
        .where(ReachOut.id == reach_out_id, _is_queued(run.now))
        .values(due_at=run.now + _RETRY_AFTER)
    )


def _is_queued(now: datetime) -> sa.ColumnElement[bool]:
    # one that was due at once when it was made, by a clock that was ahead, is due now
    is_ahead = (ReachOut.created_at > now) & (ReachOut.due_at == ReachOut.created_at)
    return (ReachOut.state == ReachOutState.QUEUED) & ((ReachOut.due_at <= now) | is_ahead)


def _queued_together(session: orm.Session, reach_out_id: str, now: datetime) -> list[ReachOut]:
    """Return, locked, a due reach-out and those of the same report; none where it is not due."""
    mine = sa.select(InvolvedRecord.report_id).join(
        ReachOut, ReachOut.involved_id == InvolvedRecord.id
    )
    statement = (
        sa.select(ReachOut)
        .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
        .where(
            _is_queued(now),
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


def _expire(run: Run) -> int:
    session, now = run.session, run.now
    is_late = (SupportRequest.state == RequestState.ASKED) & (SupportRequest.answer_due_at <= now)
    due = sa.select(SupportRequest.id).where(is_late).order_by(SupportRequest.answer_due_at)
    later = sa.update(SupportRequest).where(is_late).values(answer_due_at=now + _RETRY_AFTER)

    def expire(request_id: str) -> bool:
        request = session.get(SupportRequest, request_id)
        return request is not None and expire_request(session, request, now=now)

    return run.each(due, expire, later)


def _chase(run: Run) -> int:
    session, now = run.session, run.now
    is_due = ReachOut.state.in_(CHASED) & (ReachOut.due_at <= now)
    due = sa.select(ReachOut.id).where(is_due).order_by(ReachOut.due_at)
    later = sa.update(ReachOut).where(is_due).values(due_at=now + _RETRY_AFTER)

    def remind(reach_out_id: str) -> bool:
        reach_out = session.get(ReachOut, reach_out_id)
        return reach_out is not None and chase(session, reach_out, now=now)

    return run.each(due, remind, later)


def _refresh(run: Run) -> int:
    """Once a day in each process, name the supporters' departments as they are called today.

    A department that expires, or a host's own list, tells nobody; matching itself looks anew.
    """
    today = local_date(run.now)
    if run.runtime.departments_named_on != today:
        run.runtime.departments_named_on = today
        run.attempt(lambda: refresh_departments(run.session), weight=0)
    return 0


def _one_by_one(
    due: Callable[[datetime], sa.Select[Any]], act: Callable[..., bool]
) -> Callable[[Run], int]:
    """Return the job that does what is due; what failed is left to the next run.

    Args:
        due: selects the ids of what is due at an instant.
        act: given the session, an id and `now`; returns False where there was nothing to do.
    """
    return lambda run: run.each_left(due(run.now), partial(act, run.session, now=run.now))


def _forget(run: Run) -> int:
    """Delete what has expired: external supporters' tokens, personal links, old referrals."""
    done = 0
    for due, forget in (
        (expired_tokens, forget_tokens),
        (expired_links, forget_links),
        (old_referrals, forget_referrals),
    ):
        ids = run.ids(due(run.now).limit(BATCH))
        if ids and run.attempt(partial(forget, run.session, ids), len(ids)):
            done += len(ids)
    return done


def _forget_senders(run: Run) -> int:
    """Forget who raised the concerns that are decided on."""
    return run.each_left(remembered_senders(run.now), partial(forget_sender, run.session))


def _close_rounds(run: Run) -> int:
    """Close the nomination rounds whose last day has passed, and count them."""
    session, now = run.session, run.now
    is_over = (NominationRound.state == RoundState.OPEN) & (NominationRound.due_at <= now)
    due = sa.select(NominationRound.id).where(is_over).order_by(NominationRound.due_at)
    later = sa.update(NominationRound).where(is_over).values(due_at=now + _RETRY_AFTER)

    def close(round_id: str) -> bool:
        row = session.get(NominationRound, round_id)
        if row is None or row.state is not RoundState.OPEN:
            return False
        close_round(session, row, actor=WORKER, now=now)
        return True

    done = run.each(due, close, later)
    if done:
        sweep_remnants(run.runtime.storage.engine)
    return done


def _deliver(run: Run) -> int:
    # B6: what writes and sends mail is loaded where mail is sent, not when the host starts
    from .outbox.delivery import deliver_due

    sent = deliver_due(run.runtime.storage, run.now)
    if sent:
        run.counts[run.name] += sent
    return sent


#: In the order in which one makes work for the next.
JOBS: tuple[tuple[str, Callable[[Run], int]], ...] = (
    ("refresh", _refresh),
    ("unspool", _unspool),
    ("confirm", _confirm),
    ("expand", _expand),
    ("remove", _remove),
    ("expire", _expire),
    ("ask", _ask),
    ("chase", _chase),
    ("tell_analysis", _one_by_one(due_meetings, tell_involved)),
    ("forget", _forget),
    ("remind_sessions", _one_by_one(due_reminders, remind_participants)),
    ("tell_training_ends", _one_by_one(due_notices, tell_training_ends)),
    ("remind_resources", _one_by_one(due_resources, remind_of_resource)),
    ("bring_up_concerns", _one_by_one(due_concerns, bring_up)),
    ("forget_senders", _forget_senders),
    ("close_rounds", _close_rounds),
    ("deliver", _deliver),
)
