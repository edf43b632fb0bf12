"""The form with which supporters count informal support (P29)."""

from __future__ import annotations

from datetime import date

from ..access.drafts import Draft, read_day
from ..i18n import gettext as _
from .informal_rules import InformalKind


def read_informal(draft: Draft) -> tuple[InformalKind | None, date | None]:
    """Read kind and day out of a draft; errors are kept in it."""
    kind, day = draft.read("kind", _read_kind, None), read_day(draft, "happened_on")
    if day is None:
        draft.check("happened_on", _("This is not a date."))
    return kind, day


def _read_kind(text: str) -> InformalKind | None:
    try:
        return InformalKind(text)
    except ValueError:
        raise ValueError(_("Choose what it was about.")) from None
