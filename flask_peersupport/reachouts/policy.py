"""Who may see and do what with one reach-out or request."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from ..access.actor import Actor
from ..access.policy import is_coordinator
from ..supporters.models import Supporter
from .barring import is_barred
from .models import ReachOut, SupportRequest
from .states import TAKEN, RequestState


def can_coordinate(session: orm.Session, actor: Actor, reach_out: ReachOut, now: datetime) -> bool:
    """Coordinators, but those who are involved in the report or bear a name in it."""
    return is_coordinator(actor) and not is_barred(session, actor.person, reach_out, now)


def has_taken(supporter: Supporter | None, reach_out: ReachOut) -> bool:
    """The supporter who accepted, from acceptance to closing (P15)."""
    return (
        supporter is not None
        and reach_out.state in TAKEN
        and reach_out.supporter_id == supporter.id
    )


def is_asked(supporter: Supporter | None, request: SupportRequest) -> bool:
    """The supporter of this request, whatever became of it."""
    return supporter is not None and request.supporter_id == supporter.id


def waits_for_answer(request: SupportRequest, now: datetime) -> bool:
    """While asked, but not after the answer time, the colleague's name may be shown (P15)."""
    return request.state is RequestState.ASKED and request.answer_due_at > now
