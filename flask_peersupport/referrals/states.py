"""What may become of a concern about a colleague (P4)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ..i18n import mark


class ConcernState(StrEnum):
    """Where a concern stands."""

    OPEN = "open"
    WAITING = "waiting"
    APPROACHED = "approached"
    MERGED = "merged"
    SET_ASIDE = "set_aside"


class ReferralWay(StrEnum):
    """How a complaints officer passed somebody on (P3)."""

    NAMED = "named"
    LINK = "link"


_C = ConcernState

#: Nobody has decided on it: who it is about is still known.
UNDECIDED = (_C.OPEN, _C.WAITING)

CONCERN_TRANSITIONS: Mapping[ConcernState, frozenset[ConcernState]] = {
    _C.OPEN: frozenset({_C.WAITING, _C.APPROACHED, _C.MERGED, _C.SET_ASIDE}),
    # its day has come: it is to be decided on again
    _C.WAITING: frozenset({_C.OPEN, _C.WAITING, _C.APPROACHED, _C.MERGED, _C.SET_ASIDE}),
    _C.APPROACHED: frozenset(),
    _C.MERGED: frozenset(),
    _C.SET_ASIDE: frozenset(),
}

CONCERN_STATE_LABELS: Mapping[ConcernState, str] = {
    _C.OPEN: mark("to decide"),
    _C.WAITING: mark("wait with it"),
    _C.APPROACHED: mark("approached"),
    _C.MERGED: mark("joined with a reach-out"),
    _C.SET_ASIDE: mark("nothing more to do"),
}
