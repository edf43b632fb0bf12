"""Actions: "never again", and to be erased (P19). Both end every offer that is open."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..outbox.mails import MAILS, Audience
from ..outbox.models import Message
from ..reachouts.contacting import close_reach_out
from ..reachouts.erasing import erase_colleague, erase_unneeded, is_needed
from ..reachouts.lifecycle import lock
from ..reachouts.models import (
    ExcludedPerson,
    InvolvedRecord,
    NeverAgain,
    ReachOut,
    ReportRecord,
)
from ..reachouts.states import Outcome, ReachOutState
from ..runtime import current_runtime, local_date
from ..supporters.queries import candidate_person_ids
from ..values import Person
from ..vault.models import PersonRecord
from ..vault.persons import store_person
from .choosing import say_no
from .concerns import end_concern
from .models import Concern
from .states import UNDECIDED, ConcernState

#: Columns that point to a colleague, not to somebody of the programme's own.
_COLUMNS_OF_COLLEAGUES = (
    (InvolvedRecord, "person_id"),
    (ExcludedPerson, "person_id"),
    (ReportRecord, "reporter_id"),
    (Concern, "about_id"),
    (Concern, "sender_id"),
)


def say_never_again(
    session: orm.Session, person_ids: Collection[str], *, actor: Person, now: datetime
) -> None:
    """Keep that somebody never again wants to be approached, and end every offer to them.

    Their vault row lasts as long as this: it is what a later report is compared with.

    Args:
        session: the actor's turn was taken (see `turns`); not committed here.
        person_ids: the vault rows that are the actor.
        actor: the colleague.
        now: aware.
    """
    # who was erased while they waited for their turn is known by nothing any more
    ids = sorted(person_ids) or [store_person(session, actor, now=now).id]
    known_ones = sa.select(NeverAgain.person_id).where(NeverAgain.person_id.in_(ids))
    said = set(session.scalars(known_ones.with_for_update()))
    today = local_date(now)
    for person_id in ids:
        if person_id not in said:
            session.add(NeverAgain(person_id=person_id, said_on=today))
    session.execute(sa.update(PersonRecord).where(PersonRecord.id.in_(ids)).values(is_lasting=True))
    session.flush()
    for reach_out in _open_offers(session, ids):
        say_no(session, reach_out, None, actor, now)
    record.record(session, "never_again.said", actor=actor, now=now, subject_id=ids[0])


def take_back_never_again(
    session: orm.Session, person_ids: Collection[str], *, actor: Person, now: datetime
) -> bool:
    """Let somebody be approached again; who is needed for nothing else is kept no longer.

    Args:
        session: the actor's turn was taken (see `turns`); not committed here.
        person_ids: the vault rows that are the actor.
        actor: the colleague.
        now: aware.

    Returns:
        False where they had not said it.
    """
    ids = sorted(person_ids)
    taken_back = session.execute(sa.delete(NeverAgain).where(NeverAgain.person_id.in_(ids)))
    if not taken_back.rowcount:  # type: ignore[attr-defined]
        return False
    record.record(session, "never_again.taken_back", actor=actor, now=now, subject_id=ids[0])
    passing = [i for i in ids if not is_needed(session, i, but=_COLUMNS_OF_COLLEAGUES)]
    session.execute(
        sa.update(PersonRecord).where(PersonRecord.id.in_(passing)).values(is_lasting=False)
    )
    erase_unneeded(session, passing)
    session.expire_all()
    return True


def erase_me(
    session: orm.Session, person_ids: Collection[str], *, actor: Person, now: datetime
) -> None:
    """End every offer as withdrawn and unlink somebody from all there is about them.

    Rows keep codes and no link. Who stays with the programme as a coordinator or a supporter
    stays linked to reports in which others are named: that is what keeps them out of those (P8).

    Args:
        session: the actor's turn was taken (see `turns`); not committed here.
        person_ids: the vault rows that are the actor.
        actor: the colleague.
        now: aware.
    """
    ids = sorted(person_ids)
    if not ids:
        return
    for reach_out in _open_offers(session, ids):
        close_reach_out(session, reach_out, Outcome.WITHDRAWN, reason=None, actor=actor, now=now)
    record.record(session, "colleague.erased", actor=actor, now=now, subject_id=ids[0])
    is_staying = stays(session, ids, actor)
    mine = sa.select(InvolvedRecord).where(InvolvedRecord.person_id.in_(ids))
    for involved in session.scalars(mine.order_by(InvolvedRecord.id).with_for_update()).all():
        if not (is_staying and _names_others(session, involved, ids)):
            erase_colleague(session, involved)
    if not is_staying:
        reported = sa.update(ReportRecord).where(ReportRecord.reporter_id.in_(ids))
        session.execute(reported.values(reporter_id=None))
    _end_concerns(session, ids, now)
    of_colleagues = [m.name for m in MAILS.values() if m.audience is Audience.COLLEAGUE]
    session.execute(
        sa.delete(Message).where(Message.person_id.in_(ids), Message.template.in_(of_colleagues))
    )
    session.flush()
    erase_unneeded(session, ids)
    session.expire_all()


def stays(session: orm.Session, person_ids: Collection[str], actor: Person) -> bool:
    """Return whether somebody goes on seeing, or being asked for, what others are named in."""
    if "coordinator" in current_runtime().roles.of(actor):
        return True
    return bool(candidate_person_ids(session, person_ids))


def _open_offers(session: orm.Session, person_ids: Collection[str]) -> Iterator[ReachOut]:
    """Yield the open offers to somebody, each locked; those that end meanwhile are left out."""
    # a locking read: it also finds, on MariaDB, what was committed since this one began
    statement = (
        sa.select(ReachOut.id)
        .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
        .where(InvolvedRecord.person_id.in_(person_ids), ReachOut.state != ReachOutState.CLOSED)
        .with_for_update(of=InvolvedRecord)
    )
    for reach_out_id in sorted(session.scalars(statement)):
        reach_out = lock(session, ReachOut, reach_out_id)
        if reach_out.state is not ReachOutState.CLOSED:
            yield reach_out


def _names_others(
    session: orm.Session, involved: InvolvedRecord, person_ids: Collection[str]
) -> bool:
    """Return whether others are still named in the same report."""
    others = sa.select(InvolvedRecord.id).where(
        InvolvedRecord.report_id == involved.report_id,
        InvolvedRecord.person_id.is_not(None),
        InvolvedRecord.person_id.not_in(person_ids),
    )
    return involved.report_id is not None and session.scalar(others.limit(1)) is not None


def _end_concerns(session: orm.Session, person_ids: Collection[str], now: datetime) -> None:
    """Set aside what waits for a decision about somebody, and forget what they were told of."""
    waiting = sa.select(Concern).where(
        Concern.about_id.in_(person_ids), Concern.state.in_(UNDECIDED)
    )
    anew = {"populate_existing": True}
    locked = waiting.order_by(Concern.id).with_for_update()
    for concern in session.scalars(locked, execution_options=anew).all():
        end_concern(session, concern, ConcernState.SET_ASIDE, now=now)
    session.execute(
        sa.update(Concern).where(Concern.sender_id.in_(person_ids)).values(sender_id=None)
    )
