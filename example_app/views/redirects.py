"""Where to go next."""

from urllib.parse import urlsplit

from flask import url_for


def safe_target(target: str | None) -> str:
    """Return `target` where it is a path of this application, else the home page."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return url_for("home.index")
    parts = urlsplit(target)
    return url_for("home.index") if parts.scheme or parts.netloc else target
