"""Whether somebody does the work that is due."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..clock import utc_now
from ..config import PREFIX
from ..db import database_now
from ..heartbeat.beats import SILENT_AFTER, living_workers
from ..intake.models import IntakeRecord
from ..outbox.models import Message
from ..reachouts.chasing import CHASED
from ..reachouts.models import ReachOut, SupportRequest
from ..reachouts.states import ReachOutState, RequestState
from ..runtime import Runtime
from .findings import Findings, fault, listed, ok, warning

_MINUTES = int(SILENT_AFTER / timedelta(minutes=1))


def look_at_workers(runtime: Runtime) -> Findings:
    """Look whether a worker beats, and whether work waits that is long due."""
    kind = runtime.settings.worker
    if kind not in ("embedded", "separate"):
        return
    with runtime.storage.work() as session:
        machines = [row.machine for row in living_workers(session, now=database_now(session))]
        late = _late_work(session, utc_now() - SILENT_AFTER)
    if machines and late:
        yield warning(
            f"Work waits that was due more than {_MINUTES} minutes ago ({late}), although a worker"
            " is there.",
            "Look in the log of the worker for what fails.",
        )
    elif machines:
        yield ok(f"Living workers: {len(machines)}, on {listed(machines)}.")
    else:
        waits = f" and work waits ({late})" if late else ""
        level = fault if late else warning
        sentence, remedy = _ABSENT[kind]
        yield level(f"{sentence}{waits}.", remedy)


def _late_work(session: orm.Session, instant: datetime) -> int:
    """Return how many items were due before `instant` and still wait."""
    is_late = (
        (IntakeRecord.due_at < instant) & IntakeRecord.is_confirmed.is_(True),
        (ReachOut.due_at < instant) & ReachOut.state.in_((ReachOutState.QUEUED, *CHASED)),
        (SupportRequest.answer_due_at < instant) & (SupportRequest.state == RequestState.ASKED),
        Message.due_at < instant,
    )
    counts = (session.scalar(sa.select(sa.func.count()).where(late)) or 0 for late in is_late)
    return sum(counts)


#: What it means that no worker beats, by the setting, and what to do.
_ABSENT = {
    "embedded": (
        f"No embedded worker was seen in the last {_MINUTES} minutes: it starts with the first"
        " request of a server process, and an idle server has none",
        f'On a server that is idle at times, set {PREFIX}WORKER to "separate" and keep'
        " flask peersupport worker running as a service.",
    ),
    "separate": (
        f"No worker was seen in the last {_MINUTES} minutes",
        "Keep flask peersupport worker running as a service, or have cron run"
        " flask peersupport run-due every minute: that is not seen here.",
    ),
}
