"""Whom the directory shows to whom: the group's decision, and each supporter's own word (P27)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ..i18n import mark


class DirectoryMode(StrEnum):
    """What the group can decide. Supporters find each other whatever it is."""

    CLOSED = "closed"
    ALL = "all"
    OPT_IN = "opt_in"


MODE_LABELS: Mapping[DirectoryMode, str] = {
    DirectoryMode.CLOSED: mark("only supporters and coordinators see the directory"),
    DirectoryMode.ALL: mark("everybody sees all supporters, but for those who step out"),
    DirectoryMode.OPT_IN: mark("everybody sees the supporters who said yes to that"),
}


def is_shown_to_all(mode: DirectoryMode, choice: bool | None, *, is_external: bool) -> bool:
    """Return whether everybody who is signed in may see a supporter.

    Args:
        mode: as the group decided.
        choice: the supporter's own; None: none was made.
        is_external: works elsewhere and has no page here on which to step out, so their number is
            given to supporters and coordinators only.
    """
    if is_external or mode is DirectoryMode.CLOSED:
        return False
    return choice is not False if mode is DirectoryMode.ALL else choice is True
