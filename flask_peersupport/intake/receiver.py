"""The receiver: one INSERT of ours in the host's transaction, and never a report lost.

A statement that fails without a savepoint makes PostgreSQL forget the host's report while its
commit returns normally; ORM work here would flush the host's half-built objects. So `describe`
and the insert run in a savepoint on the host's connection, under `no_autoflush`, with Core only,
and whatever fails is swallowed after the savepoint was rolled back. Where that fails too, the
database has given up the host's transaction, and the host has to hear of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from weakref import WeakSet

import sqlalchemy as sa
from flask import Flask, current_app, has_app_context
from sqlalchemy import event, orm

from .. import signals
from ..runtime import Runtime, runtime_of
from ..values import Report
from .deleting import forget_deleted
from .describing import Submission, running_fields
from .endings import Ending, follow
from .origin import is_committed, origin_of
from .sessions import quiet, reads_on, running_session, writing_connection
from .step import Step, step_fields
from .storing import shielding_host
from .taken import taken
from .taking import take_in, take_in_alone

_logger = logging.getLogger(__name__)

#: In the info of an object's state: how the transaction ended that inserted it.
_INSERTED = "peersupport_inserted"
#: In the info of an object's state: the step's fields of a signal that came before the flush.
_AWAITED = "peersupport_awaited"

_listening: WeakSet[type[Any]] = WeakSet()


def listen_to(model: type[Any]) -> None:
    """Hear what becomes of objects of `model` and its subclasses; once, however often called."""
    if model in _listening:
        return
    _listening.add(model)

    def listener(react: Callable[[sa.Connection, object], None]) -> Callable[..., None]:
        def hear(mapper: orm.Mapper[Any], connection: sa.Connection, target: object) -> None:
            # where a class and its base are both listened to, the nearest hears
            if next(cls for cls in type(target).__mro__ if cls in _listening) is model:
                react(connection, target)

        return hear

    event.listen(model, "after_insert", listener(_hear_insert), propagate=True)
    event.listen(model, "after_update", listener(_hear_update), propagate=True)
    # while it can still be described
    event.listen(model, "before_delete", listener(_hear_deletion), propagate=True)


def _hear_insert(connection: sa.Connection, target: object) -> None:
    _hear(connection, target, is_new=True)


def _hear_update(connection: sa.Connection, target: object) -> None:
    _hear(connection, target, is_new=False)


@shielding_host
def _hear_deletion(connection: sa.Connection, target: object) -> None:
    runtime = runtime_of(current_app) if has_app_context() else None
    if runtime is None or not any(cls in runtime.descriptions for cls in type(target).__mro__):
        return
    session = orm.object_session(target)
    with quiet(session), quiet(running_session(runtime)):
        forget_deleted(runtime, connection, session, target)


def _is_meant(session: orm.Session | None, *, is_new: bool) -> bool:
    """Return whether the running step is about this object, and not about a new one beside it.

    A request that makes a report may change another, e.g. say that it was followed up.
    """
    if is_new:
        taken().has_inserted = True
        return True
    waits = session is not None and any(type(one) in _listening for one in session.new)
    return not (waits or taken().has_inserted)


@shielding_host
def _hear(connection: sa.Connection, target: object, *, is_new: bool) -> None:
    runtime = runtime_of(current_app) if has_app_context() else None
    if runtime is None:
        return
    info = sa.inspect(target).info
    session = orm.object_session(target)
    is_awaited = is_new and _AWAITED in info
    fields = info.pop(_AWAITED) if is_awaited else running_fields()
    if fields and not is_awaited and not _is_meant(session, is_new=is_new):
        fields = {}
    is_watched = any(cls in runtime.watched for cls in type(target).__mro__)
    if is_awaited or (is_watched and (is_new or fields)) or (fields and taken().has_field):
        # the adapters read in the running session, which need not be the one that flushes
        with quiet(session), quiet(running_session(runtime)):
            take_in(runtime, connection, session, Submission(target, fields))
    if is_new:
        info[_INSERTED] = follow(session)


@shielding_host
def receive_report(
    sender: Any, report: object = None, step: Step | None = None, **extra: Any
) -> None:
    """Take in what a host signals by `report_created`; nothing of ours is raised.

    Args:
        sender: the app, or the proxy `current_app`.
        report: a `Report`, or an object that has a description.
        step: the data of the WTForms field; None: the running request's fields.
        **extra: ignored.
    """
    app = app_of(sender, "report_created")
    runtime = runtime_of(app) if app is not None else None
    if app is None or runtime is None:
        return
    if report is None:
        _logger.error("report_created was sent without report=…")
        return
    with within(app):
        fields = running_fields() if step is None else step_fields(step)
        take_in_signalled(runtime, Submission(report, fields))


signals.report_created.connect(receive_report)


def app_of(sender: Any, name: str) -> Flask | None:
    """Return the app that sent the signal `name`; a sender that is none is complained of."""
    if isinstance(sender, Flask):
        return sender
    if has_app_context():
        return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]
    _logger.error("%s was sent by %s, not by the app", name, type(sender).__name__)
    return None


def within(app: Flask) -> AbstractContextManager[Any]:
    """Return the context of `app`: the one that is there, or else a new one."""
    is_current = has_app_context() and current_app._get_current_object() is app  # type: ignore[attr-defined]
    return nullcontext() if is_current else app.app_context()


def take_in_signalled(runtime: Runtime, submission: Submission) -> None:
    """Take in a report that the host points at, wherever its transaction stands.

    An object that is not flushed yet waits for the flush that inserts it. Where something is
    written and not committed, the report belongs to that; else it is committed already.
    """
    target = submission.target
    state = None if isinstance(target, Report) else sa.inspect(target, raiseerr=False)
    if isinstance(state, orm.InstanceState) and state.key is None:
        state.info[_AWAITED] = submission.fields
        listen_to(type(target))
        return
    owner = state.session if isinstance(state, orm.InstanceState) else None
    session = owner or running_session(runtime)
    with quiet(session), quiet(running_session(runtime)):
        connection = writing_connection(session)
        if connection is None:
            take_in_alone(runtime, running_session(runtime), submission)
        else:
            is_of_session = session is not None and reads_on(session, connection)
            take_in(
                runtime,
                connection,
                session if is_of_session else None,
                submission,
                is_committed=_committed_elsewhere(runtime, state, target),
            )


def _committed_elsewhere(runtime: Runtime, state: Any, target: object) -> Callable[[], bool] | None:
    """Return what tells whether an object was committed before this transaction.

    None where that needs no asking: it is inserted in this very transaction, or is no object, and
    then belongs to the transaction in which it is signalled.
    """
    if not isinstance(state, orm.InstanceState):
        return None
    inserted: Ending | None = state.info.get(_INSERTED)
    if inserted is not None:
        return (lambda: True) if inserted.is_committed else None
    origin = origin_of(runtime, target)
    return None if origin is None else lambda: bool(is_committed(runtime, origin))
