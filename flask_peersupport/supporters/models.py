"""The supporter's record: what matching needs, and no more."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, CodeList, UTCDateTime, codes, id_column
from ..vault.models import PersonRecord
from .directory_rules import DirectoryMode
from .informal_rules import InformalKind
from .states import SupporterState


class Supporter(Base):
    """A colleague who is, was or will be a peer supporter."""

    __tablename__ = "peersupport_supporter"
    __table_args__ = (
        sa.CheckConstraint("open_count >= 0", name="open_count"),
        sa.CheckConstraint("asked_count >= 0", name="asked_count"),
        # the board's letter makes a supporter, and nobody is one without it (P26)
        sa.CheckConstraint(
            "state = 'retired'"
            " OR (state IN ('appointed', 'paused') AND appointed_on IS NOT NULL)"
            " OR (state IN ('nominated', 'invited', 'trained') AND appointed_on IS NULL)",
            name="appointed",
        ),
        sa.CheckConstraint("state <> 'invited' OR invited_at IS NOT NULL", name="invited"),
        sa.CheckConstraint("state = 'retired' OR refused_at IS NULL", name="refused"),
        # in the order of the ranking, so that the best is found without sorting them all
        sa.Index(
            "ix_peersupport_supporter_matching",
            "state",
            "profession",
            "deployments",
            "discipline",
            "seniority",
            "last_deployed_at",
            "id",
        ),
    )

    id: orm.Mapped[str] = id_column()
    #: Who, in the vault.
    person_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(PersonRecord.id), unique=True)
    #: Where they are on the way from nomination to retirement.
    state: orm.Mapped[SupporterState] = orm.mapped_column(codes(SupporterState, "state"))
    #: Code of PROFESSIONS.
    profession: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
    #: Code of DISCIPLINES.
    discipline: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
    #: Code of SENIORITIES.
    seniority: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
    #: Works outside the hospital, for those who prefer that (P14).
    is_external: orm.Mapped[bool] = orm.mapped_column(sa.Boolean, default=False)
    #: Has a host account, so can be asked by mail and answer on the request page.
    has_account: orm.Mapped[bool] = orm.mapped_column(sa.Boolean, default=True)
    #: Whether a code was agreed on: who has no account opens the links in mail with it (P31).
    has_code: orm.Mapped[bool] = orm.mapped_column(sa.Boolean, default=False)
    #: May also be asked outside the reachable hours (P12).
    is_asked_at_night: orm.Mapped[bool] = orm.mapped_column(sa.Boolean, default=False)
    #: The usual week, a sign an hour, as in `availability`; NULL: at all hours (P28).
    week: orm.Mapped[str | None] = orm.mapped_column(sa.String(168))
    #: Last day of their latest period; NULL: has none. So matching need not look for periods.
    periods_until_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date)
    #: Not asked through this day; NULL: no pause.
    paused_until_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date)
    #: Own limit of reach-outs at once; NULL: the setting.
    max_open: orm.Mapped[int | None] = orm.mapped_column(sa.Integer)
    #: Own limit of reach-outs a quarter; NULL: none.
    max_per_quarter: orm.Mapped[int | None] = orm.mapped_column(sa.Integer)
    #: Reach-outs accepted and not closed.
    open_count: orm.Mapped[int] = orm.mapped_column(sa.Integer, default=0)
    #: Requests waiting for an answer.
    asked_count: orm.Mapped[int] = orm.mapped_column(sa.Integer, default=0)
    #: Reach-outs accepted so far.
    deployments: orm.Mapped[int] = orm.mapped_column(sa.Integer, default=0)
    #: Reach-outs accepted in `quarter`.
    quarter_count: orm.Mapped[int] = orm.mapped_column(sa.Integer, default=0)
    #: The quarter counted, e.g. "2026Q4".
    quarter: orm.Mapped[str | None] = orm.mapped_column(sa.String(6))
    #: When a reach-out was last accepted; the cool-down runs from here.
    last_deployed_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: Codes of CRITERIA that they meet (P25).
    criteria: orm.Mapped[tuple[str, ...]] = orm.mapped_column(CodeList(500), default=())
    #: When they were invited to become a supporter.
    invited_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: When they said yes to the invitation.
    accepted_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: When they said no to it; NULL: they did not, or were invited anew since.
    refused_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: Day of the latest training on our attendance lists.
    trained_here_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date)
    #: Day of a training on no list of ours: before the programme kept them, or elsewhere.
    trained_elsewhere_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date)
    #: Day of the latest training they attended: the later of the two.
    trained_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date)
    #: Day on which they were told that their training ends; one before `trained_on` is of old.
    validity_reminded_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date)
    #: Year in which they last answered the questions about the programme; counted apart (P38).
    surveyed_in: orm.Mapped[int | None] = orm.mapped_column(sa.Integer)
    #: Day of the latest intervision they attended.
    intervision_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date)
    #: `deployments` as it was at the latest intervision.
    deployments_at_intervision: orm.Mapped[int] = orm.mapped_column(sa.Integer, default=0)
    #: When the board's letter made them a supporter.
    appointed_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date)
    #: Their own word on being in the directory (P27); NULL: none yet.
    is_listed: orm.Mapped[bool | None] = orm.mapped_column(sa.Boolean)
    #: When the record was made.
    created_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)

    record: orm.Mapped[PersonRecord] = orm.relationship(lazy="joined")
    departments: orm.Mapped[list[SupporterDepartment]] = orm.relationship(
        cascade="all, delete-orphan", order_by="SupporterDepartment.name", lazy="selectin"
    )

    @property
    def is_let_in_by_code(self) -> bool:
        """Whether links in mail let them in: from outside, without an account, with a code."""
        return self.is_external and self.has_code and not self.has_account

    @property
    def is_asked_by_mail(self) -> bool:
        """Whether they can answer on a page; otherwise a coordinator calls them."""
        return self.has_account or self.is_let_in_by_code


class SupporterDepartment(Base):
    """A department a supporter works in."""

    __tablename__ = "peersupport_supporter_department"

    id: orm.Mapped[str] = id_column()
    #: Whose.
    supporter_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(Supporter.id), index=True)
    #: The name as it was given.
    name: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    #: The name as the departments adapter knows it; NULL: unknown, so never matched.
    resolved: orm.Mapped[str | None] = orm.mapped_column(sa.String(200), index=True)


class SupporterPeriod(Base):
    """Days on which a supporter is away, or has other hours than in the usual week (P28).

    Those of one supporter never overlap. What is over stays, so that nothing is lost.
    """

    __tablename__ = "peersupport_supporter_period"
    __table_args__ = (
        sa.UniqueConstraint("supporter_id", "first_on"),
        sa.CheckConstraint("last_on >= first_on", name="order"),
    )

    id: orm.Mapped[str] = id_column()
    #: Whose.
    supporter_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(Supporter.id))
    #: First day.
    first_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    #: Last day, included.
    last_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    #: The hours on these days, as in `availability`; NULL: away.
    week: orm.Mapped[str | None] = orm.mapped_column(sa.String(168))


class Declaration(Base):
    """One of the three rows of a no, or of a conflict declared beforehand: sealed (P10).

    As many rows, of one length, are written for every kind of no, for a person and for a
    department, so that a row reveals nothing. A conflict rules the supporter out for good.
    """

    __tablename__ = "peersupport_declaration"

    id: orm.Mapped[str] = id_column()
    #: Whose.
    supporter_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(Supporter.id), index=True)
    #: Keyed fingerprint of a colleague (user id, e-mail, name) or a department, or of nothing.
    mark: orm.Mapped[str] = orm.mapped_column(sa.String(64), index=True)
    #: Month whose key made mark and seal.
    month: orm.Mapped[str] = orm.mapped_column(sa.String(7))
    #: The reason and of whom it was said, sealed and of constant length.
    sealed_reason: orm.Mapped[bytes] = orm.mapped_column(sa.LargeBinary)


class SupporterDeployment(Base):
    """One reach-out taken, by month: what a supporter's load is counted from (P30).

    A row each rather than a sum: nobody waits for anybody else's count.
    """

    __tablename__ = "peersupport_supporter_deployment"
    __table_args__ = (
        sa.Index("ix_peersupport_supporter_deployment_when", "supporter_id", "month"),
    )

    id: orm.Mapped[str] = id_column()
    #: Whose.
    supporter_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(Supporter.id))
    #: The month in the programme's time zone, e.g. "2026-11".
    month: orm.Mapped[str] = orm.mapped_column(sa.String(7), index=True)


class InformalSupport(Base):
    """Somebody came to a supporter of their own accord; nothing tells who, or why (P29)."""

    __tablename__ = "peersupport_informal_support"

    id: orm.Mapped[str] = id_column()
    #: Who counts it.
    supporter_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(Supporter.id), index=True)
    #: The day on which it was.
    happened_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    #: What it was about.
    kind: orm.Mapped[InformalKind] = orm.mapped_column(codes(InformalKind, "kind"))
    #: When it was counted; the last one can be taken back on the same day.
    counted_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)


class DirectoryDecision(Base):
    """What the group decided about its directory, kept with all that it decided before (P27)."""

    __tablename__ = "peersupport_directory_decision"

    id: orm.Mapped[str] = id_column()
    #: Who is shown to whom.
    mode: orm.Mapped[DirectoryMode] = orm.mapped_column(codes(DirectoryMode, "mode"))
    #: The day of the meeting; the latest counts.
    decided_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    #: Id of the follow-up meeting, whose table is not ours; NULL: decided elsewhere.
    session_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
    #: When it was recorded.
    recorded_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
