"""Incident reporting with Bootstrap, in Dutch and English, light and dark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, request, session
from flask_babel import Babel

from .models import db, login_manager
from .views import bp

LANGUAGES = ("nl", "en")


def get_locale() -> str:
    """Return the language that was chosen, or the browser's."""
    return session.get("language") or request.accept_languages.best_match(LANGUAGES) or "nl"


def create_app(config: Mapping[str, Any]) -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config["BABEL_DEFAULT_LOCALE"] = "nl"
    app.config.from_mapping(config)
    db.init_app(app)
    login_manager.init_app(app)
    Babel(app, locale_selector=get_locale)

    @app.context_processor
    def add_dress() -> dict[str, str]:
        theme = request.cookies.get("theme", "light")
        return {"language": get_locale(), "theme": "dark" if theme == "dark" else "light"}

    app.register_blueprint(bp)
    return app
