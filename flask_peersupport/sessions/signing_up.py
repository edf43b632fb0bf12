"""Signing up and off, and the waiting list that moves up by itself (P34).

Every action locks the session first and decides after that: of many who come at once the places
go to the first, the others wait in the order in which they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..errors import InvalidInput, NotAllowed, TooLate
from ..i18n import format_moment, ngettext
from ..i18n import gettext as _
from ..runtime import current_runtime
from ..values import Person
from ..vault.models import PersonRecord
from ..vault.persons import find_person_ids, store_person
from . import invitations
from .lifecycle import count_places, hold, move_sign_up
from .models import Attendance, ProgrammeSession, SessionTrainer
from .queries import places_of
from .rules import can_change_places
from .states import KIND_LABELS, SessionState, SignUp

_SELF, _BY_HAND = "attendance.signed_up", "attendance.added"


def sign_up(
    session: orm.Session,
    session_id: str,
    *,
    actor: Person,
    now: datetime,
    despite_overlap: bool = False,
) -> Attendance:
    """Give the actor a place, or the last one on the waiting list; twice is as good as once.

    Whether the session is for them is for the page to decide.

    Raises:
        TooLate: it has begun, or was called off.
        InvalidInput: with the field "overlap", they have something else then and do not know yet.
    """
    programme_session = hold(session, session_id)
    _check_open(programme_session, now)
    ids = find_person_ids(session, actor, now)
    attendance = attendance_of(session, programme_session, ids)
    if attendance is not None and attendance.sign_up is not SignUp.WITHDRAWN:
        return attendance
    if not despite_overlap:
        _check_overlap(session, programme_session, ids)
    place = count_places(session, programme_session).places.on_arrival
    return _take_place(session, programme_session, actor, attendance, place, _SELF, actor, now)


def withdraw(session: orm.Session, session_id: str, *, actor: Person, now: datetime) -> None:
    """Let the actor sign off; the first who waits moves up.

    Raises:
        TooLate: the session has begun, or was called off.
        NotAllowed: they have never signed up.
    """
    programme_session = hold(session, session_id)
    ids = find_person_ids(session, actor, now)
    attendance = attendance_of(session, programme_session, ids)
    if attendance is None:
        raise NotAllowed
    _check_open(programme_session, now)
    if attendance.sign_up is not SignUp.WITHDRAWN:
        _give_up_place(session, programme_session, attendance, "attendance.withdrawn", actor, now)


def add_participant(
    session: orm.Session,
    session_id: str,
    person: Person,
    *,
    actor: Person | str,
    now: datetime,
    is_over_capacity: bool = False,
) -> Attendance:
    """Give somebody a place by hand, before the session begins.

    Who waits already gets a place before the others: the trainer knows why.

    Raises:
        TooLate: the session has begun, or was called off.
        InvalidInput: with the field "full", there is no place left and nobody said that more may
            come; with the field "person", they have a place already.
    """
    programme_session = hold(session, session_id)
    _check_open(programme_session, now)
    attendance = attendance_of(session, programme_session, find_person_ids(session, person, now))
    if attendance is not None and attendance.sign_up is SignUp.SIGNED_UP:
        taken = _("%(name)s has a place already.", name=person.name)
        raise InvalidInput(taken, {"person": taken})
    places = count_places(session, programme_session).places
    if places.left == 0 and not is_over_capacity:
        raise full(places.signed_up, 1)
    place = SignUp.SIGNED_UP
    return _take_place(session, programme_session, person, attendance, place, _BY_HAND, actor, now)


def remove_participant(
    session: orm.Session,
    session_id: str,
    attendance_id: str,
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Take somebody's place away, without a reason; before the session begins others move up.

    Raises:
        TooLate: the session was called off, or they have been there.
        NotAllowed: there is no such place.
    """
    programme_session = hold(session, session_id)
    attendance = session.get(Attendance, attendance_id, populate_existing=True)
    if attendance is None or attendance.session_id != session_id:
        raise NotAllowed
    if programme_session.state is SessionState.CANCELLED or attendance.has_attended:
        raise TooLate(_("Somebody or something was first: this place is not to be taken away."))
    if attendance.sign_up is not SignUp.WITHDRAWN:
        _give_up_place(session, programme_session, attendance, "attendance.removed", actor, now)


