"""Actions: a reach-out never goes silent (P21). Reminders, then the coordinators."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from .. import signals
from ..audit import record
from ..runtime import current_runtime
from . import notices
from .lifecycle import DECISION_REMINDER, QUIET_REMINDER, lock
from .models import ReachOut
from .states import TAKEN, ReachOutState


def chase(session: orm.Session, reach_out: ReachOut, *, now: datetime) -> bool:
    """Remind whoever has to act on a reach-out that is due.

    Returns:
        False where nothing is due any more.
    """
    reach_out = lock(session, ReachOut, reach_out.id)
    if reach_out.due_at is None or reach_out.due_at > now:
        return False
    match reach_out.state:
        case ReachOutState.ACCEPTED:
            _chase_first_contact(session, reach_out, now)
        case ReachOutState.FOLLOW_UP:
            _chase_follow_up(session, reach_out, now)
        case ReachOutState.IN_CONTACT:
            _chase_quiet(session, reach_out, now)
        case ReachOutState.NEEDS_COORDINATOR:
            notices.tell_coordinators(session, "attention", reach_out, now=now)
            reach_out.due_at = now + DECISION_REMINDER
        case _:
            return False
    session.flush()
    return True


def _chase_first_contact(session: orm.Session, reach_out: ReachOut, now: datetime) -> None:
    if reach_out.contact_due_at is not None and now < reach_out.contact_due_at:
        _remind(session, "contact_reminder", reach_out, now)
        reach_out.due_at = reach_out.contact_due_at
    else:
        _overdue(session, "contact_reminder", reach_out, now)


def _chase_follow_up(session: orm.Session, reach_out: ReachOut, now: datetime) -> None:
    if reach_out.reminded_at is None:
        _remind(session, "follow_up_due", reach_out, now)
        reach_out.due_at = reach_out.urgent_at = now + current_runtime().settings.contact_within
    else:
        _overdue(session, "follow_up_due", reach_out, now)


def _chase_quiet(session: orm.Session, reach_out: ReachOut, now: datetime) -> None:
    if reach_out.reminded_at is None:
        _remind(session, "follow_up_due", reach_out, now)
        reach_out.due_at = reach_out.urgent_at = now + QUIET_REMINDER
    else:
        _overdue(session, "follow_up_due", reach_out, now)


def _remind(session: orm.Session, template: str, reach_out: ReachOut, now: datetime) -> None:
    if reach_out.supporter is not None:
        notices.tell_supporter(session, template, reach_out.supporter, reach_out, now=now)
    reach_out.reminded_at = now


def _overdue(session: orm.Session, template: str, reach_out: ReachOut, now: datetime) -> None:
    """Remind the supporter and tell the coordinators, again and again until something happens."""
    _remind(session, template, reach_out, now)
    notices.tell_coordinators(session, "overdue", reach_out, now=now)
    reach_out.due_at = now + current_runtime().settings.contact_within
    if reach_out.overdue_at is None:
        reach_out.overdue_at = now
        record.record(
            session,
            "reach_out.overdue",
            actor=record.WORKER,
            now=now,
            object_id=reach_out.id,
            subject_id=reach_out.involved.person_id,
        )
        signals.remember(session.info, signals.reach_out_overdue, reach_out_id=reach_out.id)


#: States in which `chase` has something to do.
CHASED = TAKEN | {ReachOutState.NEEDS_COORDINATOR}
