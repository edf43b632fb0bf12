"""Who is a supporter, as a permission of pages."""

from __future__ import annotations

from sqlalchemy import orm

from ..access.actor import Actor
from ..access.views import signed_in
from ..errors import NotAllowed
from ..runtime import current_session
from .models import Supporter
from .queries import invited_of, supporter_of


def is_supporter(actor: Actor) -> bool:
    """Appointed supporters, also during a pause."""
    return supporter_of(current_session(), actor) is not None


def is_invited(actor: Actor) -> bool:
    """Who is invited to become a supporter, until they are one."""
    return invited_of(current_session(), actor) is not None


def own_supporter(session: orm.Session) -> Supporter:
    """Return the record of whoever is signed in.

    Raises:
        NotAllowed: they are no supporter.
    """
    found = supporter_of(session, signed_in())
    if found is None:
        raise NotAllowed
    return found
