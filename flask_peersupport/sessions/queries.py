"""Reading sessions for pages: plain values, with a constant number of statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..errors import KeyringError
from ..i18n import gettext as _
from ..i18n import mark
from ..vault.models import PersonRecord
from ..vault.seal import plain_name
from .models import Attendance, ProgrammeSession, SessionTrainer
from .policy import Standing, is_for, is_led_by, is_mine, visible_sessions
from .rules import Places
from .states import SessionKind, SessionState, SignUp, TargetGroup

PAGE_SIZE = 25
#: What somebody signed up for stands on one page.
MOST_OWN = 50

#: Where the reader stands in a session, and whether they came; no part in it.
_Part = tuple[SignUp | None, bool | None]
_NONE: _Part = (None, None)
#: Where a page of the list ended: when the last session begins, and its id.
Key = tuple[datetime, str]


class Period(StrEnum):
    """Which part of the list is shown."""

    COMING = "coming"
    PAST = "past"


PERIOD_LABELS: Mapping[Period, str] = {
    Period.COMING: mark("still to come"),
    Period.PAST: mark("in the past"),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the list shows: a period; a kind or all; a state or all; those without a trainer."""

    period: Period = Period.COMING
    kind: SessionKind | None = None
    state: SessionState | None = None
    is_untrained: bool = False


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as the list shows it, with where its reader stands."""

    id: str
    kind: SessionKind
    state: SessionState
    title: str | None
    starts_at: datetime
    ends_at: datetime
    place: str | None
    is_online: bool
    places: Places
    own: SignUp | None
    has_attended: bool | None
    is_led: bool
    needs_trainer: bool
    #: Whether people sign up for it themselves.
    has_sign_up: bool


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody's place, decrypted for whoever records who came."""

    id: str
    person_id: str
    name: str
    detail: str
    sign_up: SignUp
    place_number: int
    has_attended: bool | None
    confirmed_at: datetime | None

    @property
    def differs(self) -> bool:
        """Whether they say that they came, and the trainer that they did not."""
        return self.confirmed_at is not None and self.has_attended is False


def own_sessions(session: orm.Session, standing: Standing) -> list[SessionRow]:
    """Return what somebody signed up for, or leads, and is still to end; the first one first.

    Trainers find what they lead among all the others.
    """
    if not standing.person_ids:
        return []
    statement = (
        sa.select(ProgrammeSession)
        .where(
            ProgrammeSession.state != SessionState.HELD,
            ProgrammeSession.ends_at > standing.now,
            is_mine(standing) if standing.is_trainer else _is_own(standing),
        )
        .order_by(ProgrammeSession.starts_at, ProgrammeSession.id)
        .limit(MOST_OWN)
    )
    return _rows(session, statement, standing)


def session_page(
    session: orm.Session, standing: Standing, chosen: Chosen, *, after: Key | None = None
) -> tuple[list[SessionRow], Key | None]:
    """Return a page of the sessions that somebody may see, and the key of the next page.

    Those still to come begin with the first one, those of the past with the last one. Trainers see
    all of them; others see what is still open to them, and of the past what they had a part in.
    """
    when = (ProgrammeSession.starts_at, ProgrammeSession.id)
    statement = sa.select(ProgrammeSession).where(visible_sessions(standing))
    if chosen.period is Period.COMING:
        statement = statement.where(ProgrammeSession.ends_at > standing.now).order_by(*when)
        if not standing.is_trainer:
            statement = statement.where(~_is_own(standing))
        if chosen.state is None:
            statement = statement.where(ProgrammeSession.state != SessionState.CANCELLED)
    else:
        statement = statement.where(ProgrammeSession.ends_at <= standing.now)
        statement = statement.order_by(*(column.desc() for column in when))
        if not standing.is_trainer:
            statement = statement.where(_is_own(standing))
    if chosen.kind is not None:
        statement = statement.where(ProgrammeSession.kind == chosen.kind)
    if chosen.state is not None:
        statement = statement.where(ProgrammeSession.state == chosen.state)
    if chosen.is_untrained:
        statement = statement.where(_lacks_trainer())
    if after is not None:
        parts = zip(after, when, strict=True)
        key = sa.tuple_(*(sa.literal(part, column.type) for part, column in parts))
        here = sa.tuple_(*when)
        statement = statement.where(here > key if chosen.period is Period.COMING else here < key)
    rows = _rows(session, statement.limit(PAGE_SIZE + 1), standing)
    shown = rows[:PAGE_SIZE]
    next_key = (shown[-1].starts_at, shown[-1].id) if len(rows) > PAGE_SIZE else None
    return shown, next_key


