"""One at a time: what the same person sends twice at once is read one after the other."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import begin_immediate, commit
from ..runtime import current_runtime
from ..values import Person
from ..vault import seal
from ..vault.models import PersonRecord
from ..vault.persons import find_person_ids, store_person


def take_turn(session: orm.Session, person: Person, *, now: datetime) -> list[str]:
    """Store a person, and wait until nobody else acts for them; return their vault rows.

    Views call this first. What is read after it is what the one before left.

    Args:
        session: committed here, so that its next read is new; the lock holds until the next commit.
        person: who acts; nothing of them is changed that the vault knew.
        now: aware.
    """
    if not find_person_ids(session, person, now):
        begin_immediate(session)
        _store_once(session, person, now)
    commit(session)
    return wait_turn(session, find_person_ids(session, person, now))


def wait_turn(session: orm.Session, person_ids: Collection[str]) -> list[str]:
    """Wait until nobody else acts for a person; return those of their vault rows still there.

    A person is locked before all that is about them, by each of their own actions: so two of them
    never wait for each other.

    Args:
        session: committed here, as by `take_turn`.
        person_ids: the vault rows that are the person.
    """
    commit(session)
    if session.get_bind().dialect.name in ("mysql", "mariadb"):
        # else a row that is gone by now locks the gap where it was, and others wait in a circle
        session.connection(execution_options={"isolation_level": "READ COMMITTED"})
    begin_immediate(session)
    locked = (
        sa.select(PersonRecord.id).where(PersonRecord.id.in_(person_ids)).order_by(PersonRecord.id)
    )
    return list(session.scalars(locked.with_for_update()))


def _store_once(session: orm.Session, person: Person, now: datetime) -> None:
    """Store a person under an id that all who do so at once make alike: one of them does."""
    key = current_runtime().keys.current(now)
    row_id = seal.mark(key, "turn", person.user_id or person.email or person.name)[:32]
    try:
        with session.begin_nested():
            store_person(session, person, now=now, new_row_id=row_id)
    except (sa.exc.IntegrityError, orm.exc.FlushError):
        pass  # somebody was first
