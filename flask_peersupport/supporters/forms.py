"""The forms about supporters: read, checked, and shown again as they were typed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from ..access.departments import DepartmentTree
from ..access.drafts import Draft, Typed, read_day, typed
from ..access.sheets import cell_fault
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
from .waiting import Waiting

#: Empty lines for departments below those that are filled in.
_EMPTY_LINES = 2


def typed_record(form: Typed) -> Draft:
    """Return a draft of a posted record, with its departments."""
    draft = typed(form, several="department")
    draft.chosen = list(split_departments(";".join(draft.chosen)))
    return draft


def department_lines(draft: Draft) -> list[str]:
    """Return the departments of a record with some empty lines."""
    empty = min(_EMPTY_LINES, max(0, MOST_DEPARTMENTS - len(draft.chosen)))
    return [*draft.chosen, *[""] * empty]


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


def training_of(view: SupporterView) -> Draft:
    """Return the form about a training elsewhere filled in."""
    day = view.trained_elsewhere_on
    return Draft({"trained_on": day.isoformat() if day else ""})


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
    names = tuple(draft.chosen)
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


def read_waiting(text: str) -> Waiting | None:
    """Return what the filter of the roster names, or None."""
    return Waiting(text) if text in set(Waiting) else None


def read_until(draft: Draft) -> date | None:
    """Read the last day of a pause; empty is None: until further notice."""
    return read_day(draft, "until_on")


def _read_choice(draft: Draft, name: str, labels: Mapping[str, Label]) -> str | None:
    return draft.read(name, lambda text: read_code(text, labels), None)