def count_untrained(session: orm.Session, standing: Standing) -> int:
    """Return how many planned sessions that are still to end nobody leads."""
    statement = sa.select(sa.func.count()).where(
        ProgrammeSession.state == SessionState.PLANNED,
        ProgrammeSession.ends_at > standing.now,
        visible_sessions(standing),
        _lacks_trainer(),
    )
    return session.scalar(statement) or 0


def has_sessions(session: orm.Session, standing: Standing) -> bool:
    """Return whether there is anything on the list of sessions for somebody now."""
    statement = (
        sa.select(ProgrammeSession.id)
        .where(
            ProgrammeSession.state == SessionState.PLANNED,
            ProgrammeSession.ends_at > standing.now,
            is_for(standing) | is_led_by(standing) | is_mine(standing),
        )
        .limit(1)
    )
    return session.scalar(statement) is not None


def row_of(
    session: orm.Session,
    programme_session: ProgrammeSession,
    standing: Standing,
    own: Sequence[Attendance],
) -> SessionRow:
    """Return what the list shows of one session; `own` as `places_of` returns the reader's."""
    counts = _counts(session, [programme_session.id])
    place = next((row for row in own if row.sign_up is not SignUp.WITHDRAWN), None)
    part = _NONE if place is None else (place.sign_up, place.has_attended)
    trainers = {row.person_id for row in programme_session.trainers}
    return _row(programme_session, standing, counts, part, trainers)


def places_of(
    session: orm.Session, programme_session: ProgrammeSession, person_ids: Sequence[str]
) -> Sequence[Attendance]:
    """Return somebody's places in a session, read anew, the one that counts first.

    More than one there are only where they have several rows in the vault.
    """
    if not person_ids:
        return ()
    statement = sa.select(Attendance).where(
        Attendance.session_id == programme_session.id, Attendance.person_id.in_(person_ids)
    )
    found = session.scalars(statement, execution_options={"populate_existing": True})
    return sorted(found, key=lambda row: (row.sign_up is SignUp.WITHDRAWN, row.place_number))


def waiting_before(session: orm.Session, attendance: Attendance) -> int:
    """Return how many wait before somebody on the waiting list."""
    statement = sa.select(sa.func.count()).where(
        Attendance.session_id == attendance.session_id,
        Attendance.sign_up == SignUp.WAITING,
        Attendance.place_number < attendance.place_number,
    )
    return session.scalar(statement) or 0


def participants(
    session: orm.Session, programme_session: ProgrammeSession
) -> tuple[list[Participant], list[Participant]]:
    """Return who has a place, in order of name, and who waits, in order of arrival."""
    statement = (
        sa.select(Attendance)
        .where(
            Attendance.session_id == programme_session.id,
            Attendance.sign_up != SignUp.WITHDRAWN,
        )
        .order_by(Attendance.place_number)
    )
    found = [_participant(row) for row in session.scalars(statement)]
    signed_up = [one for one in found if one.sign_up is SignUp.SIGNED_UP]
    signed_up.sort(key=lambda one: (plain_name(one.name), one.place_number))
    return signed_up, [one for one in found if one.sign_up is SignUp.WAITING]


def trainer_names(programme_session: ProgrammeSession) -> list[str]:
    """Return who leads a session, in order of name."""
    return sorted((name_of(row.record) for row in programme_session.trainers), key=plain_name)


