"""The default roles adapter: what `flask peersupport grant` gave."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..clock import utc_now
from ..db import Storage
from ..errors import InvalidInput
from ..values import Person
from ..vault.persons import find_persons, is_same_person, store_person
from .models import Grant

ROLES = ("coordinator", "complaints_officer", "trainer", "board", "privacy_officer")


class GrantedRoles:
    """Reads the grants. A grant is bound to user id and e-mail address together."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def of(self, person: Person) -> set[str]:
        """Return the roles of `person`."""
        session = self._storage.session()
        ids = [row.id for row in find_persons(session, person, utc_now())]
        if not ids:
            return set()
        return set(session.scalars(sa.select(Grant.role).where(Grant.person_id.in_(ids))))

    def members(self, role: str) -> list[Person]:
        """Return everybody with `role`."""
        statement = sa.select(Grant).where(Grant.role == role).order_by(Grant.granted_at, Grant.id)
        return [grant.record.person for grant in self._storage.session().scalars(statement)]


def _checked(role: str) -> str:
    if role not in ROLES:
        raise InvalidInput(f"{role} is not a role; roles are: {', '.join(ROLES)}")
    return role


def grant_role(
    session: orm.Session, role: str, person: Person, *, actor: Person | str, now: datetime
) -> bool:
    """Give `person` a role; False where they have it already.

    Raises:
        InvalidInput: there is no such role.
    """
    row = store_person(session, person, now=now, is_lasting=True)
    known = session.scalar(
        sa.select(Grant.id).where(Grant.role == _checked(role), Grant.person_id == row.id)
    )
    if known:
        return False
    session.add(Grant(role=role, person_id=row.id, granted_at=now))
    session.flush()
    record.record(session, "role.granted", actor=actor, now=now, subject_id=row.id, detail=role)
    return True


def revoke_all_roles(
    session: orm.Session, person_id: str, *, actor: Person | str, now: datetime
) -> None:
    """Take every role from whoever has this vault row."""
    for grant in session.scalars(sa.select(Grant).where(Grant.person_id == person_id)).all():
        _revoke(session, grant, actor, now)
    session.flush()


def revoke_role(
    session: orm.Session, role: str, person: Person, *, actor: Person | str, now: datetime
) -> bool:
    """Take a role from `person`; False where they do not have it.

    The e-mail address need not fit here: who was renamed, or is not in the host's directory any
    more, must be revocable; then `person` carries the user id alone.
    """
    statement = sa.select(Grant).where(Grant.role == _checked(role))
    grants = [
        grant
        for grant in session.scalars(statement)
        if is_same_person(grant.record.person, person)
        or (person.user_id and grant.record.person.user_id == person.user_id)
    ]
    for grant in grants:
        _revoke(session, grant, actor, now)
    session.flush()
    return bool(grants)


def _revoke(session: orm.Session, grant: Grant, actor: Person | str, now: datetime) -> None:
    role, subject = grant.role, grant.person_id
    session.delete(grant)
    record.record(session, "role.revoked", actor=actor, now=now, subject_id=subject, detail=role)
