"""Appointment by the board's letter: one supporter, or a whole group at once (P26)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..errors import InvalidInput
from ..i18n import gettext as _
from ..i18n import label
from ..outbox.actions import enqueue
from ..runtime import local_date
from ..values import Person
from .actions import hold_supporter, move_supporter
from .labels import STATE_LABELS
from .models import Supporter
from .states import ACTIVE, SupporterState

MAIL = "supporter_appointed"
#: How long ago the board may have signed; more is a slip of the pen.
LONGEST_AGO = timedelta(days=365)
#: More in one letter round than any hospital trains.
MOST_AT_ONCE = 500


def appoint_supporters(
    session: orm.Session,
    supporter_ids: Collection[str],
    *,
    appointed_on: date,
    actor: Person | str,
    now: datetime,
) -> list[Supporter]:
    """Appoint those who are trained: all of them, or nobody.

    They are matched from now on, and each is told by mail.

    Args:
        session: flushed, not committed, here; to be rolled back where this raises.
        supporter_ids: of those chosen.
        appointed_on: date of the letters.
        actor: the coordinator.
        now: aware.

    Returns:
        those appointed, in no particular order.

    Raises:
        InvalidInput: nobody was appointed; `fields` says why, by supporter, or for the date.
    """
    if not supporter_ids or len(supporter_ids) > MOST_AT_ONCE:
        nobody = _("Choose who is appointed; nobody is yet.")
        raise InvalidInput(nobody, {"chosen": nobody})
    _check_date(appointed_on, local_date(now))
    # in one order, so that two coordinators wait for each other instead of both giving up
    wanted = sorted(set(supporter_ids))
    rows = session.scalars(sa.select(Supporter).where(Supporter.id.in_(wanted)))
    found = {row.id: row for row in rows}
    faults: dict[str, str] = {}
    for supporter_id in wanted:
        if supporter_id not in found:
            faults[supporter_id] = _("This person is not on the roster any more.")
            continue
        hold_supporter(session, found[supporter_id])
        if fault := _fault(found[supporter_id]):
            faults[supporter_id] = fault
    if faults:
        raise InvalidInput(_("Nobody was appointed: not all of those chosen can be."), faults)
    for supporter_id in wanted:
        _appoint(session, found[supporter_id], appointed_on, actor, now)
    return list(found.values())


def _appoint(
    session: orm.Session,
    supporter: Supporter,
    appointed_on: date,
    actor: Person | str,
    now: datetime,
) -> None:
    move_supporter(session, supporter, SupporterState.APPOINTED, actor=actor, now=now)
    supporter.appointed_on = appointed_on
    session.flush()
    if supporter.record.person.email:
        enqueue(session, MAIL, to=supporter.record, object_id=supporter.id, now=now)


def _fault(supporter: Supporter) -> str | None:
    if supporter.state is SupporterState.TRAINED:
        return None
    if supporter.state in ACTIVE:
        return _("This person has been appointed in the meantime.")
    state = label(STATE_LABELS[supporter.state])
    return _("This person is not trained now, but: %(state)s.", state=state)


def _check_date(appointed_on: date, today: date) -> None:
    fault = None
    if appointed_on > today:
        fault = _(
            "The letter cannot be dated ahead: from its date on they are supporters, and matching"
            " starts at once. Appoint them on the day itself."
        )
    elif today - appointed_on > LONGEST_AGO:
        fault = _("This is more than a year ago.")
    if fault:
        raise InvalidInput(fault, {"appointed_on": fault})
