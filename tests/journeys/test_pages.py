"""Every page of ours, for whoever it is meant for: in the example, and in hosts of other makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from babel.messages import pofile
from flask import Flask
from playwright.sync_api import Browser, Error, Page, Route, expect

from flask_peersupport import i18n
from tests.journeys import lived_in
from tests.journeys.conftest import DESKTOP, PHONE, Hospital, check
from tests.journeys.lived_in import (
    BY_HAND,
    COORDINATOR,
    LONG_NAME,
    NAMESAKE,
    NURSE,
    SUPPORTER,
    UNKNOWN,
)

pytestmark = pytest.mark.browser

CATALOGUE = i18n.TRANSLATIONS / "nl" / "LC_MESSAGES" / "peersupport.po"
#: Shorter texts may be part of a Dutch word, or of a name.
SHORTEST = 13
WRONG_SUPPORTERS = (
    "naam,e-mail,telefoon,afdeling,beroep,status\n"
    "Anna Voorbeeld,geen adres,12,Onbekende afdeling,tovenaar,misschien\n"
    ",b@noorderhaven.example,,Cardiologie,nurse,\n"
)
WRONG_DEPARTMENTS = "naam,onderdeel van,geldig tot\nNieuw,Bestaat niet,ooit\n,,\n"

Go = Callable[[Page], None]
Pages = Iterator[tuple[str, Go]]


@dataclass
class World:
    """The hospital, the same hospital in other clothes, and where everything in it is."""

    hospital: Hospital
    bare: str
    bootstrap: str
    app: Flask
    reported: str = ""
    reported_for_colleague: str = ""
    people: dict[tuple[str, str], Page] = field(default_factory=dict)

    def page_of(self, username: str, locale: str = "nl") -> Page:
        """Return the page on which somebody is signed in."""
        key = username, locale
        if key not in self.people:
            self.people[key] = self.hospital.sign_in(username, PHONE, locale)
        return self.people[key]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[World]:
    """The example after some weeks of use; a bare and a Bootstrap-like host on the same data."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("EXAMPLE_INSTANCE_PATH", str(tmp_path_factory.mktemp("instance")))
        app = lived_in.make_hospital()
        lived_in.fill(app)
        lived_in.add_states(app)
        bare = lived_in.dress(
            # without a check of the host's own, ours answers
            lived_in.make_hospital(PEERSUPPORT_LAYOUT=None, WTF_CSRF_CHECK_DEFAULT=False),
            "bare_form.html",
        )
        layout = "bootstrap_layout.html"
        bootstrap = lived_in.dress(
            lived_in.make_hospital(PEERSUPPORT_LAYOUT=layout), "bootstrap_form.html"
        )
        addresses = [stack.enter_context(lived_in.served(one)) for one in (app, bare, bootstrap)]
        made = World(Hospital(app, addresses[0], browser), addresses[1], addresses[2], app)
        made.reported_for_colleague = report(made, is_for_me=False)
        made.reported = report(made)
        yield made
        for context in made.hospital.contexts:
            context.close()


def report(world: World, *, is_for_me: bool = True) -> str:
    """Report something with a colleague, and return the path of the page that follows."""
    page = world.page_of(NURSE)
    page.goto(f"{world.hospital.address}/incidents/new")
    page.fill("[name=title]", "Verwisselde spuit")
    page.fill("[name=occurred_at]", "2026-01-05T03:20")
    page.select_option("[name=ward]", "Intensive Care")
    page.fill("[name=what_happened]", "Onderwerp van onderzoek.")
    if is_for_me:
        page.check("[name=peersupport-me]")
    page.locator("[data-ps-colleagues] > summary").click()
    page.fill("[name=peersupport-colleagues-0-name]", LONG_NAME)
    page.locator("main form button:not([type])").last.click()
    expect(page.locator(".ps-page")).to_be_visible()
    return page.url.removeprefix(world.hospital.address)


@cache
def english_texts() -> tuple[str, ...]:
    """Return what only an English page of ours can say, in pieces between what is filled in."""
    with CATALOGUE.open("rb") as file:
        catalogue = pofile.read_po(file, locale="nl")
    templates = [(Path(i18n.__file__).parent / "templates" / "peersupport").glob("*.html")]
    source = "".join(path.read_text() for found in templates for path in found)
    pieces = set()
    for message in catalogue:
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        for one in ids:
            if f'"{one}"' in source:
                pieces |= {
                    piece.strip()
                    for piece in re.split(r"%\(\w+\)s", one)
                    if len(piece.strip()) >= SHORTEST and not any(piece in text for text in texts)
                }
    return tuple(sorted(pieces))


