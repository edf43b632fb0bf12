"""Reading the form in which a coordinator says when a case is discussed, heard or ruled on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from ..access.drafts import Draft
from ..clock import local_instant
from ..i18n import gettext as _
from .states import AnalysisKind


@dataclass(frozen=True, slots=True)
class Planned:
    """What a coordinator says of a meeting; the instant is aware."""

    kind: AnalysisKind
    takes_place_at: datetime


def read(draft: Draft, zone: ZoneInfo) -> Planned | None:
    """Return what a draft says, in the hospital's time zone; None where `errors` say what is wrong.

    A time that comes twice, when the clock goes back, is the first of the two.
    """
    kind = draft.read("kind", _read_kind, AnalysisKind.ANALYSIS)
    day = draft.read("on", _read_day, date.min)
    at = draft.read("at", _read_time, time(0))
    if draft.errors:
        return None
    instant = local_instant(day, at, zone)
    if instant is None:
        draft.check("at", _("The clock goes forward and skips this time: choose another."))
        return None
    return Planned(kind, instant)


def _read_kind(text: str) -> AnalysisKind:
    if text not in list(AnalysisKind):
        raise ValueError(_("Choose what it is."))
    return AnalysisKind(text)


def _read_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        sentence = _("This is not a date.") if text else _("Fill in a day.")
        raise ValueError(sentence) from None
    if not 2000 <= day.year < 2200:
        raise ValueError(_("This day is too long ago or too far ahead."))
    return day


def _read_time(text: str) -> time:
    hours, colon, minutes = text.replace(".", ":").partition(":")
    is_time = colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2
    if is_time and len(hours) <= 2 and int(hours) < 24 and int(minutes) < 60:
        return time(int(hours), int(minutes))
    raise ValueError(_("Fill in a time, such as 9:30."))
