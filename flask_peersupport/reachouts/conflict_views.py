"""The supporter's own page of conflicts: nobody else ever sees it (P10)."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access.departments import department_names
from ..access.typed import clean_text
from ..access.views import page, signed_in
from ..clock import utc_now
from ..db import commit, rollback
from ..errors import InvalidInput
from ..i18n import gettext as _
from ..i18n import ngettext
from ..runtime import current_session
from ..supporters.conflict_actions import (
    declare_colleague,
    declare_with_department,
    find_colleague,
    seen_conflicts,
    take_back,
)
from ..supporters.models import Supporter
from ..supporters.policy import is_supporter, own_supporter
from .conflicts import settle_conflicts

blueprint = Blueprint("conflicts", __name__)


@page(blueprint, "/supporters/me/conflicts", allow=is_supporter)
def conflicts() -> ResponseReturnValue:
    """List the conflicts that the supporter declared, with forms for more."""
    session = current_session()
    return _page(session, own_supporter(session), {}, {})


@page(blueprint, "/supporters/me/conflicts/colleague", allow=is_supporter, methods=("POST",))
def add_colleague() -> ResponseReturnValue:
    """Declare a conflict with a colleague, picked from the directory or typed."""
    names = ("name", "email", "user")
    values = {name: clean_text(request.form.get(name, "")) for name in names}
    # what the completion sends along is longer than what people type
    values["user"] = request.form.get("user", "")

    def declare(session: orm.Session, supporter: Supporter) -> None:
        person = find_colleague(values["name"], values["email"], values["user"])
        declare_colleague(session, supporter, person, actor=signed_in().person, now=utc_now())

    return _declared(declare, values)


@page(blueprint, "/supporters/me/conflicts/department", allow=is_supporter, methods=("POST",))
def add_department() -> ResponseReturnValue:
    """Declare a conflict with a department of the list."""
    values = {"department": clean_text(request.form.get("department", ""))}

    def declare(session: orm.Session, supporter: Supporter) -> None:
        declare_with_department(
            session, supporter, values["department"], actor=signed_in().person, now=utc_now()
        )

    return _declared(declare, values)


@page(blueprint, "/supporters/me/conflicts/<group>/remove", allow=is_supporter, methods=("POST",))
def remove(group: str) -> ResponseReturnValue:
    """Take a standing conflict back."""
    session = current_session()
    take_back(session, own_supporter(session), group, actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("It no longer holds: you may be asked again."), "success")
    return redirect(url_for(".conflicts"))


def _declared(
    declare: Callable[[orm.Session, Supporter], None], values: dict[str, str]
) -> ResponseReturnValue:
    """Declare a conflict, then pass on what it concerns; where it is wrong, show the form again."""
    session = current_session()
    supporter = own_supporter(session)
    try:
        declare(session, supporter)
    except InvalidInput as error:
        rollback(session)
        return _page(session, own_supporter(session), values, error.fields)
    commit(session)
    # a transaction of its own: an acceptance at this moment sees the declaration, or is seen here
    settled = settle_conflicts(session, supporter, actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("Noted. Only you can see it."), "success")
    if settled.passed_on:
        flash(
            ngettext(
                "%(n)s colleague you were asked for, or had said yes to, goes to somebody else.",
                "%(n)s colleagues you were asked for, or had said yes to, go to somebody else.",
                settled.passed_on,
            ),
            "info",
        )
    if settled.kept:
        flash(
            ngettext(
                "You are in contact with %(n)s colleague to whom this applies. That stays as it "
                "is; hand it back if you would rather.",
                "You are in contact with %(n)s colleagues to whom this applies. That stays as it "
                "is; hand it back if you would rather.",
                settled.kept,
            ),
            "info",
        )
    return redirect(url_for(".conflicts"))


def _page(
    session: orm.Session, supporter: Supporter, values: dict[str, str], errors: dict[str, str]
) -> ResponseReturnValue:
    names = department_names(session)
    found = seen_conflicts(session, supporter, actor=signed_in().person, now=utc_now())
    commit(session)
    html = render_template(
        "peersupport/conflicts.html",
        standing=[one for one in found if one.is_standing],
        said=[one for one in found if not one.is_standing],
        department_names=names,
        values=values,
        errors=errors,
    )
    return html, 422 if errors else 200