def text_of(page: Page) -> str:
    """Return what a reader can see or hear on our page, folded or not."""
    return str(
        page.evaluate(
            """() => [...document.querySelectorAll('.ps')].map((box) => box.textContent + ' ' +
            [...box.querySelectorAll('[aria-label], [data-label]')].map(
              (one) => one.getAttribute('aria-label') ?? one.dataset.label).join(' ')
            ).join(' ')"""
        )
    )


def english_on(page: Page) -> list[str]:
    """Return what is English on a page of ours."""
    text = re.sub(r"\s+", " ", text_of(page))
    return [piece for piece in english_texts() if piece in text]


def look(page: Page, locale: str = "nl") -> None:
    """Look at a page on a telephone, as it is and with all of it unfolded, and on a desktop."""
    if locale == "nl":
        assert english_on(page) == [], page.url
    # the console notes the status of an answer that is meant to be one of refusal
    page.faults[:] = [  # type: ignore[attr-defined]
        fault
        for fault in page.faults  # type: ignore[attr-defined]
        if not re.search(r"the server responded with a status of 4\d\d", fault)
    ]
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, f"{page.url} is {width} pixels wider than a telephone"
    unfold(page)
    check(page)
    assert sticking_out(page) == [], page.url
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    check(page)
    assert sticking_out(page) == [], page.url


