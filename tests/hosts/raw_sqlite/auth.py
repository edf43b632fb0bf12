import functools

from flask import Blueprint, abort, g, redirect, request, session, url_for

from .db import get_db

bp = Blueprint("auth", __name__, url_prefix="/auth")


@bp.before_app_request
def load_logged_in_member():
    g.member = get_member(session.get("code"))


def get_member(code):
    return get_db().execute("SELECT * FROM staff WHERE code = ?", (code,)).fetchone()


@bp.route("/login", methods=("GET", "POST"))
def login():
    if request.method == "GET":
        return "<form method=post><input name=code></form>"
    member = get_member(request.form["code"])
    if member is None:
        abort(403)
    session.clear()
    session["code"] = member["code"]
    return redirect(request.args.get("next") or url_for("falls.new"))


def login_required(view):
    @functools.wraps(view)
    def wrapped_view(**kwargs):
        if g.member is None:
            return redirect(url_for("auth.login", next=request.full_path))
        return view(**kwargs)

    return wrapped_view
