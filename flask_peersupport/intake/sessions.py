"""The host's sessions, looked at without touching them: nothing is opened, begun or flushed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, orm

from ..runtime import Runtime
from .writes import open_connections

_CONNECTIONS = "peersupport_connections"


def running_session(runtime: Runtime) -> orm.Session | None:
    """Return the host's session where it has one at work; none is made."""
    scoped = runtime.host_session
    return scoped() if scoped is not None and scoped.registry.has() else None


@contextmanager
def left_as_it_was(scoped: orm.scoped_session[Any]) -> Iterator[None]:
    """Take back the session that asking `scoped` something makes, where there was none before."""
    has_one = scoped.registry.has()
    try:
        yield
    finally:
        if not has_one:
            scoped.remove()


def quiet(session: orm.Session | None) -> AbstractContextManager[Any]:
    """Keep a session from flushing the host's half-built objects."""
    return session.no_autoflush if session is not None else nullcontext()


def connections_of(session: orm.Session) -> list[sa.Connection]:
    """Return the connections of the session's transaction, by database; often there is one."""
    found: list[sa.Connection] = session.info.get(_CONNECTIONS, [])
    return found


def reads_on(session: orm.Session, connection: sa.Connection) -> bool:
    """Return whether `connection` is one of the session's transaction."""
    return any(own is connection for own in connections_of(session))


def writing_connection(session: orm.Session | None) -> sa.Connection | None:
    """Return the connection on which something is written and not committed, if any.

    The session's own where it is one of them, else the one that was written on last.
    """
    found = open_connections()
    own = next((one for one in found if session is not None and reads_on(session, one)), None)
    return own or (found[-1] if found else None)


def _after_begin(session: orm.Session, transaction: object, connection: sa.Connection) -> None:
    if not reads_on(session, connection):
        session.info.setdefault(_CONNECTIONS, []).append(connection)


def _after_transaction_end(session: orm.Session, transaction: orm.SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_CONNECTIONS, None)


event.listen(orm.Session, "after_begin", _after_begin)
event.listen(orm.Session, "after_transaction_end", _after_transaction_end)
