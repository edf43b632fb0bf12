"""How a reach-out begins, whichever door the name came in by."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import orm

from .. import signals
from ..access.departments import present_departments
from ..audit import record
from ..db import new_id
from ..matching.departments import names_in, own_departments
from ..runtime import current_runtime
from ..values import Person, Wish, WishBy
from ..vault.models import PersonRecord
from . import notices
from .lifecycle import DECISION_REMINDER
from .models import InvolvedRecord, ReachOut, ReportRecord
from .queries import said_never_again
from .states import Origin, ReachOutState, WaitingFor

#: A department was typed that is not in the list: the text itself stays sealed in the vault.
UNKNOWN_TEXT = "unknown_department_text"


def open_reach_out(
    session: orm.Session,
    involved: InvolvedRecord,
    origin: Origin,
    *,
    waiting_for: WaitingFor | None,
    actor: Person | str,
    now: datetime,
    earlier: ReachOut | None = None,
    is_concern_told: bool = False,
) -> ReachOut:
    """Make the reach-out for one colleague, to be asked for or decided on.

    Args:
        session: flushed, not committed, here.
        involved: to whom; who has no reach-out yet.
        origin: where the name came from.
        waiting_for: what a coordinator has to decide first (see `waits_for`); they are told.
        actor: whose doing it is, for the audit trail.
        now: aware.
        earlier: the reach-out after which the colleague asks again: its supporter is asked first.
        is_concern_told: after a concern, whether the colleague may hear of it.
    """
    pause = current_runtime().settings.ask_after or timedelta(0)
    reach_out = ReachOut(
        id=new_id(),
        involved_id=involved.id,
        origin=origin,
        state=ReachOutState.NEEDS_COORDINATOR if waiting_for else ReachOutState.QUEUED,
        waiting_for=waiting_for,
        created_at=now,
        changed_at=now,
        urgent_at=now,
        due_at=now + (DECISION_REMINDER if waiting_for else pause),
        is_asked_again=False,
        earlier_id=earlier.id if earlier else None,
        is_concern_told=is_concern_told,
    )
    session.add(reach_out)
    session.flush()
    record.record(
        session,
        "reach_out.queued",
        actor=actor,
        now=now,
        object_id=reach_out.id,
        subject_id=involved.person_id,
        detail=involved.report.kind if involved.report else origin.value,
    )
    if waiting_for:
        notices.tell_coordinators(session, "attention", reach_out, now=now)
    signals.remember(session.info, signals.reach_out_queued, reach_out_id=reach_out.id)
    return reach_out


def waits_for(session: orm.Session, involved: InvolvedRecord) -> WaitingFor | None:
    """Return what a coordinator has to decide before anybody can be asked (P8)."""
    runtime = current_runtime()
    places = [names_in(involved.department)]
    report_id = involved.report_id or involved.earlier_report_id
    report = session.get(ReportRecord, report_id) if report_id else None
    if report is not None:
        places.append(names_in(report.department))
    is_known = all(places) and UNKNOWN_TEXT not in (involved.flags or ())
    departments = present_departments(session)
    if not is_known or not own_departments(departments, [n for names in places for n in names]):
        return WaitingFor.UNKNOWN_DEPARTMENT
    return WaitingFor.BY_HAND if runtime.settings.ask_after is None else None


def wants_nothing(session: orm.Session, involved: InvolvedRecord, now: datetime) -> bool:
    """Return whether a colleague never again wants to be approached, and did not ask now (P19)."""
    if involved.wish is Wish.YES and involved.wish_by is WishBy.OWN:
        return False
    row = session.get(PersonRecord, involved.person_id) if involved.person_id else None
    return row is not None and said_never_again(session, row, now)
