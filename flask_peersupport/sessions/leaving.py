"""Somebody leaves the hospital: their places go to others, their sessions need another trainer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from .planning import leave_training
from .signing_up import leave_sessions


def leave_programme(session: orm.Session, person_id: str, now: datetime) -> None:
    """See to the coming sessions of somebody whom the host has removed.

    What they attended stays in the lists of those days.

    Args:
        session: not committed here.
        person_id: the vault row, whose account is about to be cut.
        now: aware.
    """
    leave_sessions(session, person_id, now)
    leave_training(session, person_id, now)
