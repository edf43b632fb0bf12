"""Support of a group after one event, led by supporters who are not from there (P23).

Of the people in the group nothing is kept but how many they were. Of the event a session keeps
only which report it was; whoever leads it is told the kind and the department, and no more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.sheets import cell_fault
from ..audit import record
from ..errors import InvalidInput
from ..i18n import gettext as _
from ..outbox.actions import enqueue
from ..reachouts.models import ReportRecord
from ..reachouts.rules import CASES_OF_ONE_PERSON
from ..supporters.models import Supporter
from ..values import Person
from ..vault.models import PersonRecord
from .leaders import possible_leaders
from .lifecycle import call_off, hold
from .models import ProgrammeSession, SessionTrainer
from .states import SessionKind, SessionState, TargetGroup

#: Room for "Room 4.12, main building", not for a story.
LONGEST_PLACE = 80
#: A group was perhaps supported before anybody wrote it down.
LATEST = timedelta(days=31)
MOST_LEADERS = 6


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """When, where and by whom a group is supported; instants are aware."""

    starts_at: datetime
    ends_at: datetime
    place: str
    leader_ids: frozenset[str]


def is_possible_after(report: ReportRecord) -> bool:
    """Return whether a group can be supported after such a report."""
    return report.kind not in CASES_OF_ONE_PERSON


def plan_group_support(
    session: orm.Session,
    report: ReportRecord,
    plan: GroupPlan,
    *,
    actor: Person | str,
    now: datetime,
) -> ProgrammeSession:
    """Plan support of the group that an event touched; its leaders are told.

    Args:
        session: flushed, not committed, here.
        report: after which; the actor may see it.
        plan: leaders by the ids of their supporters' records.
        actor: a coordinator.
        now: aware.

    Raises:
        InvalidInput: something of the plan cannot be right, or a leader may not lead this.
    """
    place = _check(plan, now)
    leaders = _leaders(session, report, plan.leader_ids, now)
    meeting = ProgrammeSession(
        kind=SessionKind.GROUP_SUPPORT,
        state=SessionState.PLANNED,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        place=place,
        target=TargetGroup.NOBODY,
        report_id=report.id,
        created_at=now,
        trainers=[SessionTrainer(record=leader.record) for leader in leaders],
    )
    session.add(meeting)
    session.flush()
    _audit(session, meeting, "group_support.planned", actor, now)
    for leader in leaders:
        _audit(session, meeting, "group_support.leader_added", actor, now, leader.person_id)
        _tell(session, "group_support_planned", leader.record, meeting, now)
    return meeting


def change_group_support(
    session: orm.Session,
    session_id: str,
    plan: GroupPlan,
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Replace when, where and by whom a group is supported; whom that concerns is told.

    Who leads it already may go on leading it.

    Raises:
        InvalidInput: as for `plan_group_support`, or it was called off.
    """
    meeting = hold(session, session_id)
    if meeting.state is SessionState.CANCELLED:
        raise InvalidInput(_("This session was called off."))
    place = _check(plan, now)
    is_moved = (meeting.starts_at, meeting.ends_at) != (plan.starts_at, plan.ends_at)
    known = {trainer.person_id: trainer for trainer in meeting.trainers}
    report = session.get(ReportRecord, meeting.report_id) if meeting.report_id else None
    leaders = _leaders(session, report, plan.leader_ids, now, known)
    chosen = {leader.person_id for leader in leaders}
    gone = [trainer.record for key, trainer in known.items() if key not in chosen]
    added = [leader.record for leader in leaders if leader.person_id not in known]
    if is_moved:
        meeting.sequence += 1
    meeting.starts_at, meeting.ends_at, meeting.place = plan.starts_at, plan.ends_at, place
    meeting.trainers = [
        *(trainer for key, trainer in known.items() if key in chosen),
        *(SessionTrainer(record=row) for row in added),
    ]
    session.flush()
    _audit(session, meeting, "group_support.changed", actor, now)
    for row in added:
        _audit(session, meeting, "group_support.leader_added", actor, now, row.id)
    for row in gone:
        _audit(session, meeting, "group_support.leader_removed", actor, now, row.id)
        _tell(session, "group_support_off", row, meeting, now)
    for trainer in meeting.trainers if is_moved else ():
        if trainer.record not in added:
            _tell(session, "group_support_planned", trainer.record, meeting, now)
    for row in added:
        _tell(session, "group_support_planned", row, meeting, now)


