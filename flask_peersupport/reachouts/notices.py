"""Telling people: which mail goes to whom when something happened to a reach-out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from ..outbox.actions import enqueue
from ..runtime import current_runtime
from ..supporters.models import Supporter
from .barring import is_barred
from .models import ReachOut, SupportRequest


def tell_coordinators(
    session: orm.Session, template: str, reach_out: ReachOut, *, now: datetime
) -> None:
    """Mail every coordinator who may see the reach-out; nobody: ESCALATION_ADDRESS, no case."""
    is_told = False
    for person in current_runtime().roles.members("coordinator"):
        if not is_barred(session, person, reach_out, now):
            enqueue(session, template, to=person, object_id=reach_out.id, now=now)
            is_told = True
    if not is_told:
        enqueue(session, "escalation", to=None, object_id=None, now=now)


def tell_supporter(
    session: orm.Session,
    template: str,
    supporter: Supporter,
    subject: SupportRequest | ReachOut,
    *,
    now: datetime,
) -> None:
    """Mail a supporter about a request or a reach-out."""
    enqueue(session, template, to=supporter.record, object_id=subject.id, now=now)


def tell_of_stuck_intake(session: orm.Session, *, now: datetime) -> None:
    """Tell the coordinators that a report came in which could not be read."""
    members = current_runtime().roles.members("coordinator")
    for person in members:
        enqueue(session, "intake_stuck", to=person, object_id=None, now=now)
    if not members:
        enqueue(session, "escalation", to=None, object_id=None, now=now)
