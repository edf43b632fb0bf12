"""Whether the host's transaction, in which one of its reports was written, was committed.

The events of the session and of the engine tell it, without a statement. `after_commit` also fires
when a savepoint is released, and a savepoint that is rolled back undoes the report although the
host commits later; so the savepoints around the report are remembered with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import event, orm

AtEnd = Callable[[bool], None]
_FOLLOWED = "peersupport_followed"


@dataclass(eq=False, slots=True)
class Ending:
    """How the transaction ended in which a report was written.

    Attributes:
        is_committed: whether the host's commit was seen.
        has_ended: whether its end was seen, either way.
        at_end: called once with `is_committed`, after the outermost transaction has ended.
        transactions: the savepoints around the report; with one of them it is undone.
        is_undone: whether that happened.
    """

    is_committed: bool = False
    has_ended: bool = False
    at_end: AtEnd | None = None
    transactions: tuple[orm.SessionTransaction, ...] = ()
    is_undone: bool = False


def committed() -> Ending:
    """Return the ending of what is committed already."""
    return Ending(is_committed=True, has_ended=True)


def follow(session: orm.Session | None, at_end: AtEnd | None = None) -> Ending:
    """Return what will say whether that which `session` writes just now is committed."""
    ending = Ending(at_end=at_end)
    if session is not None:
        ending.transactions = _savepoints(session)
        _followed(session).append(ending)
    return ending


def _savepoints(session: orm.Session) -> tuple[orm.SessionTransaction, ...]:
    found = []
    at = session.get_nested_transaction()
    while at is not None:
        found.append(at)
        at = at.parent
    return tuple(found)


def _followed(session: orm.Session) -> list[Ending]:
    found: list[Ending] = session.info.setdefault(_FOLLOWED, [])
    return found


def _after_commit(session: orm.Session) -> None:
    if _FOLLOWED in session.info and not session.in_nested_transaction():
        for ending in _followed(session):
            ending.is_committed = not ending.is_undone


def _after_soft_rollback(session: orm.Session, previous: orm.SessionTransaction) -> None:
    if _FOLLOWED in session.info:
        for ending in _followed(session):
            ending.is_undone = ending.is_undone or previous in ending.transactions


def _after_transaction_end(session: orm.Session, transaction: orm.SessionTransaction) -> None:
    if transaction.parent is not None or _FOLLOWED not in session.info:
        return
    for ending in session.info.pop(_FOLLOWED):
        ending.transactions = ()
        ending.has_ended = True
        if ending.at_end is not None:
            ending.at_end(ending.is_committed)


# for all sessions at once: to listen to each request's own costs more than all the rest (B1)
event.listen(orm.Session, "after_commit", _after_commit)
event.listen(orm.Session, "after_soft_rollback", _after_soft_rollback)
event.listen(orm.Session, "after_transaction_end", _after_transaction_end)
