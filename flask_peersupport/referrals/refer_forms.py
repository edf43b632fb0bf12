"""The form of a referral, and that of a personal link: read, checked, shown again as typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from werkzeug.datastructures import MultiDict

from ..access.sheets import read_date
from ..access.typed import clean_text, is_id
from ..config import Label
from ..db import new_id
from ..i18n import gettext as _
from ..intake.references import number_fault
from ..intake.step import MAX_COLLEAGUES, Row, posted_fields, typed_rows
from ..matching.departments import names_in
from ..ports import Departments
from ..reachouts.host_reports import exists_in_host
from ..reachouts.rules import CASES_OF_ONE_PERSON
from ..runtime import current_runtime
from ..supporters.reading import email_fault, phone_fault
from ..vault.seal import plain_name
from .referring import Case
from .states import ReferralWay

Typed = MultiDict[str, str]

#: The kinds that a complaints officer refers, where the hospital has them (P3).
KINDS = CASES_OF_ONE_PERSON
MOST_LINKS = 10
_EMPTY_ROWS = 3
#: How long ago what a case is about can have been.
_LONGEST_AGO = timedelta(days=60 * 365)
#: Stands for a department that is not in the list: nobody is asked before a coordinator decides,
#: and what was typed is not kept, for it may be anything.
_UNKNOWN_DEPARTMENT = "?"
_VALUES = ("kind", "ref", "happened_on", "department", "way", "outside", "knows", "count")


@dataclass(slots=True)
class ReferralDraft:
    """The form as it stands on the page.

    Attributes:
        id: of this form: sent twice, it counts once.
        values: what was typed, by field.
        rows: the colleagues, with some empty rows for where no script runs.
        errors: what is wrong, by field; of a row "<index>-<field>".
    """

    id: str
    values: dict[str, str]
    rows: list[Row]
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def named(self) -> list[Row]:
        """The rows in which somebody is named."""
        return [row for row in self.rows if row.name]


def kinds_to_refer() -> dict[str, Label]:
    """Return the kinds that can be referred, with their labels."""
    known = current_runtime().settings.kinds
    return {code: known[code] for code in KINDS if code in known}


def new_draft() -> ReferralDraft:
    """Return an empty form."""
    kinds = list(kinds_to_refer())
    only = kinds[0] if len(kinds) == 1 else ""
    values = dict.fromkeys(_VALUES, "") | {"kind": only, "way": ReferralWay.NAMED, "count": "1"}
    return ReferralDraft(new_id(), values, _filled_up([]))


def typed_draft(form: Typed) -> ReferralDraft:
    """Return the form as it was posted."""
    form_id = form.get("form_id", "")
    return ReferralDraft(
        form_id if is_id(form_id) else new_id(),
        {name: clean_text(form.get(name, "")) for name in _VALUES},
        _filled_up(typed_rows(posted_fields(form))),
    )


def read_case(draft: ReferralDraft, departments: Departments, today: date) -> Case:
    """Return which case it is; what cannot be right is said in the draft."""
    values, errors = draft.values, draft.errors
    if values["kind"] not in kinds_to_refer():
        errors["kind"] = _("Choose what kind of case it is.")
    elif values["ref"] and (fault := _ref_fault(values["kind"], values["ref"])):
        errors["ref"] = fault
    return Case(
        form_id=draft.id,
        kind=values["kind"],
        ref=values["ref"] or None,
        department=_department(values["department"], departments),
        occurred_at=_read_day(draft, today),
    )


def read_colleagues(draft: ReferralDraft) -> list[Row]:
    """Return who is passed on; what cannot be right is said in the draft."""
    named: dict[tuple[str, str], Row] = {}
    for row in draft.rows:
        if not row.name:
            if row.email or row.phone or row.department:
                draft.errors[f"{row.index}-name"] = _("Fill in a name, or empty this line.")
            continue
        if row.email and (fault := email_fault(row.email)):
            draft.errors[f"{row.index}-email"] = fault
        if row.phone and (fault := phone_fault(row.phone)):
            draft.errors[f"{row.index}-phone"] = fault
        same = (plain_name(row.name), row.email.casefold() or row.user)
        if same in named:
            draft.errors[f"{row.index}-name"] = _("You named this colleague already.")
        named[same] = replace(row, wish="", outside=draft.values["outside"] and "1")
    if not draft.named:
        draft.errors.setdefault("colleagues", _("Fill in the name of a colleague."))
    elif len(draft.named) > MAX_COLLEAGUES:
        draft.errors["colleagues"] = _(
            "There is room for %(n)s colleagues. Pass on the others afterwards.", n=MAX_COLLEAGUES
        )
    if not draft.values["knows"]:
        draft.errors["knows"] = _("Tell the colleague first. Then tick this.")
    return list(named.values())


def read_count(draft: ReferralDraft) -> int:
    """Return how many links are wanted; what cannot be right is said in the draft."""
    text = draft.values["count"]
    if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST_LINKS:
        return int(text)
    draft.errors["count"] = _("Fill in a whole number from 1 to %(most)s.", most=MOST_LINKS)
    return 0


def _filled_up(rows: Sequence[Row]) -> list[Row]:
    """Return the rows, and empty ones as long as there are fewer than three."""
    used = {row.index for row in rows}
    free = (index for index in range(100_000) if index not in used)
    missing = max(0, _EMPTY_ROWS - len(rows))
    return [*rows, *(Row(next(free), "") for _number in range(missing))]


def _ref_fault(kind: str, ref: str) -> str | None:
    """Return what is wrong with the number of a case."""
    is_there = exists_in_host(kind, ref)
    if is_there:
        return None
    if is_there is None:
        return number_fault(ref)
    return _("There is no case with this number. Correct it, or leave it empty.")


def _department(text: str, departments: Departments) -> str | None:
    """Return the departments of the event, those that are not in the list as the mark for that."""
    names = (name if departments.resolve(name) else _UNKNOWN_DEPARTMENT for name in names_in(text))
    return "; ".join(dict.fromkeys(names)) or None


def _read_day(draft: ReferralDraft, today: date) -> datetime | None:
    """Return the beginning of the day of the event; what cannot be right is said in the draft."""
    text = draft.values["happened_on"]
    if not text:
        return None
    try:
        day = read_date(text)
    except ValueError:
        draft.errors["happened_on"] = _("Fill in a date, such as %(day)s.", day=f"{today:%d-%m-%Y}")
        return None
    if day > today:
        draft.errors["happened_on"] = _("This day is still to come.")
        return None
    if day < today - _LONGEST_AGO:
        draft.errors["happened_on"] = _(
            "This day is too long ago. Leave it empty in case of doubt."
        )
        return None
    return datetime.combine(day, time(), current_runtime().settings.timezone)
