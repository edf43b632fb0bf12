from __future__ import annotations

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user, login_required, login_user
from werkzeug.wrappers import Response

from .models import Employee, Incident, db

bp = Blueprint("pages", __name__)


@bp.get("/")
@login_required
def index() -> str:
    incidents = db.session.scalars(db.select(Incident).filter_by(author_id=current_user.id))
    return render_template("index.html", incidents=incidents)


@bp.route("/login", methods=["GET", "POST"])
def login() -> Response | str:
    username = request.form.get("username")
    employee = db.session.scalar(db.select(Employee).filter_by(username=username))
    if employee is not None:
        login_user(employee)
        return redirect(url_for(".index"))
    return render_template("login.html")


@bp.get("/language/<language>")
def choose_language(language: str) -> Response:
    session["language"] = language
    return redirect(url_for(".index"))


@bp.route("/incidents/new", methods=["GET", "POST"])
@login_required
def new() -> Response | str:
    if request.method == "GET":
        return render_template("new.html", errors=[])
    if not request.form.get("title"):
        return render_template("new.html", errors=[_("Give the incident a title.")])
    incident = save(request.form.get("story", ""))
    return redirect(url_for(".show", incident_id=incident.id))


@bp.post("/incidents/quick")
@login_required
def quick() -> Response:
    """Take the one line of the start page."""
    incident = save(story="")
    lead_on = current_app.config.get("AFTER_QUICK_REPORT", lambda incident, next: next)
    return redirect(lead_on(incident, next=url_for(".show", incident_id=incident.id)))


@bp.get("/incidents/<int:incident_id>")
@login_required
def show(incident_id: int) -> str:
    return render_template("show.html", incident=db.get_or_404(Incident, incident_id))


def save(story: str) -> Incident:
    incident = Incident(title=request.form["title"], ward=current_user.ward, story=story)
    incident.is_serious = "serious" in request.form
    incident.author_id = current_user.id
    db.session.add(incident)
    db.session.commit()
    flash(_("Thank you, your incident is stored."), "success")
    return incident
