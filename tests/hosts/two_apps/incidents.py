"""The incidents application; it may pass a copy on to the complaints office."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, redirect, render_template_string, request
from flask_login import LoginManager, current_user, login_user
from werkzeug.wrappers import Response

from .models import Account, Entry, db

PAGE = """<html><body><form method="post">
<input name="text"><input name="department"><input name="copy" type="checkbox">
{% if peersupport_step %}{{ peersupport_step(kind="incident") }}{% endif %}
<button>Enter</button></form></body></html>"""


def create_app(config: Mapping[str, Any], complaints_office: Flask | None = None) -> Flask:
    app = Flask("incidents")
    app.config.from_mapping(config)
    db.init_app(app)
    manager = LoginManager(app)
    manager.user_loader(lambda key: db.session.get(Account, int(key)))

    @app.get("/as/<name>")
    def enter_as(name: str) -> str:
        account = db.session.scalars(db.select(Account).filter_by(display_name=name)).one()
        return f"hello {login_user(account)}"

    @app.route("/incidents", methods=["GET", "POST"])
    def incidents() -> Response | str:
        if request.method == "GET":
            return render_template_string(PAGE)
        text, department = request.form["text"], request.form["department"]
        entry = Entry(text=text, department=department, entered_by=current_user.id)
        db.session.add(entry)
        db.session.commit()
        number = entry.id
        if request.form.get("copy") and complaints_office is not None:
            with complaints_office.app_context():
                db.session.add(Entry(text=f"Copy: {text}", department=department))
                db.session.commit()
        return redirect(f"/incidents/{number}")

    @app.get("/incidents/<int:number>")
    def incident(number: int) -> str:
        return f"<h1>Incident {db.get_or_404(Entry, number).id}</h1>"

    return app
