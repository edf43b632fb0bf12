"""Which transactions of this app context hold writes that are not committed yet.

A report that is signalled while its transaction is open belongs into that transaction; one that
was committed before needs a transaction of its own. The engines' events tell which it is, also
for Core statements and for connections outside any session.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import g, has_app_context
from sqlalchemy import event

from .endings import AtEnd, Ending

_KEY = "_peersupport_writes"
#: First words of statements that leave nothing to commit.
_READS = frozenset(
    {"SELECT", "SHOW", "PRAGMA", "EXPLAIN", "BEGIN", "START", "SET", "LOCK"}
    | {"SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT"}
)
_WRITES = re.compile(r"\b(insert|update|delete|merge|replace)\b", re.IGNORECASE)


@dataclass(eq=False, slots=True)
class _Transaction:
    """The transaction of a connection in which something was written."""

    connection: sa.Connection
    endings: list[Ending] = field(default_factory=list)
    is_over: bool = False


@dataclass(eq=False, slots=True)
class _Writes:
    """What one app context has written, by the connection's identity."""

    transactions: dict[int, _Transaction] = field(default_factory=dict)
    past: list[Ending] = field(default_factory=list)


def watch_writes(engine: sa.Engine) -> None:
    """Notice from now on what is written and committed on the connections of `engine`."""
    if event.contains(engine, "before_cursor_execute", _before_cursor_execute):
        return
    event.listen(engine, "before_cursor_execute", _before_cursor_execute)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "commit", _commit)
    event.listen(engine, "rollback", _rollback)
    event.listen(engine, "rollback_savepoint", _rollback_savepoint)


def open_connections() -> list[sa.Connection]:
    """Return the connections on which something is written and not committed; newest last."""
    found = (one.connection for one in _here().transactions.values() if not one.is_over)
    return [one for one in found if not one.closed and one.in_transaction()]


def follow_connection(connection: sa.Connection, at_end: AtEnd | None = None) -> Ending:
    """Return what will say whether the open transaction of `connection` is committed.

    For connections outside a session. `at_end` is called when the app context ends. A savepoint
    that is rolled back after this counts as the end of what was written, since nobody says which
    one it was.
    """
    ending = Ending(at_end=at_end)
    found = _here().transactions.get(id(connection))
    if found is not None:
        found.endings.append(ending)
    return ending


def end_context() -> None:
    """Call what waits for the end of a connection's transaction, and forget all."""
    here: _Writes | None = g.pop(_KEY, None)
    if here is None:
        return
    endings = [ending for one in here.transactions.values() for ending in one.endings]
    for ending in (*here.past, *endings):
        if ending.at_end is not None and ending.has_ended:
            ending.at_end(ending.is_committed)


def _here() -> _Writes:
    found: _Writes | None = g.get(_KEY)
    if found is None:
        found = _Writes()
        setattr(g, _KEY, found)
    return found


def _is_write(statement: str, context: Any) -> bool:
    """Return whether a statement may write; one in doubt does."""
    if context is not None and context.compiled is not None and not context.is_text:
        return bool(context.isinsert or context.isupdate or context.isdelete)
    words = statement[:40].split(None, 1)
    first = words[0].upper().rstrip(";") if words else ""
    if first == "WITH":
        return _WRITES.search(statement) is not None
    return first not in _READS


def _before_cursor_execute(
    conn: sa.Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> None:
    if _is_write(statement, context) and has_app_context():
        transactions = _here().transactions
        if id(conn) not in transactions:
            transactions[id(conn)] = _Transaction(conn)


def _transaction_of(conn: sa.Connection) -> _Transaction | None:
    here: _Writes | None = g.get(_KEY) if has_app_context() else None
    return here.transactions.get(id(conn)) if here is not None else None


def _begin(conn: sa.Connection) -> None:
    """Put the transaction before aside: a rollback from now on is not its own."""
    found = _transaction_of(conn)
    if found is not None:
        here = _here()
        here.past.extend(found.endings)
        del here.transactions[id(conn)]


def _commit(conn: sa.Connection) -> None:
    """Note the commit, which is about to be sent; one that fails is followed by a rollback."""
    _end(conn, is_committed=True)


def _rollback(conn: sa.Connection) -> None:
    _end(conn, is_committed=False)


def _end(conn: sa.Connection, *, is_committed: bool) -> None:
    found = _transaction_of(conn)
    if found is not None:
        found.is_over = True
        for ending in found.endings:
            ending.has_ended = True
            ending.is_committed = is_committed and not ending.is_undone


def _rollback_savepoint(conn: sa.Connection, name: str, context: None) -> None:
    found = _transaction_of(conn)
    for ending in found.endings if found is not None else ():
        ending.is_undone = True
