"""Planning sessions: alone or in a series, changed, called off (P32, P33, P34).

Actions check, change, flush, audit, then write to those who are concerned; they never commit.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..db import new_id
from ..runtime import current_runtime
from ..values import Person
from ..vault.persons import store_person
from . import invitations, notices
from .lifecycle import audit_session, call_off, hold, hold_later
from .models import ProgrammeSession, SessionTrainer
from .plans import (
    Confirmed,
    Details,
    Repetition,
    check_capacity,
    check_changed_trainers,
    check_past,
    check_trainers,
    days_of,
    span_of,
)
from .signing_up import move_up
from .states import SessionState


def plan_sessions(
    session: orm.Session,
    details: Details,
    repetition: Repetition | None = None,
    *,
    confirmed: Confirmed | None = None,
    actor: Person | str,
    now: datetime,
) -> list[ProgrammeSession]:
    """Plan a session, or a series of them, each one a session of its own at the same local time.

    Raises:
        InvalidInput: by field. "past" and "overlap" are questions: `confirmed` answers them.
    """
    confirmed = confirmed or Confirmed()
    days = days_of(details, repetition)
    spans = [span_of(details, day) for day in days]
    check_past(spans, confirmed, now, is_series=repetition is not None)
    if not confirmed.has_overlap:
        check_trainers(session, details.trainers, spans, (), now)
    series_id = new_id() if len(spans) > 1 else None
    planned = []
    for starts_at, ends_at in spans:
        programme_session = ProgrammeSession(
            state=SessionState.PLANNED,
            series_id=series_id,
            starts_at=starts_at,
            ends_at=ends_at,
            sequence=0,
            created_at=now,
        )
        session.add(programme_session)
        _write(session, programme_session, details, now)
        planned.append(programme_session)
    session.flush()
    for programme_session in planned:
        audit_session(session, programme_session, "session.planned", actor, now)
    return planned


def change_sessions(
    session: orm.Session,
    session_id: str,
    details: Details,
    *,
    and_later: bool = False,
    confirmed: Confirmed | None = None,
    actor: Person | str,
    now: datetime,
) -> list[ProgrammeSession]:
    """Change a session, or with it all later ones of its series; return those that changed.

    Later ones move by as many days as this one and get its times of day; what has been held or
    called off stays. Of a session that has been held, the kind, the time, the target group and the
    capacity stay as they are.

    Raises:
        InvalidInput: by field; "capacity" where more people have signed up than that.
    """
    confirmed = confirmed or Confirmed()
    chosen = _held_rows(session, session_id, and_later)
    first = chosen[0]
    zone = current_runtime().settings.timezone
    shift = details.day - first.starts_at.astimezone(zone).date()
    if first.state is SessionState.HELD:
        details = _as_it_was(details, first)
        spans = [(first.starts_at, first.ends_at)]
    else:
        local_days = [row.starts_at.astimezone(zone).date() + shift for row in chosen]
        spans = [span_of(details, day) for day in local_days]
        is_moved = spans[0] != (first.starts_at, first.ends_at)
        if is_moved:
            check_past(spans, confirmed, now, is_series=False)
        if not confirmed.has_overlap:
            check_changed_trainers(session, details.trainers, chosen, spans, now)
    for row in chosen:
        check_capacity(session, row, details.capacity)
    changed = []
    for row, (starts_at, ends_at) in zip(chosen, spans, strict=True):
        before, in_calendar = _facts_of(row), _in_calendar(row)
        row.starts_at, row.ends_at = starts_at, ends_at
        _write(session, row, details, now)
        session.flush()
        if _facts_of(row) == before:
            continue
        changed.append(row)
        audit_session(session, row, "session.changed", actor, now)
        if row.state is SessionState.PLANNED:
            _tell_changed(session, row, in_calendar, now)
    return changed


def cancel_sessions(
    session: orm.Session,
    session_id: str,
    *,
    and_later: bool = False,
    actor: Person | str,
    now: datetime,
) -> list[ProgrammeSession]:
    """Call off a session, or with it all later ones of its series that are still planned.

    Raises:
        InvalidTransition: it has been held, or was called off before.
    """
    cancelled = _held_rows(session, session_id, and_later)
    for row in cancelled:
        call_off(session, row, actor=actor, now=now)
        if row.ends_at > now:  # what did not take place in the past is in nobody's way
            invitations.send_cancellation(session, row, now=now)
    return cancelled


def leave_training(session: orm.Session, person_id: str, now: datetime) -> None:
    """Take somebody who leaves the hospital off the sessions that they were to lead.

    Where nobody is left to lead one, trainers and coordinators are told.

    Args:
        session: not committed here.
        person_id: the vault row.
        now: aware.
    """
    theirs = (
        sa.select(ProgrammeSession.id)
        .join(SessionTrainer, SessionTrainer.session_id == ProgrammeSession.id)
        .where(
            SessionTrainer.person_id == person_id,
            ProgrammeSession.state == SessionState.PLANNED,
            ProgrammeSession.ends_at > now,
        )
        .order_by(ProgrammeSession.starts_at, ProgrammeSession.id)
    )
    for session_id in session.scalars(theirs).all():
        row = hold(session, session_id)
        row.trainers = [one for one in row.trainers if one.person_id != person_id]
        session.flush()
        audit_session(session, row, "session.trainer_left", record.WORKER, now)
        if not row.trainers:
            notices.tell_of_missing_trainer(session, row, leaving_id=person_id, now=now)


def _held_rows(session: orm.Session, session_id: str, and_later: bool) -> list[ProgrammeSession]:
    """Return a locked session, followed by the later ones of its series, locked too."""
    first = hold(session, session_id)
    if not and_later or first.state is not SessionState.PLANNED:
        return [first]
    return [first, *hold_later(session, first)]


def _write(
    session: orm.Session, programme_session: ProgrammeSession, details: Details, now: datetime
) -> None:
    """Write what a trainer says into a session, but its time; a trainer is a lasting person."""
    programme_session.kind = details.kind
    programme_session.title = details.title
    programme_session.place = details.place
    programme_session.link = details.link
    programme_session.target = details.target
    programme_session.capacity = details.capacity
    programme_session.accreditation_number = details.accreditation_number
    programme_session.accreditation_points = details.accreditation_points
    kept = {row.person_id: row for row in programme_session.trainers}
    rows: dict[str, SessionTrainer] = {}
    for person in details.trainers:
        row = store_person(session, person, now=now, is_lasting=True)
        rows[row.id] = kept.get(row.id) or SessionTrainer(person_id=row.id, record=row)
    if set(rows) != set(kept):
        programme_session.trainers = list(rows.values())


def _tell_changed(
    session: orm.Session, row: ProgrammeSession, in_calendar: object, now: datetime
) -> None:
    """Let a change reach the calendars, and those who wait the places that have come."""
    if _in_calendar(row) != in_calendar:
        row.sequence += 1
        session.flush()
        if row.ends_at > now:
            invitations.send_update(session, row, now=now)
    move_up(session, row, now=now)


def _in_calendar(row: ProgrammeSession) -> object:
    """Return what stands in people's calendars, to compare."""
    return (row.kind, row.starts_at, row.ends_at, row.place, row.link)


def _facts_of(row: ProgrammeSession) -> object:
    """Return all that a trainer says of a session, to compare."""
    trainers = frozenset(trainer.person_id for trainer in row.trainers)
    accreditation = (row.accreditation_number, row.accreditation_points)
    return (_in_calendar(row), row.title, row.target, row.capacity, accreditation, trainers)


def _as_it_was(details: Details, row: ProgrammeSession) -> Details:
    """Return details in which what cannot change after a session was held is as it was."""
    return replace(details, kind=row.kind, target=row.target, capacity=row.capacity)
