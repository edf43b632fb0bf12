"""Appointing those who are trained, and printing the board's letters (P26)."""

from __future__ import annotations

from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.drafts import Draft, read_day, typed
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit, rollback
from ..errors import InvalidInput, NotAllowed
from ..i18n import gettext as _
from ..i18n import ngettext
from ..printing import show_paper
from ..runtime import current_session, local_today
from ..vault.seal import plain_name
from .appointing import appoint_supporters
from .letters import appointed_on as appointed_on_day
from .letters import letter_dates, letter_of, missing_settings
from .queries import read_roster
from .states import SupporterState
from .views import blueprint, supporter_here


@page(blueprint, "/supporters/appoint", allow=policy.is_coordinator, methods=("GET", "POST"))
def appoint() -> ResponseReturnValue:
    """Appoint those who are ticked, all or nobody."""
    session = current_session()
    if request.method == "GET":
        draft = Draft({"appointed_on": local_today().isoformat()})
        return _appoint_page(session, draft, request.args.getlist("id"))
    draft = typed(request.form)
    chosen = request.form.getlist("chosen")
    day = read_day(draft, "appointed_on")
    if day is None:
        draft.check("appointed_on", _("Fill in the date of the letters."))
    if day is not None and not draft.errors:
        actor, now = signed_in().person, utc_now()
        try:
            made = appoint_supporters(session, chosen, appointed_on=day, actor=actor, now=now)
        except InvalidInput as error:
            rollback(session)
            # what is wrong with one of them, and that therefore nobody was
            draft.errors.update({"form": str(error)} | error.fields)
        else:
            commit(session)
            flash(
                ngettext(
                    "%(n)s supporter was appointed and can be asked from now on. Now print the"
                    " letter.",
                    "%(n)s supporters were appointed and can be asked from now on. Now print the"
                    " letters.",
                    len(made),
                ),
                "success",
            )
            return redirect(url_for("peersupport.supporters.appoint"))
    return _appoint_page(session, draft, chosen)


@page(blueprint, "/supporters/<id>/letter", allow=policy.is_coordinator)
def letter(id: str) -> ResponseReturnValue:
    """Show the letter of one supporter, to print."""
    session = current_session()
    supporter = supporter_here(session, id)
    if supporter.appointed_on is None:
        raise NotAllowed
    letters = [letter_of(supporter)]
    record.record(
        session,
        "letter.seen",
        actor=signed_in().person,
        now=utc_now(),
        object_id=supporter.id,
        subject_id=supporter.person_id,
    )
    commit(session)
    return show_paper(
        "peersupport/letters.html",
        filename="letter",
        letters=letters,
        missing=missing_settings(),
        back_url=url_for("peersupport.supporters.supporter", id=id),
    )


@page(blueprint, "/supporters/letters/<day>", allow=policy.is_coordinator)
def letters(day: str) -> ResponseReturnValue:
    """Show all letters of one date, one a sheet, in order of name."""
    session = current_session()
    appointed = appointed_on_day(session, _day(day))
    if not appointed:
        raise NotAllowed
    written = sorted(appointed, key=lambda row: (plain_name(row.record.person.name), row.id))
    texts = [letter_of(supporter) for supporter in written]
    record.record(session, "letters.seen", actor=signed_in().person, now=utc_now(), detail=day)
    commit(session)
    return show_paper(
        "peersupport/letters.html",
        filename=f"letters-{day}",
        letters=texts,
        missing=missing_settings(),
        back_url=url_for("peersupport.supporters.appoint"),
    )


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise NotAllowed from None
    if day.isoformat() != text:
        raise NotAllowed
    return day


def _appoint_page(session: orm.Session, draft: Draft, chosen: list[str]) -> ResponseReturnValue:
    """Show who is trained; also who was chosen in vain, with the reason."""
    trained = read_roster(session, local_today(), state=SupporterState.TRAINED)
    shown = {row.id for row in trained.rows}
    gone = [draft.errors[id] for id in chosen if id not in shown and id in draft.errors]
    dates = letter_dates(session)
    record.record(session, "supporters.seen", actor=signed_in().person, now=utc_now())
    commit(session)
    html = render_template(
        "peersupport/appoint.html",
        rows=trained.rows,
        has_more=trained.next_id is not None,
        chosen=chosen,
        draft=draft,
        gone=gone,
        dates=dates,
        missing=missing_settings(),
        today=local_today(),
    )
    return html, 422 if draft.errors else 200
