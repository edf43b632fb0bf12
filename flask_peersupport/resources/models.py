"""The hospital's list of help, and what it says on the card for the first hours."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, CodeList, codes, id_column
from .states import ResourceKind, Tier


class Resource(Base):
    """Somebody or something to turn to (P22)."""

    __tablename__ = "peersupport_resource"

    id: orm.Mapped[str] = id_column()
    #: How far from the colleague.
    tier: orm.Mapped[Tier] = orm.mapped_column(codes(Tier, "tier"))
    #: What kind of help.
    kind: orm.Mapped[ResourceKind] = orm.mapped_column(codes(ResourceKind, "kind"))
    #: What it is called.
    name: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    #: Telephone number.
    phone: orm.Mapped[str | None] = orm.mapped_column(sa.String(200))
    #: Where else it is reached: an address, a room, a page.
    reach: orm.Mapped[str | None] = orm.mapped_column(sa.String(200))
    #: When it is there.
    hours: orm.Mapped[str | None] = orm.mapped_column(sa.String(200))
    #: For whom, or what for.
    meant_for: orm.Mapped[str | None] = orm.mapped_column(sa.String(200))
    #: Where it is shown besides the list itself: codes of `places.PLACES`.
    places: orm.Mapped[tuple[str, ...]] = orm.mapped_column(CodeList(200), default=())
    #: Last day on which this is known to be right; NULL: until somebody changes it.
    valid_until: orm.Mapped[date | None] = orm.mapped_column(sa.Date, index=True)
    #: The last day, once the coordinators were told that it is near; the day after, once they were
    #: told that it has gone by.
    reminded_for: orm.Mapped[date | None] = orm.mapped_column(sa.Date)


class FirstHoursText(Base):
    """What the card for the first hours says for the whole hospital, or for one department (P41).

    What is NULL is said as the hospital says it, or else as we do.
    """

    __tablename__ = "peersupport_first_hours"

    id: orm.Mapped[str] = id_column()
    #: Department of the list, as it is named; empty: the whole hospital.
    department: orm.Mapped[str] = orm.mapped_column(sa.String(200), unique=True)
    #: Who takes over the next patient.
    next_patient: orm.Mapped[str | None] = orm.mapped_column(sa.String(300))
    #: Who brings the colleague home.
    way_home: orm.Mapped[str | None] = orm.mapped_column(sa.String(300))
    #: Who phones tomorrow.
    tomorrow: orm.Mapped[str | None] = orm.mapped_column(sa.String(300))
    #: How the team goes on.
    team: orm.Mapped[str | None] = orm.mapped_column(sa.String(300))
    #: Whom to call.
    whom_to_call: orm.Mapped[str | None] = orm.mapped_column(sa.String(300))
