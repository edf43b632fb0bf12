"""How many hours, and accreditation points, somebody's attendance adds up to (P34)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import orm

from ..supporters.models import Supporter
from ..supporters.states import ACTIVE
from ..vault.models import PersonRecord
from ..vault.seal import plain_name
from .models import Attendance, ProgrammeSession
from .queries import name_of
from .states import SessionKind, SessionState


@dataclass
class Hours:
    """What a person attended in a year.

    Attributes:
        by_kind: time, of the kinds attended.
        points: of accreditation, in hundredths.
    """

    by_kind: dict[SessionKind, timedelta] = field(default_factory=dict)
    points: int = 0

    @property
    def total(self) -> timedelta:
        """All the time together."""
        return sum(self.by_kind.values(), timedelta())

    def add(self, kind: SessionKind, duration: timedelta, points: int | None) -> None:
        """Count one session."""
        self.by_kind[kind] = self.by_kind.get(kind, timedelta()) + duration
        self.points += points or 0


@dataclass(frozen=True, slots=True)
class SupporterHours:
    """A supporter's hours in one year."""

    name: str
    hours: Hours


def hours_by_year(
    session: orm.Session, person_ids: Sequence[str], zone: ZoneInfo
) -> Mapping[int, Hours]:
    """Return what one person attended, by year of the programme's time zone, the latest first."""
    if not person_ids:
        return {}
    years: defaultdict[int, Hours] = defaultdict(Hours)
    rows = _attended(session, Attendance.person_id.in_(person_ids))
    for _person_id, kind, starts_at, ends_at, points in rows:
        years[starts_at.astimezone(zone).year].add(kind, ends_at - starts_at, points)
    return dict(sorted(years.items(), reverse=True))


def hours_of_supporters(session: orm.Session, year: int, zone: ZoneInfo) -> list[SupporterHours]:
    """Return the hours of all who are a supporter, or were one and attended then, by name.

    Three statements, however many there are.
    """
    first, after = year_bounds(year, zone)
    rows = _attended(
        session, ProgrammeSession.starts_at >= first, ProgrammeSession.starts_at < after
    )
    by_person: defaultdict[str, Hours] = defaultdict(Hours)
    for person_id, kind, starts_at, ends_at, points in rows:
        by_person[person_id].add(kind, ends_at - starts_at, points)
    found = session.execute(
        sa.select(Supporter.person_id, Supporter.state, PersonRecord).join(
            PersonRecord, PersonRecord.id == Supporter.person_id
        )
    )
    listed = [
        SupporterHours(name_of(record), by_person.get(person_id, Hours()))
        for person_id, state, record in found
        if state in ACTIVE or person_id in by_person
    ]
    return sorted(listed, key=lambda row: plain_name(row.name))


def kinds_in(found: Iterable[Hours]) -> list[SessionKind]:
    """Return the kinds that were attended, in their own order: the columns of a table."""
    attended = {kind for hours in found for kind in hours.by_kind}
    return [kind for kind in SessionKind if kind in attended]


def year_bounds(year: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a year begins in the time zone, and when the next one does."""
    first, after = (datetime(number, 1, 1, tzinfo=zone) for number in (year, year + 1))
    return first.astimezone(UTC), after.astimezone(UTC)


def _attended(session: orm.Session, *conditions: sa.ColumnElement[bool]) -> Sequence[Any]:
    """Return what was attended: the trainer said so, and the session was held."""
    statement = (
        sa.select(
            Attendance.person_id,
            ProgrammeSession.kind,
            ProgrammeSession.starts_at,
            ProgrammeSession.ends_at,
            ProgrammeSession.accreditation_points,
        )
        .join(ProgrammeSession, ProgrammeSession.id == Attendance.session_id)
        .where(
            Attendance.has_attended.is_(True),
            ProgrammeSession.state == SessionState.HELD,
            *conditions,
        )
    )
    return session.execute(statement).all()
