"""Which help is shown where: by place, by date, the nearest first."""

from __future__ import annotations

import pytest

from flask_peersupport.resources.places import USUAL_PLACES, USUAL_TIERS, Place
from flask_peersupport.resources.queries import other_than, resources_for
from flask_peersupport.resources.states import ResourceKind, Tier
from tests.intake.conftest import STAFF
from tests.reachouts.conftest import Programme
from tests.resources.conftest import TODAY, days, help_of
from tests.sessions.hospital import Browser, counted, working

K = ResourceKind


def test_a_place_shows_what_is_valid_there_the_nearest_first(programme: Programme) -> None:
    with working(programme.app) as session:
        help_of(session, K.GP, "Doctor")
        help_of(session, K.CHAPLAIN, "Zoe", valid_until=TODAY)
        help_of(session, K.CHAPLAIN, "adam", valid_until=days(1))
        help_of(session, K.PSYCHOLOGIST, "Past", valid_until=days(-1))
        help_of(session, K.SOCIAL_WORKER, "Elsewhere", places=(Place.FIRST_HOURS,))
        help_of(session, K.HEAD_OF_DEPARTMENT, "Head")
        shown = {place: resources_for(session, place, TODAY) for place in Place}
    assert {place: [row.name for row in rows] for place, rows in shown.items()} == {
        Place.SUPPORTER: ["adam", "Zoe", "Doctor"],
        Place.COLLEAGUE: ["Head", "adam", "Zoe", "Doctor"],
        Place.FIRST_HOURS: ["Elsewhere"],
    }


def test_a_place_takes_one_statement(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        for number in range(30):
            help_of(session, K.CHAPLAIN, f"Chaplain {number}")
        with counted(small_programme.app) as statements:
            assert len(resources_for(session, Place.COLLEAGUE, TODAY)) == 30
    assert len([one for one in statements if "peersupport_resource" in one]) == 1


def test_a_number_that_is_shown_already_is_not_shown_twice(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        help_of(session, K.STANDBY_PSYCHIATRIST, "Same", phone="050-123 45 67")
        help_of(session, K.STANDBY_PSYCHIATRIST, "Unreachable")
        rows = resources_for(session, Place.SUPPORTER, TODAY)
    assert [row.name for row in other_than(rows, "050 1234567")] == ["Unreachable"]
    assert len(other_than(rows, None)) == 2


def test_every_kind_has_a_usual_place_and_tier() -> None:
    assert set(USUAL_PLACES) == set(USUAL_TIERS) == set(ResourceKind)
    assert {kind for kind, tier in USUAL_TIERS.items() if tier is Tier.OUTSIDE} == {K.GP, K.OUTSIDE}
    # the colleague does not call the stand-by psychiatrist: who supports them does
    assert [kind for kind, places in USUAL_PLACES.items() if Place.COLLEAGUE not in places] == [
        K.STANDBY_PSYCHIATRIST
    ]


@pytest.mark.parametrize("page", ["/self", "/mine"])
def test_who_thinks_of_themself_sees_other_help(small_programme: Programme, page: str) -> None:
    with working(small_programme.app) as session:
        help_of(session, K.GP, "Doctor")
        help_of(session, K.GP, "Elsewhere", places=(Place.FIRST_HOURS,))
    text = Browser(small_programme, STAFF.anna).text(page)
    assert (text.count("Doctor"), text.count("Elsewhere")) == (1, 0)
