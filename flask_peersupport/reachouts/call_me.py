"""Actions: a supporter asks to be called by a coordinator, without a word about why (P17).

The state of the reach-out stays as it is, and the wish outlives it: who hands back or closes may
need the call all the more. It ends when a coordinator has called.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import orm

from ..audit import record
from ..errors import InvalidTransition, NotAllowed
from ..outbox.actions import drop_waiting
from ..runtime import current_runtime
from ..supporters.models import Supporter
from ..values import Person
from . import notices
from .deadlines import answer_due
from .lifecycle import lock
from .models import ReachOut
from .states import TAKEN

CALL_ME = "call_me"
#: After so long, in reachable hours, the coordinators are mailed once more.
MAILED_AGAIN_AFTER = timedelta(hours=1)


def ask_for_call(
    session: orm.Session, reach_out: ReachOut, *, actor: Person, now: datetime
) -> bool:
    """Note that the supporter who has the reach-out would like to be called by a coordinator.

    Returns:
        False where they wait for a call already: nobody is mailed twice.

    Raises:
        InvalidTransition: nobody has the reach-out any more.
        NotAllowed: it has no supporter.
    """
    reach_out = lock(session, ReachOut, reach_out.id)
    if reach_out.state not in TAKEN:
        raise InvalidTransition(reach_out.state, reach_out.state, ())
    if reach_out.supporter is None:
        raise NotAllowed
    waiting = asker_of(reach_out)
    if waiting is not None and waiting.id == reach_out.supporter_id:
        return False
    drop_waiting(session, CALL_ME, reach_out.id)
    reach_out.call_wanted_at = now
    session.flush()
    _record(session, "call.wanted", reach_out, actor, now)
    settings = current_runtime().settings
    hours, zone = settings.reachable_hours, settings.timezone
    again = answer_due(now, MAILED_AGAIN_AFTER, hours, zone, at_night=False)
    notices.tell_coordinators(session, CALL_ME, reach_out, now=now)
    notices.tell_coordinators(session, CALL_ME, reach_out, now=now, due_at=again)
    return True


def note_called(session: orm.Session, reach_out: ReachOut, *, actor: Person, now: datetime) -> None:
    """Note that a coordinator has called; mail that waits finds no wish, and is not sent."""
    reach_out = lock(session, ReachOut, reach_out.id)
    if reach_out.call_wanted_at is None:
        return
    reach_out.call_wanted_at = None
    session.flush()
    _record(session, "call.made", reach_out, actor, now)


def asker_of(reach_out: ReachOut) -> Supporter | None:
    """Return the supporter who waits for a call, also where they have the reach-out no longer.

    It is whoever was asked last before that: while somebody has a reach-out nobody else is asked.
    """
    wanted_at = reach_out.call_wanted_at
    if wanted_at is None:
        return None
    before = [request for request in reach_out.requests if request.asked_at <= wanted_at]
    # by a clock that was set back, the question can come after the wish
    asked = before or reach_out.requests
    last = max(asked, key=lambda request: (request.asked_at, request.id), default=None)
    return last.supporter if last else None


def _record(
    session: orm.Session, action: str, reach_out: ReachOut, actor: Person, now: datetime
) -> None:
    record.record(
        session,
        action,
        actor=actor,
        now=now,
        object_id=reach_out.id,
        subject_id=reach_out.involved.person_id,
    )
