"""What was passed on, personal links, and concerns. No free text anywhere (P18)."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, UTCDateTime, codes, id_column
from ..reachouts.models import ReportRecord
from ..vault.models import PersonRecord
from .states import ConcernState, ReferralWay


class Referral(Base):
    """That a complaints officer passed colleagues on; nothing leads from here to who they are."""

    __tablename__ = "peersupport_referral"

    id: orm.Mapped[str] = id_column()
    #: Who passed them on.
    officer_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(PersonRecord.id), index=True)
    #: Code of KINDS.
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(32))
    #: The case's number in the host, where the officer gave one.
    ref: orm.Mapped[str | None] = orm.mapped_column(sa.String(200))
    #: By name, or by personal links.
    way: orm.Mapped[ReferralWay] = orm.mapped_column(codes(ReferralWay, "way"))
    #: How many colleagues, or links.
    count: orm.Mapped[int] = orm.mapped_column(sa.Integer)
    #: When.
    made_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime, index=True)


class ReferralLink(Base):
    """A personal link that a complaints officer hands over; unused, it names nobody (P3)."""

    __tablename__ = "peersupport_referral_link"

    id: orm.Mapped[str] = id_column()
    #: SHA-256 of the token's 256 random bits; the token itself is on the paper only.
    digest: orm.Mapped[str] = orm.mapped_column(sa.String(64), unique=True)
    #: Which case.
    report_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(ReportRecord.id), index=True)
    #: From when on it is worth nothing; the row is then deleted. It is deleted when used, too.
    expires_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime, index=True)


class Concern(Base):
    """That somebody is concerned about a colleague (P4)."""

    __tablename__ = "peersupport_concern"
    __table_args__ = (
        sa.CheckConstraint(
            "state NOT IN ('open', 'waiting') OR about_id IS NOT NULL", name="about"
        ),
        sa.CheckConstraint("(state = 'waiting') = (due_on IS NOT NULL)", name="due_on"),
        sa.Index("ix_peersupport_concern_sender", "sender_id", "made_at"),
    )

    id: orm.Mapped[str] = id_column()
    #: About whom; NULL once decided.
    about_id: orm.Mapped[str | None] = orm.mapped_column(sa.ForeignKey(PersonRecord.id), index=True)
    #: Who is concerned; NULL once decided and a day old.
    sender_id: orm.Mapped[str | None] = orm.mapped_column(sa.ForeignKey(PersonRecord.id))
    #: Whether the colleague may hear that a colleague thought of them; never who.
    may_be_told: orm.Mapped[bool] = orm.mapped_column(sa.Boolean)
    #: Where it stands.
    state: orm.Mapped[ConcernState] = orm.mapped_column(codes(ConcernState, "state"))
    #: On which day it is brought up again, while it waits.
    due_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date, index=True)
    #: When it was made.
    made_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: When the state last changed, or the coordinators were last reminded.
    changed_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)

    about: orm.Mapped[PersonRecord | None] = orm.relationship(foreign_keys=[about_id])
