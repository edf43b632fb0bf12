"""Reminding the coordinators of entries that end: two weeks before, and once they have ended."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..i18n import mark
from ..outbox.actions import enqueue_once
from ..outbox.mails import Audience, MailContext, mail
from ..runtime import current_runtime, local_date
from .models import Resource
from .queries import NOTICE, count_reminded

RESOURCE_EXPIRES = "resource_expires"


def due_reminders(now: datetime) -> sa.Select[Any]:
    """Select the ids of the entries of which the coordinators are to be reminded at `now`."""
    return (
        sa.select(Resource.id)
        .where(_is_due(local_date(now)))
        .order_by(Resource.valid_until, Resource.id)
    )


def remind_of_resource(session: orm.Session, resource_id: str, *, now: datetime) -> bool:
    """Mail the coordinators that an entry ends, or has ended; one mail for all that waits.

    Returns:
        False where that was done already, or there is no coordinator to tell yet.
    """
    today = local_date(now)
    coordinators = current_runtime().roles.members("coordinator")
    resource = session.get(Resource, resource_id)
    if not coordinators or resource is None or resource.valid_until is None:
        return False
    last = resource.valid_until
    # the day after its last one says that they were told that it has ended
    told = last if last >= today else last + timedelta(days=1)
    taken = session.execute(
        sa.update(Resource)
        .where(Resource.id == resource_id, Resource.valid_until == last, _is_due(today))
        .values(reminded_for=told)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return False
    for person in coordinators:
        enqueue_once(session, RESOURCE_EXPIRES, to=person, now=now)
    return True


@mail(
    RESOURCE_EXPIRES,
    audience=Audience.COORDINATOR,
    label=mark("Entries of the list of help that end"),
)
def resource_expires(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell a coordinator how many entries have to be looked at; none any more: no mail."""
    number = count_reminded(session)
    return MailContext("/resources", {"number": number}) if number else None


def _is_due(today: date) -> sa.ColumnElement[bool]:
    """Return whether nobody was told yet: that it ends soon, or after that, that it has ended."""
    is_near = Resource.reminded_for.is_(None) & (Resource.valid_until <= today + NOTICE)
    is_past = (Resource.reminded_for <= Resource.valid_until) & (Resource.valid_until < today)
    return is_near | is_past
