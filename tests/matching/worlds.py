"""Random hospitals for matching, and an oracle that knows them as graphs, not as sets of names.

The oracle is written from the programme (P8 to P14), apart from `criteria` and `statements`.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy import orm

from flask_peersupport.matching.criteria import Limits
from flask_peersupport.matching.departments import own_departments
from flask_peersupport.matching.need import Need
from flask_peersupport.runtime import current_runtime
from flask_peersupport.supporters.declarations import conflict_marks, declare
from flask_peersupport.supporters.departments import resolve_for_supporter
from flask_peersupport.supporters.models import Supporter, SupporterDepartment, SupporterPeriod
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from flask_peersupport.vault.models import PersonRecord

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
QUARTER = "2026Q4"
COLLEAGUE = Person("Colleague", email="c@hospital.example", user_id="7")
SOMEBODY_ELSE = Person("Somebody", email="s@hospital.example", user_id="8")
UNKNOWN = "Nowhere"
#: Some hours of a week, its first and its last among them.
HOURS = (0, 13, 37, 167)

#: Worlds for each of the five properties, on each database: 10,000 in all, or 300.
WORLDS = 2_000 if os.environ.get("PEERSUPPORT_SWEEP") == "full" else 60


@dataclass(frozen=True)
class Hospital:
    """Departments as a graph: names by number, each number's parent, which names mean which."""

    names: dict[int, str]
    parents: dict[int, int | None]
    aliases: dict[str, int]

    def find(self, text: str) -> int | None:
        for number, name in self.names.items():
            if name == text:
                return number
        number = self.aliases.get(text)
        return number if number in self.names else None

    def line(self, number: int) -> set[int]:
        """Return the department and all above it."""
        found: set[int] = set()
        at: int | None = number
        while at is not None and at not in found:
            found.add(at)
            at = self.parents.get(at)
        return found

    def are_each_others_own(self, one: int, other: int) -> bool:
        return one in self.line(other) or other in self.line(one)

    def resolve(self, text: str) -> frozenset[str] | None:
        """The adapter's side of it: sets of names only."""
        number = self.find(text)
        if number is None:
            return None
        own = (n for n in self.names if self.are_each_others_own(number, n))
        return frozenset(self.names[n] for n in own)


@dataclass(frozen=True)
class Colleague:
    """Who needs support."""

    departments: tuple[str, ...] = ("Cardiology",)
    event: str | None = None
    profession: str | None = "physician"
    discipline: str | None = "surgical"
    seniority: str | None = "senior"
    is_outside: bool = False
    is_night: bool = False
    #: The hour of the week at which somebody is asked; None: a coordinator decides on it.
    hour: int | None = None
    excluded_people: frozenset[int] = frozenset()
    excluded_supporters: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Stay:
    """Days from TODAY on, both included, with hours of their own; None: away."""

    first: int
    last: int
    hours: frozenset[int] | None = None


@dataclass(frozen=True)
class Helper:
    """A supporter; numbers stand for ids until stored."""

    state: SupporterState = SupporterState.APPOINTED
    departments: tuple[str, ...] = ("Neurology",)
    profession: str | None = "physician"
    discipline: str | None = "surgical"
    seniority: str | None = "senior"
    is_external: bool = False
    has_account: bool = True
    has_code: bool = False
    is_asked_at_night: bool = False
    #: Hours of the week; None: all.
    hours: frozenset[int] | None = None
    stays: tuple[Stay, ...] = ()
    paused_until_on: date | None = None
    max_open: int | None = None
    open_count: int = 0
    asked_count: int = 0
    max_per_quarter: int | None = None
    quarter_count: int = 0
    quarter: str | None = None
    deployments: int = 0
    last_deployed_at: datetime | None = None
    #: Reasons said to the colleague, and to somebody else.
    said: tuple[str, ...] = ()
    said_elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True)
class World:
    """A hospital, its supporters, one colleague, the limits."""

    hospital: Hospital
    helpers: tuple[Helper, ...]
    colleague: Colleague
    limits: Limits = field(default=Limits(max_open=2, cool_down=timedelta(days=30)))


