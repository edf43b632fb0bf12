"""Actions: a concern is raised, brought up again, and decided on (P4)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.actor import Actor
from ..audit import record
from ..db import begin_immediate, new_id
from ..errors import InvalidInput, PeerSupportError, TooLate
from ..i18n import gettext as _
from ..outbox.models import Message
from ..reachouts.erasing import erase_unneeded
from ..reachouts.models import ReachOut
from ..reachouts.opening import open_reach_out
from ..reachouts.queries import said_never_again
from ..reachouts.states import Origin
from ..runtime import current_runtime
from ..values import Person, Wish, WishBy
from ..vault.models import PersonRecord
from ..vault.persons import find_person_ids, is_same_person, store_person
from ..vault.seal import plain_name
from . import concern_rules as rules
from .concern_queries import open_reach_outs_about
from .involving import decision_for, involve
from .mails import CONCERN_DUE, CONCERN_RAISED, tell_of_concern
from .models import Concern
from .states import UNDECIDED, ConcernState


class TooMany(PeerSupportError):
    """Somebody raised as many concerns in a day as the programme takes in: they may call."""


def raise_concern(
    session: orm.Session,
    about: Person,
    *,
    may_be_told: bool,
    actor: Person,
    now: datetime,
) -> None:
    """Take a concern in, and tell the coordinators.

    The same colleague again, while nothing is decided, is the same concern; the sender's last word
    on what the colleague may hear counts. Nothing that the sender sees differs.

    Args:
        session: the sender's turn was taken (see `turns`); not committed here.
        about: who, from the host's directory or as the sender typed it.
        may_be_told: whether they may hear that a colleague thought of them.
        actor: the sender.
        now: aware.

    Raises:
        TooMany: that was enough for a day.
    """
    sender_ids = find_person_ids(session, actor, now)
    since = now - rules.A_DAY
    recent = sa.select(sa.func.count(Concern.id)).where(
        Concern.sender_id.in_(sender_ids), Concern.made_at > since
    )
    if (session.scalar(recent) or 0) >= rules.MOST_A_DAY:
        raise TooMany
    same = _same_concern(session, about, sender_ids)
    if same is not None:
        same.may_be_told = may_be_told
        session.flush()
        return
    # what either told us of themself, a number to be reached at for one, is not written over
    sender = store_person(session, actor, now=now, is_typed=True)
    concern = Concern(
        id=new_id(),
        about_id=store_person(session, about, now=now, is_typed=True).id,
        sender_id=sender.id,
        may_be_told=may_be_told,
        state=ConcernState.OPEN,
        made_at=now,
        changed_at=now,
    )
    session.add(concern)
    session.flush()
    record.record(
        session,
        "concern.raised",
        actor=actor,
        now=now,
        object_id=concern.id,
        subject_id=concern.about_id,
    )
    tell_of_concern(session, CONCERN_RAISED, concern, now=now)


def _same_concern(session: orm.Session, about: Person, sender_ids: list[str]) -> Concern | None:
    """Return the sender's undecided concern about the same colleague."""
    statement = sa.select(Concern).where(
        Concern.sender_id.in_(sender_ids), Concern.state.in_(UNDECIDED)
    )
    undecided = session.scalars(statement.options(orm.selectinload(Concern.about)))
    return next((c for c in undecided if c.about and _is_same(c.about.person, about)), None)


def _is_same(known: Person, about: Person) -> bool:
    """Return whether both are one colleague; who was only typed is known by what was typed."""
    if known.user_id or known.email or about.user_id or about.email:
        return is_same_person(known, about)
    return plain_name(known.name) == plain_name(about.name) and (
        plain_name(known.department or "") == plain_name(about.department or "")
    )


def lock_concern(session: orm.Session, concern_id: str) -> Concern:
    """Return an undecided concern, read anew and locked until the commit.

    Raises:
        TooLate: somebody else has decided on it.
    """
    begin_immediate(session)
    statement = sa.select(Concern).where(Concern.id == concern_id).with_for_update()
    concern = session.scalar(statement.execution_options(populate_existing=True))
    if concern is None or concern.state not in UNDECIDED:
        raise TooLate
    return concern


def move_concern(
    concern: Concern, to: ConcernState, *, now: datetime, due_on: date | None = None
) -> None:
    """Move a locked concern to another state; the one place that does.

    Raises:
        InvalidTransition: the table does not allow it.
    """
    rules.ensure_may_become(concern.state, to)
    concern.state = to
    concern.due_on = due_on
    concern.changed_at = now


