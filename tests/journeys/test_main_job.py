"""The main job in a browser: a report becomes a reach-out that a supporter takes and ends."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from flask_peersupport.clock import utc_now
from flask_peersupport.runtime import runtime_of
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.worker import EmbeddedWorker
from tests.journeys.conftest import PHONE, Hospital, check

pytestmark = pytest.mark.browser

NURSE = "sanne.dejong"
COORDINATOR = "ellen.dijkstra"
WISH_SENTENCE = (
    "Alleen het peer-supportteam ziet dit. Het komt niet in de melding, niet in je "
    "personeelsdossier, niet bij je leidinggevende en niet bij het onderzoek."
)


def fill_calamity(page: Page, address: str) -> None:
    """Fill in the host's own part of the form behind the SOS button."""
    page.goto(f"{address}/")
    page.locator('a[href$="/calamities/new"]').first.click()
    page.fill("[name=title]", "Onverwacht overlijden na ingreep")
    page.fill("[name=occurred_at]", "2026-01-05T03:20")
    page.select_option("[name=ward]", "Intensive Care")
    page.fill("[name=what_happened]", "Onderwerp van onderzoek.")


def report_calamity(page: Page, address: str, *colleagues: str, me: bool = True) -> None:
    """Report a potential calamity, ask for support and name colleagues."""
    fill_calamity(page, address)
    if me:
        page.check("[name=peersupport-me]")
    if colleagues:
        page.locator("[data-ps-colleagues] > summary").click()
    for index, name in enumerate(colleagues):
        name_colleague(page, index, name)
    submit(page)


def name_colleague(page: Page, index: int, name: str) -> None:
    """Type the name of a colleague, in a row of its own."""
    field = page.locator(f"[name=peersupport-colleagues-{index}-name]")
    if not field.count():
        page.locator("[data-ps-add]").click()
    field.fill(name)
    page.keyboard.press("Escape")


def submit(page: Page) -> None:
    page.locator("main form button[type=submit], main form button:not([type])").last.click()


def accept(hospital: Hospital, colleague: str, *, size: dict[str, int] = PHONE) -> Page:
    """Let the supporter who is asked for a colleague accept."""
    request_id, username = hospital.asked(colleague)
    page = hospital.sign_in(username, size)
    page.goto(f"{hospital.address}/peersupport/requests/{request_id}")
    page.locator("form[action$='/accept'] button").click()
    return page


