"""Incident reports (VIM-meldingen)."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from example_app.access import can_read_report, readable_reports, sign_in_required, signed_in_user
from example_app.extensions import db
from example_app.forms import IncidentForm
from example_app.models import Incident
from example_app.texts import t

blueprint = Blueprint("incidents", __name__, url_prefix="/incidents")


@blueprint.get("")
@sign_in_required
def index() -> ResponseReturnValue:
    """List what the user may read, the newest first."""
    reports = db.paginate(
        select(Incident)
        .options(joinedload(Incident.author))
        .where(readable_reports(signed_in_user(), Incident))
        .order_by(Incident.created_at.desc(), Incident.id.desc()),
        per_page=25,
    )
    return render_template("incidents/index.html", reports=reports)


@blueprint.route("/new", methods=["GET", "POST"])
@sign_in_required
def new() -> ResponseReturnValue:
    """Report an incident."""
    user = signed_in_user()
    form = IncidentForm(ward=user.department.name)
    if form.validate_on_submit():
        incident = Incident(author_id=user.id)
        form.populate_obj(incident)
        db.session.add(incident)
        db.session.commit()
        flash(t("incident.stored", id=incident.id), "success")
        return redirect(url_for("incidents.detail", report_id=incident.id))
    return render_template("incidents/new.html", form=form)


@blueprint.get("/<int:report_id>")
@sign_in_required
def detail(report_id: int) -> ResponseReturnValue:
    """Show one report to its author and the department."""
    incident = db.get_or_404(Incident, report_id)
    if not can_read_report(signed_in_user(), incident):
        abort(403)
    return render_template("incidents/detail.html", report=incident)
