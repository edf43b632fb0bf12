"""Writing hours and points as people do, in their language."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from ..i18n import current_locale

_HOUR = Decimal(3600)


def hours_text(duration: timedelta) -> str:
    """Return hours with at most two decimals, e.g. "7,5"."""
    return _decimal(Decimal(int(duration.total_seconds())) / _HOUR)


def points_text(hundredths: int) -> str:
    """Return accreditation points, which are kept in hundredths, e.g. "1,5"."""
    return _decimal(Decimal(hundredths) / 100)


def _decimal(number: Decimal) -> str:
    from babel.numbers import format_decimal  # B6: loaded when a page needs it

    return format_decimal(number, "0.##", locale=current_locale())
