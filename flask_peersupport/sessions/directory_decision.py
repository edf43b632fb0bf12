"""The directory is a decision of the group, taken in a follow-up meeting that was held (P27)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from ..errors import InvalidInput
from ..i18n import gettext as _
from ..runtime import local_date
from ..supporters.directory import decide_directory
from ..supporters.directory_rules import MODE_LABELS, DirectoryMode
from ..values import Person
from .lifecycle import hold
from .models import Resolution
from .recording import check_begun
from .resolutions import ResolutionDetails, add_resolution
from .states import SessionKind, SessionState


def decide_in_meeting(
    session: orm.Session,
    session_id: str,
    mode: DirectoryMode,
    *,
    actor: Person | str,
    now: datetime,
) -> Resolution:
    """Note what the group decided about the directory, and let it hold from now on.

    Args:
        session: not committed here.
        session_id: of a follow-up meeting.
        mode: what was decided.
        actor: who leads or records the meeting.
        now: aware.

    Raises:
        InvalidInput: it is no follow-up meeting, or nobody has noted yet that it was held.
    """
    meeting = hold(session, session_id)
    check_begun(meeting, {SessionKind.FOLLOW_UP_MEETING}, now)
    if meeting.state is not SessionState.HELD:
        raise InvalidInput(_("Note first who came: the group decides in a meeting that was held."))
    decided_on = local_date(meeting.starts_at)
    text = _("The directory: %(decision)s.", decision=_(MODE_LABELS[mode]))
    details = ResolutionDetails(text, is_decision=True)
    resolution = add_resolution(session, meeting, details, actor=actor, now=now)
    resolution.done_on = decided_on
    session.flush()
    decide_directory(
        session, mode, decided_on=decided_on, session_id=meeting.id, actor=actor, now=now
    )
    return resolution
