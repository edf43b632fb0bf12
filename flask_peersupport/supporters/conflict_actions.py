"""Standing conflicts: declared beforehand by a supporter, seen by nobody else, taken back (P10).

The audit trail says that a supporter changed their declarations, never what or about whom.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from ..access.departments import present_departments
from ..access.people import search_person, signed_user
from ..audit import record
from ..errors import InvalidInput, NotAllowed, raise_if_any
from ..i18n import gettext as _
from ..runtime import current_runtime
from ..values import Person
from ..vault.persons import is_same_person
from ..vault.seal import plain_name
from .declarations import (
    LONGEST_LABEL,
    OwnConflict,
    declare,
    declare_department,
    has_standing,
    own_conflicts,
    remove_group,
)
from .departments import resolve_for_supporter
from .models import Supporter
from .reading import email_fault, name_fault

#: More than anybody has; a list without an end would slow matching down.
MOST_CONFLICTS = 100


def find_colleague(name: str, email: str, picked: str) -> Person:
    """Return whom a supporter means: from the host's directory where that is certain.

    Args:
        name: as typed.
        email: as typed; "" where it is not known.
        picked: what the completion of the name sent along.

    Raises:
        InvalidInput: there is no name, or the address is none.
    """
    faults = {"name": name_fault(name), "email": email_fault(email) if email else None}
    if not faults["name"] and len(name) > LONGEST_LABEL:
        faults["name"] = _("This is too long; at most %(n)s characters.", n=LONGEST_LABEL)
    raise_if_any(faults)
    users = current_runtime().users
    listed = signed_user(users, picked)
    if listed is not None and plain_name(listed.name) == plain_name(name):
        return listed
    if email:
        return users.find(email) or Person(name=name, email=email)
    same = search_person(name)
    return same[0] if len(same) == 1 else Person(name=name)


def declare_colleague(
    session: orm.Session, supporter: Supporter, person: Person, *, actor: Person, now: datetime
) -> None:
    """Declare a standing conflict with a colleague: never asked for them from now on.

    Raises:
        InvalidInput: it is the supporter, was declared before, or is one too many.
    """
    if is_same_person(supporter.record.person, person):
        own = _("This is you. You are never asked for yourself anyway.")
        raise InvalidInput(own, {"name": own})
    _ensure_new(session, supporter, "name", person=person)
    label = person.name[:LONGEST_LABEL]
    declare(session, supporter.id, person, "conflict", now, label=label)
    _record(session, supporter, actor, now)


def declare_with_department(
    session: orm.Session, supporter: Supporter, text: str, *, actor: Person, now: datetime
) -> None:
    """Declare a standing conflict with a department, those below and those above it.

    Raises:
        InvalidInput: the department is in no list, was declared before, or is one too many.
    """
    name = resolve_for_supporter(present_departments(session), text) if text else None
    if name is None or len(name) > LONGEST_LABEL:
        unknown = _("Choose a department from the list.")
        raise InvalidInput(unknown, {"department": unknown})
    _ensure_new(session, supporter, "department", department=name)
    declare_department(session, supporter.id, name, now)
    _record(session, supporter, actor, now)


def take_back(
    session: orm.Session, supporter: Supporter, group: str, *, actor: Person, now: datetime
) -> None:
    """Take a standing conflict back. What was said to a request stays (P10: from then on).

    Raises:
        NotAllowed: it is none of theirs, or no standing one.
    """
    if not remove_group(session, supporter.id, group):
        raise NotAllowed
    _record(session, supporter, actor, now)


def seen_conflicts(
    session: orm.Session, supporter: Supporter, *, actor: Person, now: datetime
) -> list[OwnConflict]:
    """Return the supporter's own conflicts for their page, and note that they were seen."""
    found = own_conflicts(session, supporter.id)
    record.record(session, "declarations.seen", actor=actor, now=now, object_id=supporter.id)
    return found


def _ensure_new(
    session: orm.Session,
    supporter: Supporter,
    field: str,
    *,
    person: Person | None = None,
    department: str | None = None,
) -> None:
    if has_standing(session, supporter.id, person=person, department=department):
        known = _("You have declared this already.")
        raise InvalidInput(known, {field: known})
    if sum(one.is_standing for one in own_conflicts(session, supporter.id)) >= MOST_CONFLICTS:
        many = _("These are more than %(n)s. Take back what no longer holds.", n=MOST_CONFLICTS)
        raise InvalidInput(many, {field: many})


def _record(session: orm.Session, supporter: Supporter, actor: Person, now: datetime) -> None:
    session.flush()
    record.record(session, "declarations.changed", actor=actor, now=now, object_id=supporter.id)