def test_a_calamity_reaches_the_nurse_and_two_colleagues(hospital: Hospital) -> None:
    nurse = hospital.sign_in(NURSE, PHONE)
    fill_calamity(nurse, hospital.address)
    expect(nurse.locator(".ps-step")).to_contain_text(WISH_SENTENCE)
    check(nurse)
    nurse.check("[name=peersupport-me]")
    nurse.locator("[data-ps-colleagues] > summary").click()
    nurse.fill("[name=peersupport-colleagues-0-name]", "Willem Hoek")
    nurse.get_by_role("option", name=re.compile("Willem Hoekstra")).click()
    name_colleague(nurse, 1, "Thijs Visser")
    check(nurse)
    submit(nurse)

    expect(nurse.locator("h1")).to_have_text("Dank je wel. Een collega neemt contact met je op.")
    expect(nurse.locator("main")).to_contain_text("Nooit iemand van je eigen afdeling")
    expect(nurse.locator('a[href="tel:0505550100"]').first).to_be_visible()
    check(nurse)
    nurse.check("[name=day_part][value=evening]")
    nurse.locator("form[action*='/step/'] button").click()
    check(nurse)
    nurse.locator("a.ps-button-main").first.click()
    expect(nurse.locator("h1")).to_have_text("Onverwacht overlijden na ingreep")

    assert hospital.work()["ask"] == 3
    request_id, supporter = hospital.asked("Sanne de Jong")
    colleague = hospital.sign_in(supporter, PHONE)
    colleague.goto(f"{hospital.address}/mailroom")
    expect(colleague.locator("main")).to_contain_text(f"/peersupport/requests/{request_id}")
    assert "Sanne" not in colleague.inner_text("main")

    colleague.goto(f"{hospital.address}/peersupport/")
    check(colleague)
    colleague.goto(f"{hospital.address}/peersupport/requests")
    check(colleague)
    colleague.goto(f"{hospital.address}/peersupport/requests/{request_id}")
    for text in ("Sanne de Jong", "verpleegkundige", "Intensive Care", "calamiteit"):
        expect(colleague.locator("main")).to_contain_text(text)
    assert colleague.locator("a[href^='tel:']").count() == 0
    check(colleague)
    colleague.locator("form[action$='/accept'] button").click()

    expect(colleague.locator("h1")).to_have_text("Sanne de Jong")
    expect(colleague.locator(".ps-say")).to_contain_text("Je hebt om steun gevraagd")
    expect(colleague.locator(".ps-call")).to_contain_text("'s avonds")
    three = colleague.locator(".ps-three").bounding_box()
    assert three is not None
    assert three["y"] + three["height"] <= PHONE["height"], "the three buttons are on one screen"
    check(colleague)
    colleague.locator(".ps-three summary").first.click()
    check(colleague)
    colleague.check("[name=outcome][value=conversation]")
    colleague.locator(".ps-act-body form[action$='/contacts'] button").click()
    assert hospital.reach_out("Sanne de Jong")["state"] == "in_contact"
    check(colleague)

    colleague.locator("summary", has_text="Vervolg").first.click()
    colleague.locator("form[action$='/follow-up'] button").first.click()
    assert hospital.reach_out("Sanne de Jong")["state"] == "follow_up"
    colleague.locator("summary", has_text="Afsluiten").first.click()
    colleague.check("[name=outcome][value=supported]")
    colleague.locator("form[action$='/close'] button").click()
    closed = hospital.reach_out("Sanne de Jong")
    assert (closed["state"], closed["outcome"]) == ("closed", "supported")
    check(colleague)
    colleague.goto(f"{hospital.address}/peersupport/reach-outs/{closed['id']}")
    expect(colleague.locator("main")).not_to_contain_text("Sanne")


def test_a_no_asks_the_next_supporter(hospital: Hospital) -> None:
    report_calamity(hospital.sign_in(NURSE), hospital.address)
    hospital.work()
    request_id, first = hospital.asked("Sanne de Jong")
    page = hospital.sign_in(first, PHONE)
    page.goto(f"{hospital.address}/peersupport/requests/{request_id}")
    page.locator("summary", has_text="Nee").click()
    page.check("[name=reason][value=conflict]")
    check(page)
    page.locator("form[action$='/decline'] button").click()
    expect(page.locator("h1")).to_have_text("Dank je wel")
    expect(page.locator("main")).not_to_contain_text("Sanne")
    check(page)

    hospital.work()
    _second_request, second = hospital.asked("Sanne de Jong")
    assert second != first

    coordinator = hospital.sign_in(COORDINATOR)
    coordinator.goto(f"{hospital.address}/peersupport/queue")
    check(coordinator)
    coordinator.get_by_role("link", name="Sanne de Jong").click()
    expect(coordinator.locator("main")).to_contain_text("niet inzetbaar")
    assert "dichtbij" not in coordinator.locator(".ps-timeline").inner_text()
    coordinator.locator("summary", has_text="Waarom deze supporter").last.click()
    expect(coordinator.locator(".ps-timeline")).to_contain_text("Zelfde beroep")
    check(coordinator)


def test_silence_is_a_no_and_a_late_yes_is_thanked(hospital: Hospital) -> None:
    report_calamity(hospital.sign_in(NURSE), hospital.address)
    hospital.work()
    request_id, first = hospital.asked("Sanne de Jong")
    late = hospital.sign_in(first, PHONE)
    late.goto(f"{hospital.address}/peersupport/requests/{request_id}")
    hospital.work(utc_now() + timedelta(hours=25))
    late.locator("form[action$='/accept'] button").click()
    expect(late.locator("main")).to_contain_text("Hier is al voor gezorgd")
    late.faults.clear()  # type: ignore[attr-defined] # the console notes the status 409
    check(late)
    assert hospital.reach_out("Sanne de Jong")["state"] in ("asking", "queued")


