"""Fill an empty database with the demo hospital."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session, scoped_session

from example_app.departments import DEPARTMENTS
from example_app.examples import CALAMITIES, COMPLAINTS, INCIDENTS
from example_app.models import Calamity, Complaint, Department, Incident, User
from example_app.people import DEMO_LOGINS, DemoLogin, staff, supporter_usernames

__all__ = ["DEMO_LOGINS", "DemoLogin", "seed", "supporter_usernames"]

AnySession = Session | scoped_session[Any]


def seed(session: AnySession) -> None:
    """Add what is missing of the departments, the staff and the example reports.

    Running it again adds nothing. The caller commits.
    """
    department_ids = add_departments(session)
    add_staff(session, department_ids)
    if session.scalar(select(Incident.id).limit(1)) is None:
        add_reports(session, datetime.now(UTC))
    session.flush()


def add_departments(session: AnySession) -> dict[str, int]:
    """Add the missing departments; return the id of each by its name."""
    departments = {
        department.name: department for department in session.scalars(select(Department))
    }
    for entry in DEPARTMENTS:  # a parent stands before its sections
        if entry.name not in departments:
            parent = departments[entry.parent] if entry.parent else None
            departments[entry.name] = Department(name=entry.name, parent=parent)
            session.add(departments[entry.name])
    session.flush()
    return {name: department.id for name, department in departments.items()}


def add_staff(session: AnySession, department_ids: dict[str, int]) -> None:
    """Add the members of staff whose user name is not there yet."""
    present = set(session.scalars(select(User.username)))
    for member in staff():
        if member.username not in present:
            session.add(
                User(
                    username=member.username,
                    name=member.name,
                    email=member.email,
                    phone=member.phone,
                    department_id=department_ids[member.department],
                    profession=member.profession,
                    discipline=member.discipline,
                    seniority=member.seniority,
                    locale=member.locale,
                    is_admin=member.is_admin,
                    is_complaints_officer=member.is_complaints_officer,
                )
            )
    session.flush()


def add_reports(session: AnySession, now: datetime) -> None:
    """Add the example reports, each written some hours after the event."""
    user_ids = {user.username: user.id for user in session.scalars(select(User))}
    # The first member of a department in the list writes its reports.
    authors = {member.department: user_ids[member.username] for member in reversed(staff())}
    for incident in INCIDENTS:
        created_at = now - timedelta(days=incident.days_ago)
        session.execute(
            insert(Incident).values(
                title=incident.title,
                what_happened=incident.what_happened,
                category=incident.category,
                ward=incident.department,
                occurred_at=on_the_minute(created_at - timedelta(hours=5)),
                created_at=created_at,
                author_id=authors[incident.department],
            )
        )
    for calamity in CALAMITIES:
        created_at = now - timedelta(days=calamity.days_ago)
        session.execute(
            insert(Calamity).values(
                title=calamity.title,
                what_happened=calamity.what_happened,
                severity=calamity.severity,
                patient_outcome=calamity.patient_outcome,
                ward=calamity.department,
                occurred_at=on_the_minute(created_at - timedelta(hours=2)),
                created_at=created_at,
                sent_to_quality_at=created_at,
                author_id=authors[calamity.department],
            )
        )
    officer = next(member for member in staff() if member.is_complaints_officer)
    add_complaints(session, now, user_ids[officer.username])


def add_complaints(session: AnySession, now: datetime, officer_id: int) -> None:
    """Add the example complaints, numbered within the year."""
    count_by_year: dict[int, int] = {}
    for complaint in COMPLAINTS:  # the oldest stands first
        created_at = now - timedelta(days=complaint.days_ago)
        year = created_at.year
        count_by_year[year] = count_by_year.get(year, 0) + 1
        session.execute(
            insert(Complaint).values(
                number=f"K-{year}-{count_by_year[year]:04d}",
                received_on=created_at.date(),
                subject=complaint.subject,
                department=complaint.department,
                description=complaint.description,
                created_at=created_at,
                registered_by_id=officer_id,
            )
        )


def on_the_minute(moment: datetime) -> datetime:
    """Return a wall-clock time without seconds, as a form field gives it."""
    return moment.replace(second=0, microsecond=0, tzinfo=None)
