"""Messages to send. They hold no name, address or text: those come from the vault at sending."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, UTCDateTime, codes, id_column
from ..vault.models import PersonRecord


class MessageState(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"


class Message(Base):
    """One mail to one recipient."""

    __tablename__ = "peersupport_message"
    __table_args__ = (
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent"),
        sa.Index(
            "ix_peersupport_message_due",
            "due_at",
            "id",
        ),
        sa.Index("ix_peersupport_message_list", "created_at", "id"),
        sa.Index("ix_peersupport_message_state", "state", "created_at", "id"),
    )

    id: orm.Mapped[str] = id_column()
    #: Which mail: a name of `outbox.mails.MAILS`.
    template: orm.Mapped[str] = orm.mapped_column(sa.String(50))
    #: Id of what it is about, e.g. of the request.
    object_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(32), index=True)
    #: To whom; NULL: to ESCALATION_ADDRESS.
    person_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.ForeignKey(PersonRecord.id), index=True
    )
    #: Where it stands.
    state: orm.Mapped[MessageState] = orm.mapped_column(codes(MessageState, "state"))
    #: When it was written.
    created_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: When to send it; NULL once it is sent, dead or dropped.
    due_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: Until when a worker holds it, by the database's clock.
    leased_until: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: The token of the claim that holds it; only its holder may mark it.
    lease: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
    #: How often sending failed.
    attempts: orm.Mapped[int] = orm.mapped_column(sa.Integer, default=0)
    #: The last failure, as a code of `outbox.faults.Fault`.
    fault: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
    #: When the mail server took it.
    sent_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
