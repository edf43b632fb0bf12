"""What the programme holds about somebody, in plain words, for themself alone.

Never who named them, never who declined, no reference and no kind of report; a supporter's name
once they said yes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.actor import Actor
from ..i18n import format_date
from ..i18n import gettext as _
from ..reachouts.contacting import has_spoken
from ..reachouts.keeping import kept_until_on
from ..reachouts.models import (
    UNNUMBERED,
    ExcludedPerson,
    InvolvedRecord,
    NeverAgain,
    ReachOut,
    ReportRecord,
    SupportRequest,
)
from ..reachouts.states import (
    TAKEN,
    Origin,
    ReachOutState,
)
from ..runtime import local_date
from ..supporters.queries import candidate_person_ids
from ..surveys.counting import is_asked_of_colleague
from ..values import Person, Wish, WishBy
from ..vault.models import PersonRecord
from .mine_texts import came_from, contact_text, end_text, next_text, preferred
from .models import Concern, Referral, ReferralLink
from .sights import VIEWER_LABELS, read_sights
from .states import UNDECIDED


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer of support, as the colleague sees it; texts in the language in use."""

    id: str
    is_open: bool
    came_from: str
    next_text: str
    since_on: date
    closed_on: date | None
    kept_until_on: date | None
    supporter_name: str | None
    preferred: str
    unwanted_count: int
    contacts: tuple[str, ...]
    seen_by: tuple[tuple[str, str], ...]
    channel: str
    day_part: str
    is_outside: bool
    phone: str
    has_own_phone: bool
    can_ask_another: bool
    has_spoken: bool
    is_asked_questions: bool
    can_return: bool


@dataclass(frozen=True, slots=True)
class Naming:
    """That somebody is named without an offer: by a report, or a concern not decided yet."""

    text: str
    since_on: date


