"""MeldLijst: staff sign in with the number on their badge, e.g. "u-0042/a"."""

from __future__ import annotations

from flask import Flask

from .models import db, login
from .views import lijst


def create_app(config: dict) -> Flask:
    app = Flask("tests.hosts.strangers_badge", template_folder="templates")
    app.config.from_mapping(config)
    db.init_app(app)
    login.init_app(app)
    login.login_view = "lijst.aanmelden"
    app.register_blueprint(lijst)
    return app