def cancel_group_support(
    session: orm.Session, session_id: str, *, actor: Person | str, now: datetime
) -> None:
    """Call the support of a group off; its leaders are told.

    Raises:
        InvalidTransition: it was held, or was called off before.
    """
    meeting = hold(session, session_id)
    call_off(session, meeting, "group_support.cancelled", actor=actor, now=now)
    for trainer in meeting.trainers:
        _tell(session, "group_support_off", trainer.record, meeting, now)


def groups_after(session: orm.Session, report: ReportRecord) -> Sequence[ProgrammeSession]:
    """Return the support of groups after a report, the latest last."""
    statement = sa.select(ProgrammeSession).where(ProgrammeSession.report_id == report.id)
    order = (ProgrammeSession.starts_at, ProgrammeSession.id)
    return session.scalars(statement.order_by(*order)).all()


def supporters_of(session: orm.Session, person_ids: Collection[str]) -> Sequence[Supporter]:
    """Return the supporters' records of those who lead a group, by their vault rows."""
    statement = sa.select(Supporter).where(Supporter.person_id.in_(person_ids))
    return session.scalars(statement.order_by(Supporter.id)).all()


def _check(plan: GroupPlan, now: datetime) -> str:
    """Return the place as it is kept.

    Raises:
        InvalidInput: something cannot be right.
    """
    faults: dict[str, str] = {}
    place = " ".join(plan.place.split())
    if plan.ends_at <= plan.starts_at:
        faults["ends"] = _("It has to end after it begins.")
    if plan.starts_at < now - LATEST:
        faults["day"] = _("This is too long ago.")
    elif plan.starts_at > now + timedelta(days=366):
        faults["day"] = _("This is too far ahead.")
    if not place:
        faults["place"] = _("Say where: a room or a building.")
    elif len(place) > LONGEST_PLACE:
        faults["place"] = _("This is too long; at most %(n)s characters.", n=LONGEST_PLACE)
    elif fault := cell_fault(place):
        faults["place"] = fault
    if not plan.leader_ids:
        faults["leader"] = _("Choose who leads it.")
    elif len(plan.leader_ids) > MOST_LEADERS:
        faults["leader"] = _("These are too many; at most %(n)s.", n=MOST_LEADERS)
    if faults:
        raise InvalidInput(next(iter(faults.values())), faults)
    return place


def _leaders(
    session: orm.Session,
    report: ReportRecord | None,
    chosen: Collection[str],
    now: datetime,
    known: Collection[str] = (),
) -> list[Supporter]:
    """Return the chosen leaders; those who lead it already (`known`, vault rows) may stay."""
    statement = sa.select(Supporter).where(Supporter.id.in_(chosen)).order_by(Supporter.id)
    rows = session.scalars(statement).all()
    new = [row for row in rows if row.person_id not in known]
    possible: set[str] = set()
    if new and report is not None:
        possible = {row.id for row in possible_leaders(session, report, now=now).supporters}
    if len(rows) != len(chosen) or any(row.id not in possible for row in new):
        fault = _("One of these supporters may not lead this any more; choose again.")
        raise InvalidInput(fault, {"leader": fault})
    return list(rows)


def _tell(
    session: orm.Session, mail: str, to: PersonRecord, meeting: ProgrammeSession, now: datetime
) -> None:
    if meeting.starts_at > now:
        enqueue(session, mail, to=to, object_id=meeting.id, now=now)


def _audit(
    session: orm.Session,
    meeting: ProgrammeSession,
    action: str,
    actor: Person | str,
    now: datetime,
    subject_id: str | None = None,
) -> None:
    record.record(
        session, action, actor=actor, now=now, object_id=meeting.id, subject_id=subject_id
    )
