"""Staff, departments and the three kinds of report."""

from datetime import UTC, date, datetime

from sqlalchemy import Date, DateTime, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from example_app.extensions import Model

#: The department that receives calamities and may read every report.
QUALITY_OFFICE = "Kwaliteit en Patiëntveiligheid"

PROFESSIONS = ("physician", "nurse", "other")
DISCIPLINES = ("surgical", "medical", "supporting")
SENIORITIES = ("junior", "senior")
CATEGORIES = ("medication", "fall", "equipment", "communication", "treatment", "other")
SEVERITIES = ("unknown", "temporary_harm", "permanent_harm", "death")


def utc_now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


class Department(Model):
    """A department of the hospital; a section has the department above it as parent."""

    __tablename__ = "department"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))

    parent: Mapped["Department | None"] = relationship(remote_side="Department.id")


class User(Model):
    """A member of staff with an account."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120), index=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    phone: Mapped[str | None] = mapped_column(String(32))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), index=True)
    #: One of PROFESSIONS.
    profession: Mapped[str] = mapped_column(String(20))
    #: One of DISCIPLINES.
    discipline: Mapped[str] = mapped_column(String(20))
    #: One of SENIORITIES.
    seniority: Mapped[str] = mapped_column(String(20))
    #: Preferred language: nl or en.
    locale: Mapped[str] = mapped_column(String(2), default="nl")
    #: Manages this application and may read every report.
    is_admin: Mapped[bool] = mapped_column(default=False)
    #: Keeps the complaints register.
    is_complaints_officer: Mapped[bool] = mapped_column(default=False)

    department: Mapped[Department] = relationship(lazy="joined")

    # What Flask-Login asks of a user.
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """Return the id that the session cookie carries."""
        return str(self.id)


class ReportColumns:
    """What an incident and a calamity have in common."""

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-1)
    title: Mapped[str] = mapped_column(String(160))
    what_happened: Mapped[str] = mapped_column(Text)
    #: What was done at once.
    measures: Mapped[str] = mapped_column(Text, default="")
    #: Name of the department where it happened.
    ward: Mapped[str] = mapped_column(String(120), index=True)
    #: Wall-clock time in the hospital, as the reporter typed it.
    occurred_at: Mapped[datetime] = mapped_column(DateTime)
    #: When the report was stored, in UTC.
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), default=utc_now, index=True
    )
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)

    @declared_attr
    @classmethod
    def author(cls) -> Mapped[User]:
        """The user who reported."""
        return relationship(User)


class Incident(ReportColumns, Model):
    """An ordinary incident report (VIM-melding)."""

    __tablename__ = "incident"

    #: One of CATEGORIES.
    category: Mapped[str] = mapped_column(String(20), default="other")


class Calamity(ReportColumns, Model):
    """A potential calamity, sent to the quality office as soon as it is stored."""

    __tablename__ = "calamity"

    #: One of SEVERITIES.
    severity: Mapped[str] = mapped_column(String(20), default="unknown")
    patient_outcome: Mapped[str] = mapped_column(Text, default="")
    #: When the quality office received it, in UTC.
    sent_to_quality_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=utc_now)
    #: Wall-clock time of the meeting in which the PRISMA analysis is discussed; NULL: not planned.
    analysis_at: Mapped[datetime | None] = mapped_column(DateTime)


class Complaint(Model):
    """An entry in the register of complaints by patients and relatives."""

    __tablename__ = "complaint"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Such as K-2026-0001; starts again every year.
    number: Mapped[str] = mapped_column(String(20), unique=True)
    received_on: Mapped[date] = mapped_column(Date)
    subject: Mapped[str] = mapped_column(String(160))
    #: Name of the department that the complaint is about.
    department: Mapped[str] = mapped_column(String(120), index=True)
    description: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), default=utc_now, index=True
    )
    registered_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)

    registered_by: Mapped[User] = relationship()
