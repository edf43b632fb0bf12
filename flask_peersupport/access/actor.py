"""Who is acting, with what rights: read once a request."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from ..clock import utc_now
from ..runtime import current_runtime
from ..values import Person
from ..vault.persons import find_person_ids


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person.

    Attributes:
        person: who, as the users adapter says.
        roles: as the roles adapter says.
        person_ids: the vault rows that are this person; none for most of the hospital.
    """

    person: Person
    roles: frozenset[str]
    person_ids: tuple[str, ...]


def current_actor() -> Actor | None:
    """Return who is signed in, or None."""
    if "peersupport_actor" not in g:
        g.peersupport_actor = _load_actor()
    return g.peersupport_actor  # type: ignore[no-any-return]


def _load_actor() -> Actor | None:
    runtime = current_runtime()
    person = runtime.users.current()
    if person is None:
        return None
    ids = find_person_ids(runtime.storage.session(), person, utc_now())
    return Actor(person, frozenset(runtime.roles.of(person)), tuple(ids))