def leave_sessions(session: orm.Session, person_id: str, now: datetime) -> None:
    """Give up every place that somebody who leaves the hospital has in what is to come.

    Args:
        session: not committed here.
        person_id: the vault row.
        now: aware.
    """
    theirs = (
        sa.select(Attendance.session_id)
        .join(ProgrammeSession, ProgrammeSession.id == Attendance.session_id)
        .where(
            Attendance.person_id == person_id,
            Attendance.sign_up != SignUp.WITHDRAWN,
            ProgrammeSession.state == SessionState.PLANNED,
            ProgrammeSession.starts_at > now,
        )
        .order_by(ProgrammeSession.starts_at, ProgrammeSession.id)
    )
    for session_id in session.scalars(theirs).all():
        programme_session = hold(session, session_id)
        attendance = attendance_of(session, programme_session, [person_id])
        if attendance is not None and attendance.sign_up is not SignUp.WITHDRAWN:
            worker = record.WORKER
            _give_up_place(
                session, programme_session, attendance, "attendance.removed", worker, now
            )


def take_place_unasked(
    session: orm.Session,
    programme_session: ProgrammeSession,
    person: Person,
    *,
    actor: Person | str,
    now: datetime,
) -> Attendance:
    """Give somebody a place in a locked session, whoever waits: a file names them, or they came."""
    attendance = attendance_of(session, programme_session, find_person_ids(session, person, now))
    if attendance is not None and attendance.sign_up is SignUp.SIGNED_UP:
        return attendance
    place = SignUp.SIGNED_UP
    return _take_place(session, programme_session, person, attendance, place, _BY_HAND, actor, now)


def move_up(session: orm.Session, programme_session: ProgrammeSession, *, now: datetime) -> int:
    """Give the free places of a locked session to those who wait, the first first; return how many.

    Nobody moves up once it has begun.
    """
    session.flush()
    if not can_change_places(programme_session.state, programme_session.starts_at, now).ok:
        return 0
    number = count_places(session, programme_session).places.moving_up
    if not number:
        return 0
    waiting = (
        sa.select(Attendance)
        .where(Attendance.session_id == programme_session.id, Attendance.sign_up == SignUp.WAITING)
        .order_by(Attendance.place_number)
        .limit(number)
        .execution_options(populate_existing=True)
    )
    for attendance in session.scalars(waiting).all():
        move_sign_up(attendance, SignUp.SIGNED_UP)
        session.flush()
        _audit(session, attendance, "attendance.moved_up", record.WORKER, now)
        invitations.tell_moved_up(session, attendance, now=now)
    return number


def attendance_of(
    session: orm.Session, programme_session: ProgrammeSession, person_ids: Sequence[str]
) -> Attendance | None:
    """Return somebody's place in a session, read anew; the one that counts, if there are more."""
    return next(iter(places_of(session, programme_session, person_ids)), None)


def full(signed_up: int, more: int) -> InvalidInput:
    """Return the error that says that there is no place for so many more."""
    sentence = ngettext(
        "There is no place left for %(n)s more.", "There are no places left for %(n)s more.", more
    )
    taken = ngettext("%(n)s has signed up.", "%(n)s have signed up.", signed_up)
    return InvalidInput(sentence, {"full": f"{sentence} {taken}"})


