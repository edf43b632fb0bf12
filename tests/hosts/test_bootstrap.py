"""A host in Bootstrap's clothes, light and dark, that speaks Dutch and English by Flask-Babel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from flask_peersupport.intake.models import IntakeRecord
from tests.hosts import bootstrap, journey
from tests.hosts.bootstrap import peersupport_setup
from tests.hosts.bootstrap.models import Employee, db
from tests.hosts.journey import ANNA, STAFF, Host
from tests.journeys.conftest import DESKTOP, PHONE, check

REPORT = {"title": "A fall", "story": "On the stairs."}
CATALOGUE = Path(bootstrap.__file__).parent / "translations" / "nl" / "LC_MESSAGES" / "messages.po"
STYLE = Path(bootstrap.__file__).parent / "static" / "bootstrap.css"
COORDINATOR = "bram"


@pytest.fixture(scope="module")
def translations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The host's catalogue, compiled as its author does before a release."""
    folder = tmp_path_factory.mktemp("translations")
    (folder / "nl" / "LC_MESSAGES").mkdir(parents=True)
    with CATALOGUE.open("rb") as source:
        catalogue = read_po(source, locale="nl")
    with (folder / "nl" / "LC_MESSAGES" / "messages.mo").open("wb") as target:
        write_mo(target, catalogue)
    return folder


@pytest.fixture
def make_host(
    settings: dict[str, Any],
    close_later: Callable[[Flask], Flask],
    sqlite_url: str,
    translations: Path,
) -> Callable[..., Host]:
    """Return a function that builds the host."""

    def build(url: str = sqlite_url, *, is_added: bool = True, **config: Any) -> Host:
        settings["BABEL_TRANSLATION_DIRECTORIES"] = str(translations)
        app = bootstrap.create_app({**settings, "SQLALCHEMY_DATABASE_URI": url, **config})
        if is_added:
            peersupport_setup.init_app(app)
        close_later(app)
        with app.app_context():
            db.drop_all()
            db.create_all()
            for username, person in STAFF.items():
                employee = Employee(username=username, name=person.name, email=person.email)
                employee.ward = person.department
                db.session.add(employee)
            db.session.commit()
        if app.extensions.get("peersupport"):
            journey.open_programme(app)
        return Host(app, sign_in, "/incidents/new", REPORT, done="<h1>A fall</h1>")

    return build


def sign_in(client: FlaskClient, username: str) -> None:
    assert client.post("/login", data={"username": username}).headers["Location"] == "/"


def test_the_journey(make_host: Callable[..., Host], database_url: str) -> None:
    page = journey.run_journey(make_host(database_url))
    assert page.request.path == "/incidents/1"


def test_the_journey_by_the_step_page(make_host: Callable[..., Host]) -> None:
    host = make_host()

    def report(client: FlaskClient) -> Any:
        answer = client.post("/incidents/quick", data={"title": "A fall"})
        return host.answer_page(client, answer, me=True, colleagues=[ANNA])

    journey.run_journey(host, report)


@pytest.mark.parametrize(
    ("language", "step", "own", "flashed"),
    [
        ("nl", "Betrokken collega&#39;s", ">Post van de commissie<", "Dank je wel, de m"),
        ("en", "Colleagues who were involved", ">Messages<", "Thank you, your incident"),
    ],
    ids=["nl", "en"],
)
def test_the_host_and_we_speak_one_language_each_from_its_own_catalogue(
    make_host: Callable[..., Host], language: str, step: str, own: str, flashed: str
) -> None:
    host = make_host()
    grant_coordinator(host)
    client = host.client(COORDINATOR)
    client.get(f"/language/{language}")
    form = client.get("/incidents/new").get_data(as_text=True)
    assert (step in form, own in form) == (True, True)
    calm = journey.visit(client, host.report(client, me=True)).get_data(as_text=True)
    assert (own in calm, flashed in calm) == (True, True)
    ours = {"nl": ">Berichten<", "en": ">Messages<"}[language]
    queue = client.get("/peersupport/queue").get_data(as_text=True)
    assert (own in queue, ours in queue) == (True, True)
    assert f'<div class="ps ps-page" lang="{language}">' in queue


