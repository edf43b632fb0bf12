"""Planning, changing and calling off sessions: the trainers' pages."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.drafts import Draft, keeping_faults, typed
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..errors import NotAllowed
from ..i18n import gettext as _
from ..i18n import ngettext
from ..values import Person
from . import forms
from .models import ProgrammeSession
from .planning import cancel_sessions, change_sessions, plan_sessions
from .policy import can_plan
from .queries import name_of
from .states import SessionKind, SessionState
from .views import WORDS, let_go, reading, visible

blueprint = Blueprint("session_planning", __name__)


@page(blueprint, "/sessions/plan", allow=policy.is_trainer, methods=("GET", "POST"))
def plan() -> ResponseReturnValue:
    """Plan a session, or a series; or record one that has been held."""
    session, standing = reading()
    actor = standing.actor.person
    choices = forms.trainer_choices([actor])
    if request.method == "GET":
        kind = request.args.get("kind", "")
        chosen = SessionKind(kind) if kind in forms.PLANNED_KINDS else SessionKind.TRAINING
        return _form_page(forms.empty_draft(chosen, actor), choices)
    draft = typed(request.form, several="trainer")
    details = forms.read_details(draft, choices)
    repetition = forms.read_repetition(draft, details.day if details else None)
    if details is not None and not draft.errors:
        let_go(session)
        with keeping_faults(session, draft.errors):
            planned = plan_sessions(
                session,
                details,
                repetition,
                confirmed=forms.read_confirmed(draft),
                actor=actor,
                now=standing.now,
            )
            return _planned(session, planned)
    return _form_page(draft, choices), 422


def _planned(session: orm.Session, planned: list[ProgrammeSession]) -> ResponseReturnValue:
    """Commit what was planned, and go on to it: the list of a session that was held already."""
    first_id, number = planned[0].id, len(planned)
    is_past = planned[0].starts_at <= utc_now()
    commit(session)
    sentence = ngettext("The session is planned.", "%(n)s sessions are planned.", number)
    flash(_("The session is recorded. Who was there?") if is_past else sentence, "success")
    endpoint = "session_attendance.attendance" if is_past else "sessions.programme_session"
    return redirect(url_for(f"peersupport.{endpoint}", id=first_id))


@page(blueprint, "/sessions/<id>/change", allow=policy.is_trainer, methods=("GET", "POST"))
def change(id: str) -> ResponseReturnValue:
    """Change a session, or with it all later ones of its series."""
    session, standing, found = visible(id)
    if not can_plan(standing, found) or found.state is SessionState.CANCELLED:
        raise NotAllowed
    choices = forms.trainer_choices(_leading(found))
    if request.method == "GET":
        draft = forms.draft_of(found)
        record.record(
            session,
            "session.seen",
            actor=standing.actor.person,
            now=standing.now,
            object_id=id,
        )
        commit(session)
        return _form_page(draft, choices, found)
    draft = typed(request.form, several="trainer")
    details = forms.read_details(draft, choices, found)
    if details is not None:
        let_go(session)
        with keeping_faults(session, draft.errors):
            changed = change_sessions(
                session,
                id,
                details,
                and_later=forms.is_for_later_too(draft),
                confirmed=forms.read_confirmed(draft),
                actor=standing.actor.person,
                now=standing.now,
            )
            number = len(changed)
            commit(session)
            flash(
                ngettext("%(n)s session was changed.", "%(n)s sessions were changed.", number)
                if number
                else _("Nothing was changed."),
                "success",
            )
            return redirect(url_for("peersupport.sessions.programme_session", id=id))
    session, standing, found = visible(id)
    return _form_page(draft, choices, found), 422


@page(blueprint, "/sessions/<id>/cancel", allow=policy.is_trainer, methods=("POST",))
def cancel(id: str) -> ResponseReturnValue:
    """Call a session off, or with it all later ones of its series; who signed up is told."""
    session, standing, found = visible(id)
    if not can_plan(standing, found):
        raise NotAllowed
    let_go(session)
    cancelled = cancel_sessions(
        session,
        id,
        and_later=request.form.get("scope") == "later",
        actor=signed_in().person,
        now=standing.now,
    )
    number = len(cancelled)
    commit(session)
    flash(
        ngettext(
            "%(n)s session was called off. Who signed up gets a mail.",
            "%(n)s sessions were called off. Who signed up gets a mail.",
            number,
        ),
        "success",
    )
    return redirect(url_for("peersupport.sessions.programme_session", id=id))


def _leading(found: ProgrammeSession) -> list[Person]:
    return [row.record.person for row in found.trainers]


def _form_page(
    draft: Draft, choices: list[forms.Choice], found: ProgrammeSession | None = None
) -> str:
    context = {}
    if found is not None:
        context = {
            "id": found.id,
            "is_held": found.state is SessionState.HELD,
            "is_series": found.series_id is not None,
            "starts_at": found.starts_at,
            "trainers": [name_of(row.record) for row in found.trainers],
        }
    return render_template(
        "peersupport/session_plan.html",
        draft=draft,
        choices=choices,
        kinds=forms.PLANNED_KINDS,
        about=context,
        **WORDS,
    )
