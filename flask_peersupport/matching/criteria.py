"""The hard rules: who may be asked for whom. One function a rule, one ordered table, no database.

`statements.py` says the same in SQL; a test over random hospitals compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ..i18n import gettext, mark
from ..supporters.availability import Period, is_open, period_on
from ..supporters.states import SupporterState
from ..values import Verdict
from .need import Moment, Need


@dataclass(frozen=True, slots=True)
class Facts:
    """What matching knows of a supporter.

    `departments` holds canonical names, and None where one is unknown. `has_conflict` is about
    the colleague of the need. `quarter_count` counts in `quarter`, e.g. "2026Q4". `periods` are
    those that hold on a day of the need.
    """

    id: str
    person_id: str
    state: SupporterState
    profession: str | None
    discipline: str | None
    seniority: str | None
    is_external: bool
    has_account: bool
    is_asked_at_night: bool
    week: str | None
    paused_until_on: date | None
    max_open: int | None
    open_count: int
    asked_count: int
    max_per_quarter: int | None
    quarter_count: int
    quarter: str | None
    last_deployed_at: datetime | None
    deployments: int
    departments: frozenset[str | None] = frozenset()
    has_conflict: bool = False
    periods: tuple[Period, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What the settings allow (P11).

    Attributes:
        max_open: reach-outs at once, for supporters without a limit of their own.
        cool_down: rest after taking a reach-out.
    """

    max_open: int
    cool_down: timedelta


def rested_since(need: Need, limits: Limits) -> datetime:
    """Return the instant at or before which a supporter was last deployed who is rested now."""
    return need.at - limits.cool_down


def is_appointed(need: Need, facts: Facts, limits: Limits) -> bool:
    """Only whom the board's letter made a supporter is asked (P26)."""
    return facts.state in (SupporterState.APPOINTED, SupporterState.PAUSED)


def is_active(need: Need, facts: Facts, limits: Limits) -> bool:
    """A pause lasts through its last day (P28)."""
    if facts.state == SupporterState.PAUSED:
        return False
    until = facts.paused_until_on
    return until is None or until < date.fromisoformat(need.today_on)


def is_present(need: Need, facts: Facts, limits: Limits) -> bool:
    """An absence lasts through its last day (P28)."""
    period = period_on(facts.periods, date.fromisoformat(need.today_on))
    return period is None or period.week is not None


def comes_from_where_wished(need: Need, facts: Facts, limits: Limits) -> bool:
    """External supporters are for those who prefer them, and only for those (P14)."""
    return facts.is_external == need.is_outside


def is_no_excluded_person(need: Need, facts: Facts, limits: Limits) -> bool:
    """Not the colleague, nobody of the same report, nobody the colleague refuses (P7, P10)."""
    return facts.person_id not in need.excluded_people


def is_no_excluded_supporter(need: Need, facts: Facts, limits: Limits) -> bool:
    """Not who was asked before, or is asked for another colleague of the report (P10)."""
    return facts.id not in need.excluded_supporters


def has_known_department(need: Need, facts: Facts, limits: Limits) -> bool:
    """What is not in the list of departments fails closed; externals work in none (P8)."""
    if facts.is_external:
        return True
    return bool(need.own_departments and facts.departments) and None not in facts.departments


def is_from_other_department(need: Need, facts: Facts, limits: Limits) -> bool:
    """Never from the colleague's own department, without exception (P8)."""
    return not facts.departments & need.own_departments


def has_no_conflict(need: Need, facts: Facts, limits: Limits) -> bool:
    """Family ties, personal contacts or own experiences rule a supporter out for good (P10)."""
    return not facts.has_conflict


def is_below_limit(need: Need, facts: Facts, limits: Limits) -> bool:
    """Reach-outs and open questions together stay below the own limit, or the set one (P11)."""
    limit = limits.max_open if facts.max_open is None else facts.max_open
    return facts.open_count + facts.asked_count < limit


def is_below_quarter_limit(need: Need, facts: Facts, limits: Limits) -> bool:
    """A supporter may set how many reach-outs a quarter are enough (P28)."""
    if facts.max_per_quarter is None:
        return True
    used = facts.quarter_count if facts.quarter == need.quarter else 0
    return used < facts.max_per_quarter


