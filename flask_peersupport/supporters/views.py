"""The roster for coordinators; what its pages share with the supporter's own."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.departments import department_names, official_name, present_departments
from ..access.drafts import Draft, keeping_faults, read_day, saying, typed
from ..access.typed import is_id
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit, rollback
from ..errors import ImportFault, InvalidInput, NotAllowed
from ..i18n import gettext as _
from ..i18n import ngettext
from ..runtime import current_runtime, current_session, local_today
from . import forms
from .actions import (
    add_supporter,
    change_criteria,
    change_supporter,
    move_supporter,
    pause_supporter,
    resume_supporter,
)
from .appointing import appoint_supporters
from .attending import note_training_elsewhere
from .importing import COLUMNS, import_supporters, with_account
from .inviting import invite_supporter
from .labels import STATE_LABELS
from .models import Supporter
from .queries import (
    SupporterView,
    given_departments,
    read_roster,
    view_of,
)
from .states import ACTIVE, SupporterState, next_states
from .waiting import conditions, count_states, count_waiting

blueprint = Blueprint("supporters", __name__)


@page(blueprint, "/supporters", allow=policy.is_coordinator)
def supporters() -> ResponseReturnValue:
    """Show the roster, filtered as the address says."""
    session = current_session()
    departments = present_departments(session)
    state = forms.read_state(request.args.get("state", ""))
    settings = current_runtime().settings
    profession = request.args.get("profession", "")
    by_official: dict[str, list[str]] = {}
    for given in given_departments(session):
        by_official.setdefault(official_name(departments, given), []).append(given)
    department = request.args.get("department", "")
    after = request.args.get("after", "")
    now = utc_now()
    awaited = forms.read_waiting(request.args.get("waiting", ""))
    roster = read_roster(
        session,
        local_today(),
        state=state,
        profession=profession if profession in settings.professions else None,
        department_names=by_official.get(department),
        where=conditions(now)[awaited] if awaited else None,
        after=after if is_id(after) else None,
    )
    waiting = count_waiting(session, now)
    states = count_states(session)
    record.record(session, "supporters.seen", actor=signed_in().person, now=now)
    commit(session)
    return render_template(
        "peersupport/supporters.html",
        roster=roster,
        departments=sorted(by_official, key=str.casefold),
        chosen={
            "state": state or "",
            "profession": profession,
            "department": department,
            "waiting": awaited or "",
        },
        waiting=waiting,
        states=states,
        today=local_today(),
        state_labels=STATE_LABELS,
    )


@page(blueprint, "/supporters/add", allow=policy.is_coordinator, methods=("GET", "POST"))
def add() -> ResponseReturnValue:
    """Put somebody on the roster."""
    session = current_session()
    draft = forms.typed_record(request.form)
    if request.method == "POST":
        person = forms.read_new_person(draft)
        details = forms.read_details(draft, present_departments(session))
        state = forms.read_state(draft.values.get("state", "")) or SupporterState.NOMINATED
        actor = signed_in().person
        if not draft.errors:
            with keeping_faults(session, draft.errors):
                supporter = add_supporter(
                    session,
                    with_account(person),
                    details,
                    state=state,
                    actor=actor,
                    now=utc_now(),
                )
                supporter_id = supporter.id
                commit(session)
                flash(_("The supporter is on the roster."), "success")
                return redirect(url_for("peersupport.supporters.supporter", id=supporter_id))
    return _form_page("peersupport/supporter_add.html", session, draft)


@page(blueprint, "/supporters/import", allow=policy.is_coordinator, methods=("GET", "POST"))
def import_file() -> ResponseReturnValue:
    """Take supporters in from a file; where it has faults, list them all and store nobody."""
    session = current_session()
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
    session = current_session()
    supporter = supporter_here(session, id)
    if request.method == "GET":
        return _supporter_page(session, supporter)
    known = view_of(supporter, local_today())
    draft = forms.typed_record(request.form)
    name, phone = forms.read_contact(draft)
    kept = {department.name for department in known.departments}
    details = forms.read_details(draft, present_departments(session), kept)
    if not draft.errors:
        with keeping_faults(session, draft.errors):
            change_supporter(
                session,
                supporter,
                details,
                name=name,
                phone=phone,
                actor=signed_in().person,
                now=utc_now(),
            )
    if draft.errors:
        return _supporter_page(session, supporter, draft)
    commit(session)
    flash(_("The changes were saved."), "success")
    return redirect(url_for("peersupport.supporters.supporter", id=id))


@page(blueprint, "/supporters/<id>/state", allow=policy.is_coordinator, methods=("POST",))
def move(id: str) -> ResponseReturnValue:
    """Move a supporter to another state; whoever is invited or appointed is told so."""
    session = current_session()
    supporter = supporter_here(session, id)
    state = forms.read_state(request.form.get("state", ""))
    if state is None:
        raise NotAllowed
    actor, now = signed_in().person, utc_now()
    is_trained = supporter.state is SupporterState.TRAINED
    with saying(session, _("The changes were saved.")):
        if state is SupporterState.INVITED and not is_trained:
            invite_supporter(session, supporter, actor=actor, now=now)
        elif state is SupporterState.APPOINTED and is_trained:
            appoint_supporters(session, [id], appointed_on=local_today(), actor=actor, now=now)
        else:
            move_supporter(session, supporter, state, actor=actor, now=now)
    return redirect(url_for("peersupport.supporters.supporter", id=id))


@page(blueprint, "/supporters/<id>/profile", allow=policy.is_coordinator, methods=("POST",))
def set_profile(id: str) -> ResponseReturnValue:
    """Keep which criteria of the profile somebody meets (P25)."""
    session = current_session()
    supporter = supporter_here(session, id)
    ticked = request.form.getlist("criterion")
    change_criteria(session, supporter, ticked, actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("The changes were saved."), "success")
    return redirect(url_for("peersupport.supporters.supporter", id=id))


@page(blueprint, "/supporters/<id>/training", allow=policy.is_coordinator, methods=("POST",))
def set_training(id: str) -> ResponseReturnValue:
    """Keep the day of a training that is on no list of ours."""
    session = current_session()
    supporter = supporter_here(session, id)
    training = typed(request.form)
    day = read_day(training, "trained_on")
    if not training.errors:
        with keeping_faults(session, training.errors):
            note_training_elsewhere(
                session, supporter, day, actor=signed_in().person, now=utc_now()
            )
    if training.errors:
        return _supporter_page(session, supporter, training=training)
    commit(session)
    flash(_("The changes were saved."), "success")
    return redirect(url_for("peersupport.supporters.supporter", id=id))


@page(blueprint, "/supporters/<id>/pause", allow=policy.is_coordinator, methods=("POST",))
def pause(id: str) -> ResponseReturnValue:
    """Pause a supporter until a day, or until further notice."""
    session = current_session()
    supporter = supporter_here(session, id)
    draft = typed(request.form)
    if not note_pause(session, supporter, draft):
        return _supporter_page(session, supporter, pause=draft)
    return redirect(url_for("peersupport.supporters.supporter", id=id))


@page(blueprint, "/supporters/<id>/resume", allow=policy.is_coordinator, methods=("POST",))
def resume(id: str) -> ResponseReturnValue:
    """End a supporter's pause."""
    session = current_session()
    note_resume(session, supporter_here(session, id))
    return redirect(url_for("peersupport.supporters.supporter", id=id))


