"""Actions: the coordinators keep the list of help (P22)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import orm

from ..audit import record
from ..db import new_id
from ..runtime import local_date
from ..values import Person
from .models import Resource
from .states import ResourceKind, Tier

#: How long an entry counts as right once somebody has said so.
CONFIRMED_FOR_DAYS = 365


@dataclass(frozen=True, slots=True)
class ResourceDetails:
    """What a coordinator fills in about an entry, read and checked."""

    tier: Tier
    kind: ResourceKind
    name: str
    phone: str | None
    reach: str | None
    hours: str | None
    meant_for: str | None
    places: tuple[str, ...]
    valid_until: date | None


def add_resource(
    session: orm.Session, details: ResourceDetails, *, actor: Person, now: datetime
) -> Resource:
    """Add an entry to the list."""
    resource = Resource(id=new_id())
    _fill(resource, details)
    session.add(resource)
    session.flush()
    _audit(session, resource.id, "resource.added", actor, now)
    return resource


def change_resource(
    session: orm.Session,
    resource: Resource,
    details: ResourceDetails,
    *,
    actor: Person,
    now: datetime,
) -> None:
    """Change an entry; with another last day, the coordinators are reminded anew."""
    _fill(resource, details)
    session.flush()
    _audit(session, resource.id, "resource.changed", actor, now)


def confirm_resource(
    session: orm.Session, resource: Resource, *, actor: Person, now: datetime
) -> date:
    """Say that an entry is still right; return through which day it now counts."""
    today = local_date(now)
    last = today + timedelta(days=CONFIRMED_FOR_DAYS)
    _set_last_day(resource, last)
    session.flush()
    _audit(session, resource.id, "resource.confirmed", actor, now)
    return last


def remove_resource(
    session: orm.Session, resource: Resource, *, actor: Person, now: datetime
) -> None:
    """Take an entry off the list."""
    session.delete(resource)
    session.flush()
    _audit(session, resource.id, "resource.removed", actor, now)


def _fill(resource: Resource, details: ResourceDetails) -> None:
    resource.tier = details.tier
    resource.kind = details.kind
    resource.name = details.name
    resource.phone = details.phone
    resource.reach = details.reach
    resource.hours = details.hours
    resource.meant_for = details.meant_for
    resource.places = details.places
    _set_last_day(resource, details.valid_until)


def _set_last_day(resource: Resource, last: date | None) -> None:
    if resource.valid_until != last:
        resource.valid_until = last
        resource.reminded_for = None


def _audit(session: orm.Session, id: str, action: str, actor: Person, now: datetime) -> None:
    record.record(session, action, actor=actor, now=now, object_id=id)
