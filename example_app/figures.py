"""What a year of the programme comes to, counted in the database and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from example_app.models import Department, User
from flask_peersupport.reachouts.models import (
    Contact,
    InvolvedRecord,
    ReachOut,
    ReportRecord,
    SupportRequest,
)
from flask_peersupport.reachouts.states import ContactOutcome, Outcome, RequestState
from flask_peersupport.values import Wish


@dataclass(frozen=True)
class Figures:
    """The funnel of a year (P35), and whether the rules of matching were kept.

    Attributes:
        reports: that came in.
        persons_named: colleagues involved.
        no_need: of those, whose no, or the reporter's, stopped the approach.
        offered: reach-outs made.
        taken_up: of those, with at least one conversation.
        declined: of those, ended because no support was wanted.
        own_department: requests to a supporter of the colleague's own department; always 0.
        busiest_supporter: reach-outs of the supporter who had most, without those that were
            handed back before any contact.
    """

    reports: int
    persons_named: int
    no_need: int
    offered: int
    taken_up: int
    declined: int
    own_department: int
    busiest_supporter: int

    def lines(self) -> list[str]:
        """Return one figure a line, as the command prints them."""
        return [f"{f.name.replace('_', ' ')} {getattr(self, f.name)}" for f in fields(self)]


def count_figures(session: Session) -> Figures:
    """Count the figures of everything in the database."""
    spoken = (ContactOutcome.CONVERSATION, ContactOutcome.REFERRED)
    refused = (
        sa.select(sa.func.count(InvolvedRecord.id))
        .outerjoin(ReachOut, ReachOut.involved_id == InvolvedRecord.id)
        .where(InvolvedRecord.wish == Wish.NO, ReachOut.id.is_(None))
    )
    taken_up = sa.select(sa.func.count(Contact.reach_out_id.distinct())).where(
        Contact.outcome.in_(spoken)
    )

    def count(statement: sa.Select[Any]) -> int:
        return session.scalar(statement) or 0

    return Figures(
        reports=count(sa.select(sa.func.count(ReportRecord.id))),
        persons_named=count(sa.select(sa.func.count(InvolvedRecord.id))),
        no_need=count(refused),
        offered=count(sa.select(sa.func.count(ReachOut.id))),
        taken_up=count(taken_up),
        declined=count(
            sa.select(sa.func.count(ReachOut.id)).where(ReachOut.outcome == Outcome.DECLINED)
        ),
        own_department=count_own_department(session),
        busiest_supporter=count(_busiest()),
    )


def _busiest() -> sa.Select[Any]:
    """Select the number of reach-outs of the supporter who has, or called for, most of them."""
    has = sa.select(SupportRequest.supporter_id, SupportRequest.reach_out_id).where(
        SupportRequest.state == RequestState.ACCEPTED
    )
    called = sa.select(Contact.supporter_id, Contact.reach_out_id)
    used = has.union(called).subquery()
    per_supporter = (
        sa.select(sa.func.count(used.c.reach_out_id).label("number"))
        .group_by(used.c.supporter_id)
        .subquery()
    )
    return sa.select(sa.func.max(per_supporter.c.number))


def count_own_department(session: Session) -> int:
    """Count the requests to somebody of the colleague's own department, or that of the event.

    Told by the hospital's own tables alone: its accounts, and its departments with those above
    and below them.
    """
    users = {str(user.id): user.department_id for user in session.scalars(sa.select(User))}
    departments = list(session.scalars(sa.select(Department)))
    parents = {department.id: department.parent_id for department in departments}
    by_name = {department.name: department.id for department in departments}

    def line(department_id: int | None) -> list[int]:
        ids = []
        while department_id is not None:
            ids.append(department_id)
            department_id = parents[department_id]
        return ids

    found = 0
    for request in session.scalars(sa.select(SupportRequest)):
        colleague, report = request.reach_out.person, request.reach_out.report
        supporter = users[request.supporter.record.person.user_id or ""]
        own = {by_name[report.department or ""]} if report else set()
        if colleague is not None and colleague.user_id is not None:
            own.add(users[colleague.user_id])
        found += any(supporter in line(one) or one in line(supporter) for one in own)
    return found
