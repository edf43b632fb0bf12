"""The step's HTML fields, and what they mean. Whatever is posted, reading it never fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..access.typed import clean_text

PREFIX = "peersupport-"
ME = f"{PREFIX}me"
ME_INVOLVED = f"{PREFIX}me-involved"
OUTSIDE = f"{PREFIX}outside"
COLLEAGUES = f"{PREFIX}colleagues-"
MAX_COLLEAGUES = 30

ROW_FIELDS = (
    "name",
    "email",
    "phone",
    "department",
    "profession",
    "discipline",
    "seniority",
    "wish",
    "user",
    "outside",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One colleague, as typed."""

    index: int
    name: str
    email: str = ""
    phone: str = ""
    department: str = ""
    profession: str = ""
    discipline: str = ""
    seniority: str = ""
    wish: str = ""
    user: str = ""
    outside: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What the reporter answered.

    Attributes:
        wants_support: "I would like support".
        was_involved: "I was involved, no need now".
        is_outside: "rather someone from outside".
        rows: the colleagues named, 30 at most.
        surplus: how many rows with a name came beyond those.
    """

    wants_support: bool = False
    was_involved: bool = False
    is_outside: bool = False
    rows: tuple[Row, ...] = ()
    surplus: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ticked and nobody named."""
        return not (self.wants_support or self.was_involved or self.rows or self.surplus)


def has_step(names: Iterable[str]) -> bool:
    """Return whether one of the posted field names is the step's."""
    return any(name.startswith(PREFIX) for name in names)


def posted_fields(form: Mapping[str, str]) -> dict[str, str]:
    """Return the step's own fields out of a posted form, cleaned, the empty ones left out."""
    keys = [key for key in form if key.startswith(PREFIX) and len(key) <= 50 and form[key]]
    cleaned = ((key, clean_text(form[key])) for key in keys)
    return {key: text for key, text in cleaned if text}


def read_step(fields: Mapping[str, str]) -> Step:
    """Return what the posted fields say. A row without a name is ignored."""
    named = [row for row in typed_rows(fields) if row.name]
    was_involved, is_outside = bool(fields.get(ME_INVOLVED)), bool(fields.get(OUTSIDE))
    return Step(
        # who ticks only from where the supporter is to come wants one
        wants_support=bool(fields.get(ME)) or (is_outside and not was_involved),
        was_involved=was_involved,
        is_outside=is_outside,
        rows=tuple(named[:MAX_COLLEAGUES]),
        surplus=max(0, len(named) - MAX_COLLEAGUES),
    )


def typed_rows(fields: Mapping[str, str]) -> list[Row]:
    """Return the rows in which something was typed, with a name or without one."""
    rows: dict[int, dict[str, str]] = {}
    for key, text in fields.items():
        index, _, field = key.removeprefix(COLLEAGUES).partition("-")
        is_row = key.startswith(COLLEAGUES) and field in ROW_FIELDS
        if is_row and index.isascii() and index.isdigit() and text:
            rows.setdefault(int(index[:9]), {"name": ""})[field] = text
    return [Row(index=index, **rows[index]) for index in sorted(rows)]


def step_fields(step: Step) -> dict[str, str]:
    """Return the fields that read back as `step`."""
    ticks = {ME: step.wants_support, ME_INVOLVED: step.was_involved, OUTSIDE: step.is_outside}
    fields = {name: "1" for name, is_ticked in ticks.items() if is_ticked}
    for row in step.rows:
        for field in ROW_FIELDS:
            if text := getattr(row, field):
                fields[f"{COLLEAGUES}{row.index}-{field}"] = text
    return fields
