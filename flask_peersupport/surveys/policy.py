"""Who may see what people answered."""

from __future__ import annotations

from ..access.actor import Actor


def can_see_answers(actor: Actor) -> bool:
    """Coordinators and the board: totals of the whole hospital, never one answer."""
    return not actor.roles.isdisjoint({"coordinator", "board"})
