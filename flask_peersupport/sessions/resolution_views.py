"""What follow-up meetings agreed about the programme: the list, changes, and what is done (P32)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access.actor import Actor
from ..access.drafts import Draft, keeping_faults, typed
from ..access.policy import is_trainer
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..errors import NotAllowed
from ..i18n import gettext as _
from ..runtime import current_session, local_today
from ..values import Person
from . import resolutions
from .models import ProgrammeSession, Resolution
from .outcomes import shown_resolution
from .owners import can_finish, is_reader, owns_any, usual_owners
from .policy import standing_of
from .resolution_forms import draft_of, read_details

blueprint = Blueprint("resolutions", __name__)


def can_read(actor: Actor) -> bool:
    """Supporters, trainers and coordinators; and who sees to something."""
    session = current_session()
    return is_reader(session, actor) or owns_any(session, actor)


@page(blueprint, "/sessions/resolutions", allow=can_read)
def listed() -> ResponseReturnValue:
    """Show what was agreed: what is open by the day it is due, or what is done."""
    session, actor, now = current_session(), signed_in(), utc_now()
    is_done = request.args.get("show") == "done"
    offset = _offset()
    rows, has_more = resolutions.resolutions_page(
        session,
        standing_of(session, actor, now),
        is_done=is_done,
        owner_ids=None if is_reader(session, actor) else actor.person_ids,
        offset=offset,
    )
    shown = [_row(row, meeting, is_visible) for row, meeting, is_visible in rows]
    record.record(session, "resolutions.seen", actor=actor.person, now=now)
    commit(session)
    return render_template(
        "peersupport/resolutions.html",
        rows=shown,
        is_done=is_done,
        next_offset=offset + len(shown) if has_more else None,
    )


@page(blueprint, "/sessions/resolutions/<resolution_id>", allow=is_trainer, methods=("GET", "POST"))
def resolution(resolution_id: str) -> ResponseReturnValue:
    """Change a point or a decision."""
    session, row = _resolution(resolution_id)
    meeting = session.get_one(ProgrammeSession, row.session_id)
    usual = usual_owners(session)
    if request.method == "GET":
        return _form_page(session, meeting, draft_of(row), usual, row)
    draft = typed(request.form)
    details = read_details(draft, usual)
    if not draft.errors:
        with keeping_faults(session, draft.errors):
            resolutions.change_resolution(
                session, row, details, actor=signed_in().person, now=utc_now()
            )
    if draft.errors:
        return _form_page(session, meeting, draft, usual, row)
    commit(session)
    flash(_("The changes were saved."), "success")
    return redirect(url_for(".listed"))


@page(blueprint, "/sessions/resolutions/<resolution_id>/done", allow=can_read, methods=("POST",))
def done(resolution_id: str) -> ResponseReturnValue:
    """Note that a point is done, today."""
    session, row = _resolution(resolution_id)
    resolutions.finish_resolution(
        session, row, local_today(), actor=signed_in().person, now=utc_now()
    )
    commit(session)
    flash(_("Noted: this is done."), "success")
    return redirect(url_for(".listed"))


@page(blueprint, "/sessions/resolutions/<resolution_id>/reopen", allow=can_read, methods=("POST",))
def reopen(resolution_id: str) -> ResponseReturnValue:
    """Note that a point is not done after all."""
    session, row = _resolution(resolution_id)
    resolutions.reopen_resolution(session, row, actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("Noted: this is open again."), "success")
    return redirect(url_for(".listed"))


def _form_page(
    session: orm.Session,
    meeting: ProgrammeSession,
    draft: Draft,
    usual: list[Person],
    row: Resolution,
) -> ResponseReturnValue:
    """Show the page on which one point or decision is changed."""
    context = {"meeting": {"id": meeting.id, "starts_at": meeting.starts_at}, "id": row.id}
    record.record(
        session,
        "resolution.seen",
        actor=signed_in().person,
        now=utc_now(),
        object_id=row.id,
        subject_id=row.owner_id,
    )
    commit(session)
    html = render_template(
        "peersupport/resolution.html",
        draft=draft,
        owner_names=[person.name for person in usual],
        longest=resolutions.LONGEST,
        **context,
    )
    return html, 422 if draft.errors else 200


def _row(row: Resolution, meeting: ProgrammeSession, is_visible: bool) -> dict[str, Any]:
    actor = signed_in()
    return shown_resolution(row) | {
        "meeting_id": meeting.id if is_visible else None,
        "meeting_at": meeting.starts_at,
        "can_finish": can_finish(actor, row),
        "can_change": is_trainer(actor),
    }


def _resolution(resolution_id: str) -> tuple[orm.Session, Resolution]:
    session = current_session()
    row = session.get(Resolution, resolution_id)
    if row is None or not can_finish(signed_in(), row):
        raise NotAllowed
    return session, row


def _offset() -> int:
    text = request.args.get("offset", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
