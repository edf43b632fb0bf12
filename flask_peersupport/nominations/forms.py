"""The forms about rounds: read, checked, and shown again as they were typed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta

from werkzeug.datastructures import MultiDict

from ..access.departments import DepartmentTree
from ..access.sheets import read_date
from ..access.typed import clean_text
from ..i18n import gettext as _
from ..i18n import use_locale
from ..ports import Departments
from ..runtime import current_runtime
from ..supporters.reading import email_fault
from ..values import Person
from . import rules
from .actions import RoundDetails
from .box import Choice
from .models import NominationRound
from .naming import NameLine, choose

Typed = MultiDict[str, str]
LONGEST_LETTER = 4000
_USUAL_DAYS_OPEN = 21
_PREFIX = "peersupport-colleagues-"
_MOST_LINES = 500


@dataclass(slots=True)
class RoundDraft:
    """The form of a round as it stands on the page."""

    closes_on: str = ""
    max_names: str = str(rules.USUAL_NAMES)
    staff_count: str = ""
    is_heads_only: bool = False
    departments: list[str] = field(default_factory=list)
    letter: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def new_draft(today: date) -> RoundDraft:
    """Return the form of a new round: three weeks, two names, and a letter in each language."""
    draft = RoundDraft(closes_on=(today + timedelta(days=_USUAL_DAYS_OPEN)).isoformat())
    for locale in current_runtime().settings.locales:
        with use_locale(locale):
            draft.letter[locale] = usual_letter()
    return draft


def draft_of(row: NominationRound) -> RoundDraft:
    """Return the form filled in with what is known of a round."""
    return RoundDraft(
        closes_on=row.closes_on.isoformat(),
        max_names=str(row.max_names),
        staff_count=str(row.staff_count or ""),
        is_heads_only=row.is_heads_only,
        departments=[department.name for department in row.departments],
        letter=dict(row.letter),
    )


def usual_letter() -> str:
    """Return the letter that a new round begins with, in the language in use (P24)."""
    return "\n\n".join(
        [
            _("Dear colleague,"),
            _(
                "Anyone can be involved in something that goes wrong. Those who were there often "
                "stay alone with it, while talking to a colleague helps most. That is why we "
                "look for colleagues whom others trust, to become peer supporters."
            ),
            _(
                "So we ask you one question: whom would you go to in confidence if you had been "
                "involved in an error or serious negligence?"
            ),
            _(
                "It can be anybody: of your own department or another, of any profession. "
                "Your answer is secret. Nobody learns whom you named: not the colleague, not "
                "your manager, not the programme. We only count how often somebody was named. "
                "One or two colleagues of each department are then invited."
            ),
        ]
    )


def typed_round(form: Typed) -> RoundDraft:
    """Return the form of a round as it was posted."""
    locales = current_runtime().settings.locales
    return RoundDraft(
        closes_on=clean_text(form.get("closes_on", "")),
        max_names=clean_text(form.get("max_names", "")),
        staff_count=clean_text(form.get("staff_count", "")),
        is_heads_only=bool(form.get("heads_only")),
        departments=[clean_text(name) for name in form.getlist("department")],
        letter={
            locale: form.get(f"letter_{locale}", "").replace("\r\n", "\n").strip()
            for locale in locales
        },
    )


def read_round(draft: RoundDraft, known_departments: Collection[str]) -> RoundDetails | None:
    """Return what a draft says; None where it cannot be right: the errors are kept in it."""
    try:
        closes_on = read_date(draft.closes_on)
    except ValueError:
        closes_on = date.min
        draft.errors["closes_on"] = _("Fill in the last day on which an answer can be given.")
    max_names = _read_number(draft, "max_names", rules.MOST_NAMES)
    staff_count = _read_number(draft, "staff_count", 1_000_000) if draft.staff_count else None
    if max_names is None:
        draft.errors.setdefault("max_names", _("From 1 to %(n)s names.", n=rules.MOST_NAMES))
    unknown = [name for name in draft.departments if name not in known_departments]
    if unknown:
        draft.errors["departments"] = _("Choose departments from the list.")
    for locale, text in draft.letter.items():
        if not text:
            draft.errors[f"letter_{locale}"] = _("The letter is empty.")
        elif len(text) > LONGEST_LETTER:
            draft.errors[f"letter_{locale}"] = _(
                "This is too long; at most %(n)s characters.", n=LONGEST_LETTER
            )
        elif any(not (sign.isprintable() or sign in "\n\t") for sign in text):
            draft.errors[f"letter_{locale}"] = _("There is a control character in this text.")
    if draft.errors:
        return None
    return RoundDetails(
        closes_on=closes_on,
        letter=dict(draft.letter),
        departments=tuple(dict.fromkeys(draft.departments)),
        max_names=max_names or rules.USUAL_NAMES,
        is_heads_only=draft.is_heads_only,
        staff_count=staff_count,
    )


def _read_number(draft: RoundDraft, name: str, most: int) -> int | None:
    text = str(getattr(draft, name))
    if text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most:
        return int(text)
    draft.errors[name] = _("Fill in a whole number from 1 to %(most)s.", most=most)
    return None


@dataclass(slots=True)
class BallotDraft:
    """The ballot as it stands on the page; `error` is about the ballot as a whole."""

    lines: list[NameLine]
    error: str = ""

    @property
    def has_errors(self) -> bool:
        """Whether something has to be put right first."""
        return bool(self.error) or any(line.error for line in self.lines)


def empty_ballot(max_names: int) -> BallotDraft:
    """Return a ballot with as many empty lines as there may be names."""
    return BallotDraft([NameLine(index) for index in range(max_names)])


def typed_ballot(form: Typed, max_names: int) -> BallotDraft:
    """Return the ballot as it was posted; lines in which nothing was typed are filled up."""
    lines: dict[int, NameLine] = {}
    for key, text in form.items():
        index, _dash, part = key.removeprefix(_PREFIX).partition("-")
        is_ours = key.startswith(_PREFIX) and part in ("name", "department", "user")
        if is_ours and index.isascii() and index.isdigit() and len(index) < 4 and text.strip():
            line = lines.setdefault(int(index), NameLine(int(index)))
            setattr(line, part, text[:1000] if part == "user" else clean_text(text))
    used = [lines[index] for index in sorted(lines)][: rules.MOST_NAMES * 2]
    free = (index for index in range(100) if index not in lines)
    while len(used) < max_names:
        used.append(NameLine(next(free)))
    return BallotDraft(used)


def read_ballot(
    draft: BallotDraft, max_names: int, voter: Person, departments: Departments | DepartmentTree
) -> list[Choice]:
    """Return who is named; what cannot be right is said in the draft."""
    choices: dict[str, Choice] = {}
    for line in draft.lines:
        if not line.name:
            if line.department:
                line.error = _("Fill in a name, or empty this line.")
            continue
        try:
            choice = choose(line, voter, departments)
        except ValueError as error:
            line.error = str(error)
            continue
        if choice.key in choices:
            line.error = _("You named this colleague already. Name somebody else, or nobody.")
        choices[choice.key] = choice
    if not choices and not draft.has_errors:
        draft.error = _("Fill in a name first.")
    elif len(choices) > max_names:
        draft.error = _("You can give %(n)s names at most.", n=max_names)
    return list(choices.values())


def read_addresses(text: str) -> tuple[list[Person], list[tuple[int, str]]]:
    """Return the users with these e-mail addresses, one a line, and the faults by line number.

    An address without an account is a fault: who cannot sign in cannot answer.
    """
    people: list[Person] = []
    faults: list[tuple[int, str]] = []
    lines = text.splitlines()
    if len(lines) > _MOST_LINES:
        return [], [(_MOST_LINES + 1, _("These are too many lines; at most %(n)s.", n=_MOST_LINES))]
    for number, line in enumerate(lines, 1):
        address = line.strip().rstrip(",;")
        if not address:
            continue
        fault = email_fault(address)
        person = None if fault else current_runtime().users.find(address)
        if person is None:
            missing = _("Nobody has an account with “%(text)s”.", text=address[:60])
            faults.append((number, fault or missing))
        elif person not in people:
            people.append(person)
    if not people and not faults:
        faults.append((1, _("Fill in an e-mail address on each line.")))
    return people, faults
