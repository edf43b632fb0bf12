"""The form of an entry: read, checked, and shown again as it was typed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

from ..access.drafts import Draft
from ..access.sheets import read_date
from ..access.typed import MAX_LENGTH, clean_text
from ..i18n import gettext as _
from .actions import CONFIRMED_FOR_DAYS, ResourceDetails
from .models import Resource
from .places import USUAL_PLACES, USUAL_TIERS, Place
from .states import RESOURCE_KIND_LABELS, ResourceKind, Tier

Code = TypeVar("Code", bound=StrEnum)

#: Whom everybody has, and nobody has the number of.
_EVERYBODYS_OWN = (ResourceKind.HEAD_OF_DEPARTMENT, ResourceKind.GP)
_LAST_DAY = date(2999, 12, 31)


def draft_of(resource: Resource) -> Draft:
    """Return the form filled in with an entry."""
    last = resource.valid_until
    values = {
        "tier": resource.tier.value,
        "kind": resource.kind.value,
        "name": resource.name,
        "phone": resource.phone or "",
        "reach": resource.reach or "",
        "hours": resource.hours or "",
        "meant_for": resource.meant_for or "",
        "valid_until": last.isoformat() if last else "",
    }
    return Draft(values, list(resource.places))


def usual_draft(kind_text: str, today: date) -> Draft:
    """Return the form for a new entry, filled in as is usual for its kind, where that is known."""
    kind = _code(kind_text, ResourceKind)
    values = {"valid_until": (today + timedelta(days=CONFIRMED_FOR_DAYS)).isoformat()}
    if kind is None:
        return Draft(values, [Place.SUPPORTER, Place.COLLEAGUE])
    label = _(RESOURCE_KIND_LABELS[kind])
    values |= {
        "kind": kind.value,
        "tier": USUAL_TIERS[kind].value,
        "name": label[:1].upper() + label[1:],
    }
    return Draft(values, [place.value for place in USUAL_PLACES[kind]])


def read_resource(draft: Draft, today: date, kept: date | None = None) -> ResourceDetails | None:
    """Read an entry out of a draft; None where something is wrong, which the draft then says.

    Args:
        draft: as typed.
        today: in the programme's time zone.
        kept: the last day that the entry has already: no fault, also where it has gone by.
    """
    tier = _code(draft.values.get("tier", ""), Tier)
    if tier is None:
        draft.errors["tier"] = _("Choose where this help is.")
    kind = _code(draft.values.get("kind", ""), ResourceKind)
    if kind is None:
        draft.errors["kind"] = _("Choose what kind of help it is.")
    texts = {name: _text(draft, name) for name in ("name", "phone", "reach", "hours", "meant_for")}
    if not texts["name"]:
        draft.errors.setdefault("name", _("Give it a name that colleagues know."))
    is_reached = texts["phone"] or texts["reach"] or kind in _EVERYBODYS_OWN
    if not is_reached and "phone" not in draft.errors and "reach" not in draft.errors:
        draft.errors["phone"] = _("Fill in a number, or below how else it is reached.")
    valid_until = _last_day(draft, today, kept)
    known = [place.value for place in Place]
    if any(place not in known for place in draft.chosen):
        draft.errors["places"] = _("Choose from these places.")
    if draft.errors or tier is None or kind is None or texts["name"] is None:
        return None
    return ResourceDetails(
        tier=tier,
        kind=kind,
        name=texts["name"],
        phone=texts["phone"],
        reach=texts["reach"],
        hours=texts["hours"],
        meant_for=texts["meant_for"],
        places=_in_order(draft.chosen),
        valid_until=valid_until,
    )


def _code(text: str, codes: type[Code]) -> Code | None:
    return codes(text) if text in [code.value for code in codes] else None


def _text(draft: Draft, name: str) -> str | None:
    text = draft.values.get(name, "")
    if len(text) > MAX_LENGTH:
        draft.errors[name] = _("This is too long; at most %(n)s characters.", n=MAX_LENGTH)
    return clean_text(text) or None


def _last_day(draft: Draft, today: date, kept: date | None) -> date | None:
    text = draft.values.get("valid_until", "")
    if not text:
        return None
    try:
        last = read_date(text)
    except ValueError:
        draft.errors["valid_until"] = _("This is not a date.")
        return None
    if last < today and last != kept:
        draft.errors["valid_until"] = _("Choose today or later.")
    elif last > _LAST_DAY:
        draft.errors["valid_until"] = _("Choose an earlier date, or leave it empty.")
    return last


def _in_order(places: Sequence[str]) -> tuple[str, ...]:
    return tuple(place.value for place in Place if place.value in places)
