"""In-memory fakes of the Protocols of `ports.py`, for `PeerSupport(users=..., roles=..., ...)`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from urllib.parse import urlencode

from flask import redirect
from werkzeug.wrappers import Response

from ..access.departments import DepartmentNode, DepartmentTree
from ..access.roles import ROLES
from ..errors import InvalidInput, KeyringError
from ..ports import Departments, Keys, MonthKey, Reports, Roles, Users
from ..runtime import current_runtime
from ..values import Person, Report
from ..vault.keyring import SKEW, month_of
from ..vault.persons import is_same_person
from ..vault.seal import plain_name

#: Two divisions with two wards each: a name, and that of the department above it.
DEPARTMENTS: Mapping[str, str | None] = {
    "Surgery": None,
    "Ward 1": "Surgery",
    "Ward 2": "Surgery",
    "Medicine": None,
    "Ward 8": "Medicine",
    "Ward 9": "Medicine",
}


class MemoryUsers(Users):
    """A directory in memory, and who is signed in: everywhere, whichever client asks."""

    def __init__(self, *people: Person) -> None:
        self._people: dict[str, Person] = {}
        self._current: str | None = None
        self.add(*people)

    def __getitem__(self, user_id: str) -> Person:
        """Return the user with this id; KeyError where there is none."""
        return self._people[user_id]

    def add(self, *people: Person) -> None:
        """Add users, or replace those of the same id; ValueError for one without `user_id`."""
        for person in people:
            if not person.user_id:
                raise ValueError(f"{person.name} needs a user_id to be in the directory")
            self._people[person.user_id] = person

    def sign_in_as(self, user: Person | str | None) -> None:
        """Let this user of the directory (or the one with this id) be signed in; None: nobody.

        Raises:
            LookupError: the directory has no such user.
        """
        user_id = user.user_id if isinstance(user, Person) else user
        if user is not None and user_id not in self._people:
            raise LookupError(f"the directory has no user {user_id!r}")
        self._current = user_id

    def current(self) -> Person | None:
        """Return who is signed in, or None."""
        return self.get(self._current)

    def get(self, user_id: str | None) -> Person | None:
        """Return the user with this id; None where there is none, and for None."""
        return None if user_id is None else self._people.get(str(user_id))

    def find(self, email: str) -> Person | None:
        """Return the only user with this e-mail address, in whatever case, or None."""
        wanted = email.strip().lower()
        found = [p for p in self._people.values() if p.email and p.email.lower() == wanted]
        return found[0] if len(found) == 1 else None

    def search(self, text: str, limit: int) -> list[Person]:
        """Return at most `limit` users whose name contains `text`, in order of name."""
        wanted = text.strip().lower()
        found = [p for p in self._people.values() if wanted and wanted in p.name.lower()]
        return sorted(found, key=lambda person: person.name)[:limit]

    def sign_in(self, next: str) -> Response:
        """Return a redirect to /sign-in, which is no page here."""
        return redirect(f"/sign-in?{urlencode({'next': next})}")


class MemoryRoles(Roles):
    """Roles in memory, e.g. `MemoryRoles(coordinator=[carla])`."""

    def __init__(self, **members: Iterable[Person]) -> None:
        self._members: dict[str, list[Person]] = {role: [] for role in ROLES}
        for role, people in members.items():
            for person in people:
                self.grant(role, person)

    def grant(self, role: str, person: Person) -> None:
        """Give `person` a role; InvalidInput where there is no such role."""
        if role not in self._members:
            raise InvalidInput(f"{role} is not a role; roles are: {', '.join(ROLES)}")
        self._members[role].append(person)

    def of(self, person: Person) -> set[str]:
        """Return the roles of `person`."""
        held = self._members.items()
        return {role for role, them in held if any(is_same_person(one, person) for one in them)}

    def members(self, role: str) -> list[Person]:
        """Return everybody with `role`, in the order in which they got it."""
        return list(self._members.get(role, ()))


class MemoryDepartments(Departments):
    """A list of departments in memory, resolved as the programme's own list is.

    Args:
        departments: names, or a mapping of each name to that of the department above it.
    """

    def __init__(self, departments: Mapping[str, str | None] | Iterable[str] = DEPARTMENTS) -> None:
        self._tree = DepartmentTree(
            (
                DepartmentNode(name, name, parent, None, frozenset({plain_name(name)}))
                for name, parent in parents_of(departments).items()
            ),
            today=date.min,
        )

    def resolve(self, text: str) -> frozenset[str] | None:
        """Return the department, those above and those below it; None if it is unknown."""
        return self._tree.resolve(text)

    def names(self) -> list[str]:
        """Return the names of all departments, in order."""
        return self._tree.names()


class MemoryReports(Reports):
    """Reports in memory, for a store that is not SQLAlchemy's."""

    def __init__(self, *reports: Report) -> None:
        self._reports: dict[tuple[str, str], Report] = {}
        for report in reports:
            self.add(report)

    def add(self, report: Report) -> None:
        """Add a report, or replace the one of the same kind and ref."""
        self._reports[report.kind, report.ref] = report

    def remove(self, kind: str, ref: str) -> None:
        """Take a report out; KeyError where there is none."""
        del self._reports[kind, ref]

    def iter_since(self, instant: datetime) -> Iterator[Report]:
        """Return the reports made since `instant` (aware), and those that do not say when."""
        for report in self._reports.values():
            at = report.reported_at
            if at is not None and at.tzinfo is None:
                at = at.replace(tzinfo=current_runtime().settings.timezone)
            if at is None or at >= instant:
                yield report

    def exists(self, kind: str, ref: str) -> bool:
        """Return whether the report exists."""
        return (kind, ref) in self._reports


class MemoryKeys(Keys):
    """A key for every month, made of its name: the same in each run, and no secret at all."""

    def __init__(self) -> None:
        self._destroyed: set[str] = set()

    def destroy(self, month: str) -> None:
        """Destroy the key of a month, e.g. "2026-11". Without this month's, intake is closed."""
        self._destroyed.add(month)

    def current(self, at: datetime) -> MonthKey:
        """Return the key for what is written at `at` (aware); KeyringError once destroyed."""
        return self.get(month_of(at))

    def get(self, month: str) -> MonthKey:
        """Return the key of `month`; KeyringError for one that is destroyed, or no month."""
        if month in self._destroyed or not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
            raise KeyringError(f"there is no key for {month}")
        return MonthKey(month, hashlib.sha256(f"flask_peersupport {month}".encode()).digest())

    def live(self, at: datetime) -> Sequence[MonthKey]:
        """Return the keys of the four years up to `at`, but those destroyed, newest first."""
        ahead = at + SKEW
        last = ahead.year * 12 + ahead.month - 1
        months = [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(last, last - 48, -1)]
        return [self.get(month) for month in months if month not in self._destroyed]


def parents_of(departments: Mapping[str, str | None] | Iterable[str]) -> dict[str, str | None]:
    """Return names of departments, each with that of the department above it."""
    if isinstance(departments, Mapping):
        return dict(departments)
    return dict.fromkeys(departments)
