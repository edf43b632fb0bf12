"""What the application is about. Nothing here knows of Flask or of a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import uuid4

from flask_login import UserMixin


@dataclass(eq=False)
class Employee(UserMixin):
    full_name: str
    work_mail: str
    org_unit: str
    id: str = field(default_factory=lambda: str(uuid4()))


@dataclass(eq=False)
class Incident:
    summary: str
    unit: str
    reported_by: str | None
    number: str = field(default_factory=lambda: f"INC-{uuid4().hex[:8]}")
    id: int | None = None


@dataclass(eq=False)
class LogEntry:
    subject: str
    action: str
    id: int | None = None


class NoQualityOfficer(LookupError):
    """The unit has nobody who could be told of the incident."""


QUALITY_OFFICERS = {"Ward 1": "q.ward1@hospital.example", "Ward 8": "q.ward8@hospital.example"}


def quality_officer_of(unit: str) -> str:
    try:
        return QUALITY_OFFICERS[unit]
    except KeyError:
        raise NoQualityOfficer(unit) from None
