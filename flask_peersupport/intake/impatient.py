"""Statements of ours in the host's transaction that wait for nobody who changes the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

#: MariaDB would wait for a lock on the table for a day, for one on a row for 50 s.
HURRY_MARIADB = "SET STATEMENT lock_wait_timeout = 0, innodb_lock_wait_timeout = 1 FOR "


def lock_at_once(table: str) -> str:
    """Return the statement without which PostgreSQL waits for whoever changes `table`."""
    return f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE NOWAIT"


def execute_at_once(
    connection: sa.Connection,
    table: str,
    statement: str,
    values: Mapping[str, Any],
    types: Mapping[str, Any] | None = None,
) -> None:
    """Execute fixed SQL text that writes to `table`; it fails rather than wait for an upgrade.

    A list among the values is for an `IN`; `types` say how values are stored.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(lock_at_once(table))
    is_mariadb = getattr(connection.dialect, "is_mariadb", False)
    text = sa.text(HURRY_MARIADB + statement if is_mariadb else statement)
    special: list[sa.BindParameter[Any]] = [
        sa.bindparam(name, expanding=True) for name in values if isinstance(values[name], list)
    ]
    special += [sa.bindparam(name, type_=kind) for name, kind in (types or {}).items()]
    connection.execute(text.bindparams(*special), dict(values))
