"""Entering incidents and complaints."""

from blinker import Namespace
from flask import Blueprint, abort, current_app, redirect, render_template, request
from flask.views import MethodView
from flask_login import current_user, login_required

from .database import Complaint, Incident, Session

desk = Blueprint("desk", __name__, template_folder="templates")
#: For whoever extends the desk: sent with the object, before and after it is committed.
events = Namespace()
entering = events.signal("entering")
entered = events.signal("entered")


class EnterIncident(MethodView):
    """Commits by itself, as most of this application does."""

    decorators = (login_required,)

    def get(self):
        return render_template("enter.html", word="incident")

    def post(self):
        incident = Incident(
            headline=request.form["headline"],
            ward=request.form.get("ward"),
            status=request.form.get("status", "new"),
            is_anonymous="anonymous" in request.form,
            account_id=current_user.account_id,
        )
        Session.add(incident)
        entering.send(current_app._get_current_object(), entry=incident)
        if "fail" in request.form:
            Session.rollback()
            abort(409)
        Session.commit()
        entered.send(current_app._get_current_object(), entry=incident)
        return redirect(f"/incidents/{incident.incident_id}")


class EnterComplaint(MethodView):
    """Leaves the commit to `Session.begin()`."""

    def get(self):
        return render_template("enter.html", word="complaint")

    def post(self):
        sender = current_app._get_current_object()
        with Session.begin():
            if not current_user.is_authenticated:
                abort(403)
            complaint = Complaint(subject=request.form["headline"])
            complaint.account_id = current_user.account_id
            Session.add(complaint)
            Session.flush()
            entering.send(sender, entry=complaint)
            if "fail" in request.form:
                abort(409)
        entered.send(sender, entry=complaint)
        return redirect(f"/complaints/{complaint.complaint_id}")


class Show(MethodView):
    """Shows what was entered; another status is posted here."""

    def __init__(self, model: type) -> None:
        self.model = model

    def get(self, number: int):
        found = Session.get(self.model, number) or abort(404)
        return render_template("show.html", found=found)

    def post(self, number: int):
        found = Session.get(self.model, number) or abort(404)
        found.status = request.form["status"]
        Session.commit()
        entered.send(current_app._get_current_object(), entry=found)
        return redirect(request.path)


desk.add_url_rule("/incidents/enter", view_func=EnterIncident.as_view("enter_incident"))
desk.add_url_rule("/complaints/enter", view_func=EnterComplaint.as_view("enter_complaint"))
desk.add_url_rule("/incidents/<int:number>", view_func=Show.as_view("show_incident", Incident))
desk.add_url_rule("/complaints/<int:number>", view_func=Show.as_view("show_complaint", Complaint))
