from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.views import MethodView
from flask_login import current_user, login_required, login_user
from werkzeug.wrappers import Response

from . import services

pages = Blueprint("web", __name__)


def dependencies() -> tuple[Any, Any]:
    return current_app.extensions["uow"], current_app.extensions["bus"]


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response | str:
    if request.method == "POST":
        new_uow, _bus = dependencies()
        with new_uow() as uow:
            employee = uow.employees.find(work_mail=request.form["mail"])
        if employee is not None and login_user(employee):
            return redirect(url_for(".report"))
    return render_template("sign_in.html")


class ReportView(MethodView):
    decorators = [login_required]  # noqa: RUF012

    def get(self, number: str | None = None) -> str:
        return render_template("incident_form.html", incident=load(number) if number else None)

    def post(self, number: str | None = None) -> tuple[str, int] | Response:
        summary = request.form["summary"].strip()
        if not summary:
            return render_template("incident_form.html", error="Please say what happened."), 422
        new_uow, bus = dependencies()
        if number is None:
            is_anonymous = "anonymous" in request.form
            number = services.report_incident(
                new_uow,
                bus,
                summary=summary,
                unit=request.form["unit"],
                reported_by=None if is_anonymous else current_user.id,
            )
        else:
            services.correct_incident(new_uow, bus, number, summary=summary)
        return redirect(url_for(".received", number=number), 303)


pages.add_url_rule("/report", view_func=ReportView.as_view("report"))
pages.add_url_rule("/incidents/<number>/correct", view_func=ReportView.as_view("correct"))


@pages.get("/incidents/<number>")
@login_required
def received(number: str) -> str:
    return render_template("received.html", incident=load(number))


def load(number: str) -> Any:
    new_uow, _bus = dependencies()
    with new_uow() as uow:
        return uow.incidents.find(number=number) or abort(404)
