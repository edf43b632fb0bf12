"""What an intervision was used for, and who is due for one: ticks, themes and dates (P30, P32).

No word about a case is kept: there is no text to write one in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..errors import InvalidInput
from ..i18n import gettext as _
from ..supporters.care import Care
from ..supporters.care_queries import due_first, read_team_load
from ..values import Person
from .lifecycle import hold
from .models import Attendance, ProgrammeSession, SessionTheme, Theme
from .recording import check_begun
from .states import IntervisionTick, SessionKind, SessionState, SignUp


def record_intervision(
    session: orm.Session,
    session_id: str,
    ticks: Collection[IntervisionTick],
    theme_ids: Collection[str],
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Replace what an intervision was used for and its themes.

    Args:
        session: flushed, not committed, here.
        session_id: of an intervision.
        ticks: of the four.
        theme_ids: of the vocabulary; what was retired may stay, and is not added.
        actor: who leads it.
        now: aware.

    Raises:
        InvalidInput: it is no intervision, was cancelled, has not begun, or a theme is unknown.
    """
    meeting = hold(session, session_id)
    check_begun(meeting, {SessionKind.INTERVISION}, now)
    kept = set(
        session.scalars(
            sa.select(SessionTheme.theme_id).where(SessionTheme.session_id == meeting.id)
        )
    )
    chosen = set(theme_ids)
    offered = set(session.scalars(sa.select(Theme.id).where(Theme.retired_at.is_(None))))
    if chosen - kept - offered:
        fault = _("This theme is not offered any more.")
        raise InvalidInput(fault, {"theme": fault})
    meeting.ticks = tuple(tick.value for tick in IntervisionTick if tick in ticks)
    gone = kept - chosen
    if gone:
        session.execute(
            sa.delete(SessionTheme).where(
                SessionTheme.session_id == meeting.id, SessionTheme.theme_id.in_(gone)
            )
        )
    session.add_all(
        SessionTheme(session_id=meeting.id, theme_id=theme_id) for theme_id in chosen - kept
    )
    session.flush()
    record.record(session, "intervision.recorded", actor=actor, now=now, object_id=meeting.id)


@dataclass(frozen=True, slots=True)
class DueRow:
    """A supporter, whether intervision is due, and what is planned.

    Attributes:
        name: decrypted.
        care: whether it is due, why and since when.
        last_on: day of the latest intervision they attended.
        next_at: of the next one they signed up for.
        is_waiting: they are on its waiting list only.
    """

    name: str
    care: Care
    last_on: date | None
    next_at: datetime | None
    is_waiting: bool


def intervision_rows(session: orm.Session, now: datetime, *, is_due_only: bool) -> list[DueRow]:
    """Return the supporters, those longest due first, in a constant number of statements.

    Args:
        session: read only.
        now: aware.
        is_due_only: leave out those who are not due yet.
    """
    found = [row for row in due_first(read_team_load(session, now)) if not row.is_external]
    if is_due_only:
        found = [row for row in found if row.care.is_due]
    planned = _planned(session, now)
    rows = []
    for row in found:
        next_at, sign_up = planned.get(row.person_id, (None, None))
        is_waiting = sign_up is SignUp.WAITING
        rows.append(DueRow(row.person.name, row.care, row.intervision_on, next_at, is_waiting))
    return rows


def _planned(session: orm.Session, now: datetime) -> Mapping[str, tuple[datetime, SignUp]]:
    """Return the next intervision that each person signed up for, by vault row; a place first."""
    statement = (
        sa.select(Attendance.person_id, ProgrammeSession.starts_at, Attendance.sign_up)
        .join(ProgrammeSession, ProgrammeSession.id == Attendance.session_id)
        .where(
            ProgrammeSession.kind == SessionKind.INTERVISION,
            ProgrammeSession.state == SessionState.PLANNED,
            ProgrammeSession.starts_at > now,
            Attendance.sign_up != SignUp.WITHDRAWN,
        )
        .order_by(ProgrammeSession.starts_at, ProgrammeSession.id)
    )
    found: dict[str, tuple[datetime, SignUp]] = {}
    for person_id, starts_at, sign_up in session.execute(statement):
        known = found.get(person_id)
        if known is None or (known[1] is SignUp.WAITING and sign_up is SignUp.SIGNED_UP):
            found[person_id] = (starts_at, sign_up)
    return found
