"""Action: a colleague whose offer has ended would like to talk again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from ..errors import InvalidTransition
from ..reachouts.models import ReachOut
from ..reachouts.renewing import open_anew
from ..reachouts.states import Origin, ReachOutState
from ..values import Person, Wish, WishBy
from .choosing import lock_of_colleague


def ask_again(
    session: orm.Session, earlier: ReachOut, *, actor: Person, now: datetime
) -> ReachOut | None:
    """Begin a new offer after one that has ended; its supporter is asked first (P20).

    It belongs to no report: the colleague asks for themself.

    Args:
        session: not committed here.
        earlier: the one that has ended, to the actor.
        actor: the colleague.
        now: aware.

    Returns:
        None where another is open after this one.

    Raises:
        InvalidTransition: the earlier one has not ended.
        NotAllowed: its colleague was erased meanwhile.
    """
    earlier = lock_of_colleague(session, earlier)
    if earlier.state is not ReachOutState.CLOSED:
        raise InvalidTransition(earlier.state, ReachOutState.QUEUED, ())
    return open_anew(session, earlier, Origin.SELF, (Wish.YES, WishBy.OWN), actor=actor, now=now)