def hospitals() -> st.SearchStrategy[Hospital]:
    """Draw up to six departments, nested at will, with aliases, two of them perhaps alike."""

    @st.composite
    def draw_hospital(draw: st.DrawFn) -> Hospital:
        count = draw(st.integers(1, 6))
        parents = {
            n: draw(st.one_of(st.none(), st.integers(0, n - 1))) if n else None
            for n in range(count)
        }
        numbers = st.integers(0, count - 1)
        aliases = draw(st.dictionaries(st.sampled_from(["a", "b", "c"]), numbers, max_size=3))
        return Hospital({n: f"D{n}" for n in range(count)}, parents, aliases)

    return draw_hospital()


def changed(hospital: Hospital) -> st.SearchStrategy[Hospital]:
    """Draw the same hospital after a reorganisation: renamed, moved, removed, a new alias."""

    @st.composite
    def draw_change(draw: st.DrawFn) -> Hospital:
        number = draw(st.sampled_from(sorted(hospital.names)))
        kind = draw(st.sampled_from(["rename", "rename away", "move", "remove", "alias"]))
        names, parents, aliases = (
            dict(hospital.names),
            dict(hospital.parents),
            dict(hospital.aliases),
        )
        if kind.startswith("rename"):
            if kind == "rename":
                aliases[names[number]] = number
            names[number] = f"New {names[number]}"
        elif kind == "move":
            parents[number] = draw(st.one_of(st.none(), st.integers(0, number))) or None
            if parents[number] == number:
                parents[number] = None
        elif kind == "remove":
            del names[number]
        else:
            aliases[draw(st.sampled_from(["a", "b", UNKNOWN]))] = number
        return Hospital(names, parents, aliases)

    return draw_change()


def texts(hospital: Hospital) -> st.SearchStrategy[str]:
    """Draw a department's name or alias, seldom one that nobody knows."""
    known = [*hospital.names.values(), *hospital.aliases]
    return st.sampled_from([*known, *known, *known, UNKNOWN])


def helpers(hospital: Hospital) -> st.SearchStrategy[Helper]:
    """Draw a supporter, mostly one who could be asked."""
    ages = [None, None, 0, 29, 30, 31, 400]
    some_hours = st.one_of(st.none(), st.none(), st.sets(st.sampled_from(HOURS)).map(frozenset))
    some_stay = st.builds(
        lambda first, days, hours: Stay(first, first + days, hours),
        st.sampled_from([-8, -3, -1, 0, 1]),
        st.sampled_from([0, 1, 3]),
        some_hours,
    )
    stays = st.one_of(st.just(()), st.just(()), st.lists(some_stay, max_size=3).map(apart))
    return st.builds(
        Helper,
        state=st.sampled_from([*[SupporterState.APPOINTED] * 8, *SupporterState]),
        departments=st.lists(texts(hospital), max_size=2, unique=True).map(tuple),
        profession=st.sampled_from(["physician", "nurse", None]),
        discipline=st.sampled_from(["surgical", "medical", None]),
        seniority=st.sampled_from(["senior", "junior", None]),
        is_external=st.sampled_from([False, False, False, True]),
        has_account=st.sampled_from([True, True, True, False]),
        has_code=st.booleans(),
        is_asked_at_night=st.booleans(),
        hours=some_hours,
        stays=stays,
        paused_until_on=st.sampled_from([None] * 6 + [TODAY + timedelta(d) for d in (-1, 0, 1)]),
        max_open=st.sampled_from([None, None, 0, 1, 3]),
        open_count=st.sampled_from([0, 0, 0, 1, 2]),
        asked_count=st.sampled_from([0, 0, 0, 1]),
        max_per_quarter=st.sampled_from([None, None, 0, 1, 2]),
        quarter_count=st.integers(0, 2),
        quarter=st.sampled_from([None, QUARTER, "2026Q3"]),
        deployments=st.integers(0, 2),
        last_deployed_at=st.sampled_from(ages).map(
            lambda days: None if days is None else NOW - timedelta(days=days)
        ),
        said=st.sampled_from([(), (), (), ("conflict",), ("workload",), ("workload", "conflict")]),
        said_elsewhere=st.sampled_from([(), (), ("conflict",)]),
    )


def apart(stays: list[Stay]) -> tuple[Stay, ...]:
    """Return the stays but for those that overlap one before."""
    kept: list[Stay] = []
    for stay in stays:
        if all(stay.last < other.first or other.last < stay.first for other in kept):
            kept.append(stay)
    return tuple(kept)


