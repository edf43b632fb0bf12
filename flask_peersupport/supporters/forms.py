"""The forms about supporters: read, checked, and shown again as they were typed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from werkzeug.datastructures import MultiDict

from ..access.departments import DepartmentTree
from ..access.sheets import cell_fault, read_date
from ..config import Label
from ..i18n import gettext as _
from ..ports import Departments
from ..runtime import current_runtime
from ..values import Person
from .actions import MOST_OPEN, MOST_PER_QUARTER, SupporterDetails
from .departments import MOST_DEPARTMENTS, split_departments
from .labels import STATE_LABELS
from .queries import SupporterView
from .reading import (
    email_fault,
    name_fault,
    phone_fault,
    read_code,
    read_limit,
    unknown_departments,
)
from .states import SupporterState

Typed = MultiDict[str, str]
_Value = TypeVar("_Value")
#: Empty lines for departments below those that are filled in.
_EMPTY_LINES = 2


@dataclass(slots=True)
class Draft:
    """A form as it stands on the page: what was typed and what is wrong with it."""

    values: dict[str, str] = field(default_factory=dict)
    departments: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """The departments with some empty lines."""
        empty = min(_EMPTY_LINES, max(0, MOST_DEPARTMENTS - len(self.departments)))
        return [*self.departments, *[""] * empty]

    def read(self, name: str, reader: Callable[[str], _Value], default: _Value) -> _Value:
        """Return what was typed in a field, read; an error is kept for the page."""
        try:
            return reader(self.values.get(name, ""))
        except ValueError as error:
            self.errors[name] = str(error)
            return default

    def check(self, name: str, fault: str | None) -> None:
        """Keep an error for the page, if it is one and the first of its field."""
        if fault:
            self.errors.setdefault(name, fault)


def typed(form: Typed) -> Draft:
    """Return a draft of what was posted."""
    values = {name: " ".join(text.split()) for name, text in form.items() if name != "department"}
    names = split_departments(";".join(form.getlist("department")))
    return Draft(values, list(names))


def draft_of(view: SupporterView) -> Draft:
    """Return the form filled in with what is known of a supporter."""
    values = {
        "name": view.person.name,
        "phone": view.person.phone or "",
        "profession": view.profession or "",
        "discipline": view.discipline or "",
        "seniority": view.seniority or "",
        "external": "1" if view.is_external else "",
        **availability_of(view).values,
    }
    return Draft(values, [department.name for department in view.departments])


def availability_of(view: SupporterView) -> Draft:
    """Return the supporter's own form filled in."""
    return Draft(
        {
            "night": "1" if view.is_asked_at_night else "",
            "max_open": str(view.max_open or ""),
            "max_per_quarter": str(view.max_per_quarter or ""),
        }
    )


def read_details(
    draft: Draft, departments: Departments | DepartmentTree, kept: Collection[str] = ()
) -> SupporterDetails:
    """Read the details out of a draft; errors are kept in it.

    Args:
        draft: as typed.
        departments: those that exist.
        kept: departments that the record has already: no fault now, even where the list has
            changed since.
    """
    settings = current_runtime().settings
    is_external = bool(draft.values.get("external"))
    names = tuple(draft.departments)
    new = [name for name in names if name not in kept]
    if len(names) > MOST_DEPARTMENTS:
        sentence = _("These are too many departments; at most %(n)s.", n=MOST_DEPARTMENTS)
        draft.check("departments", sentence)
    elif not names and not is_external:
        sentence = _("Fill in a department: without one this supporter could never be asked.")
        draft.check("departments", sentence)
    elif new:
        draft.check("departments", " ".join(unknown_departments(departments, new)))
    max_open, max_per_quarter = read_limits(draft)
    return SupporterDetails(
        profession=_read_choice(draft, "profession", settings.professions),
        discipline=_read_choice(draft, "discipline", settings.disciplines),
        seniority=_read_choice(draft, "seniority", settings.seniorities),
        departments=names,
        is_external=is_external,
        is_asked_at_night=bool(draft.values.get("night")),
        max_open=max_open,
        max_per_quarter=max_per_quarter,
    )


def read_limits(draft: Draft) -> tuple[int | None, int | None]:
    """Read the limits at once and a quarter out of a draft; errors are kept in it."""
    return (
        draft.read("max_open", lambda text: read_limit(text, MOST_OPEN), None),
        draft.read("max_per_quarter", lambda text: read_limit(text, MOST_PER_QUARTER), None),
    )


def read_contact(draft: Draft) -> tuple[str, str | None]:
    """Read name and telephone number out of a draft; errors are kept in it."""
    name, phone = draft.values.get("name", ""), draft.values.get("phone", "")
    draft.check("name", name_fault(name) or cell_fault(name))
    if phone:
        draft.check("phone", phone_fault(phone))
    return name, phone or None


def read_new_person(draft: Draft) -> Person:
    """Read who is added out of a draft; errors are kept in it."""
    name, phone = read_contact(draft)
    email = draft.values.get("email", "")
    if email:
        draft.check("email", email_fault(email))
    else:
        draft.check("email", _("Fill in an e-mail address: that is how supporters are asked."))
    return Person(name=name, email=email or None, phone=phone)


def read_state(text: str) -> SupporterState | None:
    """Return the state that a button or a filter names, or None."""
    return SupporterState(text) if text in set(STATE_LABELS) else None


def read_until(draft: Draft) -> date | None:
    """Read the last day of a pause; empty is None: until further notice."""

    def read(text: str) -> date | None:
        try:
            return read_date(text) if text else None
        except ValueError:
            raise ValueError(_("This is not a date.")) from None

    return draft.read("until_on", read, None)


def _read_choice(draft: Draft, name: str, labels: Mapping[str, Label]) -> str | None:
    return draft.read(name, lambda text: read_code(text, labels), None)
