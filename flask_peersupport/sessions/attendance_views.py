"""Who takes part and who came: the pages of whoever leads a session."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.drafts import Draft, keeping_faults, typed
from ..access.typed import is_id
from ..access.views import page
from ..audit import record
from ..db import commit, rollback
from ..errors import ImportFault, NotAllowed
from ..i18n import gettext as _
from ..i18n import ngettext
from ..values import Person
from . import forms
from .attending import note_attendance
from .importing import COLUMNS, import_participants
from .models import ProgrammeSession
from .policy import Standing
from .queries import SessionRow, participants, places_of, row_of
from .rules import can_note
from .signing_up import add_participant, remove_participant
from .states import SessionState
from .views import WORDS, let_go, recorded, show_session

blueprint = Blueprint("session_attendance", __name__)

#: Lines for people who come without having signed up.
_WALK_INS = 3


@page(
    blueprint,
    "/sessions/<id>/attendance",
    allow=policy.anyone_signed_in,
    methods=("GET", "POST"),
)
def attendance(id: str) -> ResponseReturnValue:
    """Show the list to tick on a telephone, and keep what was ticked."""
    session, standing, found = recorded(id)
    if not can_note(found.state, found.starts_at, standing.now).ok:
        return redirect(url_for("peersupport.sessions.programme_session", id=id))
    if request.method == "GET":
        return _list_page(session, standing, found, Draft())
    draft = typed(request.form)
    names = [f"walk_in_{number}" for number in range(_WALK_INS)]
    walk_ins = [forms.read_person(draft, name) for name in names]
    ticked = set(request.form.getlist("present"))
    listed = filter(is_id, request.form.getlist("listed"))
    present = {row_id: row_id in ticked for row_id in listed}
    if draft.errors:
        return _list_page(session, standing, found, draft, present), 422
    let_go(session)
    note_attendance(
        session,
        id,
        present,
        walk_ins=[person for person in walk_ins if person is not None],
        actor=standing.actor.person,
        now=standing.now,
    )
    commit(session)
    flash(_("It is noted who came."), "success")
    if request.form.get("more"):
        return redirect(url_for(".attendance", id=id))
    return redirect(url_for("peersupport.sessions.programme_session", id=id))


@page(blueprint, "/sessions/<id>/participants", allow=policy.anyone_signed_in, methods=("POST",))
def participants_add(id: str) -> ResponseReturnValue:
    """Give somebody a place by hand."""
    session, standing, _found = recorded(id)
    draft = typed(request.form)
    person = forms.read_person(draft, "person")
    if person is None:
        draft.errors.setdefault("person", _("Fill in a name or an e-mail address."))
    else:
        let_go(session)
        with keeping_faults(session, draft.errors):
            _add(session, id, person, draft, standing)
            return redirect(url_for("peersupport.sessions.programme_session", id=id))
    session, standing, found = recorded(id)
    return show_session(session, standing, found, adding=draft), 422


def _add(session: orm.Session, id: str, person: Person, draft: Draft, standing: Standing) -> None:
    add_participant(
        session,
        id,
        person,
        actor=standing.actor.person,
        now=standing.now,
        is_over_capacity=bool(draft.values.get("is_over_capacity")),
    )
    commit(session)
    # without the name: a cookie carries this, signed but readable
    flash(_("There is a place for this person, who gets an invitation."), "success")


@page(
    blueprint,
    "/sessions/<id>/participants/<attendance_id>/remove",
    allow=policy.anyone_signed_in,
    methods=("POST",),
)
def participants_remove(id: str, attendance_id: str) -> ResponseReturnValue:
    """Take somebody's place away; the first who waits moves up."""
    session, standing, _found = recorded(id)
    if not is_id(attendance_id):
        raise NotAllowed
    let_go(session)
    remove_participant(session, id, attendance_id, actor=standing.actor.person, now=standing.now)
    commit(session)
    flash(_("The place was given up. Where somebody waited, they have it now."), "success")
    return redirect(url_for("peersupport.sessions.programme_session", id=id))


@page(blueprint, "/sessions/<id>/import", allow=policy.anyone_signed_in, methods=("GET", "POST"))
def import_file(id: str) -> ResponseReturnValue:
    """Take participants in from a file; where it has faults, list them all and store nothing."""
    session, standing, found = recorded(id)
    if found.state is SessionState.CANCELLED:
        raise NotAllowed
    faults: list[tuple[int, str]] = []
    file = request.files.get("file")
    if request.method == "POST" and (file is None or not file.filename):
        faults = [(0, _("Choose a file first."))]
    elif request.method == "POST" and file is not None:
        let_go(session)
        try:
            counts = import_participants(
                session,
                id,
                file.stream,
                file.filename or "",
                is_over_capacity=bool(request.form.get("is_over_capacity")),
                actor=standing.actor.person,
                now=standing.now,
            )
        except ImportFault as error:
            rollback(session)
            faults = error.faults
        else:
            commit(session)
            added = ngettext(
                "%(n)s person has a place now.", "%(n)s people have a place now.", counts.added
            )
            noted = ngettext(
                "Of %(n)s person it is noted whether they came.",
                "Of %(n)s people it is noted whether they came.",
                counts.noted,
            )
            flash(f"{added} {noted}" if counts.noted else added, "success")
            return redirect(url_for("peersupport.sessions.programme_session", id=id))
        session, standing, found = recorded(id)
    html = render_template(
        "peersupport/session_import.html",
        row=_row(session, standing, found),
        faults=faults,
        columns=COLUMNS,
        is_over_capacity=bool(request.form.get("is_over_capacity")),
        **WORDS,
    )
    return html, 422 if faults else 200


def _row(session: orm.Session, standing: Standing, found: ProgrammeSession) -> SessionRow:
    return row_of(session, found, standing, places_of(session, found, standing.person_ids))


def _list_page(
    session: orm.Session,
    standing: Standing,
    found: ProgrammeSession,
    draft: Draft,
    present: dict[str, bool] | None = None,
) -> str:
    signed_up, waiting = participants(session, found)
    ticks = {row.id: bool(row.has_attended) for row in (*signed_up, *waiting)} | (present or {})
    row = _row(session, standing, found)
    record.record(
        session,
        "session.list_seen",
        actor=standing.actor.person,
        now=standing.now,
        object_id=found.id,
    )
    commit(session)
    return render_template(
        "peersupport/session_attendance.html",
        row=row,
        signed_up=signed_up,
        waiting=waiting,
        ticks=ticks,
        draft=draft,
        walk_ins=range(_WALK_INS),
        is_corrected=row.state is SessionState.HELD,
        **WORDS,
    )
