"""Certificates of attendance, and the list that participants sign (P34)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..runtime import current_runtime
from ..vault.seal import plain_name
from .models import Attendance, ProgrammeSession
from .queries import name_of, trainer_names
from .states import SessionKind, SessionState, SignUp


@dataclass(frozen=True, slots=True)
class About:
    """What the papers say of a session.

    Attributes:
        points: of accreditation, in hundredths; None: it is not accredited.
        trainers: their names, in order.
        hours_of_day: from when until when, e.g. "09:00–12:30".
    """

    id: str
    kind: SessionKind
    title: str | None
    place: str | None
    starts_at: datetime
    ends_at: datetime
    held_on: date
    accreditation_number: str | None
    points: int | None
    trainers: tuple[str, ...]
    hours_of_day: str

    @property
    def duration(self) -> timedelta:
        """How long it lasts."""
        return self.ends_at - self.starts_at


def about(programme_session: ProgrammeSession) -> About:
    """Return what the papers say of a session."""
    zone = current_runtime().settings.timezone
    begins, ends = (
        instant.astimezone(zone)
        for instant in (programme_session.starts_at, programme_session.ends_at)
    )
    return About(
        id=programme_session.id,
        kind=programme_session.kind,
        title=programme_session.title,
        place=programme_session.place,
        starts_at=programme_session.starts_at,
        ends_at=programme_session.ends_at,
        held_on=begins.date(),
        accreditation_number=programme_session.accreditation_number,
        points=programme_session.accreditation_points,
        trainers=tuple(trainer_names(programme_session)),
        hours_of_day=f"{begins:%H:%M}–{ends:%H:%M}",
    )


def can_certify(programme_session: ProgrammeSession) -> bool:
    """Return whether a session gives certificates: once it was held; support of a group never."""
    return (
        programme_session.state is SessionState.HELD
        and programme_session.kind is not SessionKind.GROUP_SUPPORT
    )


def own_attendance(
    programme_session: ProgrammeSession, own: Sequence[Attendance]
) -> Attendance | None:
    """Return which of somebody's places gives them a certificate; None: they were not there."""
    if not can_certify(programme_session):
        return None
    return next((attendance for attendance in own if attendance.has_attended), None)


def names_present(session: orm.Session, programme_session: ProgrammeSession) -> list[str]:
    """Return the names of those who came to a session that was held, in order."""
    if not can_certify(programme_session):
        return []
    return _names(session, programme_session, Attendance.has_attended.is_(True))


def names_expected(session: orm.Session, programme_session: ProgrammeSession) -> list[str]:
    """Return the names of those who have a place, in order."""
    return _names(session, programme_session, Attendance.sign_up == SignUp.SIGNED_UP)


def _names(
    session: orm.Session,
    programme_session: ProgrammeSession,
    condition: sa.ColumnElement[bool],
) -> list[str]:
    statement = sa.select(Attendance).where(
        Attendance.session_id == programme_session.id, condition
    )
    names = [name_of(attendance.record) for attendance in session.scalars(statement)]
    return sorted(names, key=plain_name)
