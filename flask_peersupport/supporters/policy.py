"""Who is a supporter, as a permission of pages."""

from __future__ import annotations

from ..access.actor import Actor
from ..runtime import current_runtime
from .queries import supporter_of


def is_supporter(actor: Actor) -> bool:
    """Appointed supporters, also during a pause."""
    return supporter_of(current_runtime().storage.session(), actor) is not None
