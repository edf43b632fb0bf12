"""What a supporter notes on the call card, read out of a posted form: one function a form.

Each returns the sentence that the page then says. Nothing is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import orm

from ..errors import InvalidInput
from ..i18n import gettext as _
from ..resources.states import ResourceKind
from ..values import Person
from . import call_me, contacting
from .models import ReachOut
from .remarks import note_remark
from .states import (
    ContactChannel,
    ContactKind,
    ContactOutcome,
    DeclinedReason,
    Outcome,
    RemarkCode,
)

#: The fields of a form, by name.
Form = Mapping[str, str]
#: Given the session, the reach-out, the form, who notes it, and the instant.
Noting = Callable[[orm.Session, ReachOut, Form, Person, datetime], str]

Code = TypeVar("Code", bound=StrEnum)


def read_code(form: Form, field: str, codes: type[Code]) -> Code | None:
    """Return the code that a field holds; None where it is none of `codes`."""
    text = form.get(field, "")
    return codes(text) if text in [code.value for code in codes] else None


def read_day(form: Form, field: str) -> date | None:
    """Return the day that a field holds, or None."""
    try:
        return date.fromisoformat(form.get(field, ""))
    except ValueError:
        return None


def note_contact(
    session: orm.Session, reach_out: ReachOut, form: Form, actor: Person, now: datetime
) -> str:
    """Note that a contact, or an attempt, took place.

    Raises:
        InvalidInput: something is missing, or cannot be right.
        InvalidTransition: nobody has the reach-out.
    """
    channel = read_code(form, "channel", ContactChannel)
    kind = read_code(form, "kind", ContactKind)
    outcome = read_code(form, "outcome", ContactOutcome)
    day = read_day(form, "happened_on")
    if channel is None or kind is None or outcome is None or day is None:
        raise InvalidInput(_("Fill in the day, how, what for, and how it ended."))
    contacting.note_contact(
        session,
        reach_out,
        happened_on=day,
        channel=channel,
        kind=kind,
        outcome=outcome,
        reason=read_code(form, "reason", DeclinedReason) or DeclinedReason.NO_NEED,
        actor=actor,
        now=now,
    )
    return _("Noted. Only that there was contact, not what was said.")


def plan_follow_up(
    session: orm.Session, reach_out: ReachOut, form: Form, actor: Person, now: datetime
) -> str:
    """Plan a follow-up, or the day to ask again.

    Raises:
        InvalidInput: there is no such day, or it cannot be.
        InvalidTransition: nobody has the reach-out.
    """
    day = read_day(form, "on")
    if day is None:
        raise InvalidInput(_("Choose a day."))
    is_asked_again = bool(form.get("is_asked_again"))
    contacting.plan_follow_up(
        session, reach_out, day, is_asked_again=is_asked_again, actor=actor, now=now
    )
    return _("Planned. We remind you that day.")


def postpone(
    session: orm.Session, reach_out: ReachOut, form: Form, actor: Person, now: datetime
) -> str:
    """Be reminded later.

    Raises:
        InvalidInput: there is no such moment.
        InvalidTransition: nobody has the reach-out.
    """
    contacting.postpone(session, reach_out, form.get("option", ""), actor=actor, now=now)
    return _("We remind you.")


def close(
    session: orm.Session, reach_out: ReachOut, form: Form, actor: Person, now: datetime
) -> str:
    """End a reach-out as the supporter who has it may.

    Raises:
        InvalidInput: the outcome or what it needs is missing, or only a coordinator's.
        InvalidTransition: nobody has the reach-out.
    """
    end = read_end(form)
    is_closed = contacting.close_as_supporter(
        session,
        reach_out,
        end.outcome,
        reason=end.reason,
        referred_to=end.referred_to,
        actor=actor,
        now=now,
    )
    if is_closed:
        return _("Closed. Thank you.")
    return _("No attempt was noted, so the coordinators take it from here.")


@dataclass(frozen=True, slots=True)
class End:
    """How a reach-out ended, as it was filled in.

    Attributes:
        outcome: the code.
        reason: why, where no support was wanted.
        referred_to: to what kind of help, where it ended so (P22); never to whom.
    """

    outcome: Outcome
    reason: DeclinedReason | None
    referred_to: ResourceKind | None


def read_end(form: Form) -> End:
    """Return how a reach-out ended.

    Raises:
        InvalidInput: something is missing, or no code.
    """
    outcome = read_code(form, "outcome", Outcome)
    reason = read_code(form, "reason", DeclinedReason)
    referred_to = read_code(form, "referred_to", ResourceKind)
    if outcome is None or (outcome is Outcome.DECLINED and reason is None):
        raise InvalidInput(_("Choose how it ended, and why where no support was wanted."))
    if outcome is Outcome.REFERRED and referred_to is None:
        message = _("Choose to what kind of help you referred. Only the kind is kept, no name.")
        raise InvalidInput(message, {"referred_to": message})
    return End(outcome, reason, referred_to)


def typed_end(form: Form, action: str, error: str | None) -> Form:
    """Return what was filled in about the end where that was wrong, to be shown again."""
    return form if error and action.rpartition("/")[2] == "close" else {}


def count_remark(
    session: orm.Session, reach_out: ReachOut, form: Form, actor: Person, now: datetime
) -> str:
    """Count what went less well, for the next follow-up meeting; no trace leads back here (P32).

    Raises:
        InvalidInput: nothing was chosen.
    """
    code = read_code(form, "code", RemarkCode)
    if code is None:
        raise InvalidInput(_("Choose one."))
    note_remark(session, code)
    return _("Thank you. Noted as one more count, without names.")


def ask_for_call(
    session: orm.Session, reach_out: ReachOut, form: Form, actor: Person, now: datetime
) -> str:
    """Ask to be called by a coordinator; nothing is said about why.

    Raises:
        InvalidTransition: nobody has the reach-out.
    """
    if call_me.ask_for_call(session, reach_out, actor=actor, now=now):
        return _("The coordinators have been told. One of them calls you.")
    return _("The coordinators know that you wait for a call.")


def hand_back(
    session: orm.Session, reach_out: ReachOut, form: Form, actor: Person, now: datetime
) -> str:
    """Give a reach-out back; another supporter is asked.

    Raises:
        InvalidTransition: nobody has the reach-out.
    """
    contacting.hand_back(session, reach_out, actor=actor, now=now)
    return _("Handed back. Someone else is asked at once.")
