"""What happens to an invitation: sent, sent again, accepted, refused (P24, P26).

Nobody is told by whom, or by how many, somebody was put forward.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from ..errors import InvalidInput, InvalidTransition
from ..i18n import gettext as _
from ..outbox.actions import drop_waiting, enqueue, enqueue_once
from ..values import Person
from .actions import audit_supporter, check_transition, hold_supporter, move_supporter
from .models import Supporter
from .states import SupporterState, next_states

MAIL = "supporter_invited"


def invite_supporter(
    session: orm.Session, supporter: Supporter, *, actor: Person | str, now: datetime
) -> None:
    """Invite somebody who was put forward, or who said no before, to become a supporter.

    Args:
        session: flushed, not committed, here.
        supporter: nominated; or retired without ever having been appointed.
        actor: the coordinator.
        now: aware.

    Raises:
        InvalidTransition: they were invited already, or have been a supporter.
        InvalidInput: there is no e-mail address to invite them by.
    """
    hold_supporter(session, supporter)
    check_transition(supporter, SupporterState.INVITED)
    if supporter.state is SupporterState.TRAINED:  # only a corrected list leads back
        raise _not_to(supporter, SupporterState.INVITED)
    _check_address(supporter)
    move_supporter(session, supporter, SupporterState.INVITED, actor=actor, now=now)
    enqueue(session, MAIL, to=supporter.record, object_id=supporter.id, now=now)


def invite_again(
    session: orm.Session, supporter: Supporter, *, actor: Person | str, now: datetime
) -> None:
    """Send an invitation that was not answered once more; the days of waiting start anew.

    Raises:
        InvalidTransition: it was answered, or is none any more.
        InvalidInput: there is no e-mail address to invite them by.
    """
    _hold_invited(session, supporter, SupporterState.INVITED)
    if supporter.accepted_at is not None:
        raise _not_to(supporter, SupporterState.INVITED)
    _check_address(supporter)
    supporter.invited_at = now
    session.flush()
    audit_supporter(session, supporter, "invitation.repeated", actor, now)
    enqueue_once(session, MAIL, to=supporter.record, object_id=supporter.id, now=now)


def accept_invitation(
    session: orm.Session, supporter: Supporter, *, actor: Person | str, now: datetime
) -> None:
    """Note a yes: by the person themself, or by a coordinator who had it by telephone.

    Who attended a training already is trained from now on. A second yes changes nothing.

    Raises:
        InvalidTransition: there is no invitation any more.
    """
    _hold_invited(session, supporter, SupporterState.TRAINED)
    if supporter.accepted_at is not None:
        return
    supporter.accepted_at = now
    session.flush()
    audit_supporter(session, supporter, "invitation.accepted", actor, now)
    drop_waiting(session, MAIL, supporter.id)
    if supporter.trained_on is not None:
        move_supporter(session, supporter, SupporterState.TRAINED, actor=actor, now=now)


def refuse_invitation(
    session: orm.Session, supporter: Supporter, *, actor: Person | str, now: datetime
) -> None:
    """Note a no, also after a yes: they are retired, and can be invited again another year.

    Raises:
        InvalidTransition: there is no invitation any more.
    """
    _hold_invited(session, supporter, SupporterState.RETIRED)
    move_supporter(session, supporter, SupporterState.RETIRED, actor=actor, now=now)
    supporter.refused_at = now
    session.flush()
    audit_supporter(session, supporter, "invitation.refused", actor, now)
    drop_waiting(session, MAIL, supporter.id)


def _hold_invited(session: orm.Session, supporter: Supporter, towards: SupporterState) -> None:
    hold_supporter(session, supporter)
    if supporter.state is not SupporterState.INVITED:
        raise _not_to(supporter, towards)


def _not_to(supporter: Supporter, state: SupporterState) -> InvalidTransition:
    following = next_states(supporter.state, was_appointed=supporter.appointed_on is not None)
    return InvalidTransition(supporter.state, state, following - {state})


def _check_address(supporter: Supporter) -> None:
    if not supporter.record.person.email:
        raise InvalidInput(
            _(
                "There is no e-mail address to invite this person by. Add them again with their"
                " address, or ask them by telephone and note the answer."
            )
        )
