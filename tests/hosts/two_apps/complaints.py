"""The complaints application: a clerk enters what patients write."""

from __future__ import annotations

from typing import Any

import flask
from flask.views import View
from flask_login import LoginManager, login_required, login_user

from .models import Account, Letter, db

FORM = """<body><form method="post"><textarea name="text"></textarea>
<select name="department"><option>Ward 1</option><option>Ward 2</option></select>
{% if peersupport_step %}{{ peersupport_step(kind="complaint") }}{% endif %}
<input type="submit"></form></body>"""


class Enter(View):
    methods = ["GET", "POST"]  # noqa: RUF012
    decorators = [login_required]  # noqa: RUF012

    def dispatch_request(self) -> Any:
        if flask.request.method == "GET":
            return flask.render_template_string(FORM)
        letter = Letter(**{key: flask.request.form[key] for key in ("text", "department")})
        db.session.add(letter)
        db.session.commit()
        return flask.redirect(flask.url_for("letter", key=letter.id), code=303)


class Show(View):
    def dispatch_request(self, key: int) -> str:
        return f"<h1>Complaint {db.get_or_404(Letter, key).id}</h1>"


class SignIn(View):
    methods = ["POST"]  # noqa: RUF012

    def dispatch_request(self) -> str:
        address = flask.request.form["email"]
        login_user(db.session.scalars(db.select(Account).filter_by(email=address)).one())
        return "ok"


def create_app(**config: Any) -> flask.Flask:
    app = flask.Flask("complaints")
    app.config |= config
    db.init_app(app)
    login_manager = LoginManager(app)

    @login_manager.user_loader
    def find(key: str) -> Account | None:
        return db.session.get(Account, int(key))

    app.add_url_rule("/", view_func=Enter.as_view("enter"))
    app.add_url_rule("/letters/<int:key>", view_func=Show.as_view("letter"))
    app.add_url_rule("/session", view_func=SignIn.as_view("sign_in"))
    return app
