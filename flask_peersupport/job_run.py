"""One run of the due work: what its jobs share, and how they take what is due one by one."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from .db import begin_immediate, commit, rollback
from .runtime import Runtime

_logger = logging.getLogger(__name__)

#: How much of what is due a job takes up at once.
BATCH = 50


@dataclass
class Run:
    """One call of `run_due`: what its jobs share."""

    runtime: Runtime
    session: orm.Session
    now: datetime
    #: The sessions of the host that only its adapters, called by the jobs, use meanwhile.
    borrowed: Sequence[orm.scoped_session[Any]]
    counts: Counter[str] = field(default_factory=Counter)
    #: The job at work.
    name: str = ""

    def do(self, job: Callable[[Run], int]) -> int:
        """Do one job's due items; one that cannot even look for them leaves the others to work."""
        try:
            return job(self)
        except Exception as error:
            self._note_failure(error)
            return 0
        finally:
            self.end_reading()

    def attempt(self, action: Callable[[], object], weight: int = 1) -> bool | None:
        """Call an action and commit; a failure is counted, rolled back and logged without names.

        Returns:
            True; False where the action returned that: it found nothing to do; None: it failed.
        """
        try:
            result = action()
            commit(self.session)
        except Exception as error:
            self._note_failure(error)
            return None
        finally:
            self.end_reading()
        if result is False:
            return False
        if weight:
            self.counts[self.name] += weight
        return True

    def _note_failure(self, error: Exception) -> None:
        rollback(self.session)
        self.counts[f"{self.name}_failed"] += 1
        _logger.error("job %s failed: %s", self.name, type(error).__name__)

    def each(self, due: sa.Select[Any], act: Callable[[str], bool], later: sa.Update) -> int:
        """Let `act` do what is due, one id after the other; return how many it did.

        Args:
            due: selects the ids.
            act: returns False where there was nothing to do any more.
            later: the statement that leaves what failed alone for a while, for all that is due.
        """
        done = 0
        for row_id in self.ids(due.limit(BATCH)):
            is_done = self.attempt(lambda row_id=row_id: act(row_id))  # type: ignore[misc]
            done += bool(is_done)
            if is_done is None:
                self.put_off(later.where(later.table.c.id == row_id))
        return done

    def each_left(self, due: sa.Select[Any], act: Callable[[str], bool]) -> int:
        """Let `act` do what is due as `each` does; what failed is left to the next run.

        However much fails, this run goes on to what is due behind it.
        """
        if self.counts[f"{self.name}_failed"]:
            return 0
        done = 0
        tried: set[str] = set()
        while fresh := [i for i in self.ids(due.limit(BATCH + len(tried))) if i not in tried]:
            for row_id in fresh[:BATCH]:
                done += bool(self.attempt(lambda row_id=row_id: act(row_id)))  # type: ignore[misc]
            tried.update(fresh[:BATCH])
            if not self.counts[f"{self.name}_failed"]:
                break  # the next round of this run takes up the rest
        return done

    def put_off(self, statement: sa.Update) -> None:
        """Leave what failed alone for a while; the statement says until when."""

        def update() -> None:
            begin_immediate(self.session)
            self.session.execute(statement.execution_options(synchronize_session=False))

        self.attempt(update, weight=0)

    def end_reading(self) -> None:
        """End what the host's adapters began to read in the host's own session.

        A query of theirs that failed would spoil all that follows, and a transaction left open
        would stay so while mail is sent.
        """
        for session in self.borrowed:
            if session.registry.has():
                session.rollback()

    def ids(self, statement: sa.Select[Any]) -> list[str]:
        """Return the ids that are due; each item then gets a transaction of its own."""
        ids: list[str] = list(self.session.scalars(statement))
        rollback(self.session)
        return ids


def idle_sessions(runtime: Runtime) -> list[orm.scoped_session[Any]]:
    """Return the host's sessions, but those in whose transaction somebody is at work already."""
    both = (runtime.storage.session, runtime.host_session)
    found = {id(session): session for session in both if session}
    return [
        session
        for session in found.values()
        if not (session.registry.has() and session().in_transaction())
    ]
