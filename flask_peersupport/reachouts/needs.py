"""From a reach-out to what matching is asked: a plain Need."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..matching.criteria import Limits
from ..matching.departments import names_in, own_departments, present
from ..matching.need import Need
from ..runtime import current_runtime
from ..vault.persons import email_marks, user_marks
from .deadlines import is_reachable, quarter_of
from .models import ExcludedPerson, InvolvedRecord, ReachOut, SupportRequest
from .states import TAKEN, RequestState


def limits() -> Limits:
    """Return the programme's limits for matching."""
    settings = current_runtime().settings
    return Limits(
        max_open=settings.max_open_per_supporter,
        cool_down=timedelta(days=settings.cool_down_days),
    )


def need_of(
    session: orm.Session,
    reach_out: ReachOut,
    *,
    now: datetime,
    by_day: bool = False,
    ignored_request_id: str | None = None,
) -> Need | None:
    """Return what a supporter has to fit; None where a department is missing or unknown (P8).

    Args:
        session: read only.
        reach_out: for whom.
        now: aware.
        by_day: judge as if it were within the reachable hours.
        ignored_request_id: the request being answered, which does not rule its own supporter out.
    """
    runtime = current_runtime()
    settings = runtime.settings
    involved = reach_out.involved
    report = involved.report
    places = [involved.department, *([report.department] if report else [])]
    own = own_departments(present(runtime.departments, session), places)
    if own is None or not all(names_in(place) for place in places):
        return None
    keys = runtime.keys.live(now)
    person = reach_out.person
    marks = [*user_marks(keys, person), *email_marks(keys, person)] if person else []
    today = now.astimezone(settings.timezone).date()
    is_day = by_day or is_reachable(now, settings.reachable_hours, settings.timezone)
    return Need(
        own_departments=own,
        profession=involved.profession,
        discipline=involved.discipline,
        seniority=involved.seniority,
        is_outside=involved.is_outside,
        marks=tuple(marks),
        excluded_people=_excluded_people(session, involved),
        excluded_supporters=_excluded_supporters(session, reach_out, ignored_request_id),
        at=now,
        is_night=not is_day,
        today_on=today.isoformat(),
        quarter=quarter_of(today),
    )


def _excluded_people(session: orm.Session, involved: InvolvedRecord) -> frozenset[str]:
    """Return the colleague, all involved in the report, its reporter, and the unwanted."""
    unwanted = sa.select(ExcludedPerson.person_id).where(ExcludedPerson.involved_id == involved.id)
    people = set(session.scalars(unwanted)) | {involved.person_id}
    if involved.report_id is not None:
        same = sa.select(InvolvedRecord.person_id).where(
            InvolvedRecord.report_id == involved.report_id
        )
        people |= set(session.scalars(same))
        people.add(involved.report.reporter_id if involved.report else None)
    return frozenset(person_id for person_id in people if person_id)


def _excluded_supporters(
    session: orm.Session, reach_out: ReachOut, ignored_request_id: str | None
) -> frozenset[str]:
    """Return who was asked for this colleague before, or has a colleague of the same report."""
    excluded = {
        request.supporter_id for request in reach_out.requests if request.id != ignored_request_id
    }
    report_id = reach_out.involved.report_id
    if report_id is not None:
        others = (
            sa.select(ReachOut.id)
            .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
            .where(InvolvedRecord.report_id == report_id, ReachOut.id != reach_out.id)
        )
        taken = sa.select(ReachOut.supporter_id).where(
            ReachOut.id.in_(others), ReachOut.state.in_(TAKEN)
        )
        asking = sa.select(SupportRequest.supporter_id).where(
            SupportRequest.reach_out_id.in_(others), SupportRequest.state == RequestState.ASKED
        )
        excluded |= {s for s in session.scalars(taken) if s} | set(session.scalars(asking))
    return frozenset(excluded)
