"""When supporters need care themselves, and how evenly the work lies: rules without a database.

Sources: P30 (intervision after heavy use or a year unused), P11 (each used once or twice a year).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ..i18n import gettext as _
from ..i18n import mark, ngettext

#: How long intervision is due before it is overdue: twelve weeks, in which a series every six
#: weeks has offered two meetings.
OVERDUE_AFTER = timedelta(weeks=12)
#: Bars of the team's distribution: none, once, twice, and more often.
MOST_IN_DISTRIBUTION = 3

NOT_DUE = "not_due"
AFTER_USE = "after_use"
UNUSED = "unused"

STATUS_LABELS = {"due": mark("intervision due"), "overdue": mark("intervision overdue")}


@dataclass(frozen=True, slots=True)
class CareLimits:
    """What the settings say of intervision.

    Attributes:
        after: reach-outs taken since the latest intervision after which the next is due.
        after_days: days without a reach-out or intervision after which it is due.
    """

    after: int
    after_days: int


@dataclass(frozen=True, slots=True)
class Use:
    """How a supporter was used.

    Attributes:
        started_on: the day of the appointment.
        intervision_on: the day of the latest intervision; None: none yet.
        deployments: reach-outs taken in all.
        deployments_at_intervision: what that was at the latest intervision.
        last_deployed_on: the day on which the last was taken; None: none yet.
        by_month: reach-outs taken by month ("2026-11"), as far as they were counted.
    """

    started_on: date
    intervision_on: date | None
    deployments: int
    deployments_at_intervision: int
    last_deployed_on: date | None
    by_month: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Care:
    """Whether intervision is due, why, and since when.

    Attributes:
        code: `NOT_DUE`, `AFTER_USE` or `UNUSED`.
        message: the reason, in the language in use.
        due_on: since when, or from when on it will be; None: it depends on what comes.
        is_due: now.
        is_overdue: due for longer than `OVERDUE_AFTER`, or used twice as often as is due for.
    """

    code: str
    message: str
    due_on: date | None
    is_due: bool = False
    is_overdue: bool = False

    @property
    def status(self) -> str | None:
        """Return "overdue", "due", or None."""
        return "overdue" if self.is_overdue else "due" if self.is_due else None


def intervision_due(use: Use, limits: CareLimits, today: date) -> Care:
    """Return whether a supporter's next intervision is due (P30).

    It is due after `limits.after` reach-outs taken since the latest intervision, or once
    `limits.after_days` have passed without a reach-out or intervision; the appointment counts as
    the start of both. Exactly on that day it is due.
    """
    used = max(0, use.deployments - use.deployments_at_intervision)
    if used >= limits.after:
        since = _taken_on(use, used - limits.after, today)
        message = _used(used, use.intervision_on is None)
        is_double = used >= 2 * limits.after
        return Care(AFTER_USE, message, since, True, is_double or _is_long(since, today))
    days = (use.started_on, use.intervision_on, use.last_deployed_on)
    last = max(day for day in days if day is not None)
    due_on = last + timedelta(days=limits.after_days)
    if due_on > today:
        return Care(NOT_DUE, _("no intervision due"), due_on)
    message = ngettext(
        "%(n)s day without a reach-out or intervision",
        "%(n)s days without a reach-out or intervision",
        (today - last).days,
    )
    return Care(UNUSED, message, due_on, True, _is_long(due_on, today))


def _used(count: int, is_first: bool) -> str:
    if is_first:
        return ngettext(
            "%(n)s reach-out taken, and no intervision yet",
            "%(n)s reach-outs taken, and no intervision yet",
            count,
        )
    return ngettext(
        "%(n)s reach-out since the last intervision",
        "%(n)s reach-outs since the last intervision",
        count,
    )


def _is_long(due_on: date, today: date) -> bool:
    return today - due_on > OVERDUE_AFTER


def _taken_on(use: Use, later: int, today: date) -> date:
    """Return the latest day on which the reach-out can have been taken that `later` ones follow.

    Exact for the last one, and to a month for those before; where months were not counted, the
    day of the last.
    """
    last = use.last_deployed_on or use.intervision_on or use.started_on
    left = later
    for month in sorted(use.by_month, reverse=True):
        if left < use.by_month[month]:
            # its month ended before the last one was taken, or it is in the same month
            return min(last_day(month), last, today)
        left -= use.by_month[month]
    return min(last, today)


def month_of(day: date) -> str:
    """Return the month of a day, e.g. "2026-11"."""
    return f"{day.year}-{day.month:02}"


def last_day(month: str) -> date:
    """Return the last day of a month that `month_of` returned."""
    year, number = int(month[:4]), int(month[5:])
    return date(year, number, monthrange(year, number)[1])


def first_month_of_year_past(today: date) -> str:
    """Return the first of the twelve months of which the present one is the last."""
    return f"{today.year}-01" if today.month == 12 else f"{today.year - 1}-{today.month + 1:02}"


@dataclass(frozen=True, slots=True)
class YearOfUse:
    """Reach-outs taken in one year, by quarter; those still to come are None."""

    year: int
    quarters: tuple[int | None, int | None, int | None, int | None]

    @property
    def total(self) -> int:
        """Reach-outs taken in the year."""
        return sum(count or 0 for count in self.quarters)


def years_of_use(by_month: Mapping[str, int], today: date, *, most: int) -> list[YearOfUse]:
    """Return the years from the first in which a reach-out was counted, the oldest first.

    Args:
        by_month: reach-outs taken by month ("2026-11").
        today: in the programme's time zone; its year is always there.
        most: how many years at the most; the latest are returned.
    """
    used = [int(month[:4]) for month, count in by_month.items() if count]
    first = max(min([*used, today.year]), today.year - most + 1)
    years = []
    for year in range(first, today.year + 1):
        counts: list[int | None] = [0, 0, 0, 0]
        for month, count in by_month.items():
            if int(month[:4]) == year:
                place = (int(month[5:]) - 1) // 3
                counts[place] = (counts[place] or 0) + count
        if year == today.year:
            this = (today.month - 1) // 3
            counts[this + 1 :] = [None] * (3 - this)
        years.append(YearOfUse(year, (counts[0], counts[1], counts[2], counts[3])))
    return years


def distribution(counts: Iterable[int]) -> tuple[int, ...]:
    """Return how many supporters were used never, once, twice, and more often than that (P11)."""
    found = [0] * (MOST_IN_DISTRIBUTION + 1)
    for count in counts:
        found[min(max(count, 0), MOST_IN_DISTRIBUTION)] += 1
    return tuple(found)
