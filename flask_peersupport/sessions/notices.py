"""Telling trainers and coordinators what waits for them, and what these mails are about."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from ..i18n import mark
from ..outbox.actions import enqueue
from ..outbox.mails import Audience, MailContext, mail
from ..reachouts.barring import is_barred_from_report
from ..runtime import current_runtime
from ..values import Person
from ..vault.models import PersonRecord
from ..vault.persons import is_same_person
from .models import ProgrammeSession
from .states import KIND_LABELS, SessionKind, SessionState

NEEDS_TRAINER = "session_needs_trainer"


def tell_of_missing_trainer(
    session: orm.Session, programme_session: ProgrammeSession, *, leaving_id: str, now: datetime
) -> None:
    """Mail the coordinators and the trainers that nobody leads a session any more.

    Args:
        session: not committed here.
        programme_session: which.
        leaving_id: the vault row of who led it; they are not asked to see to it.
        now: aware.
    """
    leaving = session.get_one(PersonRecord, leaving_id).person
    told: list[Person] = []
    for person in _who_plan(session, programme_session, now):
        if not any(is_same_person(person, other) for other in (leaving, *told)):
            enqueue(session, NEEDS_TRAINER, to=person, object_id=programme_session.id, now=now)
            told.append(person)
    if not told:
        enqueue(session, "escalation", to=None, object_id=None, now=now)


def _who_plan(
    session: orm.Session, programme_session: ProgrammeSession, now: datetime
) -> list[Person]:
    """Return who can look for a trainer: of a group after a report, not who is involved in it."""
    roles = current_runtime().roles
    coordinators = roles.members("coordinator")
    if programme_session.kind is not SessionKind.GROUP_SUPPORT:
        return [*coordinators, *roles.members("trainer")]
    return [
        person
        for person in coordinators
        if not is_barred_from_report(session, person, programme_session.report_id, now)
    ]


@mail(NEEDS_TRAINER, audience=Audience.COORDINATOR, label=mark("Session without a trainer"))
def session_needs_trainer(session: orm.Session, object_id: str | None) -> MailContext | None:
    """Ask for a trainer; not any more where there is one, or the session is over."""
    found = session.get(ProgrammeSession, object_id)
    if found is None or found.state is not SessionState.PLANNED or found.trainers:
        return None
    values = {"kind_label": KIND_LABELS[found.kind], "starts_at": found.starts_at}
    return MailContext(f"/sessions/{found.id}", values)
