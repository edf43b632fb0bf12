"""Expansion: an intake row becomes a report, colleagues involved and their reach-outs.

The worker's part. UNIQUE(report, person) and the firmest wish make it safe to repeat: rows only
add.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from .. import signals
from ..audit import record
from ..db import new_id
from ..matching.departments import names_in, own_departments, present
from ..reachouts import notices
from ..reachouts.answering import recheck
from ..reachouts.models import ExcludedPerson, InvolvedRecord, ReachOut, ReportRecord
from ..reachouts.rules import is_approached
from ..reachouts.states import ContactChannel, Origin, ReachOutState, WaitingFor
from ..runtime import Runtime, current_runtime
from ..values import Involved, Wish, WishBy
from ..vault.persons import store_person
from .models import IntakeRecord
from .payload import Payload, Preferences, open_payload
from .resolution import (
    Named,
    flags_of_report,
    known_code,
    name_colleagues,
    name_described,
    search_unwanted,
)
from .step import read_step

#: Firmness of a wish: the person's own word over the reporter's, an answer over "please ask".
_FIRMNESS = {Wish.YES: 3, Wish.NO: 2, Wish.ASK: 1}
DAY_PARTS = ("morning", "afternoon", "evening")


def expand_intake(session: orm.Session, intake: IntakeRecord, *, now: datetime) -> list[ReachOut]:
    """Expand one intake row, which is deleted, and return the reach-outs that are new."""
    runtime = current_runtime()
    payload = open_payload(intake.id, intake.payload, runtime.keys.get(intake.month))
    report = _report(session, payload, intake, now)
    made = []
    for named in _everybody(runtime, payload):
        involved = _involved(session, report, named, now)
        if payload.preferences and _is_reporter(named, payload):
            _prefer(session, involved, payload.preferences, now)
        reach_out = _reach_out(session, runtime, report, involved, named, now)
        if reach_out is not None:
            made.append(reach_out)
        elif payload.preferences and _is_reporter(named, payload):
            _recheck(session, involved, now)
    session.delete(intake)
    session.flush()
    return made


def _report(
    session: orm.Session, payload: Payload, intake: IntakeRecord, now: datetime
) -> ReportRecord:
    """Find or make the report's row, locked, so that two workers expand one after the other."""
    given = payload.report
    statement = (
        sa.select(ReportRecord)
        .where(ReportRecord.kind == given.kind, ReportRecord.ref == given.ref)
        .with_for_update()
    )
    known = session.scalar(statement)
    if known is None:
        known = ReportRecord(
            id=new_id(),
            kind=given.kind,
            ref=given.ref,
            department=given.department,
            occurred_at=given.occurred_at,
            reported_at=given.reported_at or intake.received_at,
            received_at=intake.received_at,
            url=given.url,
            flags=flags_of_report(given, now),
        )
        try:
            with session.begin_nested():
                session.add(known)
        except sa.exc.IntegrityError:
            return session.scalars(statement).one()
    if known.reporter_id is None and given.reporter is not None:
        known.reporter_id = store_person(session, given.reporter, now=now).id
    return known


def _everybody(runtime: Runtime, payload: Payload) -> Iterator[Named]:
    """Yield everybody whom the description or the step says was involved."""
    report = payload.report
    step = read_step(payload.fields)
    for one in report.involved:
        yield name_described(one)
    if report.reporter is not None:
        if step.wants_support:
            yield name_described(Involved(report.reporter, Wish.YES, WishBy.OWN, step.is_outside))
        elif step.was_involved:
            yield name_described(Involved(report.reporter, Wish.NO, WishBy.OWN, step.is_outside))
        elif payload.preferences is not None:
            yield name_described(Involved(report.reporter, Wish.YES, WishBy.OWN))
    yield from name_colleagues(runtime, step.rows)


def _is_reporter(named: Named, payload: Payload) -> bool:
    return named.involved.person is payload.report.reporter


def _involved(
    session: orm.Session, report: ReportRecord, named: Named, now: datetime
) -> InvolvedRecord:
    given = named.involved
    person = store_person(session, given.person, now=now)
    known = session.scalar(
        sa.select(InvolvedRecord).where(
            InvolvedRecord.report_id == report.id, InvolvedRecord.person_id == person.id
        )
    )
    wish, wish_by = Wish(given.wish), WishBy(given.wish_by)
    if known is None:
        known = InvolvedRecord(
            id=new_id(),
            report_id=report.id,
            person_id=person.id,
            wish=wish,
            wish_by=wish_by,
            is_outside=False,
        )
        session.add(known)
    elif _firmness(wish, wish_by) > _firmness(known.wish, known.wish_by):
        known.wish, known.wish_by = wish, wish_by
    known.is_outside = known.is_outside or given.outside
    known.department = _joined(known.department, given.person.department, named.typed_department)
    for code in ("profession", "discipline", "seniority"):
        told = known_code(code, getattr(given.person, code))
        setattr(known, code, getattr(known, code) or told)
    known.flags = tuple(dict.fromkeys((*(known.flags or ()), *named.flags)))
    session.flush()
    return known


