"""From a reach-out to what matching is asked: a plain Need."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.departments import present_departments
from ..matching.criteria import Limits
from ..matching.departments import names_in, own_departments
from ..matching.need import Moment, Need
from ..runtime import current_runtime, local_date
from ..supporters.availability import hour_of_week
from ..supporters.declarations import conflict_marks
from .deadlines import is_reachable, quarter_of
from .earlier import reports_behind, with_earlier
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
    asked_at: datetime | None = None,
    ignored_request_id: str | None = None,
) -> Need | None:
    """Return what a supporter has to fit; None where a department is missing or unknown (P8).

    Args:
        session: read only.
        reach_out: for whom.
        now: aware.
        by_day: judge as if it were within the reachable hours and everybody's own.
        asked_at: when the supporter who answers was asked: hours of then do as well as of now.
        ignored_request_id: the request being answered, which does not rule its own supporter out.
    """
    runtime = current_runtime()
    involved = reach_out.involved
    events = [report.department for report in reports_behind(reach_out)]
    places = [involved.department, *events]
    own = own_departments(present_departments(session), places)
    if own is None or not all(names_in(place) for place in places):
        return None
    marks = conflict_marks(runtime.keys.live(now), reach_out.person, sorted(own))
    need = Need(
        own_departments=own,
        profession=involved.wanted_profession or involved.profession,
        discipline=involved.discipline,
        seniority=involved.seniority,
        is_outside=involved.is_outside,
        marks=tuple(marks),
        excluded_people=_excluded_people(session, reach_out),
        excluded_supporters=_excluded_supporters(session, reach_out, ignored_request_id),
        at=now,
        is_night=False,
        today_on="",
        quarter="",
    )
    need = need_at(need, now)
    if by_day:
        return decided_by_hand(need)
    return need if asked_at is None else replace(need, asked=moment_of(asked_at))


def moment_of(instant: datetime) -> Moment:
    """Return an instant (aware) as supporters' hours know it."""
    settings = current_runtime().settings
    return Moment(
        today_on=instant.astimezone(settings.timezone).date().isoformat(),
        hour_of_week=hour_of_week(instant, settings.timezone),
        is_night=not is_reachable(instant, settings.reachable_hours, settings.timezone),
    )


def need_at(need: Need, instant: datetime) -> Need:
    """Return a need as it is at another instant (aware)."""
    moment = moment_of(instant)
    today = local_date(instant)
    return replace(
        need,
        at=instant,
        is_night=moment.is_night,
        today_on=moment.today_on,
        quarter=quarter_of(today),
        hour_of_week=moment.hour_of_week,
    )


def decided_by_hand(need: Need) -> Need:
    """Return a need whose hour of the day a coordinator decides on."""
    return replace(need, is_night=False, hour_of_week=None, asked=None)


def _excluded_people(session: orm.Session, reach_out: ReachOut) -> frozenset[str]:
    """Return the colleague, all involved in the report, its reporter, and the unwanted."""
    chain = with_earlier(reach_out)
    unwanted = sa.select(ExcludedPerson.person_id).where(
        ExcludedPerson.involved_id.in_([one.involved_id for one in chain])
    )
    people = set(session.scalars(unwanted)) | {one.involved.person_id for one in chain}
    if reports := reports_behind(reach_out):
        same = sa.select(InvolvedRecord.person_id).where(
            InvolvedRecord.report_id.in_([report.id for report in reports])
        )
        people |= set(session.scalars(same))
        people |= {report.reporter_id for report in reports}
    return frozenset(person_id for person_id in people if person_id)


def _excluded_supporters(
    session: orm.Session, reach_out: ReachOut, ignored_request_id: str | None
) -> frozenset[str]:
    """Return who was asked for this colleague before, or has a colleague of the same report.

    Of those asked when the colleague was supported before, only who did not keep it then.
    """
    excluded = {
        request.supporter_id for request in reach_out.requests if request.id != ignored_request_id
    }
    chain = with_earlier(reach_out)
    excluded |= {
        request.supporter_id
        for one in chain[1:]
        for request in one.requests
        if request.state is RequestState.WITHDRAWN and request.supporter_id != one.supporter_id
    }
    if reports := reports_behind(reach_out):
        others = (
            sa.select(ReachOut.id)
            .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
            .where(
                InvolvedRecord.report_id.in_([report.id for report in reports]),
                ReachOut.id.not_in([one.id for one in chain]),
            )
        )
        taken = sa.select(ReachOut.supporter_id).where(
            ReachOut.id.in_(others), ReachOut.state.in_(TAKEN)
        )
        asking = sa.select(SupportRequest.supporter_id).where(
            SupportRequest.reach_out_id.in_(others), SupportRequest.state == RequestState.ASKED
        )
        excluded |= {s for s in session.scalars(taken) if s} | set(session.scalars(asking))
    return frozenset(excluded)
