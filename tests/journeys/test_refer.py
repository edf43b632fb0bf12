"""A complaints officer passes colleagues on, on a telephone; one of them opens a link."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import PHONE, Hospital, check

pytestmark = pytest.mark.browser

OFFICER, COLLEAGUE = "fatima.elamrani", "willem.hoekstra"
NAMED = "Sanne de Jong"


def test_an_officer_passes_on_by_name_and_by_a_link_on_a_telephone(hospital: Hospital) -> None:
    page = hospital.sign_in(OFFICER, PHONE)
    page.goto(f"{hospital.address}/peersupport/refer")
    check(page)
    page.get_by_role("button", name="Doorgeven").click()
    expect(page.get_by_text("Kies wat voor zaak het is.")).to_be_visible()
    expect(page.get_by_text("Vul de naam van een collega in.")).to_be_visible()
    page.faults.clear()  # type: ignore[attr-defined] # the browser notes every answer of 422
    check(page)
    page.get_by_label("Tuchtzaak").check()
    page.get_by_label("Afdeling van de gebeurtenis").fill("Spoedeisende Hulp")
    page.get_by_role("group", name="Collega 1").get_by_label("Naam").press_sequentially("Sanne de")
    page.get_by_role("option", name=re.compile(NAMED)).click()
    page.get_by_label("De collega weet dat ik de naam doorgeef.").check()
    page.get_by_role("button", name="Doorgeven").click()
    expect(page.get_by_text("Doorgegeven. Een peer supporter")).to_be_visible()
    expect(page.get_by_text("1 collega doorgegeven")).to_be_visible()
    assert NAMED not in page.content()
    check(page)
    hospital.work()
    assert hospital.reach_out(NAMED)["state"] == "asking"

    page.get_by_label("Klacht", exact=True).check()
    page.get_by_label("Afdeling van de gebeurtenis").fill("Spoedeisende Hulp")
    page.get_by_label("Met een link").check()
    expect(page.get_by_role("group", name="Collega 1")).to_be_hidden()
    page.get_by_role("button", name="Doorgeven").click()
    expect(page.get_by_role("heading", name="1 link om mee te geven")).to_be_visible()
    check(page)
    address = page.locator(".ps-paper-link-text").inner_text()
    link = f"{hospital.address}{urlsplit(address).path}"

    colleague = hospital.sign_in(COLLEAGUE, PHONE)
    colleague.goto(link)
    check(colleague)
    colleague.get_by_label("'s avonds").check()
    colleague.get_by_role("button", name="Ja, bel mij").click()
    colleague.wait_for_url("**/peersupport/mine")
    expect(colleague.get_by_text("klachtenfunctionaris").first).to_be_visible()
    check(colleague)
    hospital.work()
    assert hospital.reach_out("Willem Hoekstra")["state"] == "asking"

    colleague.goto(link)
    colleague.get_by_role("button", name="Ja, bel mij").click()
    expect(colleague.get_by_role("heading", name="Deze link kan niet")).to_be_visible()
    # the browser itself notes in its console that the answer was 409
    colleague.faults.clear()  # type: ignore[attr-defined]
    check(colleague)


def test_the_flyer_fits_a_telephone_in_both_languages(hospital: Hospital) -> None:
    page = hospital.sign_in(OFFICER, PHONE, "en")
    page.goto(f"{hospital.address}/peersupport/flyer")
    expect(
        page.get_by_role("heading", name="Does something at work stay with you?")
    ).to_be_visible()
    check(page)
    page.get_by_role("link", name="Nederlands").click()
    expect(page.get_by_role("heading", name="Laat iets op je werk je niet los?")).to_be_visible()
    check(page)


def test_without_scripts_a_colleague_is_passed_on_by_the_whole_name(hospital: Hospital) -> None:
    signed_in = hospital.sign_in(OFFICER, PHONE)
    context = hospital.browser.new_context(
        java_script_enabled=False,
        viewport=PHONE,  # type: ignore[arg-type]
        locale="nl",
        storage_state=signed_in.context.storage_state(),
    )
    hospital.contexts.append(context)
    page = context.new_page()
    page.goto(f"{hospital.address}/peersupport/refer")
    expect(page.get_by_role("group", name=re.compile("Collega [123]"))).to_have_count(3)
    page.get_by_label("Klacht", exact=True).check()
    page.get_by_label("Afdeling van de gebeurtenis").fill("Spoedeisende Hulp")
    page.get_by_role("group", name="Collega 2").get_by_label("Naam").fill(NAMED)
    page.get_by_label("De collega weet dat ik de naam doorgeef.").check()
    page.get_by_role("button", name="Doorgeven").click()
    expect(page.get_by_text("1 collega doorgegeven")).to_be_visible()
    hospital.work()
    assert hospital.reach_out(NAMED)["state"] == "asking"
