"""Actions: what a supporter notes. A date, a channel, a kind and an outcome; no text (P18)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import orm

from .. import signals
from ..audit import record
from ..db import new_id
from ..errors import InvalidInput, InvalidTransition, NotAllowed
from ..i18n import gettext as _
from ..resources.states import ResourceKind
from ..runtime import current_runtime
from ..supporters.models import Supporter
from ..values import Person
from . import notices
from .deadlines import reminder_at
from .erasing import erase_colleague
from .lifecycle import (
    QUIET_REMINDER,
    lock,
    move,
    queue_again,
    release_supporter,
    tell_holder,
    wait_for,
    withdraw_open_request,
)
from .models import Contact, ReachOut
from .states import (
    TAKEN,
    ContactChannel,
    ContactKind,
    ContactOutcome,
    DeclinedReason,
    Outcome,
    ReachOutState,
    WaitingFor,
)

#: After so many vain attempts a coordinator decides (P21).
MAX_VAIN_ATTEMPTS = 3
MAX_FOLLOW_UP_DAYS = 90
#: What a supporter who presses "later" can choose.
LATER = ("two_hours", "this_evening", "tomorrow")


def note_contact(
    session: orm.Session,
    reach_out: ReachOut,
    *,
    happened_on: date,
    channel: ContactChannel,
    kind: ContactKind,
    outcome: ContactOutcome,
    reason: DeclinedReason = DeclinedReason.NO_NEED,
    actor: Person,
    now: datetime,
) -> Contact:
    """Note that a contact, or an attempt, took place.

    `reason` says why there was no need, where that is the outcome.

    Raises:
        InvalidInput: the date is in the future or before the reach-out.
        InvalidTransition: nobody has the reach-out.
    """
    reach_out = _taken(session, reach_out, ReachOutState.IN_CONTACT)
    zone = current_runtime().settings.timezone
    if happened_on > now.astimezone(zone).date():
        raise InvalidInput(
            _("That date is still to come."), {"happened_on": _("Choose today or earlier.")}
        )
    if happened_on < reach_out.created_at.astimezone(zone).date():
        raise InvalidInput(
            _("That date is before the reach-out began."),
            {"happened_on": _("Choose a later date.")},
        )
    contact = Contact(
        id=new_id(),
        supporter_id=reach_out.supporter_id,
        happened_on=happened_on,
        channel=channel,
        kind=kind,
        outcome=outcome,
        noted_at=now,
    )
    reach_out.contacts.append(contact)
    if outcome is ContactOutcome.NOT_REACHED:
        _try_again(session, reach_out, actor, now)
    else:
        reach_out.contacted_at = reach_out.contacted_at or now
        reach_out.contact_due_at = None
        reach_out.overdue_at = None
        reach_out.reminded_at = None
        _settle(reach_out, now)
        signals.remember(session.info, signals.reach_out_contacted, reach_out_id=reach_out.id)
    session.flush()
    _record(session, "contact.noted", reach_out, actor, now, outcome)
    if outcome in (ContactOutcome.NO_NEED, ContactOutcome.NO_FURTHER_CONTACT):
        ended = Outcome.SUPPORTED if has_spoken(reach_out) else Outcome.DECLINED
        why = reason if outcome is ContactOutcome.NO_NEED else None
        close_reach_out(session, reach_out, ended, reason=why, actor=actor, now=now)
    elif outcome is ContactOutcome.CONTACT_AGAIN:
        first, last = current_runtime().settings.contact_again_days
        on = now.astimezone(zone).date() + timedelta(days=(first + last) // 2)
        plan_follow_up(session, reach_out, on, is_asked_again=True, actor=actor, now=now)
    return contact


def has_spoken(reach_out: ReachOut) -> bool:
    """Return whether there was at least one conversation: the offer was taken up."""
    spoken = (ContactOutcome.CONVERSATION, ContactOutcome.REFERRED)
    return any(contact.outcome in spoken for contact in reach_out.contacts)


def plan_follow_up(
    session: orm.Session,
    reach_out: ReachOut,
    on: date,
    *,
    is_asked_again: bool,
    actor: Person,
    now: datetime,
) -> None:
    """Plan a next conversation, or the day to ask again whoever declined at first (P19).

    Raises:
        InvalidInput: the day is not to come, or too far away.
        InvalidTransition: nobody has the reach-out.
    """
    reach_out = _taken(session, reach_out, ReachOutState.FOLLOW_UP)
    settings = current_runtime().settings
    days = (on - now.astimezone(settings.timezone).date()).days
    first, last = settings.contact_again_days if is_asked_again else (1, MAX_FOLLOW_UP_DAYS)
    if not first <= days <= last:
        message = _(
            "Choose a day from %(first)s to %(last)s days from now.", first=first, last=last
        )
        raise InvalidInput(message, {"on": message})
    opening = datetime.combine(on, time(settings.reachable_hours[0]), settings.timezone)
    if reach_out.state is ReachOutState.FOLLOW_UP:
        reach_out.due_at = reach_out.urgent_at = opening
    else:
        move(reach_out, ReachOutState.FOLLOW_UP, now=now, due_at=opening)
    reach_out.follow_up_on = on
    reach_out.is_asked_again = is_asked_again
    reach_out.reminded_at = None
    reach_out.overdue_at = None
    session.flush()
    _record(session, "follow_up.planned", reach_out, actor, now, None)


def postpone(
    session: orm.Session, reach_out: ReachOut, option: str, *, actor: Person, now: datetime
) -> datetime:
    """Remind the supporter later; the promise of the first contact, while it holds, stays.

    Returns:
        when the reminder comes.

    Raises:
        InvalidInput: there is no such option.
    """
    reach_out = _taken(session, reach_out, ReachOutState.IN_CONTACT)
    if option not in LATER:
        raise InvalidInput(_("Choose when you would like to be reminded."))
    zone = current_runtime().settings.timezone
    local = now.astimezone(zone)
    evening = datetime.combine(local.date(), time(19), zone)
    morning = datetime.combine(local.date() + timedelta(days=1), time(9), zone)
    moment = {
        "two_hours": now + timedelta(hours=2),
        "this_evening": evening if evening > now else morning,
        "tomorrow": morning,
    }[option]
    promised = reach_out.contact_due_at
    if reach_out.state is ReachOutState.ACCEPTED and promised is not None and promised > now:
        moment = min(moment, promised)
    reach_out.due_at = moment
    reach_out.reminded_at = None
    session.flush()
    _record(session, "contact.postponed", reach_out, actor, now, option)
    return moment


def hand_back(session: orm.Session, reach_out: ReachOut, *, actor: Person, now: datetime) -> None:
    """Give a reach-out back; another supporter is asked at once, or on the day agreed on (P19).

    Raises:
        InvalidTransition: nobody has it.
    """
    reach_out = _taken(session, reach_out, ReachOutState.QUEUED)
    release_supporter(session, reach_out, actor=actor, now=now)
    queue_again(session, reach_out, now=now)
    session.flush()
    _record(session, "reach_out.handed_back", reach_out, actor, now, None)


def close_as_supporter(
    session: orm.Session,
    reach_out: ReachOut,
    outcome: Outcome,
    *,
    reason: DeclinedReason | None,
    referred_to: ResourceKind | None = None,
    actor: Person,
    now: datetime,
) -> bool:
    """End a reach-out as the supporter who has it may.

    Who was not reached, without an attempt that was noted, is left to the coordinators (P21).

    Returns:
        False where it went to the coordinators.

    Raises:
        InvalidInput: only a coordinator withdraws an offer.
        InvalidTransition: nobody has it.
    """
    reach_out = _taken(session, reach_out, ReachOutState.CLOSED)
    if outcome is Outcome.WITHDRAWN:
        message = _("Only a coordinator withdraws an offer. Choose another end, or hand it back.")
        raise InvalidInput(message, {"outcome": message})
    if outcome is Outcome.NOT_REACHED and not _own_vain_attempts(reach_out):
        _leave_to_coordinators(session, reach_out, actor, now)
        session.flush()
        _record(session, "reach_out.not_reached", reach_out, actor, now, None)
        return False
    close_reach_out(
        session,
        reach_out,
        outcome,
        reason=reason,
        referred_to=referred_to,
        actor=actor,
        now=now,
    )
    return True


def close_reach_out(
    session: orm.Session,
    reach_out: ReachOut,
    outcome: Outcome,
    *,
    reason: DeclinedReason | None,
    referred_to: ResourceKind | None = None,
    actor: Person | str,
    now: datetime,
) -> None:
    """End a reach-out, wherever it stands; the wrong person called is erased at once (P1).

    `reason` is kept where no support was wanted, `referred_to` where it led to other help (P22).

    Raises:
        InvalidTransition: it is closed already.
    """
    reach_out = lock(session, ReachOut, reach_out.id)
    withdraw_open_request(session, reach_out, now=now)
    closed_by = reach_out.supporter
    if closed_by is not None:
        tell_holder(session, reach_out, actor=actor, now=now)
        supporter = lock(session, Supporter, closed_by.id)
        supporter.open_count = max(0, supporter.open_count - 1)
    move(reach_out, ReachOutState.CLOSED, now=now, due_at=None)
    reach_out.outcome = outcome
    reach_out.reason = reason if outcome is Outcome.DECLINED else None
    reach_out.referred_to = referred_to if outcome is Outcome.REFERRED else None
    reach_out.closed_at = now
    session.flush()
    _record(session, "reach_out.closed", reach_out, actor, now, outcome)
    if outcome is Outcome.NOT_INVOLVED:
        erase_colleague(session, reach_out.involved)
    signals.remember(
        session.info, signals.reach_out_closed, reach_out_id=reach_out.id, outcome=outcome.value
    )


def _taken(session: orm.Session, reach_out: ReachOut, target: ReachOutState) -> ReachOut:
    """Return the reach-out, locked, if a supporter has it."""
    reach_out = lock(session, ReachOut, reach_out.id)
    if reach_out.state not in TAKEN:
        raise InvalidTransition(reach_out.state, target, ())
    if reach_out.supporter_id is None:
        raise NotAllowed
    return reach_out


def _settle(reach_out: ReachOut, now: datetime) -> None:
    quiet = now + QUIET_REMINDER
    if reach_out.state is ReachOutState.IN_CONTACT:
        reach_out.due_at = reach_out.urgent_at = quiet
    else:
        move(reach_out, ReachOutState.IN_CONTACT, now=now, due_at=quiet)
    reach_out.follow_up_on = None
    reach_out.is_asked_again = False


def _own_vain_attempts(reach_out: ReachOut) -> int:
    """Return how often the present supporter tried in vain."""
    return sum(
        contact.outcome is ContactOutcome.NOT_REACHED
        and contact.supporter_id == reach_out.supporter_id
        for contact in reach_out.contacts
    )


def _leave_to_coordinators(
    session: orm.Session, reach_out: ReachOut, actor: Person, now: datetime
) -> None:
    release_supporter(session, reach_out, actor=actor, now=now)
    wait_for(reach_out, WaitingFor.NOT_REACHED, now=now)
    session.flush()
    notices.tell_coordinators(session, "attention", reach_out, now=now)


def _try_again(session: orm.Session, reach_out: ReachOut, actor: Person, now: datetime) -> None:
    """After a vain attempt the time for contact starts anew; after several others decide."""
    if _own_vain_attempts(reach_out) >= MAX_VAIN_ATTEMPTS and not has_spoken(reach_out):
        _leave_to_coordinators(session, reach_out, actor, now)
        return
    settings = current_runtime().settings
    within = settings.contact_within
    if reach_out.state is ReachOutState.ACCEPTED:
        reach_out.contact_due_at = now + within
    reach_out.urgent_at = now + within
    reach_out.due_at = reminder_at(now, within, settings.reachable_hours, settings.timezone)
    reach_out.reminded_at = None
    reach_out.overdue_at = None


def _record(
    session: orm.Session,
    action: str,
    reach_out: ReachOut,
    actor: Person | str,
    now: datetime,
    detail: str | None,
) -> None:
    record.record(
        session,
        action,
        actor=actor,
        now=now,
        object_id=reach_out.id,
        subject_id=reach_out.involved.person_id,
        detail=detail,
    )
