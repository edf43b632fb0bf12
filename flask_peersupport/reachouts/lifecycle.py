"""The one place where a reach-out or a request changes its state."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..db import begin_immediate
from ..errors import InvalidTransition, NotAllowed
from ..outbox.actions import drop_waiting
from ..runtime import current_runtime
from ..supporters.care_counting import uncount_deployment
from ..supporters.models import Supporter
from ..values import Person
from ..vault.persons import is_same_person
from . import notices
from .models import Contact, ReachOut, SupportRequest
from .states import (
    REACH_OUT_TRANSITIONS,
    REQUEST_TRANSITIONS,
    ReachOutState,
    RequestState,
    WaitingFor,
)

Row = TypeVar("Row", ReachOut, SupportRequest, Supporter)

#: A reach-out that waits for a decision, or a conversation without an end, is brought up again.
DECISION_REMINDER = timedelta(days=1)
QUIET_REMINDER = timedelta(days=14)


def lock(session: orm.Session, model: type[Row], row_id: str) -> Row:
    """Return a row, read anew and locked until the commit; a reach-out with what hangs on it.

    Raises:
        NotAllowed: there is no such row.
    """
    begin_immediate(session)
    statement = sa.select(model).where(model.id == row_id).with_for_update(of=model)
    row = session.scalar(statement.execution_options(populate_existing=True))
    if row is None:
        raise NotAllowed
    if isinstance(row, ReachOut):
        _read_rest_anew(session, row)
    return row


def _read_rest_anew(session: orm.Session, reach_out: ReachOut) -> None:
    """Read the requests and contacts of a locked reach-out as they are now.

    Only a locking read sees, on MariaDB, what others committed since this transaction began to
    read; and what this session has read before would stay as it was on every database.
    """
    requests = sa.select(SupportRequest).where(SupportRequest.reach_out_id == reach_out.id)
    requests = requests.order_by(SupportRequest.asked_at).with_for_update()
    contacts = sa.select(Contact).where(Contact.reach_out_id == reach_out.id)
    contacts = contacts.order_by(Contact.happened_on, Contact.noted_at).with_for_update()
    anew = {"populate_existing": True}
    found = list(session.scalars(requests, execution_options=anew))
    orm.attributes.set_committed_value(reach_out, "requests", found)
    noted = list(session.scalars(contacts, execution_options=anew))
    orm.attributes.set_committed_value(reach_out, "contacts", noted)


def move(
    reach_out: ReachOut,
    to: ReachOutState,
    *,
    now: datetime,
    due_at: datetime | None,
    urgent_at: datetime | None = None,
    waiting_for: WaitingFor | None = None,
) -> None:
    """Move a reach-out to another state.

    Args:
        reach_out: locked.
        to: the state.
        now: aware.
        due_at: when the worker looks at it next.
        urgent_at: the moment from which it is late; default: `due_at`, or else now.
        waiting_for: what a coordinator has to decide, in `needs_coordinator`.

    Raises:
        InvalidTransition: the table does not allow it.
    """
    allowed = REACH_OUT_TRANSITIONS[reach_out.state]
    if to not in allowed:
        raise InvalidTransition(reach_out.state, to, allowed)
    reach_out.state = to
    reach_out.changed_at = now
    reach_out.due_at = due_at
    reach_out.urgent_at = urgent_at or due_at or now
    reach_out.waiting_for = waiting_for


def queue_again(session: orm.Session, reach_out: ReachOut, *, now: datetime) -> None:
    """Return a reach-out to the queue; where supporters are asked by hand, to the coordinators.

    Who may be contacted again on a certain day is not asked for before that day (P19).
    """
    if current_runtime().settings.ask_after is None:
        wait_for(reach_out, WaitingFor.BY_HAND, now=now)
        session.flush()
        if promised_from(reach_out) <= now:
            notices.tell_coordinators(session, "attention", reach_out, now=now)
    else:
        move(reach_out, ReachOutState.QUEUED, now=now, due_at=max(now, promised_from(reach_out)))


def promised_from(reach_out: ReachOut) -> datetime:
    """Return from when contact is welcome: the day that was agreed on, or else since ever."""
    settings = current_runtime().settings
    if not reach_out.is_asked_again or reach_out.follow_up_on is None:
        return reach_out.created_at
    hour = time(settings.reachable_hours[0])
    return datetime.combine(reach_out.follow_up_on, hour, settings.timezone)


def wait_for(reach_out: ReachOut, waiting_for: WaitingFor, *, now: datetime) -> None:
    """Let a reach-out wait for a coordinator, who is reminded every day.

    Who was promised that nobody calls before a certain day is not brought up before it (P19).
    """
    promised = promised_from(reach_out)
    urgent_at, due_at = (promised,) * 2 if promised > now else (now, now + DECISION_REMINDER)
    if reach_out.state is ReachOutState.NEEDS_COORDINATOR:  # for something else from now on
        reach_out.changed_at = now
        reach_out.urgent_at, reach_out.due_at = urgent_at, due_at
        reach_out.waiting_for = waiting_for
        return
    move(
        reach_out,
        ReachOutState.NEEDS_COORDINATOR,
        now=now,
        due_at=due_at,
        urgent_at=urgent_at,
        waiting_for=waiting_for,
    )


def leave_to_coordinators(
    session: orm.Session, reach_out: ReachOut, waiting_for: WaitingFor, *, now: datetime
) -> None:
    """Let a reach-out for which the worker can do no more wait for a coordinator, who is told."""
    wait_for(reach_out, waiting_for, now=now)
    session.flush()
    record.record(
        session,
        "reach_out.waits",
        actor=record.WORKER,
        now=now,
        object_id=reach_out.id,
        subject_id=reach_out.involved.person_id,
        detail=waiting_for,
    )
    notices.tell_coordinators(session, "attention", reach_out, now=now)


def end_request(request: SupportRequest, to: RequestState, *, now: datetime) -> None:
    """Move a request to an answer or an end.

    Raises:
        InvalidTransition: the table does not allow it.
    """
    allowed = REQUEST_TRANSITIONS[request.state]
    if to not in allowed:
        raise InvalidTransition(request.state, to, allowed)
    request.state = to
    request.answered_at = now
    request.open_for = None


def close_request(
    session: orm.Session, request: SupportRequest, to: RequestState, *, now: datetime
) -> None:
    """End a request without acceptance; its mail is not sent any more."""
    supporter = lock(session, Supporter, request.supporter_id)
    supporter.asked_count = max(0, supporter.asked_count - 1)
    end_request(request, to, now=now)
    drop_waiting(session, "supporter_asked", request.id)


def withdraw_open_request(session: orm.Session, reach_out: ReachOut, *, now: datetime) -> None:
    """Withdraw the request that waits for an answer, if any, and thank who was asked.

    The reach-out is locked, so its requests were read anew.
    """
    for request in reach_out.requests:
        if request.state is RequestState.ASKED:
            close_request(session, request, RequestState.WITHDRAWN, now=now)
            notices.tell_supporter(session, "request_closed", request.supporter, request, now=now)


def tell_holder(
    session: orm.Session, reach_out: ReachOut, *, actor: Person | str, now: datetime
) -> None:
    """Thank the supporter who is about to lose a reach-out, unless it is their own doing."""
    holder = reach_out.supporter
    if holder is None:
        return
    if not isinstance(actor, Person) or not is_same_person(holder.record.person, actor):
        notices.tell_supporter(session, "request_closed", holder, reach_out, now=now)


def release_supporter(
    session: orm.Session, reach_out: ReachOut, *, actor: Person | str, now: datetime
) -> None:
    """Take a reach-out from the supporter who has it; their accepted request is withdrawn.

    The day on which the colleague may be contacted again stays: the next supporter keeps it.

    Args:
        session: not committed here.
        reach_out: locked.
        actor: whose doing it is; where not the supporter's own, the supporter is told.
        now: aware.
    """
    if reach_out.supporter_id is None:
        return
    tell_holder(session, reach_out, actor=actor, now=now)
    supporter = lock(session, Supporter, reach_out.supporter_id)
    supporter.open_count = max(0, supporter.open_count - 1)
    if not any(contact.supporter_id == supporter.id for contact in reach_out.contacts):
        # given back without a call: that is no deployment, so others are not asked before them
        supporter.deployments = max(0, supporter.deployments - 1)
        supporter.quarter_count = max(0, supporter.quarter_count - 1)
        if not supporter.deployments:
            supporter.last_deployed_at = None
        if reach_out.accepted_at is not None:
            uncount_deployment(session, supporter.id, taken_at=reach_out.accepted_at)
    for request in reach_out.requests:
        if request.state is RequestState.ACCEPTED:
            end_request(request, RequestState.WITHDRAWN, now=now)
    reach_out.supporter = None
    reach_out.supporter_id = None
    reach_out.accepted_at = None
    reach_out.contact_due_at = None
    reach_out.reminded_at = None
    reach_out.overdue_at = None
    if not reach_out.is_asked_again:
        reach_out.follow_up_on = None
