"""What holds for every response: security headers and the pages for errors."""

from flask import Flask, Response, render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "font-src 'self'; form-action 'self'; connect-src 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def set_security_headers(response: Response) -> Response:
    """Add the security headers that the view did not set itself; keep pages out of caches."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def show_error(error: HTTPException) -> tuple[str, int]:
    """Explain an error on a page of our own."""
    kind = "csrf" if isinstance(error, CSRFError) else str(error.code)
    return render_template("error.html", kind=kind), error.code or 500


def init_app(app: Flask) -> None:
    """Register the headers and the error pages."""
    app.after_request(set_security_headers)
    for code in (403, 404, 413):
        app.register_error_handler(code, show_error)
    app.register_error_handler(CSRFError, show_error)