def _take_place(
    session: orm.Session,
    programme_session: ProgrammeSession,
    person: Person,
    attendance: Attendance | None,
    place: SignUp,
    action: str,
    actor: Person | str,
    now: datetime,
) -> Attendance:
    """Write somebody's place in a locked session, and tell them where it is still to come."""
    last_number = count_places(session, programme_session).last_number
    if attendance is None:
        attendance = Attendance(
            session_id=programme_session.id,
            record=_vault_row(session, person, now),
            sign_up=place,
            place_number=last_number + 1,
        )
        session.add(attendance)
    else:
        if attendance.sign_up is SignUp.WITHDRAWN:
            attendance.place_number = last_number + 1
        move_sign_up(attendance, place)
    attendance.signed_up_at = now
    session.flush()
    _audit(session, attendance, action, actor, now)
    if programme_session.starts_at > now:
        tell = invitations.invite if place is SignUp.SIGNED_UP else invitations.tell_waiting
        tell(session, attendance, now=now)
    return attendance


def _vault_row(session: orm.Session, person: Person, now: datetime) -> PersonRecord:
    """Return the vault row of a participant; it is not kept for ever on account of this.

    Supporters and staff of the programme are lasting already. Who comes to a lecture is not: the
    identity ends with its retention, and how many came stays.
    """
    return store_person(session, person, now=now)


def _give_up_place(
    session: orm.Session,
    programme_session: ProgrammeSession,
    attendance: Attendance,
    action: str,
    actor: Person | str,
    now: datetime,
) -> None:
    move_sign_up(attendance, SignUp.WITHDRAWN)
    session.flush()
    _audit(session, attendance, action, actor, now)
    if programme_session.starts_at > now:
        invitations.withdraw_invitation(session, attendance, now=now)
    move_up(session, programme_session, now=now)


def _check_open(programme_session: ProgrammeSession, now: datetime) -> None:
    verdict = can_change_places(programme_session.state, programme_session.starts_at, now)
    if not verdict.ok:
        raise TooLate(verdict.message)


def _check_overlap(
    session: orm.Session, programme_session: ProgrammeSession, person_ids: Sequence[str]
) -> None:
    other = overlapping(session, programme_session.starts_at, programme_session.ends_at, person_ids)
    if other is None:
        return
    zone = current_runtime().settings.timezone
    sentence = _(
        "You have another session then: %(kind)s, %(moment)s.",
        kind=_(KIND_LABELS[other.kind]),
        moment=format_moment(other.starts_at, zone),
    )
    raise InvalidInput(sentence, {"overlap": sentence})


def overlapping(
    session: orm.Session,
    starts_at: datetime,
    ends_at: datetime,
    person_ids: Sequence[str],
    *,
    ignored_ids: Sequence[str] = (),
) -> ProgrammeSession | None:
    """Return the first planned session within a span of time in which somebody has a part.

    Args:
        session: read only.
        starts_at, ends_at: the span, aware.
        person_ids: the vault rows of the person, as participant or trainer.
        ignored_ids: sessions that do not count.
    """
    if not person_ids:
        return None
    takes_part = sa.exists().where(
        Attendance.session_id == ProgrammeSession.id,
        Attendance.person_id.in_(person_ids),
        Attendance.sign_up != SignUp.WITHDRAWN,
    )
    leads = sa.exists().where(
        SessionTrainer.session_id == ProgrammeSession.id,
        SessionTrainer.person_id.in_(person_ids),
    )
    statement = (
        sa.select(ProgrammeSession)
        .where(
            ProgrammeSession.state == SessionState.PLANNED,
            ProgrammeSession.starts_at < ends_at,
            ProgrammeSession.ends_at > starts_at,
            ProgrammeSession.id.not_in(ignored_ids),
            takes_part | leads,
        )
        .order_by(ProgrammeSession.starts_at, ProgrammeSession.id)
        .limit(1)
    )
    return session.scalar(statement)


def _audit(
    session: orm.Session, attendance: Attendance, action: str, actor: Person | str, now: datetime
) -> None:
    record.record(
        session,
        action,
        actor=actor,
        now=now,
        object_id=attendance.session_id,
        subject_id=attendance.person_id,
        detail=attendance.sign_up.value,
    )
