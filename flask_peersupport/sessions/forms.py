"""The form of a session: read, checked, and shown again as it was typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from ..access.drafts import Draft
from ..access.sheets import cell_fault, read_date
from ..i18n import gettext as _
from ..runtime import current_runtime
from ..values import Person
from ..vault.persons import is_same_person
from ..vault.seal import plain_name
from .models import ProgrammeSession
from .people import person_meant
from .plans import Confirmed, Details, Repetition
from .rules import FIRST_DAY, LAST_DAY, MOST_IN_SERIES, MOST_PLACES
from .states import SessionKind, SessionState, TargetGroup

LONGEST_TEXT = 200
LONGEST_LINK = 500
LONGEST_NUMBER = 50
MOST_POINTS = Decimal(100)
MOST_WEEKS = 52
#: Kinds that are planned here; group support begins at its report (P23).
PLANNED_KINDS = tuple(kind for kind in SessionKind if kind is not SessionKind.GROUP_SUPPORT)
#: Whom a session is for, where the trainer does not say otherwise.
USUAL_TARGETS: Mapping[SessionKind, TargetGroup] = {
    SessionKind.TRAINING: TargetGroup.CANDIDATES,
    SessionKind.FOLLOW_UP_MEETING: TargetGroup.SUPPORTERS,
    SessionKind.INTERVISION: TargetGroup.SUPPORTERS,
    SessionKind.LIGHT_TRAINING: TargetGroup.EVERYBODY,
    SessionKind.LECTURE: TargetGroup.NOBODY,
    SessionKind.INFORMATION: TargetGroup.EVERYBODY,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody who can be ticked as trainer; `code` stands for them in the form."""

    code: str
    person: Person


def empty_draft(kind: SessionKind, me: Person) -> Draft:
    """Return the form for a new session of a kind, led by whoever plans it."""
    return Draft({"kind": kind.value}, [_code_of(me)])


def draft_of(programme_session: ProgrammeSession) -> Draft:
    """Return the form filled in with a session."""
    zone = current_runtime().settings.timezone
    starts_at = programme_session.starts_at.astimezone(zone)
    points = programme_session.accreditation_points
    return Draft(
        {
            "kind": programme_session.kind.value,
            "title": programme_session.title or "",
            "day": starts_at.date().isoformat(),
            "begins": f"{starts_at:%H:%M}",
            "ends": f"{programme_session.ends_at.astimezone(zone):%H:%M}",
            "place": programme_session.place or "",
            "link": programme_session.link or "",
            "target": programme_session.target.value,
            "capacity": str(programme_session.capacity or ""),
            "accreditation_number": programme_session.accreditation_number or "",
            "accreditation_points": _points_text(points) if points is not None else "",
        },
        [_code_of(row.record.person) for row in programme_session.trainers],
    )


def trainer_choices(leading: Sequence[Person] = ()) -> list[Choice]:
    """Return whom the form offers as trainers: who has the role, and who leads it already."""
    roles = current_runtime().roles
    people: list[Person] = []
    for person in (*leading, *roles.members("trainer"), *roles.members("coordinator")):
        if not any(is_same_person(person, other) for other in people):
            people.append(person)
    people.sort(key=lambda person: plain_name(person.name))
    return [Choice(_code_of(person), person) for person in people]


def read_details(
    draft: Draft, choices: Sequence[Choice], kept: ProgrammeSession | None = None
) -> Details | None:
    """Read a session out of a draft; errors are kept in it, and then there are no details.

    Args:
        draft: as typed.
        choices: who could be ticked.
        kept: a session that has been held: its kind, time, target group and capacity stay.
    """
    if kept is not None and kept.state is SessionState.HELD:
        draft.values |= {
            name: text
            for name, text in draft_of(kept).values.items()
            if name in ("kind", "day", "begins", "ends", "target", "capacity")
        }
    midnight = time(0)
    kind = draft.read("kind", _read_kind, SessionKind.TRAINING)
    details = Details(
        kind=kind,
        day=draft.read("day", read_day, date.min),
        begins=draft.read("begins", read_time, midnight),
        ends=draft.read("ends", read_time, midnight),
        trainers=_read_trainers(draft, choices),
        target=draft.read("target", _target_reader(kind), TargetGroup.NOBODY),
        title=draft.read("title", _text_reader(LONGEST_TEXT), None),
        place=draft.read("place", _text_reader(LONGEST_TEXT), None),
        link=draft.read("link", _read_link, None),
        capacity=draft.read("capacity", _read_capacity, None),
        accreditation_number=draft.read("accreditation_number", _text_reader(LONGEST_NUMBER), None),
        accreditation_points=draft.read("accreditation_points", _read_points, None),
    )
    if details.ends <= details.begins and not draft.errors.keys() & {"begins", "ends"}:
        draft.errors["ends"] = _("The end has to come after the beginning.")
    return None if draft.errors else details


