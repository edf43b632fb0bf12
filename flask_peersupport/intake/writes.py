"""Which transactions of this thread hold writes that are not committed yet.

A report that is signalled while its transaction is open belongs into that transaction; one that
was committed before needs a transaction of its own. The engines' events tell which it is, also
for Core statements and for connections outside any session. What is kept goes with the
transaction: a command may run for hours.
"""

from __future__ import annotations

import re
import threading
import weakref
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from .endings import AtEnd, Ending

#: First words of statements that leave nothing to commit.
_READS = frozenset(
    {"SELECT", "VALUES", "TABLE", "SHOW", "DESC", "DESCRIBE", "EXPLAIN", "PRAGMA", "USE"}
    | {"BEGIN", "START", "SET", "LOCK", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT"}
)
_WRITES = re.compile(r"\b(insert|update|delete|merge|replace)\b", re.IGNORECASE)
_FIRST_WORD = re.compile(r"(?:\s|\(|/\*.*?\*/|--[^\n]*\n)*([A-Za-z]+)", re.DOTALL)


@dataclass(eq=False, slots=True)
class _Transaction:
    """The transaction of a connection in which something was written."""

    connection: weakref.ref[sa.Connection]
    endings: list[Ending] = field(default_factory=list)
    is_over: bool = False


class _Writes(threading.local):
    """What one thread has written and not committed, by the connection's identity."""

    def __init__(self) -> None:
        self.transactions: dict[int, _Transaction] = {}
        self.past: list[Ending] = []


_here = _Writes()


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
    found = (one.connection() for one in _here.transactions.values() if not one.is_over)
    return [one for one in found if one is not None and not one.closed and one.in_transaction()]


def follow_connection(connection: sa.Connection, at_end: AtEnd | None = None) -> Ending:
    """Return what will say whether the open transaction of `connection` is committed.

    For connections outside a session. `at_end` is called when the app context ends. A savepoint
    that is rolled back after this counts as the end of what was written, since nobody says which
    one it was.
    """
    ending = Ending(at_end=at_end)
    found = _transaction_of(connection)
    if found is not None:
        found.endings.append(ending)
    return ending


def end_context() -> None:
    """Call what waits for the end of a connection's transaction."""
    _put_aside_what_is_over()
    ended, _here.past = _here.past, []
    for ending in ended:
        if ending.at_end is not None:
            ending.at_end(ending.is_committed)


def _is_write(statement: str, context: Any) -> bool:
    """Return whether a statement may write; one in doubt does."""
    if context is not None and context.compiled is not None and not context.is_text:
        return bool(context.isinsert or context.isupdate or context.isdelete)
    found = _FIRST_WORD.match(statement)
    word = found[1].upper() if found else ""
    if word == "WITH":
        return _WRITES.search(statement) is not None
    return word not in _READS


def _before_cursor_execute(
    conn: sa.Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> None:
    if _is_write(statement, context) and _transaction_of(conn) is None:
        _put_aside_what_is_over()
        _here.transactions[id(conn)] = _Transaction(weakref.ref(conn))


def _transaction_of(conn: sa.Connection) -> _Transaction | None:
    found = _here.transactions.get(id(conn))
    if found is not None and found.connection() is not conn:  # its id was used again
        _put_aside(id(conn))
        return None
    return found


def _put_aside(key: int) -> None:
    """Forget a transaction; what waits for its end goes on waiting for the context's."""
    found = _here.transactions.pop(key)
    _here.past.extend(one for one in found.endings if one.has_ended and one.at_end is not None)


def _put_aside_what_is_over() -> None:
    for key, one in list(_here.transactions.items()):
        if one.is_over or one.connection() is None:
            _put_aside(key)


def _begin(conn: sa.Connection) -> None:
    """Put the transaction before aside: a rollback from now on is not its own."""
    if _transaction_of(conn) is not None:
        _put_aside(id(conn))


def _commit(conn: sa.Connection) -> None:
    """Note the commit, which is about to be sent; one that fails is followed by a rollback."""
    _end(conn, is_committed=True)


def _rollback(conn: sa.Connection) -> None:
    _end(conn, is_committed=False)


def _end(conn: sa.Connection, *, is_committed: bool) -> None:
    found = _transaction_of(conn)
    if found is None:
        return
    found.is_over = True
    for ending in found.endings:
        ending.has_ended = True
        ending.is_committed = is_committed and not ending.is_undone
    if not found.endings or not is_committed:
        _put_aside(id(conn))


def _rollback_savepoint(conn: sa.Connection, name: str, context: None) -> None:
    found = _transaction_of(conn)
    for ending in found.endings if found is not None else ():
        ending.is_undone = True
