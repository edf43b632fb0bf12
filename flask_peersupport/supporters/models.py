"""The supporter's record: what matching needs, and no more."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, UTCDateTime, codes, id_column
from ..vault.models import PersonRecord
from .states import SupporterState


class Supporter(Base):
    """A colleague who is, was or will be a peer supporter."""

    __tablename__ = "peersupport_supporter"
    __table_args__ = (
        sa.CheckConstraint("open_count >= 0", name="open_count"),
        sa.CheckConstraint("asked_count >= 0", name="asked_count"),
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
    #: May also be asked outside the reachable hours (P12).
    is_asked_at_night: orm.Mapped[bool] = orm.mapped_column(sa.Boolean, default=False)
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
    #: When the board's letter made them a supporter.
    appointed_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date)
    #: When the record was made.
    created_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)

    record: orm.Mapped[PersonRecord] = orm.relationship(lazy="joined")
    departments: orm.Mapped[list[SupporterDepartment]] = orm.relationship(
        cascade="all, delete-orphan", order_by="SupporterDepartment.name", lazy="selectin"
    )


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


class Declaration(Base):
    """Why a supporter said no to one colleague, sealed; a conflict rules them out for good (P10).

    Written for every kind of no, so that a row reveals nothing.
    """

    __tablename__ = "peersupport_declaration"

    id: orm.Mapped[str] = id_column()
    #: Whose.
    supporter_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(Supporter.id), index=True)
    #: Keyed fingerprint of the colleague (user id or e-mail), never their vault row.
    mark: orm.Mapped[str] = orm.mapped_column(sa.String(64), index=True)
    #: Month whose key made mark and seal.
    month: orm.Mapped[str] = orm.mapped_column(sa.String(7))
    #: The reason, sealed and of constant length.
    sealed_reason: orm.Mapped[bytes] = orm.mapped_column(sa.LargeBinary)
