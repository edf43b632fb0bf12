"""Telling people: which mail goes to whom when something happened to a reach-out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import orm

from ..outbox.actions import enqueue
from ..runtime import current_runtime
from ..supporters.models import Supporter
from ..values import Person
from .barring import is_barred
from .models import ReachOut, SupportRequest


def tell_coordinators(
    session: orm.Session,
    template: str,
    reach_out: ReachOut,
    *,
    now: datetime,
    due_at: datetime | None = None,
) -> None:
    """Mail every coordinator who may see the reach-out; nobody: ESCALATION_ADDRESS, no case."""

    def is_kept_out(person: Person) -> bool:
        return is_barred(session, person, reach_out, now)

    for person in coordinators_to_tell(session, is_kept_out, now=now, due_at=due_at):
        enqueue(session, template, to=person, object_id=reach_out.id, now=now, due_at=due_at)


def coordinators_to_tell(
    session: orm.Session,
    is_kept_out: Callable[[Person], bool],
    *,
    now: datetime,
    due_at: datetime | None = None,
) -> list[Person]:
    """Return the coordinators who are not kept out; nobody: mail ESCALATION_ADDRESS, no case.

    Args:
        session: flushed, not committed, here.
        is_kept_out: says of a coordinator whether they may not know of the case.
        now: aware.
        due_at: when the mail leaves; default: at once.
    """
    members = current_runtime().roles.members("coordinator")
    free = [person for person in members if not is_kept_out(person)]
    if not free:
        enqueue(session, "escalation", to=None, object_id=None, now=now, due_at=due_at)
    return free


def tell_supporter(
    session: orm.Session,
    template: str,
    supporter: Supporter,
    subject: SupportRequest | ReachOut,
    *,
    now: datetime,
) -> None:
    """Mail a supporter about a request or a reach-out.

    The thank-you tells who has no account of no page: what it is about is theirs no more.
    """
    if template == "request_closed" and not supporter.has_account:
        template = "request_closed_outside"
    enqueue(session, template, to=supporter.record, object_id=subject.id, now=now)


def tell_of_stuck_intake(session: orm.Session, *, now: datetime) -> None:
    """Tell the coordinators that a report came in which could not be read."""
    for person in coordinators_to_tell(session, lambda person: False, now=now):
        enqueue(session, "intake_stuck", to=person, object_id=None, now=now)
