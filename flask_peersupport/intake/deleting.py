"""A report that the host deletes: the offer of support goes on, without the link.

SQLite issues the id of a deleted row again, so what is known of the report gives up its reference:
the next report that gets it is another one.
"""

from __future__ import annotations

import logging
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..clock import utc_now
from ..db import new_id
from ..errors import KeyringError
from ..reachouts.models import DELETED, ReportRecord
from ..runtime import Runtime
from .describing import describe
from .impatient import execute_at_once
from .marks import report_marks
from .models import IntakeRecord, ReportMark
from .storing import in_savepoint, own_transaction
from .writes import follow_transaction

_logger = logging.getLogger(__name__)

_REPORT, _INTAKE = ReportRecord.__tablename__, IntakeRecord.__tablename__
_MARK = ReportMark.__tablename__
# by their keys alone: MariaDB locks all that an UPDATE looks at, and a report never waits
_MOVE_INTAKE = f"UPDATE {_INTAKE} SET ref = :aside WHERE id IN :ids"  # noqa: S608 - our own names
_MOVE_REPORT = f"UPDATE {_REPORT} SET ref = :aside, url = NULL WHERE id IN :ids"  # noqa: S608
_UNMARK = f"DELETE FROM {_MARK} WHERE mark IN :ids"  # noqa: S608


def forget_deleted(
    runtime: Runtime, connection: sa.Connection, session: orm.Session | None, target: object
) -> None:
    """Let what is known of one of the host's objects give up its reference and its link.

    Called in the host's flush, before the object is deleted, under `no_autoflush`. What fails is
    logged; nothing is raised but where the host's own transaction is lost.
    """
    found: list[tuple[str, str]] = []
    is_here = runtime.storage.is_reached_by(connection)

    def read() -> None:
        report = describe(runtime, target)
        if report is not None:
            found.append((report.kind, report.ref))
            if is_here:
                _set_aside(runtime, connection, report.kind, report.ref)

    def at_end(is_committed: bool) -> None:
        if is_committed:
            _set_aside_alone(runtime, *found[0])

    error = in_savepoint(connection, read)
    if error is not None:
        _log(error)
    elif found and not is_here:
        follow_transaction(session, connection, at_end)


def _set_aside(runtime: Runtime, connection: sa.Connection, kind: str, ref: str) -> None:
    aside = f"{DELETED}{new_id()}"

    def write(found: sa.Select[Any], table: str, statement: str) -> None:
        ids = list(connection.scalars(found))
        if ids:
            values = {"ids": ids} if table == _MARK else {"ids": ids, "aside": aside}
            execute_at_once(connection, table, statement, values)

    # what waits comes first: a worker may be making the report of it at this moment
    for model, statement in ((IntakeRecord, _MOVE_INTAKE), (ReportRecord, _MOVE_REPORT)):
        of_report = sa.select(model.id).where(model.kind == kind, model.ref == ref)
        write(of_report, model.__tablename__, statement)
    try:
        marks = report_marks(runtime.keys.live(utc_now()), kind, ref)
    except KeyringError:
        return
    # `reconcile` would take the next report with this reference for one that is known
    write(sa.select(ReportMark.mark).where(ReportMark.mark.in_(marks)), _MARK, _UNMARK)


def _set_aside_alone(runtime: Runtime, kind: str, ref: str) -> None:
    """Do it in a database of our own, now that the host has committed."""
    try:
        with own_transaction(runtime.storage) as own:
            _set_aside(runtime, own, kind, ref)
    except Exception as error:
        _log(error)


def _log(error: Exception) -> None:
    _logger.error("a deleted report could not be let go of: %s", type(error).__name__)
