"""The one place where sessions become calendar entries (RFC 5545, 5546).

An entry says the programme, what kind of session it is, when and where, and no more: calendars are
read over shoulders and by secretaries. Times are in UTC: Outlook, Apple's and Google's calendars
all show them in the reader's own zone, an hour that the clock strikes twice is still one hour, and
no description of a time zone has to be understood. The sessions of a series are entries of their
own, so nothing has to recur at a local hour.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ..i18n import gettext as _
from ..outbox.mails import CalendarPart, Envelope
from .models import Attendance, ProgrammeSession
from .states import KIND_LABELS, SessionKind, SessionState

REQUEST = "REQUEST"
CANCEL = "CANCEL"
PUBLISH = "PUBLISH"

_PRODUCT = "-//flask_peersupport//sessions//EN"
#: Some calendars cut off what is longer, others refuse it; a link must stay whole.
_LONGEST_NAME = 120
_LONGEST_WHERE = 720


@dataclass(frozen=True, slots=True)
class Entry:
    """A session as one person's calendar has it.

    Attributes:
        sequence: higher with every change that this person is told of.
        where: the place, the link, or both; "" where the calendar must not tell.
    """

    uid: str
    sequence: int
    kind: SessionKind
    starts_at: datetime
    ends_at: datetime
    where: str
    is_cancelled: bool


def entry_of(programme_session: ProgrammeSession, attendance: Attendance | None = None) -> Entry:
    """Return the entry of a participant, or of whoever leads the session."""
    kind = programme_session.kind
    # where a group was supported tells which department it was
    told = kind is not SessionKind.GROUP_SUPPORT
    places = (programme_session.place, programme_session.link) if told else ()
    return Entry(
        uid=f"{programme_session.id}@peersupport",
        sequence=programme_session.sequence + (attendance.sequence if attendance else 0),
        kind=kind,
        starts_at=programme_session.starts_at,
        ends_at=programme_session.ends_at,
        where=" · ".join(place for place in places if place),
        is_cancelled=programme_session.state is SessionState.CANCELLED,
    )


def mail_part(entry: Entry, method: str, envelope: Envelope) -> CalendarPart:
    """Write the part of a mail: an invitation or an update (REQUEST), or its CANCEL.

    The recipient is the only attendee: nobody learns from a calendar who else comes. They said yes
    by signing up, so no answer is asked for.
    """
    content = _write([entry], method, envelope.sender_name, envelope.written_at, envelope)
    return CalendarPart(method, content)


def file_of(entries: Iterable[Entry], programme: str, now: datetime) -> bytes:
    """Write a file to download (PUBLISH), of one session or of many.

    Args:
        entries: may be none.
        programme: what the hospital calls the programme.
        now: aware.
    """
    return _write(entries, PUBLISH, programme, now, None)


def _write(
    entries: Iterable[Entry],
    method: str,
    programme: str,
    now: datetime,
    envelope: Envelope | None,
) -> bytes:
    import icalendar  # B6: loaded where an entry is written, not when the host starts

    calendar = icalendar.Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    name = _text(programme, _LONGEST_NAME)
    for entry in entries:
        event = icalendar.Event()
        event.add("uid", entry.uid)
        event.add("sequence", entry.sequence)
        event.add("dtstamp", now)
        event.add("dtstart", entry.starts_at)
        event.add("dtend", entry.ends_at)
        event.add("summary", f"{name}: {_(KIND_LABELS[entry.kind])}")
        if entry.where:
            event.add("location", _text(entry.where, _LONGEST_WHERE))
        is_cancelled = entry.is_cancelled or method == CANCEL
        event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
        if envelope is not None:
            organizer = icalendar.vCalAddress(f"mailto:{envelope.sender}")
            organizer.params["CN"] = name  # icalendar quotes it
            event.add("organizer", organizer)
            attendee = icalendar.vCalAddress(f"mailto:{envelope.recipient}")
            attendee.params["ROLE"] = "REQ-PARTICIPANT"
            attendee.params["PARTSTAT"] = "ACCEPTED"
            attendee.params["RSVP"] = "FALSE"
            event.add("attendee", attendee)
        calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


def _text(text: str, longest: int) -> str:
    """Return one line of a fair length; the calendar's own signs are escaped when it is written."""
    from ..outbox.message import plain  # B6: what writes mails is loaded when one is written

    line = plain(text)
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
