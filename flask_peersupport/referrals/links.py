"""Personal links: made for a case, opened once by the colleague, and then gone (P3).

Until it is opened a link names nobody. Its token is on paper only; the database has the hash.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..db import begin_immediate, new_id
from ..intake.payload import Payload, Preferences
from ..intake.step import Step, step_fields
from ..reachouts.models import InvolvedRecord, ReachOut, ReportRecord
from ..reachouts.renewing import last_of
from ..reachouts.sentences import OPENED_LINK
from ..reachouts.states import ContactChannel, ReachOutState
from ..values import Person, Report
from ..vault.persons import find_person_ids
from .choosing import OfferPreferences, change_preferences
from .models import ReferralLink
from .returning import ask_again
from .taking_in import take_in

_BYTES = 32  # 256 bits
LIFETIME = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class GoodLink:
    """A link that can be opened, and its case."""

    id: str
    report_id: str


def make_link(session: orm.Session, report: ReportRecord, *, now: datetime) -> str:
    """Return the token of a new link for a case; only its hash is stored."""
    token = secrets.token_urlsafe(_BYTES)
    session.add(
        ReferralLink(
            id=new_id(), digest=_digest(token), report_id=report.id, expires_at=now + LIFETIME
        )
    )
    session.flush()
    return token


def find_link(session: orm.Session, token: str, *, now: datetime) -> GoodLink | None:
    """Return the link of a token; None: unknown, used and expired are all one."""
    statement = sa.select(ReferralLink.id, ReferralLink.report_id).where(
        ReferralLink.digest == _digest(token), ReferralLink.expires_at > now
    )
    found = session.execute(statement).one_or_none()
    return GoodLink(found.id, found.report_id) if found else None


def open_link(
    session: orm.Session, link: GoodLink, chosen: Preferences, *, actor: Person, now: datetime
) -> bool:
    """Use a link up: whoever is signed in becomes the colleague whom it was meant for.

    Args:
        session: has read nothing yet, so that what is read comes after the locks; not committed
            here.
        link: as it was found.
        chosen: how the colleague would like to be supported.
        actor: the colleague.
        now: aware.

    Returns:
        False: somebody else was first.
    """
    used = sa.delete(ReferralLink).where(ReferralLink.id == link.id)
    deleted = session.execute(used, execution_options={"synchronize_session": False})
    if deleted.rowcount != 1:  # type: ignore[attr-defined]
        return False
    case = session.get_one(ReportRecord, link.report_id, with_for_update=True)
    _choose_in_open_offer(session, case, chosen, actor, now)
    fields = step_fields(Step(wants_support=True, is_outside=chosen.is_outside))
    given = Report(case.kind, case.ref)
    payload = Payload(given, fields, chosen, visitor=actor, is_passed_on=True)
    take_in(session, payload, now=now)
    involved = session.scalars(
        sa.select(InvolvedRecord)
        .where(
            InvolvedRecord.report_id == case.id,
            InvolvedRecord.person_id.in_(find_person_ids(session, actor, now)),
        )
        .order_by(InvolvedRecord.id)
        .limit(1)
    ).one()
    offer = session.scalars(sa.select(ReachOut).where(ReachOut.involved_id == involved.id)).one()
    if offer.state is ReachOutState.CLOSED:
        # they were approached about this case before: opening the link asks for it anew
        offer = ask_again(session, offer, actor=actor, now=now) or last_of(session, offer)
    opened = offer.involved
    opened.flags = tuple(dict.fromkeys((*(opened.flags or ()), OPENED_LINK)))
    session.flush()
    record.record(
        session,
        "link.opened",
        actor=actor,
        now=now,
        object_id=offer.id,
        subject_id=involved.person_id,
    )
    return True


def expired_links(now: datetime) -> sa.Select[Any]:
    """Select the ids of personal links that have expired."""
    return sa.select(ReferralLink.id).where(ReferralLink.expires_at <= now)


def forget_links(session: orm.Session, ids: Sequence[str]) -> None:
    """Delete links that have expired."""
    begin_immediate(session)
    expired = sa.delete(ReferralLink).where(ReferralLink.id.in_(ids))
    session.execute(expired, execution_options={"synchronize_session": False})


def _choose_in_open_offer(
    session: orm.Session, case: ReportRecord, chosen: Preferences, actor: Person, now: datetime
) -> None:
    """Let what the colleague chose hold for the offer of this case that is open already.

    Who was asked and does not fit makes room for another; who stays is told.
    """
    statement = (
        sa.select(ReachOut)
        .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
        .where(
            sa.func.coalesce(InvolvedRecord.report_id, InvolvedRecord.earlier_report_id) == case.id,
            InvolvedRecord.person_id.in_(find_person_ids(session, actor, now)),
            ReachOut.state != ReachOutState.CLOSED,
        )
        .order_by(ReachOut.id)
        .limit(1)
    )
    offer = session.scalar(statement)
    if offer is None:
        return
    involved = offer.involved
    wanted = OfferPreferences(
        channel=ContactChannel(chosen.channel) if chosen.channel else involved.channel,
        day_part=chosen.day_part or involved.day_part,
        is_outside=chosen.is_outside or involved.is_outside,
    )
    change_preferences(session, offer, wanted, actor=actor, now=now)


def _digest(token: str) -> str:
    """Return under which hash a token is stored; its 256 bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
