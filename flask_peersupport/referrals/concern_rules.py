"""What holds for concerns, whoever asks: how many, how long they wait, what may follow (P4)."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

from ..errors import InvalidTransition
from .states import CONCERN_TRANSITIONS, ConcernState

#: So many one person may raise within 24 hours; who has more to say is asked to call.
MOST_A_DAY = 5
A_DAY = timedelta(days=1)
#: For how many days a concern may be left alone before it is brought up again.
FEWEST_DAYS, MOST_DAYS = 1, 14
USUAL_DAYS = 7
#: A concern that nobody has decided on is brought up again, every day.
DECISION_REMINDER = timedelta(days=1)


def ensure_may_become(current: ConcernState, target: ConcernState) -> None:
    """Check that a concern may move from one state to another.

    Raises:
        InvalidTransition: the table does not allow it.
    """
    allowed = CONCERN_TRANSITIONS[current]
    if target not in allowed:
        raise InvalidTransition(current, target, allowed)


def due_through(now: datetime, opens_at: int, zone: tzinfo) -> date:
    """Return the last day that has come: a day begins when coordinators can be reached."""
    local = now.astimezone(zone)
    return local.date() if local.hour >= opens_at else local.date() - A_DAY
