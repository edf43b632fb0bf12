"""Who may do what, by role. What depends on one reach-out is in `reachouts.policy`.

Every view names one of these; a view that names none fails the build.
"""

from __future__ import annotations

from .actor import Actor


def anyone_signed_in(actor: Actor) -> bool:
    """Everybody who is signed in; the view itself looks at the object."""
    return True


def is_coordinator(actor: Actor) -> bool:
    """Staff of the programme."""
    return "coordinator" in actor.roles


def is_complaints_officer(actor: Actor) -> bool:
    """Refers staff in complaints and disciplinary cases."""
    return "complaints_officer" in actor.roles
