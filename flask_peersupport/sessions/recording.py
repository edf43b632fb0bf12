"""When something can be noted about a session: once it has begun, for good."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from ..errors import InvalidInput
from ..i18n import gettext as _
from .models import ProgrammeSession
from .rules import can_note
from .states import SessionKind


def has_begun(meeting: ProgrammeSession, now: datetime) -> bool:
    """Return whether a session has begun, and was not called off."""
    return can_note(meeting.state, meeting.starts_at, now).ok


def check_begun(meeting: ProgrammeSession, kinds: Collection[SessionKind], now: datetime) -> None:
    """Raise InvalidInput unless this is a session of one of `kinds` that has begun."""
    if meeting.kind not in kinds:
        raise InvalidInput(_("This cannot be noted with a session of this kind."))
    verdict = can_note(meeting.state, meeting.starts_at, now)
    if not verdict.ok:
        raise InvalidInput(verdict.message)
