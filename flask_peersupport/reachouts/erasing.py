"""Erasing a colleague: rows keep codes and no link."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.models import Grant
from ..outbox.actions import delete_messages_to
from ..supporters.models import Supporter
from ..vault.models import PersonRecord
from .models import ExcludedPerson, InvolvedRecord, NameClearance, ReportRecord

#: Every column that may point to somebody in the vault.
_REFERENCES = (
    InvolvedRecord.person_id,
    ReportRecord.reporter_id,
    ExcludedPerson.person_id,
    NameClearance.person_id,
    Supporter.person_id,
    Grant.person_id,
)


def erase_colleague(session: orm.Session, involved: InvolvedRecord) -> None:
    """Unlink a colleague from a report, and delete their vault row where nothing else needs it."""
    unwanted = sa.select(ExcludedPerson.person_id).where(ExcludedPerson.involved_id == involved.id)
    people = {involved.person_id, *session.scalars(unwanted)}
    for model in (ExcludedPerson, NameClearance):
        session.execute(sa.delete(model).where(model.involved_id == involved.id))
    involved.record = None
    involved.person_id = None
    session.flush()
    for person_id in people - {None}:
        is_lasting = sa.select(PersonRecord.id).where(
            PersonRecord.id == person_id, PersonRecord.is_lasting.is_(True)
        )
        is_needed = session.scalar(is_lasting) or any(
            session.scalar(sa.select(column).where(column == person_id).limit(1))
            for column in _REFERENCES
        )
        if not is_needed:
            delete_messages_to(session, [person_id])
            session.execute(sa.delete(PersonRecord).where(PersonRecord.id == person_id))
