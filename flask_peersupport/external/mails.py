"""The mail with a new link, for who asked for one; registered by being imported."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from ..i18n import mark
from ..outbox.mails import Audience, MailContext, mail
from ..reachouts.models import SupportRequest
from ..reachouts.policy import has_taken
from ..reachouts.states import RequestState
from .tokens import make_path


@mail("external_link", audience=Audience.SUPPORTER, label=mark("New link for a supporter"))
def external_link(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Send a link for what waits for a supporter, or say that nothing does."""
    if object_id is None:
        return MailContext(None, {"way": "none", "is_open": False})
    request = session.get(SupportRequest, object_id)
    if request is None or not request.supporter.is_let_in_by_code:
        return None
    is_asked = request.state is RequestState.ASKED
    if not is_asked and not has_taken(request.supporter, request.reach_out):
        return None

    def make(session: orm.Session, now: datetime) -> str:
        return make_path(session, object_id, now)

    return MailContext(
        None,
        {"way": "code", "is_open": True},
        until=request.answer_due_at if is_asked else None,
        make_path=make,
    )
