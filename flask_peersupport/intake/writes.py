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
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, orm

from .endings import AtEnd, Ending, follow

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
    transaction: weakref.ref[sa.RootTransaction]
    endings: list[Ending] = field(default_factory=list)

    def is_of(self, conn: sa.Connection) -> bool:
        """Return whether this is the transaction in which `conn` is just now."""
        return self.connection() is conn and conn.get_transaction() is self.transaction()

    def open_connection(self) -> sa.Connection | None:
        """Return the connection while the transaction is open."""
        conn = self.connection()
        is_open = conn is not None and not conn.closed and conn.in_transaction()
        return conn if conn is not None and is_open and self.is_of(conn) else None


class _Writes(threading.local):
    """What one thread has written and not committed, by the connection's identity."""

    def __init__(self) -> None:
        self.transactions: dict[int, _Transaction] = {}
        self.past: list[Ending] = []


_here = _Writes()
#: The dialects of the engines that are watched.
_watched: weakref.WeakSet[sa.Dialect] = weakref.WeakSet()


def watch_writes(engine: sa.Engine) -> None:
    """Notice from now on what is written on the connections of `engine`.

    By the events of its dialect: those of the engine itself would slow down every statement of
    the host (B1).
    """
    if engine.dialect in _watched:
        return
    _watched.add(engine.dialect)
    event.listen(engine, "do_execute", _do_execute)
    event.listen(engine, "do_executemany", _do_execute)
    event.listen(engine, "do_execute_no_params", _do_execute_no_params)


def open_connections() -> list[sa.Connection]:
    """Return the connections on which something is written and not committed; newest last."""
    found = (one.open_connection() for one in _here.transactions.values())
    return [one for one in found if one is not None]


def follow_transaction(
    session: orm.Session | None, connection: sa.Connection, at_end: AtEnd | None = None
) -> Ending:
    """Return what will say whether that which is written on `connection` just now is committed.

    Args:
        session: whose connection it is; None: nobody's.
        connection: in a transaction.
        at_end: called once with the answer.
    """
    return follow(session, at_end) if session else follow_connection(connection, at_end)


def follow_connection(connection: sa.Connection, at_end: AtEnd | None = None) -> Ending:
    """Return what will say whether the open transaction of `connection` is committed.

    For connections outside a session. `at_end` is called when the app context ends. A savepoint
    that is rolled back after this counts as the end of what was written, since nobody says which
    one it was.
    """
    ending = Ending(at_end=at_end)
    found = _transaction_of(connection)
    if found is None:
        return ending
    if not found.endings:
        _listen_to_end(connection, found)
    found.endings.append(ending)
    return ending


def _listen_to_end(connection: sa.Connection, found: _Transaction) -> None:
    """Hear how a transaction ends: of the commit just before it is sent."""

    def end(conn: sa.Connection, *, is_committed: bool) -> None:
        if found.is_of(conn):
            for ending in found.endings:
                ending.has_ended = True
                ending.is_committed = is_committed and not ending.is_undone

    def undo(conn: sa.Connection, name: str, context: None) -> None:
        for ending in found.endings if found.is_of(conn) else ():
            ending.is_undone = True

    event.listen(connection, "commit", partial(end, is_committed=True))
    event.listen(connection, "rollback", partial(end, is_committed=False))
    event.listen(connection, "rollback_savepoint", undo)


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


def _do_execute(cursor: Any, statement: str, parameters: Any, context: Any) -> None:
    if not _is_write(statement, context):
        return
    conn: sa.Connection = context.root_connection
    transaction = conn.get_transaction()
    if transaction is not None and _transaction_of(conn) is None:
        _put_aside_what_is_over()
        found = _Transaction(weakref.ref(conn), weakref.ref(transaction))
        _here.transactions[id(conn)] = found


def _do_execute_no_params(cursor: Any, statement: str, context: Any) -> None:
    _do_execute(cursor, statement, None, context)


def _transaction_of(conn: sa.Connection) -> _Transaction | None:
    found = _here.transactions.get(id(conn))
    return found if found is not None and found.is_of(conn) else None


def _put_aside_what_is_over() -> None:
    """Forget what has ended; what waits for its end goes on waiting for the context's."""
    for key, one in list(_here.transactions.items()):
        if one.open_connection() is None:
            del _here.transactions[key]
            _here.past.extend(e for e in one.endings if e.has_ended and e.at_end is not None)
