"""Why a supporter said no to one colleague: sealed, so that only matching can tell a conflict."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import orm

from ..db import new_id
from ..errors import KeyringError
from ..ports import Keys, MonthKey
from ..runtime import current_runtime
from ..values import Person
from ..vault import persons, seal
from .models import Declaration

CONFLICT = "conflict"
#: Bytes before sealing, the same for every reason, so that the length tells nothing.
_LENGTH = 48


def seal_reason(key: MonthKey, declaration_id: str, reason: str) -> bytes:
    """Seal why a supporter said no, in a constant length."""
    content = seal.to_json({"reason": reason})
    if len(content) > _LENGTH:
        raise ValueError("a reason is a short code")
    return seal.seal(key, f"declaration {declaration_id}", content.ljust(_LENGTH))


def open_reason(keys: Keys, declaration_id: str, month: str, sealed: bytes) -> str:
    """Return why a supporter said no.

    Raises:
        KeyringError: the month's key is missing, or does not fit.
    """
    content = seal.unseal(keys.get(month), f"declaration {declaration_id}", sealed)
    return str(json.loads(content)["reason"])


def is_conflict(keys: Keys, declaration_id: str, month: str, sealed: bytes) -> bool:
    """Return whether a declaration tells of a conflict (P10); what cannot be read counts as one."""
    try:
        return open_reason(keys, declaration_id, month, sealed) == CONFLICT
    except KeyringError:
        return True


def declare(
    session: orm.Session, supporter_id: str, person: Person, reason: str, now: datetime
) -> list[Declaration]:
    """Write that a supporter said no to a colleague: one row a fingerprint of the colleague.

    Written for every reason, so that a row reveals nothing. Nothing is written for a colleague
    without user id and e-mail address: there is nothing to know them again by.

    Args:
        session: flushed, not committed, here.
        supporter_id: who said no.
        person: to whom.
        reason: a code; "conflict" rules the supporter out for this colleague from now on.
        now: aware; the present month's key seals.
    """
    key = current_runtime().keys.current(now)
    marks = persons.user_marks([key], person) + persons.email_marks([key], person)
    rows = []
    for mark in marks:
        row = Declaration(id=new_id(), supporter_id=supporter_id, mark=mark, month=key.month)
        row.sealed_reason = seal_reason(key, row.id, reason)
        rows.append(row)
    session.add_all(rows)
    session.flush()
    return rows
