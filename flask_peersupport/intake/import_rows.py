"""A file of reports made elsewhere: one row a colleague, read into reports or into faults."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import TypeVar
from urllib.parse import urlsplit

from ..access.sheets import Column, Fault
from ..access.sheets import Row as SheetRow
from ..access.typed import MAX_LENGTH, clean_text
from ..config import Label
from ..i18n import gettext as _
from ..matching.departments import names_in
from ..reachouts.host_reports import exists_in_host
from ..runtime import current_runtime
from ..supporters.reading import email_fault, name_fault, phone_fault, read_code, read_switch
from ..values import Involved, Person, Report, Wish, WishBy
from .references import number_fault
from .resolution import name_colleagues
from .step import Row

COLUMNS = (
    Column("kind", ("kind", "soort"), is_required=True),
    Column("ref", ("ref", "reference", "nummer", "meldingsnummer", "kenmerk"), is_required=True),
    Column("department", ("department", "afdeling")),
    Column("occurred_at", ("occurred_at", "occurred", "gebeurd op", "datum gebeurtenis")),
    Column("reported_at", ("reported_at", "reported", "gemeld op", "datum melding")),
    Column("url", ("url", "link")),
    Column("anonymous", ("anonymous", "anoniem")),
    Column("reporter", ("reporter", "reporter_email", "melder", "e-mail melder")),
    Column("name", ("name", "colleague", "naam", "betrokken collega", "collega")),
    Column("email", ("email", "colleague_email", "e-mail", "mail", "e-mailadres", "emailadres")),
    Column(
        "phone",
        ("phone", "colleague_phone", "telephone", "telefoon", "telefoonnummer"),
        is_signed=True,
    ),
    Column(
        "own_department", ("colleague_department", "afdeling collega", "afdeling betrokken collega")
    ),
    Column("profession", ("profession", "beroep", "beroepsgroep")),
    Column("discipline", ("discipline",)),
    Column("seniority", ("seniority", "ervaring", "loopbaanfase")),
    Column("wish", ("wish", "behoefte")),
    Column("wish_by", ("wish_by", "behoefte volgens", "wie zei dit")),
)
_HEADERS = {column.code: column.headers[0] for column in COLUMNS}
_WISHES: Mapping[str, Label] = {
    Wish.YES: {"en": "yes", "nl": "ja"},
    Wish.NO: {"en": "no", "nl": "nee"},
    Wish.ASK: {"en": "ask", "nl": "vragen"},
}
_WISHERS: Mapping[str, Label] = {
    WishBy.OWN: {"en": "own", "nl": "zelf"},
    WishBy.REPORTER: {"en": "reporter", "nl": "melder"},
}
_DAY = re.compile(r"(?:(\d{4})-(\d\d)-(\d\d))|(?:(\d{1,2})-(\d{1,2})-(\d{4}))", re.ASCII)
_INSTANT = re.compile(
    r"([\d-]+)(?:[T ](\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_BRACKETS = re.compile(r"\([^)]*\)")
#: Before this no report is one that anybody wants to be called about.
_FIRST_YEAR = 2000
#: A clock elsewhere that runs ahead a little is no fault.
_CLOCK_SKEW = timedelta(hours=2)

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class ReportRow:
    """What one row says.

    Attributes:
        number: of the row, as a spreadsheet shows it.
        report: of the row, without its colleague; its `ref` is empty where the row has none.
        colleague: as a reporter names them.
        own: somebody who answered for themself.
    """

    number: int
    report: Report
    colleague: Row | None = None
    own: Involved | None = None

    @property
    def person(self) -> Person | None:
        """Who is named."""
        if self.colleague is None:
            return self.own.person if self.own else None
        row = self.colleague
        return Person(row.name, email=row.email or None, phone=row.phone or None)


def read_row(row: SheetRow, *, now: datetime, faults: list[Fault]) -> ReportRow:
    """Return what a row says; what cannot be right is added to `faults`, with its column."""
    return _RowReader(row, now, faults).read()


def differing_fields(one: Report, other: Report) -> list[str]:
    """Return the headers of the columns in which two rows of one report disagree."""
    names = (field.name for field in fields(Report) if field.name != "involved")
    return [_HEADERS[name] for name in names if getattr(one, name) != getattr(other, name)]


def read_instant(text: str, zone: tzinfo) -> tuple[datetime, bool]:
    """Read a day, or a day and a time, e.g. 2026-03-31 14:30 or 31-3-2026 14:30.

    Args:
        text: not empty.
        zone: in which a time without zone is meant.

    Returns:
        the aware instant, midnight for a day without a time; and whether there was a time.

    Raises:
        ValueError: it is neither.
    """
    parts = _INSTANT.fullmatch(text)
    day = _DAY.fullmatch(parts[1]) if parts else None
    if parts is None or day is None:
        raise ValueError(text)
    year, month, number = day.group(1, 2, 3) if day[1] else day.group(6, 5, 4)
    if int(year) < _FIRST_YEAR:
        raise ValueError(text)
    begin = datetime(int(year), int(month), int(number), tzinfo=zone)
    if parts[2] is None:
        return begin, False
    at = time(int(parts[2]), int(parts[3]), int(parts[4] or 0))
    if parts[5]:
        zone = datetime.fromisoformat(f"2000-01-01T00:00{parts[5]}").tzinfo or UTC
    return datetime.combine(begin.date(), at, zone), True


def _shorter(words: Label) -> Label:
    """Return a label of a kind that also means the kind without what stands in brackets."""
    texts = {"": words} if isinstance(words, str) else dict(words)
    brief = {f"{name} brief": _BRACKETS.sub("", text).strip() for name, text in texts.items()}
    return {**texts, **{name: text for name, text in brief.items() if text}}


class _RowReader:
    """Reads the cells of one row, each with its own rule."""

    def __init__(self, row: SheetRow, now: datetime, faults: list[Fault]) -> None:
        self._row = row
        self._now = now
        self._faults = faults
        self._settings = current_runtime().settings

    def read(self) -> ReportRow:
        report = self._report()
        wish = self._read("wish", lambda text: read_code(text, _WISHES)) or Wish.ASK
        wish_by = self._read("wish_by", lambda text: read_code(text, _WISHERS)) or WishBy.REPORTER
        colleague = self._colleague(wish)
        if colleague is None or wish_by == WishBy.REPORTER:
            return ReportRow(self._row.number, report, colleague)
        if report.anonymous:
            self._fault("wish_by", _("In an anonymous report nobody answers for themself."))
        return ReportRow(self._row.number, report, own=self._own(colleague, wish))

    def _cell(self, code: str) -> str:
        return " ".join(self._row.cells.get(code, "").split())

    def _fault(self, code: str, sentence: str | None) -> None:
        if sentence:
            self._faults.append((self._row.number, f"{_HEADERS[code]}: {sentence}"))

    def _read(self, code: str, reader: Callable[[str], _Value]) -> _Value | None:
        try:
            return reader(self._cell(code))
        except ValueError as error:
            self._fault(code, str(error))
            return None

    def _text(self, code: str) -> str:
        """Return a cell of free text, which has to fit and to show all that it holds."""
        text = self._cell(code)
        if len(text) > MAX_LENGTH:
            self._fault(code, _("This is too long; at most %(n)s characters.", n=MAX_LENGTH))
        elif clean_text(text) != text:
            self._fault(code, _("This holds characters that cannot be seen. Type it anew."))
        return text

    def _required(self, code: str, text: str) -> str:
        if not text:
            self._fault(code, _("This is empty."))
        return text

    def _report(self) -> Report:
        required = self._required("kind", self._cell("kind"))
        kinds = {code: _shorter(words) for code, words in self._settings.kinds.items()}
        kind = self._read("kind", lambda text: read_code(text, kinds))
        occurred_at, _has_time = self._instant("occurred_at")
        reported_at, has_time = self._instant("reported_at")
        if occurred_at and reported_at and reported_at < occurred_at:
            if has_time or reported_at.date() < occurred_at.date():
                self._fault("reported_at", _("This is before it happened."))
            reported_at = occurred_at  # on the same day, of which the time is not known
        is_anonymous = bool(self._read("anonymous", read_switch))
        return Report(
            kind=kind or required,
            ref=self._ref(kind),
            department=self._text("department") or None,
            occurred_at=occurred_at,
            reported_at=reported_at,
            reporter=self._reporter(is_anonymous),
            url=self._url(),
            anonymous=is_anonymous,
        )

    def _ref(self, kind: str | None) -> str:
        before = len(self._faults)
        ref = self._required("ref", self._text("ref"))
        fault = number_fault(ref) if len(self._faults) == before else None
        if fault and not (kind and exists_in_host(kind, ref)):
            self._fault("ref", fault)
        return ref

    def _instant(self, code: str) -> tuple[datetime | None, bool]:
        text = self._cell(code)
        if not text:
            return None, False
        try:
            instant, has_time = read_instant(text, self._settings.timezone)
        except ValueError:
            sentence = _("“%(text)s” is not a time. Write it like 2026-03-31 14:30.")
            self._fault(code, sentence % {"text": text[:40]})
            return None, False
        if instant > self._now + _CLOCK_SKEW:
            self._fault(code, _("This lies in the future."))
        return instant, has_time

    def _reporter(self, is_anonymous: bool) -> Person | None:
        email = self._cell("reporter")
        if not email:
            return None
        if is_anonymous:
            self._fault("reporter", _("An anonymous report names no reporter."))
            return None
        wrong = email_fault(email)
        found = None if wrong else current_runtime().users.find(email)
        if found is None:
            unknown = _("“%(text)s” is nobody in this application. Leave it empty.")
            self._fault("reporter", wrong or unknown % {"text": email[:60]})
        return found

    def _url(self) -> str | None:
        url = self._cell("url")
        if not url:
            return None
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.netloc:
            sentence = _("“%(text)s” is not the address of a web page.")
            self._fault("url", sentence % {"text": url[:40]})
        return url

    def _colleague(self, wish: str) -> Row | None:
        """Return who is named; None where nobody is."""
        codes = ("email", "phone", "own_department", "profession", "discipline", "seniority")
        if not self._cell("name") and not any(map(self._cell, (*codes, "wish", "wish_by"))):
            return None
        name = self._text("name")
        self._fault("name", name_fault(name))
        for code, check in (("email", email_fault), ("phone", phone_fault)):
            self._fault(code, check(self._cell(code)) if self._cell(code) else None)
        settings = self._settings
        listed = {
            "profession": settings.professions,
            "discipline": settings.disciplines,
            "seniority": settings.seniorities,
        }
        known = {code: self._code(code, labels) for code, labels in listed.items()}
        return Row(
            index=0,
            name=name,
            email=self._cell("email"),
            phone=self._cell("phone"),
            department=self._text("own_department"),
            wish=wish,
            **known,
        )

    def _code(self, code: str, labels: Mapping[str, Label]) -> str:
        return self._read(code, lambda text: read_code(text, labels)) or ""

    def _own(self, colleague: Row, wish: str) -> Involved:
        """Return somebody who answered for themself: it has to be certain who that is."""
        (named,) = name_colleagues(current_runtime(), [colleague])
        if named.is_unknown and "bad_email" not in named.flags:
            sentence = _("It is not certain who this is. Add this person's own e-mail address.")
            self._fault("name", sentence)
        person = named.involved.person
        places = dict.fromkeys((*names_in(person.department), *names_in(colleague.department)))
        person = replace(person, department="; ".join(places) or None)
        return Involved(person, wish, WishBy.OWN)
