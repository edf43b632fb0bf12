"""A register whose incidents are in a database of their own; its log book is in the first."""

from flask import Flask, redirect, render_template_string, request
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Table(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Table)


class Person(UserMixin, db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    department: Mapped[str]


class LogLine(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


class Incident(db.Model):
    __bind_key__ = "incidents"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    person_id: Mapped[int]


PAGE = """<title>Incidents</title>
<form method="post"><input name="title">
{{ peersupport_step(kind="incident") if peersupport_step }}</form>
{% for one in incidents %}<p>{{ one.title }}</p>{% endfor %}"""


def create_app(config):
    app = Flask(__name__)
    app.config.from_mapping(config)
    db.init_app(app)
    login = LoginManager(app)

    @login.user_loader
    def user(person_id):
        return db.session.get(Person, int(person_id))

    @app.post("/login")
    def enter():
        login_user(db.session.scalars(db.select(Person).filter_by(name=request.form["name"])).one())
        return redirect("/")

    @app.route("/", methods=["GET", "POST"])
    @login_required
    def index():
        if request.method == "POST":
            incident = Incident(title=request.form["title"], person_id=current_user.id)
            if request.form.get("logged") == "before":
                db.session.add(LogLine(text="an incident"))
                db.session.flush()
            db.session.add(incident)
            db.session.flush()
            if request.form.get("logged") == "after":
                db.session.add(LogLine(text=f"incident {incident.id}"))
            if "refused" in request.form:
                db.session.rollback()
            db.session.commit()
            return redirect("/")
        incidents = db.session.scalars(db.select(Incident))
        return render_template_string(PAGE, incidents=incidents)

    return app
