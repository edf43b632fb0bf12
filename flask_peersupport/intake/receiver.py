"""The receiver: one INSERT of ours in the host's transaction, and never a report lost.

A statement that fails without a savepoint makes PostgreSQL forget the host's report while its
commit returns normally; ORM work here would flush the host's half-built objects. So `describe`
and the insert run in a savepoint on the host's connection, under `no_autoflush`, with Core only,
and whatever fails is swallowed after the savepoint was rolled back. Where that fails too, the
database has given up the host's transaction, and the host has to hear of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakSet

import sqlalchemy as sa
from flask import current_app, has_app_context, has_request_context, request
from sqlalchemy import event, orm

from ..clock import utc_now
from ..db import Storage, new_id
from ..runtime import Runtime, runtime_of
from ..values import Report
from .endings import Ending, follow
from .models import IntakeRecord
from .payload import Payload, clean_report, seal_payload
from .step import has_step, posted_fields

_logger = logging.getLogger(__name__)
_TABLE: sa.Table = IntakeRecord.__table__  # type: ignore[assignment]
_INSERT = _TABLE.insert()

#: Where a request's `Taken` is kept: `g` may outlive a request, where a context was pushed by hand.
_TAKEN = "peersupport.taken"


@dataclass(slots=True)
class Taken:
    """What one request brought in, and what failed."""

    intakes: list[Intake] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    #: Whether a WTForms step field was read in this request.
    has_field: bool = False
    #: The step's fields, once they were read.
    fields: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """A report that was taken in.

    Attributes:
        id: of the intake row.
        kind, ref: of the report.
        visitor_id: who sent the form, by user id; None: nobody who could open our pages.
        is_anonymous: whether nothing of the visitor is stored, who can then not be called.
        ending: whether the host's commit was seen.
    """

    id: str
    kind: str
    ref: str
    visitor_id: str | None
    is_anonymous: bool
    ending: Ending


@dataclass(frozen=True, slots=True)
class Failure:
    """A report whose step could not be taken in; `ref` is empty where that is not known."""

    kind: str
    ref: str
    ending: Ending


def taken() -> Taken:
    """Return what the running request brought in."""
    if not has_request_context():
        return Taken()
    found: Taken = request.environ.setdefault(_TAKEN, Taken())
    return found


def was_taken() -> Taken | None:
    """Return what the running request brought in, if it came near a report at all."""
    found: Taken | None = request.environ.get(_TAKEN)
    return found


_listening: WeakSet[type[Any]] = WeakSet()


def listen_to(model: type[Any]) -> None:
    """Hear of inserts and updates of `model` and its subclasses; once, however often called."""
    if model in _listening:
        return
    _listening.add(model)

    def listener(is_new: bool) -> Callable[..., None]:
        def hear(mapper: orm.Mapper[Any], connection: sa.Connection, target: object) -> None:
            # where a class and its base are both listened to, the nearest hears
            if next(cls for cls in type(target).__mro__ if cls in _listening) is model:
                _hear(connection, target, is_new=is_new)

        return hear

    event.listen(model, "after_insert", listener(is_new=True), propagate=True)
    event.listen(model, "after_update", listener(is_new=False), propagate=True)


def _hear(connection: sa.Connection, target: object, *, is_new: bool) -> None:
    runtime = runtime_of(current_app) if has_app_context() else None
    if runtime is None:
        return
    fields = running_fields()
    is_watched = any(cls in runtime.watched for cls in type(target).__mro__)
    if not (is_watched and (is_new or fields)) and not (fields and taken().has_field):
        return
    session = orm.object_session(target)
    with session.no_autoflush if session else nullcontext():
        take_in(runtime, connection, session, target, fields)


def running_fields() -> dict[str, str]:
    """Return the step's fields of the running request; none outside a POST.

    None either of a form that cannot be read: that must harm neither the flush nor the form.
    """
    if not has_request_context() or request.method not in ("POST", "PUT", "PATCH"):
        return {}
    this = taken()
    if this.fields is None:
        try:
            this.fields = posted_fields(request.form) if has_step(request.form) else {}
        except Exception as error:
            _logger.error("the step could not be read: %s", type(error).__name__)
            return {}
    return this.fields


def take_in(
    runtime: Runtime,
    connection: sa.Connection,
    session: orm.Session | None,
    target: object,
    fields: dict[str, str],
) -> None:
    """Describe and store `target` in a savepoint on the host's `connection`.

    What fails is noted; nothing is raised but where the host's own transaction is lost.
    """
    kind, ref = type(target).__name__, ""
    intake = None

    def fail(error: Exception) -> None:
        # the report comes first: whatever went wrong on our side costs the host nothing
        nonlocal intake
        intake = None
        _logger.error("intake of %s %s failed: %s", kind, ref, type(error).__name__)
        taken().failures.append(Failure(kind, ref, follow(session)))

    with savepoint(connection, fail):
        report = describe(runtime, target)
        if report is None:
            return
        kind, ref = report.kind, report.ref
        visitor = runtime.users.current() if fields else None
        visitor_id = visitor.user_id if visitor else None
        payload = Payload(report, fields, visitor=None if report.anonymous else visitor)
        row_id, ending = _store(runtime, connection, session, payload)
        intake = Intake(row_id, kind, ref, visitor_id, report.anonymous, ending)
    if intake is not None:
        taken().intakes.append(intake)


def _store(
    runtime: Runtime, connection: sa.Connection, session: orm.Session | None, payload: Payload
) -> tuple[str, Ending]:
    """Insert the intake row; in a database of our own it counts once the host has committed."""
    storage = runtime.storage
    row = intake_row(runtime, payload, is_confirmed=storage.is_shared_with_host)
    row_id = row["id"]
    if storage.is_shared_with_host:
        connection.execute(_INSERT, row)
        return row_id, follow(session)
    with storage.engine.begin() as own:
        own.execute(_INSERT, row)
    return row_id, follow(session, lambda is_committed: _settle(storage, row_id, is_committed))


def _settle(storage: Storage, row_id: str, is_committed: bool) -> None:
    """Confirm an intake row in a database of our own, or drop what the host rolled back.

    Where that cannot be done the row stays unconfirmed, and the coordinators are told.
    """
    this = _TABLE.c.id == row_id
    try:
        with storage.engine.begin() as own:
            if is_committed:
                own.execute(_TABLE.update().where(this).values(is_confirmed=True))
            else:
                own.execute(_TABLE.delete().where(this))
    except Exception as error:  # the host's transaction has ended: nothing of it is at stake
        _logger.error("an intake could not be settled: %s", type(error).__name__)


@contextmanager
def savepoint(connection: sa.Connection, fail: Callable[[Exception], None]) -> Iterator[None]:
    """Run the block in a savepoint; what fails in it is undone and handed to `fail`.

    What fails in undoing it goes on to the host: its transaction is lost then (SQLite where the
    disk is full, MariaDB after a deadlock), and its commit would say nothing of that. Plain SQL,
    since this is on the host's path (B1).
    """
    if connection.dialect.name == "sqlite":
        raw = connection.connection.dbapi_connection
        # before any write there is no transaction, and the release would be the commit
        if raw is not None and not raw.in_transaction:
            connection.exec_driver_sql("BEGIN")
    connection.exec_driver_sql("SAVEPOINT peersupport")
    try:
        yield
        connection.exec_driver_sql("RELEASE SAVEPOINT peersupport")
    except Exception as error:
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT peersupport")
        connection.exec_driver_sql("RELEASE SAVEPOINT peersupport")
        fail(error)


def describe(runtime: Runtime, target: object) -> Report | None:
    """Return `target` as a report, its reporter filled in; None for what is no report.

    The reporter is the description's, or else who is signed in, unless the report is anonymous.
    """
    if isinstance(target, Report):
        report: Report | None = target
    else:
        found = next(
            (runtime.descriptions[c] for c in type(target).__mro__ if c in runtime.descriptions),
            None,
        )
        if found is None:
            raise LookupError(f"{type(target).__name__} has no description")
        report = found(target)
    if report is None:
        return None
    if report.reporter is None and not report.anonymous and has_request_context():
        report = replace(report, reporter=runtime.users.current())
    return clean_report(report)


def intake_row(runtime: Runtime, payload: Payload, *, is_confirmed: bool = True) -> dict[str, Any]:
    """Return the values of one intake row."""
    now = utc_now()
    key = runtime.keys.current(now)
    row_id = new_id()
    return {
        "id": row_id,
        "kind": payload.report.kind,
        "ref": payload.report.ref,
        "received_at": now,
        "due_at": now,
        "is_confirmed": is_confirmed,
        "attempts": 0,
        "month": key.month,
        "payload": seal_payload(row_id, payload, key, runtime.settings.timezone),
    }
