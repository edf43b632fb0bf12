"""Under which name a supporter's department is kept, so that one comparison finds P8's "own"."""

from __future__ import annotations

from ..ports import Departments
from ..vault.seal import plain_name

#: What the column holds; a host's adapter may answer anything.
_LONGEST = 200
#: More departments than anybody works in.
MOST_DEPARTMENTS = 10


def resolve_for_supporter(adapter: Departments, text: str) -> str | None:
    """Return one name that stands for `text` in comparisons with a resolved set; None if unknown.

    It is the first element that resolves to the very set `text` resolves to. A department is
    related to `text` exactly when its own set holds that element; any other element may have
    relations that `text` has not.
    """
    related = adapter.resolve(text)
    if not related:
        return None
    for name in sorted(related):
        if len(name) <= _LONGEST and adapter.resolve(name) == related:
            return name
    return None


def split_departments(text: str) -> tuple[str, ...]:
    """Return the departments of a text that separates them by semicolons, each once."""
    names: dict[str, str] = {}
    for part in text.split(";"):
        name = " ".join(part.split())
        if name:
            names.setdefault(plain_name(name), name)
    return tuple(names.values())
