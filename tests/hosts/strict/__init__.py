"""Incident reporting behind the hospital's proxy, as its security officer wants it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response
from werkzeug.middleware.proxy_fix import ProxyFix

from . import views
from .models import csrf, db, login_manager

#: Sent with every answer.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "font-src 'self'; form-action 'self'; connect-src 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cache-Control": "private, no-cache",
    "Strict-Transport-Security": "max-age=31536000",
}


def create_app(config: Mapping[str, Any]) -> Flask:
    """Make the app for the one host name under which the proxy publishes it."""
    host = config["PUBLIC_HOST"]
    app = Flask(__name__, host_matching=True, static_host=host)
    app.config.from_mapping(
        SESSION_COOKIE_NAME="__Host-session",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_SAMESITE="Strict",
        PREFERRED_URL_SCHEME="https",
    )
    app.config.from_mapping(config)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)  # type: ignore[method-assign]
    db.init_app(app)
    csrf.init_app(app)
    login_manager.init_app(app)
    login_manager.login_view = "sign_in"
    app.add_url_rule("/", view_func=views.start, host=host)
    app.add_url_rule("/sign-in", view_func=views.sign_in, host=host, methods=["GET", "POST"])
    app.add_url_rule("/reports/new", view_func=views.new, host=host, methods=["GET", "POST"])
    app.add_url_rule("/reports/<int:report_id>", view_func=views.show, host=host)
    app.after_request(secure)
    return app


def secure(response: Response) -> Response:
    """Send what the security officer wants, whatever the view said."""
    response.headers.update(HEADERS)
    return response
