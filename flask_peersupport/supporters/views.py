"""The roster for coordinators, and the supporter's own page."""

from __future__ import annotations

import re

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.departments import DepartmentTree, local_today
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit, rollback
from ..errors import ImportFault, InvalidInput, NotAllowed
from ..i18n import gettext as _
from ..i18n import ngettext
from ..runtime import current_runtime
from . import forms
from .actions import (
    add_supporter,
    change_availability,
    change_supporter,
    move_supporter,
    pause_supporter,
    resume_supporter,
)
from .departments import present_departments
from .importing import COLUMNS, import_supporters, with_account
from .labels import STATE_LABELS
from .models import Supporter
from .policy import is_supporter
from .queries import (
    SupporterView,
    given_departments,
    official_name,
    read_coverage,
    read_roster,
    supporter_of,
    view_of,
)
from .states import TRANSITIONS, SupporterState

blueprint = Blueprint("supporters", __name__)

_ID = re.compile(r"[0-9a-f]{32}")


@page(blueprint, "/supporters", allow=policy.is_coordinator)
def supporters() -> ResponseReturnValue:
    """Show the roster, filtered as the address says, and the coverage of the departments."""
    session = _session()
    departments = present_departments(session)
    state = forms.read_state(request.args.get("state", ""))
    settings = current_runtime().settings
    profession = request.args.get("profession", "")
    by_official: dict[str, list[str]] = {}
    for given in given_departments(session):
        by_official.setdefault(official_name(departments, given), []).append(given)
    department = request.args.get("department", "")
    after = request.args.get("after", "")
    roster = read_roster(
        session,
        local_today(),
        state=state,
        profession=profession if profession in settings.professions else None,
        department_names=by_official.get(department),
        after=after if _ID.fullmatch(after) else None,
    )
    coverage = read_coverage(session, departments)
    record.record(session, "supporters.seen", actor=signed_in().person, now=utc_now())
    commit(session)
    return render_template(
        "peersupport/supporters.html",
        roster=roster,
        coverage=coverage,
        departments=sorted(by_official, key=str.casefold),
        chosen={"state": state or "", "profession": profession, "department": department},
        is_first=not after,
        state_labels=STATE_LABELS,
    )


@page(blueprint, "/supporters/add", allow=policy.is_coordinator, methods=("GET", "POST"))
def add() -> ResponseReturnValue:
    """Put somebody on the roster."""
    session = _session()
    draft = forms.typed(request.form)
    if request.method == "POST":
        person = forms.read_new_person(draft)
        details = forms.read_details(draft, present_departments(session))
        state = forms.read_state(draft.values.get("state", "")) or SupporterState.NOMINATED
        actor = signed_in().person
        if not draft.errors:
            try:
                supporter = add_supporter(
                    session,
                    with_account(person),
                    details,
                    state=state,
                    actor=actor,
                    now=utc_now(),
                )
            except InvalidInput as error:
                rollback(session)
                draft.errors.update(error.fields or {"form": str(error)})
            else:
                supporter_id = supporter.id
                commit(session)
                flash(_("The supporter is on the roster."), "success")
                return redirect(url_for("peersupport.supporters.supporter", id=supporter_id))
    return _form_page("peersupport/supporter_add.html", session, draft)


@page(blueprint, "/supporters/import", allow=policy.is_coordinator, methods=("GET", "POST"))
def import_file() -> ResponseReturnValue:
    """Take supporters in from a file; where it has faults, list them all and store nobody."""
    session = _session()
    faults: list[tuple[int, str]] = []
    file = request.files.get("file")
    if request.method == "POST" and (file is None or not file.filename):
        faults = [(0, _("Choose a file first."))]
    elif request.method == "POST" and file is not None:
        try:
            counts = import_supporters(
                session,
                file.stream,
                file.filename or "",
                actor=signed_in().person,
                now=utc_now(),
            )
        except ImportFault as error:
            rollback(session)
            faults = error.faults
        except InvalidInput as error:
            rollback(session)
            faults = [(0, str(error))]
        else:
            commit(session)
            flash(
                ngettext(
                    "%(n)s supporter was added.", "%(n)s supporters were added.", counts.added
                ),
                "success",
            )
            return redirect(url_for("peersupport.supporters.supporters"))
    html = render_template("peersupport/supporters_import.html", faults=faults, columns=COLUMNS)
    return html, 422 if faults else 200


