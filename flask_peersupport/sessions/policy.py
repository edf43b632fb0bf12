"""Who may see a session, sign up for it, lead it or plan it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.actor import Actor
from ..access.policy import is_coordinator, is_trainer
from ..reachouts.barring import barring_report
from ..reachouts.models import ReportRecord
from ..supporters.models import Supporter
from ..supporters.queries import candidate_of
from ..supporters.states import ACTIVE
from .models import Attendance, ProgrammeSession, SessionTrainer
from .states import SessionKind, SessionState, SignUp, TargetGroup


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody is to the programme, as far as sessions ask for it.

    Attributes:
        actor: who is signed in.
        targets: the target groups they belong to.
        now: aware.
    """

    actor: Actor
    targets: tuple[TargetGroup, ...]
    now: datetime

    @property
    def person_ids(self) -> Sequence[str]:
        """The vault rows that are this person."""
        return self.actor.person_ids

    @property
    def is_trainer(self) -> bool:
        """Whether they plan and record sessions."""
        return is_trainer(self.actor)


def standing_of(session: orm.Session, actor: Actor, now: datetime) -> Standing:
    """Return what an actor is: supporter, on the way to become one, or anybody."""
    return standing_of_record(actor, candidate_of(session, actor), now)


def standing_of_record(actor: Actor, candidate: Supporter | None, now: datetime) -> Standing:
    """Return the same where the actor's record as a supporter, or future one, is known already."""
    targets = [TargetGroup.EVERYBODY]
    if candidate is not None:
        targets.append(TargetGroup.CANDIDATES)
        if candidate.state in ACTIVE:
            targets.append(TargetGroup.SUPPORTERS)
    return Standing(actor, tuple(targets), now)


def is_for(standing: Standing) -> sa.ColumnElement[bool]:
    """Return whether a session is one that somebody may sign up for."""
    return ProgrammeSession.target.in_(standing.targets)


def is_mine(standing: Standing) -> sa.ColumnElement[bool]:
    """Return whether somebody has, or waits for, a place in a session, or was there."""
    return sa.exists().where(
        Attendance.session_id == ProgrammeSession.id,
        Attendance.person_id.in_(standing.person_ids),
        (Attendance.sign_up != SignUp.WITHDRAWN) | Attendance.has_attended.is_(True),
    )


def is_led_by(standing: Standing) -> sa.ColumnElement[bool]:
    """Return whether somebody leads a session."""
    return sa.exists().where(
        SessionTrainer.session_id == ProgrammeSession.id,
        SessionTrainer.person_id.in_(standing.person_ids),
    )


def visible_sessions(standing: Standing) -> sa.ColumnElement[bool]:
    """Return whether somebody may see a session.

    Trainers see all but group support. That is for those who lead it and for coordinators, but
    not for anybody who is involved in the report it follows (P23).
    """
    is_group = ProgrammeSession.kind == SessionKind.GROUP_SUPPORT
    if standing.is_trainer:
        is_open = ~is_group
    else:
        is_open = is_for(standing) & (ProgrammeSession.state != SessionState.CANCELLED)
    seen = is_open | is_led_by(standing) | is_mine(standing)
    if is_coordinator(standing.actor):
        seen = seen | is_group
    return seen & (~is_group | ~follows_barred_report(standing))


def follows_barred_report(standing: Standing) -> sa.ColumnElement[bool]:
    """Return whether a session follows a report of which somebody may see nothing."""
    actor = standing.actor
    barring = barring_report(actor.person, actor.person_ids, standing.now)
    report: sa.Select[Any] = sa.select(ReportRecord.id).where(
        ReportRecord.id == ProgrammeSession.report_id, barring.exists()
    )
    return report.correlate(ProgrammeSession).exists()


def can_see(session: orm.Session, standing: Standing, session_id: str) -> bool:
    """Return whether somebody may see this session."""
    statement = sa.select(ProgrammeSession.id).where(
        ProgrammeSession.id == session_id, visible_sessions(standing)
    )
    return session.scalar(statement) is not None


def leads(standing: Standing, programme_session: ProgrammeSession) -> bool:
    """Return whether somebody is a trainer of this session."""
    return any(row.person_id in standing.person_ids for row in programme_session.trainers)


def can_record(standing: Standing, programme_session: ProgrammeSession) -> bool:
    """Return whether somebody who sees the session may see and note who takes part.

    Of group support nobody is ever noted by name (P23).
    """
    if programme_session.kind is SessionKind.GROUP_SUPPORT:
        return False
    return standing.is_trainer or leads(standing, programme_session)


def can_plan(standing: Standing, programme_session: ProgrammeSession) -> bool:
    """Return whether somebody may change or call off a session they see.

    Group support is planned from its report, not here.
    """
    return standing.is_trainer and programme_session.kind is not SessionKind.GROUP_SUPPORT


def can_join(standing: Standing, programme_session: ProgrammeSession) -> bool:
    """Return whether the session is one that somebody may sign up for."""
    return programme_session.target in standing.targets
