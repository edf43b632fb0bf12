"""The default departments adapter: the programme's own list (P8).

What is unknown, expired or ambiguous resolves to None, so that nobody is matched on a guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.pool import StaticPool

from ..db import Storage
from ..ports import Departments, NamedDepartments
from ..runtime import current_runtime, local_today
from ..vault.seal import plain_name
from .models import Department, DepartmentAlias


@dataclass(frozen=True, slots=True)
class DepartmentNode:
    """A department as the tree needs it; `plain_names` are its name and aliases, compared."""

    id: str
    name: str
    parent_id: str | None
    valid_until: date | None
    plain_names: frozenset[str]


class DepartmentTree:
    """The list at one moment: answers any number of questions without a query.

    Args:
        nodes: all departments.
        today: in the programme's time zone; what was valid until before it is expired.
    """

    def __init__(self, nodes: Iterable[DepartmentNode], today: date) -> None:
        self._nodes = {node.id: node for node in nodes}
        self._today = today
        self._by_plain_name: dict[str, set[str]] = defaultdict(set)
        self._children: dict[str, list[str]] = defaultdict(list)
        for node in self._nodes.values():
            for plain in node.plain_names:
                self._by_plain_name[plain].add(node.id)
            if node.parent_id is not None:
                self._children[node.parent_id].append(node.id)

    def name_of(self, text: str) -> str | None:
        """Return the name of the department that `text` names; None as `resolve`."""
        node = self._find(text)
        return None if node is None else node.name

    def resolve(self, text: str) -> frozenset[str] | None:
        """Return the department, those above and those below it, by name; None if unknown.

        Expired departments above and below count too: better one supporter too few.
        """
        node = self._find(text)
        if node is None:
            return None
        ids = self._above(node.id) | self._below(node.id)
        return frozenset(self._nodes[department_id].name for department_id in ids)

    def names(self) -> list[str]:
        """Return the names of all departments that exist today, in order."""
        names = (node.name for node in self._nodes.values() if self._exists(node))
        return sorted(names, key=plain_name)

    def _exists(self, node: DepartmentNode) -> bool:
        return node.valid_until is None or node.valid_until >= self._today

    def _find(self, text: str) -> DepartmentNode | None:
        ids = self._by_plain_name.get(plain_name(text), set())
        if len(ids) != 1:  # unknown, or meant by two departments
            return None
        node = self._nodes[next(iter(ids))]
        return node if self._exists(node) else None

    def _above(self, department_id: str) -> set[str]:
        found: set[str] = set()
        at: str | None = department_id
        while at in self._nodes and at not in found:  # a cycle ends where it began
            found.add(at)
            at = self._nodes[at].parent_id
        return found

    def _below(self, department_id: str) -> set[str]:
        found: set[str] = set()
        waiting = [department_id]
        while waiting:
            at = waiting.pop()
            if at not in found:
                found.add(at)
                waiting.extend(self._children[at])
        return found


def load_tree(connection: orm.Session | sa.Connection, today: date) -> DepartmentTree:
    """Read the whole list in one query: a hospital has some hundreds of departments."""
    department, alias = Department.__table__, DepartmentAlias.__table__
    statement = sa.select(
        department.c.id,
        department.c.name,
        department.c.parent_id,
        department.c.valid_until,
        department.c.plain_name,
        alias.c.plain_name.label("plain_alias"),
    ).select_from(department.outerjoin(alias, alias.c.department_id == department.c.id))
    rows = {}
    names: dict[str, set[str]] = defaultdict(set)
    for row in connection.execute(statement):
        rows[row.id] = row
        names[row.id].add(row.plain_name)
        if row.plain_alias is not None:
            names[row.id].add(row.plain_alias)
    return DepartmentTree(
        (
            DepartmentNode(row.id, row.name, row.parent_id, row.valid_until, frozenset(names[key]))
            for key, row in rows.items()
        ),
        today,
    )


class ListedDepartments:
    """Reads the list anew at every call, so that a change elsewhere counts at once."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def resolve(self, text: str) -> frozenset[str] | None:
        """Return the department, those above and those below it, by name; None if unknown."""
        return self.tree().resolve(text)

    def names(self) -> list[str]:
        """Return the names of all departments that exist today, in order."""
        return self.tree().names()

    def tree(self, session: orm.Session | None = None) -> DepartmentTree:
        """Return the list as it is now, for many questions at the price of one.

        Args:
            session: whose changes count before they are committed; default: the page's session,
                or, where that has no transaction yet, a connection that is given back at once: a
                transaction left open would go on to see the list as it was (MariaDB).
        """
        today = local_today()
        if session is not None:
            return load_tree(session, today)
        scoped = self._storage.session()
        engine = self._storage.engine
        # the one connection of an SQLite database in memory is everybody's: closing it rolls back
        if scoped.in_transaction() or isinstance(engine.pool, StaticPool):
            return load_tree(scoped, today)
        with engine.connect() as connection:
            return load_tree(connection, today)


def present_departments(session: orm.Session, adapter: Departments | None = None) -> Departments:
    """Return the departments as `session` sees them; the programme's own list in one query.

    Args:
        session: whose changes count before they are committed.
        adapter: default: the app's.
    """
    adapter = current_runtime().departments if adapter is None else adapter
    return adapter.tree(session) if isinstance(adapter, ListedDepartments) else adapter


def department_names(session: orm.Session) -> list[str]:
    """Return the departments to choose from; none where the host's adapter lists none."""
    departments = present_departments(session)
    return list(departments.names()) if isinstance(departments, NamedDepartments) else []


def official_name(departments: Departments, name: str) -> str:
    """Return the name under which the list has a department, or else the name itself."""
    if isinstance(departments, DepartmentTree):
        return departments.name_of(name) or name
    return name
