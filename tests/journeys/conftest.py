"""The example hospital in a browser: sign in as anybody, and look at every page with axe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page

from example_app import create_app, peersupport_demo
from example_app.extensions import db
from example_app.models import User
from example_app.seed import seed
from flask_peersupport.clock import utc_now
from flask_peersupport.jobs import run_due
from flask_peersupport.reachouts.models import ReachOut, SupportRequest
from flask_peersupport.runtime import current_runtime
from flask_peersupport.supporters.models import Supporter

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


@dataclass
class Hospital:
    """The example application, served, with its staff and their work."""

    app: Flask
    address: str
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)

    def sign_in(self, username: str, size: dict[str, int] = DESKTOP, locale: str = "nl") -> Page:
        """Return a page on which `username` is signed in."""
        # colours that are on their way to others would be read by axe half-way
        context = self.browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            locale=locale,
            reduced_motion="reduce",
        )
        context.set_default_timeout(60_000)
        self.contexts.append(context)
        page = context.new_page()
        faults: list[str] = []
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.faults = faults  # type: ignore[attr-defined]
        page.goto(f"{self.address}/sign-in")
        listed = page.locator(f'button[name=username][value="{username}"]')
        if listed.count():
            listed.click()
        else:
            page.select_option("select[name=username]", username)
            page.locator(".login-else button").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        # signing in brings the language of that user
        if page.locator("html").get_attribute("lang") != locale:
            page.locator(f'button[name=locale][value="{locale}"]').click()
        return page

    def work(self, now: datetime | None = None) -> dict[str, int]:
        """Do the work that is due."""
        with self.app.app_context():
            return run_due(current_runtime(), now or utc_now())

    def change_supporters(self, **values: object) -> None:
        """Change every supporter's record."""
        with self.app.app_context():
            db.session.execute(db.update(Supporter).values(**values))
            db.session.commit()

    def username_of(self, name: str) -> str:
        """Return the user name of somebody on the staff."""
        with self.app.app_context():
            return db.session.scalars(db.select(User.username).where(User.name == name)).one()

    def asked(self, colleague: str) -> tuple[str, str]:
        """Return the request that is open for a colleague, and who is asked, by user name."""
        with self.app.app_context():
            for request in db.session.scalars(db.select(SupportRequest)):
                person = request.reach_out.person
                if request.state == "asked" and person and person.name == colleague:
                    return request.id, self.username_of(request.supporter.record.person.name)
        raise AssertionError(f"nobody is asked for {colleague}")

    def reach_out(self, colleague: str) -> dict[str, Any]:
        """Return where the reach-out to a colleague stands."""
        with self.app.app_context():
            for row in db.session.scalars(db.select(ReachOut)):
                if row.person is not None and row.person.name == colleague:
                    return {
                        "id": row.id,
                        "state": row.state.value,
                        "waiting_for": row.waiting_for and row.waiting_for.value,
                        "outcome": row.outcome and row.outcome.value,
                        "contacts": [contact.outcome.value for contact in row.contacts],
                    }
        raise AssertionError(f"no reach-out to {colleague}")


@pytest.fixture
def hospital(
    tmp_path: Path,
    serve: Callable[[Flask], str],
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Hospital]:
    """The example hospital on SQLite, its roster filled, nobody asked yet."""
    monkeypatch.setenv("EXAMPLE_INSTANCE_PATH", str(tmp_path / "instance"))
    app = create_app({"PEERSUPPORT_WORKER": "separate"})
    with app.app_context():
        db.create_all()
        seed(db.session)
        db.session.commit()
        peersupport_demo.prepare(app)
        db.session.remove()
    address = serve(app)
    app.config["PEERSUPPORT_BASE_URL"] = address
    served = Hospital(app, address, browser)
    yield served
    for context in served.contexts:
        context.close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


#: Texts of plots with less contrast than WCAG 1.4.3 wants, on their cell or on the page.
FAINT_TEXT_OF_PLOTS = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => {
    const [r, g, b] = rgba(colour).slice(0, 3).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (text) => {
    const box = text.getBoundingClientRect();
    const x = box.left + box.width / 2;
    const y = box.top + box.height / 2;
    for (const cell of text.closest("svg").querySelectorAll(".ps-chart-cell, .ps-chart-bar")) {
      const area = cell.getBoundingClientRect();
      if (area.left < x && x < area.right && area.top < y && y < area.bottom) {
        return getComputedStyle(cell).fill;
      }
    }
    for (let at = text.closest("figure"); at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (rgba(colour)[3]) return colour;
    }
    return "#fff";
  };
  return [...document.querySelectorAll(".ps-chart text")].filter((text) => {
    const [light, dark] = [luminance(getComputedStyle(text).fill), luminance(behind(text))]
      .sort((one, other) => other - one);
    return (light + 0.05) / (dark + 0.05) < 4.5;
  }).map((text) => text.outerHTML);
}
"""


def check(page: Page) -> None:
    """Look at a page with axe, at its width, at its console, and for what is not translated."""
    page.wait_for_load_state()
    results = Axe().run(page).response
    contrast = [one for one in results["incomplete"] if one["id"] == "color-contrast"]
    found = [
        (one["id"], node["html"][:200], node.get("failureSummary", "")[:300])
        for one in results["violations"] + contrast
        for node in one["nodes"]
        # a drawing is a picture to axe: what lies behind its text is measured below
        if not (one in contrast and node["html"].startswith("<text"))
    ]
    assert found == [], page.url
    assert page.evaluate(FAINT_TEXT_OF_PLOTS) == [], page.url
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, f"{page.url} is {width} pixels wider than the screen"
    assert page.faults == [], page.url  # type: ignore[attr-defined]
    assert re.search(r"%\(\w+\)s", page.inner_text("body")) is None, page.url
