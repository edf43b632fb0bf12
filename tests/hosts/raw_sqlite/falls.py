from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for

from .auth import login_required
from .db import get_db

bp = Blueprint("falls", __name__, url_prefix="/falls")


def get_fall(number):
    fall = get_db().execute("SELECT * FROM fall WHERE id = ?", (number,)).fetchone()
    if fall is None:
        abort(404)
    return fall


def saved(number):
    """Tell the rest of the house, and go where it wants the reporter to go."""
    target = url_for("falls.show", number=number)
    for tell in current_app.extensions["after_saving"]:
        target = tell(get_fall(number), target) or target
    return redirect(target)


@bp.route("/new", methods=("GET", "POST"))
@login_required
def new():
    error = None
    if request.method == "POST":
        if request.form.get("story"):
            db = get_db()
            cursor = db.execute(
                "INSERT INTO fall (reporter, unit, story, anonymous, draft) VALUES (?, ?, ?, ?, ?)",
                (
                    g.member["code"],
                    request.form.get("unit") or g.member["unit"],
                    request.form["story"],
                    "anonymous" in request.form,
                    "draft" in request.form,
                ),
            )
            db.commit()
            return saved(cursor.lastrowid)
        error = "What happened?"
    return render_template("new.html", error=error)


@bp.route("/<int:number>")
@login_required
def show(number):
    return render_template("show.html", fall=get_fall(number))


@bp.route("/<int:number>/submit", methods=("POST",))
@login_required
def submit(number):
    db = get_db()
    db.execute("UPDATE fall SET draft = 0 WHERE id = ?", (number,))
    db.commit()
    return saved(number)


@bp.route("/<int:number>/delete", methods=("POST",))
@login_required
def delete(number):
    db = get_db()
    db.execute("DELETE FROM fall WHERE id = ?", (number,))
    db.commit()
    return redirect(url_for("falls.new"))