def is_rested(need: Need, facts: Facts, limits: Limits) -> bool:
    """Days of rest follow each reach-out taken, also one that is offered now (P11).

    Who is asked already would have to be refused the second one after a first yes.
    """
    if limits.cool_down and facts.asked_count:
        return False
    last = facts.last_deployed_at
    return last is None or last <= rested_since(need, limits)


def keeps_hours(need: Need, facts: Facts, limits: Limits) -> bool:
    """Nobody is asked outside their own hours; a yes to what was asked within them holds (P28)."""
    if need.hour_of_week is None:
        return True
    return any(_is_within(facts, moment) for moment in _moments(need, need.hour_of_week))


def is_reachable(need: Need, facts: Facts, limits: Limits) -> bool:
    """At night only those are asked who chose it, for good or in a period (P12, P28)."""
    if need.hour_of_week is None:
        return not need.is_night or _takes_nights(facts, need.today_on)
    return any(
        _is_within(facts, moment) and (not moment.is_night or _takes_nights(facts, moment.today_on))
        for moment in _moments(need, need.hour_of_week)
    )


def _moments(need: Need, hour_of_week: int) -> list[Moment]:
    now = Moment(need.today_on, hour_of_week, need.is_night)
    return [now] if need.asked is None else [now, need.asked]


def _is_within(facts: Facts, moment: Moment) -> bool:
    period = period_on(facts.periods, date.fromisoformat(moment.today_on))
    if period is None:
        return is_open(facts.week, moment.hour_of_week)
    return period.week is not None and is_open(period.week, moment.hour_of_week)


def _takes_nights(facts: Facts, today_on: str) -> bool:
    """The hours of a period were chosen for these very days, so they say it themselves."""
    period = period_on(facts.periods, date.fromisoformat(today_on))
    return facts.is_asked_at_night or (period is not None and period.week is not None)


Rule = Callable[[Need, Facts, Limits], bool]

#: In this order; the first one broken is the one that is named. A conflict shares its code with
#: excluded persons: it is nobody's business but the supporter's.
RULES: tuple[tuple[str, Rule], ...] = (
    ("not_appointed", is_appointed),
    ("paused", is_active),
    ("absent", is_present),
    ("outside", comes_from_where_wished),
    ("not_eligible", is_no_excluded_person),
    ("already_asked", is_no_excluded_supporter),
    ("unknown_department", has_known_department),
    ("own_department", is_from_other_department),
    ("not_eligible", has_no_conflict),
    ("limit", is_below_limit),
    ("quarter_limit", is_below_quarter_limit),
    ("cool_down", is_rested),
    ("hours", keeps_hours),
    ("night", is_reachable),
)

MESSAGES = {
    "ok": mark("may be asked"),
    "not_appointed": mark("is not an appointed supporter"),
    "paused": mark("has paused"),
    "absent": mark("is away"),
    "outside": mark("does not fit the wish for somebody from inside or outside the hospital"),
    "not_eligible": mark("is not eligible for this colleague"),
    "already_asked": mark("was asked already, or is asked for another colleague of this report"),
    "unknown_department": mark("has no department that is in the list"),
    "own_department": mark("works in the colleague's own department or that of the event"),
    "limit": mark("has as many reach-outs as may be at once"),
    "quarter_limit": mark("has as many reach-outs as may be in a quarter"),
    "cool_down": mark("took a reach-out not long ago, or is asked for one now"),
    "hours": mark("is not asked at this hour"),
    "night": mark("is not asked at night"),
}


def verdict(code: str) -> Verdict:
    """Return the verdict for `code`, a key of MESSAGES, in the language in use."""
    return Verdict(code == "ok", code, gettext(MESSAGES[code]))


def check(need: Need, facts: Facts, limits: Limits) -> Verdict:
    """Return the first hard rule that is broken, or that there is none (P8 to P12, P14)."""
    for code, rule in RULES:
        if not rule(need, facts, limits):
            return verdict(code)
    return verdict("ok")
