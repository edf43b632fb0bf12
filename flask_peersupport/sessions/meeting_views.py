"""What came of one session, noted by who leads it: themes, agreements, numbers (P32, P33)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.drafts import Draft, keeping_faults, saying, typed
from ..access.views import page, signed_in
from ..audit import record
from ..db import commit, rollback
from ..errors import InvalidInput, NotAllowed
from ..i18n import gettext as _
from ..reachouts.remarks import collected_remarks
from ..reachouts.states import REMARK_LABELS
from ..supporters.directory_rules import MODE_LABELS, DirectoryMode
from . import directory_decision, intervision, reaching, resolutions
from .models import ProgrammeSession
from .outcomes import can_note_outcome, shown_resolution
from .owners import usual_owners
from .policy import Standing
from .recording import has_begun
from .resolution_forms import read_details
from .states import (
    INTERVISION_LABELS,
    REACHED_LABELS,
    IntervisionTick,
    Reached,
    SessionKind,
    SessionState,
)
from .themes import all_themes, themes_of
from .views import let_go, visible

blueprint = Blueprint("meetings", __name__)

_MEETINGS = frozenset({SessionKind.FOLLOW_UP_MEETING})


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that the actor leads or records, as the page of this request has it."""

    session: orm.Session
    meeting: ProgrammeSession
    standing: Standing

    def begin(self) -> str:
        """Forget what was read, and return the session's id: the action reads anew, locked."""
        session_id = self.meeting.id
        let_go(self.session)
        return session_id


@page(
    blueprint,
    "/sessions/<session_id>/intervision",
    allow=policy.anyone_signed_in,
    methods=("GET", "POST"),
)
def note_intervision(session_id: str) -> ResponseReturnValue:
    """Note what an intervision was used for, and its themes."""
    opened = _open(session_id, {SessionKind.INTERVISION})
    if request.method == "GET":
        return _intervision_page(opened)
    ticks = {tick for tick in IntervisionTick if tick.value in request.form.getlist("tick")}
    chosen = set(request.form.getlist("theme"))
    try:
        intervision.record_intervision(
            opened.session,
            opened.begin(),
            ticks,
            chosen,
            actor=signed_in().person,
            now=opened.standing.now,
        )
    except InvalidInput as error:
        rollback(opened.session)
        return _intervision_page(opened, str(error))
    return _saved(opened)


@page(
    blueprint,
    "/sessions/<session_id>/resolutions",
    allow=policy.anyone_signed_in,
    methods=("GET", "POST"),
)
def agree(session_id: str) -> ResponseReturnValue:
    """Note what a follow-up meeting agreed about the programme."""
    opened = _open(session_id, _MEETINGS)
    if request.method == "GET":
        return _meeting_page(opened, Draft({"kind": "point"}))
    draft = typed(request.form)
    details = read_details(draft, usual_owners(opened.session))
    if not draft.errors:
        with keeping_faults(opened.session, draft.errors, unnamed="text"):
            resolutions.add_resolution(
                opened.session,
                opened.meeting,
                details,
                actor=signed_in().person,
                now=opened.standing.now,
            )
    if draft.errors:
        return _meeting_page(opened, draft)
    commit(opened.session)
    flash(_("Noted."), "success")
    return redirect(url_for(".agree", session_id=session_id))


@page(
    blueprint,
    "/sessions/<session_id>/remarks",
    allow=policy.anyone_signed_in,
    methods=("POST",),
)
def take_up(session_id: str) -> ResponseReturnValue:
    """Take into a meeting what supporters ticked since the last one."""
    opened = _open(session_id, _MEETINGS)
    with saying(opened.session, _("Taken up. Counting begins anew for the next meeting.")):
        resolutions.take_up_remarks(
            opened.session, opened.begin(), actor=signed_in().person, now=opened.standing.now
        )
    return redirect(url_for(".agree", session_id=session_id))


@page(
    blueprint,
    "/sessions/<session_id>/directory",
    allow=policy.anyone_signed_in,
    methods=("POST",),
)
def decide_directory(session_id: str) -> ResponseReturnValue:
    """Note what the group decided about the directory (P27); it holds at once."""
    opened = _open(session_id, _MEETINGS)
    mode = request.form.get("mode", "")
    if mode not in list(DirectoryMode):
        return _meeting_page(opened, Draft({"kind": "point"}, errors={"mode": _("Choose one.")}))
    with saying(opened.session, _("Noted. From now on the directory is as the group decided.")):
        directory_decision.decide_in_meeting(
            opened.session,
            opened.begin(),
            DirectoryMode(mode),
            actor=signed_in().person,
            now=opened.standing.now,
        )
    return redirect(url_for(".agree", session_id=session_id))


