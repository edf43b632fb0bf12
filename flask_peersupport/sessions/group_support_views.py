"""Support of a group, planned by a coordinator from the report that it follows (P23)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.drafts import Draft, keeping_faults, typed
from ..access.typed import clean_text
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..errors import NotAllowed
from ..i18n import gettext as _
from ..reachouts.barring import is_barred_from_report
from ..reachouts.models import ReportRecord
from ..reachouts.presentation import code_label
from ..runtime import current_runtime, current_session
from ..supporters.models import Supporter
from . import group_support
from .forms import read_day, read_time
from .leaders import PossibleLeaders, possible_leaders
from .models import ProgrammeSession
from .rules import local_instant
from .states import STATE_LABELS, SessionKind, SessionState
from .views import let_go, visible

blueprint = Blueprint("group_support", __name__)

#: Whom the form asks for at least; there is always room for one more.
_LEAST_LINES = 3
#: Stands in a plan that cannot be read; it is never kept.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@page(
    blueprint,
    "/group-support/reports/<report_id>",
    allow=policy.is_coordinator,
    methods=("GET", "POST"),
)
def start(report_id: str) -> ResponseReturnValue:
    """Plan support of the group that an event touched."""
    session, now = current_session(), utc_now()
    report = session.get(ReportRecord, report_id)
    if (
        report is None
        or not group_support.is_possible_after(report)
        or is_barred_from_report(session, signed_in().person, report_id, now)
    ):
        raise NotAllowed
    if request.method == "GET":
        return _form(session, report, Draft(), now)

    def plan(what: group_support.GroupPlan) -> str:
        meeting = group_support.plan_group_support(
            session, report, what, actor=signed_in().person, now=now
        )
        return meeting.id

    return _done(session, report, plan, now, _("Planned. Those who lead it are told."))


@page(
    blueprint, "/group-support/<session_id>", allow=policy.is_coordinator, methods=("GET", "POST")
)
def change(session_id: str) -> ResponseReturnValue:
    """Change when, where and by whom a group is supported."""
    session, meeting, report = _meeting(session_id)
    now = utc_now()
    if request.method == "GET":
        return _form(session, report, _draft_of(session, meeting), now, meeting)

    def change_it(what: group_support.GroupPlan) -> str:
        let_go(session)
        group_support.change_group_support(
            session, session_id, what, actor=signed_in().person, now=now
        )
        return session_id

    return _done(session, report, change_it, now, _("The changes were saved."), meeting)


@page(
    blueprint,
    "/group-support/<session_id>/cancel",
    allow=policy.is_coordinator,
    methods=("POST",),
)
def cancel(session_id: str) -> ResponseReturnValue:
    """Call the support of a group off."""
    session, _known, _report = _meeting(session_id)
    now = utc_now()
    let_go(session)
    group_support.cancel_group_support(session, session_id, actor=signed_in().person, now=now)
    commit(session)
    flash(_("Called off. Those who would lead it are told."), "success")
    return redirect(url_for("peersupport.sessions.programme_session", id=session_id))


def _done(
    session: orm.Session,
    report: ReportRecord,
    act: Callable[[group_support.GroupPlan], str],
    now: datetime,
    sentence: str,
    meeting: ProgrammeSession | None = None,
) -> ResponseReturnValue:
    draft = typed(request.form)
    draft.values["leaders"] = " ".join(map(clean_text, request.form.getlist("leader")))
    what = _read_plan(draft)
    if not draft.errors:
        with keeping_faults(session, draft.errors):
            session_id = act(what)
            commit(session)
            flash(sentence, "success")
            return redirect(url_for("peersupport.sessions.programme_session", id=session_id))
    return _form(session, report, draft, now, meeting)


def _read_plan(draft: Draft) -> group_support.GroupPlan:
    """Read a plan out of a draft; errors are kept in it."""
    day = draft.read("day", read_day, None)
    starts_at, ends_at = (_read_instant(draft, name, day) for name in ("begins", "ends"))
    chosen = frozenset(draft.values["leaders"].split())
    return group_support.GroupPlan(starts_at, ends_at, draft.values.get("place", ""), chosen)


def _read_instant(draft: Draft, name: str, day: date | None) -> datetime:
    at = draft.read(name, read_time, None)
    if day is None or at is None:
        return _NEVER
    try:
        return local_instant(day, at, current_runtime().settings.timezone)
    except ValueError as error:
        draft.check(name, str(error))
        return _NEVER


def _draft_of(session: orm.Session, meeting: ProgrammeSession) -> Draft:
    zone = current_runtime().settings.timezone
    starts, ends = (at.astimezone(zone) for at in (meeting.starts_at, meeting.ends_at))
    return Draft(
        {
            "day": f"{starts:%Y-%m-%d}",
            "begins": f"{starts:%H:%M}",
            "ends": f"{ends:%H:%M}",
            "place": meeting.place or "",
            "leaders": " ".join(row.id for row in _leading(session, meeting)),
        }
    )


def _leading(session: orm.Session, meeting: ProgrammeSession | None) -> list[Supporter]:
    if meeting is None:
        return []
    people = [trainer.person_id for trainer in meeting.trainers]
    return list(group_support.supporters_of(session, people))


def _form(
    session: orm.Session,
    report: ReportRecord,
    draft: Draft,
    now: datetime,
    meeting: ProgrammeSession | None = None,
) -> ResponseReturnValue:
    possible = possible_leaders(session, report, now=now)
    chosen = draft.values.get("leaders", "").split()
    settings = current_runtime().settings
    context: dict[str, Any] = {
        "draft": draft,
        "department": report.department,
        "kind": code_label(settings.kinds, report.kind) or report.kind,
        "meeting_id": meeting.id if meeting else None,
        "can_cancel": meeting is not None and meeting.state is SessionState.PLANNED,
        "groups": [
            {
                "id": row.id,
                "starts_at": row.starts_at,
                "state": _(STATE_LABELS[row.state]),
            }
            for row in group_support.groups_after(session, report)
            if meeting is None
        ],
        "leaders": _choices(possible, _leading(session, meeting)),
        "chosen": chosen,
        "lines": min(group_support.MOST_LEADERS, max(_LEAST_LINES, len(chosen) + 1)),
        "is_known": possible.is_known,
        "has_gaps": possible.has_gaps,
        "longest_place": group_support.LONGEST_PLACE,
    }
    record.record(
        session,
        "group_support.seen",
        actor=signed_in().person,
        now=now,
        object_id=meeting.id if meeting else report.id,
    )
    commit(session)
    html = render_template("peersupport/group_support.html", **context)
    return html, 422 if draft.errors else 200


def _choices(possible: PossibleLeaders, leading: list[Supporter]) -> list[dict[str, object]]:
    """Return whom the form offers: who leads it already may go on."""
    professions = current_runtime().settings.professions
    rows = {row.id: row for row in (*leading, *possible.supporters)}
    return [
        {
            "id": row.id,
            "name": row.record.person.name,
            "detail": ", ".join(
                filter(
                    None,
                    (
                        code_label(professions, row.profession),
                        *(department.name for department in row.departments),
                        _("external") if row.is_external else None,
                    ),
                )
            ),
        }
        for row in rows.values()
    ]


def _meeting(session_id: str) -> tuple[orm.Session, ProgrammeSession, ReportRecord]:
    session, _standing, meeting = visible(session_id)
    report = session.get(ReportRecord, meeting.report_id) if meeting.report_id else None
    if meeting.kind is not SessionKind.GROUP_SUPPORT or report is None:
        raise NotAllowed
    return session, meeting, report
