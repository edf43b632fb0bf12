from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required, login_user
from sqlalchemy.exc import IntegrityError

from .models import Medewerker, Melding, db

lijst = Blueprint("lijst", __name__)


@lijst.route("/aanmelden", methods=["GET", "POST"])
def aanmelden():
    if request.method == "POST":
        login_user(db.get_or_404(Medewerker, request.form["badge"]))
        return redirect(request.args.get("next", url_for(".melden")))
    return render_template("aanmelden.html")


@lijst.route("/melden", methods=["GET", "POST"])
@login_required
def melden():
    if request.method == "POST":
        gegevens = request.form
        db.session.add(
            Melding(
                nummer=gegevens["nummer"],
                tekst=gegevens["tekst"],
                melder=current_user.badge,
                anoniem=gegevens.get("anoniem") == "ja",
            )
        )
        try:
            db.session.commit()
        except IntegrityError:
            db.session.rollback()
            flash("Dit nummer is er al.")
        else:
            return redirect(url_for(".gemeld", nummer=gegevens["nummer"]))
    return render_template("melden.html")


@lijst.get("/gemeld/<path:nummer>")
@login_required
def gemeld(nummer: str):
    return render_template("gemeld.html", melding=db.get_or_404(Melding, nummer))
