"""What lets somebody without an account in: a code agreed on once, and links that work once."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, UTCDateTime, codes, id_column
from ..reachouts.models import SupportRequest
from ..supporters.models import Supporter
from .rules import Purpose


class ExternalCode(Base):
    """The code of a supporter without an account, and how often it was tried.

    Its row is what everything that lets this supporter in waits for, one after the other.
    """

    __tablename__ = "peersupport_external_code"
    __table_args__ = (
        sa.CheckConstraint("wrong_count >= 0 AND asked_count >= 0", name="counts"),
        sa.CheckConstraint(
            "(wrong_count = 0) = (wrong_since IS NULL)"
            " AND (asked_count = 0) = (asked_since IS NULL)",
            name="since",
        ),
    )

    id: orm.Mapped[str] = id_column()
    #: Whose.
    supporter_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(Supporter.id), unique=True)
    #: Random bytes that were hashed with the code.
    salt: orm.Mapped[bytes] = orm.mapped_column(sa.LargeBinary)
    #: scrypt of the code; the code itself is stored nowhere.
    digest: orm.Mapped[bytes] = orm.mapped_column(sa.LargeBinary)
    #: When it was agreed on.
    set_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: Wrong codes since `wrong_since`, with whatever link.
    wrong_count: orm.Mapped[int] = orm.mapped_column(sa.Integer, default=0)
    #: The first wrong code that still counts.
    wrong_since: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: New links asked for since `asked_since`.
    asked_count: orm.Mapped[int] = orm.mapped_column(sa.Integer, default=0)
    #: The first of these.
    asked_since: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)


class ExternalToken(Base):
    """A link in a mail, or a page that it led to: good for one step, once."""

    __tablename__ = "peersupport_external_token"

    id: orm.Mapped[str] = id_column()
    #: SHA-256 of the token's 256 random bits; the token itself is in the mail or the page only.
    digest: orm.Mapped[str] = orm.mapped_column(sa.String(64), unique=True)
    #: Which request it is about, and so whose it is.
    request_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(SupportRequest.id), index=True)
    #: What it is good for.
    purpose: orm.Mapped[Purpose] = orm.mapped_column(codes(Purpose, "purpose"))
    #: When it was made.
    made_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: From when on it is worth nothing; the row is then deleted.
    expires_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime, index=True)
    #: When it was used, or another one of the same request was.
    used_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)

    request: orm.Mapped[SupportRequest] = orm.relationship()
