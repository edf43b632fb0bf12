"""The states of a supporter, and what follows what."""

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

#: Those who are a supporter: asked, or asked again when their pause ends.
ACTIVE = (_S.APPOINTED, _S.PAUSED)

TRANSITIONS: Mapping[SupporterState, frozenset[SupporterState]] = {
    _S.NOMINATED: frozenset({_S.INVITED, _S.RETIRED}),
    _S.INVITED: frozenset({_S.TRAINED, _S.RETIRED}),
    # back: the attendance list was corrected, they did not come after all
    _S.TRAINED: frozenset({_S.APPOINTED, _S.INVITED, _S.RETIRED}),
    _S.APPOINTED: frozenset({_S.PAUSED, _S.RETIRED}),
    _S.PAUSED: frozenset({_S.APPOINTED, _S.RETIRED}),
    # also where somebody said no to the invitation; see `next_states`
    _S.RETIRED: frozenset({_S.INVITED, _S.APPOINTED}),
}

#: Whoever once had the board's letter; the others have still to earn it.
_BY_LETTER = frozenset({_S.APPOINTED})


def next_states(state: SupporterState, *, was_appointed: bool) -> frozenset[SupporterState]:
    """Return the states that may follow `state`.

    Who retired comes back to where they were: those who had the board's letter as a supporter,
    all others by a new invitation (P26).
    """
    following = TRANSITIONS[state]
    if state is not SupporterState.RETIRED:
        return following
    return following & _BY_LETTER if was_appointed else following - _BY_LETTER
