"""Who may do what, by role. What depends on one reach-out is in `reachouts.policy`.

Every view names one of these; a view that names none fails the build.
"""

from __future__ import annotations

from .actor import Actor


def anyone(actor: Actor | None) -> bool:
    """Everybody, signed in or not; the view itself asks for what lets them in."""
    return True


def anyone_signed_in(actor: Actor) -> bool:
    """Everybody who is signed in; the view itself looks at the object."""
    return True


def is_coordinator(actor: Actor) -> bool:
    """Staff of the programme."""
    return "coordinator" in actor.roles


def is_complaints_officer(actor: Actor) -> bool:
    """Refers staff in complaints and disciplinary cases."""
    return "complaints_officer" in actor.roles


def can_print_flyers(actor: Actor) -> bool:
    """Who hands flyers out: complaints officers and coordinators."""
    return is_complaints_officer(actor) or is_coordinator(actor)


def is_trainer(actor: Actor) -> bool:
    """Who records sessions: trainers, and the coordinators, whose programme it is."""
    return not actor.roles.isdisjoint({"trainer", "coordinator"})
