"""What the extension asks of its host: small Protocols. Each has a working default.

Defaults: `access.users.LoginUsers`, `access.roles.GrantedRoles`,
`access.departments.ListedDepartments`, `intake.reports.WatchedReports`, `vault.keyring.FileKeys`.
In-memory fakes for tests are in `flask_peersupport.testing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from werkzeug.wrappers import Response

from .values import Person, Report


class Users(Protocol):
    """The host's users, its directory and its sign-in."""

    def current(self) -> Person | None:
        """Return who is signed in, or None."""

    def get(self, user_id: str | None) -> Person | None:
        """Return the user with this id; None where there is none, and for None."""

    def find(self, email: str) -> Person | None:
        """Return the user with this verified e-mail address, or None."""

    def search(self, text: str, limit: int) -> list[Person]:
        """Return at most `limit` users whose name contains `text`."""

    def sign_in(self, next: str) -> Response:
        """Return the response that lets a visitor sign in and come back to `next`."""


class Roles(Protocol):
    """Who is coordinator, complaints officer, trainer, board, privacy officer."""

    def of(self, person: Person) -> set[str]:
        """Return the roles of `person`."""

    def members(self, role: str) -> list[Person]:
        """Return everybody with `role`."""


class Departments(Protocol):
    """Which departments belong together (P8)."""

    def resolve(self, text: str) -> frozenset[str] | None:
        """Return the department, those above and those below it; None if it is unknown."""


@runtime_checkable
class NamedDepartments(Protocol):
    """Departments that can also be listed, to be chosen from: `Departments` that have this too."""

    def names(self) -> list[str]:
        """Return the names of all departments that exist today, in order."""


class Reports(Protocol):
    """The host's reports, for finding those that were missed and those that are gone."""

    def iter_since(self, instant: datetime) -> Iterable[Report]:
        """Return the reports made since `instant` (aware)."""

    def exists(self, kind: str, ref: str) -> bool | None:
        """Return whether the report exists; None if that cannot be known."""


@dataclass(frozen=True, slots=True)
class MonthKey:
    """The secret of one calendar month, e.g. "2026-11"; 32 random bytes."""

    month: str
    secret: bytes


class Keys(Protocol):
    """The key provider. Every method raises `KeyringError` when it cannot answer."""

    def current(self, at: datetime) -> MonthKey:
        """Return the key for what is written at `at` (aware)."""

    def get(self, month: str) -> MonthKey:
        """Return the key of `month`, which must not be destroyed yet."""

    def live(self, at: datetime) -> Sequence[MonthKey]:
        """Return the keys not yet destroyed of all months up to a day after `at`, newest first."""