def test_a_coordinator_clears_what_waits(hospital: Hospital) -> None:
    report_calamity(hospital.sign_in(NURSE), hospital.address, "Onbekende Naam", me=False)
    hospital.work()
    assert hospital.reach_out("Onbekende Naam")["waiting_for"] == "unknown_person"
    page = hospital.sign_in(COORDINATOR)
    page.goto(f"{hospital.address}/peersupport/queue")
    page.get_by_role("link", name="Onbekende Naam").click()
    check(page)
    page.locator("form[action$='/identify'] button").last.click()
    expect(page.locator("[role=alert]")).to_contain_text("Kies een afdeling uit de lijst")
    page.faults.clear()  # type: ignore[attr-defined] # the console notes the status 422
    page.fill("[name=department]", "Cardiologie")
    page.locator("form[action$='/identify'] button").last.click()
    assert hospital.reach_out("Onbekende Naam")["state"] == "queued"
    hospital.work()

    page.reload()
    asked_before = page.locator(".ps-event-now").inner_text()
    page.locator("summary", has_text="Vraag toch iemand anders").click()
    page.locator("form[action$='/ask'] button").nth(2).click()
    assert page.locator(".ps-event-now").inner_text() != asked_before
    page.locator("summary", has_text="per telefoon").click()
    page.check("[name=answer][value=accepted]")
    check(page)
    page.locator("form[action$='/answered'] button").click()
    assert hospital.reach_out("Onbekende Naam")["state"] == "accepted"
    check(page)
    page.locator("summary", has_text="Trek het aanbod in").click()
    page.locator("form[action$='/withdraw'] button").click()
    withdrawn = hospital.reach_out("Onbekende Naam")
    assert (withdrawn["state"], withdrawn["outcome"]) == ("closed", "withdrawn")


def test_an_overdue_contact_is_seen_and_handed_back(hospital: Hospital) -> None:
    report_calamity(hospital.sign_in(NURSE), hospital.address)
    hospital.work()
    page = accept(hospital, "Sanne de Jong")
    hospital.work(utc_now() + timedelta(hours=13))
    hospital.work(utc_now() + timedelta(hours=25))
    coordinator = hospital.sign_in(COORDINATOR)
    coordinator.goto(f"{hospital.address}/peersupport/queue?state=overdue")
    expect(coordinator.get_by_role("link", name="Sanne de Jong")).to_be_visible()
    check(coordinator)
    page.reload()
    page.locator("form[action$='/contacts'] button[value=not_reached]").click()
    assert hospital.reach_out("Sanne de Jong")["contacts"] == ["not_reached"]
    page.locator(".ps-three summary").last.click()
    page.check("[name=option][value=tomorrow]")
    page.locator("form[action$='/later'] button").click()
    check(page)
    page.locator("form[action$='/hand-back'] button").click()
    assert hospital.reach_out("Sanne de Jong")["state"] == "queued"
    check(page)


def test_the_same_from_an_incident_and_from_a_complaint(hospital: Hospital) -> None:
    nurse = hospital.sign_in(NURSE, PHONE)
    nurse.goto(f"{hospital.address}/incidents/new")
    nurse.fill("[name=title]", "Verwisselde spuit")
    nurse.fill("[name=occurred_at]", "2026-01-05T03:20")
    nurse.select_option("[name=ward]", "Intensive Care")
    nurse.fill("[name=what_happened]", "Onderwerp van onderzoek.")
    assert nurse.locator("[name=peersupport-me-involved]").count() == 0
    nurse.check("[name=peersupport-me]")
    submit(nurse)
    officer = hospital.sign_in("fatima.elamrani")
    officer.goto(f"{hospital.address}/complaints/new")
    officer.fill("[name=received_on]", "2026-01-05")
    officer.fill("[name=subject]", "Bejegening")
    officer.select_option("[name=department]", "Vaatchirurgie")
    officer.fill("[name=description]", "Tekst.")
    officer.locator("[data-ps-colleagues] > summary").click()
    name_colleague(officer, 0, "Willem Hoekstra")
    check(officer)
    submit(officer)
    check(officer)
    hospital.work()
    page = accept(hospital, "Sanne de Jong")
    expect(page.locator(".ps-say")).to_contain_text("Je hebt om steun gevraagd")
    page = accept(hospital, "Willem Hoekstra")
    expect(page.locator(".ps-say")).to_contain_text(
        "De klachtenfunctionaris heeft je naam doorgegeven"
    )
    check(page)


