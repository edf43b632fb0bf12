"""The audit trail: rows are added, never changed."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, UTCDateTime


class AuditEntry(Base):
    """One sight of, or change to, personal data; or a refusal."""

    __tablename__ = "peersupport_audit"

    #: Order of writing.
    id: orm.Mapped[int] = orm.mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    #: When.
    at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime, index=True)
    #: Month whose key made the pseudonyms.
    month: orm.Mapped[str] = orm.mapped_column(sa.String(7))
    #: Pseudonym of who did it; "worker" or "command" for work without a person.
    actor: orm.Mapped[str] = orm.mapped_column(sa.String(64), index=True)
    #: What was done, e.g. "request.accepted".
    action: orm.Mapped[str] = orm.mapped_column(sa.String(50))
    #: Id of the thing it was done to, e.g. of the reach-out; NULL for a list.
    object_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(32), index=True)
    #: Pseudonym of the person it is about; NULL for a list.
    subject: orm.Mapped[str | None] = orm.mapped_column(sa.String(64), index=True)
    #: A code that says more, e.g. the outcome.
    detail: orm.Mapped[str | None] = orm.mapped_column(sa.String(50))
