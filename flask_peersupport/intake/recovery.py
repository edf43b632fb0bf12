"""What was kept aside comes in after all: the spool, and rows the host never confirmed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..runtime import Runtime
from .describing import describe
from .models import IntakeRecord
from .origin import committed_object, is_committed
from .payload import Payload, open_payload
from .spool import open_entry
from .storing import insert_row, intake_row

#: A host that has not committed after so long was killed.
CONFIRMED_WITHIN = timedelta(minutes=15)


def store_spooled(session: orm.Session, runtime: Runtime, path: Path, *, now: datetime) -> None:
    """Insert the intake row of a spool entry; one that is in already is left as it is.

    The caller commits, then removes the file: whoever is killed in between does it again, and the
    row has the entry's id.
    """
    try:
        entry_id, payload = open_entry(runtime, path)
    except FileNotFoundError:  # another worker has done it
        return
    described = payload if payload.is_described else _describe_now(runtime, payload)
    if described is None or session.get(IntakeRecord, entry_id) is not None:
        return
    row = intake_row(runtime, described, row_id=entry_id, now=now)
    with suppress(sa.exc.IntegrityError), session.begin_nested():  # another worker was first
        insert_row(session.connection(), row)


def _describe_now(runtime: Runtime, payload: Payload) -> Payload | None:
    """Describe the host's object, which could not be described before; None where it is gone."""
    assert payload.origin is not None
    with committed_object(runtime, payload.origin) as target:
        report = describe(runtime, target) if target is not None else None
    if report is None:
        return None
    visitor = None if report.anonymous else payload.visitor
    return replace(payload, report=report, visitor=visitor, origin=None)


def unconfirmed_before(now: datetime) -> sa.Select[Any]:
    """Return the intake rows that wait for the host's commit for too long."""
    return sa.select(IntakeRecord.id).where(
        IntakeRecord.is_confirmed.is_(False),
        IntakeRecord.due_at <= now,
        IntakeRecord.received_at <= now - CONFIRMED_WITHIN,
    )


def decide_unconfirmed(session: orm.Session, runtime: Runtime, row: IntakeRecord) -> bool:
    """Confirm a row whose very report is committed, delete one whose is not.

    Returns:
        whether that could be decided; else it is due no more, and a coordinator has to be told.
    """
    payload = open_payload(row.id, row.payload, runtime.keys.get(row.month))
    if payload.origin is None:
        exists = runtime.reports.exists(row.kind, row.ref)
    else:  # the reference alone may be another report's by now
        exists = is_committed(runtime, payload.origin)
    if exists is None:
        row.due_at = None
    elif exists:
        row.is_confirmed = True
    else:
        session.delete(row)
    return exists is not None
