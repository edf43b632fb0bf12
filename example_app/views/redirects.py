"""Where to go next."""

from urllib.parse import urlsplit

from flask import request, url_for


def safe_target(target: str | None) -> str:
    """Return `target` where it is a path of this application, else the home page."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return url_for("home.index")
    parts = urlsplit(target)
    return url_for("home.index") if parts.scheme or parts.netloc else target


def here() -> str:
    """Return the open page; where it answers a form, the page on which the form was sent."""
    if request.method == "GET":
        return request.full_path if request.query_string else request.path
    page = urlsplit(request.referrer or "")
    if page.netloc != request.host:
        return url_for("home.index")
    return f"{page.path}?{page.query}" if page.query else page.path
