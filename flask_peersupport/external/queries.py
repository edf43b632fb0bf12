"""Reading: who may come in with a code, and how often that was tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..supporters.models import Supporter
from . import rules
from .models import ExternalCode


@dataclass(frozen=True, slots=True)
class CodeView:
    """What a coordinator sees of a code; never the code.

    Attributes:
        set_at: when it was agreed on.
        wrong_count: wrong codes that still count.
        locked_until: until when no code is right; None: it is not locked.
    """

    set_at: datetime
    wrong_count: int
    locked_until: datetime | None


def view_of(code: ExternalCode, now: datetime) -> CodeView:
    """Return what a coordinator sees of a code now."""
    count, since = rules.counted(code.wrong_count, code.wrong_since, rules.WRONG_WITHIN, now)
    is_locked = since is not None and count >= rules.MOST_WRONG
    return CodeView(
        set_at=code.set_at,
        wrong_count=count,
        locked_until=since + rules.WRONG_WITHIN if since is not None and is_locked else None,
    )


def supporter_with(session: orm.Session, person_ids: Sequence[str]) -> Supporter | None:
    """Return the supporter with a code who is one of these persons; None: there is none."""
    if not person_ids:
        return None
    statement = (
        sa.select(Supporter)
        .where(Supporter.person_id.in_(person_ids), Supporter.has_code.is_(True))
        .order_by(Supporter.created_at, Supporter.id)
        .limit(1)
    )
    return session.scalar(statement)
