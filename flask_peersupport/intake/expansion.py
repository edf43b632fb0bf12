"""Expansion: an intake row becomes a report, colleagues involved and their reach-outs.

The worker's part. UNIQUE(report, person) and the firmest wish make it safe to repeat: rows only
add.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.departments import present_departments
from ..audit import record
from ..db import new_id
from ..matching.departments import names_in
from ..reachouts import notices
from ..reachouts.analysis import take_word_of_host
from ..reachouts.answering import recheck
from ..reachouts.contacting import close_reach_out
from ..reachouts.lifecycle import (
    lock,
    queue_again,
    wait_for,
    withdraw_open_request,
)
from ..reachouts.models import InvolvedRecord, ReachOut, ReportRecord
from ..reachouts.needs import need_of
from ..reachouts.opening import UNKNOWN_TEXT, open_reach_out, waits_for, wants_nothing
from ..reachouts.renewing import last_of, open_anew
from ..reachouts.rules import is_approached
from ..reachouts.states import (
    TAKEN,
    AnalysisKind,
    Origin,
    Outcome,
    ReachOutState,
    WaitingFor,
)
from ..runtime import Runtime, current_runtime
from ..values import Involved, Person, Report, Wish, WishBy
from ..vault.models import PersonRecord
from ..vault.persons import find_person_ids, name_marks, store_person
from .marks import is_marked, mark_report
from .models import IntakeRecord
from .payload import Payload, Preferences, open_payload
from .preferring import keep_preferences, leave_out
from .resolution import (
    Named,
    flags_of_report,
    known_code,
    name_colleagues,
    name_described,
)
from .step import read_step

#: Firmness of a wish: the person's own word over the reporter's, an answer over "please ask".
_FIRMNESS = {Wish.YES: 3, Wish.NO: 2, Wish.ASK: 1}
#: After such an end a colleague may be passed on anew; none of them is the colleague's own no.
_ASKED_ANEW = frozenset(
    {Outcome.NOT_REACHED, Outcome.WITHDRAWN, Outcome.SUPPORTED, Outcome.REFERRED}
)
#: What the columns for the department of an event, and for a colleague's departments, hold.
DEPARTMENT_LENGTH, DEPARTMENTS_LENGTH = 200, 420


def expand_intake(session: orm.Session, intake: IntakeRecord, *, now: datetime) -> list[ReachOut]:
    """Expand one intake row, which is deleted, and return the reach-outs that are new."""
    runtime = current_runtime()
    payload = open_payload(intake.id, intake.payload, runtime.keys.get(intake.month))
    report = _report(session, payload, intake, now)
    if payload.scheduled is not None:
        what = AnalysisKind(payload.scheduled.what)
        take_word_of_host(session, report, what, payload.scheduled.at, now=now)
        session.delete(intake)
        session.flush()
        return []
    _begin(session, report, payload, intake, now)
    mark_report(session, report.kind, report.ref, now=now)
    made = []
    for named in _everybody(runtime, payload):
        involved = _involved(session, runtime, report, named, now)
        if payload.preferences and named.involved.person is payload.speaker:
            keep_preferences(session, involved, _chosen(payload, involved), now=now)
        reach_out = _reach_out(
            session, runtime, report, involved, named, now, is_passed_on=payload.is_passed_on
        )
        approached = reach_out.involved if reach_out is not None else involved
        if payload.is_passed_on and payload.report.reporter:
            leave_out(session, approached, [payload.report.reporter], now=now)
        if reach_out is not None:
            approached.is_outside = approached.is_outside or named.involved.outside
            made.append(reach_out)
    _look_again(session, runtime, report, made, now)
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
        .where(ReportRecord.kind == intake.kind, ReportRecord.ref == intake.ref)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    known = session.scalar(statement)
    if known is None:
        known = ReportRecord(
            id=new_id(),
            kind=intake.kind,
            ref=intake.ref,
            reported_at=intake.received_at,
            received_at=intake.received_at,
            found_at=now if payload.is_found else None,
        )
        try:
            with session.begin_nested():
                session.add(known)
        except sa.exc.IntegrityError:
            known = session.scalars(statement).one()
    _complete(session, known, given, now)
    return known


def _begin(
    session: orm.Session,
    report: ReportRecord,
    payload: Payload,
    intake: IntakeRecord,
    now: datetime,
) -> None:
    """Note when a report came in of which until now only the day of its meeting was known."""
    if is_marked(session, report.kind, report.ref, now=now):
        return
    report.received_at = intake.received_at
    report.reported_at = payload.report.reported_at or intake.received_at
    report.found_at = now if payload.is_found else None
    session.flush()


def _complete(session: orm.Session, known: ReportRecord, given: Report, now: datetime) -> None:
    """Add what is new: a draft had no ward yet, or wishes came in before the report itself."""
    known.department = _joined(DEPARTMENT_LENGTH, known.department, given.department)
    known.occurred_at = known.occurred_at or given.occurred_at
    known.reported_at = given.reported_at or known.reported_at
    known.url = None if known.is_deleted else known.url or given.url
    kept = (flag for flag in known.flags or () if flag != "no_department")
    known.flags = tuple(dict.fromkeys((*kept, *flags_of_report(known, now))))
    if known.reporter_id is None and given.reporter is not None:
        known.reporter_id = store_person(session, given.reporter, now=now).id
    session.flush()


def _everybody(runtime: Runtime, payload: Payload) -> Iterator[Named]:
    """Yield everybody whom the description or the step says was involved."""
    step = read_step(payload.fields)
    for one in payload.report.involved:
        yield name_described(one)
    speaker = payload.speaker
    if speaker is not None:
        if step.wants_support:
            yield name_described(Involved(speaker, Wish.YES, WishBy.OWN, step.is_outside))
        elif step.was_involved:
            yield name_described(Involved(speaker, Wish.NO, WishBy.OWN, step.is_outside))
        elif payload.preferences is not None:
            yield name_described(Involved(speaker, Wish.YES, WishBy.OWN))
    yield from name_colleagues(runtime, step.rows)


def _involved(
    session: orm.Session, runtime: Runtime, report: ReportRecord, named: Named, now: datetime
) -> InvolvedRecord:
    given = named.involved
    if named.listed is not None:
        store_person(session, named.listed, now=now)
    known = _find_involved(session, report, given.person, now)
    if known is None or find_person_ids(session, given.person, now):
        person = store_person(session, given.person, now=now, is_typed=named.is_typed)
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
    departments = present_departments(session)
    typed = names_in(named.typed_department)
    listed = [name for name in typed if departments.resolve(name)]
    known.department = _joined(DEPARTMENTS_LENGTH, known.department, named.department, *listed)
    for code in ("profession", "discipline", "seniority"):
        told = known_code(code, getattr(given.person, code))
        setattr(known, code, getattr(known, code) or told)
    before = known.flags or ()
    doubts = [UNKNOWN_TEXT] if len(listed) < len(typed) else []
    known.flags = tuple(dict.fromkeys((*before, *named.flags, *doubts)))
    session.flush()
    if doubts and UNKNOWN_TEXT not in before:
        _hold(session, known, now)
    return known


def _find_involved(
    session: orm.Session, report: ReportRecord, person: Person, now: datetime
) -> InvolvedRecord | None:
    """Return a colleague's row in this report, whichever of their vault rows it points to.

    Two workers at once may have stored one person twice. Who was named without account or address
    is the same, within one report, by name and telephone number: the form was sent again.
    """
    of_report = sa.select(InvolvedRecord).where(InvolvedRecord.report_id == report.id)
    ids = find_person_ids(session, person, now)
    if ids:
        mine = of_report.where(InvolvedRecord.person_id.in_(ids))
        return session.scalar(mine.order_by(InvolvedRecord.id).limit(1))
    keys = current_runtime().keys.live(now)
    namesakes = of_report.join(PersonRecord, PersonRecord.id == InvolvedRecord.person_id).where(
        PersonRecord.name_mark.in_(name_marks(keys, person)),
        PersonRecord.user_mark.is_(None),
        PersonRecord.email_mark.is_(None),
    )
    return next(
        (
            row
            for row in session.scalars(namesakes)
            if row.record is not None and row.record.person.phone == person.phone
        ),
        None,
    )


def _firmness(wish: Wish, wish_by: WishBy) -> int:
    return _FIRMNESS[wish] + (10 if wish_by is WishBy.OWN else 0)


def _joined(length: int, *texts: str | None) -> str | None:
    """Join department names, each once, in the order given."""
    names: Iterable[str] = (name for text in texts for name in names_in(text))
    return "; ".join(dict.fromkeys(names))[:length] or None


def _chosen(payload: Payload, involved: InvolvedRecord) -> Preferences:
    """Return what the colleague chose; "outside" that an officer ticked for them stays."""
    chosen = payload.preferences or Preferences()
    if payload.is_passed_on:
        chosen = replace(chosen, is_outside=chosen.is_outside or involved.is_outside)
    return chosen


def _look_again(
    session: orm.Session,
    runtime: Runtime,
    report: ReportRecord,
    made: Sequence[ReachOut],
    now: datetime,
) -> None:
    """Judge the report's earlier reach-outs anew: more is known of it, or of the colleague."""
    open_ones = session.scalars(
        sa.select(ReachOut)
        .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
        .where(InvolvedRecord.report_id == report.id, ReachOut.state != ReachOutState.CLOSED)
        .order_by(ReachOut.id)
    ).all()
    approach = runtime.settings.approach_of(report.kind)
    for reach_out in open_ones:
        if reach_out in made:
            continue
        involved = reach_out.involved
        of_this = "all" if reach_out.origin is Origin.COMPLAINT_REFERRAL else approach
        is_stopped = not is_approached(of_this, involved.wish, involved.wish_by)
        if is_stopped and reach_out.state not in TAKEN:
            close_reach_out(
                session, reach_out, Outcome.WITHDRAWN, reason=None, actor=record.WORKER, now=now
            )
            continue
        recheck(session, reach_out, now=now)
        is_known = UNKNOWN_TEXT not in involved.flags and need_of(session, reach_out, now=now)
        if is_known and reach_out.waiting_for is WaitingFor.UNKNOWN_DEPARTMENT:
            queue_again(session, reach_out, now=now)
            session.flush()


