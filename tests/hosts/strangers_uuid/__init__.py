"""Whose key is a UUID: a tiny register, all in one module, users without address or department."""

import uuid

import flask
import flask_login
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Uuid

db = SQLAlchemy()
manager = flask_login.LoginManager()


class Member(flask_login.UserMixin, db.Model):
    id = db.Column(Uuid, primary_key=True, default=uuid.uuid4)
    display_name = db.Column(db.String(80), nullable=False)
    nick = db.Column(db.String(20), unique=True, nullable=False)


class Event(db.Model):
    id = db.Column(Uuid, primary_key=True, default=uuid.uuid4)
    what = db.Column(db.Text, nullable=False)
    where = db.Column(db.String(80))
    secret = db.Column(db.Boolean, nullable=False, default=False)
    ready = db.Column(db.Boolean, nullable=False, default=True)
    by = db.Column(Uuid, db.ForeignKey(Member.id))


@manager.user_loader
def load(member_id):
    return db.session.get(Member, uuid.UUID(member_id))


FORM = """<form method=post>
<input name=what><input name=where><input type=checkbox name=secret><input type=checkbox name=later>
{{ peersupport_step() if peersupport_step is defined }}
<button>ok</button></form>"""


def create_app(**config):
    app = flask.Flask(__name__)
    app.config.update(config)
    db.init_app(app)
    manager.init_app(app)

    @app.post("/in/<nick>")
    def come_in(nick):
        flask_login.login_user(db.first_or_404(db.select(Member).filter_by(nick=nick)))
        return flask.redirect("/")

    @app.route("/", methods=["GET", "POST"])
    @flask_login.login_required
    def register():
        form = flask.request.form
        if not form:
            return flask.render_template_string(FORM)
        event = Event(what=form["what"], where=form["where"], by=flask_login.current_user.id)
        event.secret, event.ready = "secret" in form, "later" not in form
        db.session.add(event)
        db.session.commit()
        return flask.redirect(flask.url_for("show", event_id=event.id))

    @app.route("/<uuid:event_id>", methods=["GET", "POST"])
    @flask_login.login_required
    def show(event_id):
        event = db.get_or_404(Event, event_id)
        if flask.request.method == "POST":
            event.ready = True
            db.session.commit()
        return flask.render_template_string("<p>{{ what }}</p>", what=event.what)

    return app
