"""What was taken in and waits to be expanded."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, LargeBytes, UTCDateTime, id_column


class IntakeRecord(Base):
    """A report as it came in, sealed. No UNIQUE: a second writer must never wait for the first."""

    __tablename__ = "peersupport_intake"
    #: Rows come and go: giving back the space would lock the table, and reports do not wait.
    __table_args__ = {"postgresql_with": {"vacuum_truncate": "false"}}  # noqa: RUF012 - SQLAlchemy's way

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


class ReportMark(Base):
    """A report that was taken in once: it stays when the report itself is forgotten."""

    __tablename__ = "peersupport_report_mark"

    #: Keyed fingerprint of kind and reference.
    mark: orm.Mapped[str] = orm.mapped_column(sa.String(64), primary_key=True)
    #: Month whose key made the fingerprint.
    month: orm.Mapped[str] = orm.mapped_column(sa.String(7))
