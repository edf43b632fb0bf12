"""The tiers and kinds of help there is beside peer support (P22)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ..i18n import mark


class Tier(StrEnum):
    """How far from the colleague the help is."""

    DEPARTMENT = "department"
    ORGANISATION = "organisation"
    OUTSIDE = "outside"


class ResourceKind(StrEnum):
    """What kind of help it is; a reach-out that ends with a referral names this, and no more."""

    HEAD_OF_DEPARTMENT = "head_of_department"
    EMERGENCY_TEAM = "emergency_team"
    CONFIDENTIAL_ADVISER = "confidential_adviser"
    PSYCHOLOGIST = "psychologist"
    STANDBY_PSYCHIATRIST = "standby_psychiatrist"
    SOCIAL_WORKER = "social_worker"
    CHAPLAIN = "chaplain"
    OCCUPATIONAL_PHYSICIAN = "occupational_physician"
    GP = "gp"
    OUTSIDE = "outside"


TIER_LABELS: Mapping[Tier, str] = {
    Tier.DEPARTMENT: mark("In your own department"),
    Tier.ORGANISATION: mark("In the hospital"),
    Tier.OUTSIDE: mark("Outside the hospital"),
}

RESOURCE_KIND_LABELS: Mapping[ResourceKind, str] = {
    ResourceKind.HEAD_OF_DEPARTMENT: mark("head of department"),
    ResourceKind.EMERGENCY_TEAM: mark("company emergency team"),
    ResourceKind.CONFIDENTIAL_ADVISER: mark("confidential adviser"),
    ResourceKind.PSYCHOLOGIST: mark("psychologist"),
    ResourceKind.STANDBY_PSYCHIATRIST: mark("stand-by psychiatrist"),
    ResourceKind.SOCIAL_WORKER: mark("social worker"),
    ResourceKind.CHAPLAIN: mark("chaplain"),
    ResourceKind.OCCUPATIONAL_PHYSICIAN: mark("occupational physician"),
    ResourceKind.GP: mark("GP"),
    ResourceKind.OUTSIDE: mark("other help outside the hospital"),
}
