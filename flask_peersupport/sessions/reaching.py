"""How many people sessions reached: by group, without names (P23, P33).

People who sign up are counted by their attendance, and by that only: the trainer counts the
others, so nobody counts twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.policy import is_coordinator
from ..audit import record
from ..errors import InvalidInput
from ..i18n import gettext as _
from ..runtime import current_runtime
from ..values import Person
from .hours import year_bounds
from .lifecycle import hold, mark_held
from .models import Attendance, ProgrammeSession, SessionReach
from .policy import Standing, follows_barred_report
from .recording import check_begun
from .states import Reached, SessionKind, SessionState, SignUp

#: More people than any hall here holds.
MOST = 5_000
#: What is counted by head: trainings, meetings and intervision have names.
COUNTED_KINDS = frozenset(
    {
        SessionKind.LIGHT_TRAINING,
        SessionKind.LECTURE,
        SessionKind.INFORMATION,
        SessionKind.GROUP_SUPPORT,
    }
)


def groups_of(kind: SessionKind) -> tuple[Reached, ...]:
    """Return the groups that are counted with a kind of session; a group is one number (P23)."""
    if kind is SessionKind.GROUP_SUPPORT:
        return (Reached.OTHERS,)
    return tuple(Reached) if kind in COUNTED_KINDS else ()


def record_reach(
    session: orm.Session,
    session_id: str,
    counts: Mapping[Reached, int],
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Note how many of each group a session reached; with that it is held.

    Args:
        session: not committed here.
        session_id: which session.
        counts: of people who did not sign up; a group that is not named counts none.
        actor: who leads it.
        now: aware.

    Raises:
        InvalidInput: it is not counted, has not begun or was called off; or a count cannot be
            right.
    """
    meeting = hold(session, session_id)
    check_begun(meeting, COUNTED_KINDS, now)
    groups = groups_of(meeting.kind)
    faults = {
        group.value: _("A number from 0 to %(n)s.", n=MOST)
        for group, count in counts.items()
        if group not in groups or not 0 <= count <= MOST
    }
    if faults:
        raise InvalidInput(next(iter(faults.values())), faults)
    session.execute(sa.delete(SessionReach).where(SessionReach.session_id == meeting.id))
    session.add_all(
        SessionReach(session_id=meeting.id, reached=group, count=counts[group])
        for group in groups
        if counts.get(group)
    )
    session.flush()
    mark_held(session, meeting, actor=actor, now=now)
    record.record(session, "session.reach_noted", actor=actor, now=now, object_id=meeting.id)


def reach_of(session: orm.Session, meeting: ProgrammeSession) -> Mapping[Reached, int]:
    """Return how many of each group a session reached."""
    statement = sa.select(SessionReach).where(SessionReach.session_id == meeting.id)
    return {row.reached: row.count for row in session.scalars(statement)}


@dataclass(slots=True)
class ReachRow:
    """What the sessions of one kind reached in a year.

    Attributes:
        kind: of session.
        sessions: how many were held.
        by_group: people counted without names.
        by_name: people who signed up and came, one for each session they came to.
    """

    kind: SessionKind
    sessions: int = 0
    by_group: dict[Reached, int] = field(default_factory=dict)
    by_name: int = 0

    @property
    def total(self) -> int:
        """All whom these sessions reached."""
        return self.by_name + sum(self.by_group.values())


def reach_of_year(session: orm.Session, standing: Standing, year: int) -> list[ReachRow]:
    """Return what the sessions of a year reached, one row a kind, in three statements.

    Support of a group is in the figures of coordinators only, and not where it follows a report
    that they may not know of (P23).

    Args:
        session: read only.
        standing: of who looks.
        year: by the day on which a session began, in the programme's time zone.
    """
    held = _held_in(year, standing)
    rows = {kind: ReachRow(kind) for kind in SessionKind}
    counted = sa.select(ProgrammeSession.kind, sa.func.count()).where(*held)
    for kind, count in session.execute(counted.group_by(ProgrammeSession.kind)):
        rows[kind].sessions = count
    by_group = (
        sa.select(ProgrammeSession.kind, SessionReach.reached, sa.func.sum(SessionReach.count))
        .join(SessionReach, SessionReach.session_id == ProgrammeSession.id)
        .where(*held)
        .group_by(ProgrammeSession.kind, SessionReach.reached)
    )
    for kind, group, count in session.execute(by_group):
        rows[kind].by_group[group] = int(count)
    by_name = (
        sa.select(ProgrammeSession.kind, sa.func.count())
        .join(Attendance, Attendance.session_id == ProgrammeSession.id)
        .where(*held, Attendance.has_attended.is_(True), Attendance.sign_up == SignUp.SIGNED_UP)
        .group_by(ProgrammeSession.kind)
    )
    for kind, count in session.execute(by_name):
        rows[kind].by_name = count
    return list(rows.values())


def years_held(session: orm.Session, today: date) -> Sequence[int]:
    """Return the years in which a session was held, and the present one, the latest first."""
    statement = sa.select(
        sa.func.min(ProgrammeSession.starts_at), sa.func.max(ProgrammeSession.starts_at)
    ).where(ProgrammeSession.state == SessionState.HELD)
    first, last = session.execute(statement).one()
    zone = current_runtime().settings.timezone
    ends = [today.year, *(at.astimezone(zone).year for at in (first, last) if at)]
    return range(max(ends), min(ends) - 1, -1)


def total_of(rows: Iterable[ReachRow]) -> Mapping[Reached, int]:
    """Return the sum of each group over all kinds."""
    total = dict.fromkeys(Reached, 0)
    for row in rows:
        for group, count in row.by_group.items():
            total[group] += count
    return total


def _held_in(year: int, standing: Standing) -> list[sa.ColumnElement[bool]]:
    begins, ends = year_bounds(year, current_runtime().settings.timezone)
    held = [
        ProgrammeSession.state == SessionState.HELD,
        ProgrammeSession.starts_at >= begins,
        ProgrammeSession.starts_at < ends,
    ]
    if is_coordinator(standing.actor):
        return [*held, ~follows_barred_report(standing)]
    return [*held, ProgrammeSession.kind != SessionKind.GROUP_SUPPORT]
