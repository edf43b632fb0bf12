"""What the mails about becoming a supporter are about; registered by being imported."""

from __future__ import annotations

from sqlalchemy import orm

from ..i18n import mark
from ..outbox.mails import Audience, MailContext, mail
from .models import Supporter
from .states import ACTIVE, SupporterState


@mail("supporter_invited", audience=Audience.PARTICIPANT, label=mark("Invitation to a supporter"))
def supporter_invited(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Invite somebody; not any more when they have answered by the time of sending."""
    supporter = session.get(Supporter, object_id)
    if supporter is None or supporter.state is not SupporterState.INVITED:
        return None
    if supporter.accepted_at is not None:
        return None
    return MailContext("/invitation", {"has_account": supporter.has_account})


@mail("supporter_appointed", audience=Audience.PARTICIPANT, label=mark("Appointed as a supporter"))
def supporter_appointed(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell somebody that they are a supporter from now on."""
    supporter = session.get(Supporter, object_id)
    if supporter is None or supporter.state not in ACTIVE:
        return None
    return MailContext("/supporters/me", {"has_account": supporter.has_account})
