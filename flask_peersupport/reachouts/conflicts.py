"""Action: a conflict is declared while the supporter is asked for that colleague, or has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..matching.queries import has_conflict
from ..runtime import current_runtime
from ..supporters.declarations import conflict_marks
from ..supporters.models import Supporter
from ..values import Person
from .lifecycle import close_request, lock, queue_again, release_supporter
from .models import ReachOut, SupportRequest
from .needs import need_of
from .states import TAKEN, ReachOutState, RequestState


@dataclass(frozen=True, slots=True)
class Settled:
    """What a declaration did to what the supporter had: numbers of reach-outs.

    Attributes:
        passed_on: those they were asked for, or had taken without a contact so far: somebody else
            is asked.
        kept: those with contacts. To break off a conversation is the supporter's own decision.
    """

    passed_on: int = 0
    kept: int = 0


def settle_conflicts(
    session: orm.Session, supporter: Supporter, *, actor: Person, now: datetime
) -> Settled:
    """Pass on what a supporter is asked for, or has, although a conflict rules them out (P10).

    To be called when the declaration is committed: who accepts at the same moment either sees it,
    or is seen here.

    Args:
        session: not committed here.
        supporter: who declared a conflict.
        actor: the supporter.
        now: aware.
    """
    passed_on = kept = 0
    for reach_out_id in _concerned(session, supporter):
        reach_out = lock(session, ReachOut, reach_out_id)
        if not has_conflict(session, _marks(session, reach_out, now), supporter.id):
            continue
        asked = [
            request
            for request in reach_out.requests
            if request.supporter_id == supporter.id and request.state is RequestState.ASKED
        ]
        if asked:
            _withdraw(session, asked[0], actor, now)
            passed_on += 1
        elif reach_out.supporter_id == supporter.id and reach_out.state in TAKEN:
            if any(contact.supporter_id == supporter.id for contact in reach_out.contacts):
                kept += 1
                continue
            release_supporter(session, reach_out, actor=actor, now=now)
            queue_again(session, reach_out, now=now)
            _record(session, "reach_out.handed_back", reach_out, reach_out.id, actor, now)
            passed_on += 1
    return Settled(passed_on, kept)


def _concerned(session: orm.Session, supporter: Supporter) -> list[str]:
    """Return the reach-outs that the supporter is asked for or has, in one order for every lock."""
    asked = sa.select(SupportRequest.reach_out_id).where(
        SupportRequest.supporter_id == supporter.id, SupportRequest.state == RequestState.ASKED
    )
    taken = sa.select(ReachOut.id).where(
        ReachOut.supporter_id == supporter.id, ReachOut.state.in_(TAKEN)
    )
    return sorted({*session.scalars(asked), *session.scalars(taken)})


def _marks(session: orm.Session, reach_out: ReachOut, now: datetime) -> Sequence[str]:
    """Return what conflicts are found by; where a department is unknown, by the colleague alone."""
    need = need_of(session, reach_out, now=now, by_day=True)
    if need is not None:
        return need.marks
    return conflict_marks(current_runtime().keys.live(now), reach_out.person, ())


def _withdraw(session: orm.Session, request: SupportRequest, actor: Person, now: datetime) -> None:
    reach_out = request.reach_out
    close_request(session, request, RequestState.WITHDRAWN, now=now)
    if reach_out.state is ReachOutState.ASKING:
        queue_again(session, reach_out, now=now)
    _record(session, "request.withdrawn", reach_out, request.id, actor, now)


def _record(
    session: orm.Session,
    action: str,
    reach_out: ReachOut,
    object_id: str,
    actor: Person,
    now: datetime,
) -> None:
    session.flush()
    subject_id = reach_out.involved.person_id
    record.record(session, action, actor=actor, now=now, object_id=object_id, subject_id=subject_id)
