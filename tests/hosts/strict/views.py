from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required, login_user
from werkzeug.wrappers import Response

from .models import Account, SafetyReport, db


def start() -> Response:
    return redirect(url_for("new"))


def sign_in() -> Response | str:
    account = db.session.get(Account, request.form.get("login", ""))
    if account is None:
        return render_template("sign_in.html", next=request.args.get("next", ""))
    login_user(account)
    target = request.form.get("next", "")
    return redirect(target if target.startswith("/") else url_for("start"))


@login_required
def new() -> Response | str:
    text = request.form.get("text", "").strip()
    if not text:
        return render_template("new.html", is_empty=request.method == "POST")
    report = SafetyReport(text=text, department=request.form["department"])
    report.reported_by = current_user.login
    db.session.add(report)
    db.session.commit()
    flash("Stored. The safety officer reads it today.")
    return redirect(url_for("show", report_id=report.id))


@login_required
def show(report_id: int) -> str:
    return render_template("show.html", report=db.get_or_404(SafetyReport, report_id))
