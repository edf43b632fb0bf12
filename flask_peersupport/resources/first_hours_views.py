"""The card for the first hours: on a telephone, on paper, and as coordinators write it (P41)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.departments import department_names
from ..access.views import page, signed_in
from ..clock import utc_now
from ..db import commit, rollback
from ..errors import InvalidInput
from ..i18n import gettext as _
from ..printing import show_paper
from ..runtime import current_runtime, current_session, local_today
from .first_hours import HOSPITAL, PARTS, card_for, set_texts, written_for
from .places import Place
from .queries import other_than, resources_for

blueprint = Blueprint("first_hours", __name__)

#: Numbers of other help on the card: it has to fit on one page.
_MOST_NUMBERS = 4


@page(blueprint, "/first-hours", allow=policy.anyone_signed_in)
def first_hours() -> ResponseReturnValue:
    """Show the card; with `?format=print` on paper, with `?format=pdf` as PDF."""
    session = current_session()
    own = (signed_in().person.department or "").split(";")
    card = card_for(session, request.args.get("department"), own)
    context = {"card": card, **_numbers(session)}
    commit(session)
    if request.args.get("format") in ("print", "pdf"):
        return show_paper(
            "peersupport/first_hours_paper.html",
            filename="first-hours",
            back_url=url_for(".first_hours", department=card.department),
            pdf_url=url_for(".first_hours", department=card.department, format="pdf"),
            **context,
        )
    return render_template(
        "peersupport/first_hours.html", is_kept=policy.is_coordinator(signed_in()), **context
    )


@page(blueprint, "/first-hours/edit", allow=policy.is_coordinator, methods=("GET", "POST"))
def edit() -> ResponseReturnValue:
    """Change what the card says, for the hospital or for a department."""
    session = current_session()
    if request.method == "GET":
        department = request.args.get("department", HOSPITAL)[:200]
        return _form_page(session, department)
    department = request.form.get("department", HOSPITAL)
    texts = {code: request.form.get(code, "") for code in PARTS}
    try:
        name = set_texts(session, department, texts, actor=signed_in().person, now=utc_now())
    except InvalidInput as error:
        rollback(session)
        return _form_page(session, department[:200], texts, error.fields)
    commit(session)
    flash(_("The changes were saved."), "success")
    return redirect(url_for(".first_hours", department=name))


def _form_page(
    session: orm.Session,
    department: str,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> ResponseReturnValue:
    """Show the form as it stands, or as it was typed, with what cannot be right."""
    names = department_names(session)
    written = written_for(session, department)
    texts = written.texts if typed is None else typed
    commit(session)
    html = render_template(
        "peersupport/first_hours_edit.html",
        department=department,
        departments=sorted(
            {*names, *written.departments, *filter(None, [department])}, key=str.casefold
        ),
        written=written.departments,
        parts=[
            (code, _(label), texts[code], written.inherited[code]) for code, label in PARTS.items()
        ],
        errors=errors or {},
    )
    return html, 422 if errors else 200


def _numbers(session: orm.Session) -> dict[str, Any]:
    """Return whom head and team can call."""
    settings = current_runtime().settings
    helps = resources_for(session, Place.FIRST_HOURS, local_today())
    for number in (settings.support_phone, settings.standby_contact):
        helps = other_than(helps, number)
    return {
        "phone": settings.support_phone,
        "standby_contact": settings.standby_contact,
        "helps": [row for row in helps if row.phone or row.reach][:_MOST_NUMBERS],
    }
