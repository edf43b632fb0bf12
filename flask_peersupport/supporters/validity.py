"""How long a supporter's training counts, and when to say that it ends (P26). Pure rules."""

from __future__ import annotations

from datetime import date, timedelta

#: How long before its end a supporter is told: time to find a date for the next training.
_NOTICE_DAYS = 60


def counts_until(trained_on: date | None, valid_days: int | None) -> date | None:
    """Return the last day on which a training counts; None: there is none, or it counts for good.

    Args:
        trained_on: day of the latest training.
        valid_days: TRAINING_VALID_DAYS.
    """
    if trained_on is None or valid_days is None:
        return None
    return trained_on + timedelta(days=valid_days)


def notice_days(valid_days: int) -> int:
    """Return how many days before the end it is told: sixty, or a quarter of a shorter validity."""
    return min(_NOTICE_DAYS, valid_days // 4)
