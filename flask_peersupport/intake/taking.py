"""Taking a report in: in the host's transaction, or by itself; what fails is kept in the spool."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa
from flask import has_request_context
from sqlalchemy import orm

from ..runtime import Runtime
from . import spool
from .describing import Submission
from .endings import AtEnd, Ending, committed
from .origin import origin_of
from .payload import Payload
from .sessions import connections_of, reads_on, running_session
from .storing import (
    TransactionLost,
    has_free_connection,
    in_savepoint,
    insert_row,
    intake_row,
    settle,
    store_alone,
)
from .taken import Doubt, Failure, Intake, taken
from .writes import follow_transaction, open_connections

_logger = logging.getLogger(__name__)


def take_in(
    runtime: Runtime,
    connection: sa.Connection,
    session: orm.Session | None,
    submission: Submission,
    *,
    is_committed: Callable[[], bool] | None = None,
) -> None:
    """Read and store a submission in a savepoint on the host's `connection`.

    What fails is noted; nothing is raised but where the host's own transaction is lost.

    Args:
        session: whose connection it is; None: nobody's.
        is_committed: says, where the report was perhaps not written in this transaction, whether
            it is committed nevertheless.
    """
    # our tables may be in another database than the one in which the host is writing
    is_here = runtime.storage.is_reached_by(connection)
    row_id = ""

    def shielded(read: Callable[[], object]) -> None:
        _shield_beside(runtime, session, connection, read)

    def store() -> None:
        nonlocal row_id
        shielded(lambda: submission.read(runtime))
        if submission.payload is None:
            return
        if is_here:
            row = intake_row(runtime, submission.payload)
            insert_row(connection, row)
            row_id = row["id"]
        else:
            # the worker decides about it, should this process be killed before the host's commit
            payload = replace(submission.payload, origin=origin_of(runtime, submission.target))
            row_id = _store_apart(runtime, session, payload)

    def follow_host(at_end: AtEnd | None = None) -> Ending:
        return follow_transaction(session, connection, at_end)

    error = in_savepoint(connection, store, for_insert=is_here)
    if error is not None:
        ending = _fail_in_transaction(runtime, connection, submission, error, shielded, follow_host)
    elif submission.payload is None:
        return
    else:
        at_end = None if is_here else _settling(runtime, row_id, submission.payload)
        ending = follow_host(at_end)
        _note(row_id, submission, ending)
    if is_committed is not None and submission.payload is not None:
        taken().doubts.append(Doubt(submission.payload, ending, is_committed))


def take_in_alone(runtime: Runtime, session: orm.Session | None, submission: Submission) -> None:
    """Read and store, in a transaction of its own, what the host has committed already.

    Args:
        session: in which the host reads, and its adapters may; None: in none.
    """
    error = _shielded(session, lambda: submission.read(runtime))
    if error is None and submission.payload is None:
        return
    try:
        if error is not None:
            raise error
        assert submission.payload is not None
        row_id = _store_or_spool(runtime, submission.payload)
    except Exception as failed:
        if submission.payload is None:
            _shielded(session, lambda: submission.read_visitor(runtime))
            submission.read_for_later(runtime)
        keep(runtime, _fail(submission, failed, committed()))
    else:
        _note(row_id, submission, committed())


def _store_or_spool(runtime: Runtime, payload: Payload) -> str:
    """Store what is committed already; in the spool where a connection would have to be waited for.

    Returns:
        the id that the row has, or will have.
    """
    try:
        return store_alone(runtime, payload)
    except TimeoutError:
        return spool.put(runtime, payload)


def keep(runtime: Runtime, failure: Failure) -> None:
    """Put what failed into the spool, now that its report is known to be committed."""
    if failure.payload is None or failure.is_kept:
        return
    try:
        spool.put(runtime, failure.payload)
        failure.is_kept = True
    except Exception as error:
        _logger.critical(
            "what was asked for with %s %s is lost, the spool failed as well: %s",
            failure.kind,
            failure.ref,
            type(error).__name__,
        )


def _store_apart(runtime: Runtime, session: orm.Session | None, payload: Payload) -> str:
    """Store an unconfirmed row where the host's report is not, and return its id.

    Where the same session is writing in our SQLite file as well, it holds the only lock there is:
    the row then rides in that transaction, which ends with the report's.
    """
    beside = _writes_beside(runtime, session)
    if beside is None:
        return store_alone(runtime, payload, is_confirmed=False)
    row = intake_row(runtime, payload, is_confirmed=False)
    error = in_savepoint(beside, lambda: insert_row(beside, row), for_insert=True)
    if error is not None:
        raise error
    return str(row["id"])


def _writes_beside(runtime: Runtime, session: orm.Session | None) -> sa.Connection | None:
    """Return the connection on which `session` writes in the SQLite file of our tables, if any."""
    engine = runtime.storage.engine
    if session is None or engine.dialect.name != "sqlite":
        return None
    own = (one for one in open_connections() if reads_on(session, one))
    return next((one for one in own if runtime.storage.is_reached_by(one)), None)


def _settling(runtime: Runtime, row_id: str, payload: Payload) -> AtEnd:
    def at_end(is_committed: bool) -> None:
        is_there = settle(runtime.storage, row_id, is_committed)
        if is_committed and not is_there:  # so late that the worker had given the host up
            report = payload.report
            keep(runtime, Failure(report.kind, report.ref, committed(), payload))

    return at_end


def _note(row_id: str, submission: Submission, ending: Ending) -> None:
    """Remember for the page after the report what was taken in."""
    if not has_request_context():
        return
    assert submission.payload is not None
    kind, ref = submission.name
    visitor_id = submission.visitor.user_id if submission.visitor else None
    is_anonymous = submission.payload.report.anonymous
    taken().intakes.append(Intake(row_id, kind, ref, visitor_id, is_anonymous, ending))


def _fail_in_transaction(
    runtime: Runtime,
    connection: sa.Connection,
    submission: Submission,
    error: Exception,
    shielded: Callable[[Callable[[], object]], None],
    follow_host: Callable[[AtEnd | None], Ending],
) -> Ending:
    """Note what failed; when the host has committed it goes to the spool."""
    if submission.payload is None:
        # the savepoint with its lock was refused, or the description failed
        again = in_savepoint(connection, lambda: shielded(lambda: submission.read(runtime)))
        if again is not None and submission.payload is None:
            in_savepoint(connection, lambda: shielded(lambda: submission.read_visitor(runtime)))
            submission.read_for_later(runtime)
    failure: Failure | None = None

    def at_end(is_committed: bool) -> None:
        if is_committed and failure is not None:
            keep(runtime, failure)

    failure = _fail(submission, error, follow_host(at_end))
    return failure.ending


def _fail(submission: Submission, error: Exception, ending: Ending) -> Failure:
    kind, ref = submission.name
    _logger.error("intake of %s %s failed: %s", kind, ref, type(error).__name__)
    failure = Failure(kind, ref, ending, submission.payload)
    taken().failures.append(failure)
    return failure


def _shield_beside(
    runtime: Runtime,
    session: orm.Session | None,
    connection: sa.Connection,
    read: Callable[[], object],
) -> None:
    """Call `read` for what `session` has on `connection`, where a savepoint is open.

    The host's code may read in the running session, on another connection than the one that we
    have a savepoint on: what a query that fails would spoil there is shielded as well.
    """
    running = running_session(runtime)
    if running is None or running is session or reads_on(running, connection):
        read()
    elif (error := _shielded(running, read)) is not None:
        raise error


def _shielded(session: orm.Session | None, read: Callable[[], object]) -> Exception | None:
    """Call `read`; on PostgreSQL a query that fails would spoil what the host reads next.

    On SQLite nothing is spoilt, and a transaction would hold up the one of our own.
    """
    try:
        connection = _reading_connection(session) if session is not None else None
        if connection is not None and connection.dialect.name != "sqlite":
            return in_savepoint(connection, read)
        read()
    except TransactionLost:
        raise
    except Exception as error:
        return error
    return None


def _reading_connection(session: orm.Session) -> sa.Connection | None:
    """Return the connection on which `session` reads, or would; none is waited for.

    Raises:
        TimeoutError: a connection would have to be waited for.
    """
    known = connections_of(session)
    if known:
        return known[0]
    try:
        engine = session.get_bind().engine
    except sa.exc.UnboundExecutionError:  # a session that has a database for each class
        return None
    if engine.dialect.name == "sqlite":
        return None
    if not has_free_connection(engine):
        raise TimeoutError("no connection is free")
    return session.connection()
