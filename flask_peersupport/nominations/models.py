"""A nomination round, its ballot box while it is open, and who came out of it.

No row here is about one vote. The box is one row, rewritten whole by each vote; what it holds is
sorted, so that two orders of the same votes leave the same content (P24).
"""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, LargeBytes, UTCDateTime, codes, id_column
from ..vault.models import PersonRecord
from .states import RoundState


class NominationRound(Base):
    """The question "whom would you go to in confidence?", put to staff until a day."""

    __tablename__ = "peersupport_nomination_round"
    __table_args__ = (
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)"
            " AND (state = 'closed') = (voter_count IS NOT NULL)"
            " AND (state = 'open') = (due_at IS NOT NULL)",
            name="closed",
        ),
        sa.CheckConstraint("max_names BETWEEN 1 AND 5", name="max_names"),
        sa.Index("ix_peersupport_nomination_round_due", "state", "due_at"),
    )

    id: orm.Mapped[str] = id_column()
    #: Open or closed.
    state: orm.Mapped[RoundState] = orm.mapped_column(codes(RoundState, "state"))
    #: Asks only those who were invited: heads of units.
    is_heads_only: orm.Mapped[bool] = orm.mapped_column(sa.Boolean, default=False)
    #: How many names one person may give.
    max_names: orm.Mapped[int] = orm.mapped_column(sa.Integer)
    #: How many are asked, as the coordinator says; NULL: not known.
    staff_count: orm.Mapped[int | None] = orm.mapped_column(sa.Integer)
    #: The letter, by language.
    letter: orm.Mapped[dict[str, str]] = orm.mapped_column(sa.JSON)
    #: When it was opened.
    opened_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: Last day on which an answer can be given.
    closes_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    #: When it closes by itself; NULL once closed.
    due_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: When it was closed and counted.
    closed_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: How many gave an answer, counted at closing; 0 for every number below `FEWEST_ANSWERS`, so
    #: that a result that is not told tells not even how few they were. NULL while it is open.
    voter_count: orm.Mapped[int | None] = orm.mapped_column(sa.Integer)

    departments: orm.Mapped[list[RoundDepartment]] = orm.relationship(
        cascade="all, delete-orphan", order_by="RoundDepartment.name"
    )


class RoundDepartment(Base):
    """A department that is asked; a round without any asks the whole hospital."""

    __tablename__ = "peersupport_round_department"
    __table_args__ = (sa.UniqueConstraint("round_id", "name"),)

    id: orm.Mapped[str] = id_column()
    #: The round.
    round_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(NominationRound.id))
    #: The department, as the list names it.
    name: orm.Mapped[str] = orm.mapped_column(sa.String(200))


class RoundInvitation(Base):
    """Somebody who was invited by name; voting never touches it, closing deletes it."""

    __tablename__ = "peersupport_round_invitation"
    __table_args__ = (sa.UniqueConstraint("round_id", "person_id"),)

    id: orm.Mapped[str] = id_column()
    #: The round.
    round_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(NominationRound.id))
    #: Who, in the vault.
    person_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(PersonRecord.id), index=True)


class BallotBox(Base):
    """All answers of an open round in one row, which each vote rewrites and closing deletes."""

    __tablename__ = "peersupport_ballot_box"

    #: The round.
    round_id: orm.Mapped[str] = orm.mapped_column(
        sa.ForeignKey(NominationRound.id), primary_key=True
    )
    #: Hashes of those who answered, sorted, padded and encrypted.
    register: orm.Mapped[bytes] = orm.mapped_column(LargeBytes)
    #: Who was named and how often, sorted, padded and encrypted.
    tally: orm.Mapped[bytes] = orm.mapped_column(LargeBytes)


class BallotKey(Base):
    """The random keys of an open round; apart from the box, so that a vote leaves no copy of them.

    A database keeps old versions of a row that is rewritten. This one is written once, overwritten
    and deleted at closing: what is left of the box anywhere is unreadable from then on.
    """

    __tablename__ = "peersupport_ballot_key"

    #: The round.
    round_id: orm.Mapped[str] = orm.mapped_column(
        sa.ForeignKey(NominationRound.id), primary_key=True
    )
    #: Month whose key seals these keys.
    month: orm.Mapped[str] = orm.mapped_column(sa.String(7))
    #: The round's keys, AEAD-encrypted and bound to the round.
    sealed: orm.Mapped[bytes] = orm.mapped_column(sa.LargeBinary)


class Nominee(Base):
    """Somebody who was named in a closed round."""

    __tablename__ = "peersupport_nominee"
    __table_args__ = (
        sa.UniqueConstraint("round_id", "person_id"),
        sa.CheckConstraint("count IS NULL OR count > 2", name="count"),
    )

    id: orm.Mapped[str] = id_column()
    #: The round.
    round_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(NominationRound.id))
    #: Who, in the vault.
    person_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(PersonRecord.id), index=True)
    #: Where they work, as the list or else the voter names it; NULL: not known.
    department: orm.Mapped[str | None] = orm.mapped_column(sa.String(200))
    #: How often they were named; NULL: once or twice, which is not kept apart.
    count: orm.Mapped[int | None] = orm.mapped_column(sa.Integer)

    record: orm.Mapped[PersonRecord] = orm.relationship(lazy="joined")
