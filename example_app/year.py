"""A year in a hospital, as it is planned before it is played: who reports what and how it goes on.

The proportions are those of the UMCG: 130 reports a year, as many persons named, half of whom see
no need; of those who are offered support half take it up. Chance only decides the order, so that
every year comes out alike and no two are the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from example_app.departments import DEPARTMENTS, EXECUTIVE_OFFICE
from example_app.examples import CALAMITIES, INCIDENTS
from example_app.models import QUALITY_OFFICE
from example_app.people import StaffMember, staff
from example_app.texts import HOSPITAL_TIMEZONE

DAYS = 365
#: What a calamity that meets the definition did to the patient.
GRAVE = ("death", "permanent_harm")

KINDS = {"calamity": 10, "incident": 3}
SEVERITIES = {"death": 2, "permanent_harm": 2, "temporary_harm": 4, "unknown": 5}
#: What the reporter ticks: involved without need, wanting support, or not involved.
REPORTERS = {
    "calamity": {"no": 12, "yes": 3, None: 5},
    "incident": {"yes": 3, None: 7},
}
#: How many colleagues a report names.
COLLEAGUES = {"calamity": {0: 16, 1: 3, 2: 1}, "incident": {0: 5, 1: 3, 2: 2}}
#: What the reporter says they wish; on a calamity form a no is only a "please ask".
WISHES = {"calamity": {"yes": 2, "ask": 5, "no": 1}, "incident": {"yes": 4, "ask": 3, "no": 3}}
#: How a colleague is named; a name that is cut short is left to a coordinator.
NAMINGS = {"name": 14, "cut short": 1}
#: How whoever is offered support takes it; the first four are taken up.
RESPONSES = {
    "conversation": 10,
    "two conversations": 6,
    "referred": 2,
    "first not, later yes": 2,
    "cared for by the department": 11,
    "no need": 4,
    "help elsewhere": 2,
    "first not, later neither": 2,
    "not reached": 1,
}
#: Weight of each hour of the day at which reports are made.
HOURS = (2, 2, 1, 1, 1, 2, 2, 4, 9, 11, 12, 12, 10, 10, 11, 12, 12, 10, 8, 7, 6, 5, 3, 3)

Card = TypeVar("Card")


class Deck(Generic[Card]):
    """Cards in a shuffled pack, which is shuffled anew when it is used up."""

    def __init__(self, rng: random.Random, cards: Mapping[Card, int]) -> None:
        self._rng = rng
        self._cards = [card for card, count in cards.items() for _ in range(count)]
        self._pack: list[Card] = []

    def draw(self) -> Card:
        """Return the next card."""
        if not self._pack:
            self._pack = self._rng.sample(self._cards, len(self._cards))
        return self._pack.pop()


@dataclass(frozen=True)
class PlannedPerson:
    """Somebody touched by a report.

    `response` is how they take an offer, a key of RESPONSES; None where they get none.
    """

    member: StaffMember
    wish: str
    naming: str
    response: str | None


@dataclass(frozen=True)
class PlannedReport:
    """A report: when, where, by whom, and who was touched."""

    at: datetime
    kind: str
    department: str
    title: str
    severity: str
    reporter: StaffMember
    #: The reporter as somebody touched; None: not involved.
    reporter_involved: PlannedPerson | None
    colleagues: tuple[PlannedPerson, ...]

    @property
    def persons(self) -> list[PlannedPerson]:
        """Everybody touched."""
        own = [self.reporter_involved] if self.reporter_involved else []
        return [*own, *self.colleagues]


class Cast:
    """The staff at work, who are touched by an event one after the other."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._by_department: dict[str, list[StaffMember]] = {}
        for member in staff():
            if member.department not in (QUALITY_OFFICE, EXECUTIVE_OFFICE):
                self._by_department.setdefault(member.department, []).append(member)
        self._named: set[StaffMember] = set()
        self._offered: set[StaffMember] = set()

    def department(self) -> str:
        """Return where something happens: sooner where more people have been spared so far."""
        names = [d.name for d in DEPARTMENTS if d.name in self._by_department]
        weights = [0.2 + len(self._spared(name, self._named)) for name in names]
        return self._rng.choices(names, weights)[0]

    def anybody(self, department: str) -> StaffMember:
        """Return a member of the department who is not touched."""
        return self._rng.choice(self._by_department[department])

    def touched(self, department: str, others: Iterable[StaffMember]) -> StaffMember:
        """Return a member of the department who is touched, not one of the `others`.

        A hospital has many more staff than this one: nobody is touched twice where it can be.
        """
        among = [m for m in self._by_department[department] if m not in list(others)]
        for used in (self._named, self._offered):
            if spared := [m for m in among if m not in used]:
                return self._rng.choice(spared)
        return self._rng.choice(among)

    def remember(self, person: PlannedPerson) -> None:
        """Count somebody as touched, and as offered support where they are."""
        self._named.add(person.member)
        if person.response is not None:
            self._offered.add(person.member)

    def _spared(self, department: str, used: set[StaffMember]) -> list[StaffMember]:
        return [m for m in self._by_department[department] if m not in used]


