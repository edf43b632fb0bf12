"""Granted roles and the programme's own list of departments."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, UTCDateTime, id_column
from ..vault.models import PersonRecord


class Grant(Base):
    """A role given to a person by `flask peersupport grant`."""

    __tablename__ = "peersupport_grant"
    __table_args__ = (sa.UniqueConstraint("role", "person_id"),)

    id: orm.Mapped[str] = id_column()
    #: One of `access.roles.ROLES`.
    role: orm.Mapped[str] = orm.mapped_column(sa.String(32))
    #: Who; bound to user id and e-mail address together.
    person_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(PersonRecord.id), index=True)
    #: When it was given.
    granted_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)

    record: orm.Mapped[PersonRecord] = orm.relationship(lazy="joined")


class Department(Base):
    """A department of the hospital, as the programme knows it (P8)."""

    __tablename__ = "peersupport_department"

    id: orm.Mapped[str] = id_column()
    #: The name that is shown and that `resolve` returns.
    name: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    #: The name as it is compared; unique.
    plain_name: orm.Mapped[str] = orm.mapped_column(sa.String(200), unique=True)
    #: The department it is part of.
    parent_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.ForeignKey("peersupport_department.id"), index=True
    )
    #: Last day on which it exists; NULL: until further notice.
    valid_until: orm.Mapped[date | None] = orm.mapped_column(sa.Date)

    parent: orm.Mapped[Department | None] = orm.relationship(remote_side=[id])
    aliases: orm.Mapped[list[DepartmentAlias]] = orm.relationship(
        cascade="all, delete-orphan", order_by="DepartmentAlias.name"
    )


class DepartmentAlias(Base):
    """Another name of a department: an abbreviation, a former name, a ward."""

    __tablename__ = "peersupport_department_alias"

    id: orm.Mapped[str] = id_column()
    #: The department meant.
    department_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(Department.id), index=True)
    #: The alias as it is shown.
    name: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    #: The alias as it is compared; unique among the aliases.
    plain_name: orm.Mapped[str] = orm.mapped_column(sa.String(200), unique=True)
