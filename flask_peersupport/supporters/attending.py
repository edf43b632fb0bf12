"""What attendance of trainings and intervision means for a supporter (P26, P30).

The lists are kept by the slice of the sessions, which tells this one what they say.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..errors import InvalidInput
from ..i18n import gettext as _
from ..runtime import local_date
from ..values import Person
from .actions import audit_supporter, hold_supporter, move_supporter
from .models import Supporter
from .states import SupporterState


def hold_supporters(session: orm.Session, person_ids: Collection[str]) -> list[Supporter]:
    """Lock the supporters among people, in the order in which everybody locks them.

    Args:
        session: flushed, not committed, here.
        person_ids: of the vault.

    Returns:
        those who are supporters, in that order.
    """
    statement = sa.select(Supporter).where(Supporter.person_id.in_(person_ids))
    supporters = list(session.scalars(statement.order_by(Supporter.id)))
    for supporter in supporters:
        hold_supporter(session, supporter)
    return supporters


def note_attendance(
    session: orm.Session,
    supporter: Supporter,
    *,
    trained_on: date | None,
    intervision_on: date | None,
    actor: Person | str,
    now: datetime,
) -> None:
    """Take over what the attendance lists say of a supporter.

    Who is invited and comes to the training is trained: having come is a yes. Where a late
    correction leaves somebody without a training they are invited as before; whoever has the
    board's letter keeps it, and the coordinators see that a training is missing.

    Args:
        session: flushed, not committed, here.
        supporter: locked, see `hold_supporters`.
        trained_on: day of the latest training they attended; None: of none any more.
        intervision_on: day of the latest intervision they attended, likewise.
        actor: who ticked the list.
        now: aware.
    """
    supporter.trained_here_on = trained_on
    _note_training(session, supporter, actor, now)
    _note_intervision(session, supporter, intervision_on, actor, now)


def note_training_elsewhere(
    session: orm.Session,
    supporter: Supporter,
    day: date | None,
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Note a training that is on no list of ours; None: there was none after all.

    Raises:
        InvalidInput: the day is still to come.
    """
    if day is not None and day > local_date(now):
        future = _("This day is still to come.")
        raise InvalidInput(future, {"trained_on": future})
    hold_supporter(session, supporter)
    supporter.trained_elsewhere_on = day
    _note_training(session, supporter, actor, now)


def _note_training(
    session: orm.Session, supporter: Supporter, actor: Person | str, now: datetime
) -> None:
    days = (supporter.trained_here_on, supporter.trained_elsewhere_on)
    trained_on = max((day for day in days if day is not None), default=None)
    if trained_on == supporter.trained_on:
        return
    supporter.trained_on = trained_on
    session.flush()
    detail = trained_on.isoformat() if trained_on else "none"
    audit_supporter(session, supporter, "supporter.training_noted", actor, now, detail)
    if trained_on is not None and supporter.state is SupporterState.INVITED:
        move_supporter(session, supporter, SupporterState.TRAINED, actor=actor, now=now)
    elif trained_on is None and supporter.state is SupporterState.TRAINED:
        move_supporter(session, supporter, SupporterState.INVITED, actor=actor, now=now)


def _note_intervision(
    session: orm.Session,
    supporter: Supporter,
    intervision_on: date | None,
    actor: Person | str,
    now: datetime,
) -> None:
    known = supporter.intervision_on
    if intervision_on == known:
        return
    if intervision_on is None:
        supporter.deployments_at_intervision = 0
    elif known is None or intervision_on > known:
        supporter.deployments_at_intervision = supporter.deployments
    supporter.intervision_on = intervision_on
    session.flush()
    detail = intervision_on.isoformat() if intervision_on else "none"
    audit_supporter(session, supporter, "supporter.intervision_noted", actor, now, detail)
