"""Erasing a colleague: rows keep codes and no link."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base
from ..outbox.actions import delete_messages_to
from ..outbox.models import Message
from ..vault.models import PersonRecord
from .models import ExcludedPerson, InvolvedRecord, NameClearance


def _references() -> list[sa.Column[Any]]:
    """Return every column, of any slice, that may point to somebody in the vault.

    Messages are no reason to keep anybody: they go with their recipient.
    """
    person = Base.metadata.tables[PersonRecord.__tablename__].c.id
    return [
        column
        for table in Base.metadata.tables.values()
        if table is not Message.__table__
        for column in table.columns
        if column.references(person)
    ]


def erase_colleague(session: orm.Session, involved: InvolvedRecord) -> None:
    """Unlink a colleague from a report, and delete their vault row where nothing else needs it."""
    unwanted = sa.select(ExcludedPerson.person_id).where(ExcludedPerson.involved_id == involved.id)
    people = {involved.person_id, *session.scalars(unwanted)}
    for model in (ExcludedPerson, NameClearance):
        session.execute(sa.delete(model).where(model.involved_id == involved.id))
    involved.record = None
    involved.person_id = None
    session.flush()
    erase_unneeded(session, people)


def erase_unneeded(session: orm.Session, person_ids: Collection[str | None]) -> None:
    """Delete those of these vault rows, and the mail to them, that nothing points to any more."""
    for person_id in filter(None, set(person_ids)):
        is_lasting = sa.select(PersonRecord.id).where(
            PersonRecord.id == person_id, PersonRecord.is_lasting.is_(True)
        )
        if not session.scalar(is_lasting) and not is_needed(session, person_id):
            delete_messages_to(session, [person_id])
            session.execute(sa.delete(PersonRecord).where(PersonRecord.id == person_id))


def is_needed(
    session: orm.Session, person_id: str, *, but: Collection[tuple[type[Base], str]] = ()
) -> bool:
    """Return whether any row points to somebody in the vault, some columns left out."""
    left_out = {(model.__tablename__, name) for model, name in but}
    return any(
        session.scalar(sa.select(column).where(column == person_id).limit(1))
        for column in _references()
        if (column.table.name, column.name) not in left_out
    )
