"""People on their way to becoming a supporter, for tests."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.outbox.models import Message, MessageState
from flask_peersupport.supporters.actions import SupporterDetails, add_supporter
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from tests.supporters.conftest import NOW
from tests.supporters.host import NURSE


def create_candidate(
    session: orm.Session,
    state: SupporterState = SupporterState.NOMINATED,
    person: Person = NURSE,
    **more: object,
) -> Supporter:
    """Put somebody on the roster, and forget that this was audited."""
    details = SupporterDetails(profession="nurse", departments=("IC",))
    supporter = add_supporter(
        session,
        person,
        details,
        state=state,
        actor="command",
        now=NOW,
        **more,  # type: ignore[arg-type]
    )
    session.commit()
    return supporter


def audited(session: orm.Session) -> list[tuple[str, str | None]]:
    """Return what was audited, but for the additions to the roster."""
    rows = session.execute(
        sa.select(AuditEntry.action, AuditEntry.detail)
        .where(AuditEntry.action != "supporter.added")
        .order_by(AuditEntry.id)
    )
    return [(action, detail) for action, detail in rows]


def waiting_mail(session: orm.Session) -> list[tuple[str, str | None]]:
    """Return the mails that wait to be sent: their name, and what they are about."""
    rows = session.execute(
        sa.select(Message.template, Message.object_id)
        .where(Message.state == MessageState.WAITING)
        .order_by(Message.template, Message.object_id)
    )
    return [(template, object_id) for template, object_id in rows]
