"""Writing the audit trail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from ..ports import MonthKey
from ..runtime import current_runtime
from ..values import Person
from ..vault import seal
from .models import AuditEntry

WORKER = "worker"
COMMAND = "command"


def pseudonym(key: MonthKey, who: Person | str) -> str:
    """Return the pseudonym of a person (by user id, or else e-mail) or of a vault row's id."""
    text = who if isinstance(who, str) else (who.user_id or who.email or who.name)
    return seal.mark(key, "audit", text)


def record(
    session: orm.Session,
    action: str,
    *,
    actor: Person | str,
    now: datetime,
    object_id: str | None = None,
    subject_id: str | None = None,
    detail: str | None = None,
) -> None:
    """Add one row; it is committed with what it is about.

    Args:
        session: the session of the change, or of the page.
        action: noun and verb, e.g. "request.accepted".
        actor: the person, or `WORKER` or `COMMAND`.
        now: aware.
        object_id: id of the thing.
        subject_id: id of the vault row of the person it is about.
        detail: a code.
    """
    key = current_runtime().keys.current(now)
    session.add(
        AuditEntry(
            at=now,
            month=key.month,
            actor=actor if isinstance(actor, str) else pseudonym(key, actor),
            action=action,
            object_id=object_id,
            subject=pseudonym(key, subject_id) if subject_id else None,
            detail=detail,
        )
    )
    session.flush()
