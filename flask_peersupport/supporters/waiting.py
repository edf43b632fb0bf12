"""Who on the roster waits for a coordinator, and for what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import orm

from ..runtime import current_runtime, local_date
from .models import Supporter
from .states import ACTIVE, SupporterState


class Waiting(StrEnum):
    """What somebody on the roster waits for."""

    #: Put forward, not invited yet.
    INVITATION = "invitation"
    #: Invited long ago, and no answer.
    REMINDER = "reminder"
    #: Said yes, not trained yet.
    TRAINING = "training"
    #: Trained, not appointed yet.
    APPOINTMENT = "appointment"
    #: Appointed, but without a training that counts now.
    NEW_TRAINING = "new_training"


def conditions(now: datetime) -> Mapping[Waiting, sa.ColumnElement[bool]]:
    """Return what holds for the rows of the roster that wait, by what they wait for."""
    settings = current_runtime().settings
    state = Supporter.state
    is_answered = Supporter.accepted_at.is_not(None)
    latest = now - timedelta(days=settings.invitation_days)
    no_training: sa.ColumnElement[bool] = Supporter.trained_on.is_(None)
    if settings.training_valid_days is not None:
        oldest_on = local_date(now) - timedelta(days=settings.training_valid_days)
        no_training = no_training | (Supporter.trained_on < oldest_on)
    return {
        Waiting.INVITATION: state == SupporterState.NOMINATED,
        Waiting.REMINDER: sa.and_(
            state == SupporterState.INVITED, ~is_answered, Supporter.invited_at < latest
        ),
        Waiting.TRAINING: sa.and_(state == SupporterState.INVITED, is_answered),
        Waiting.APPOINTMENT: state == SupporterState.TRAINED,
        Waiting.NEW_TRAINING: sa.and_(state.in_(ACTIVE), no_training),
    }


def count_waiting(session: orm.Session, now: datetime) -> Mapping[Waiting, int]:
    """Return how many wait for what, in one query; what nobody waits for is left out."""
    found = conditions(now)
    counts = [sa.func.count(sa.case((condition, 1))) for condition in found.values()]
    row = session.execute(sa.select(*counts)).one()
    return {kind: count for kind, count in zip(found, row, strict=True) if count}


def count_states(session: orm.Session) -> Mapping[SupporterState, int]:
    """Return how many are in each state, those without anybody left out, in one query."""
    statement = sa.select(Supporter.state, sa.func.count()).group_by(Supporter.state)
    counts: dict[SupporterState, int] = {}
    for state, count in session.execute(statement):
        counts[state] = count
    return {state: counts[state] for state in SupporterState if state in counts}