def name_of(record: PersonRecord) -> str:
    """Return a name out of the vault; its place where the key of its month is destroyed."""
    try:
        return record.person.name
    except KeyringError:
        return _("name no longer kept")


def _participant(row: Attendance) -> Participant:
    try:
        person = row.record.person
        name, detail = person.name, person.department or person.email or ""
    except KeyringError:
        name, detail = name_of(row.record), ""
    return Participant(
        id=row.id,
        person_id=row.person_id,
        name=name,
        detail=detail,
        sign_up=row.sign_up,
        place_number=row.place_number,
        has_attended=row.has_attended,
        confirmed_at=row.confirmed_at,
    )


def _is_own(standing: Standing) -> sa.ColumnElement[bool]:
    return is_mine(standing) | is_led_by(standing)


def _lacks_trainer() -> sa.ColumnElement[bool]:
    return ~sa.exists().where(SessionTrainer.session_id == ProgrammeSession.id) & (
        ProgrammeSession.kind != SessionKind.GROUP_SUPPORT
    )


def _rows(session: orm.Session, statement: sa.Select[Any], standing: Standing) -> list[SessionRow]:
    """Return the sessions of a SELECT, with their counts and the reader's part, in four reads."""
    found: Sequence[ProgrammeSession] = session.scalars(
        statement.options(orm.lazyload(ProgrammeSession.trainers))
    ).all()
    ids = [row.id for row in found]
    if not ids:
        return []
    counts = _counts(session, ids)
    own = _own(session, ids, standing)
    trainers = _trainers(session, ids)
    return [
        _row(row, standing, counts, own.get(row.id, _NONE), trainers.get(row.id, set()))
        for row in found
    ]


def _row(
    row: ProgrammeSession,
    standing: Standing,
    counts: Mapping[tuple[str, SignUp], int],
    own: _Part,
    trainer_ids: Set[str],
) -> SessionRow:
    return SessionRow(
        id=row.id,
        kind=row.kind,
        state=row.state,
        title=row.title,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        place=row.place,
        is_online=row.link is not None,
        places=Places(
            row.capacity,
            counts.get((row.id, SignUp.SIGNED_UP), 0),
            counts.get((row.id, SignUp.WAITING), 0),
        ),
        own=own[0],
        has_attended=own[1],
        is_led=not trainer_ids.isdisjoint(standing.person_ids),
        needs_trainer=row.state is SessionState.PLANNED
        and row.kind is not SessionKind.GROUP_SUPPORT
        and not trainer_ids,
        has_sign_up=row.target is not TargetGroup.NOBODY,
    )


def _counts(session: orm.Session, ids: Sequence[str]) -> Mapping[tuple[str, SignUp], int]:
    statement = (
        sa.select(Attendance.session_id, Attendance.sign_up, sa.func.count())
        .where(Attendance.session_id.in_(ids))
        .group_by(Attendance.session_id, Attendance.sign_up)
    )
    return {(row_id, sign_up): count for row_id, sign_up, count in session.execute(statement)}


def _own(session: orm.Session, ids: Sequence[str], standing: Standing) -> Mapping[str, _Part]:
    statement = sa.select(Attendance.session_id, Attendance.sign_up, Attendance.has_attended).where(
        Attendance.session_id.in_(ids),
        Attendance.person_id.in_(standing.person_ids),
        Attendance.sign_up != SignUp.WITHDRAWN,
    )
    return {row.session_id: (row.sign_up, row.has_attended) for row in session.execute(statement)}


def _trainers(session: orm.Session, ids: Sequence[str]) -> Mapping[str, Set[str]]:
    statement = sa.select(SessionTrainer.session_id, SessionTrainer.person_id).where(
        SessionTrainer.session_id.in_(ids)
    )
    found: dict[str, set[str]] = {}
    for session_id, person_id in session.execute(statement):
        found.setdefault(session_id, set()).add(person_id)
    return found
