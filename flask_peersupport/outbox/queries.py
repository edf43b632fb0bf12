"""Reading the outbox: the coordinators' list, newest first, page by page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.actor import Actor
from ..vault.models import PersonRecord
from .models import Message, MessageState

PAGE_SIZE = 25

#: Given the ids of what messages are about; returns those that the actor must not know of.
Barrier = Callable[[orm.Session, Actor, Sequence[str]], Collection[str]]
_barriers: list[Barrier] = []


def bars_messages(barrier: Barrier) -> Barrier:
    """Register who must not see which messages; decorates a function of an upper slice.

    A coordinator who is involved in a report sees nothing of it, not here either. The function is
    called once a page.
    """
    if barrier not in _barriers:
        _barriers.append(barrier)
    return barrier


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One page of the list.

    Attributes:
        rows: messages with the vault row of their recipient.
        next: where the next page begins, for the address; None on the last.
    """

    rows: list[tuple[Message, PersonRecord | None]]
    next: str | None


def messages_page(
    session: orm.Session,
    actor: Actor,
    *,
    state: MessageState | None = None,
    before: str | None = None,
    size: int = PAGE_SIZE,
) -> MessagePage:
    """Return a page of messages, newest first.

    Args:
        session: of the request.
        actor: who looks; what they must not know of is left out, so a page may be shorter.
        state: only these.
        before: where the page begins, as `MessagePage.next` of the one before; nonsense is the
            first page.
        size: of a page.
    """
    statement = (
        sa.select(Message, PersonRecord)
        .join(PersonRecord, PersonRecord.id == Message.person_id, isouter=True)
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(size + 1)
    )
    if state is not None:
        statement = statement.where(Message.state == state)
    place = _place(before)
    if place is not None:
        created_at, row_id = place
        # the first condition is implied, but only with it do all databases use the index
        statement = statement.where(
            Message.created_at <= created_at,
            sa.or_(Message.created_at < created_at, Message.id < row_id),
        )
    found = [(message, record) for message, record in session.execute(statement)]
    rows, further = found[:size], found[size:]
    last = rows[-1][0] if rows and further else None
    hidden = barred_ids(session, actor, [message for message, _ in rows])
    return MessagePage(
        rows=[row for row in rows if row[0].object_id not in hidden],
        next=f"{last.created_at.isoformat()}~{last.id}" if last else None,
    )


def barred_ids(session: orm.Session, actor: Actor, messages: Sequence[Message]) -> set[str]:
    """Return the object ids among those of `messages` that the actor must not know of."""
    ids = [message.object_id for message in messages if message.object_id]
    return {one for barrier in _barriers for one in barrier(session, actor, ids)} if ids else set()


def _place(before: str | None) -> tuple[datetime, str] | None:
    instant, _, row_id = (before or "").partition("~")
    try:
        created_at = datetime.fromisoformat(instant)
    except ValueError:
        return None
    is_right = created_at.tzinfo is not None and row_id.isalnum() and row_id.isascii()
    return (created_at, row_id) if is_right else None