class Planner:
    """Plans reports out of decks that chance shuffles."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._cast = Cast(rng)
        self._kinds = Deck(rng, KINDS)
        self._severities = Deck(rng, SEVERITIES)
        self._reporters = {kind: Deck(rng, cards) for kind, cards in REPORTERS.items()}
        self._colleagues = {kind: Deck(rng, cards) for kind, cards in COLLEAGUES.items()}
        self._wishes = {kind: Deck(rng, cards) for kind, cards in WISHES.items()}
        self._namings = Deck(rng, NAMINGS)
        self._responses = Deck(rng, RESPONSES)

    def plan(self, at: datetime) -> PlannedReport:
        """Plan one report."""
        kind = self._kinds.draw()
        department = self._cast.department()
        own_wish = self._reporters[kind].draw()
        own = None
        if own_wish is None:
            reporter = self._cast.anybody(department)
        else:
            reporter = self._cast.touched(department, ())
            own = self._person(reporter, own_wish, "name", is_approached=own_wish == "yes")
        colleagues: list[PlannedPerson] = []
        for _ in range(self._colleagues[kind].draw()):
            present = [reporter, *(person.member for person in colleagues)]
            where = department if self._rng.random() < 0.7 else self._cast.department()
            wish = self._wishes[kind].draw()
            is_approached = kind == "calamity" or wish != "no"
            member = self._cast.touched(where, present)
            naming = self._namings.draw()
            colleagues.append(self._person(member, wish, naming, is_approached=is_approached))
        is_calamity = kind == "calamity"
        titles = [example.title for example in (CALAMITIES if is_calamity else INCIDENTS)]
        return PlannedReport(
            at=at,
            kind=kind,
            department=department,
            title=self._rng.choice(titles),
            severity=self._severities.draw() if is_calamity else "unknown",
            reporter=reporter,
            reporter_involved=own,
            colleagues=tuple(colleagues),
        )

    def _person(
        self, member: StaffMember, wish: str, naming: str, *, is_approached: bool
    ) -> PlannedPerson:
        response = self._responses.draw() if is_approached else None
        person = PlannedPerson(member, wish, naming, response)
        self._cast.remember(person)
        return person


def plan_year(first_day: date, count: int, seed: int) -> list[PlannedReport]:
    """Plan `count` reports over a year that begins with `first_day`, the earliest first."""
    rng = random.Random(seed)
    instants = sorted(_instant(first_day, rng) for _ in range(count))
    planner = Planner(rng)
    return [planner.plan(at) for at in instants]


def _instant(first_day: date, rng: random.Random) -> datetime:
    day = first_day + timedelta(days=rng.randrange(DAYS))
    hour = rng.choices(range(24), HOURS)[0]
    clock = time(hour, rng.randrange(60))
    return datetime.combine(day, clock, ZoneInfo(HOSPITAL_TIMEZONE))
