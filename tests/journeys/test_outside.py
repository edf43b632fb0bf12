"""Somebody would rather talk to somebody from outside, who has no account (P14, P31)."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import DESKTOP, PHONE, Hospital, check
from tests.journeys.test_main_job import COORDINATOR, NURSE, fill_calamity, submit

pytestmark = pytest.mark.browser

NAME = "Olga Buitenhuis"
EMAIL = "olga@praktijk-buitenhuis.example"


def keep(page: Page, name: str) -> None:
    """Keep what a page looks like, where somebody wants to see it."""
    if folder := os.environ.get("PEERSUPPORT_TEST_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def telephone(hospital: Hospital) -> Page:
    """Return a telephone on which nobody has ever signed in."""
    context = hospital.browser.new_context(
        viewport=PHONE,  # type: ignore[arg-type]
        locale="nl",
        reduced_motion="reduce",
    )
    context.set_default_timeout(60_000)
    hospital.contexts.append(context)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.faults = faults  # type: ignore[attr-defined]
    return page


def newest_link(hospital: Hospital) -> str:
    """Return the link of the newest mail to the supporter."""
    mails = hospital.app.extensions["peersupport_mailer"].newest(50)
    for mail in mails:
        if mail["To"] == EMAIL:
            found = re.search(
                r"https?://\S+(/peersupport/external/\S+)", mail.get_body(("plain",)).get_content()
            )
            if found:
                return f"{hospital.address}{found[1]}"
    raise AssertionError("no link was sent")


def test_a_supporter_from_outside_needs_no_account(hospital: Hospital) -> None:
    coordinator = hospital.sign_in(COORDINATOR, DESKTOP)
    at = f"{hospital.address}/peersupport"
    coordinator.goto(f"{at}/supporters/add")
    coordinator.fill("[name=name]", NAME)
    coordinator.fill("[name=email]", EMAIL)
    coordinator.fill("[name=phone]", "06 1234 5678")
    coordinator.select_option("[name=state]", "appointed")
    coordinator.check("[name=external]")
    coordinator.check("[name=night]")
    coordinator.locator("form.ps-form button.ps-button-main").click()
    coordinator.locator("a[href$='/code']").click()
    keep(coordinator, "code-none")
    check(coordinator)
    coordinator.locator("button[value=make]").click()
    code = coordinator.locator(".ps-code").inner_text()
    keep(coordinator, "code-made")
    check(coordinator)
    coordinator.goto(coordinator.url)
    keep(coordinator, "code-set")
    expect(coordinator.locator("main")).not_to_contain_text(code)
    check(coordinator)

    nurse = hospital.sign_in(NURSE, PHONE)
    fill_calamity(nurse, hospital.address)
    nurse.check("[name=peersupport-me]")
    nurse.check("[name=peersupport-outside]")
    submit(nurse)
    assert hospital.work()["deliver"] >= 1

    phone = telephone(hospital)
    phone.goto(newest_link(hospital))
    expect(phone.locator("main")).not_to_contain_text("Sanne")
    keep(phone, "link")
    check(phone)
    phone.fill("[name=code]", "verkeerd")
    phone.locator("form.ps-form button").click()
    expect(phone.locator("[role=alert]")).to_contain_text("Dit lukt niet")
    keep(phone, "refused")
    phone.faults.clear()  # type: ignore[attr-defined]
    phone.fill("[name=code]", code.lower())
    phone.locator("form.ps-form button").click()
    expect(phone.locator("h1")).to_have_text("Kun jij deze collega steunen?")
    expect(phone.locator("main")).to_contain_text("Sanne de Jong")
    assert phone.locator("a[href^='tel:']").count() == 0
    keep(phone, "question")
    check(phone)
    phone.locator("form[action$='/accept'] button").click()
    expect(phone.locator("h1")).to_have_text("Sanne de Jong")
    assert phone.locator("a[href*='/calamities/']").count() == 0, "the report needs an account"
    keep(phone, "call-card")
    three = phone.locator(".ps-three").bounding_box()
    assert three is not None
    assert three["y"] + three["height"] <= PHONE["height"], "the three buttons are on one screen"
    check(phone)

    phone.locator(".ps-three summary").first.click()
    phone.check("[name=outcome][value=conversation]")
    phone.locator(".ps-act-body form[action$='/contacts'] button").dblclick()
    expect(phone.locator("main")).to_contain_text("Contactmomenten tot nu toe")
    assert hospital.reach_out("Sanne de Jong")["contacts"] == ["conversation"]
    keep(phone, "noted")
    check(phone)
    phone.reload()
    expect(phone.locator("h1")).to_have_text("Deze stap is klaar")
    keep(phone, "over")
    assert hospital.reach_out("Sanne de Jong")["contacts"] == ["conversation"]
    phone.faults.clear()  # type: ignore[attr-defined]
    check(phone)

    phone = telephone(hospital)
    phone.goto(f"{at}/external")
    phone.fill("[name=email]", EMAIL)
    phone.fill("[name=code]", code)
    keep(phone, "new-link")
    check(phone)
    phone.locator("form.ps-form button").click()
    expect(phone.locator("h1")).to_have_text("Kijk in je mail")
    keep(phone, "new-link-sent")
    check(phone)
    hospital.work()
    phone.goto(newest_link(hospital))
    phone.fill("[name=code]", code)
    phone.locator("form.ps-form button").click()
    phone.locator("summary", has_text="Afsluiten").first.click()
    phone.check("[name=outcome][value=supported]")
    phone.locator("form[action$='/close'] button").click()
    expect(phone.locator("main")).to_contain_text("Afgesloten")
    expect(phone.locator("main")).not_to_contain_text("Sanne")
    keep(phone, "closed")
    check(phone)
    closed = hospital.reach_out("Sanne de Jong")
    assert (closed["state"], closed["outcome"]) == ("closed", "supported")
    phone.goto(phone.url)
    expect(phone.locator("h1")).to_have_text("Deze stap is klaar")

    english = telephone(hospital)
    english.goto(f"{at}/external/{'x' * 43}")
    english.locator('button[name=locale][value="en"]').click()
    expect(english.locator("h1")).to_have_text("Your code, please")
    keep(english, "link-english")
    check(english)
