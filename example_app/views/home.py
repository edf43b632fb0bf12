"""The home page and the language switch."""

from flask import Blueprint, abort, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from example_app.access import (
    can_keep_complaints,
    readable_reports,
    sign_in_required,
    signed_in_user,
)
from example_app.extensions import db
from example_app.models import Incident
from example_app.texts import LOCALES
from example_app.views.redirects import safe_target

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@sign_in_required
def index() -> ResponseReturnValue:
    """Show the ways to report, and the latest incidents of the department."""
    user = signed_in_user()
    latest = db.session.scalars(
        select(Incident)
        .options(joinedload(Incident.author))
        .where(readable_reports(user, Incident))
        .order_by(Incident.created_at.desc(), Incident.id.desc())
        .limit(5)
    ).all()
    return render_template(
        "home/index.html", latest=latest, keeps_complaints=can_keep_complaints(user)
    )


@blueprint.post("/language")
def language() -> ResponseReturnValue:
    """Switch the language and return to the same page."""
    locale = request.form.get("locale", "")
    if locale not in LOCALES:
        abort(404)
    session["locale"] = locale
    return redirect(safe_target(request.form.get("next")))
