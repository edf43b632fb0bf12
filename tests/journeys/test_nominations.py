"""From the question to the invitation: a nomination round in a browser."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from example_app.extensions import db
from flask_peersupport.nominations.models import NominationRound
from tests.journeys.conftest import PHONE, Hospital, check
from tests.journeys.lived_in import COORDINATOR, NURSE

VOTERS = ("marieke.postma", "willem.hoekstra", "joris.bakker", "karin.veenstra")


def press(page: Page, text: str) -> None:
    """Press a button that leads to another page, and wait for that page."""
    with page.expect_navigation():
        page.locator("button:visible", has_text=text).click()


def test_from_the_question_to_the_invitation(hospital: Hospital) -> None:
    at = f"{hospital.address}/peersupport"
    coordinator = hospital.sign_in(COORDINATOR)
    coordinator.goto(f"{at}/nominations")
    check(coordinator)
    coordinator.locator("a", has_text="Ronde openen").click()
    check(coordinator)
    press(coordinator, "Ronde openen")
    check(coordinator)
    address = coordinator.url

    nurse = hospital.sign_in(NURSE, PHONE)
    nurse.goto(f"{at}/")
    with nurse.expect_navigation():
        nurse.locator(".ps-tile-title a", has_text="Wie vertrouw jij?").click()
    check(nurse)
    asked: list[str] = []
    nurse.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    nurse.locator("[name=peersupport-colleagues-0-name]").press_sequentially("Thomas")
    nurse.locator(".ps-combo-option").first.click()
    trusted = nurse.locator("[name=peersupport-colleagues-0-name]").input_value()
    nurse.locator("button:visible", has_text="Voeg een collega toe").click()
    nurse.locator("[name=peersupport-colleagues-1-name]").fill("Truus van Buiten")
    check(nurse)
    press(nurse, "Mijn antwoord geven")
    check(nurse)
    assert "Dank je voor je antwoord" in nurse.inner_text("h1")
    assert set(asked) & {f"POST {at}/people"}
    assert not re.search("thomas|truus", " ".join(asked), re.IGNORECASE)
    nurse.goto(f"{at}/")
    assert nurse.locator("text=Wie vertrouw jij?").count() == 0

    for number, username in enumerate(VOTERS):
        voter = hospital.sign_in(username, locale="en" if number else "nl")
        voter.goto(f"{address}/vote")
        check(voter)
        voter.locator("[name=peersupport-colleagues-0-name]").fill(trusted)
        with voter.expect_navigation():
            voter.locator("form .ps-button-big").click()
        assert voter.url == f"{address}/vote"

    coordinator.goto(address)
    coordinator.locator("summary", has_text="Nu sluiten").click()
    check(coordinator)
    press(coordinator, "Sluiten en tellen")
    check(coordinator)
    text = " ".join(coordinator.inner_text("body").split())
    assert f"{trusted} 5 keer" in text
    assert "Truus van Buiten genoemd" in text
    coordinator.set_viewport_size(PHONE)  # type: ignore[arg-type]
    check(coordinator)
    line = coordinator.locator(".ps-proposal", has_text=trusted)
    with coordinator.expect_navigation():
        line.locator("button").click()
    assert "uitgenodigd" in coordinator.locator(".ps-proposal", has_text=trusted).inner_text()
    coordinator.goto(f"{address}/letter")
    check(coordinator)
    assert "naar wie zou je in vertrouwen toe gaan" in coordinator.inner_text("main")
    with hospital.app.app_context():
        assert db.session.scalars(db.select(NominationRound.voter_count)).all() == [5]
