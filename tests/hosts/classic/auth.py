from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response

from .extensions import db
from .forms import LoginForm
from .models import User

bp = Blueprint("auth", __name__)


@bp.route("/login", methods=["GET", "POST"])
def login() -> Response | str:
    form = LoginForm()
    if form.validate_on_submit():
        user = db.session.scalar(db.select(User).filter_by(username=form.username.data))
        if user is not None and user.check_password(form.password.data):
            login_user(user)
            target = request.args.get("next", "/")
            return redirect(target if target.startswith("/") else "/")
        flash("Wrong user name or password.")
    return render_template("auth/login.html", form=form)


@bp.post("/logout")
def logout() -> Response:
    logout_user()
    return redirect("/")