@page(
    blueprint,
    "/sessions/<session_id>/reached",
    allow=policy.anyone_signed_in,
    methods=("GET", "POST"),
)
def note_reach(session_id: str) -> ResponseReturnValue:
    """Note how many people a session reached, by group."""
    opened = _open(session_id, reaching.COUNTED_KINDS)
    groups = reaching.groups_of(opened.meeting.kind)
    if request.method == "GET":
        known = reaching.reach_of(opened.session, opened.meeting)
        values = {group.value: str(known.get(group, "")) for group in groups}
        return _reach_page(opened, Draft(values))
    draft = typed(request.form)
    counts = {group: draft.read(group.value, _read_count, 0) for group in groups}
    if not draft.errors:
        with keeping_faults(opened.session, draft.errors):
            reaching.record_reach(
                opened.session,
                opened.begin(),
                counts,
                actor=signed_in().person,
                now=opened.standing.now,
            )
    if draft.errors:
        return _reach_page(opened, draft)
    return _saved(opened)


def _open(session_id: str, kinds: Collection[SessionKind]) -> Opened:
    """Return a session of one of `kinds` that this actor records.

    Raises:
        NotAllowed: it is absent, of another kind, or not theirs.
    """
    session, standing, meeting = visible(session_id)
    if meeting.kind not in kinds or not can_note_outcome(standing, meeting):
        raise NotAllowed
    return Opened(session, meeting, standing)


def _read_count(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= reaching.MOST):
        raise ValueError(_("A number from 0 to %(n)s.", n=reaching.MOST))
    return int(text)


def _saved(opened: Opened) -> ResponseReturnValue:
    session_id = opened.meeting.id
    commit(opened.session)
    flash(_("The changes were saved."), "success")
    return redirect(url_for("peersupport.sessions.programme_session", id=session_id))


def _intervision_page(opened: Opened, fault: str = "") -> ResponseReturnValue:
    meeting = opened.meeting
    chosen = {theme.id for theme in themes_of(opened.session, [meeting.id]).get(meeting.id, [])}
    listed = [
        (theme.id, theme.name)
        for theme in all_themes(opened.session)
        if theme.retired_at is None or theme.id in chosen
    ]
    context = _common(opened) | {
        "ticks": [(code.value, _(text)) for code, text in INTERVISION_LABELS.items()],
        "ticked": meeting.ticks,
        "themes": sorted(listed, key=lambda one: one[1].casefold()),
        "chosen": chosen,
        "fault": fault,
    }
    _seen(opened)
    html = render_template("peersupport/note_intervision.html", **context)
    return html, 422 if fault else 200


def _meeting_page(opened: Opened, draft: Draft) -> ResponseReturnValue:
    session, meeting = opened.session, opened.meeting
    taken = resolutions.remarks_of(session, meeting)
    collected = collected_remarks(session)
    context = _common(opened) | {
        "draft": draft,
        "rows": [shown_resolution(row) for row in resolutions.resolutions_of(session, meeting)],
        "taken": [(_(REMARK_LABELS[code]), count) for code, count in taken.items()],
        "collected": [(_(REMARK_LABELS[code]), count) for code, count in collected.items()],
        "owner_names": [person.name for person in usual_owners(session)],
        "modes": [(mode.value, _(text)) for mode, text in MODE_LABELS.items()],
        "is_held": meeting.state is SessionState.HELD,
        "longest": resolutions.LONGEST,
    }
    _seen(opened)
    html = render_template("peersupport/meeting_agreed.html", **context)
    return html, 422 if draft.errors else 200


def _reach_page(opened: Opened, draft: Draft) -> ResponseReturnValue:
    groups = reaching.groups_of(opened.meeting.kind)
    context = _common(opened) | {
        "draft": draft,
        "groups": [(group.value, _(REACHED_LABELS[group])) for group in groups],
        "is_group": opened.meeting.kind is SessionKind.GROUP_SUPPORT,
        "most": reaching.MOST,
        "single": Reached.OTHERS.value,
    }
    _seen(opened)
    html = render_template("peersupport/note_reached.html", **context)
    return html, 422 if draft.errors else 200


def _common(opened: Opened) -> dict[str, object]:
    meeting = opened.meeting
    return {
        "id": meeting.id,
        "starts_at": meeting.starts_at,
        "has_begun": has_begun(meeting, opened.standing.now),
        "is_cancelled": meeting.state is SessionState.CANCELLED,
    }


def _seen(opened: Opened) -> None:
    """Note that the page was seen; the commit comes before the answer."""
    record.record(
        opened.session,
        "session.seen",
        actor=signed_in().person,
        now=opened.standing.now,
        object_id=opened.meeting.id,
    )
    commit(opened.session)
