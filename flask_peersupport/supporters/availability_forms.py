"""The forms of a supporter's availability: read, checked, and shown again as they were typed."""

from __future__ import annotations

from datetime import date

from ..access.drafts import Draft, read_day
from ..i18n import gettext as _
from ..i18n import mark
from .availability import (
    DAYS,
    HOURS,
    NIGHTS,
    WORKING_DAYS,
    Period,
    Span,
    Usual,
    coming_sunday,
    make_week,
    overlapping_day,
    spans_of,
)
from .availability_actions import UsualWeek, usual_week
from .availability_queries import OwnAvailability

WEEKDAYS = (
    mark("Monday"),
    mark("Tuesday"),
    mark("Wednesday"),
    mark("Thursday"),
    mark("Friday"),
    mark("Saturday"),
    mark("Sunday"),
)
#: What a period may be: away, one of the usual weeks, or the same hours on each day.
AWAY, OWN = "away", "own"
PERIODS = {
    AWAY: mark("Away"),
    Usual.NIGHTS: mark("Night shifts, 22–7"),
    Usual.WORKING_DAYS: mark("Working days, 8–18"),
    OWN: mark("Other hours, each day"),
}
_WEEKS: dict[str, str | None] = {
    AWAY: None,
    Usual.NIGHTS: NIGHTS,
    Usual.WORKING_DAYS: WORKING_DAYS,
}


def week_draft(own: OwnAvailability) -> Draft:
    """Return the form of the usual week filled in; all empty where it is no week of one's own."""
    values = {}
    for day, span in enumerate(spans_of(own.week) if own.week is not None else []):
        if span is not None:
            values[f"from-{day}"], values[f"until-{day}"] = str(span[0]), str(span[1])
    return Draft(values)


def read_usual(draft: Draft) -> UsualWeek | None:
    """Read the usual week: one that is a tap away, or the hours typed; errors are kept."""
    choice = draft.values.get("usual", "")
    if choice == Usual.BY_DAY:
        return UsualWeek(None, is_asked_at_night=False)
    if choice == Usual.ALWAYS:
        return UsualWeek(None, is_asked_at_night=True)
    if choice in (Usual.WORKING_DAYS, Usual.NIGHTS):
        return usual_week(WORKING_DAYS if choice == Usual.WORKING_DAYS else NIGHTS)
    spans = [_read_span(draft, f"-{day}") for day in range(DAYS)]
    if not draft.errors and (day := overlapping_day(spans)) is not None:
        draft.check(f"from-{day}", _("The hours of the day before go on until after this."))
    return None if draft.errors else usual_week(make_week(spans))


def read_period(draft: Draft, today: date) -> Period | None:
    """Read days with hours of their own; errors are kept. A `quick` one lasts until Sunday."""
    quick = draft.values.get("quick", "")
    if quick in _WEEKS:
        return Period(today, coming_sunday(today), _WEEKS[quick])
    first_on = read_day(draft, "first_on")
    last_on = read_day(draft, "last_on") or first_on
    if first_on is None:
        draft.check("first_on", _("Fill in the first day."))
    hours = draft.values.get("hours") or AWAY
    week = _WEEKS.get(hours)
    if hours == OWN:
        span = _read_span(draft, "")
        if span is None:
            draft.check("from", _("Choose from when until when."))
        week = make_week([span] * DAYS)
    elif hours not in _WEEKS:
        draft.check("hours", _("Choose what holds on these days."))
    if draft.errors or first_on is None or last_on is None:
        return None
    return Period(first_on, last_on, week)


def _read_span(draft: Draft, suffix: str) -> Span | None:
    """Read from when until when; neither is None."""
    names = f"from{suffix}", f"until{suffix}"
    first, until = (draft.values.get(name, "") for name in names)
    if not first and not until:
        return None
    if not first or not until:
        draft.check(names[0] if not first else names[1], _("Choose both, or neither."))
        return None
    span = _read_hour(draft, names[0], first, 0), _read_hour(draft, names[1], until, 1)
    if span[0] is None or span[1] is None:
        return None
    if span[0] == span[1]:
        draft.check(names[1], _("It ends when it begins. For the whole day: 0 to 24."))
    return span[0], span[1]


def _read_hour(draft: Draft, name: str, text: str, least: int) -> int | None:
    is_number = len(text) <= 2 and text.isascii() and text.isdigit()
    if is_number and least <= int(text) < HOURS + least:
        return int(text)
    draft.check(name, _("This is not an hour of the day."))
    return None
