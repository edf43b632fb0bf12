"""What the mails around an analysis meeting are about; registered by being imported (P20)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import orm

from ..clock import utc_now
from ..i18n import mark
from ..outbox.mails import Audience, MailContext, mail
from .analysis_telling import TO_COLLEAGUE, TO_COORDINATORS, TO_SUPPORTER, may_be_told
from .mails import to_holder
from .models import AnalysisMeeting, InvolvedRecord, ReachOut
from .states import TAKEN


@mail(TO_COLLEAGUE, audience=Audience.COLLEAGUE, label=mark("You can talk to someone, once more"))
def once_more(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell somebody involved that they can talk to someone; not who wants no more by now."""
    involved = session.get(InvolvedRecord, object_id)
    if involved is None:
        return None
    statement = sa.select(ReachOut).where(ReachOut.involved_id == involved.id)
    reach_out = session.scalar(statement)
    if not may_be_told(session, involved, reach_out, now=utc_now()):
        return None
    return MailContext("/mine")


@mail(TO_SUPPORTER, audience=Audience.SUPPORTER, label=mark("Call a colleague once more"))
def call_once_more(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Ask the supporter who has a reach-out to call once more."""
    reach_out = session.get(ReachOut, object_id)
    if reach_out is None or reach_out.state not in TAKEN:
        return None
    return to_holder(reach_out, {})


@mail(
    TO_COORDINATORS,
    audience=Audience.COORDINATOR,
    label=mark("Colleagues to be called once more"),
)
def calls_once_more(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Ask a coordinator to see who calls those whom mail cannot reach."""
    meeting = session.get(AnalysisMeeting, object_id)
    return None if meeting is None else MailContext(f"/analysis/{meeting.id}")