def read_repetition(draft: Draft, first: date | None) -> Repetition | None:
    """Read how a session is repeated: every so many weeks, so many times or until a day.

    Args:
        draft: errors are kept in it.
        first: the day of the first session, if that could be read.
    """
    values = draft.values
    if not values.get("every_weeks") and not values.get("times") and not values.get("until"):
        return None
    weeks = draft.read("every_weeks", lambda text: _whole(text, 1, MOST_WEEKS), None)
    if values.get("times") and values.get("until"):
        draft.errors.setdefault("times", _("Fill in how many times, or until when; not both."))
    elif values.get("times"):
        times = draft.read("times", lambda text: _whole(text, 2, MOST_IN_SERIES), None)
        if weeks is not None and times is not None and first is not None:
            return Repetition(weeks, first + timedelta(weeks=weeks * (times - 1)))
    else:
        until = draft.read("until", read_day, None)
        if weeks is not None and until is not None:
            return Repetition(weeks, until)
    return None


def read_confirmed(draft: Draft) -> Confirmed:
    """Return what the trainer was asked about and ticked."""
    values = draft.values
    return Confirmed(bool(values.get("is_past")), bool(values.get("has_overlap")))


def is_for_later_too(draft: Draft) -> bool:
    """Return whether a change is for all later sessions of the series as well."""
    return draft.values.get("scope") == "later"


def read_person(draft: Draft, name: str) -> Person | None:
    """Read somebody out of a field with a name or an e-mail address; None where it is empty."""
    return draft.read(name, lambda text: person_meant(text) if text else None, None)


def _points_text(hundredths: int) -> str:
    """Return accreditation points as people write them, e.g. "1.5"."""
    return f"{Decimal(hundredths) / 100:f}".rstrip("0").rstrip(".") or "0"


def _code_of(person: Person) -> str:
    """Return what stands for a person who can be ticked; it is looked up among the choices."""
    return person.user_id or person.email or plain_name(person.name)


def _read_trainers(draft: Draft, choices: Sequence[Choice]) -> tuple[Person, ...]:
    ticked = set(draft.chosen)
    people = [choice.person for choice in choices if choice.code in ticked]
    other = read_person(draft, "other_trainer")
    if other is not None and not any(is_same_person(other, person) for person in people):
        people.append(other)
    if not people and "other_trainer" not in draft.errors:
        draft.errors["trainers"] = _("Choose at least one trainer.")
    return tuple(people)


def _read_kind(text: str) -> SessionKind:
    if text not in PLANNED_KINDS:
        raise ValueError(_("Choose what it is."))
    return SessionKind(text)


def _target_reader(kind: SessionKind) -> Callable[[str], TargetGroup]:
    def read(text: str) -> TargetGroup:
        if not text:
            return USUAL_TARGETS[kind]
        if text not in list(TargetGroup):
            raise ValueError(_("Choose whom it is for."))
        return TargetGroup(text)

    return read


def read_day(text: str) -> date:
    """Read a day.

    Raises:
        ValueError: it is none, or not of our time.
    """
    try:
        day = read_date(text)
    except ValueError:
        raise ValueError(_("Fill in a day.") if not text else _("This is not a date.")) from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(_("This day is too long ago or too far ahead."))
    return day


def read_time(text: str) -> time:
    """Read a time of day, such as "09:30" or "9.30".

    Raises:
        ValueError: it is none.
    """
    hours, colon, minutes = text.replace(".", ":").partition(":")
    is_time = colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2
    if is_time and len(hours) <= 2 and int(hours) < 24 and int(minutes) < 60:
        return time(int(hours), int(minutes))
    raise ValueError(_("Fill in a time, such as 9:30."))


def _text_reader(longest: int) -> Callable[[str], str | None]:
    def read(text: str) -> str | None:
        if len(text) > longest:
            raise ValueError(_("This is too long; at most %(n)s characters.", n=longest))
        if text and (fault := cell_fault(text)):
            raise ValueError(fault)
        return text or None

    return read


def _read_link(text: str) -> str | None:
    if not text:
        return None
    if len(text) > LONGEST_LINK:
        raise ValueError(_("This is too long; at most %(n)s characters.", n=LONGEST_LINK))
    try:
        parts = urlsplit(text)
        is_link = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_link = False
    if not is_link or not text.isprintable() or " " in text:
        raise ValueError(_("This is not a link: it has to begin with https:// or http://."))
    return text


def _read_capacity(text: str) -> int | None:
    return _whole(text, 1, MOST_PLACES) if text else None


def _read_points(text: str) -> int | None:
    if not text:
        return None
    try:
        points = Decimal(text.replace(",", "."))
        is_fine = points.is_finite() and 0 <= points <= MOST_POINTS
        hundredths = points * 100 if is_fine else Decimal("0.5")
    except InvalidOperation:
        hundredths = Decimal("0.5")
    if hundredths != hundredths.to_integral_value():
        raise ValueError(_("Fill in points from 0 to 100, such as 1.5."))
    return int(hundredths)


def _whole(text: str, least: int, most: int) -> int:
    """Read a whole number.

    Raises:
        ValueError: it is none, or out of bounds.
    """
    if text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most:
        return int(text)
    sentence = _("Fill in a whole number from %(least)s to %(most)s.")
    raise ValueError(sentence % {"least": least, "most": most})
