"""Coverage: small hospitals counted by hand, and random ones in which somebody is really added."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from flask import Flask
from sqlalchemy import orm

from flask_peersupport import clock
from flask_peersupport.access.department_actions import DepartmentDetails, add_department
from flask_peersupport.access.departments import DepartmentNode, DepartmentTree
from flask_peersupport.runtime import EXTENSION, current_runtime
from flask_peersupport.supporters.actions import (
    SupporterDetails,
    add_supporter,
    pause_supporter,
)
from flask_peersupport.supporters.coverage import (
    Advice,
    Available,
    Covered,
    Gain,
    Place,
    advice,
    cover,
    gains,
)
from flask_peersupport.supporters.coverage_queries import read_coverage
from flask_peersupport.supporters.departments import resolve_for_supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from tests.supporters.conftest import NOW, counted

S = SupporterState
CODES = ("physician", "nurse")


def hospital(parents: dict[str, str | None]) -> list[Place]:
    """Return the departments of a tree, given by the parent of each."""
    nodes = [
        DepartmentNode(name, name, parent, None, frozenset({name.casefold()}))
        for name, parent in parents.items()
    ]
    tree = DepartmentTree(nodes, NOW.date())
    places = []
    for name in parents:
        key, own = resolve_for_supporter(tree, name), tree.resolve(name)
        assert key is not None
        assert own is not None
        places.append(Place(name, key, own))
    return places


def supporters(places: Iterable[Place], *found: tuple[str, str]) -> list[Available]:
    """Return supporters by profession and departments, separated by "+"."""
    key_of = {place.name: place.key for place in places}
    return [
        Available(profession, frozenset(key_of[name] for name in names.split("+")))
        for profession, names in found
    ]


def elsewhere(rows: list[Covered]) -> dict[str, tuple[int, ...]]:
    return {row.place.name: tuple(row.elsewhere[code] for code in CODES) for row in rows}


def own(rows: list[Covered]) -> dict[str, tuple[int, ...]]:
    return {row.place.name: tuple(row.own[code] for code in CODES) for row in rows}


FLAT = hospital({"Cardiology": None, "IC": None, "Surgery": None})
TREE = hospital(
    {"Surgical division": None, "Surgery": "Surgical division", "OR": "Surgery", "IC": None}
)


def test_supporters_of_the_own_department_do_not_count() -> None:
    team = supporters(FLAT, ("nurse", "IC"), ("nurse", "Surgery"), ("physician", "IC"))
    rows = cover(FLAT, team, CODES)
    assert elsewhere(rows) == {"IC": (0, 1), "Surgery": (1, 1), "Cardiology": (1, 2)}
    assert own(rows) == {"IC": (1, 1), "Surgery": (0, 1), "Cardiology": (0, 0)}


def test_nor_do_those_of_the_departments_above_and_below() -> None:
    team = supporters(TREE, ("nurse", "Surgery"))
    assert elsewhere(cover(TREE, team, CODES)) == {
        "Surgical division": (0, 0),
        "Surgery": (0, 0),
        "OR": (0, 0),
        "IC": (0, 1),
    }


def test_two_departments_below_the_same_one_are_not_each_others_own() -> None:
    places = hospital({"Division": None, "North": "Division", "South": "Division"})
    rows = cover(places, supporters(places, ("nurse", "North")), CODES)
    assert elsewhere(rows) == {"Division": (0, 0), "North": (0, 0), "South": (0, 1)}


def test_a_supporter_of_two_departments_counts_for_neither_and_once_elsewhere() -> None:
    rows = cover(FLAT, supporters(FLAT, ("nurse", "IC+Surgery")), CODES)
    assert elsewhere(rows) == {"Cardiology": (0, 1), "IC": (0, 0), "Surgery": (0, 0)}
    assert own(rows) == {"Cardiology": (0, 0), "IC": (0, 1), "Surgery": (0, 1)}


def test_a_profession_that_is_not_in_the_settings_counts_for_nobody() -> None:
    rows = cover(FLAT, supporters(FLAT, ("wizard", "IC")), CODES)
    assert {count for row in rows for count in row.elsewhere.values()} == {0}


def test_the_departments_with_the_most_gaps_come_first_then_the_thin_ones() -> None:
    team = supporters(
        FLAT, ("physician", "IC"), ("nurse", "IC"), ("nurse", "Surgery"), ("nurse", "Surgery")
    )
    rows = cover(FLAT, team, CODES)
    assert elsewhere(rows) == {"IC": (0, 2), "Surgery": (1, 1), "Cardiology": (1, 3)}
    assert [(row.place.name, row.gaps, row.thin) for row in rows] == [
        ("IC", 1, 0),
        ("Surgery", 0, 2),
        ("Cardiology", 0, 1),
    ]


def test_where_one_more_would_help_by_hand() -> None:
    team = supporters(FLAT, ("physician", "IC"), ("nurse", "IC"), ("nurse", "Surgery"))
    found = gains(cover(FLAT, team, CODES), CODES)
    place = {one.name: one for one in FLAT}
    # physicians: IC has nobody, Surgery and Cardiology one; nurses: IC and Surgery have one
    assert found == [
        Gain(place["Cardiology"], "physician", gaps=1, thin=1, own=0),
        Gain(place["Surgery"], "physician", gaps=1, thin=1, own=1),
        Gain(place["Cardiology"], "nurse", gaps=0, thin=2, own=0),
        Gain(place["IC"], "physician", gaps=0, thin=2, own=2),
        Gain(place["Surgery"], "nurse", gaps=0, thin=1, own=1),
        Gain(place["IC"], "nurse", gaps=0, thin=1, own=2),
    ]


def test_nothing_is_advised_where_everybody_has_two() -> None:
    team = supporters(FLAT, *((code, place.name) for code in CODES for place in FLAT for _ in "ab"))
    assert gains(cover(FLAT, team, CODES), CODES) == []


def test_departments_that_would_do_the_same_are_advised_together() -> None:
    found = advice(gains(cover(FLAT, [], CODES), CODES), 5)
    assert found == [Advice("physician", 2, 0, tuple(FLAT)), Advice("nurse", 2, 0, tuple(FLAT))]
    assert advice(gains(cover(FLAT, [], CODES), CODES), 1) == found[:1]


def lacking(rows: list[Covered], count: int) -> set[tuple[str, str]]:
    return {
        (row.place.name, code) for row in rows for code in CODES if row.elsewhere[code] == count
    }


@pytest.mark.parametrize("seed", range(40))
def test_the_gain_is_what_really_adding_a_supporter_changes(seed: int) -> None:
    rng = random.Random(seed)
    names = [f"D{number}" for number in range(rng.randint(1, 9))]
    parents = {
        name: rng.choice([None, *names[:place]]) if place else None
        for place, name in enumerate(names)
    }
    places = hospital(parents)
    team = [
        Available(
            rng.choice(CODES),
            frozenset(
                place.key for place in rng.sample(places, min(len(places), rng.choice([1, 1, 2])))
            ),
        )
        for _ in range(rng.randint(0, 5))
    ]
    before = cover(places, team, CODES)
    expected = {}
    for place in places:
        for code in CODES:
            after = cover(places, [*team, Available(code, frozenset({place.key}))], CODES)
            filled = len(lacking(before, 0) - lacking(after, 0))
            relieved = len(lacking(before, 1) & lacking(after, 2))
            if filled or relieved:
                expected[place.name, code] = (filled, relieved)
    found = gains(before, CODES)
    assert {(one.place.name, one.profession): (one.gaps, one.thin) for one in found} == expected
    order = [(-one.gaps, -one.thin, one.own) for one in found]
    assert order == sorted(order)


@pytest.mark.parametrize("seed", range(20))
def test_coverage_is_what_asking_one_by_one_would_give(seed: int) -> None:
    rng = random.Random(1000 + seed)
    names = [f"D{number}" for number in range(8)]
    parents = {
        name: rng.choice([None, *names[:place]]) if place else None
        for place, name in enumerate(names)
    }
    places = hospital(parents)
    team = [
        Available(
            rng.choice(CODES), frozenset(p.key for p in rng.sample(places, rng.randint(1, 3)))
        )
        for _ in range(12)
    ]
    for row in cover(places, team, CODES):
        for code in CODES:
            from_elsewhere = [
                one for one in team if one.profession == code and not one.keys & row.place.own
            ]
            assert row.elsewhere[code] == len(from_elsewhere)
            assert row.elsewhere[code] + row.own[code] == sum(o.profession == code for o in team)


def put(session: orm.Session, name: str, departments: tuple[str, ...], **more: object) -> None:
    details = SupporterDetails("nurse", departments=departments, is_external=bool(more.get("out")))
    state = more.get("state", S.APPOINTED)
    assert isinstance(state, S)
    person = Person(name, email=f"{name.lower()}@hospital.example")
    supporter = add_supporter(session, person, details, state=state, actor="command", now=NOW)
    if "until" in more:
        until = more["until"]
        pause_supporter(session, supporter, until, actor="command", now=NOW)  # type: ignore[arg-type]


def test_only_those_who_could_be_asked_count(session: orm.Session) -> None:
    for name in ("IC", "Surgery"):
        add_department(session, DepartmentDetails(name), actor="command", now=NOW)
    today = NOW.date()
    put(session, "Here", ("IC",))
    put(session, "Mixed", ("IC", "Elsewhere"))
    put(session, "Nowhere", ())
    put(session, "Paused", ("IC",), until=None)
    put(session, "Away", ("IC",), until=today)
    put(session, "Trained", ("IC",), state=S.TRAINED)
    put(session, "Outside", (), out=True)
    with clock.stopped_at(NOW):
        found = read_coverage(session, today)
    nurses = {row.place.name: (row.elsewhere["nurse"], row.own["nurse"]) for row in found.rows}
    assert nurses == {"IC": (0, 1), "Surgery": (1, 0)}
    assert (found.counted, found.paused, found.unplaced) == (1, 2, 2)
    assert found.professions == tuple(current_runtime().settings.professions)


def test_a_pause_that_ended_yesterday_is_none(small_session: orm.Session) -> None:
    add_department(small_session, DepartmentDetails("IC"), actor="command", now=NOW)
    put(small_session, "Back", ("IC",), until=NOW.date())
    with clock.stopped_at(NOW):
        tomorrow = NOW.date().replace(day=NOW.day + 1)
        assert read_coverage(small_session, tomorrow).counted == 1
        assert read_coverage(small_session, NOW.date()).counted == 0


def test_many_departments_take_as_many_statements_as_few(small_app: Flask) -> None:
    with small_app.app_context(), clock.stopped_at(NOW):
        session = small_app.extensions[EXTENSION].storage.session()
        add_department(session, DepartmentDetails("IC"), actor="command", now=NOW)
        put(session, "One", ("IC",))
        session.commit()
        with counted(small_app) as few:
            read_coverage(session, NOW.date())
        for number in range(30):
            add_department(session, DepartmentDetails(f"D{number}"), actor="command", now=NOW)
            put(session, f"N{number}", (f"D{number}",))
        session.commit()
        with counted(small_app) as many:
            found = read_coverage(session, NOW.date())
        assert len(found.rows) == 31
        assert len(many) == len(few) == 3
