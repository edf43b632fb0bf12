from __future__ import annotations

from datetime import datetime

from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Model(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Model)


class Account(UserMixin, db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    display_name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(100))
    department: Mapped[str | None] = mapped_column(String(100))


class Entry(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(String(1000))
    department: Mapped[str] = mapped_column(String(100))
    entered_by: Mapped[int | None]
    entered_at: Mapped[datetime] = mapped_column(DateTime, server_default=func.now())

    __mapper_args__ = {"polymorphic_on": "type", "polymorphic_identity": "entry"}  # noqa: RUF012


class Letter(Entry):
    """A complaint that came by post: the clerk types it in."""

    __mapper_args__ = {"polymorphic_identity": "letter"}  # noqa: RUF012
