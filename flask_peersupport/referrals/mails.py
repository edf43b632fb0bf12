"""The mails about concerns, and to whom they go; registered by being imported."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from ..i18n import mark
from ..outbox.actions import enqueue_once
from ..outbox.mails import Audience, MailContext, mail
from ..reachouts.notices import coordinators_to_tell
from ..values import Person
from .concern_queries import is_barred_from_concern
from .models import Concern
from .states import UNDECIDED, ConcernState

CONCERN_RAISED = "concern_raised"
CONCERN_DUE = "concern_due"


def tell_of_concern(
    session: orm.Session, template: str, concern: Concern, *, now: datetime
) -> None:
    """Mail every coordinator who may see a concern; nobody: ESCALATION_ADDRESS, no case."""

    def is_kept_out(person: Person) -> bool:
        return is_barred_from_concern(session, person, concern, now)

    for person in coordinators_to_tell(session, is_kept_out, now=now):
        enqueue_once(session, template, to=person, object_id=concern.id, now=now)


@mail(CONCERN_RAISED, audience=Audience.COORDINATOR, label=mark("Concern about a colleague"))
def concern_raised(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Tell a coordinator of a concern; not any more where it is decided on."""
    concern = session.get(Concern, object_id)
    if concern is None or concern.state not in UNDECIDED:
        return None
    return MailContext(f"/concerns/{concern.id}")


@mail(CONCERN_DUE, audience=Audience.COORDINATOR, label=mark("Concern brought up again"))
def concern_due(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Bring a concern up again; not any more where it is decided on or waits once more."""
    concern = session.get(Concern, object_id)
    if concern is None or concern.state is not ConcernState.OPEN:
        return None
    return MailContext(f"/concerns/{concern.id}")
