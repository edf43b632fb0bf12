"""Reading: what a complaints officer passed on; never to whom it led, nor what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..reachouts.presentation import code_label
from ..runtime import current_runtime
from .models import Referral
from .states import ReferralWay

#: How long an officer sees what was passed on; then it is deleted.
KEPT = timedelta(days=90)
_MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class ReferralView:
    """What an officer sees of a referral.

    Attributes:
        made_on: on which day.
        kind: its label.
        ref: the number of the case, where one was given.
        count: how many colleagues, or links.
        is_by_link: whether links were handed over.
    """

    made_on: date
    kind: str
    ref: str | None
    count: int
    is_by_link: bool


def own_referrals(
    session: orm.Session, person_ids: Sequence[str], now: datetime
) -> list[ReferralView]:
    """Return what the officer who is these vault rows passed on lately, the last first."""
    statement = (
        sa.select(Referral)
        .where(Referral.officer_id.in_(person_ids), Referral.made_at > now - KEPT)
        .order_by(Referral.made_at.desc(), Referral.id)
        .limit(_MOST_SHOWN)
    )
    settings = current_runtime().settings
    return [
        ReferralView(
            made_on=row.made_at.astimezone(settings.timezone).date(),
            kind=code_label(settings.kinds, row.kind) or row.kind,
            ref=row.ref,
            count=row.count,
            is_by_link=row.way is ReferralWay.LINK,
        )
        for row in session.scalars(statement)
    ]


def old_referrals(now: datetime) -> sa.Select[Any]:
    """Select the ids of referrals that no officer sees any more."""
    return sa.select(Referral.id).where(Referral.made_at <= now - KEPT)
