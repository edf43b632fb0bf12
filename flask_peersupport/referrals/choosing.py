"""Actions: what a colleague chooses about one offer to them (P14, P16, P19). No reason is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..errors import InvalidInput, InvalidTransition, NotAllowed
from ..i18n import gettext as _
from ..outbox.actions import drop_waiting
from ..reachouts import notices
from ..reachouts.contacting import close_reach_out, has_spoken, plan_follow_up
from ..reachouts.lifecycle import (
    lock,
    promised_from,
    queue_again,
    release_supporter,
    withdraw_open_request,
)
from ..reachouts.models import ExcludedPerson, ReachOut
from ..reachouts.states import (
    TAKEN,
    ContactChannel,
    DeclinedReason,
    Outcome,
    ReachOutState,
    RequestState,
    WaitingFor,
)
from ..runtime import current_runtime
from ..supporters.models import Supporter
from ..supporters.queries import candidate_person_ids
from ..values import Person, Wish, WishBy
from ..vault.models import PersonRecord
from ..vault.persons import change_phone

#: What a coordinator waits for that comes out differently once the colleague chose otherwise.
_TRIED_AGAIN = frozenset({WaitingFor.NO_SUPPORTER, WaitingFor.BY_TELEPHONE, WaitingFor.OTHER_HOURS})


@dataclass(frozen=True, slots=True)
class OfferPreferences:
    """How a colleague would like to be reached; a phone of None leaves the number as it is."""

    channel: ContactChannel | None
    day_part: str | None
    is_outside: bool
    phone: str | None = None


def change_preferences(
    session: orm.Session,
    reach_out: ReachOut,
    chosen: OfferPreferences,
    *,
    actor: Person,
    now: datetime,
) -> None:
    """Change how, when and by whom the colleague is reached.

    Who is asked, or has it, and comes from the wrong side of the door is thanked, and another is
    asked; who stays is told to look before the call.

    Args:
        session: not committed here.
        reach_out: to the actor.
        chosen: all of it, not only what is new.
        actor: the colleague.
        now: aware.

    Raises:
        InvalidTransition: it is closed.
    """
    reach_out = lock_offer(session, reach_out, ReachOutState.QUEUED)
    involved = reach_out.involved
    is_elsewhere = involved.is_outside != chosen.is_outside
    is_new_phone = chosen.phone is not None and _change_phone(session, reach_out, chosen.phone, now)
    is_new = is_new_phone or (involved.channel, involved.day_part) != (
        chosen.channel,
        chosen.day_part,
    )
    involved.channel = chosen.channel
    involved.day_part = chosen.day_part
    involved.is_outside = chosen.is_outside
    session.flush()
    if not (is_elsewhere or is_new):
        return
    _record(session, "preferences.changed", reach_out, actor, now)
    if is_elsewhere:
        _ask_who_fits(session, reach_out, actor, now)
    if is_new_phone and reach_out.waiting_for is WaitingFor.NOT_REACHED:
        queue_again(session, reach_out, now=now)
    _tell_holder(session, reach_out, now)
    session.flush()


def ask_for_another(
    session: orm.Session, reach_out: ReachOut, *, actor: Person, now: datetime
) -> bool:
    """Ask another supporter than the one who is asked now, or has it; that one never again.

    Returns:
        False where nobody was asked any more: another is looked for already.

    Raises:
        InvalidTransition: it is closed.
    """
    reach_out = lock_offer(session, reach_out, ReachOutState.QUEUED)
    present = _present_supporter(reach_out)
    if present is None:
        return False
    known = sa.select(ExcludedPerson.id).where(
        ExcludedPerson.involved_id == reach_out.involved_id,
        ExcludedPerson.person_id == present.person_id,
    )
    if session.scalar(known) is None:
        session.add(ExcludedPerson(involved_id=reach_out.involved_id, person_id=present.person_id))
    _free(session, reach_out, actor, now)
    session.flush()
    _record(session, "supporter.replaced", reach_out, actor, now)
    return True


def ask_later(
    session: orm.Session, reach_out: ReachOut, days: int, *, actor: Person, now: datetime
) -> None:
    """Say "not now": be contacted again on a day within CONTACT_AGAIN_DAYS (P19).

    Who has it keeps it and is told; without anybody, it waits in the queue for that day.

    Raises:
        InvalidInput: not one of the days on offer.
        InvalidTransition: it is closed.
    """
    settings = current_runtime().settings
    if days not in settings.contact_again_days:
        message = _("Choose when we may ask you again.")
        raise InvalidInput(message, {"days": message})
    reach_out = lock_offer(session, reach_out, ReachOutState.FOLLOW_UP)
    on = now.astimezone(settings.timezone).date() + timedelta(days=days)
    if reach_out.state in TAKEN:
        is_first = not has_spoken(reach_out)
        plan_follow_up(session, reach_out, on, is_asked_again=is_first, actor=actor, now=now)
        reach_out.contact_due_at = None
        _tell_holder(session, reach_out, now)
        session.flush()
        return
    withdraw_open_request(session, reach_out, now=now)
    reach_out.follow_up_on = on
    reach_out.is_asked_again = True
    tried_again = _TRIED_AGAIN | {WaitingFor.NOT_REACHED}
    if reach_out.state is ReachOutState.ASKING or reach_out.waiting_for in tried_again:
        queue_again(session, reach_out, now=now)
    else:  # in the queue, or with the coordinators, who are reminded on that day
        reach_out.due_at = reach_out.urgent_at = promised_from(reach_out)
    drop_waiting(session, "attention", reach_out.id)
    session.flush()
    _record(session, "follow_up.planned", reach_out, actor, now)


def decline(
    session: orm.Session,
    reach_out: ReachOut,
    reason: DeclinedReason | None,
    *,
    actor: Person,
    now: datetime,
) -> None:
    """Say "no, thank you"; after a conversation that is simply its end.

    It becomes their own no, so that nothing that comes in later about the same asks again.

    Raises:
        InvalidTransition: it is closed.
    """
    say_no(session, lock_offer(session, reach_out, ReachOutState.CLOSED), reason, actor, now)


def say_no(
    session: orm.Session,
    reach_out: ReachOut,
    reason: DeclinedReason | None,
    actor: Person,
    now: datetime,
) -> None:
    """Close an open, locked offer at the colleague's own word."""
    reach_out.involved.wish, reach_out.involved.wish_by = Wish.NO, WishBy.OWN
    outcome = Outcome.SUPPORTED if has_spoken(reach_out) else Outcome.DECLINED
    close_reach_out(session, reach_out, outcome, reason=reason, actor=actor, now=now)