@dataclass(frozen=True, slots=True)
class Mine:
    """Everything held about one person."""

    open: tuple[Offer, ...]
    closed: tuple[Offer, ...]
    namings: tuple[Naming, ...]
    reported_count: int
    person: Person | None
    never_again_on: date | None
    is_supporter: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held of them as a colleague involved."""
        return not (self.open or self.closed or self.namings or self.reported_count)


def read_mine(session: orm.Session, actor: Actor, now: datetime) -> Mine:
    """Return what the programme holds about the actor, in a constant number of statements."""
    ids = actor.person_ids
    if not ids:
        return Mine((), (), (), 0, None, None, is_supporter=False)
    reach_outs = _reach_outs(session, ids)
    own_phones = candidate_person_ids(session, ids)
    unwanted = _unwanted_counts(session, reach_outs)
    gone_on = {row.earlier_id for row in reach_outs if row.state is not ReachOutState.CLOSED}
    sights = read_sights(session, reach_outs, ids, now)
    offers = [
        _offer(
            row,
            now,
            can_return=row.state is ReachOutState.CLOSED and row.id not in gone_on,
            has_own_phone=row.involved.person_id in own_phones,
            unwanted_count=unwanted.get(row.involved_id, 0),
            seen_by=tuple(
                (_(VIEWER_LABELS[sight.viewer]), ", ".join(format_date(day) for day in sight.days))
                for sight in sights.get(row.id, [])
            ),
        )
        for row in reach_outs
    ]
    said = sa.select(sa.func.min(NeverAgain.said_on)).where(NeverAgain.person_id.in_(ids))
    people = sa.select(PersonRecord).where(PersonRecord.id.in_(ids))
    rows = session.scalars(people.order_by(PersonRecord.created_at, PersonRecord.id)).all()
    return Mine(
        open=tuple(offer for offer in offers if offer.is_open),
        closed=tuple(offer for offer in offers if not offer.is_open),
        namings=(*_named_only(session, ids), *_undecided(session, ids)),
        reported_count=_reported_count(session, ids),
        person=rows[0].person if rows else None,
        never_again_on=session.scalar(said),
        is_supporter=bool(own_phones),
    )


def _reported_count(session: orm.Session, ids: Sequence[str]) -> int:
    """Return how many reports a person made; what they only passed on is none (P3)."""
    offers = (
        sa.select(ReachOut.id)
        .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
        .where(InvolvedRecord.report_id == ReportRecord.id)
    )
    links = sa.select(ReferralLink.id).where(ReferralLink.report_id == ReportRecord.id)
    referrals = sa.select(Referral.id).where(
        Referral.officer_id.in_(ids),
        Referral.kind == ReportRecord.kind,
        Referral.ref == ReportRecord.ref,
    )
    is_passed_on = sa.or_(
        offers.where(ReachOut.origin == Origin.COMPLAINT_REFERRAL).exists(),
        links.exists(),
        referrals.exists(),
    )
    is_reported = sa.or_(
        ReportRecord.url.is_not(None), offers.where(ReachOut.origin == Origin.REPORT).exists()
    )
    made = sa.select(sa.func.count(ReportRecord.id)).where(
        ReportRecord.reporter_id.in_(ids),
        ReportRecord.ref.not_like(f"{UNNUMBERED}%"),
        sa.or_(sa.not_(is_passed_on), is_reported),
    )
    return session.scalar(made) or 0


def _reach_outs(session: orm.Session, ids: Sequence[str]) -> list[ReachOut]:
    """Return the offers to a person, the latest first."""
    statement = (
        sa.select(ReachOut)
        .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
        .where(InvolvedRecord.person_id.in_(ids))
        .order_by(ReachOut.created_at.desc(), ReachOut.id)
        .options(
            orm.contains_eager(ReachOut.involved)
            .selectinload(InvolvedRecord.report)
            .selectinload(ReportRecord.meetings),
            orm.contains_eager(ReachOut.involved).selectinload(InvolvedRecord.record),
            orm.selectinload(ReachOut.supporter),
            orm.selectinload(ReachOut.requests).selectinload(SupportRequest.supporter),
            orm.selectinload(ReachOut.contacts),
        )
    )
    return list(session.scalars(statement))


def _unwanted_counts(session: orm.Session, reach_outs: Sequence[ReachOut]) -> dict[str, int]:
    statement = (
        sa.select(ExcludedPerson.involved_id, sa.func.count())
        .where(ExcludedPerson.involved_id.in_([row.involved_id for row in reach_outs]))
        .group_by(ExcludedPerson.involved_id)
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def _offer(
    row: ReachOut,
    now: datetime,
    *,
    can_return: bool,
    has_own_phone: bool,
    unwanted_count: int,
    seen_by: tuple[tuple[str, str], ...],
) -> Offer:
    is_open = row.state is not ReachOutState.CLOSED
    # decrypted at every look
    name = row.supporter.record.person.name if row.supporter else None
    person = row.person
    return Offer(
        id=row.id,
        is_open=is_open,
        came_from=came_from(row),
        next_text=next_text(row, name or "", now) if is_open else end_text(row),
        since_on=local_date(row.created_at),
        closed_on=local_date(row.closed_at) if row.closed_at else None,
        kept_until_on=kept_until_on(row),
        supporter_name=name,
        preferred=preferred(row.involved),
        unwanted_count=unwanted_count,
        contacts=tuple(contact_text(contact) for contact in row.contacts),
        seen_by=seen_by,
        channel=row.involved.channel or "",
        day_part=row.involved.day_part or "",
        is_outside=row.involved.is_outside,
        phone=(person.phone or "") if person else "",
        has_own_phone=has_own_phone,
        can_ask_another=row.state in TAKEN or row.state is ReachOutState.ASKING,
        has_spoken=has_spoken(row),
        is_asked_questions=is_asked_of_colleague(row),
        can_return=can_return,
    )


def _named_only(session: orm.Session, ids: Sequence[str]) -> list[Naming]:
    """Return where the person is named in a report that led to no offer."""
    statement = (
        sa.select(InvolvedRecord.wish, InvolvedRecord.wish_by, ReportRecord.received_at)
        .join(ReportRecord, ReportRecord.id == InvolvedRecord.report_id)
        .outerjoin(ReachOut, ReachOut.involved_id == InvolvedRecord.id)
        .where(InvolvedRecord.person_id.in_(ids), ReachOut.id.is_(None))
        .order_by(ReportRecord.received_at.desc(), InvolvedRecord.id)
    )
    return [
        Naming(
            _("You were involved in what a report is about, and said that there was no need.")
            if (wish, wish_by) == (Wish.NO, WishBy.OWN)
            else _("Your name was on a report. You were not approached."),
            local_date(received_at),
        )
        for wish, wish_by, received_at in session.execute(statement)
    ]


def _undecided(session: orm.Session, ids: Sequence[str]) -> list[Naming]:
    """Return the concerns about the person on which nobody has decided."""
    statement = (
        sa.select(Concern.may_be_told, Concern.made_at)
        .where(
            Concern.about_id.in_(ids),
            Concern.state.in_(UNDECIDED),
        )
        .order_by(Concern.made_at.desc(), Concern.id)
    )
    return [
        Naming(
            _("A colleague thought of you. A coordinator decides whether somebody contacts you.")
            if may_be_told
            else _("The programme would like to know how you are. Nobody has contacted you yet."),
            local_date(made_at),
        )
        for may_be_told, made_at in session.execute(statement)
    ]
