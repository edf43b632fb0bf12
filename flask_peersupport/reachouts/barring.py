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
from .models import InvolvedRecord, NameClearance, ReachOut, ReportRecord, SupportRequest


def barring_involved(person: Person, person_ids: Sequence[str], now: datetime) -> sa.Select[Any]:
    """Return the SELECT, correlated to a reach-out's `InvolvedRecord`, that finds what bars.

    It looks at everybody involved in the same report: the person's user id, e-mail address or
    name, unless the name was cleared for this person.
    """
    other = orm.aliased(InvolvedRecord)
    same_report = sa.or_(
        other.id == InvolvedRecord.id,
        sa.and_(other.report_id.is_not(None), other.report_id == InvolvedRecord.report_id),
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


@bars_messages
def barred_subjects(
    session: orm.Session, actor: Actor, object_ids: Collection[str]
) -> Collection[str]:
    """Return the reach-outs and requests, by id, of which this coordinator may see nothing."""
    barred = barring_involved(actor.person, actor.person_ids, utc_now()).exists()
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
    return [*session.scalars(reach_outs), *session.scalars(requests)]


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

    Those for whom that was cleared are left out.
    """
    involved = reach_out.involved
    statement = sa.select(InvolvedRecord).where(InvolvedRecord.id == involved.id)
    if involved.report_id is not None:
        statement = sa.select(InvolvedRecord).where(InvolvedRecord.report_id == involved.report_id)
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