def worlds() -> st.SearchStrategy[World]:
    """Draw a hospital, up to six supporters and a colleague."""

    @st.composite
    def draw_world(draw: st.DrawFn) -> World:
        hospital = draw(hospitals())
        team = draw(st.lists(helpers(hospital), max_size=6).map(tuple))
        some = st.sets(st.integers(0, 5), max_size=1).map(frozenset)
        colleague = draw(
            st.builds(
                Colleague,
                departments=st.lists(texts(hospital), max_size=2).map(tuple),
                event=st.one_of(st.none(), texts(hospital)),
                profession=st.sampled_from(["physician", "nurse", None]),
                discipline=st.sampled_from(["surgical", "medical", None]),
                seniority=st.sampled_from(["senior", "junior", None]),
                is_outside=st.sampled_from([False, False, False, True]),
                is_night=st.sampled_from([False, False, True]),
                hour=st.sampled_from([None, *HOURS]),
                excluded_people=some,
                excluded_supporters=some,
            )
        )
        return World(hospital, team, colleague)

    return draw_world()


# the oracle


def may_be_asked(world: World, number: int) -> bool:
    """Return whether the programme allows to ask this supporter."""
    helper, colleague, hospital = world.helpers[number], world.colleague, world.hospital
    if helper.state is not SupporterState.APPOINTED:
        return False
    if helper.paused_until_on is not None and helper.paused_until_on >= TODAY:
        return False
    if number in colleague.excluded_people or number in colleague.excluded_supporters:
        return False
    if helper.is_external is not colleague.is_outside:
        return False
    if not _departments_allow(helper, colleague, hospital):
        return False
    if "conflict" in helper.said:
        return False
    at_once = world.limits.max_open if helper.max_open is None else helper.max_open
    if helper.open_count + helper.asked_count + 1 > at_once:
        return False
    if helper.max_per_quarter is not None:
        used = helper.quarter_count if helper.quarter == QUARTER else 0
        if used + 1 > helper.max_per_quarter:
            return False
    last = helper.last_deployed_at
    if last is not None and NOW - last < world.limits.cool_down:
        return False
    if helper.asked_count > 0 and world.limits.cool_down > timedelta(0):
        return False
    now = [stay for stay in helper.stays if stay.first <= 0 <= stay.last]
    if any(stay.hours is None for stay in now):
        return False
    hours = now[0].hours if now else helper.hours
    if colleague.hour is not None and hours is not None and colleague.hour not in hours:
        return False
    return helper.is_asked_at_night or bool(now) or not colleague.is_night


def _departments_allow(helper: Helper, colleague: Colleague, hospital: Hospital) -> bool:
    mine = [hospital.find(text) for text in helper.departments]
    theirs = [hospital.find(text) for text in department_texts(colleague)]
    is_known = mine and theirs and None not in mine and None not in theirs
    if not helper.is_external and not is_known:
        return False
    return not any(
        one is not None and other is not None and hospital.are_each_others_own(one, other)
        for one in mine
        for other in theirs
    )


def department_texts(colleague: Colleague) -> list[str]:
    """Return the departments of the colleague and of the event."""
    return [*colleague.departments, *([colleague.event] if colleague.event else [])]


def place(world: World, number: int, ids: list[str]) -> tuple[object, ...]:
    """Return what decides between two who may be asked, in the order of the programme."""
    helper, colleague = world.helpers[number], world.colleague
    last = helper.last_deployed_at
    return (
        0 if colleague.profession and helper.profession == colleague.profession else 1,
        helper.deployments,
        0 if colleague.discipline and helper.discipline == colleague.discipline else 1,
        0 if colleague.seniority and helper.seniority == colleague.seniority else 1,
        0 if last is None else last.timestamp(),
        ids[number],
    )


def is_asked_by_mail(helper: Helper) -> bool:
    """Return whether a supporter can answer on a page: signed in, or from outside with a code."""
    return helper.has_account or (helper.is_external and helper.has_code)


def order(world: World, ids: list[str], *, with_account_only: bool) -> list[str]:
    """Return the ids of all who may be asked, the best first."""
    allowed = [
        n
        for n, helper in enumerate(world.helpers)
        if may_be_asked(world, n) and (is_asked_by_mail(helper) or not with_account_only)
    ]
    return [ids[n] for n in sorted(allowed, key=lambda n: place(world, n, ids))]


# into the database