def test_a_template_of_the_host_extends_ours(make_host: Callable[..., Host]) -> None:
    host = make_host()
    client = host.client("rosa")
    client.get("/language/en")
    calm = journey.visit(client, host.report(client, me=True)).get_data(as_text=True)
    assert calm.count("The chaplains are on the ground floor, day and night.") == 1
    assert calm.count("Thank you. You will be called.") == 2, "title and heading"
    assert '<a class="navbar-brand" href="/">' in calm


def test_without_the_extension_and_switched_off_the_host_is_the_same(
    make_host: Callable[..., Host],
) -> None:
    off = make_host(PEERSUPPORT_ENABLED=False)
    switched_off = journey.answers(off), journey.answers(off, title="")
    without = make_host(is_added=False)
    assert switched_off == (journey.answers(without), journey.answers(without, title=""))
    assert switched_off[0][1][0] == "302 FOUND"


def grant_coordinator(host: Host) -> None:
    """Make Bram a coordinator, as the administrator does."""
    with host.app.app_context():
        employee = db.session.scalars(db.select(Employee).filter_by(username=COORDINATOR)).one()
        arguments = ["peersupport", "grant", "coordinator", str(employee.id)]
    result = host.app.test_cli_runner().invoke(args=arguments)
    assert result.exit_code == 0, result.output


@dataclass
class Site:
    """The host in Chromium, in one language and one theme."""

    host: Host
    address: str
    browser: Browser
    language: str = "en"
    theme: str = "light"
    pages: list[Page] = field(default_factory=list)

    def sign_in(self, username: str) -> Page:
        """Return the page of somebody who signed in."""
        # colours that are on their way to others would be read by axe half-way
        context = self.browser.new_context(
            viewport=PHONE,  # type: ignore[arg-type]
            locale=self.language,
            reduced_motion="reduce",
        )
        context.set_default_timeout(60_000)
        context.add_cookies([{"name": "theme", "value": self.theme, "url": self.address}])
        page = context.new_page()
        faults: list[str] = []
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.faults = faults  # type: ignore[attr-defined]
        page.goto(f"{self.address}/login")
        page.locator("#username").fill(username)
        page.locator("main button").click()
        expect(page.locator("#title")).to_be_visible()
        return page


@pytest.fixture
def site(
    make_host: Callable[..., Host], serve: Callable[[Flask], str], browser: Browser
) -> Iterator[Site]:
    """The host, served."""
    host = make_host()
    grant_coordinator(host)
    yield Site(host, serve(host.app), browser)
    for context in browser.contexts:
        context.close()


def look(page: Page, name: str) -> None:
    """Look at a page on a telephone and on a desktop, folded and with all of it unfolded."""
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        check(page)
    page.evaluate("document.querySelectorAll('.ps details').forEach((one) => { one.open = true })")
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        check(page)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.reload()


@pytest.mark.browser
@pytest.mark.parametrize(("theme", "language"), [("light", "nl"), ("dark", "en")])
def test_the_journey_in_chromium(site: Site, theme: str, language: str) -> None:
    site.theme, site.language = theme, language
    page = site.sign_in("rosa")
    page.goto(f"{site.address}/incidents/new")
    look(page, "step")
    page.fill("#title", "A fall")
    page.check("#serious")
    page.check("[name=peersupport-me]")
    page.locator("[data-ps-colleagues] > summary").click()
    page.locator('[data-ps-part="name"]').press_sequentially("Anna")
    page.get_by_role("option", name="Anna Vos, Ward 2").hover()
    check(page)
    page.get_by_role("option", name="Anna Vos, Ward 2").click()
    check(page)
    page.locator("main form > .btn").click()
    expect(page.locator("main .alert-success")).to_be_visible()
    look(page, "calm page")
    page.locator(".ps-button-wide").click()
    expect(page.locator("h1")).to_have_text("A fall")

    journey.work(site.host.app)
    coordinators = site.sign_in(COORDINATOR)
    coordinators.goto(f"{site.address}/peersupport/queue")
    look(coordinators, "queue")
    coordinators.get_by_role("link", name="Anna Vos").click()
    expect(coordinators.locator("h1")).to_have_text("Anna Vos")
    look(coordinators, "reach-out")

    request_id, username = site.host.asked("Anna Vos")
    supporters = site.sign_in(username)
    supporters.goto(f"{site.address}/peersupport/requests/{request_id}")
    look(supporters, "request")
    supporters.locator('form[action$="/accept"] button').click()
    expect(supporters.locator(".ps-three")).to_be_visible()
    look(supporters, "call card")
    states = {one.name: one.state for one in journey.reach_outs(site.host.app)}
    assert states == {"Anna Vos": "accepted", "Rosa Reporter": "asking"}


