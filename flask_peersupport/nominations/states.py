"""The states of a nomination round."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class RoundState(StrEnum):
    """A round is open from the moment it is made; once closed it stays so."""

    OPEN = "open"
    CLOSED = "closed"


TRANSITIONS: Mapping[RoundState, frozenset[RoundState]] = {
    RoundState.OPEN: frozenset({RoundState.CLOSED}),
    RoundState.CLOSED: frozenset(),
}
