"""The engine, the session and the tables."""

from datetime import UTC, datetime

from flask import Flask
from flask_login import UserMixin
from sqlalchemy import DateTime, ForeignKey, String, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session, sessionmaker

Session = scoped_session(sessionmaker(autoflush=False))


class Base(DeclarativeBase):
    pass


class Account(UserMixin, Base):
    __tablename__ = "account"

    account_id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(40), unique=True)
    full_name: Mapped[str] = mapped_column(String(100))
    mail: Mapped[str | None] = mapped_column(String(100))
    ward: Mapped[str | None] = mapped_column(String(100))

    def get_id(self) -> str:
        return str(self.account_id)


class Incident(Base):
    __tablename__ = "incident"

    incident_id: Mapped[int] = mapped_column(primary_key=True)
    headline: Mapped[str] = mapped_column(String(200))
    ward: Mapped[str | None] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(10), default="new")
    is_anonymous: Mapped[bool] = mapped_column(default=False)
    account_id: Mapped[int | None] = mapped_column(ForeignKey(Account.account_id))
    entered_at: Mapped[datetime] = mapped_column(DateTime, default=lambda: datetime.now(UTC))


class Complaint(Base):
    __tablename__ = "complaint"

    complaint_id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(200))
    account_id: Mapped[int | None] = mapped_column(ForeignKey(Account.account_id))


def connect(app: Flask) -> None:
    Session.remove()
    Session.configure(bind=create_engine(app.config["DATABASE_URL"]))

    @app.teardown_appcontext
    def remove_session(error: BaseException | None) -> None:
        Session.remove()
