"""What the mails about sessions are about; registered by being imported.

Each is about somebody's place (`Attendance.id`). It names the programme, what kind of session it
is and when, as the calendar entry does; the title and who else comes are behind the sign-in.
"""

from __future__ import annotations

from functools import partial

from sqlalchemy import orm

from ..i18n import mark
from ..outbox.mails import Audience, MailContext, mail
from . import calendar
from .invitations import (
    CANCELLED,
    CHANGED,
    INVITATION,
    MOVED_UP,
    WAITING,
    WITHDRAWN,
    was_invited,
)
from .models import Attendance
from .reminders import REMINDER
from .states import KIND_LABELS, SessionState, SignUp

_TO = Audience.PARTICIPANT


@mail(INVITATION, audience=_TO, label=mark("Invitation to a session"))
def session_invitation(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Bring the calendar what somebody signed up for."""
    return _upcoming(session, object_id, SignUp.SIGNED_UP)


@mail(MOVED_UP, audience=_TO, label=mark("A place from the waiting list"))
def session_moved_up(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell somebody on the waiting list that they have a place."""
    return _upcoming(session, object_id, SignUp.SIGNED_UP)


@mail(CHANGED, audience=_TO, label=mark("Session changed"))
def session_changed(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell those who have or wait for a place that the session has changed."""
    return _upcoming(session, object_id, SignUp.SIGNED_UP, SignUp.WAITING)


@mail(WAITING, audience=_TO, label=mark("On the waiting list"))
def session_waiting(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell somebody that they are on the waiting list."""
    return _upcoming(session, object_id, SignUp.WAITING)


@mail(REMINDER, audience=_TO, label=mark("Reminder of a session"))
def session_reminder(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Remind somebody of a session; their calendar has it already."""
    return _upcoming(session, object_id, SignUp.SIGNED_UP, has_calendar=False)


@mail(WITHDRAWN, audience=_TO, label=mark("Signed off from a session"))
def session_withdrawn(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Take a session out of the calendar of somebody who signed off."""
    attendance = session.get(Attendance, object_id)
    if attendance is None or attendance.sign_up is not SignUp.WITHDRAWN:
        return None
    return _context(attendance, calendar.CANCEL)


@mail(CANCELLED, audience=_TO, label=mark("Session called off"))
def session_cancelled(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell somebody that the session was called off, and take it out of their calendar."""
    attendance = session.get(Attendance, object_id)
    if attendance is None or attendance.session.state is not SessionState.CANCELLED:
        return None
    has_entry = attendance.sign_up is SignUp.SIGNED_UP and was_invited(session, attendance.id)
    return _context(attendance, calendar.CANCEL if has_entry else None)


def _upcoming(
    session: orm.Session, attendance_id: str | None, *standings: SignUp, has_calendar: bool = True
) -> MailContext | None:
    """Return what a mail before the session needs; None once it is off, or they are."""
    attendance = session.get(Attendance, attendance_id)
    if (
        attendance is None
        or attendance.sign_up not in standings
        or attendance.session.state is not SessionState.PLANNED
    ):
        return None
    has_place = attendance.sign_up is SignUp.SIGNED_UP
    return _context(attendance, calendar.REQUEST if has_place and has_calendar else None)


def _context(attendance: Attendance, method: str | None) -> MailContext:
    about = attendance.session
    is_over = about.state is not SessionState.PLANNED
    part = None
    if method is not None:
        part = partial(calendar.mail_part, calendar.entry_of(about, attendance), method)
    return MailContext(
        f"/sessions/{about.id}",
        {
            "kind": KIND_LABELS[about.kind],
            "starts_at": about.starts_at,
            "has_place": attendance.sign_up is SignUp.SIGNED_UP,
            "has_calendar": part is not None,
        },
        part,
        # who signed off, or whose session is off, is told of it later, too
        None if is_over or method == calendar.CANCEL else about.starts_at,
    )
