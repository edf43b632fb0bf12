"""What the mails about requests and reach-outs are about; registered by being imported."""

from __future__ import annotations

from sqlalchemy import orm

from ..outbox.mails import MailContext, mail
from .models import ReachOut, SupportRequest
from .states import TAKEN, ReachOutState, RequestState


@mail("supporter_asked")
def supporter_asked(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Ask a supporter; not any more when the request is closed by the time of sending."""
    request = session.get(SupportRequest, object_id)
    if request is None or request.state is not RequestState.ASKED:
        return None
    return MailContext(f"/requests/{request.id}", {"deadline": request.answer_due_at})


@mail("request_closed")
def request_closed(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Thank a supporter whose request has ended, or who has the reach-out no longer."""
    return MailContext("/requests")


@mail("answer_noted")
def answer_noted(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell a supporter that their yes by telephone was noted."""
    reach_out = session.get(ReachOut, object_id)
    if reach_out is None or reach_out.state not in TAKEN:
        return None
    values = {"is_accepted": True, "deadline": reach_out.contact_due_at}
    return MailContext(f"/reach-outs/{reach_out.id}", values)


@mail("contact_reminder")
def contact_reminder(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Remind a supporter of the first contact."""
    reach_out = session.get(ReachOut, object_id)
    if reach_out is None or reach_out.state is not ReachOutState.ACCEPTED:
        return None
    deadline = reach_out.contact_due_at or reach_out.urgent_at
    return MailContext(f"/reach-outs/{reach_out.id}", {"deadline": deadline})


@mail("follow_up_due")
def follow_up_due(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Remind a supporter of a planned follow-up, or of a reach-out that went quiet."""
    reach_out = session.get(ReachOut, object_id)
    if reach_out is None or reach_out.state not in TAKEN:
        return None
    return MailContext(f"/reach-outs/{reach_out.id}")


@mail("attention")
def attention(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell a coordinator that something waits for a decision."""
    reach_out = session.get(ReachOut, object_id)
    if reach_out is None or reach_out.state is not ReachOutState.NEEDS_COORDINATOR:
        return None
    return MailContext(f"/reach-outs/{reach_out.id}")


@mail("overdue")
def overdue(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell a coordinator that a contact is late."""
    reach_out = session.get(ReachOut, object_id)
    if reach_out is None or reach_out.state not in TAKEN:
        return None
    return MailContext(f"/reach-outs/{reach_out.id}")
