"""Actions: a worker gives a sign of life; those that gave none for a day are forgotten.

Times are by the database's clock, so that machines whose clocks differ can be compared.
"""

from __future__ import annotations

import logging
import math
import platform
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from ..clock import utc_now
from ..db import begin_immediate, commit, database_now, new_id
from ..ports import Keys, MonthKey
from ..runtime import Runtime
from ..vault.seal import mark
from .models import Heartbeat, WorkerKind

_logger = logging.getLogger(__name__)

#: How often a worker beats.
BEAT_SECONDS = 60.0
#: A worker that has not beaten for so long has stopped, or one piece of work holds it up.
SILENT_AFTER = timedelta(minutes=5)
#: How long the row of a worker stays after its last beat.
KEPT_FOR = timedelta(days=1)
_MARK_LENGTH = 16


def machine_name() -> str:
    """Return the name of this machine, as the rows carry it."""
    return platform.node().encode("ascii", "replace").decode()[:100] or "unnamed"


def keyring_mark(key: MonthKey) -> str:
    """Return a check value of a key, for no other use: 64 bits that tell nothing of the key."""
    return mark(key, "heartbeat", key.month)[:_MARK_LENGTH]


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker as it signs its beats."""

    kind: WorkerKind
    id: str = field(default_factory=new_id)
    machine: str = field(default_factory=machine_name)


def record_beat(
    session: orm.Session, worker: Worker, *, key: MonthKey | None, now: datetime
) -> None:
    """Write that a worker lives.

    Args:
        session: flushed, not committed, here.
        worker: who beats.
        key: of its present month; None where it could read none.
        now: by the database's clock.
    """
    row = session.get(Heartbeat, worker.id)
    if row is None:
        row = Heartbeat(id=worker.id, machine=worker.machine, kind=worker.kind, started_at=now)
        session.add(row)
    row.beat_at = now
    row.month = None if key is None else key.month
    row.keyring_mark = None if key is None else keyring_mark(key)
    session.flush()


def forget_silent(session: orm.Session, *, now: datetime) -> int:
    """Delete the rows of workers that have not beaten for a day, and return how many."""
    statement = sa.delete(Heartbeat).where(Heartbeat.beat_at < now - KEPT_FOR)
    result = session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)  # type: ignore[attr-defined]


def living_workers(session: orm.Session, *, now: datetime) -> list[Heartbeat]:
    """Return the last beats of the workers that live, by machine.

    Args:
        session: to read with.
        now: by the database's clock.
    """
    statement = (
        sa.select(Heartbeat)
        .where(Heartbeat.beat_at >= now - SILENT_AFTER)
        .order_by(Heartbeat.machine, Heartbeat.id)
    )
    return list(session.scalars(statement))


class Pulse:
    """The beats of one worker: at its start, then once a minute. They never disturb its work."""

    def __init__(self, kind: WorkerKind) -> None:
        self._worker = Worker(kind)
        self._next_at = -math.inf

    def beat_if_due(self, app: Flask, runtime: Runtime, *, seconds: float) -> bool:
        """Beat where a minute has passed; a failure is logged and the next minute tries again.

        Args:
            app, runtime: whose worker it is.
            seconds: of a clock that nobody sets back, such as `time.monotonic()`.

        Returns:
            whether a beat was stored.
        """
        if seconds < self._next_at:
            return False
        self._next_at = seconds + BEAT_SECONDS
        try:
            with app.app_context():
                self._beat(runtime)
        except Exception as error:
            _logger.warning("no heartbeat: %s", type(error).__name__)
            return False
        return True

    def _beat(self, runtime: Runtime) -> None:
        key = _present_key(runtime.keys)
        with runtime.storage.work() as session:
            begin_immediate(session)
            now = database_now(session)
            record_beat(session, self._worker, key=key, now=now)
            forget_silent(session, now=now)
            commit(session)


def _present_key(keys: Keys) -> MonthKey | None:
    try:
        return keys.current(utc_now())
    except Exception as error:  # a provider of the host's own may raise anything
        _logger.warning("the worker has no key: %s", type(error).__name__)
        return None
