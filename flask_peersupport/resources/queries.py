"""Reading the list of help: plain values, one statement each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..i18n import gettext as _
from .models import Resource
from .states import RESOURCE_KIND_LABELS, ResourceKind, Tier

#: So long before its last day an entry is brought up again.
NOTICE = timedelta(days=14)

_TIERS = list(Tier)
_KINDS = list(ResourceKind)


@dataclass(frozen=True, slots=True)
class ResourceView:
    """An entry of the list, as pages show it.

    Attributes:
        id: for the address of its form.
        tier: how far from the colleague.
        kind: what kind of help.
        kind_label: the same in the language in use.
        name: what it is called.
        phone: as it was typed; None: none.
        reach: where else it is reached; None: nowhere else.
        hours: when it is there; None: not said.
        meant_for: for whom, or what for; None: not said.
        valid_until: last day on which it is known to be right; None: until it is changed.
        is_past: that day has gone by.
        ends_soon: that day is less than two weeks away.
    """

    id: str
    tier: Tier
    kind: ResourceKind
    kind_label: str
    name: str
    phone: str | None
    reach: str | None
    hours: str | None
    meant_for: str | None
    valid_until: date | None
    is_past: bool
    ends_soon: bool


def resources_for(session: orm.Session, place: str, today: date) -> list[ResourceView]:
    """Return what is shown in a place, the nearest first; what has expired is left out (P22).

    Args:
        session: read only; one statement.
        place: a code of `places.PLACES`.
        today: in the programme's time zone.
    """
    rows = session.scalars(sa.select(Resource).where(_is_valid(today)))
    return _views((row for row in rows if place in row.places), today)


def valid_resources(session: orm.Session, today: date) -> list[ResourceView]:
    """Return the whole list as everybody sees it, the nearest first."""
    return _views(session.scalars(sa.select(Resource).where(_is_valid(today))), today)


def all_resources(session: orm.Session, today: date) -> list[ResourceView]:
    """Return the whole list with what has expired, the nearest first."""
    return _views(session.scalars(sa.select(Resource)), today)


def other_than(rows: Iterable[ResourceView], number: str | None) -> list[ResourceView]:
    """Return the entries whose number is not one that is shown already."""
    known = _digits(number)
    return [row for row in rows if not known or _digits(row.phone) != known]


def missing_kinds(found: Sequence[ResourceView]) -> list[ResourceKind]:
    """Return the kinds of help of which the list has no entry yet."""
    there = {row.kind for row in found}
    return [kind for kind in ResourceKind if kind not in there]


def count_reminded(session: orm.Session) -> int:
    """Return of how many entries the coordinators were reminded that nobody has looked at since."""
    statement = sa.select(sa.func.count()).where(Resource.reminded_for.is_not(None))
    return session.scalar(statement) or 0


def _digits(phone: str | None) -> str:
    return "".join(sign for sign in phone or "" if sign.isdigit())


def _is_valid(today: date) -> sa.ColumnElement[bool]:
    return Resource.valid_until.is_(None) | (Resource.valid_until >= today)


def _views(rows: Iterable[Resource], today: date) -> list[ResourceView]:
    def place_of(row: Resource) -> tuple[int, int, str, str]:
        return _TIERS.index(row.tier), _KINDS.index(row.kind), row.name.casefold(), row.id

    return [_view(row, today) for row in sorted(rows, key=place_of)]


def _view(row: Resource, today: date) -> ResourceView:
    last = row.valid_until
    is_past = last is not None and last < today
    return ResourceView(
        id=row.id,
        tier=row.tier,
        kind=row.kind,
        kind_label=_(RESOURCE_KIND_LABELS[row.kind]),
        name=row.name,
        phone=row.phone,
        reach=row.reach,
        hours=row.hours,
        meant_for=row.meant_for,
        valid_until=last,
        is_past=is_past,
        ends_soon=last is not None and not is_past and last <= today + NOTICE,
    )
