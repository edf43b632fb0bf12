"""Where entries of the list are shown besides the list itself, and where each kind usually is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ..i18n import mark
from .states import ResourceKind, Tier


class Place(StrEnum):
    """Where help is shown to those who need it there."""

    #: The call card, the request and the coordinator's page of a reach-out.
    SUPPORTER = "supporter"
    #: The pages on which colleagues ask for support, see what is known of them, and after a report.
    COLLEAGUE = "colleague"
    #: The card for the first hours.
    FIRST_HOURS = "first_hours"


PLACES: Mapping[Place, str] = {
    Place.SUPPORTER: mark("For supporters: with a request and on the call card"),
    Place.COLLEAGUE: mark("For colleagues: after a report, and where they ask for support"),
    Place.FIRST_HOURS: mark("For head and team: on the card for the first hours"),
}

_BOTH = (Place.SUPPORTER, Place.COLLEAGUE)

#: Where an entry of a kind is shown unless a coordinator decides otherwise.
USUAL_PLACES: Mapping[ResourceKind, tuple[Place, ...]] = {
    ResourceKind.HEAD_OF_DEPARTMENT: (Place.COLLEAGUE,),
    ResourceKind.EMERGENCY_TEAM: (*_BOTH, Place.FIRST_HOURS),
    ResourceKind.CONFIDENTIAL_ADVISER: _BOTH,
    ResourceKind.PSYCHOLOGIST: _BOTH,
    # called by who supports, not by the colleague
    ResourceKind.STANDBY_PSYCHIATRIST: (Place.SUPPORTER, Place.FIRST_HOURS),
    ResourceKind.SOCIAL_WORKER: _BOTH,
    ResourceKind.CHAPLAIN: _BOTH,
    ResourceKind.OCCUPATIONAL_PHYSICIAN: _BOTH,
    ResourceKind.GP: _BOTH,
    ResourceKind.OUTSIDE: _BOTH,
}

#: In which tier an entry of a kind usually is.
USUAL_TIERS: Mapping[ResourceKind, Tier] = {
    ResourceKind.HEAD_OF_DEPARTMENT: Tier.DEPARTMENT,
    ResourceKind.GP: Tier.OUTSIDE,
    ResourceKind.OUTSIDE: Tier.OUTSIDE,
    **{
        kind: Tier.ORGANISATION
        for kind in ResourceKind
        if kind not in (ResourceKind.HEAD_OF_DEPARTMENT, ResourceKind.GP, ResourceKind.OUTSIDE)
    },
}
