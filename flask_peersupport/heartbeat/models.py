"""The sign of life of each worker. It tells nothing about people."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, UTCDateTime, codes


class WorkerKind(StrEnum):
    """How a worker runs: in a thread of a server process, or as a process of its own."""

    EMBEDDED = "embedded"
    SEPARATE = "separate"


class Heartbeat(Base):
    """The last beat of one worker."""

    __tablename__ = "peersupport_heartbeat"
    __table_args__ = (
        sa.CheckConstraint("(month IS NULL) = (keyring_mark IS NULL)", name="keyring_mark"),
    )

    #: Random id of the worker, new with each start and each fork.
    id: orm.Mapped[str] = orm.mapped_column(sa.String(32), primary_key=True)
    #: Name of the machine it runs on.
    machine: orm.Mapped[str] = orm.mapped_column(sa.String(100))
    #: How it runs.
    kind: orm.Mapped[WorkerKind] = orm.mapped_column(codes(WorkerKind, "kind"))
    #: When it first beat, by the database's clock.
    started_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: When it beat last, by the database's clock.
    beat_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: Month of the key that `keyring_mark` is of; NULL: the worker could read no key.
    month: orm.Mapped[str | None] = orm.mapped_column(sa.String(7))
    #: Keyed check value of that key: equal for equal keys, and telling nothing of them.
    keyring_mark: orm.Mapped[str | None] = orm.mapped_column(sa.String(16))
