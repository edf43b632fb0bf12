from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from .extensions import db, incident_saved
from .forms import IncidentForm
from .models import Incident

bp = Blueprint("incidents", __name__)


@bp.route("/new", methods=["GET", "POST"])
@login_required
def new() -> Response | str:
    form = IncidentForm(prefix=current_app.config.get("FORM_PREFIX", ""))
    if form.validate_on_submit():
        return save(Incident(author_id=current_user.id), form)
    return render_template("incidents/form.html", form=form)


@bp.route("/<int:incident_id>/edit", methods=["GET", "POST"])
@login_required
def edit(incident_id: int) -> Response | str:
    incident = db.get_or_404(Incident, incident_id)
    form = IncidentForm(obj=incident, prefix=current_app.config.get("FORM_PREFIX", ""))
    if form.validate_on_submit():
        return save(incident, form)
    return render_template("incidents/form.html", form=form)


@bp.get("/<int:incident_id>")
@login_required
def show(incident_id: int) -> str:
    return render_template("incidents/show.html", incident=db.get_or_404(Incident, incident_id))


def save(incident: Incident, form: IncidentForm) -> Response:
    form.populate_obj(incident)
    incident.is_draft = form.save_draft.data
    db.session.add(incident)
    db.session.commit()
    incident_saved.send(
        current_app._get_current_object(), incident=incident, form=form, method=request.method
    )
    flash("Saved as a draft." if incident.is_draft else "Thank you, your report is in.")
    return redirect(url_for(".show", incident_id=incident.id))
