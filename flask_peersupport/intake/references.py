"""The number of a report as a person types it: no place for words or names (P18)."""

from __future__ import annotations

import re

from ..i18n import gettext as _

_NUMBER = re.compile(r"(?=.*[0-9])[A-Za-z0-9./_-]{1,40}")


def number_fault(ref: str) -> str | None:
    """Return what is wrong with a number that the host does not know; None: it may be one.

    It is kept in clear, so a text that may be anything is refused.
    """
    if _NUMBER.fullmatch(ref):
        return None
    return _(
        "Fill in the number alone, without spaces: letters, digits and . / - _, "
        "at most 40 in all, with one digit or more."
    )
