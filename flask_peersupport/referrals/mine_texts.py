"""How an offer reads to the colleague it is made to: where it came from, and what happens next."""

from __future__ import annotations

from datetime import datetime

from ..i18n import format_date, format_weekday_moment, mark
from ..i18n import gettext as _
from ..reachouts.lifecycle import promised_from
from ..reachouts.models import Contact, InvolvedRecord, ReachOut
from ..reachouts.presentation import DAY_PART_LABELS, code_label
from ..reachouts.sentences import OPENED_LINK
from ..reachouts.states import (
    CHANNEL_LABELS,
    DECLINED_REASON_LABELS,
    ContactOutcome,
    DeclinedReason,
    Origin,
    Outcome,
    ReachOutState,
)
from ..resources.states import RESOURCE_KIND_LABELS
from ..runtime import current_runtime, local_date
from ..values import Wish, WishBy

#: Why somebody wants no support, in their own words.
OWN_REASON_LABELS = {
    DeclinedReason.NO_NEED: mark("I do not need it"),
    DeclinedReason.DEPARTMENT_SUPPORT: mark("My own department takes good care of me"),
    DeclinedReason.OTHER_SUPPORT: mark("I have support elsewhere"),
}

_CONTACT_TEXTS = {
    ContactOutcome.NOT_REACHED: mark("you were not reached"),
    ContactOutcome.CONVERSATION: mark("you spoke"),
    ContactOutcome.NO_NEED: mark("you had no need"),
    ContactOutcome.CONTACT_AGAIN: mark("you may be contacted again"),
    ContactOutcome.NO_FURTHER_CONTACT: mark("you wanted no further contact"),
    ContactOutcome.REFERRED: mark("you went on to other help"),
}


def came_from(row: ReachOut) -> str:
    """Return where the name came from, no more than the colleague may know (P16)."""
    involved = row.involved
    if row.origin is Origin.SELF:
        return _("You asked for support yourself.")
    if row.origin is Origin.CONCERN:
        if row.is_concern_told:
            return _("A colleague thought of you.")
        return _("The programme wanted to know how you are.")
    if OPENED_LINK in (involved.flags or ()):
        return _("You opened the link from the complaints officer yourself.")
    if row.origin is Origin.COMPLAINT_REFERRAL:
        return _("The complaints officer passed on your name.")
    if involved.wish_by is WishBy.OWN and involved.wish is Wish.YES:
        return _("You asked for support yourself, with a report.")
    return _("Your name was on a report.")


def next_text(row: ReachOut, name: str, now: datetime) -> str:
    """Return what happens next, and when; `name`: the supporter's, if there is one."""
    settings = current_runtime().settings
    is_later = promised_from(row) > now
    if is_later and row.supporter is None and row.follow_up_on:
        return _(
            "Nobody calls you now. From %(day)s on we look for a supporter for you.",
            day=(format_date(row.follow_up_on)),
        )
    match row.state:
        case ReachOutState.ACCEPTED if is_later:
            day = format_date(local_date(promised_from(row)))
            return _("%(name)s contacts you, from %(day)s on.", name=name, day=day)
        case ReachOutState.ACCEPTED if row.contact_due_at and row.overdue_at is None:
            moment = format_weekday_moment(row.contact_due_at, settings.timezone)
            return _("%(name)s contacts you before %(moment)s.", name=name, moment=moment)
        case ReachOutState.ACCEPTED:
            return _(
                "%(name)s will contact you. It takes longer than it should: the coordinators know.",
                name=name,
            )
        case ReachOutState.IN_CONTACT:
            return _("You are in contact with %(name)s.", name=name)
        case ReachOutState.FOLLOW_UP if row.follow_up_on:
            day = format_date(row.follow_up_on)
            return _("%(name)s contacts you again on %(day)s.", name=name, day=day)
        case ReachOutState.NEEDS_COORDINATOR:
            return _("A coordinator is looking into who can best support you.")
    if row.involved.is_outside:
        return _("We are looking for a supporter from outside the hospital.")
    return _("We are looking for a supporter from another department.")


def contact_text(contact: Contact) -> str:
    """Return that a contact was, how, and what came of it."""
    return ", ".join(
        (
            format_date(contact.happened_on),
            _(CHANNEL_LABELS[contact.channel]),
            _(_CONTACT_TEXTS[contact.outcome]),
        )
    )


def end_text(row: ReachOut) -> str:
    """Return how it ended."""
    match row.outcome:
        case Outcome.SUPPORTED:
            return _("You had support.")
        case Outcome.DECLINED if row.reason:
            return _(
                "You wanted no support: %(reason)s.", reason=_(DECLINED_REASON_LABELS[row.reason])
            )
        case Outcome.DECLINED:
            return _("You wanted no support.")
        case Outcome.NOT_REACHED:
            return _("We could not reach you.")
        case Outcome.REFERRED if row.referred_to:
            return _(
                "You went on to other help: %(kind)s.",
                kind=_(RESOURCE_KIND_LABELS[row.referred_to]),
            )
        case Outcome.REFERRED:
            return _("You went on to other help.")
    return _("The offer was withdrawn.")


def preferred(involved: InvolvedRecord) -> str:
    """Return how the colleague would like to be reached; empty without a preference."""
    settings = current_runtime().settings
    profession = code_label(settings.professions, involved.wanted_profession)
    parts = [
        _(CHANNEL_LABELS[involved.channel]) if involved.channel else None,
        _(DAY_PART_LABELS[involved.day_part]) if involved.day_part in DAY_PART_LABELS else None,
        _("somebody from outside the hospital") if involved.is_outside else None,
        _("a supporter who is: %(profession)s", profession=profession) if profession else None,
    ]
    return ", ".join(part for part in parts if part)