def _hold(session: orm.Session, involved: InvolvedRecord, now: datetime) -> None:
    """Let a coordinator decide before anybody goes on being asked: a department is in doubt."""
    statement = sa.select(ReachOut.id).where(ReachOut.involved_id == involved.id)
    reach_out_id = session.scalar(statement)
    reach_out = lock(session, ReachOut, reach_out_id) if reach_out_id else None
    if reach_out is not None and reach_out.state in (ReachOutState.QUEUED, ReachOutState.ASKING):
        withdraw_open_request(session, reach_out, now=now)
        wait_for(reach_out, WaitingFor.UNKNOWN_DEPARTMENT, now=now)
        session.flush()
        notices.tell_coordinators(session, "attention", reach_out, now=now)


def _reach_out(
    session: orm.Session,
    runtime: Runtime,
    report: ReportRecord,
    involved: InvolvedRecord,
    named: Named,
    now: datetime,
    *,
    is_passed_on: bool,
) -> ReachOut | None:
    """Make the reach-out where the policy approaches this colleague and there is none yet.

    Whom a complaints officer passes on is approached, whatever the policy of the kind (P6).
    """
    earlier = session.scalar(sa.select(ReachOut).where(ReachOut.involved_id == involved.id))
    if earlier is not None:
        # who opens a link asks for themself: the page of the link sees to that
        is_named = is_passed_on and WishBy(named.involved.wish_by) is WishBy.REPORTER
        return _anew(session, earlier, named, now) if is_named else None
    approach = "all" if is_passed_on else runtime.settings.approach_of(report.kind)
    if not is_approached(approach, involved.wish, involved.wish_by):
        return None
    if wants_nothing(session, involved, now):
        return None
    waiting_for = WaitingFor.UNKNOWN_PERSON if named.is_unknown else waits_for(session, involved)
    origin = Origin.COMPLAINT_REFERRAL if is_passed_on else Origin.REPORT
    return open_reach_out(
        session, involved, origin, waiting_for=waiting_for, actor=record.WORKER, now=now
    )


