"""Writing messages to the outbox, in the transaction of what they tell about."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..db import new_id
from ..errors import InvalidTransition
from ..values import Person
from ..vault.models import PersonRecord
from ..vault.persons import store_person
from .mails import MAILS, Audience
from .models import Message, MessageState

Recipient = Person | PersonRecord | None


def enqueue(
    session: orm.Session,
    template: str,
    *,
    to: Recipient,
    object_id: str | None = None,
    now: datetime,
    due_at: datetime | None = None,
) -> Message:
    """Add a message; it is sent once this transaction is committed.

    Args:
        session: flushed, not committed, here.
        template: a name of `outbox.mails.MAILS`.
        to: a person (kept in the vault with the programme's own), their vault row, or None:
            ESCALATION_ADDRESS.
        object_id: id of what it is about.
        now: aware.
        due_at: when to send it; default: at once.

    Raises:
        ValueError: there is no such mail, or it goes to a colleague and `to` is missing.
    """
    message = Message(
        id=new_id(),
        template=template,
        object_id=object_id,
        person_id=_recipient_id(session, template, to, now),
        state=MessageState.WAITING,
        created_at=now,
        due_at=due_at or now,
        attempts=0,
    )
    session.add(message)
    session.flush()
    return message


def enqueue_once(
    session: orm.Session,
    template: str,
    *,
    to: Recipient,
    object_id: str | None = None,
    now: datetime,
) -> Message | None:
    """Add a message as `enqueue` does, unless the same one is still waiting: then None."""
    person_id = _recipient_id(session, template, to, now)
    same = sa.select(Message.id).where(
        Message.template == template,
        Message.state == MessageState.WAITING,
        _equals(Message.object_id, object_id),
        _equals(Message.person_id, person_id),
    )
    if session.scalar(same.limit(1)):
        return None
    row = session.get(PersonRecord, person_id) if person_id else None
    return enqueue(session, template, to=row, object_id=object_id, now=now)


def resend(
    session: orm.Session, message: Message, *, actor: Person | str, now: datetime
) -> Message:
    """Let a dead message be tried again, from the first attempt.

    Raises:
        InvalidTransition: it is not dead, or somebody else was first.
    """
    revived = session.execute(
        sa.update(Message)
        .where(Message.id == message.id, Message.state == MessageState.DEAD)
        .values(state=MessageState.WAITING, due_at=now, attempts=0, fault=None)
        .execution_options(synchronize_session=False)
    )
    session.refresh(message)
    if revived.rowcount != 1:  # type: ignore[attr-defined]
        raise InvalidTransition(message.state, MessageState.WAITING, ())
    record.record(
        session,
        "message.resent",
        actor=actor,
        now=now,
        object_id=message.id,
        subject_id=message.person_id,
        detail=message.template,
    )
    return message


def drop_waiting(session: orm.Session, template: str, object_id: str) -> int:
    """Drop the messages of a kind about an object that are not sent yet; return how many.

    One that a worker is sending right now may still go out: it then says `sent`, as is true.
    """
    return drop_waiting_about(session, (template,), (object_id,))


def drop_waiting_about(
    session: orm.Session, templates: Collection[str], object_ids: Collection[str]
) -> int:
    """Drop the messages of some kinds about some objects, as `drop_waiting` does."""
    dropped = session.execute(
        sa.update(Message)
        .where(
            Message.object_id.in_(object_ids),
            Message.template.in_(templates),
            Message.state == MessageState.WAITING,
        )
        .values(state=MessageState.DROPPED, due_at=None)
        .execution_options(synchronize_session="fetch")
    )
    return int(dropped.rowcount)  # type: ignore[attr-defined]


def is_waiting(
    session: orm.Session, templates: Collection[str], object_ids: Collection[str]
) -> set[str]:
    """Return about which of these objects a message of these kinds is still to be written.

    One that a worker is sending right now was written before what the caller changes.
    """
    statement = sa.select(Message.object_id).where(
        Message.object_id.in_(object_ids),
        Message.template.in_(templates),
        Message.state == MessageState.WAITING,
        Message.lease.is_(None),
    )
    return {object_id for object_id in session.scalars(statement) if object_id}


def drop_waiting_to(session: orm.Session, person_id: str) -> int:
    """Drop the messages to somebody that are not sent yet; return how many."""
    dropped = session.execute(
        sa.update(Message)
        .where(Message.person_id == person_id, Message.state == MessageState.WAITING)
        .values(state=MessageState.DROPPED, due_at=None)
        .execution_options(synchronize_session="fetch")
    )
    return int(dropped.rowcount)  # type: ignore[attr-defined]


def delete_messages_to(session: orm.Session, person_ids: Collection[str]) -> int:
    """Delete all messages to vault rows that are about to be erased; return how many.

    They are not kept without a recipient: that would mean ESCALATION_ADDRESS.
    """
    deleted = session.execute(
        sa.delete(Message)
        .where(Message.person_id.in_(person_ids))
        .execution_options(synchronize_session=False)
    )
    return int(deleted.rowcount)  # type: ignore[attr-defined]


def _recipient_id(session: orm.Session, template: str, to: Recipient, now: datetime) -> str | None:
    if template not in MAILS:
        raise ValueError(f"there is no mail called {template!r}")
    if to is None:
        if MAILS[template].audience is Audience.COLLEAGUE:
            raise ValueError(f"the mail {template!r} needs a recipient")
        return None
    if isinstance(to, PersonRecord):
        return to.id
    return store_person(session, to, now=now, is_lasting=True).id


def _equals(
    column: orm.InstrumentedAttribute[str | None], value: str | None
) -> sa.ColumnElement[bool]:
    return column.is_(None) if value is None else column == value
