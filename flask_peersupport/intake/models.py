"""What was taken in and waits to be expanded."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, LargeBytes, UTCDateTime, id_column


class IntakeRecord(Base):
    """A report as it came in, sealed. No UNIQUE: a second writer must never wait for the first."""

    __tablename__ = "peersupport_intake"

    id: orm.Mapped[str] = id_column()
    #: Code of KINDS.
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(32))
    #: The host's reference.
    ref: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    #: When it came in.
    received_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: When the worker has to expand it; NULL: a coordinator has to look.
    due_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime, index=True)
    #: Whether the host's commit is certain: always, where both live in one database.
    is_confirmed: orm.Mapped[bool] = orm.mapped_column(sa.Boolean, default=True)
    #: How often expanding failed.
    attempts: orm.Mapped[int] = orm.mapped_column(sa.Integer, default=0)
    #: Month whose key seals the payload.
    month: orm.Mapped[str] = orm.mapped_column(sa.String(7))
    #: The report and its step as JSON, AEAD-encrypted and bound to this row's id; thirty
    #: colleagues can come to more than the 64 kB of a plain BLOB.
    payload: orm.Mapped[bytes] = orm.mapped_column(LargeBytes)


class RemovedUser(Base):
    """A user whom the host has removed; the worker has yet to see to what was theirs."""

    __tablename__ = "peersupport_removed_user"

    id: orm.Mapped[str] = id_column()
    #: When the host said so.
    removed_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: When the worker has to look at it.
    due_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime, index=True)
    #: Month whose key seals the user id.
    month: orm.Mapped[str] = orm.mapped_column(sa.String(7))
    #: The user id, AEAD-encrypted and bound to this row's id.
    sealed_user_id: orm.Mapped[bytes] = orm.mapped_column(sa.LargeBinary)


class ReportMark(Base):
    """A report that was taken in once: it stays when the report itself is forgotten."""

    __tablename__ = "peersupport_report_mark"

    #: Keyed fingerprint of kind and reference.
    mark: orm.Mapped[str] = orm.mapped_column(sa.String(64), primary_key=True)
    #: Month whose key made the fingerprint.
    month: orm.Mapped[str] = orm.mapped_column(sa.String(7))