@page(blueprint, "/supporters/<id>", allow=policy.is_coordinator, methods=("GET", "POST"))
def supporter(id: str) -> ResponseReturnValue:
    """Show a supporter's record and load, and change the record."""
    session = _session()
    supporter = _supporter(session, id)
    if request.method == "GET":
        return _supporter_page(session, supporter)
    known = view_of(supporter, local_today())
    draft = forms.typed(request.form)
    name, phone = forms.read_contact(draft)
    kept = {department.name for department in known.departments}
    details = forms.read_details(draft, present_departments(session), kept)
    if not draft.errors:
        try:
            change_supporter(
                session,
                supporter,
                details,
                name=name,
                phone=phone,
                actor=signed_in().person,
                now=utc_now(),
            )
        except InvalidInput as error:
            rollback(session)
            draft.errors.update(error.fields or {"form": str(error)})
    if draft.errors:
        return _supporter_page(session, supporter, draft)
    commit(session)
    flash(_("The changes were saved."), "success")
    return redirect(url_for("peersupport.supporters.supporter", id=id))


@page(blueprint, "/supporters/<id>/state", allow=policy.is_coordinator, methods=("POST",))
def move(id: str) -> ResponseReturnValue:
    """Move a supporter to another state."""
    session = _session()
    supporter = _supporter(session, id)
    state = forms.read_state(request.form.get("state", ""))
    if state is None:
        raise NotAllowed
    try:
        move_supporter(session, supporter, state, actor=signed_in().person, now=utc_now())
    except InvalidInput as error:
        rollback(session)
        flash(str(error), "error")
    else:
        commit(session)
        flash(_("The changes were saved."), "success")
    return redirect(url_for("peersupport.supporters.supporter", id=id))


@page(blueprint, "/supporters/<id>/pause", allow=policy.is_coordinator, methods=("POST",))
def pause(id: str) -> ResponseReturnValue:
    """Pause a supporter until a day, or until further notice."""
    session = _session()
    supporter = _supporter(session, id)
    draft = forms.typed(request.form)
    if not _pause(session, supporter, draft):
        return _supporter_page(session, supporter, pause=draft)
    return redirect(url_for("peersupport.supporters.supporter", id=id))


@page(blueprint, "/supporters/<id>/resume", allow=policy.is_coordinator, methods=("POST",))
def resume(id: str) -> ResponseReturnValue:
    """End a supporter's pause."""
    session = _session()
    _resume(session, _supporter(session, id))
    return redirect(url_for("peersupport.supporters.supporter", id=id))


@page(blueprint, "/supporters/me", allow=is_supporter)
def me() -> ResponseReturnValue:
    """Show supporters their own record, load and limits."""
    session = _session()
    return _own_page(session, _own(session))


@page(blueprint, "/supporters/me/availability", allow=is_supporter, methods=("POST",))
def set_availability() -> ResponseReturnValue:
    """Keep a supporter's own limits and nights."""
    session = _session()
    supporter = _own(session)
    draft = forms.typed(request.form)
    max_open, max_per_quarter = forms.read_limits(draft)
    if draft.errors:
        return _own_page(session, supporter, draft)
    change_availability(
        session,
        supporter,
        is_asked_at_night=bool(draft.values.get("night")),
        max_open=max_open,
        max_per_quarter=max_per_quarter,
        actor=signed_in().person,
        now=utc_now(),
    )
    commit(session)
    flash(_("The changes were saved."), "success")
    return redirect(url_for("peersupport.supporters.me"))


