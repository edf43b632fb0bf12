"""A concern about a colleague, from the telephone of who noticed to the accepted call (P4)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import DESKTOP, PHONE, Hospital, check
from tests.journeys.test_main_job import COORDINATOR, NURSE, accept
from tests.journeys.test_self import ensure_mails_tell_nothing, keep

pytestmark = pytest.mark.browser

NAME = "Willem Hoekstra"


def raise_concern(hospital: Hospital, *, may_be_told: bool) -> None:
    nurse = hospital.sign_in(NURSE, PHONE)
    nurse.goto(f"{hospital.address}/peersupport/concern")
    keep(nurse, "concern-phone")
    check(nurse)
    with nurse.expect_request("**/people") as asked:
        nurse.locator("[name=name]").press_sequentially("Willem Hoe")
    assert asked.value.method == "POST", "the name stays out of the logs"
    nurse.get_by_role("option", name=re.compile(NAME)).click()
    if may_be_told:
        nurse.check("[name=may_be_told]")
    nurse.get_by_role("button", name="Laat het het peer-supportteam weten").click()
    expect(nurse.locator("h1")).to_have_text("Fijn dat je op je collega let")
    keep(nurse, "concern-sent-phone")
    check(nurse)


@pytest.mark.parametrize(
    ("may_be_told", "sentence"),
    [(True, "Een collega dacht aan je"), (False, "om te vragen hoe het met je gaat")],
)
def test_from_the_concern_to_the_accepted_call(
    hospital: Hospital, may_be_told: bool, sentence: str
) -> None:
    raise_concern(hospital, may_be_told=may_be_told)
    hospital.work()
    coordinator = hospital.sign_in(COORDINATOR, PHONE)
    coordinator.goto(f"{hospital.address}/peersupport/concerns")
    keep(coordinator, "concerns-phone")
    check(coordinator)
    coordinator.get_by_role("link", name=NAME).click()
    expect(coordinator.locator("main")).not_to_contain_text("Sanne")
    keep(coordinator, "concern-decide-phone")
    check(coordinator)
    coordinator.get_by_role("button", name="Benaderen").click()
    expect(coordinator.locator("h1")).to_have_text(NAME)
    keep(coordinator, "concern-approached-phone")
    hospital.work()
    _request, username = hospital.asked(NAME)
    supporter = accept(hospital, NAME)
    expect(supporter.locator(".ps-say")).to_contain_text(sentence)
    if not may_be_told:
        expect(supporter.locator(".ps-say")).not_to_contain_text("collega dacht")
        expect(supporter.locator("main")).to_contain_text("mag dat niet horen")
    expect(supporter.locator("main")).not_to_contain_text("Sanne")
    keep(supporter, f"concern-card-{may_be_told}-phone")
    check(supporter)
    hospital.work()
    words = ("Hoekstra", "Willem", "Sanne", "Intensive", "Heelkunde")
    recipients = ensure_mails_tell_nothing(hospital, *words)
    # the mail to the coordinators goes with the decision, that to the supporter stays
    assert {to.partition("@")[0] for to in recipients} >= {username}


def test_it_reads_well_in_english_on_a_desk(hospital: Hospital) -> None:
    nurse = hospital.sign_in(NURSE, DESKTOP, locale="en")
    nurse.goto(f"{hospital.address}/peersupport/concern")
    keep(nurse, "concern-desk-en")
    check(nurse)
    nurse.fill("[name=name]", "Nobody Here")
    nurse.keyboard.press("Escape")
    nurse.get_by_role("button", name="Tell the peer-support team").click()
    expect(nurse.locator("#ps-department-error")).to_be_visible()
    nurse.faults.clear()  # type: ignore[attr-defined]
    keep(nurse, "concern-wrong-en")
    check(nurse)
    nurse.fill("[name=department]", "The cellar")
    nurse.get_by_role("button", name="Tell the peer-support team").click()
    expect(nurse.locator("h1")).to_have_text("Thank you for looking out for your colleague")

    coordinator = hospital.sign_in(COORDINATOR, DESKTOP, locale="en")
    coordinator.goto(f"{hospital.address}/peersupport/concerns")
    coordinator.get_by_role("link", name="Nobody Here").click()
    keep(coordinator, "concern-decide-desk-en")
    check(coordinator)
    coordinator.get_by_role("button", name="Wait", exact=True).click()
    expect(coordinator.locator("main")).to_contain_text("It is brought up again on")
    keep(coordinator, "concerns-waiting-desk-en")
    check(coordinator)
