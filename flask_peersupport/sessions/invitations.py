"""Who is written to when a session, or somebody's place in it, changes (P34).

A mail is written when it is sent, from what is true then: so no mail brings an old time under a
new SEQUENCE, and an invitation whose session was called off meanwhile is not sent at all.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..outbox.actions import drop_waiting_about, enqueue, is_waiting
from ..outbox.faults import Fault
from ..outbox.models import Message, MessageState
from .models import Attendance, ProgrammeSession
from .reminders import REMINDER, start_anew
from .states import SignUp

INVITATION = "session_invitation"
MOVED_UP = "session_moved_up"
CHANGED = "session_changed"
WITHDRAWN = "session_withdrawn"
CANCELLED = "session_cancelled"
WAITING = "session_waiting"

#: Mails that put the session into a calendar.
INVITING = (INVITATION, MOVED_UP, CHANGED)
_ABOUT_A_PLACE = (*INVITING, WAITING, REMINDER)


def invite(session: orm.Session, attendance: Attendance, *, now: datetime) -> None:
    """Mail somebody who signed up the invitation for their calendar."""
    _give_place(session, attendance, INVITATION, now)


def tell_moved_up(session: orm.Session, attendance: Attendance, *, now: datetime) -> None:
    """Mail somebody from the waiting list that they have a place, with the invitation."""
    _give_place(session, attendance, MOVED_UP, now)


def tell_waiting(session: orm.Session, attendance: Attendance, *, now: datetime) -> None:
    """Mail somebody that they are on the waiting list; nothing for their calendar yet."""
    drop_waiting_about(session, (WITHDRAWN,), (attendance.id,))
    enqueue(session, WAITING, to=attendance.record, object_id=attendance.id, now=now)


def withdraw_invitation(session: orm.Session, attendance: Attendance, *, now: datetime) -> None:
    """Mail somebody who signed off the cancellation for their calendar.

    Where no invitation has reached them yet, none is sent, and there is nothing to cancel.
    """
    drop_waiting_about(session, _ABOUT_A_PLACE, (attendance.id,))
    attendance.sequence += 1
    session.flush()
    if was_invited(session, attendance.id):
        enqueue(session, WITHDRAWN, to=attendance.record, object_id=attendance.id, now=now)


def send_update(
    session: orm.Session, programme_session: ProgrammeSession, *, now: datetime
) -> None:
    """Mail everybody who has or waits for a place that the session has changed.

    Call it after `ProgrammeSession.sequence` was raised. Where the invitation itself is still to
    be sent, that will do: it brings the new time.
    """
    start_anew(programme_session, now)
    concerned = _concerned(session, programme_session)
    told = is_waiting(session, INVITING, [attendance.id for attendance in concerned])
    for attendance in concerned:
        if attendance.id not in told:
            enqueue(session, CHANGED, to=attendance.record, object_id=attendance.id, now=now)


def send_cancellation(
    session: orm.Session, programme_session: ProgrammeSession, *, now: datetime
) -> None:
    """Mail everybody who has or waits for a place that the session was called off.

    Call it after `ProgrammeSession.sequence` was raised. Invitations that are still to be sent
    are dropped.
    """
    concerned = _concerned(session, programme_session)
    drop_waiting_about(session, _ABOUT_A_PLACE, [attendance.id for attendance in concerned])
    for attendance in concerned:
        enqueue(session, CANCELLED, to=attendance.record, object_id=attendance.id, now=now)


def was_invited(session: orm.Session, attendance_id: str) -> bool:
    """Return whether an invitation has left for this person: only that can be cancelled."""
    statement = sa.select(Message.id).where(
        Message.object_id == attendance_id,
        Message.template.in_(INVITING),
        # one that a worker is sending just now, or whose connection broke, may arrive as well
        (Message.state == MessageState.SENT)
        | Message.lease.is_not(None)
        | (Message.fault == Fault.UNREACHABLE.value),
    )
    return session.scalar(statement.limit(1)) is not None


def _give_place(session: orm.Session, attendance: Attendance, template: str, now: datetime) -> None:
    drop_waiting_about(session, (WITHDRAWN, WAITING), (attendance.id,))
    if attendance.sequence:  # they were invited and signed off before
        attendance.sequence += 1
        session.flush()
    enqueue(session, template, to=attendance.record, object_id=attendance.id, now=now)


def _concerned(session: orm.Session, programme_session: ProgrammeSession) -> Collection[Attendance]:
    session.flush()
    statement = (
        sa.select(Attendance)
        .where(
            Attendance.session_id == programme_session.id,
            Attendance.sign_up.in_((SignUp.SIGNED_UP, SignUp.WAITING)),
        )
        .order_by(Attendance.place_number, Attendance.id)
    )
    return session.scalars(statement).all()
