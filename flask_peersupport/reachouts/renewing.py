"""Beginning a new reach-out after one that has ended, for whichever reason."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import new_id
from ..values import Person, Wish, WishBy
from .models import ExcludedPerson, InvolvedRecord, ReachOut
from .opening import open_reach_out, waits_for, wants_nothing
from .sentences import OPENED_LINK
from .states import Origin, ReachOutState, WaitingFor

#: What a colleague chose the first time holds the second time too.
_KEPT = (
    *("is_outside", "department", "profession", "discipline", "seniority"),
    *("wanted_profession", "channel", "day_part"),
)


def open_anew(
    session: orm.Session,
    earlier: ReachOut,
    origin: Origin,
    wish: tuple[Wish, WishBy],
    *,
    actor: Person | str,
    now: datetime,
    waiting_for: WaitingFor | None = None,
) -> ReachOut | None:
    """Begin a new reach-out after one that has ended; its supporter is asked first (P20).

    It belongs to no report: within a report a colleague is named once.

    Args:
        session: flushed, not committed, here.
        earlier: locked by the caller; closed, and of a colleague who was not erased.
        origin: where the name comes from this time.
        wish: this time's, and whose answer it is.
        actor: whose doing it is, for the audit trail.
        now: aware.
        waiting_for: what a coordinator has to decide first; default: see `waits_for`.

    Returns:
        None where another is open after this one, or the colleague never again wants to be asked.
    """
    # a locking read: of two presses at once, the second sees what the first made
    same = sa.select(ReachOut.id).where(
        ReachOut.earlier_id == earlier.id, ReachOut.state != ReachOutState.CLOSED
    )
    if session.scalars(same.with_for_update()).first() is not None:
        return None
    before = earlier.involved
    involved = InvolvedRecord(
        id=new_id(),
        report_id=None,
        earlier_report_id=before.report_id or before.earlier_report_id,
        person_id=before.person_id,
        wish=wish[0],
        wish_by=wish[1],
        # what was opened or handed over belongs to that time alone
        flags=tuple(flag for flag in before.flags or () if flag != OPENED_LINK),
        **{name: getattr(before, name) for name in _KEPT},
    )
    if wants_nothing(session, involved, now):
        return None
    session.add(involved)
    session.flush()
    unwanted = sa.select(ExcludedPerson.person_id).where(ExcludedPerson.involved_id == before.id)
    for person_id in session.scalars(unwanted).all():
        session.add(ExcludedPerson(involved_id=involved.id, person_id=person_id))
    session.flush()
    return open_reach_out(
        session,
        involved,
        origin,
        waiting_for=waiting_for or waits_for(session, involved),
        actor=actor,
        now=now,
        earlier=earlier,
    )


def last_of(session: orm.Session, first: ReachOut) -> ReachOut:
    """Return the last reach-out that followed a first one: the open one, if any."""
    after, found = [first], [first]
    while after:
        following = sa.select(ReachOut).where(ReachOut.earlier_id.in_([row.id for row in after]))
        after = list(session.scalars(following))
        found += after
    return max(found, key=lambda row: (row.state is not ReachOutState.CLOSED, row.created_at))