def _firmness(wish: Wish, wish_by: WishBy) -> int:
    return _FIRMNESS[wish] + (10 if wish_by is WishBy.OWN else 0)


def _joined(*texts: str | None) -> str | None:
    """Join department names, each once, in the order given."""
    names: Iterable[str] = (name for text in texts for name in names_in(text))
    return "; ".join(dict.fromkeys(names))[:420] or None


def _prefer(
    session: orm.Session, involved: InvolvedRecord, chosen: Preferences, now: datetime
) -> None:
    """Keep what the reporter chose on the page after the report."""
    if chosen.channel in list(ContactChannel):
        involved.channel = ContactChannel(chosen.channel)
    if chosen.day_part in DAY_PARTS:
        involved.day_part = chosen.day_part
    involved.is_outside = involved.is_outside or chosen.is_outside
    known = set(
        session.scalars(
            sa.select(ExcludedPerson.person_id).where(ExcludedPerson.involved_id == involved.id)
        )
    )
    for name in chosen.not_to_ask:
        people, is_certain = search_unwanted(name)
        if not is_certain:
            involved.flags = tuple(dict.fromkeys((*involved.flags, "unknown_unwanted")))
        for person in people:
            row = store_person(session, person, now=now)
            if row.id not in known:
                known.add(row.id)
                session.add(ExcludedPerson(involved_id=involved.id, person_id=row.id))
    session.flush()


def _recheck(session: orm.Session, involved: InvolvedRecord, now: datetime) -> None:
    known = session.scalar(sa.select(ReachOut).where(ReachOut.involved_id == involved.id))
    if known is not None:
        recheck(session, known, now=now)


def _reach_out(
    session: orm.Session,
    runtime: Runtime,
    report: ReportRecord,
    involved: InvolvedRecord,
    named: Named,
    now: datetime,
) -> ReachOut | None:
    """Make the reach-out where the policy approaches this colleague and there is none yet."""
    settings = runtime.settings
    if session.scalar(sa.select(ReachOut.id).where(ReachOut.involved_id == involved.id)):
        return None
    if not is_approached(settings.approach_of(report.kind), involved.wish, involved.wish_by):
        return None
    waiting_for = _waits_for(session, runtime, report, involved, named)
    state = ReachOutState.NEEDS_COORDINATOR if waiting_for else ReachOutState.QUEUED
    due_at = None if waiting_for else now + (settings.ask_after or now - now)
    reach_out = ReachOut(
        id=new_id(),
        involved_id=involved.id,
        origin=Origin.REPORT,
        state=state,
        waiting_for=waiting_for,
        created_at=now,
        changed_at=now,
        urgent_at=now,
        due_at=due_at,
        is_asked_again=False,
    )
    session.add(reach_out)
    session.flush()
    record.record(
        session,
        "reach_out.queued",
        actor=record.WORKER,
        now=now,
        object_id=reach_out.id,
        subject_id=involved.person_id,
        detail=report.kind,
    )
    if waiting_for:
        notices.tell_coordinators(session, "attention", reach_out, now=now)
    signals.remember(session.info, signals.reach_out_queued, reach_out_id=reach_out.id)
    return reach_out


def _waits_for(
    session: orm.Session,
    runtime: Runtime,
    report: ReportRecord,
    involved: InvolvedRecord,
    named: Named,
) -> WaitingFor | None:
    """Return what a coordinator has to decide before anybody can be asked."""
    if named.is_unknown:
        return WaitingFor.UNKNOWN_PERSON
    texts = [*names_in(involved.department), *names_in(report.department)]
    is_known = bool(names_in(involved.department)) and bool(
        own_departments(present(runtime.departments, session), texts)
    )
    if not is_known:
        return WaitingFor.UNKNOWN_DEPARTMENT
    if runtime.settings.ask_after is None:
        return WaitingFor.BY_HAND
    return None


def count_stuck_intake(session: orm.Session) -> int:
    """Return how many intake rows could not be expanded at least once."""
    statement = sa.select(sa.func.count()).where(IntakeRecord.attempts > 0)
    return session.scalar(statement) or 0