@pytest.mark.browser
@pytest.mark.parametrize(("theme", "language"), [("light", "nl"), ("dark", "en")])
def test_the_step_page_in_chromium(site: Site, theme: str, language: str) -> None:
    site.theme, site.language = theme, language
    page = site.sign_in("rosa")
    page.fill("#title", "A fall")
    page.locator("main .btn").click()
    expect(page.locator("main .alert-success")).to_be_visible()
    look(page, "step page")
    page.check("[name=peersupport-me]")
    page.locator(".ps-button-main").click()
    expect(page.locator("h1")).to_have_text("A fall")
    check(page)
    page.locator(".alert-info a").click()
    expect(page.locator(".ps-h1")).to_be_visible()
    check(page)
    page.locator(".ps-button-wide").click()
    expect(page.locator("h1")).to_have_text("A fall")
    journey.work(site.host.app)
    assert journey.names(site.host.app) == ["Rosa Reporter"]


@pytest.mark.browser
@pytest.mark.parametrize("brand", ["#0d6efd", "#ffb000", "#78c2ad", "#5b1a8a"])
def test_buttons_can_be_read_on_any_colour_of_the_house(site: Site, brand: str) -> None:
    page = site.sign_in("rosa")
    page.route(
        "**/static/bootstrap.css",
        lambda route: route.fulfill(
            body=f"{STYLE.read_text()} :root {{ --bs-primary: {brand} }}", content_type="text/css"
        ),
    )
    page.fill("#title", "A fall")
    page.locator("main .btn").click()
    continue_button = page.locator(".ps-button-main")
    check(page)
    continue_button.hover()
    check(page)
    page.check("[name=peersupport-me]")
    page.locator("[data-ps-colleagues] > summary").click()
    page.locator('[data-ps-part="name"]').press_sequentially("Anna")
    expect(page.get_by_role("option", name="Anna Vos, Ward 2")).to_be_visible()
    page.keyboard.press("ArrowDown")
    check(page)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "nl",
            "Je melding is opgeslagen. Je verzoek om steun volgt iets later; "
            "wil je nu iemand spreken, bel dan 050 123 4567.",
        ),
        (
            "en",
            "Your report is stored. Your request for peer support follows a little later; "
            "if you would like to talk to somebody now, please call 050 123 4567.",
        ),
    ],
    ids=["nl", "en"],
)
def test_a_table_that_is_gone_costs_one_calm_sentence(
    site: Site, language: str, sentence: str
) -> None:
    site.language = language
    page = site.sign_in("rosa")
    page.goto(f"{site.address}/incidents/new")
    with site.host.app.app_context():
        IntakeRecord.__table__.drop(db.engine)  # type: ignore[attr-defined]
    page.fill("#title", "A fall")
    page.check("[name=peersupport-me]")
    page.locator("main form > .btn").click()
    expect(page.locator("h1")).to_have_text("A fall")
    expect(page.locator("main .alert-warning")).to_have_text(sentence)
    assert page.get_by_text("050 123 4567").count() == 1
    check(page)
