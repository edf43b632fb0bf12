"""Who is meant by what was typed: found in the host's directory, or kept and flagged (P1)."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..access.people import search_person, signed_user
from ..access.typed import is_email, is_phone
from ..reachouts.models import ReportRecord
from ..runtime import Runtime, current_runtime
from ..values import Involved, Person, Wish, WishBy
from ..vault.seal import plain_name
from .step import Row

#: A host whose clock runs ahead a little is no mistake of the reporter.
_CLOCK_SKEW = timedelta(hours=2)
_MAX_SIMILAR = 50


@dataclass(frozen=True, slots=True)
class Named:
    """A colleague named, with what could not be right about it.

    Attributes:
        involved: who and what they wish.
        flags: codes, e.g. "bad_email".
        department: as the host names it.
        typed_department: as typed, which may be anything.
        listed: the same person as the directory knows them, without what was typed.
        is_typed: whether some of what is known of them was typed by a reporter.
        is_unknown: the name fits nobody or several, and there is no way to reach them.
    """

    involved: Involved
    flags: tuple[str, ...] = ()
    department: str | None = None
    typed_department: str | None = None
    listed: Person | None = None
    is_typed: bool = False
    is_unknown: bool = False


def flags_of_report(report: ReportRecord, now: datetime) -> tuple[str, ...]:
    """Return the codes of what cannot be right about a report."""
    settings = current_runtime().settings
    flags = []
    if report.occurred_at is not None and report.occurred_at > now + _CLOCK_SKEW:
        flags.append("future_date")
    if report.kind not in settings.kinds:
        flags.append("unknown_kind")
    if not report.department:
        flags.append("no_department")
    return tuple(flags)


def search_unwanted(text: str) -> tuple[list[Person], bool]:
    """Return everybody whom a colleague may mean by "not this one", and whether that is certain.

    A name that fits nobody exactly rules out all who share its last word: better one supporter
    too many is left out than the wrong one is asked. A word that half the hospital shares says
    nothing.
    """
    exact = search_person(text)
    if exact:
        return exact, True
    words = plain_name(text).split()
    similar = current_runtime().users.search(words[-1], _MAX_SIMILAR + 1) if words else []
    return similar if len(similar) <= _MAX_SIMILAR else [], False


def name_colleagues(runtime: Runtime, rows: Sequence[Row]) -> Iterator[Named]:
    """Yield the colleagues of the step's rows, found in the directory where that is certain."""
    for row in rows:
        listed = _listed(runtime, row)
        is_other = listed is not None and _names_another(row, listed)
        if is_other:
            # the address is not kept: it would make this colleague the other one
            row, listed = replace(row, email=""), None
        person = _with_typed(listed or _typed(row), row)
        wish = row.wish if row.wish in list(Wish) else Wish.ASK
        flags = (*_flags(row), *_flags_of_codes(row), *_flags_of_codes(person))
        yield Named(
            Involved(person, wish, WishBy.REPORTER, outside=bool(row.outside)),
            tuple(dict.fromkeys((*flags, "name_differs") if is_other else flags)),
            department=listed.department if listed else None,
            typed_department=row.department or None,
            listed=listed,
            is_typed=True,
            is_unknown=is_other or (listed is None and not _is_reachable(row)),
        )


def name_described(involved: Involved) -> Named:
    """Return somebody whom the host's description names; a wish that is none becomes "ask"."""
    flags = tuple(_flags_of_codes(involved.person))
    if involved.wish not in list(Wish) or involved.wish_by not in list(WishBy):
        involved = replace(involved, wish=Wish.ASK, wish_by=WishBy.REPORTER)
        flags = ("unknown_wish", *flags)
    return Named(involved, flags, department=involved.person.department)


def known_code(field: str, text: str | None) -> str | None:
    """Return `text` if it is a code that the settings know for `field`, e.g. "profession"."""
    return text if text in _codes()[field] else None


def _codes() -> Mapping[str, Container[str | None]]:
    settings = current_runtime().settings
    return {
        "profession": settings.professions,
        "discipline": settings.disciplines,
        "seniority": settings.seniorities,
    }


def _flags_of_codes(source: Row | Person) -> Iterator[str]:
    for field, codes in _codes().items():
        text = getattr(source, field)
        if text and text not in codes:
            yield f"unknown_{field}"


def _flags(row: Row) -> Iterator[str]:
    if row.email and not is_email(row.email):
        yield "bad_email"
    if row.phone and not is_phone(row.phone):
        yield "bad_phone"
    if row.wish and row.wish not in list(Wish):
        yield "unknown_wish"


def _listed(runtime: Runtime, row: Row) -> Person | None:
    """Return who is meant, from the directory; None where that is not certain."""
    picked = signed_user(runtime.users, row.user)
    # a name typed over the picked one means somebody else
    if picked is not None and plain_name(picked.name) == plain_name(row.name):
        return picked
    if _has_email(row):
        return runtime.users.find(row.email)
    same = search_person(row.name)
    return same[0] if len(same) == 1 else None


def _names_another(row: Row, listed: Person) -> bool:
    """Return whether the typed name shares no word with the listed one; initials say nothing."""
    words = {word for word in plain_name(row.name).split() if len(word) > 1}
    return bool(words) and not words & set(plain_name(listed.name).split())


def _has_email(row: Row) -> bool:
    return bool(row.email) and is_email(row.email)


def _is_reachable(row: Row) -> bool:
    return _has_email(row) or (bool(row.phone) and is_phone(row.phone))


def _typed(row: Row) -> Person:
    return Person(name=row.name, email=row.email or None, phone=row.phone or None)


def _with_typed(person: Person, row: Row) -> Person:
    """Complete what the directory does not know with what was typed."""
    fields = ("phone", "department", "profession", "discipline", "seniority")
    typed = {field: getattr(row, field) for field in fields}
    missing = {f: text for f, text in typed.items() if text and not getattr(person, f)}
    return replace(person, **missing)
