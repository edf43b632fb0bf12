"""The receiver: one INSERT of ours in the host's transaction, and never a report lost.

A statement that fails without a savepoint makes PostgreSQL forget the host's report while its
commit returns normally; ORM work here would flush the host's half-built objects. So `describe`
and the insert run in a savepoint on the host's connection, under `no_autoflush`, with Core only,
and whatever fails is swallowed after the savepoint was rolled back.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from flask import current_app, has_app_context, has_request_context, request
from sqlalchemy import event, orm

from ..clock import utc_now
from ..db import new_id
from ..runtime import Runtime, runtime_of
from ..values import Report
from .models import IntakeRecord
from .payload import Payload, clean_report, seal_payload
from .step import has_step, posted_fields

_logger = logging.getLogger(__name__)
_INSERT = IntakeRecord.__table__.insert()  # type: ignore[attr-defined]


#: Where a request's `Taken` is kept: `g` may outlive a request, where a context was pushed by hand.
_TAKEN = "peersupport.taken"


@dataclass(slots=True)
class Taken:
    """What one request brought in, and what failed."""

    intakes: list[Intake] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
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
        has_reporter: whether the report says who reported it.
        is_reporter: whether that is the visitor, who is then the one who is called.
    """

    id: str
    kind: str
    ref: str
    visitor_id: str | None
    has_reporter: bool
    is_reporter: bool


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


def listen_to(model: type[Any]) -> None:
    """Hear of inserts and updates of `model` and its subclasses; once, however often called."""
    for name, listener in (("after_insert", _after_insert), ("after_update", _after_update)):
        if not event.contains(model, name, listener):
            event.listen(model, name, listener, propagate=True)


def _after_insert(mapper: orm.Mapper[Any], connection: sa.Connection, target: object) -> None:
    _hear(connection, target, is_new=True)


def _after_update(mapper: orm.Mapper[Any], connection: sa.Connection, target: object) -> None:
    _hear(connection, target, is_new=False)


def _hear(connection: sa.Connection, target: object, *, is_new: bool) -> None:
    runtime = runtime_of(current_app) if has_app_context() else None
    if runtime is None:
        return
    fields = _fields_or_none()
    is_watched = any(cls in runtime.watched for cls in type(target).__mro__)
    if not (is_watched and (is_new or fields)) and not (fields and taken().has_field):
        return
    session = orm.object_session(target)
    with session.no_autoflush if session else nullcontext():
        take_in(runtime, connection, target, fields)


def _fields_or_none() -> dict[str, str]:
    """Return the step's fields; a form that cannot be read must not harm the flush."""
    try:
        return running_fields()
    except Exception as error:
        _logger.error("the step could not be read: %s", type(error).__name__)
        return {}


def running_fields() -> dict[str, str]:
    """Return the step's fields of the running request; none outside a POST."""
    if not has_request_context() or request.method not in ("POST", "PUT", "PATCH"):
        return {}
    this = taken()
    if this.fields is None:
        this.fields = posted_fields(request.form) if has_step(request.form) else {}
    return this.fields


def take_in(
    runtime: Runtime, connection: sa.Connection, target: object, fields: dict[str, str]
) -> None:
    """Describe and store `target` in a savepoint on the host's `connection`; raises nothing."""
    kind, ref = type(target).__name__, ""
    try:
        shared = runtime.storage.is_shared_with_host
        with savepoint(connection):
            report = describe(runtime, target)
            if report is None:
                return
            kind, ref = report.kind, report.ref
            row = intake_row(runtime, Payload(report, fields), is_confirmed=shared)
            if shared:
                connection.execute(_INSERT, row)
        if not shared:
            with runtime.storage.engine.begin() as own:
                own.execute(_INSERT, row)
        visitor = runtime.users.current() if fields else None
        visitor_id = visitor.user_id if visitor else None
        reporter = report.reporter
        is_reporter = bool(reporter and visitor_id and visitor_id == reporter.user_id)
        taken().intakes.append(
            Intake(row["id"], kind, ref, visitor_id, reporter is not None, is_reporter)
        )
    except Exception as error:
        # the report comes first: whatever went wrong on our side costs the host nothing
        _logger.error("intake of %s %s failed: %s", kind, ref, type(error).__name__)
        taken().failures.append((kind, ref))


@contextmanager
def savepoint(connection: sa.Connection) -> Iterator[None]:
    """Run the block in a savepoint; plain SQL, since this is on the host's path (B1)."""
    if connection.dialect.name == "sqlite":
        raw = connection.connection.dbapi_connection
        # before any write there is no transaction, and the release would be the commit
        if raw is not None and not raw.in_transaction:
            connection.exec_driver_sql("BEGIN")
    connection.exec_driver_sql("SAVEPOINT peersupport")
    try:
        yield
    except BaseException:
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT peersupport")
        connection.exec_driver_sql("RELEASE SAVEPOINT peersupport")
        raise
    connection.exec_driver_sql("RELEASE SAVEPOINT peersupport")


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