def sticking_out(page: Page) -> list[str]:
    """Return what is wider than our part of the page, even where the screen has room for it.

    The links above it are one line on a telephone, to be pushed aside within their own box.
    """
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('.ps-page, .ps-step')].flatMap((box) => {
          const edge = box.getBoundingClientRect().right + 1;
          return [...box.querySelectorAll('*')]
            .filter((one) => !one.closest('thead, .ps-hidden-text, .ps-nav-list > li'))
            .filter((one) => one.getBoundingClientRect().right > edge)
            .map((one) => one.outerHTML.slice(0, 80));
        })"""
    )
    return found


def unfold(page: Page) -> None:
    """Open everything of ours that is folded."""
    page.evaluate("document.querySelectorAll('.ps details').forEach((one) => { one.open = true })")


def walk(page: Page, pages: Pages, locale: str) -> None:
    """Look at every page; tell what is wrong on all of them."""
    wrong = []
    for name, go in pages:
        go(page)
        assert page.locator(".ps").count(), f"{name} is no page of ours: {page.url}"
        try:
            look(page, locale)
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
            page.faults.clear()  # type: ignore[attr-defined]
    assert not wrong, "\n".join(wrong)


def to(address: str) -> Go:
    """Return the way to a page."""

    def go(page: Page) -> None:
        page.goto(address)

    return go


def sending(address: str, action: str, fields: dict[str, str] | None = None) -> Go:
    """Return the way to what a form of a page answers when it is sent to `action`."""

    def go(page: Page) -> None:
        page.goto(address)
        with page.expect_navigation():
            page.evaluate(
                """([action, fields]) => {
                  const form = document.querySelector('.ps form[method=post]') ??
                    document.querySelector('form[method=post]');
                  const token = form.querySelector('[name=csrf_token]');
                  form.replaceChildren(token);
                  form.noValidate = true;
                  form.action = action;
                  for (const [name, value] of Object.entries(fields)) {
                    const input = document.createElement('input');
                    Object.assign(input, { type: 'hidden', name, value });
                    if (name === 'csrf_token') token.value = value; else form.append(input);
                  }
                  form.submit();
                }""",
                [action, fields or {}],
            )

    return go


def importing(address: str, text: str) -> Go:
    """Return the way to the faults of a file."""

    def go(page: Page) -> None:
        page.goto(address)
        content = {"name": "lijst.csv", "mimeType": "text/csv", "buffer": text.encode()}
        page.set_input_files("input[type=file]", content)  # type: ignore[arg-type]
        page.locator(".ps form[method=post] button").click()
        expect(page.locator(".ps [role=alert]")).to_be_visible()

    return go


def coordinators_pages(world: World) -> Pages:
    """Name every page of a coordinator, and the way to it."""
    at = f"{world.hospital.address}/peersupport"
    rows = lived_in.reach_outs_of(world.app)
    supporters = list(lived_in.supporters_of(world.app).values())
    yield "home", to(f"{at}/")
    yield "queue", to(f"{at}/queue")
    yield "queue, nothing", to(f"{at}/queue?state=closed&kind=disciplinary")
    states = ("queued", "asking", "accepted", "overdue", "in_contact", "follow_up", "closed")
    for name in (*states, UNKNOWN, "Ineke Overdijk", BY_HAND, NAMESAKE):
        yield f"reach-out: {name}", to(f"{at}/reach-outs/{rows[name]}")
    wrong = f"/peersupport/reach-outs/{rows[UNKNOWN]}/identify"
    yield (
        "reach-out: wrong department",
        sending(f"{at}/reach-outs/{rows[UNKNOWN]}", wrong, {"department": "Nergens"}),
    )
    yield (
        "too late",
        sending(
            f"{at}/reach-outs/{rows['asking']}",
            f"/peersupport/reach-outs/{rows['closed']}/withdraw",
        ),
    )
    yield "supporters", to(f"{at}/supporters")
    yield "load and care", to(f"{at}/supporters/load")
    yield "coverage", to(f"{at}/supporters/coverage")
    yield "directory", to(f"{at}/directory")
    yield "supporters, none", to(f"{at}/supporters?state=retired")
    yield "supporter, on pause", to(f"{at}/supporters/{supporters[0]}")
    yield "supporter", to(f"{at}/supporters/{supporters[-1]}")
    yield (
        "supporter, wrong",
        sending(
            f"{at}/supporters/{supporters[-1]}",
            f"/peersupport/supporters/{supporters[-1]}",
            {"name": "", "phone": "x", "department": "Nergens", "max_open": "99"},
        ),
    )
    yield "add a supporter", to(f"{at}/supporters/add")
    yield (
        "add a supporter, wrong",
        sending(
            f"{at}/supporters/add", "/peersupport/supporters/add", {"email": "x", "phone": "x"}
        ),
    )
    yield "import supporters", to(f"{at}/supporters/import")
    yield "import supporters, wrong", importing(f"{at}/supporters/import", WRONG_SUPPORTERS)
    yield "departments", to(f"{at}/departments")
    yield "departments, none", to(f"{at}/departments?search=zzz")
    yield "add a department", to(f"{at}/departments/add")
    yield (
        "add a department, wrong",
        sending(
            f"{at}/departments/add",
            "/peersupport/departments/add",
            {"name": "Cardiologie", "aliases": "IC"},
        ),
    )
    with world.app.test_request_context():
        from flask_peersupport.access.models import Department
        from flask_peersupport.runtime import current_runtime

        session = current_runtime().storage.session()
        wards = {row.name: row.id for row in session.query(Department)}
    yield "department", to(f"{at}/departments/{wards['Intensive Care']}")
    yield "import departments", to(f"{at}/departments/import")
    yield "import departments, wrong", importing(f"{at}/departments/import", WRONG_DEPARTMENTS)
    yield "messages", to(f"{at}/messages")
    yield "messages, dead", to(f"{at}/messages?state=dead")
    yield "messages, none", to(f"{at}/messages?state=dropped")
    yield "not found", to(f"{at}/nothing")


def supporters_pages(world: World) -> Pages:
    """Name every page of a supporter who is asked, and the way to it."""
    at = f"{world.hospital.address}/peersupport"
    own = lived_in.requests_of(world.app, SUPPORTER)
    asked = f"{at}/requests/{own['asked']}"
    yield "home", to(f"{at}/")
    yield "requests", to(f"{at}/requests")
    yield "request", to(asked)
    yield "request, no reason", sending(asked, f"/peersupport/requests/{own['asked']}/decline")
    yield "request, taken", to(f"{at}/requests/{own['accepted']}")
    yield "me", to(f"{at}/supporters/me")
    yield "my load", to(f"{at}/supporters/me/load")
    yield (
        "my load, wrong",
        sending(
            f"{at}/supporters/me/load",
            "/peersupport/supporters/me/informal",
            {"kind": "x", "happened_on": "2999-01-01"},
        ),
    )
    yield "directory", to(f"{at}/directory")
    yield (
        "me, wrong",
        sending(
            f"{at}/supporters/me",
            "/peersupport/supporters/me/availability",
            {"max_open": "99", "max_per_quarter": "-3"},
        ),
    )
    yield "not found", to(f"{at}/queue")


def test_english_texts_are_found() -> None:
    texts = english_texts()
    assert "Only the peer-support team sees this." in " ".join(texts)
    assert len(texts) > 100


@pytest.mark.parametrize("locale", ["nl", "en"])
def test_the_pages_of_a_coordinator(world: World, locale: str) -> None:
    walk(world.page_of(COORDINATOR, locale), coordinators_pages(world), locale)


@pytest.mark.parametrize("locale", ["nl", "en"])
def test_the_pages_of_a_supporter(world: World, locale: str) -> None:
    walk(world.page_of(SUPPORTER, locale), supporters_pages(world), locale)


@pytest.mark.parametrize("locale", ["nl", "en"])
def test_the_call_card_in_each_state(world: World, locale: str) -> None:
    for reach_out_id, username in lived_in.holders_of(world.app).values():
        page = world.page_of(username, locale)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        page.goto(f"{world.hospital.address}/peersupport/reach-outs/{reach_out_id}")
        three = page.locator(".ps-three").bounding_box()
        assert three is not None
        assert three["y"] + three["height"] <= PHONE["height"], "the three buttons on one screen"
        assert bool(english_on(page)) is (locale == "en")
        look(page, locale)


@pytest.mark.parametrize("locale", ["nl", "en"])
def test_a_request_that_was_taken_back(world: World, locale: str) -> None:
    request_id, username = lived_in.withdrawn_request(world.app)
    page = world.page_of(username, locale)
    page.goto(f"{world.hospital.address}/peersupport/requests/{request_id}")
    expect(page.locator("h1")).to_have_text({"nl": "Dank je wel", "en": "Thank you"}[locale])
    look(page, locale)


@pytest.mark.parametrize("locale", ["nl", "en"])
def test_the_pages_of_a_reporter(world: World, locale: str) -> None:
    address = world.hospital.address

    def pages() -> Pages:
        yield "home", to(f"{address}/peersupport/")
        yield "step", to(f"{address}/calamities/new")
        yield "reported", to(address + world.reported)
        yield "reported, for a colleague", to(address + world.reported_for_colleague)
        yield "reported, saved", to(f"{address}{world.reported}?saved=1")

    walk(world.page_of(NURSE, locale), pages(), locale)


@pytest.mark.parametrize("leave", ["Escape", "Tab"])
def test_a_late_answer_opens_no_suggestions(world: World, leave: str) -> None:
    page = world.page_of(NURSE)
    page.goto(f"{world.hospital.address}/calamities/new")
    page.locator("[data-ps-colleagues] > summary").click()
    name = page.locator("[name=peersupport-colleagues-0-name]")
    held: list[Route] = []
    page.route("**/people?*", lambda route: held.append(route))
    with page.expect_request("**/people?*"):
        name.press_sequentially("Hoek")
    name.press(leave)
    page.wait_for_timeout(50)
    with suppress(Error):  # the page has given the request up
        held[0].fulfill(json=[{"label": "Willem Hoekstra", "name": "Willem Hoekstra"}])
    page.unroute("**/people?*")
    page.wait_for_timeout(200)
    assert page.locator(".ps-combo-option").count() == 0
    assert name.get_attribute("aria-expanded") == "false"
    name.press("End")
    name.press("s")
    name.press("Backspace")
    expect(page.locator(".ps-combo-option").first).to_be_visible()
    page.faults.clear()  # type: ignore[attr-defined]


def important_pages(world: World, address: str, query: str = "") -> Iterator[tuple[Page, str]]:
    """Name the pages that matter most in a host of another make, and who opens them."""
    rows = lived_in.reach_outs_of(world.app)
    card, holder = lived_in.holders_of(world.app)["in_contact"]
    own = lived_in.requests_of(world.app, SUPPORTER)
    prefix = f"{address}/peersupport"
    yield world.page_of(NURSE), f"{address}/host-form{query}"
    yield world.page_of(NURSE), f"{address}{world.reported}{query}"
    yield world.page_of(SUPPORTER), f"{prefix}/requests/{own['asked']}{query}"
    yield world.page_of(holder), f"{prefix}/reach-outs/{card}{query}"
    for path in ("queue", f"reach-outs/{rows[UNKNOWN]}", "supporters"):
        yield world.page_of(COORDINATOR), f"{prefix}/{path}{query}"


def test_a_bare_host_in_the_light_and_in_the_dark(world: World) -> None:
    for page, address in important_pages(world, world.bare):
        page.goto(address)
        look(page)
        page.emulate_media(color_scheme="dark")
        look(page)
        page.emulate_media(color_scheme="light")
    page = world.page_of(COORDINATOR)
    add = "/peersupport/supporters/add"
    sending(f"{world.bare}{add}", add, {"csrf_token": ""})(page)
    expect(page.locator("h1")).to_have_text("Deze pagina stond te lang open")
    look(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_bootstrap_host(world: World, theme: str) -> None:
    for page, address in important_pages(world, world.bootstrap, f"?theme={theme}"):
        page.goto(address)
        look(page)