def supporter_here(session: orm.Session, supporter_id: str) -> Supporter:
    """Return whom the address names.

    Raises:
        NotAllowed: there is nobody with this id.
    """
    found = session.get(Supporter, supporter_id)
    if found is None:
        raise NotAllowed
    return found


def note_pause(session: orm.Session, supporter: Supporter, draft: Draft) -> bool:
    """Pause a supporter as the form says; return whether it could be."""
    until_on = forms.read_until(draft)
    if draft.errors:
        return False
    with keeping_faults(session, draft.errors):
        pause_supporter(session, supporter, until_on, actor=signed_in().person, now=utc_now())
        commit(session)
        flash(_("The pause has been noted. No new requests come in until it ends."), "success")
    return not draft.errors


def note_resume(session: orm.Session, supporter: Supporter) -> None:
    """End the pause of a supporter."""
    resume_supporter(session, supporter, actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("The pause has ended."), "success")


def note_seen(session: orm.Session, supporter: Supporter) -> SupporterView:
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
    draft: Draft | None = None,
    pause: Draft | None = None,
    training: Draft | None = None,
) -> ResponseReturnValue:
    view = note_seen(session, supporter)
    return _form_page(
        "peersupport/supporter.html",
        session,
        draft or forms.draft_of(view),
        view=view,
        pause=pause or Draft(),
        training=training or forms.training_of(view),
        moves=next_states(view.state, was_appointed=view.appointed_on is not None),
        is_active=view.state in ACTIVE,
    )


def _form_page(
    template: str, session: orm.Session, draft: Draft, **context: object
) -> ResponseReturnValue:
    names = department_names(session)
    commit(session)
    html = render_template(
        template,
        draft=draft,
        department_lines=forms.department_lines(draft),
        department_names=names,
        state_labels=STATE_LABELS,
        today=local_today(),
        **context,
    )
    drafts = [draft, *(value for value in context.values() if isinstance(value, Draft))]
    return html, 422 if any(one.errors for one in drafts) else 200
