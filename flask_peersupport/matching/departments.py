"""Which departments are a person's own, told by sets of names only (P8).

The adapter resolves a text to the department, those above it and those below it. Two departments
are each other's own when one is the other, above it or below it; two below the same parent are
not, although both sets hold that parent. So the name of the department itself is needed: each
name of the set that stands for the very same set.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..ports import Departments


def names_in(text: str | None) -> list[str]:
    """Return the departments that a text names, separated by semicolons."""
    return [name.strip() for name in (text or "").split(";") if name.strip()]


def canonical(departments: Departments, text: str) -> frozenset[str]:
    """Return the names of the department itself; none where it is unknown.

    A set that also holds the text it was asked for, an alias, is taken as one without it.
    """
    around = departments.resolve(text)
    if not around:
        return frozenset()
    wanted = around | {text}
    itself = {name for name in around if (departments.resolve(name) or set()) | {text} == wanted}
    return frozenset(itself)


def own_departments(departments: Departments, texts: Iterable[str | None]) -> frozenset[str] | None:
    """Return every name of these departments, of those above and of those below them.

    Returns:
        None where one is unknown, or where there is none: nobody is asked on a guess.
    """
    own: set[str] = set()
    for name in [name for text in texts for name in names_in(text)]:
        around = departments.resolve(name)
        if not around:
            return None
        own |= around
    return frozenset(own) or None
