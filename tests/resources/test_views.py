"""The list of help: everybody reads it, the coordinators keep it."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from flask_peersupport.resources.models import Resource
from flask_peersupport.resources.states import ResourceKind, Tier
from tests.intake.conftest import STAFF
from tests.reachouts.conftest import COORDINATOR, Programme
from tests.resources.conftest import TODAY, days, help_of
from tests.sessions.hospital import Browser, audited, counted, working

pytestmark = pytest.mark.usefixtures("frozen")

K = ResourceKind
FILLED: dict[str, Any] = {
    "kind": "chaplain",
    "tier": "organisation",
    "name": "Chaplaincy",
    "phone": "050 (0)12-34 567",
    "reach": "Room 12",
    "hours": "day and night",
    "meant_for": "all beliefs and none",
    "places": ["supporter", "colleague"],
    "valid_until": days(30).isoformat(),
}


def names_on(page: str) -> list[str]:
    """Return the names of the entries on a page."""
    return re.findall(r'<li class="ps-help-entry">\s*<p class="[^"]*">([^<]+)</p>', page)


def rows_of(programme: Programme) -> list[Resource]:
    with working(programme.app) as session:
        return list(session.scalars(sa.select(Resource).order_by(Resource.name)))


def test_what_a_coordinator_adds_everybody_finds(programme: Programme) -> None:
    added = Browser(programme).post("/resources/add", **FILLED)
    assert (added.status_code, added.location) == (302, "/peersupport/resources")
    (row,) = rows_of(programme)
    assert (row.kind, row.tier, row.places) == (
        K.CHAPLAIN,
        Tier.ORGANISATION,
        ("supporter", "colleague"),
    )
    page = Browser(programme, STAFF.anna).text("/resources")
    assert names_on(page) == ["Chaplaincy"]
    assert 'href="tel:0501234567"' in page
    assert "all beliefs and none" in page
    assert "day and night · Room 12" in page
    assert "/resources/add" not in page
    with working(programme.app) as session:
        assert audited(session, row.id) == ["resource.added"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("kind", "wizard", "Choose what kind of help it is."),
        ("tier", "", "Choose where this help is."),
        ("name", " \u202e ", "Give it a name that colleagues know."),
        ("name", "x" * 201, "This is too long; at most 200 characters."),
        ("phone", "1" * 201, "This is too long; at most 200 characters."),
        ("valid_until", "31-02-2027", "This is not a date."),
        ("valid_until", days(-1).isoformat(), "Choose today or later."),
        ("valid_until", "9999-12-31", "Choose an earlier date, or leave it empty."),
        ("places", ["supporter", "moon"], "Choose from these places."),
    ],
)
def test_what_cannot_be_right_is_said_at_the_field(
    small_programme: Programme, field: str, value: str, message: str
) -> None:
    answer = Browser(small_programme).post("/resources/add", **FILLED | {field: value})
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert re.findall(r'<p class="ps-error" id="ps-(\w+)-error">([^<]+)</p>', page) == [
        (field, message)
    ]
    assert 'value="Room 12"' in page
    assert rows_of(small_programme) == []


@pytest.mark.parametrize(("kind", "status"), [("chaplain", 422), ("gp", 302)])
def test_only_what_everybody_has_need_not_say_how_it_is_reached(
    small_programme: Programme, kind: str, status: int
) -> None:
    form = FILLED | {"kind": kind, "phone": "", "reach": ""}
    assert Browser(small_programme).post("/resources/add", **form).status_code == status


def test_what_has_expired_only_coordinators_see(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        help_of(session, K.CHAPLAIN, "Past", phone="1234", valid_until=days(-1))
        help_of(session, K.GP, "Today", valid_until=TODAY)
    assert names_on(Browser(small_programme, STAFF.anna).text("/resources")) == ["Today"]
    page = Browser(small_programme).text("/resources")
    assert names_on(page) == ["Past", "Today"]
    assert page.count("Only coordinators see this.") == 1


def test_one_press_says_that_it_is_still_right(programme: Programme) -> None:
    with working(programme.app) as session:
        row = help_of(session, K.GP, valid_until=days(-1), reminded_for=days(0))
    browser = Browser(programme)
    assert browser.post(f"/resources/{row.id}/confirm", "/resources").status_code == 302
    (row,) = rows_of(programme)
    assert (row.valid_until, row.reminded_for) == (date(2027, 11, 24), None)
    page = browser.text("/resources")
    assert "Valid until 24 November 2027." in page
    assert "/confirm" not in page, "there is nothing to confirm for a year"


def test_an_entry_is_changed_and_removed(programme: Programme) -> None:
    with working(programme.app) as session:
        row = help_of(session, K.GP, "Old", valid_until=days(-3), reminded_for=days(-2))
    browser, at = Browser(programme), f"/resources/{row.id}"
    form = FILLED | {"name": "New", "valid_until": days(-3).isoformat(), "places": []}
    assert browser.post(at, **form).status_code == 302, "its own last day may have gone by"
    (row,) = rows_of(programme)
    assert (row.name, row.places, row.reminded_for) == ("New", (), days(-2))
    assert browser.post(at, **form | {"valid_until": days(-2).isoformat()}).status_code == 422
    assert browser.post(f"{at}/remove", at).status_code == 302
    assert rows_of(programme) == []
    assert browser.get(at).status_code == 404
    with working(programme.app) as session:
        assert audited(session, row.id) == ["resource.changed", "resource.removed"]


def test_a_fresh_programme_is_offered_the_usual_kinds(small_programme: Programme) -> None:
    browser = Browser(small_programme)
    kinds = re.findall(r"/resources/add\?kind=(\w+)", browser.text("/resources"))
    assert kinds == [kind.value for kind in ResourceKind]
    form = browser.text("/resources/add?kind=gp")
    assert 'name="name" value="GP"' in form
    assert re.findall(r'name="tier" value="(\w+)" checked', form) == ["outside"]
    assert re.findall(r'name="places" value="(\w+)" checked', form) == ["supporter", "colleague"]
    with working(small_programme.app) as session:
        help_of(session, K.GP)
    assert "kind=gp" not in browser.text("/resources")
    assert browser.get("/resources/add?kind=%00").status_code == 200


def test_where_nothing_is_listed_the_page_says_so(small_programme: Programme) -> None:
    page = Browser(small_programme, STAFF.anna).text("/resources")
    assert "The programme has not filled in this list yet." in page
    assert "/first-hours" in page


@pytest.mark.parametrize("id", ["0" * 32, "0" * 33, "%00", "é", "x" * 400])
def test_an_id_of_nothing_is_nothing(programme: Programme, id: str) -> None:
    assert Browser(programme).get(f"/resources/{id}").status_code == 404


def test_a_long_list_takes_no_more_statements(small_programme: Programme) -> None:
    browser, counts = Browser(small_programme, COORDINATOR), []
    for number in (1, 29):
        with working(small_programme.app) as session:
            for one in range(number):
                help_of(session, K.OUTSIDE, f"Help {number}-{one}")
        with counted(small_programme.app) as statements:
            browser.text("/resources")
        counts.append(len(statements))
    assert counts[0] == counts[1]
