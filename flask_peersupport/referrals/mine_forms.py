"""Reading what a colleague chose on the page about themself."""

from __future__ import annotations

from collections.abc import Mapping

from ..access.typed import clean_text
from ..errors import InvalidInput
from ..i18n import gettext as _
from ..reachouts.noting import read_code
from ..reachouts.presentation import DAY_PART_LABELS
from ..reachouts.states import ContactChannel, DeclinedReason
from ..supporters.reading import phone_fault
from .choosing import OfferPreferences

Form = Mapping[str, str]


def read_preferences(form: Form) -> OfferPreferences:
    """Return how a colleague would like to be reached; an empty number leaves it as it is.

    Raises:
        InvalidInput: the telephone number cannot be right.
    """
    phone, day_part = clean_text(form.get("phone", "")), form.get("day_part", "")
    fault = phone_fault(phone) if phone else None
    if fault is not None:
        raise InvalidInput(fault, {"phone": fault})
    return OfferPreferences(
        channel=read_code(form, "channel", ContactChannel),
        day_part=day_part if day_part in DAY_PART_LABELS else None,
        is_outside=bool(form.get("outside")),
        phone=phone or None,
    )


def read_days(form: Form) -> int:
    """Return after how many days a colleague may be asked again.

    Raises:
        InvalidInput: it is no number.
    """
    text = form.get("days", "")
    if not text.isascii() or not text.isdigit() or len(text) > 3:
        message = _("Choose when we may ask you again.")
        raise InvalidInput(message, {"days": message})
    return int(text)


def read_reason(form: Form) -> DeclinedReason | None:
    """Return why no support is wanted; nobody has to say."""
    return read_code(form, "reason", DeclinedReason)
