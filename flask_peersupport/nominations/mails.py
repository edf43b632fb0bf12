"""What the mails about nomination rounds are about; registered by being imported."""

from __future__ import annotations

from sqlalchemy import orm

from ..i18n import mark
from ..outbox.mails import Audience, MailContext, mail
from .actions import MAIL
from .models import NominationRound
from .states import RoundState


@mail(MAIL, audience=Audience.PARTICIPANT, label=mark("Question in a nomination round"))
def nomination_asked(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Ask somebody who was invited by name; not any more once the round has closed."""
    nomination_round = session.get(NominationRound, object_id)
    if nomination_round is None or nomination_round.state is not RoundState.OPEN:
        return None
    values = {"closes_on": nomination_round.closes_on, "max_names": nomination_round.max_names}
    path = f"/nominations/{nomination_round.id}"
    return MailContext(path, values, until=nomination_round.due_at)
