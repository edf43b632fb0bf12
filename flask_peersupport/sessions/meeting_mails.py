"""What the mails to those who lead a group are about, and who must not see that they went out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.actor import Actor
from ..clock import utc_now
from ..i18n import mark
from ..outbox.mails import Audience, MailContext, mail
from ..outbox.queries import bars_messages
from .models import ProgrammeSession
from .policy import Standing, follows_barred_report
from .states import SessionState


@mail(
    "group_support_planned", audience=Audience.SUPPORTER, label=mark("Support of a group planned")
)
def group_support_planned(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell a supporter when they lead a group; where and of whom is behind the sign-in."""
    meeting = session.get(ProgrammeSession, object_id)
    if meeting is None or meeting.state is not SessionState.PLANNED:
        return None
    return MailContext(f"/sessions/{meeting.id}", {"starts_at": meeting.starts_at})


@mail("group_support_off", audience=Audience.SUPPORTER, label=mark("Support of a group is off"))
def group_support_off(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell a supporter that they need not lead a group."""
    meeting = session.get(ProgrammeSession, object_id)
    if meeting is None:
        return None
    return MailContext("/sessions", {"starts_at": meeting.starts_at})


@bars_messages
def barred_sessions(
    session: orm.Session, actor: Actor, object_ids: Sequence[str]
) -> Collection[str]:
    """Return the sessions, by id, that follow a report of which this coordinator sees nothing."""
    standing = Standing(actor, (), utc_now())
    statement = sa.select(ProgrammeSession.id).where(
        ProgrammeSession.id.in_(object_ids), follows_barred_report(standing)
    )
    return session.scalars(statement).all()
