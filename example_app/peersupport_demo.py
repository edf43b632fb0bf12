"""What a demo of peer support needs beside the hospital: keys, tables, roles, a roster."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session, joinedload

from example_app.models import Department, User
from example_app.people import DEMO_LOGINS, supporter_usernames
from flask_peersupport import Person, schema
from flask_peersupport.access import models as access_models
from flask_peersupport.access.department_actions import DepartmentDetails, add_department
from flask_peersupport.access.roles import ROLES, grant_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.clock import utc_now
from flask_peersupport.db import commit
from flask_peersupport.runtime import current_runtime
from flask_peersupport.supporters.actions import SupporterDetails, add_supporter
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.vault.keyring import FileKeys, write_keyring

#: Names under which wards report, as they are found in every hospital.
ALIASES = {"Intensive Care": ("IC", "ICU")}
#: How long before the programme used this software its supporters were trained.
TRAINED_BEFORE = timedelta(days=200)
#: How long a new demo's programme has been there.
RUNNING_FOR = timedelta(days=40)


def prepare(app: Flask) -> None:
    """Make keys and tables where they are missing, and fill an empty programme.

    A new programme has been running for some weeks already, so that something may have happened.
    """
    runtime = current_runtime()
    now = utc_now()
    keys = runtime.keys
    if isinstance(keys, FileKeys) and not Path(keys.path).exists():
        write_keyring(keys.path, now - RUNNING_FOR)
    schema.upgrade(runtime.storage.engine)
    session = runtime.storage.session()
    is_new = session.scalar(sa.select(Supporter.id).limit(1)) is None
    fill(session, now - RUNNING_FOR if is_new else now)


def fill(session: Session, now: datetime) -> None:
    """Add departments, roles and supporters where there are none yet, and commit.

    Every third supporter of each profession may be asked at night.
    """
    if session.scalar(sa.select(access_models.Department.id).limit(1)) is None:
        add_departments(session, now)
    users: dict[str, User] = {user.username: user for user in session.scalars(all_users())}
    for login in DEMO_LOGINS:
        role = login.role.rstrip("2")
        if role in ROLES:
            grant_role(session, role, person_of(users[login.username]), actor=COMMAND, now=now)
    if session.scalar(sa.select(Supporter.id).limit(1)) is None:
        for number, username in enumerate(supporter_usernames()):
            add_demo_supporter(session, users[username], now, is_asked_at_night=number % 3 == 0)
    commit(session)


def all_users() -> sa.Select[Any]:
    """Select the staff with their departments."""
    return sa.select(User).options(joinedload(User.department))


def add_departments(session: Session, now: datetime) -> None:
    """Copy the hospital's departments into the programme's list, those above first."""
    ids: dict[int | None, str | None] = {None: None}
    departments = session.scalars(sa.select(Department)).all()
    for department in sorted(departments, key=lambda d: (d.parent_id is not None, d.id)):
        details = DepartmentDetails(
            name=department.name,
            aliases=ALIASES.get(department.name, ()),
            parent_id=ids[department.parent_id],
        )
        added = add_department(session, details, actor=COMMAND, now=now)
        ids[department.id] = added.id


def person_of(user: User) -> Person:
    """Return a user as peer support knows people."""
    person = current_runtime().users.get(str(user.id))
    assert person is not None
    return person


def add_demo_supporter(
    session: Session, user: User, now: datetime, *, is_asked_at_night: bool
) -> None:
    """Make a member of staff an appointed supporter."""
    details = SupporterDetails(
        profession=user.profession,
        discipline=user.discipline,
        seniority=user.seniority,
        departments=(user.department.name,),
        is_asked_at_night=is_asked_at_night,
    )
    add_supporter(
        session,
        person_of(user),
        details,
        state=SupporterState.APPOINTED,
        trained_on=(now - TRAINED_BEFORE).date(),
        actor=COMMAND,
        now=now,
    )


def init_app(app: Flask) -> None:
    """Prepare peer support whenever the demo is prepared."""
    app.extensions["demo_setup"].append(prepare)
