"""Where to turn, the first hours, and the way to a coordinator when it alarms, in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import DESKTOP, PHONE, Hospital, check
from tests.journeys.lived_in import COORDINATOR
from tests.journeys.test_main_job import NURSE, accept, report_calamity

pytestmark = pytest.mark.browser


def add_help(page: Page, address: str, kind: str, phone: str) -> None:
    """Fill in the entry that is offered for a kind."""
    page.goto(f"{address}/peersupport/resources")
    page.get_by_role("link", name=kind, exact=True).click()
    page.fill("[name=phone]", phone)
    check(page)
    page.get_by_role("button", name="Opslaan").click()
    check(page)


def test_from_an_alarm_signal_to_a_coordinator_who_calls(hospital: Hospital) -> None:
    coordinator = hospital.sign_in(COORDINATOR, PHONE)
    add_help(coordinator, hospital.address, "Bedrijfsopvangteam", "050 361 1234")
    add_help(coordinator, hospital.address, "Achterwacht psychiatrie", "050 361 9999")

    nurse = hospital.sign_in(NURSE, PHONE)
    report_calamity(nurse, hospital.address)
    expect(nurse.get_by_role("link", name="Bel 050 361 1234")).to_be_visible()
    expect(nurse.locator("main")).not_to_contain_text("050 361 9999")
    check(nurse)
    nurse.get_by_role("link", name="De eerste uren").last.click()
    expect(nurse.locator("h1")).to_have_text("De eerste uren")
    check(nurse)

    hospital.work()
    supporter = accept(hospital, "Sanne de Jong")
    alarm = supporter.locator("#alarm")
    expect(alarm.get_by_role("link", name="050 361 9999")).not_to_be_visible()
    alarm.locator("summary").click()
    expect(alarm.get_by_role("link", name="050 361 9999")).to_be_visible()
    check(supporter)
    alarm.get_by_role("button", name="Bel mij, alsjeblieft").click()
    expect(supporter.get_by_text("Een van hen belt je.")).to_be_visible()
    supporter.locator("#alarm summary").click()
    check(supporter)

    coordinator.goto(f"{hospital.address}/peersupport/queue")
    check(coordinator)
    calls = coordinator.get_by_role("region", name="Peer supporters die vragen of je belt")
    calls.get_by_role("link").click()
    expect(coordinator.get_by_role("heading", name="vraagt of je belt")).to_be_visible()
    check(coordinator)
    coordinator.get_by_role("button", name="Ik heb gebeld").click()
    expect(coordinator.get_by_role("heading", name="vraagt of je belt")).to_have_count(0)

    supporter.get_by_text("Afsluiten", exact=True).first.click()
    ending = supporter.locator("form.ps-close")
    expect(ending.get_by_label("Naar wat voor hulp?")).not_to_be_visible()
    ending.get_by_label("verwezen naar andere hulp").check()
    ending.get_by_label("Naar wat voor hulp?").select_option("psychologist")
    check(supporter)
    ending.get_by_role("button", name="Afsluiten").click()
    assert hospital.reach_out("Sanne de Jong")["outcome"] == "referred"


@pytest.mark.parametrize(
    ("size", "locale"), [(PHONE, "en"), (DESKTOP, "nl")], ids=["phone", "desktop"]
)
def test_the_pages_of_help_are_for_everybody(
    hospital: Hospital, size: dict[str, int], locale: str
) -> None:
    page = hospital.sign_in(COORDINATOR, size, locale)
    for address in ("resources", "resources/add", "first-hours", "first-hours/edit"):
        page.goto(f"{hospital.address}/peersupport/{address}")
        check(page)
    page = hospital.sign_in(NURSE, size, locale)
    for address in ("resources", "first-hours", "first-hours?format=print"):
        page.goto(f"{hospital.address}/peersupport/{address}")
        check(page)


def test_the_card_for_the_first_hours_is_little_more_than_a_telephone(hospital: Hospital) -> None:
    page = hospital.sign_in(NURSE, PHONE)
    page.goto(f"{hospital.address}/peersupport/first-hours")
    card = page.locator(".ps-first-hours").bounding_box()
    assert card is not None
    assert card["height"] < PHONE["height"]
    assert card["y"] + card["height"] < 1.5 * PHONE["height"]
