"""Which language to speak to whoever is in front of the page."""

from __future__ import annotations

from flask import current_app, g, request

from ..runtime import Runtime
from ..values import Person


def pick_locale(runtime: Runtime) -> str:
    """Return the language for this request: the host's choice, the user's, or the browser's."""
    locales = runtime.settings.locales
    if runtime.locale_selector is not None:
        chosen = _known(runtime.locale_selector(), locales)
        if chosen is not None:
            return chosen
    actor = g.get("peersupport_actor")
    own = locale_of(actor.person if actor else runtime.users.current(), locales)
    if own is not None:
        return own
    if "babel" in current_app.extensions:
        from flask_babel import get_locale  # only a host that uses it pays for it

        locale = get_locale()
        if locale is not None and locale.language in locales:
            return str(locale.language)
    return request.accept_languages.best_match(locales) or locales[0]


def locale_of(person: Person | None, locales: tuple[str, ...]) -> str | None:
    """Return the language of `person`, e.g. "nl" for "nl_NL", if the programme speaks it."""
    return _known(person.locale if person else None, locales)


def _known(locale: str | None, locales: tuple[str, ...]) -> str | None:
    short = (locale or "").replace("_", "-").split("-")[0].lower()
    return short if short in locales else None
