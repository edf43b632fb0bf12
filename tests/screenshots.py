"""Make the pictures of docs/screenshots.md from the example: `python -m tests.screenshots`."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import Page, sync_playwright

from example_app import doors, network
from example_app.extensions import db
from example_app.stage import zone
from flask_peersupport.clock import utc_now
from flask_peersupport.jobs import run_due
from flask_peersupport.nominations.models import NominationRound
from flask_peersupport.outbox.mailer import EXTENSION
from flask_peersupport.runtime import current_runtime
from flask_peersupport.sessions.models import ProgrammeSession
from flask_peersupport.sessions.states import SessionKind
from flask_peersupport.supporters.models import Supporter
from tests.journeys import lived_in
from tests.journeys.conftest import PHONE, Hospital
from tests.journeys.lived_in import COORDINATOR, NURSE, SUPPORTER

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
#: Refers staff in complaints.
OFFICER = "fatima.elamrani"
DESKTOP = {"width": 1100, "height": 860}


def main() -> None:
    """Play the demo, open the pages and keep what they look like."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as instance:
        os.environ["EXAMPLE_INSTANCE_PATH"] = instance
        app = lived_in.make_hospital()
        lived_in.fill(app)
        with app.app_context():
            network.play_network(app)
            doors.fill_doors(app)
            db.session.remove()
        with sync_playwright() as playwright, lived_in.served(app) as address:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--lang=nl"],
                env={**os.environ, "LANGUAGE": "nl"},
            )
            hospital = Hospital(app, address, browser)
            draw_report(hospital)
            draw_supporter(hospital)
            draw_coordinator(hospital)
            draw_network(hospital)
            draw_doors(hospital)
            draw_english(hospital)
            browser.close()
    total = sum(path.stat().st_size for path in FOLDER.glob("*.png"))
    print(f"{len(list(FOLDER.glob('*.png')))} pictures, {total // 1024} kB")


def keep(page: Page, name: str) -> None:
    """Keep what the screen shows."""
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=FOLDER / f"{name}.png")


def scroll_to(page: Page, selector: str) -> None:
    """Bring something to the top of the screen."""
    page.evaluate(
        """(selector) => {
          const top = document.querySelector(selector).getBoundingClientRect().top;
          window.scrollTo({ top: top + window.scrollY - 16, behavior: 'instant' });
        }""",
        selector,
    )


def draw_report(hospital: Hospital) -> None:
    """Report a calamity with a colleague; one mail about it is refused, for the messages."""
    page = hospital.sign_in(NURSE, PHONE)
    page.goto(f"{hospital.address}/calamities/new")
    page.fill("[name=title]", "Onverwacht overlijden na ingreep")
    earlier = utc_now() - timedelta(hours=6)
    page.fill("[name=occurred_at]", f"{earlier.astimezone(zone()):%Y-%m-%dT%H:%M}")
    page.select_option("[name=ward]", "Intensive Care")
    page.fill("[name=what_happened]", "Volgt in het gesprek.")
    page.check("[name=peersupport-me]")
    page.locator("[data-ps-colleagues] > summary").click()
    page.locator("[name=peersupport-colleagues-0-name]").press_sequentially("Willem Hoek")
    page.locator(".ps-combo-option").first.click()
    scroll_to(page, ".ps-step")
    keep(page, "report")
    page.locator("main form button:not([type])").last.click()
    page.locator(".ps-page").wait_for()
    keep(page, "reported")
    mailer = hospital.app.extensions[EXTENSION]
    hospital.app.extensions[EXTENSION] = lived_in.RefusingMailer()
    with hospital.app.app_context():
        run_due(current_runtime(), utc_now())
        db.session.remove()
    hospital.app.extensions[EXTENSION] = mailer


def draw_supporter(hospital: Hospital) -> None:
    """Show what a supporter has on a telephone."""
    own = lived_in.requests_of(hospital.app, SUPPORTER)
    page = hospital.sign_in(SUPPORTER, PHONE)
    page.goto(f"{hospital.address}/peersupport/requests/{own['asked']}")
    keep(page, "request")
    reach_out_id, holder = lived_in.holders_of(hospital.app)["accepted"]
    page = hospital.sign_in(holder, PHONE)
    page.goto(f"{hospital.address}/peersupport/reach-outs/{reach_out_id}")
    keep(page, "call-card")


def draw_coordinator(hospital: Hospital) -> None:
    """Show what a coordinator has on a desk, and the queue on a telephone."""
    at = f"{hospital.address}/peersupport"
    rows = lived_in.reach_outs_of(hospital.app)
    page = hospital.sign_in(COORDINATOR, DESKTOP)
    for name in ("queue", "supporters", "departments", "messages"):
        page.goto(f"{at}/{name}")
        keep(page, name)
    page.goto(f"{at}/reach-outs/{rows['asking']}")
    page.locator(".ps-timeline summary").last.click()
    keep(page, "reach-out")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(f"{at}/queue")
    keep(page, "queue-phone")


def draw_network(hospital: Hospital) -> None:
    """Show how supporters are found, trained, thanked and cared for."""
    at = f"{hospital.address}/peersupport"
    with hospital.app.app_context():
        rounds = db.session.scalars(
            sa.select(NominationRound.id).order_by(NominationRound.opened_at)
        ).all()
        training = db.session.scalars(
            sa.select(ProgrammeSession.id)
            .where(ProgrammeSession.kind == SessionKind.TRAINING)
            .order_by(ProgrammeSession.starts_at)
        ).first()
        letter_on = db.session.scalar(sa.select(sa.func.max(Supporter.appointed_on)))
        db.session.remove()
    page = hospital.sign_in(NURSE, PHONE)
    page.goto(f"{at}/nominations/{rounds[-1]}")
    scroll_to(page, ".ps-card + .ps-form, form.ps-form")
    keep(page, "vote")
    page = hospital.sign_in(SUPPORTER, PHONE)
    page.goto(f"{at}/supporters/me")
    keep(page, "availability")
    page = hospital.sign_in(COORDINATOR, PHONE)
    page.goto(f"{at}/sessions/{training}/attendance")
    keep(page, "attendance")
    page = hospital.sign_in(COORDINATOR, DESKTOP)
    pictures = {
        "nominations": f"nominations/{rounds[0]}",
        "coverage": "supporters/coverage",
        "sessions": "sessions",
        "session": f"sessions/{training}",
        "letter": f"supporters/letters/{letter_on}",
    }
    for name, path in pictures.items():
        page.goto(f"{at}/{path}")
        keep(page, name)


def draw_doors(hospital: Hospital) -> None:
    """Show the other doors, and what somebody reads about themself."""
    at = f"{hospital.address}/peersupport"
    page = hospital.sign_in(NURSE, PHONE)
    for name in ("self", "mine", "concern", "resources", "first-hours"):
        page.goto(f"{at}/{name}")
        keep(page, name)
    page = hospital.sign_in(OFFICER, DESKTOP)
    for name in ("refer", "flyer"):
        page.goto(f"{at}/{name}")
        keep(page, name)


def draw_english(hospital: Hospital) -> None:
    """Show two of the pages in English."""
    reach_out_id, holder = lived_in.holders_of(hospital.app)["accepted"]
    page = hospital.sign_in(holder, PHONE, "en")
    page.goto(f"{hospital.address}/peersupport/reach-outs/{reach_out_id}")
    keep(page, "call-card-english")
    page = hospital.sign_in(COORDINATOR, DESKTOP, "en")
    page.goto(f"{hospital.address}/peersupport/queue")
    keep(page, "queue-english")


if __name__ == "__main__":
    main()
