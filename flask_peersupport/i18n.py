"""Texts in the languages of the programme: message ids are English, the catalogue ships Dutch.

A domain of its own, so that a host with or without Flask-Babel keeps its own catalogue.
"""

from __future__ import annotations

import gettext as _gettext
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar, Token
from datetime import date, datetime, tzinfo
from functools import cache
from pathlib import Path

DOMAIN = "peersupport"
TRANSLATIONS = Path(__file__).with_name("translations")

_locale: ContextVar[str] = ContextVar("peersupport_locale", default="en")


def current_locale() -> str:
    """Return the language in use, e.g. "nl"."""
    return _locale.get()


@contextmanager
def use_locale(locale: str) -> Iterator[None]:
    """Speak `locale` within the block."""
    token = _locale.set(locale)
    try:
        yield
    finally:
        _locale.reset(token)


def set_locale(locale: str) -> Token[str]:
    """Speak `locale` from now on, until `reset_locale` is given what this returns."""
    return _locale.set(locale)


def reset_locale(token: Token[str]) -> None:
    """Speak again what was spoken before `set_locale`."""
    with suppress(ValueError):  # the request ended in another context: nothing stays there
        _locale.reset(token)


@cache
def _catalogue(locale: str) -> _gettext.NullTranslations:
    return _gettext.translation(DOMAIN, TRANSLATIONS, [locale], fallback=True)


def gettext(message: str, **values: object) -> str:
    """Return `message` in the language in use, with `%(name)s` filled in from `values`."""
    text = _catalogue(_locale.get()).gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, n: int, **values: object) -> str:
    """Return the form of the message that fits `n`, which is filled in too."""
    text = _catalogue(_locale.get()).ngettext(singular, plural, n)
    return text % {"n": n, **values}


def mark(message: str) -> str:
    """Mark a message for the catalogue; it is translated where it is shown."""
    return message


def label(text: str | Mapping[str, str]) -> str:
    """Return a label from the settings: one text for all languages, or one a language."""
    if isinstance(text, str):
        return text
    return text.get(_locale.get()) or next(iter(text.values()))


def _regional() -> str:
    """Return the locale in which dates are written: English as it is written in Europe."""
    return {"en": "en_GB"}.get(_locale.get(), _locale.get())


def format_date(day: date, style: str = "long") -> str:
    """Return a date as people write it, e.g. "3 maart 2026"."""
    from babel.dates import format_date as babel_format_date  # B6: loaded when a page needs it

    return babel_format_date(day, style, locale=_regional())


def format_moment(instant: datetime, zone: tzinfo, style: str = "medium") -> str:
    """Return an instant in the programme's time zone, e.g. "3 mrt 2026 14:00"."""
    from babel.dates import format_date as babel_format_date
    from babel.dates import format_time as babel_format_time

    local = instant.astimezone(zone)
    day = babel_format_date(local.date(), style, locale=_regional())
    return f"{day} {babel_format_time(local.time(), 'HH:mm', locale=_regional())}"


def format_weekday_moment(instant: datetime, zone: tzinfo) -> str:
    """Return an instant with its weekday, without the year: "dinsdag 3 maart 14:00"."""
    from babel.dates import format_datetime as babel_format_datetime

    pattern = "EEEE d MMMM HH:mm"
    return babel_format_datetime(instant.astimezone(zone), pattern, locale=_regional())
