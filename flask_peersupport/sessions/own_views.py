"""What somebody has of sessions: the own list, the own calendar, the hours."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from ..access import policy
from ..access.views import page
from ..audit import record
from ..db import commit
from ..errors import NotAllowed
from ..runtime import current_runtime, local_today
from .calendar import PUBLISH, Entry, file_of
from .figures import hours_text, points_text
from .hours import hours_by_year, hours_of_supporters, kinds_in
from .own_meetings import own_entries, own_entry, own_meetings
from .queries import places_of
from .states import KIND_LABELS, SIGN_UP_LABELS
from .views import reading, visible

blueprint = Blueprint("own_sessions", __name__)

_FIRST_YEAR = 2000


@page(blueprint, "/sessions/mine", allow=policy.anyone_signed_in)
def mine() -> ResponseReturnValue:
    """Show somebody their own meetings, hours and certificates."""
    session, standing = reading()
    meetings = own_meetings(session, standing)
    zone = current_runtime().settings.timezone
    years = hours_by_year(session, standing.person_ids, zone)
    person, now = standing.actor.person, standing.now
    record.record(session, "sessions.own_seen", actor=person, now=now)
    commit(session)
    return render_template(
        "peersupport/sessions_mine.html",
        meetings=meetings,
        years=years,
        kinds=kinds_in(years.values()),
        kind_labels=KIND_LABELS,
        sign_up_labels=SIGN_UP_LABELS,
        hours_text=hours_text,
        points_text=points_text,
    )


@page(blueprint, "/sessions/hours", allow=policy.is_trainer)
def hours() -> ResponseReturnValue:
    """Show trainers how many hours each supporter attended in a year."""
    session, standing = reading()
    this_year = local_today().year
    year = _year(request.args.get("year", ""), this_year)
    rows = hours_of_supporters(session, year, current_runtime().settings.timezone)
    person, now = standing.actor.person, standing.now
    record.record(session, "hours.seen", actor=person, now=now, detail=str(year))
    commit(session)
    return render_template(
        "peersupport/sessions_hours.html",
        rows=rows,
        kinds=kinds_in(row.hours for row in rows),
        year=year,
        this_year=this_year,
        first_year=_FIRST_YEAR,
        kind_labels=KIND_LABELS,
        hours_text=hours_text,
        points_text=points_text,
    )


@page(blueprint, "/sessions/mine.ics", allow=policy.anyone_signed_in)
def own_calendar() -> ResponseReturnValue:
    """Send somebody's meetings to come as a calendar file."""
    session, standing = reading()
    return _calendar_file(own_entries(session, standing), "sessions.ics", standing.now)


@page(blueprint, "/sessions/<id>.ics", allow=policy.anyone_signed_in)
def session_calendar(id: str) -> ResponseReturnValue:
    """Send one session as a calendar file to who has a place in it or leads it."""
    session, standing, found = visible(id)
    entry = own_entry(standing, found, places_of(session, found, standing.person_ids))
    if entry is None:
        raise NotAllowed
    return _calendar_file([entry], "session.ics", standing.now)


def _calendar_file(entries: list[Entry], filename: str, now: datetime) -> Response:
    programme = current_runtime().settings.programme_name
    response = make_response(file_of(entries, programme, now))
    response.headers["Content-Type"] = f"text/calendar; charset=utf-8; method={PUBLISH}"
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _year(text: str, this_year: int) -> int:
    """Return the year asked for, or this one where the address names none there can be."""
    is_year = text.isascii() and text.isdigit() and len(text) == 4
    year = int(text) if is_year else this_year
    return year if _FIRST_YEAR <= year <= this_year else this_year
