"""Potential calamities, reported with the SOS button."""

from blinker import Namespace
from flask import Blueprint, abort, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from example_app.access import (
    can_plan_analysis,
    can_read_report,
    readable_reports,
    sign_in_required,
    signed_in_user,
)
from example_app.extensions import db
from example_app.forms import AnalysisForm, CalamityForm
from example_app.models import Calamity
from example_app.texts import t

blueprint = Blueprint("calamities", __name__, url_prefix="/calamities")

#: The analysis meeting of a `calamity` was planned, moved or taken back, and that is stored.
analysis_planned = Namespace().signal("analysis_planned")


@blueprint.get("")
@sign_in_required
def index() -> ResponseReturnValue:
    """List what the user may read, the newest first."""
    reports = db.paginate(
        select(Calamity)
        .options(joinedload(Calamity.author))
        .where(readable_reports(signed_in_user(), Calamity))
        .order_by(Calamity.created_at.desc(), Calamity.id.desc()),
        per_page=25,
    )
    return render_template("calamities/index.html", reports=reports)


@blueprint.route("/new", methods=["GET", "POST"])
@sign_in_required
def new() -> ResponseReturnValue:
    """Report a potential calamity."""
    user = signed_in_user()
    form = CalamityForm(ward=user.department.name)
    if form.validate_on_submit():
        calamity = Calamity(author_id=user.id)
        form.populate_obj(calamity)
        db.session.add(calamity)
        db.session.commit()
        flash(t("calamity.stored", id=calamity.id), "success")
        return redirect(url_for("calamities.detail", report_id=calamity.id))
    return render_template("calamities/new.html", form=form)


@blueprint.get("/<int:report_id>")
@sign_in_required
def detail(report_id: int) -> ResponseReturnValue:
    """Show one report to its author and the department."""
    calamity = db.get_or_404(Calamity, report_id)
    if not can_read_report(signed_in_user(), calamity):
        abort(403)
    return show_detail(calamity, AnalysisForm(obj=calamity))


@blueprint.post("/<int:report_id>/analysis")
@sign_in_required
def plan_analysis(report_id: int) -> ResponseReturnValue:
    """Say when the analysis is discussed; an empty field takes it back."""
    calamity = db.get_or_404(Calamity, report_id)
    if not can_plan_analysis(signed_in_user()):
        abort(403)
    form = AnalysisForm()
    if not form.validate_on_submit():
        return show_detail(calamity, form)
    form.populate_obj(calamity)
    db.session.commit()
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    analysis_planned.send(app, calamity=calamity)
    flash(t("calamity.analysis_stored"), "success")
    return redirect(url_for("calamities.detail", report_id=calamity.id))


def show_detail(calamity: Calamity, form: AnalysisForm) -> str:
    """Show a calamity, to the quality office with the form for the day of the analysis."""
    return render_template(
        "calamities/detail.html",
        report=calamity,
        form=form if can_plan_analysis(signed_in_user()) else None,
    )
