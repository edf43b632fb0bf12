"""Rules of a reach-out that need no database."""

from __future__ import annotations

from ..values import Wish, WishBy

#: The kinds of case that are one person's, and nobody else's business (P3).
CASES_OF_ONE_PERSON = ("complaint", "disciplinary")


def is_approached(approach: str, wish: Wish, wish_by: WishBy) -> bool:
    """Return whether a colleague is approached under a policy (P6).

    `all`; `own_no`: all but whose own answer is no, so a reporter's no counts as "please ask";
    `not_declined`: nobody marked no; `requested`: only yes.
    """
    match approach:
        case "all":
            return True
        case "own_no":
            return not (wish is Wish.NO and wish_by is WishBy.OWN)
        case "not_declined":
            return wish is not Wish.NO
        case "requested":
            return wish is Wish.YES
    raise ValueError(f"unknown approach: {approach}")