@page(blueprint, "/supporters/me/pause", allow=is_supporter, methods=("POST",))
def pause_me() -> ResponseReturnValue:
    """Let supporters pause themselves."""
    session = _session()
    supporter = _own(session)
    draft = forms.typed(request.form)
    if not _pause(session, supporter, draft):
        return _own_page(session, supporter, pause=draft)
    return redirect(url_for("peersupport.supporters.me"))


@page(blueprint, "/supporters/me/resume", allow=is_supporter, methods=("POST",))
def resume_me() -> ResponseReturnValue:
    """Let supporters end their own pause."""
    session = _session()
    _resume(session, _own(session))
    return redirect(url_for("peersupport.supporters.me"))


def _session() -> orm.Session:
    session: orm.Session = current_runtime().storage.session()
    return session


def _supporter(session: orm.Session, supporter_id: str) -> Supporter:
    found = session.get(Supporter, supporter_id) if _ID.fullmatch(supporter_id) else None
    if found is None:
        raise NotAllowed
    return found


def _own(session: orm.Session) -> Supporter:
    found = supporter_of(session, signed_in())
    if found is None:
        raise NotAllowed
    return found


def _pause(session: orm.Session, supporter: Supporter, draft: forms.Draft) -> bool:
    until_on = forms.read_until(draft)
    if draft.errors:
        return False
    try:
        pause_supporter(session, supporter, until_on, actor=signed_in().person, now=utc_now())
    except InvalidInput as error:
        rollback(session)
        draft.errors.update(error.fields)
        return False
    commit(session)
    flash(_("The pause has been noted. No new requests come in until it ends."), "success")
    return True


def _resume(session: orm.Session, supporter: Supporter) -> None:
    resume_supporter(session, supporter, actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("The pause has ended."), "success")


def _seen(session: orm.Session, supporter: Supporter) -> SupporterView:
    """Read what the page shows, and note that it was seen; the commit comes before the answer."""
    view = view_of(supporter, local_today())
    record.record(
        session,
        "supporter.seen",
        actor=signed_in().person,
        now=utc_now(),
        object_id=view.id,
        subject_id=view.person_id,
    )
    return view


def _supporter_page(
    session: orm.Session,
    supporter: Supporter,
    draft: forms.Draft | None = None,
    pause: forms.Draft | None = None,
) -> ResponseReturnValue:
    view = _seen(session, supporter)
    return _form_page(
        "peersupport/supporter.html",
        session,
        draft or forms.draft_of(view),
        view=view,
        pause=pause or forms.Draft(),
        moves=sorted(TRANSITIONS[view.state] - {SupporterState.PAUSED}),
        is_active=view.state in (SupporterState.APPOINTED, SupporterState.PAUSED),
    )


def _own_page(
    session: orm.Session,
    supporter: Supporter,
    draft: forms.Draft | None = None,
    pause: forms.Draft | None = None,
) -> ResponseReturnValue:
    view = _seen(session, supporter)
    commit(session)
    pause = pause or forms.Draft()
    draft = draft or forms.availability_of(view)
    html = render_template(
        "peersupport/supporter_me.html",
        view=view,
        draft=draft,
        pause=pause,
        state_labels=STATE_LABELS,
        today=local_today(),
    )
    return html, 422 if draft.errors or pause.errors else 200


def _form_page(
    template: str, session: orm.Session, draft: forms.Draft, **context: object
) -> ResponseReturnValue:
    departments = present_departments(session)
    names = departments.names() if isinstance(departments, DepartmentTree) else []
    commit(session)
    html = render_template(
        template,
        draft=draft,
        department_names=names,
        state_labels=STATE_LABELS,
        today=local_today(),
        **context,
    )
    pause = context.get("pause")
    has_errors = bool(draft.errors) or (isinstance(pause, forms.Draft) and bool(pause.errors))
    return html, 422 if has_errors else 200
