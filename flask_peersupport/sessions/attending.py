"""Who came: noted by the trainer, confirmed by the participants, corrected with a trail (P32, P34).

What follows for supporters, their training and their intervision, is told to the slice that keeps
their records.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..errors import NotAllowed, TooLate
from ..runtime import current_runtime
from ..supporters.attending import hold_supporters
from ..supporters.attending import note_attendance as note_for_supporter
from ..values import Person
from ..vault.persons import find_person_ids
from .lifecycle import hold, mark_held, move_sign_up
from .models import Attendance, ProgrammeSession
from .rules import can_confirm, can_note
from .signing_up import attendance_of, take_place_unasked
from .states import TRAINING_KINDS, SessionKind, SignUp

_CODES: Mapping[bool | None, str] = {None: "unknown", True: "present", False: "absent"}


def note_attendance(
    session: orm.Session,
    session_id: str,
    present: Mapping[str, bool],
    *,
    walk_ins: Sequence[Person] = (),
    actor: Person | str,
    now: datetime,
) -> int:
    """Note who came, and with that the session is held. Return how many people were changed.

    A later note corrects an earlier one: each person who changes has a row of their own in the
    audit trail, with what stood there before and after.

    Args:
        session: not committed here.
        session_id: which session.
        present: whether they came, by the id of their place. Who is not named stays as they are:
            the list on the trainer's telephone may be older than the latest sign-up. Somebody on
            the waiting list who came has a place from then on.
        walk_ins: who came without having signed up; they are present, whatever the capacity.
        actor: who notes it.
        now: aware.

    Raises:
        TooLate: the session has not begun, or was called off.
    """
    programme_session = hold(session, session_id)
    verdict = can_note(programme_session.state, programme_session.starts_at, now)
    if not verdict.ok:
        raise TooLate(verdict.message)
    mark_held(session, programme_session, actor=actor, now=now)
    listed = sa.select(Attendance).where(
        Attendance.session_id == session_id, Attendance.id.in_(list(present))
    )
    changed = []
    for attendance in session.scalars(listed, execution_options={"populate_existing": True}).all():
        is_present = present[attendance.id]
        if attendance.sign_up is not SignUp.SIGNED_UP:
            if not is_present:
                continue  # they had no place, so they are not missed
            move_sign_up(attendance, SignUp.SIGNED_UP)
        changed += _note(session, attendance, is_present, actor, now)
    for person in walk_ins:
        attendance = take_place_unasked(session, programme_session, person, actor=actor, now=now)
        changed += _note(session, attendance, True, actor, now)
    session.flush()
    tell_supporters(session, changed, actor=actor, now=now)
    return len(changed)


def confirm_attendance(
    session: orm.Session, session_id: str, *, actor: Person, now: datetime
) -> None:
    """Let a participant confirm that they came; the trainer's own note decides.

    Raises:
        NotAllowed: they had no place.
        TooLate: the session has not begun, was called off, or was too long ago.
    """
    programme_session = hold(session, session_id)
    attendance = attendance_of(session, programme_session, find_person_ids(session, actor, now))
    if attendance is None or attendance.sign_up is not SignUp.SIGNED_UP:
        raise NotAllowed
    verdict = can_confirm(programme_session.state, programme_session.starts_at, now)
    if not verdict.ok:
        raise TooLate(verdict.message)
    if attendance.confirmed_at is None:
        attendance.confirmed_at = now
        session.flush()
        record.record(
            session,
            "attendance.confirmed",
            actor=actor,
            now=now,
            object_id=session_id,
            subject_id=attendance.person_id,
        )


def tell_supporters(
    session: orm.Session, person_ids: Collection[str], *, actor: Person | str, now: datetime
) -> None:
    """Let the supporters' records say when each of these people last attended what counts."""
    supporters = hold_supporters(session, person_ids)
    if not supporters:
        return
    # read under the locks: another list may have been noted while this one waited for them
    known = [supporter.person_id for supporter in supporters]
    training = latest_days(session, known, TRAINING_KINDS)
    intervision = latest_days(session, known, {SessionKind.INTERVISION})
    for supporter in supporters:
        note_for_supporter(
            session,
            supporter,
            trained_on=training.get(supporter.person_id),
            intervision_on=intervision.get(supporter.person_id),
            actor=actor,
            now=now,
        )


def latest_days(
    session: orm.Session, person_ids: Collection[str], kinds: Collection[SessionKind]
) -> Mapping[str, date]:
    """Return the day, in the programme's time zone, on which each last attended one of `kinds`."""
    zone = current_runtime().settings.timezone
    statement = (
        sa.select(Attendance.person_id, sa.func.max(ProgrammeSession.starts_at))
        .join(ProgrammeSession, ProgrammeSession.id == Attendance.session_id)
        .where(
            Attendance.person_id.in_(list(person_ids)),
            Attendance.has_attended.is_(True),
            ProgrammeSession.kind.in_(list(kinds)),
        )
        .group_by(Attendance.person_id)
    )
    return {person_id: at.astimezone(zone).date() for person_id, at in session.execute(statement)}


def _note(
    session: orm.Session,
    attendance: Attendance,
    is_present: bool,
    actor: Person | str,
    now: datetime,
) -> list[str]:
    """Note one person, and return their vault row's id where that changes something."""
    before = attendance.has_attended
    if before is is_present:
        return []
    attendance.has_attended = is_present
    session.flush()
    record.record(
        session,
        "attendance.noted" if before is None else "attendance.corrected",
        actor=actor,
        now=now,
        object_id=attendance.session_id,
        subject_id=attendance.person_id,
        detail=f"{_CODES[before]} > {_CODES[is_present]}",
    )
    return [attendance.person_id]
