"""Actions: a user of the host is removed. Nobody goes on waiting for them, nobody inherits."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.roles import revoke_all_roles
from ..audit import record
from ..outbox.actions import drop_waiting_to
from ..runtime import current_runtime
from ..supporters.actions import move_supporter
from ..supporters.models import Supporter
from ..supporters.states import SupporterState
from ..vault.models import PersonRecord
from ..vault.persons import cut_account, is_same_person, persons_of_account
from .answering import withdraw_request
from .lifecycle import leave_to_coordinators, lock, release_supporter, withdraw_open_request
from .models import InvolvedRecord, ReachOut, SupportRequest
from .states import TAKEN, ReachOutState, RequestState, WaitingFor


def remove_user(session: orm.Session, user_id: str, *, removed_at: datetime, now: datetime) -> None:
    """See to what was in the hands of a user whom the host has removed.

    What they took goes to the coordinators, what they were asked is asked of others, they are
    asked no more, lead and attend no more sessions and lose their roles. Where they are the
    colleague, the coordinators decide.

    Args:
        session: not committed here.
        user_id: the host's.
        removed_at: aware; the id may have been issued again since.
        now: aware.
    """
    for row in persons_of_account(session, user_id, now):
        if row.created_at > removed_at and _is_holder(row, user_id):
            continue
        revoke_all_roles(session, row.id, actor=record.WORKER, now=now)
        for supporter in session.scalars(sa.select(Supporter).where(Supporter.person_id == row.id)):
            _retire(session, supporter, now)
        _leave_colleague_to_coordinators(session, row, now)
        current_runtime().leave_sessions(session, row.id, now)
        drop_waiting_to(session, row.id)
        cut_account(row, now)
        session.flush()
        record.record(session, "user.removed", actor=record.WORKER, now=now, subject_id=row.id)


def _is_holder(row: PersonRecord, user_id: str) -> bool:
    """Return whether a person is who has the id now: it was issued again."""
    holder = current_runtime().users.get(user_id)
    return holder is not None and is_same_person(row.person, holder)


def _retire(session: orm.Session, supporter: Supporter, now: datetime) -> None:
    mine = sa.select(ReachOut.id).where(
        ReachOut.supporter_id == supporter.id, ReachOut.state.in_(TAKEN)
    )
    for reach_out_id in session.scalars(mine.order_by(ReachOut.id)).all():
        reach_out = lock(session, ReachOut, reach_out_id)
        if reach_out.supporter_id == supporter.id and reach_out.state in TAKEN:
            _take_back(session, reach_out, WaitingFor.SUPPORTER_GONE, now)
    asked = sa.select(SupportRequest).where(
        SupportRequest.supporter_id == supporter.id, SupportRequest.state == RequestState.ASKED
    )
    for request in session.scalars(asked.order_by(SupportRequest.id)).all():
        withdraw_request(session, request, now=now)
    if supporter.state is not SupporterState.RETIRED:
        retired = SupporterState.RETIRED
        move_supporter(session, supporter, retired, actor=record.WORKER, now=now)
    supporter.has_account = False


def _leave_colleague_to_coordinators(
    session: orm.Session, row: PersonRecord, now: datetime
) -> None:
    theirs = (
        sa.select(ReachOut.id)
        .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
        .where(InvolvedRecord.person_id == row.id, ReachOut.state != ReachOutState.CLOSED)
    )
    for reach_out_id in session.scalars(theirs.order_by(ReachOut.id)).all():
        reach_out = lock(session, ReachOut, reach_out_id)
        if reach_out.state is not ReachOutState.CLOSED:
            _take_back(session, reach_out, WaitingFor.COLLEAGUE_GONE, now)


def _take_back(
    session: orm.Session, reach_out: ReachOut, waiting_for: WaitingFor, now: datetime
) -> None:
    withdraw_open_request(session, reach_out, now=now)
    release_supporter(session, reach_out, actor=record.WORKER, now=now)
    leave_to_coordinators(session, reach_out, waiting_for, now=now)
