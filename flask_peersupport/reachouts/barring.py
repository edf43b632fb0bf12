"""Who sees nothing of a reach-out: a coordinator who is involved in its report (guarantees).

A coordinator who was named in the report, or reported it as a person involved, sees nothing of
it; neither does one who bears the same name as somebody in it, until another coordinator has
confirmed that it is somebody else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.actor import Actor
from ..clock import utc_now
from ..outbox.queries import bars_messages
from ..runtime import current_runtime
from ..values import Person
from ..vault.models import PersonRecord
from ..vault.persons import email_marks, find_person_ids, is_same_person, name_marks, user_marks
from ..vault.seal import plain_name
from .models import (
    AnalysisMeeting,
    InvolvedRecord,
    NameClearance,
    ReachOut,
    ReportRecord,
    SupportRequest,
)


def barring_involved(person: Person, person_ids: Sequence[str], now: datetime) -> sa.Select[Any]:
    """Return the SELECT, correlated to a reach-out's `InvolvedRecord`, that finds what bars.

    It looks at everybody involved in the same report, or in the one behind it: the person's
    user id, e-mail address or name, unless the name was cleared for this person.
    """
    other = orm.aliased(InvolvedRecord)
    same_report = sa.or_(
        other.id == InvolvedRecord.id,
        other.report_id == InvolvedRecord.report_id,
        other.report_id == InvolvedRecord.earlier_report_id,
    )
    named = _naming(other, person, person_ids, now)
    return named.where(same_report).correlate(InvolvedRecord)


def barring_report(person: Person, person_ids: Sequence[str], now: datetime) -> sa.Select[Any]:
    """Return the same SELECT, correlated to a `ReportRecord`."""
    other = orm.aliased(InvolvedRecord)
    named = _naming(other, person, person_ids, now)
    return named.where(other.report_id == ReportRecord.id).correlate(ReportRecord)


def _naming(other: Any, person: Person, person_ids: Sequence[str], now: datetime) -> sa.Select[Any]:
    """Return the SELECT of those among the aliased `InvolvedRecord` `other` who are the person."""
    keys = current_runtime().keys.live(now)
    record = orm.aliased(PersonRecord)
    cleared = (
        sa.select(NameClearance.id)
        .where(NameClearance.involved_id == other.id, NameClearance.person_id.in_(person_ids))
        .exists()
    )
    is_named = sa.or_(
        record.user_mark.in_(user_marks(keys, person)),
        record.email_mark.in_(email_marks(keys, person)),
        sa.and_(record.name_mark.in_(name_marks(keys, person)), ~cleared),
    )
    return (
        sa.select(sa.literal(1))
        .select_from(other)
        .join(record, record.id == other.person_id)
        .where(is_named)
    )


def is_barred(session: orm.Session, person: Person, reach_out: ReachOut, now: datetime) -> bool:
    """Return whether `person` may see nothing of the reach-out."""
    ids = find_person_ids(session, person, now)
    statement = sa.select(InvolvedRecord.id).where(
        InvolvedRecord.id == reach_out.involved_id, barring_involved(person, ids, now).exists()
    )
    return session.scalar(statement) is not None


def is_barred_from_report(
    session: orm.Session, person: Person, report_id: str | None, now: datetime
) -> bool:
    """Return whether `person` may see nothing of what follows a report; no report: nobody is."""
    ids = find_person_ids(session, person, now)
    statement = sa.select(ReportRecord.id).where(
        ReportRecord.id == report_id, barring_report(person, ids, now).exists()
    )
    return session.scalar(statement) is not None


@bars_messages
def barred_subjects(
    session: orm.Session, actor: Actor, object_ids: Collection[str]
) -> Collection[str]:
    """Return what is about a report, by id, of which this coordinator may see nothing.

    Those are reach-outs and requests, colleagues involved, and meetings.
    """
    now = utc_now()
    barred = barring_involved(actor.person, actor.person_ids, now).exists()
    reach_outs = (
        sa.select(ReachOut.id)
        .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
        .where(ReachOut.id.in_(object_ids), barred)
    )
    requests = (
        sa.select(SupportRequest.id)
        .join(ReachOut, ReachOut.id == SupportRequest.reach_out_id)
        .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
        .where(SupportRequest.id.in_(object_ids), barred)
    )
    involved = sa.select(InvolvedRecord.id).where(InvolvedRecord.id.in_(object_ids), barred)
    meetings = (
        sa.select(AnalysisMeeting.id)
        .join(ReportRecord, ReportRecord.id == AnalysisMeeting.report_id)
        .where(
            AnalysisMeeting.id.in_(object_ids),
            barring_report(actor.person, actor.person_ids, now).exists(),
        )
    )
    statements = (reach_outs, requests, involved, meetings)
    return [one for statement in statements for one in session.scalars(statement)]


def namesakes(session: orm.Session, reach_out: ReachOut, now: datetime) -> list[Person]:
    """Return the coordinators who bear the name of somebody involved and wait for clearance."""
    return [
        person
        for person in current_runtime().roles.members("coordinator")
        if uncleared(session, reach_out, person, now)
    ]


def uncleared(
    session: orm.Session, reach_out: ReachOut, namesake: Person, now: datetime
) -> list[InvolvedRecord]:
    """Return those involved in the report whose name `namesake` bears, not being known as them.

    Those in the report behind a reach-out that was asked for again belong to it, as they do in
    `barring_involved`. Those for whom that was cleared are left out.
    """
    involved = reach_out.involved
    reports = [one for one in (involved.report_id, involved.earlier_report_id) if one]
    statement = sa.select(InvolvedRecord).where(
        sa.or_(InvolvedRecord.id == involved.id, InvolvedRecord.report_id.in_(reports))
    )
    name = plain_name(namesake.name)
    same_name = [
        row
        for row in session.scalars(statement.options(orm.selectinload(InvolvedRecord.record)))
        if row.record is not None
        and plain_name(row.record.person.name) == name
        and not is_same_person(row.record.person, namesake)
    ]
    if not same_name:
        return []
    cleared = session.scalars(
        sa.select(NameClearance.involved_id).where(
            NameClearance.involved_id.in_([row.id for row in same_name]),
            NameClearance.person_id.in_(find_person_ids(session, namesake, now)),
        )
    ).all()
    return [row for row in same_name if row.id not in cleared]
