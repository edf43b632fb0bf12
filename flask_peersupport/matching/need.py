"""What is asked of matching: one colleague's need, without a name and without a reach-out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as supporters' hours know it, by the hospital's clock.

    Attributes:
        today_on: the date, as ISO text.
        hour_of_week: 0 to 167, Monday 0:00 first.
        is_night: whether it is outside the reachable hours.
    """

    today_on: str
    hour_of_week: int
    is_night: bool


@dataclass(frozen=True, slots=True)
class Need:
    """What a supporter for one colleague has to fit.

    Attributes:
        own_departments: names, as the departments adapter resolves them, of every department of
            the colleague and of the event, with those above and below them (P8).
        profession, discipline, seniority: codes; None where unknown (P9).
        is_outside: the colleague prefers a supporter from outside the hospital (P14).
        marks: keyed fingerprints of the colleague (user id, e-mail, name) and of the own
            departments, one a live month, by which a declared conflict is found (P10).
        excluded_people: ids of vault rows that may not be asked: the colleague, everybody
            involved in the same report, its reporter, and whom the colleague does not want.
        excluded_supporters: ids of supporters who were asked before for this colleague, or who
            are asked or deployed for another colleague of the same report.
        at: the instant of asking, aware.
        is_night: whether `at` is outside the reachable hours, so that only those who chose to be
            asked at night are (P12).
        today_on: the date of `at` in the programme's time zone, as ISO text.
        quarter: the quarter of `at` in the programme's time zone, e.g. "2026Q4".
        hour_of_week: the hour of `at` by the hospital's clock, 0 to 167, which has to be within a
            supporter's own hours (P28); None where a coordinator decides on the hour.
        asked: another moment that does as well: when the supporter who now says yes was asked.
            Only `criteria` knows it.
    """

    own_departments: frozenset[str]
    profession: str | None
    discipline: str | None
    seniority: str | None
    is_outside: bool
    marks: tuple[str, ...]
    excluded_people: frozenset[str]
    excluded_supporters: frozenset[str]
    at: datetime
    is_night: bool
    today_on: str
    quarter: str
    hour_of_week: int | None = None
    asked: Moment | None = None
