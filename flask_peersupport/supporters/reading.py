"""Reading what people typed about a supporter: in a form or in a file, by the same rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from ..access.departments import DepartmentTree
from ..access.sheets import read_date
from ..access.typed import is_email, is_phone
from ..config import Label
from ..i18n import gettext as _
from ..i18n import label
from ..ports import Departments
from ..vault.seal import plain_name
from .actions import LONGEST, limit_fault
from .departments import resolve_for_supporter

_YES = frozenset({"yes", "y", "ja", "j", "true", "waar", "1", "x"})
_NO = frozenset({"no", "n", "nee", "false", "onwaar", "0", ""})


def email_fault(text: str) -> str | None:
    """Return what is wrong with an e-mail address that is not empty, or None."""
    return None if is_email(text) else _("“%(text)s” is not an e-mail address.", text=text[:60])


def phone_fault(text: str) -> str | None:
    """Return what is wrong with a telephone number that is not empty, or None."""
    return None if is_phone(text) else _("“%(text)s” is not a telephone number.", text=text[:40])


def name_fault(text: str) -> str | None:
    """Return what is wrong with a person's name, or None."""
    if not plain_name(text):
        return _("There is no name.")
    if len(text) > LONGEST:
        return _("This is too long; at most %(n)s characters.", n=LONGEST)
    return None


def read_code(text: str, labels: Mapping[str, Label]) -> str | None:
    """Return the code that `text` means: the code itself or its label in any language.

    Raises:
        ValueError: it means none; the text lists what is possible.
    """
    plain = plain_name(text)
    if not text:
        return None
    for code, words in labels.items():
        texts = [words] if isinstance(words, str) else list(words.values())
        if plain in {plain_name(code), *map(plain_name, texts)}:
            return str(code)
    possible = ", ".join(label(words) for words in labels.values())
    sentence = _("“%(text)s” is not known here. Possible: %(possible)s.")
    raise ValueError(sentence % {"text": text[:40], "possible": possible})


def read_switch(text: str) -> bool:
    """Return what a yes or no means, in Dutch or English; empty is no.

    Raises:
        ValueError: it is neither.
    """
    plain = plain_name(text)
    if plain in _YES:
        return True
    if plain in _NO and (plain or not text):
        return False
    raise ValueError(_("“%(text)s” is neither yes nor no.", text=text[:40]))


def read_limit(text: str, most: int) -> int | None:
    """Return a limit; empty is None.

    Raises:
        ValueError: it is no whole number, or out of bounds.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(limit_fault(0, most))
    if fault := limit_fault(int(text), most):
        raise ValueError(fault)
    return int(text)


def read_day(text: str) -> date | None:
    """Return a day, written YYYY-MM-DD or DD-MM-YYYY; empty is None.

    Raises:
        ValueError: it is none.
    """
    try:
        return read_date(text) if text else None
    except ValueError:
        sentence = _("“%(text)s” is not a date. Write it like 2026-03-31.", text=text[:40])
        raise ValueError(sentence) from None


def unknown_departments(
    departments: Departments | DepartmentTree, names: Iterable[str]
) -> list[str]:
    """Return a sentence for each name that is in no list, so would never be matched (P8)."""
    return [
        _("“%(name)s” is not a known department. Add it to the departments first.", name=name[:60])
        for name in names
        if resolve_for_supporter(departments, name) is None
    ]