def approach(session: orm.Session, concern: Concern, *, actor: Person, now: datetime) -> ReachOut:
    """Offer the colleague support: supporters are asked as after a report.

    Raises:
        InvalidInput: the colleague never wants to be approached.
    """
    about = _about(concern)
    if said_never_again(session, about, now):
        raise InvalidInput(_("This colleague wants not to be approached by the programme."))
    involved = involve(session, about, wish=Wish.ASK, wish_by=WishBy.REPORTER)
    reach_out = open_reach_out(
        session,
        involved,
        Origin.CONCERN,
        waiting_for=decision_for(session, involved),
        actor=actor,
        now=now,
        is_concern_told=concern.may_be_told,
    )
    _decide(session, concern, ConcernState.APPROACHED, actor=actor, now=now)
    return reach_out


def wait_with(
    session: orm.Session, concern: Concern, days: int, *, actor: Person, now: datetime
) -> date:
    """Leave a concern alone for some days; it is then brought up again.

    Returns:
        the day on which it is.

    Raises:
        InvalidInput: so many days cannot be waited.
    """
    if not rules.FEWEST_DAYS <= days <= rules.MOST_DAYS:
        text = _("From 1 to %(most)s days.", most=rules.MOST_DAYS)
        raise InvalidInput(text, {"days": text})
    zone = current_runtime().settings.timezone
    due_on = now.astimezone(zone).date() + timedelta(days=days)
    move_concern(concern, ConcernState.WAITING, now=now, due_on=due_on)
    session.flush()
    _record_decision(session, concern, ConcernState.WAITING, actor=actor, now=now)
    return due_on


def merge(
    session: orm.Session, concern: Concern, reach_out_id: str, *, actor: Actor, now: datetime
) -> None:
    """Join a concern with a reach-out that the same colleague has already.

    Raises:
        InvalidInput: it is none of those that are on offer to this coordinator.
    """
    offered = [row.id for row in open_reach_outs_about(session, actor, concern, now)]
    if reach_out_id not in offered:
        text = _("Choose the reach-out with which to join it.")
        raise InvalidInput(text, {"reach_out_id": text})
    _decide(session, concern, ConcernState.MERGED, actor=actor.person, now=now)


def set_aside(session: orm.Session, concern: Concern, *, actor: Person, now: datetime) -> None:
    """Do nothing more with a concern."""
    _decide(session, concern, ConcernState.SET_ASIDE, actor=actor, now=now)


def bring_up(session: orm.Session, concern_id: str, *, now: datetime) -> bool:
    """Bring a concern up again whose day has come, or on which nobody decided; False: too late."""
    try:
        concern = lock_concern(session, concern_id)
    except TooLate:
        return False
    if concern.state is ConcernState.WAITING:
        move_concern(concern, ConcernState.OPEN, now=now)
    concern.changed_at = now
    session.flush()
    tell_of_concern(session, CONCERN_DUE, concern, now=now)
    return True


def forget_sender(session: orm.Session, concern_id: str) -> bool:
    """Forget who raised a concern that is decided on, a day later; False: done already."""
    begin_immediate(session)
    statement = sa.select(Concern).where(Concern.id == concern_id).with_for_update()
    concern = session.scalar(statement.execution_options(populate_existing=True))
    if concern is None or concern.sender_id is None:
        return False
    sender_id, concern.sender_id = concern.sender_id, None
    session.flush()
    erase_unneeded(session, [sender_id])
    return True


def _about(concern: Concern) -> PersonRecord:
    if concern.about is None:
        raise TooLate
    return concern.about


def _decide(
    session: orm.Session, concern: Concern, to: ConcernState, *, actor: Person, now: datetime
) -> None:
    _record_decision(session, concern, to, actor=actor, now=now)
    end_concern(session, concern, to, now=now)


def _record_decision(
    session: orm.Session, concern: Concern, to: ConcernState, *, actor: Person, now: datetime
) -> None:
    record.record(
        session,
        "concern.decided",
        actor=actor,
        now=now,
        object_id=concern.id,
        subject_id=concern.about_id,
        detail=to.value,
    )


def end_concern(session: orm.Session, concern: Concern, to: ConcernState, *, now: datetime) -> None:
    """End a concern: nothing leads to the colleague any more, nor to the sender after a day.

    The mails about it go too: the list of them would show for good who was left out, as the one
    it is about.

    Args:
        session: not committed here.
        concern: undecided and locked.
        to: how it ends.
        now: aware.
    """
    move_concern(concern, to, now=now)
    forgotten = [concern.about_id]
    concern.about = None
    concern.about_id = None
    if concern.made_at <= now - rules.A_DAY:
        forgotten.append(concern.sender_id)
        concern.sender_id = None
    session.flush()
    # by key: a search would lock every message on MariaDB
    mails = session.scalars(sa.select(Message.id).where(Message.object_id == concern.id)).all()
    session.execute(sa.delete(Message).where(Message.id.in_(mails)))
    erase_unneeded(session, forgotten)
