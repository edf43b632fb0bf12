"""The complaints register."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from example_app.access import complaints_officer_required, signed_in_user
from example_app.extensions import db
from example_app.forms import ComplaintForm
from example_app.models import Complaint
from example_app.texts import t

blueprint = Blueprint("complaints", __name__, url_prefix="/complaints")


def next_number(year: int) -> str:
    """Return the first free number of a year, such as K-2026-0001."""
    last = db.session.scalar(
        select(func.max(Complaint.number)).where(Complaint.number.startswith(f"K-{year}-"))
    )
    return f"K-{year}-{int(last.rpartition('-')[2]) + 1 if last else 1:04d}"


@blueprint.get("")
@complaints_officer_required
def index() -> ResponseReturnValue:
    """List the register, the newest first."""
    complaints = db.paginate(
        select(Complaint)
        .options(joinedload(Complaint.registered_by))
        .order_by(Complaint.received_on.desc(), Complaint.id.desc()),
        per_page=25,
    )
    return render_template("complaints/index.html", complaints=complaints)


@blueprint.route("/new", methods=["GET", "POST"])
@complaints_officer_required
def new() -> ResponseReturnValue:
    """Register a complaint."""
    form = ComplaintForm()
    if form.validate_on_submit():
        complaint = Complaint(
            number=next_number(form.received_on.data.year),
            registered_by_id=signed_in_user().id,
        )
        form.populate_obj(complaint)
        db.session.add(complaint)
        db.session.commit()
        flash(t("complaint.stored", number=complaint.number), "success")
        return redirect(url_for("complaints.detail", complaint_id=complaint.id))
    return render_template("complaints/new.html", form=form)


@blueprint.get("/<int:complaint_id>")
@complaints_officer_required
def detail(complaint_id: int) -> ResponseReturnValue:
    """Show one complaint."""
    complaint = db.get_or_404(Complaint, complaint_id)
    return render_template("complaints/detail.html", complaint=complaint)
