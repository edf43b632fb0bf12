"""Incident reporting as the Flask documentation has it: a factory, blueprints, WTForms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, redirect, url_for
from werkzeug.wrappers import Response

from . import auth, incidents
from .extensions import csrf, db, login_manager


def create_app(config: Mapping[str, Any]) -> Flask:
    app = Flask(__name__)
    app.config.from_mapping(config)

    db.init_app(app)
    csrf.init_app(app)
    login_manager.init_app(app)
    login_manager.login_view = "auth.login"

    app.register_blueprint(auth.bp)
    app.register_blueprint(incidents.bp, url_prefix="/incidents")

    @app.get("/")
    def index() -> Response:
        return redirect(url_for("incidents.new"))

    return app
