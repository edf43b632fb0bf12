"""The states of a supporter."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class SupporterState(StrEnum):
    """From the nomination to the end (P26)."""

    NOMINATED = "nominated"
    INVITED = "invited"
    TRAINED = "trained"
    APPOINTED = "appointed"
    PAUSED = "paused"
    RETIRED = "retired"


_S = SupporterState

TRANSITIONS: Mapping[SupporterState, frozenset[SupporterState]] = {
    _S.NOMINATED: frozenset({_S.INVITED, _S.RETIRED}),
    _S.INVITED: frozenset({_S.TRAINED, _S.RETIRED}),
    _S.TRAINED: frozenset({_S.APPOINTED, _S.RETIRED}),
    _S.APPOINTED: frozenset({_S.PAUSED, _S.RETIRED}),
    _S.PAUSED: frozenset({_S.APPOINTED, _S.RETIRED}),
    _S.RETIRED: frozenset({_S.APPOINTED}),
}