def lock_offer(session: orm.Session, reach_out: ReachOut, target: ReachOutState) -> ReachOut:
    """Return an offer, locked and read anew, if it is open and still to the same person.

    Raises:
        InvalidTransition: it is closed.
        NotAllowed: its colleague was erased meanwhile.
    """
    reach_out = lock_of_colleague(session, reach_out)
    if reach_out.state is ReachOutState.CLOSED:
        raise InvalidTransition(reach_out.state, target, ())
    return reach_out


def lock_of_colleague(session: orm.Session, reach_out: ReachOut) -> ReachOut:
    """Return an offer, open or not, locked and read anew, if it is still to the same person.

    Raises:
        NotAllowed: its colleague was erased meanwhile.
    """
    person_id = reach_out.involved.person_id
    reach_out = lock(session, ReachOut, reach_out.id)
    session.refresh(reach_out.involved, with_for_update=True)
    if person_id is None or reach_out.involved.person_id != person_id:
        raise NotAllowed
    return reach_out


def _change_phone(session: orm.Session, reach_out: ReachOut, phone: str, now: datetime) -> bool:
    """Change the number the colleague is called on; a supporter's own, in the lists, stays."""
    person_id = reach_out.involved.person_id
    row = session.get(PersonRecord, person_id, with_for_update=True, populate_existing=True)
    if row is None or row.person.phone == phone or candidate_person_ids(session, [person_id]):
        return False
    change_phone(row, phone, now)
    return True


def _present_supporter(reach_out: ReachOut) -> Supporter | None:
    asked = (r.supporter for r in reach_out.requests if r.state is RequestState.ASKED)
    return reach_out.supporter or next(asked, None)


def _ask_who_fits(session: orm.Session, reach_out: ReachOut, actor: Person, now: datetime) -> None:
    """Let somebody from outside, or from inside, be asked in the place of who is not."""
    present = _present_supporter(reach_out)
    if present is not None:
        if present.is_external != reach_out.involved.is_outside:
            _free(session, reach_out, actor, now)
    elif reach_out.waiting_for in _TRIED_AGAIN:
        queue_again(session, reach_out, now=now)
    elif reach_out.state is ReachOutState.QUEUED:
        pause = current_runtime().settings.ask_after or timedelta(0)
        reach_out.due_at = max(now, promised_from(reach_out), reach_out.created_at + pause)


def _free(session: orm.Session, reach_out: ReachOut, actor: Person, now: datetime) -> None:
    """Thank who is asked, or has it, and return the offer to the queue."""
    withdraw_open_request(session, reach_out, now=now)
    release_supporter(session, reach_out, actor=actor, now=now)
    queue_again(session, reach_out, now=now)


def _tell_holder(session: orm.Session, reach_out: ReachOut, now: datetime) -> None:
    """Tell who has it to look before the call: the colleague chose something else."""
    if reach_out.state in TAKEN and reach_out.supporter is not None:
        notices.tell_supporter(session, "offer_changed", reach_out.supporter, reach_out, now=now)


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
