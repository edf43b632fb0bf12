"""What the mails about requests and reach-outs are about; registered by being imported."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import orm

from ..i18n import mark
from ..outbox.mails import Audience, MailContext, mail
from ..runtime import current_runtime
from ..supporters.models import Supporter
from .models import ReachOut, SupportRequest
from .states import TAKEN, ReachOutState, RequestState


@mail("supporter_asked")
def supporter_asked(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Ask a supporter; not any more when the request is closed by the time of sending."""
    request = session.get(SupportRequest, object_id)
    if request is None or request.state is not RequestState.ASKED:
        return None
    if not request.supporter.is_asked_by_mail:
        return None  # their code was taken away since: a coordinator calls them
    values = {"deadline": request.answer_due_at}
    return _to_supporter(request.supporter, request.id, f"/requests/{request.id}", values)


@mail("request_closed")
def request_closed(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Thank a supporter whose request has ended, or who has the reach-out no longer."""
    return MailContext("/requests")


@mail(
    "request_closed_outside",
    audience=Audience.SUPPORTER,
    label=mark("Question closed, thank you (without an account)"),
)
def request_closed_outside(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Thank a supporter without an account, who is led nowhere."""
    return MailContext(None, {"way": "none"})


@mail("answer_noted")
def answer_noted(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell a supporter that their yes by telephone was noted."""
    reach_out = session.get(ReachOut, object_id)
    if reach_out is None or reach_out.state not in TAKEN:
        return None
    values = {"is_accepted": True, "deadline": reach_out.contact_due_at}
    return to_holder(reach_out, values)


@mail("contact_reminder")
def contact_reminder(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Remind a supporter of the first contact."""
    reach_out = session.get(ReachOut, object_id)
    if reach_out is None or reach_out.state is not ReachOutState.ACCEPTED:
        return None
    deadline = reach_out.contact_due_at or reach_out.urgent_at
    return to_holder(reach_out, {"deadline": deadline})


@mail("follow_up_due")
def follow_up_due(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Remind a supporter of a planned follow-up, or of a reach-out that went quiet."""
    reach_out = session.get(ReachOut, object_id)
    if reach_out is None or reach_out.state not in TAKEN:
        return None
    return to_holder(reach_out, {})


@mail(
    "offer_changed",
    audience=Audience.SUPPORTER,
    label=mark("The colleague chose another moment or way"),
)
def offer_changed(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell a supporter to look before the call."""
    reach_out = session.get(ReachOut, object_id)
    if reach_out is None or reach_out.state not in TAKEN:
        return None
    return to_holder(reach_out, {})


def to_holder(reach_out: ReachOut, values: Mapping[str, object]) -> MailContext:
    """Lead the supporter who has a reach-out to its call card."""
    path = f"/reach-outs/{reach_out.id}"
    accepted = next((r for r in reach_out.requests if r.state is RequestState.ACCEPTED), None)
    if reach_out.supporter is None or accepted is None:
        return MailContext(path, values)
    return _to_supporter(reach_out.supporter, accepted.id, path, values)


def _to_supporter(
    supporter: Supporter, request_id: str, path: str, values: Mapping[str, object]
) -> MailContext:
    """Lead a supporter behind the sign-in; who has no account, to where their code lets them in."""
    make_path = current_runtime().make_external_path
    if supporter.has_account:
        return MailContext(path, values)
    if not supporter.is_let_in_by_code or make_path is None:
        return MailContext(None, {**values, "way": "telephone"})

    def make(session: orm.Session, now: datetime) -> str:
        return make_path(session, request_id, now)

    return MailContext(None, {**values, "way": "code"}, make_path=make)


@mail("attention")
def attention(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell a coordinator that something waits for a decision."""
    reach_out = session.get(ReachOut, object_id)
    if reach_out is None or reach_out.state is not ReachOutState.NEEDS_COORDINATOR:
        return None
    return MailContext(f"/reach-outs/{reach_out.id}")


@mail("call_me", audience=Audience.COORDINATOR, label=mark("A supporter asks for a call"))
def call_me(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell a coordinator that a supporter would like to be called; not any more once they were."""
    reach_out = session.get(ReachOut, object_id)
    if reach_out is None or reach_out.call_wanted_at is None:
        return None
    return MailContext(f"/reach-outs/{reach_out.id}", {"since": reach_out.call_wanted_at})


@mail("overdue")
def overdue(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell a coordinator that a contact is late."""
    reach_out = session.get(ReachOut, object_id)
    if reach_out is None or reach_out.state not in TAKEN:
        return None
    return MailContext(f"/reach-outs/{reach_out.id}")
