"""Somebody asks for support for themself on a telephone, and a supporter takes it (P5)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import DESKTOP, PHONE, Hospital, check
from tests.journeys.test_main_job import NURSE, accept

pytestmark = pytest.mark.browser

NAME = "Sanne de Jong"


def keep(page: Page, name: str) -> None:
    """Keep what a page looks like, where somebody wants to see it."""
    if folder := os.environ.get("PEERSUPPORT_TEST_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def mails(hospital: Hospital) -> list[tuple[str, str]]:
    """Return the recipient and the whole text of every mail so far, the newest first."""
    texts = []
    for mail in hospital.app.extensions["peersupport_mailer"].newest(100):
        parts = [mail.get_body((kind,)) for kind in ("plain", "html")]
        content = [part.get_content() for part in parts if part is not None]
        texts.append((str(mail["To"]), "\n".join([str(mail["Subject"]), *content])))
    return texts


def ensure_mails_tell_nothing(hospital: Hospital, *words: str) -> list[str]:
    """Check every mail for a colleague's name, department and the like; return the recipients."""
    found = mails(hospital)
    assert [(to, word) for to, text in found for word in words if word in text] == []
    return sorted(to for to, _text in found)


def test_from_the_press_to_the_accepted_call(hospital: Hospital) -> None:
    nurse = hospital.sign_in(NURSE, PHONE)
    nurse.goto(f"{hospital.address}/peersupport/self")
    keep(nurse, "self-phone")
    button = nurse.get_by_role("button", name="Vraag om steun")
    box = button.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= PHONE["height"], "one screen, the press included"
    expect(nurse.locator("main")).to_contain_text("Alleen het peer-supportteam ziet dit")
    assert nurse.locator("main a[href='tel:0505550100']").count() == 1
    check(nurse)
    nurse.locator("summary", has_text="Met wie wel").click()
    field = nurse.locator("[name=peersupport-unwanted-0-name]")
    with nurse.expect_request("**/people") as asked:
        field.press_sequentially("Willem Hoe")
    assert asked.value.method == "POST", "the name stays out of the logs"
    nurse.locator(".ps-combo-option").first.click()
    nurse.locator("[data-ps-add]").click()
    nurse.fill("[name=peersupport-unwanted-1-name]", "Thijs Visser")
    nurse.keyboard.press("Escape")
    keep(nurse, "self-open-phone")
    check(nurse)
    nurse.select_option("[name=day_part]", "evening")
    button.click()
    nurse.wait_for_url("**/peersupport/mine")
    keep(nurse, "self-mine-phone")
    assert hospital.reach_out(NAME)["state"] == "queued"

    nurse.goto(f"{hospital.address}/peersupport/self")
    nurse.wait_for_url("**/peersupport/mine")

    hospital.work()
    _request, username = hospital.asked(NAME)
    supporter = accept(hospital, NAME)
    expect(supporter.locator("h1")).to_have_text(NAME)
    expect(supporter.locator(".ps-say")).to_contain_text("Je hebt om steun gevraagd")
    expect(supporter.locator(".ps-call")).to_contain_text("'s avonds")
    keep(supporter, "self-card-phone")
    check(supporter)
    hospital.work()
    recipients = ensure_mails_tell_nothing(hospital, "Sanne", "Jong", "Intensive Care", "Visser")
    assert [to.partition("@")[0] for to in recipients] == [username]


def test_it_reads_well_in_english_on_a_desk(hospital: Hospital) -> None:
    nurse = hospital.sign_in(NURSE, DESKTOP, locale="en")
    nurse.goto(f"{hospital.address}/peersupport/self")
    expect(nurse.locator("h1")).to_have_text("I would like to talk to someone")
    keep(nurse, "self-desk-en")
    check(nurse)
    nurse.fill("[name=phone]", "later")
    nurse.get_by_role("button", name="Ask for support").click()
    expect(nurse.locator("#ps-phone-error")).to_be_visible()
    nurse.faults.clear()  # type: ignore[attr-defined]
    keep(nurse, "self-wrong-en")
    check(nurse)
