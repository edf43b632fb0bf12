"""Who has seen an offer, by role and day, read from the audit trail: never by name (P19)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit.models import AuditEntry
from ..audit.record import pseudonym
from ..i18n import mark
from ..reachouts.models import ReachOut
from ..reachouts.states import RequestState
from ..runtime import current_runtime
from ..values import Person


class Viewer(StrEnum):
    """Who looked, as the colleague is told."""

    COORDINATOR = "coordinator"
    ASKED_SUPPORTER = "asked_supporter"
    OWN_SUPPORTER = "own_supporter"


VIEWER_LABELS = {
    Viewer.COORDINATOR: mark("a coordinator"),
    Viewer.ASKED_SUPPORTER: mark("the supporter who was asked"),
    Viewer.OWN_SUPPORTER: mark("your supporter"),
}

#: Sights of one colleague. Lists name several at once: the page says so for all of them.
_OF_REQUEST, _OF_OFFER = "request.seen", "reach_out.seen"
#: A supporter who has, or had, the colleague.
_HAD = (RequestState.ACCEPTED, RequestState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Sight:
    """On which days, in order, somebody of one role looked."""

    viewer: Viewer
    days: tuple[date, ...]


def read_sights(
    session: orm.Session,
    reach_outs: Sequence[ReachOut],
    person_ids: Sequence[str],
    now: datetime,
) -> dict[str, list[Sight]]:
    """Return who has seen each of some offers to one person, by id of the offer.

    What was written under a key that is destroyed is left out.

    Args:
        session: read only; one statement.
        reach_outs: with their requests.
        person_ids: the vault rows that are the person.
        now: aware.
    """
    keys = {key.month: key for key in current_runtime().keys.live(now)}
    offers = {reach_out.id: reach_out for reach_out in reach_outs}
    of_request = {request.id: row for row in reach_outs for request in row.requests}
    statement = sa.select(AuditEntry).where(
        AuditEntry.action.in_((_OF_REQUEST, _OF_OFFER)),
        AuditEntry.object_id.in_([*offers, *of_request]),
        AuditEntry.subject.in_([pseudonym(key, i) for key in keys.values() for i in person_ids]),
    )
    zone = current_runtime().settings.timezone
    found: dict[str, dict[Viewer, set[date]]] = {}
    # decrypted once for each offer
    supporters: dict[str, list[Person]] = {}
    for entry in session.scalars(statement):
        key = keys.get(entry.month)
        if key is None:
            continue
        offer = offers.get(entry.object_id or "") or of_request[entry.object_id or ""]
        viewer = Viewer.ASKED_SUPPORTER
        if entry.action == _OF_OFFER:
            if offer.id not in supporters:
                supporters[offer.id] = [
                    request.supporter.record.person
                    for request in offer.requests
                    if request.state in _HAD
                ]
            had = {pseudonym(key, person) for person in supporters[offer.id]}
            viewer = Viewer.OWN_SUPPORTER if entry.actor in had else Viewer.COORDINATOR
        days = found.setdefault(offer.id, {}).setdefault(viewer, set())
        days.add(entry.at.astimezone(zone).date())
    return {
        offer_id: [Sight(one, tuple(sorted(seen[one]))) for one in Viewer if one in seen]
        for offer_id, seen in found.items()
    }
