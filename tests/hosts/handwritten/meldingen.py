import datetime

from flask import Flask, flash, redirect, render_template_string, request
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
login = LoginManager()
login.login_view = "inloggen"


class Medewerker(db.Model, UserMixin):
    nummer = db.Column(db.Integer, primary_key=True)
    naam = db.Column(db.String(100))
    mail = db.Column(db.String(100))
    afd = db.Column(db.String(50))

    def get_id(self):
        return str(self.nummer)


class Melding(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    titel = db.Column(db.String(100), nullable=False)
    afd = db.Column(db.String(50))
    soort = db.Column(db.String(20), default="vim")
    anoniem = db.Column(db.Boolean, default=False)
    concept = db.Column(db.Boolean, default=False)
    melder = db.Column(db.Integer, db.ForeignKey("medewerker.nummer"))
    gemeld_op = db.Column(db.DateTime, default=lambda: datetime.datetime.now())  # noqa: DTZ005


@login.user_loader
def laad(nummer):
    return db.session.get(Medewerker, int(nummer))


KOP = """<!doctype html><html><head><title>Meldingen</title></head><body>
{% for m in get_flashed_messages() %}<p class=melding>{{ m }}</p>{% endfor %}"""
FORMULIER = """<form method=post>
<p class=fout>{{ fout }}</p>
Wat is er gebeurd? <input name=titel value="{{ request.form.titel or melding.titel }}">
Afdeling <input name=afd value="{{ request.form.afd or melding.afd }}">
<input type=checkbox name=anoniem value=1> zonder mijn naam
{{ peersupport_step() if peersupport_step and stap_in_formulier }}
<button name=concept value=1>Later verder</button> <button>Versturen</button>
</form>"""


def maak_app(instellingen):
    app = Flask(__name__)
    app.config.update(instellingen)
    db.init_app(app)
    login.init_app(app)
    # wat er voor en na het opslaan nog gebeurt
    app.haken = {"voor": [], "na": [], "naar": None}

    @app.route("/inloggen", methods=["GET", "POST"])
    def inloggen():
        if request.method == "POST":
            wie = Medewerker.query.filter_by(naam=request.form["naam"]).first()
            if wie:
                login_user(wie)
                return redirect("/melden")
        return KOP_EN("<form method=post>Naam: <input name=naam><button>Ga</button></form>")

    @app.route("/uitloggen")
    def uitloggen():
        logout_user()
        return redirect("/melden")

    @app.route("/melden", methods=["GET", "POST"])
    def melden():
        if request.method == "GET":
            return KOP_EN(FORMULIER, melding=Melding(titel="", afd=""))
        if not request.form["titel"]:
            return KOP_EN(FORMULIER, fout="Vul in wat er gebeurd is", melding=Melding(titel=""))
        melding = Melding(soort=request.args.get("soort", "vim"))
        if current_user.is_authenticated and not request.form.get("anoniem"):
            melding.melder = current_user.nummer
        db.session.add(melding)
        return opslaan(melding)

    @app.route("/melding/<int:id>/wijzigen", methods=["GET", "POST"])
    def wijzigen(id):
        melding = db.get_or_404(Melding, id)
        if request.method == "GET":
            return KOP_EN(FORMULIER, melding=melding)
        return opslaan(melding)

    def opslaan(melding):
        melding.titel = request.form["titel"]
        melding.afd = request.form["afd"]
        melding.anoniem = bool(request.form.get("anoniem"))
        melding.concept = bool(request.form.get("concept"))
        for haak in app.haken["voor"]:
            haak(melding)
        db.session.commit()
        for haak in app.haken["na"]:
            haak(melding)
        adres = f"/melding/{melding.id}"
        flash("Opgeslagen")
        return redirect(app.haken["naar"](melding, adres) if app.haken["naar"] else adres)

    @app.route("/melding/<int:id>")
    def toon(id):
        melding = db.get_or_404(Melding, id)
        return KOP_EN("<h1>Melding {{ melding.id }}: {{ melding.titel }}</h1>", melding=melding)

    return app


def KOP_EN(tekst, fout="", **waarden):  # noqa: N802
    return render_template_string(f"{KOP}\n{tekst}\n</body></html>", fout=fout, **waarden)
