"""What holds in a nomination round: who is asked, and which counts are told (P24)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

#: How many names one person may give, and how many the form begins with.
MOST_NAMES = 5
USUAL_NAMES = 2
#: A round that nobody closes ends within the hard maximum for identity.
MOST_DAYS_OPEN = 366
#: Below this a result says "named" and no count is kept. One or two votes can be put to somebody
#: by who sits together; and they are no order of trust, but chance.
FEWEST_COUNTED = 3
#: Below this a result names nobody: with so few answers it could be found out who gave which.
FEWEST_ANSWERS = 5


def is_asked(
    *,
    is_heads_only: bool,
    is_invited: bool,
    round_departments: Collection[str],
    own_departments: Iterable[Collection[str] | None],
) -> bool:
    """Return whether somebody is asked in a round.

    Args:
        is_heads_only: whether only those invited are asked.
        is_invited: whether this person was invited by name.
        round_departments: of the round; none: the whole hospital.
        own_departments: for each department of the person, it with those above and below it;
            None for one that is unknown. Who has none, or an unknown one, is asked: nobody
            is left out because a list is behind.
    """
    if is_invited:
        return True
    if is_heads_only:
        return False
    if not round_departments:
        return True
    own = list(own_departments)
    known = [related for related in own if related is not None]
    if len(known) < len(own) or not own:
        return True
    return any(not set(related).isdisjoint(round_departments) for related in known)


def told_count(count: int) -> int | None:
    """Return the count that is kept of a nominee; None: named, and no more is told."""
    return count if count >= FEWEST_COUNTED else None


def is_told(voters: int | None) -> bool:
    """Return whether a result is told at all, and how many answered; None: not closed yet."""
    return voters is not None and voters >= FEWEST_ANSWERS


def overlap(ours: Collection[str], theirs: Collection[str]) -> bool:
    """Return whether two rounds ask the same people; no departments: the whole hospital."""
    return not ours or not theirs or not set(ours).isdisjoint(theirs)


def response_percent(voters: int | None, staff: int | None) -> int | None:
    """Return the response in whole per cents; None where it cannot be known."""
    if voters is None or not staff:
        return None
    return min(100, round(100 * voters / staff))