def store(session: orm.Session, world: World) -> list[str]:
    """Write the supporters of a world; their departments resolved by its list of now."""
    # no order that the numbers give, and the same in every run
    ids = [
        hashlib.md5(b"%d" % n, usedforsecurity=False).hexdigest() for n in range(len(world.helpers))
    ]
    for number, helper in enumerate(world.helpers):
        session.add(
            PersonRecord(
                id=person_id(ids[number]), month="2026-11", blob=b"", name_mark="", created_at=NOW
            )
        )
        columns = {k: v for k, v in vars(helper).items() if k not in _NOT_COLUMNS}
        session.add(
            Supporter(
                id=ids[number],
                person_id=person_id(ids[number]),
                created_at=NOW,
                invited_at=NOW,
                week=week_text(helper.hours),
                appointed_on=NOW.date() if helper.state in ("appointed", "paused") else None,
                **columns,
            )
        )
    session.flush()
    for number, helper in enumerate(world.helpers):
        store_stays(session, ids[number], helper.stays)
        store_departments(session, ids[number], helper.departments, world.hospital)
        for reason in helper.said:
            declare(session, ids[number], COLLEAGUE, reason, NOW)
        for reason in helper.said_elsewhere:
            declare(session, ids[number], SOMEBODY_ELSE, reason, NOW)
    session.flush()
    return ids


_NOT_COLUMNS = {"departments", "said", "said_elsewhere", "hours", "stays"}


def week_text(hours: frozenset[int] | None) -> str | None:
    """Return hours as the column holds them."""
    return None if hours is None else "".join("012"[(n in hours) * (1 + n % 2)] for n in range(168))


def store_stays(session: orm.Session, supporter_id: str, stays: tuple[Stay, ...]) -> None:
    """Replace the periods of a supporter."""
    session.execute(sa.delete(SupporterPeriod).where(SupporterPeriod.supporter_id == supporter_id))
    session.add_all(
        SupporterPeriod(
            supporter_id=supporter_id,
            first_on=TODAY + timedelta(days=stay.first),
            last_on=TODAY + timedelta(days=stay.last),
            week=week_text(stay.hours),
        )
        for stay in stays
    )
    last = max((TODAY + timedelta(days=stay.last) for stay in stays), default=None)
    session.get_one(Supporter, supporter_id).periods_until_on = last
    session.flush()


def store_departments(
    session: orm.Session, supporter_id: str, names: tuple[str, ...], hospital: Hospital
) -> None:
    """Write the departments of a supporter."""
    session.add_all(
        SupporterDepartment(
            supporter_id=supporter_id, name=name, resolved=resolve_for_supporter(hospital, name)
        )
        for name in names
    )


def person_id(supporter_id: str) -> str:
    """Return the vault row's id of a supporter's id."""
    return f"p{supporter_id[1:]}"


def need_in(world: World, ids: list[str]) -> Need | None:
    """Return the need of the colleague; None where a department is unknown."""
    colleague = world.colleague
    own = own_departments(world.hospital, department_texts(colleague))
    if own is None:
        return None
    return need_with(world, ids, own)


def need_with(world: World, ids: list[str], own: frozenset[str]) -> Need:
    """Return the need of the colleague, with these names as own departments."""
    colleague = world.colleague
    keys = current_runtime().keys.live(NOW)
    return Need(
        own_departments=own,
        profession=colleague.profession,
        discipline=colleague.discipline,
        seniority=colleague.seniority,
        is_outside=colleague.is_outside,
        marks=tuple(conflict_marks(keys, COLLEAGUE, sorted(own))),
        excluded_people=frozenset(
            person_id(ids[n]) for n in colleague.excluded_people if n < len(ids)
        ),
        excluded_supporters=frozenset(
            ids[n] for n in colleague.excluded_supporters if n < len(ids)
        ),
        at=NOW,
        is_night=colleague.is_night,
        today_on=TODAY.isoformat(),
        quarter=QUARTER,
        hour_of_week=colleague.hour,
    )


def simple_world(*team: Helper, **colleague: object) -> World:
    """Return a hospital of two wards under one division, with these supporters."""
    hospital = Hospital(
        {0: "Division", 1: "Cardiology", 2: "Neurology"}, {0: None, 1: 0, 2: 0}, {"CAR": 1}
    )
    return World(hospital, team, replace(Colleague(), **colleague))
