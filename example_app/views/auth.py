"""Signing in and out.

A hospital signs in with its own identity provider. This page stands in for it: it lists a
login for every role and asks no password, so that the example can be tried at once.
"""

from itertools import groupby

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user
from sqlalchemy import select

from example_app.extensions import db
from example_app.models import Department, User
from example_app.people import DEMO_LOGINS
from example_app.views.redirects import safe_target

blueprint = Blueprint("auth", __name__)


@blueprint.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """List the logins."""
    if current_user.is_authenticated:
        return redirect(safe_target(request.args.get("next")))
    users = db.session.scalars(
        select(User).join(User.department).order_by(Department.name, User.name)
    ).all()
    by_username = {user.username: user for user in users}
    return render_template(
        "auth/sign_in.html",
        logins=[
            (login, by_username[login.username])
            for login in DEMO_LOGINS
            if login.username in by_username
        ],
        colleagues=[
            (department, list(members))
            for department, members in groupby(users, lambda user: user.department.name)
        ],
        next=request.args.get("next", ""),
    )


@blueprint.post("/sign-in")
def sign_in_as() -> ResponseReturnValue:
    """Sign in as the chosen user, in the language of that user."""
    username = request.form.get("username", "")
    user = db.session.scalar(select(User).where(User.username == username))
    if user is None:
        abort(404)
    login_user(user)
    session["locale"] = user.locale
    return redirect(safe_target(request.form.get("next")))


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Sign out; the language stays."""
    logout_user()
    return redirect(url_for("auth.sign_in"))
