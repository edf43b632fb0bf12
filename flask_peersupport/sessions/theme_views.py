"""The vocabulary of intervision, which the programme edits (P32)."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.views import page, signed_in
from ..clock import utc_now
from ..db import commit, rollback
from ..errors import InvalidInput, NotAllowed
from ..i18n import gettext as _
from ..runtime import current_session
from . import themes
from .models import Theme

blueprint = Blueprint("themes", __name__)


@page(blueprint, "/sessions/themes", allow=policy.is_trainer, methods=("GET", "POST"))
def vocabulary() -> ResponseReturnValue:
    """Show the vocabulary, and add to it."""
    session = current_session()
    if request.method == "GET":
        return _show(session)
    name = request.form.get("name", "")

    def add() -> None:
        themes.add_theme(session, name, actor=signed_in().person, now=utc_now())

    return _done(session, add, "", name)


@page(blueprint, "/sessions/themes/<theme_id>", allow=policy.is_trainer, methods=("POST",))
def rename(theme_id: str) -> ResponseReturnValue:
    """Call a theme by another word."""
    session, theme = _theme(theme_id)
    name = request.form.get("name", "")

    def change() -> None:
        themes.rename_theme(session, theme, name, actor=signed_in().person, now=utc_now())

    return _done(session, change, theme_id, name)


@page(blueprint, "/sessions/themes/<theme_id>/retire", allow=policy.is_trainer, methods=("POST",))
def retire(theme_id: str) -> ResponseReturnValue:
    """Offer a theme no longer."""
    session, theme = _theme(theme_id)
    themes.retire_theme(session, theme, actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("It is not offered any more; the sessions that have it keep it."), "success")
    return redirect(url_for(".vocabulary"))


@page(
    blueprint, "/sessions/themes/<theme_id>/bring-back", allow=policy.is_trainer, methods=("POST",)
)
def bring_back(theme_id: str) -> ResponseReturnValue:
    """Offer a retired theme again."""
    session, theme = _theme(theme_id)
    themes.bring_back_theme(session, theme, actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("It is offered again."), "success")
    return redirect(url_for(".vocabulary"))


def _done(
    session: orm.Session, change: Callable[[], None], theme_id: str, name: str
) -> ResponseReturnValue:
    try:
        change()
    except InvalidInput as error:
        rollback(session)
        return _show(session, {"id": theme_id, "name": name[:200], "text": str(error)})
    commit(session)
    flash(_("The changes were saved."), "success")
    return redirect(url_for(".vocabulary"))


def _show(session: orm.Session, fault: dict[str, str] | None = None) -> ResponseReturnValue:
    uses = themes.count_uses(session)
    rows = [
        {
            "id": theme.id,
            "name": theme.name,
            "is_retired": theme.retired_at is not None,
            "uses": uses.get(theme.id, 0),
        }
        for theme in themes.all_themes(session)
    ]
    html = render_template(
        "peersupport/themes.html", rows=rows, fault=fault, longest=themes.LONGEST
    )
    return html, 422 if fault else 200


def _theme(theme_id: str) -> tuple[orm.Session, Theme]:
    session = current_session()
    theme = session.get(Theme, theme_id)
    if theme is None:
        raise NotAllowed
    return session, theme