def test_without_javascript_the_step_still_takes_names(hospital: Hospital) -> None:
    context = hospital.browser.new_context(java_script_enabled=False, locale="nl")
    hospital.contexts.append(context)
    page = context.new_page()
    page.goto(f"{hospital.address}/sign-in")
    page.locator(f'button[name=username][value="{NURSE}"]').click()
    report_calamity(page, hospital.address, "Willem Hoekstra")
    expect(page.locator("h1")).to_have_text("Dank je wel. Een collega neemt contact met je op.")
    hospital.work()
    assert hospital.reach_out("Willem Hoekstra")["state"] == "asking"


def test_nobody_left_tells_the_coordinators_at_once(hospital: Hospital) -> None:
    hospital.change_supporters(state=SupporterState.PAUSED)
    report_calamity(hospital.sign_in(NURSE), hospital.address)
    hospital.work()
    assert hospital.reach_out("Sanne de Jong")["waiting_for"] == "no_supporter"
    page = hospital.sign_in(COORDINATOR)
    page.goto(f"{hospital.address}/mailroom")
    expect(page.locator("main")).to_contain_text("ellen.dijkstra@noorderhaven.example")
    assert "Sanne" not in page.inner_text("main")
    page.goto(f"{hospital.address}/peersupport/queue")
    expect(page.locator("main")).to_contain_text("Er is geen supporter meer")
    page.get_by_role("link", name="Sanne de Jong").click()
    check(page)


def test_an_unknown_department_waits_for_a_coordinator(hospital: Hospital) -> None:
    page = hospital.sign_in(NURSE)
    fill_calamity(page, hospital.address)
    page.locator("[data-ps-colleagues] > summary").click()
    name_colleague(page, 0, "Gast Arts")
    page.locator(".ps-colleague summary").first.click()
    page.fill("[name=peersupport-colleagues-0-phone]", "050 361 61 61")
    page.fill("[name=peersupport-colleagues-0-department]", "Elders")
    submit(page)
    hospital.work()
    assert hospital.reach_out("Gast Arts")["waiting_for"] == "unknown_department"
    coordinator = hospital.sign_in(COORDINATOR)
    coordinator.goto(f"{hospital.address}/peersupport/queue")
    coordinator.get_by_role("link", name="Gast Arts").click()
    check(coordinator)
    coordinator.fill("[name=department]", "Radiologie")
    coordinator.locator("form[action$='/identify'] button").last.click()
    hospital.work()
    assert hospital.reach_out("Gast Arts")["state"] == "asking"


def test_at_night_somebody_who_chose_it_is_asked_and_else_it_waits(hospital: Hospital) -> None:
    report_calamity(hospital.sign_in(NURSE), hospital.address)
    tomorrow = utc_now().astimezone(ZoneInfo("Europe/Amsterdam")) + timedelta(days=1)
    night = tomorrow.replace(hour=3, minute=0)
    hospital.change_supporters(is_asked_at_night=False)
    hospital.work(night)
    assert hospital.reach_out("Sanne de Jong")["state"] == "queued"
    page = hospital.sign_in(COORDINATOR)
    page.goto(f"{hospital.address}/peersupport/queue")
    expect(page.locator("main")).to_contain_text("Sanne de Jong")
    check(page)
    hospital.work(tomorrow.replace(hour=8, minute=0))
    assert hospital.reach_out("Sanne de Jong")["state"] == "asking"


def test_the_worker_of_the_server_asks_within_seconds(hospital: Hospital) -> None:
    """As in the demo: nobody calls the work by hand."""
    report_calamity(hospital.sign_in(NURSE), hospital.address)
    worker = EmbeddedWorker(hospital.app, runtime_of(hospital.app))
    worker.ensure_started()
    try:
        page = hospital.sign_in(COORDINATOR)
        for _ in range(40):
            page.goto(f"{hospital.address}/peersupport/queue?state=asking")
            if page.get_by_role("link", name="Sanne de Jong").count():
                break
            page.wait_for_timeout(250)
        expect(page.get_by_role("link", name="Sanne de Jong")).to_be_visible()
    finally:
        worker.stop()