def _anew(session: orm.Session, earlier: ReachOut, named: Named, now: datetime) -> ReachOut | None:
    """Approach a colleague again who is passed on after the case's earlier offer has ended.

    Their own no stands; the officer does not hear of it.
    """
    involved = earlier.involved
    last = lock(session, ReachOut, last_of(session, earlier).id)
    is_own_no = (last.involved.wish, last.involved.wish_by) == (Wish.NO, WishBy.OWN)
    if last.outcome not in _ASKED_ANEW or is_own_no or last.involved.person_id is None:
        return None
    return open_anew(
        session,
        last,
        Origin.COMPLAINT_REFERRAL,
        (Wish.ASK, WishBy.REPORTER),
        actor=record.WORKER,
        now=now,
        waiting_for=WaitingFor.UNKNOWN_PERSON if named.is_unknown else waits_for(session, involved),
    )


def count_stuck_intake(session: orm.Session) -> int:
    """Return how many intake rows could not be expanded, or cannot be confirmed by anybody."""
    is_stuck = (IntakeRecord.attempts > 0) | IntakeRecord.due_at.is_(None)
    statement = sa.select(sa.func.count()).where(is_stuck)
    return session.scalar(statement) or 0


def retry_stuck_intake(session: orm.Session, actor: Person, now: datetime) -> int:
    """Let the rows that could not be expanded be tried again at once; return how many.

    Those that nobody could confirm are taken as confirmed: a person has decided.
    """
    is_confirmed = IntakeRecord.is_confirmed | IntakeRecord.due_at.is_(None)
    retried = session.execute(
        sa.update(IntakeRecord)
        .where((IntakeRecord.attempts > 0) | IntakeRecord.due_at.is_(None))
        # MariaDB reads what it has set before: so what depends on due_at comes first
        .ordered_values(
            (IntakeRecord.is_confirmed, is_confirmed),
            (IntakeRecord.attempts, 0),
            (IntakeRecord.due_at, now),
        )
        .execution_options(synchronize_session=False)
    )
    record.record(session, "intake.retried", actor=actor, now=now)
    return int(retried.rowcount)  # type: ignore[attr-defined]
