"""How a colleague would like to be supported, as they chose it themself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from flask import request
from sqlalchemy import orm

from ..access.typed import clean_text
from ..reachouts.models import ExcludedPerson, InvolvedRecord
from ..reachouts.presentation import DAY_PART_LABELS
from ..reachouts.states import ContactChannel
from ..supporters.models import Supporter
from ..values import Person
from ..vault.persons import find_person_ids
from .payload import Preferences
from .resolution import search_unwanted

#: So many persons a colleague may name who are not to be asked.
NAMES_NOT_TO_ASK = 3


def chosen_preferences(names_not_to_ask: Iterable[str] | None = None) -> Preferences:
    """Return what the running request posted; what is not on offer is left out.

    Args:
        names_not_to_ask: as typed; default: the fields `not_to_ask`.
    """
    channel, day_part = request.form.get("channel", ""), request.form.get("day_part", "")
    if names_not_to_ask is None:
        names_not_to_ask = request.form.getlist("not_to_ask")
    names = [clean_text(name) for name in names_not_to_ask]
    return Preferences(
        channel=channel if channel in list(ContactChannel) else "",
        day_part=day_part if day_part in DAY_PART_LABELS else "",
        is_outside=bool(request.form.get("outside")),
        not_to_ask=tuple(name for name in names if name)[:NAMES_NOT_TO_ASK],
    )


def keep_preferences(
    session: orm.Session, involved: InvolvedRecord, chosen: Preferences, *, now: datetime
) -> None:
    """Keep what a colleague chose; of those who are not to be asked, the supporters.

    Args:
        session: flushed, not committed, here.
        involved: the colleague.
        chosen: on the page after a report, or for themself.
        now: aware.
    """
    if chosen.channel in list(ContactChannel):
        involved.channel = ContactChannel(chosen.channel)
    if chosen.day_part in DAY_PART_LABELS:
        involved.day_part = chosen.day_part
    involved.is_outside = chosen.is_outside
    unwanted: list[Person] = []
    for name in chosen.not_to_ask:
        people, is_certain = search_unwanted(name)
        if not is_certain:
            involved.flags = tuple(dict.fromkeys((*(involved.flags or ()), "unknown_unwanted")))
        unwanted += people
    leave_out(session, involved, unwanted, now=now)


def leave_out(
    session: orm.Session, involved: InvolvedRecord, people: Iterable[Person], *, now: datetime
) -> None:
    """Let those of `people` who are supporters never be asked for a colleague.

    Nobody else is ever asked, so nobody else is stored.
    """
    known = sa.select(ExcludedPerson.person_id).where(ExcludedPerson.involved_id == involved.id)
    ids = [row_id for person in people for row_id in find_person_ids(session, person, now)]
    supporters = sa.select(Supporter.person_id).where(
        Supporter.person_id.in_(ids), Supporter.person_id.not_in(known)
    )
    for person_id in set(session.scalars(supporters)):
        session.add(ExcludedPerson(involved_id=involved.id, person_id=person_id))
    session.flush()
