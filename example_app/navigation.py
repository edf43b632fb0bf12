"""The items of the navigation bar."""

from dataclasses import dataclass

from flask import Flask, current_app, request, url_for
from flask_login import current_user

from example_app.access import can_keep_complaints
from example_app.texts import current_locale, t
from example_app.views.redirects import here


@dataclass(frozen=True)
class QuickLink:
    """A link to another application of the hospital, added by `app.config["QUICK_LINKS"]`."""

    url: str
    nl: str
    en: str


@dataclass(frozen=True)
class NavigationItem:
    """One item of the bar; `is_current` where the page shown belongs to it."""

    url: str
    label: str
    is_current: bool


def navigation() -> list[NavigationItem]:
    """List the items that the signed-in user may open; none for a visitor."""
    if not current_user.is_authenticated:
        return []
    names = ["home", "incidents", "calamities"]
    if can_keep_complaints(current_user):
        names.append("complaints")
    items = [
        NavigationItem(url_for(f"{name}.index"), t(f"nav.{name}"), request.blueprint == name)
        for name in names
    ]
    is_english = current_locale() == "en"
    for link in current_app.config["QUICK_LINKS"]:
        root = link.url.rstrip("/")
        is_current = request.path == root or request.path.startswith(f"{root}/")
        items.append(NavigationItem(link.url, link.en if is_english else link.nl, is_current))
    return items


def init_app(app: Flask) -> None:
    """Make the navigation known to the templates."""
    app.config.setdefault("QUICK_LINKS", [])
    app.jinja_env.globals.update(navigation=navigation, page_to_return_to=here)
