"""A year at the UMCG's size, matched one by one as it comes, and by one who knows the whole year.

26 departments, 80 supporters (37 physicians, 29 nurses, 14 others), 3 % conflicts, 15 % away,
5 % not trained yet.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.matching.assignment import assign
from flask_peersupport.matching.criteria import Limits
from flask_peersupport.matching.need import Need
from flask_peersupport.matching.queries import propose
from flask_peersupport.supporters.models import Supporter, SupporterDepartment
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.vault.models import PersonRecord

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
PROFESSIONS = ["physician"] * 37 + ["nurse"] * 29 + ["other"] * 14
DISCIPLINES = ("surgical", "medical", "supporting")
SENIORITIES = ("junior", "senior", "senior")
COOL_DOWN = timedelta(days=30)
LIMITS = Limits(max_open=2, cool_down=COOL_DOWN)
#: Days from acceptance to closing.
OPEN_FOR = timedelta(days=14)
#: More deployments than anybody has in the year's best plan.
_SLOTS = 5


class FlatList:
    """Departments without any above or below."""

    def resolve(self, text: str) -> frozenset[str] | None:
        return frozenset({text})


@dataclass(frozen=True)
class Member:
    """A supporter, with what the year has in store for them."""

    id: str
    department: str
    profession: str
    discipline: str
    seniority: str
    is_trained: bool
    away: tuple[datetime, datetime]

    def is_away(self, at: datetime) -> bool:
        return self.away[0] <= at < self.away[1]


@dataclass(frozen=True)
class Offer:
    """A colleague who is offered support."""

    at: datetime
    department: str
    profession: str
    discipline: str
    seniority: str
    conflicts: frozenset[str]

    def may_take(self, member: Member) -> bool:
        """Whether no hard rule but rest and limits stands in the way."""
        return (
            member.is_trained
            and member.department != self.department
            and member.id not in self.conflicts
            and not member.is_away(self.at)
        )


@dataclass(frozen=True)
class Year:
    """The supporters and the offers in their order."""

    members: tuple[Member, ...]
    offers: tuple[Offer, ...]


def draw_year(random: Random, count: int) -> Year:
    """Draw a year with `count` offers."""
    discipline_of = {f"D{n}": DISCIPLINES[n % 3] for n in range(26)}

    def somebody(profession: str) -> dict[str, str]:
        department = random.choice(list(discipline_of))
        return {
            "department": department,
            "profession": profession,
            "discipline": discipline_of[department],
            "seniority": random.choice(SENIORITIES),
        }

    away_for = timedelta(days=round(365 * 0.15))
    members = []
    for profession in PROFESSIONS:
        leaves = START + timedelta(days=random.uniform(-away_for.days, 365))
        members.append(
            Member(
                id=f"{random.getrandbits(128):032x}",
                is_trained=random.random() >= 0.05,
                away=(leaves, leaves + away_for),
                **somebody(profession),
            )
        )
    moments = sorted(random.uniform(0, 365) for _ in range(count))
    offers = tuple(
        Offer(
            at=START + timedelta(days=day),
            conflicts=frozenset(m.id for m in members if random.random() < 0.03),
            **somebody(random.choice(PROFESSIONS)),
        )
        for day in moments
    )
    return Year(tuple(members), offers)


def need_of(offer: Offer) -> Need:
    """Return what matching is asked for an offer."""
    return Need(
        own_departments=frozenset({offer.department}),
        profession=offer.profession,
        discipline=offer.discipline,
        seniority=offer.seniority,
        is_outside=False,
        marks=(),
        excluded_people=frozenset(),
        excluded_supporters=offer.conflicts,
        at=offer.at,
        is_night=False,
        today_on=offer.at.date().isoformat(),
        quarter=f"{offer.at.year}Q{(offer.at.month + 2) // 3}",
    )


def play(session: orm.Session, year: Year) -> list[str | None]:
    """Match each offer as it comes, through the real query; everybody asked says yes."""
    for member in year.members:
        person = f"p{member.id[1:]}"
        session.add(
            PersonRecord(id=person, month="2026-01", blob=b"", name_mark="", created_at=START)
        )
        session.add(
            Supporter(
                id=member.id,
                person_id=person,
                state=SupporterState.APPOINTED if member.is_trained else SupporterState.TRAINED,
                appointed_on=START.date() if member.is_trained else None,
                profession=member.profession,
                discipline=member.discipline,
                seniority=member.seniority,
                created_at=START,
            )
        )
    session.flush()
    session.add_all(
        SupporterDepartment(supporter_id=m.id, name=m.department, resolved=m.department)
        for m in year.members
    )
    session.flush()
    rows = {row.id: row for row in session.scalars(sa.select(Supporter))}
    open_now: list[tuple[datetime, Supporter]] = []
    chosen: list[str | None] = []
    for offer in year.offers:
        for closed_at, row in [one for one in open_now if one[0] <= offer.at]:
            row.open_count -= 1
            open_now.remove((closed_at, row))
        for member in year.members:
            is_away = member.is_away(offer.at)
            rows[member.id].paused_until_on = date(2100, 1, 1) if is_away else None
        found = propose(session, need_of(offer), LIMITS, FlatList())
        chosen.append(found and found.supporter_id)
        if found is not None:
            row = rows[found.supporter_id]
            row.deployments += 1
            row.open_count += 1
            row.last_deployed_at = offer.at
            open_now.append((offer.at + OPEN_FOR, row))
    session.rollback()
    return chosen


def best_plan(year: Year) -> list[str | None]:
    """Return the best matching of one who knows the year, free of cool-down and limits.

    The same priority: profession, then deployments (each further one of a supporter costs more),
    then discipline, then seniority. Without the two rules the bound is rather too good than not.
    """
    costs = []
    for offer in year.offers:
        row = {}
        for member in filter(offer.may_take, year.members):
            for slot in range(_SLOTS):
                cost = 0
                for part in (
                    member.profession != offer.profession,
                    slot,
                    member.discipline != offer.discipline,
                    member.seniority != offer.seniority,
                ):
                    cost = (cost << 20) + int(part)
                row[f"{member.id}#{slot}"] = cost
        costs.append(row)
    return [one and one.split("#")[0] for one in assign(costs)]


@dataclass(frozen=True)
class Quality:
    """How good a matching of a year is."""

    busiest: int
    gini: float
    same_profession: int
    same_discipline: int
    served: int


def judge(year: Year, chosen: list[str | None]) -> Quality:
    """Return the figures of a matching."""
    members = {member.id: member for member in year.members}
    pairs = [(o, members[one]) for o, one in zip(year.offers, chosen, strict=True) if one]
    loads = Counter(member.id for _, member in pairs)
    return Quality(
        busiest=max(loads.values(), default=0),
        gini=_gini([loads[m.id] for m in year.members if m.is_trained]),
        same_profession=sum(o.profession == m.profession for o, m in pairs),
        same_discipline=sum(o.discipline == m.discipline for o, m in pairs),
        served=len(pairs),
    )


def _gini(loads: list[int]) -> float:
    ordered = sorted(loads)
    total = sum(ordered)
    if not total:
        return 0.0
    weighted = sum((2 * n - len(ordered) - 1) * load for n, load in enumerate(ordered, start=1))
    return weighted / (len(ordered) * total)


def breaches(year: Year, chosen: list[str | None]) -> int:
    """Count hard rules broken, another profession where the same could be asked among them."""
    members = {member.id: member for member in year.members}
    taken: dict[str, list[datetime]] = {member.id: [] for member in year.members}
    found = 0
    for offer, one in zip(year.offers, chosen, strict=True):
        at = offer.at

        def may_be_asked(member: Member, offer: Offer = offer, at: datetime = at) -> bool:
            is_rested = all(at - before >= COOL_DOWN for before in taken[member.id])
            return is_rested and offer.may_take(member)

        same = any(may_be_asked(m) for m in year.members if m.profession == offer.profession)
        if one is None:
            found += any(may_be_asked(member) for member in year.members)
            continue
        member = members[one]
        found += not may_be_asked(member)
        found += same and member.profession != offer.profession
        taken[one].append(at)
    return found
