"""Telling supporters, once, that their training does not count much longer (P26, P34)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..i18n import mark
from ..outbox.actions import enqueue
from ..outbox.mails import Audience, MailContext, mail
from ..runtime import current_runtime, local_date
from ..supporters.models import Supporter
from ..supporters.states import ACTIVE
from ..supporters.validity import counts_until, notice_days

TRAINING_ENDS = "training_ends"


def due_notices(now: datetime) -> sa.Select[Any]:
    """Select the ids of the supporters who are to be told at `now`."""
    return sa.select(Supporter.id).where(_is_due(now)).order_by(Supporter.trained_on, Supporter.id)


def tell_training_ends(session: orm.Session, supporter_id: str, *, now: datetime) -> bool:
    """Mail a supporter that their training ends; return False where that was done already."""
    taken = session.execute(
        sa.update(Supporter)
        .where(Supporter.id == supporter_id, _is_due(now))
        .values(validity_reminded_on=local_date(now))
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return False
    supporter = session.get_one(Supporter, supporter_id, populate_existing=True)
    enqueue(session, TRAINING_ENDS, to=supporter.record, object_id=supporter.id, now=now)
    return True


@mail(TRAINING_ENDS, audience=Audience.SUPPORTER, label=mark("A supporter's training ends"))
def training_ends(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell a supporter until when their training counts; not any more once they were trained."""
    supporter = session.get(Supporter, object_id)
    if supporter is None or supporter.state not in ACTIVE:
        return None
    until_on = counts_until(supporter.trained_on, current_runtime().settings.training_valid_days)
    told_on = supporter.validity_reminded_on
    if until_on is None or told_on is None or _is_of_old(told_on, supporter.trained_on):
        return None
    return MailContext("/sessions", {"until_on": until_on, "has_ended": until_on < told_on})


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    valid_days = current_runtime().settings.training_valid_days
    if valid_days is None:
        return sa.false()
    trained_until = local_date(now) - timedelta(days=valid_days - notice_days(valid_days))
    is_told = Supporter.validity_reminded_on.is_not(None) & (
        Supporter.validity_reminded_on >= Supporter.trained_on
    )
    return (
        Supporter.state.in_(ACTIVE)
        & Supporter.trained_on.is_not(None)
        & (Supporter.trained_on <= trained_until)
        & ~is_told
    )


def _is_of_old(told_on: date, trained_on: date | None) -> bool:
    return trained_on is None or told_on < trained_on
