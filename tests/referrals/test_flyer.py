"""The flyer and the sheets with links: what they say, and what their codes say to a camera."""

from __future__ import annotations

import html
import io
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser as Chromium
from pypdf import PdfReader

from tests.intake.conftest import STAFF
from tests.reachouts.conftest import Programme
from tests.referrals.passing_on import LINKS, OFFICER, case, paths_in, prepare_with_officer
from tests.sessions.hospital import Browser

SELF = "https://reports.hospital.example/peersupport/self"
A5 = (148, 210)


@pytest.fixture
def programme(make_app: Callable[..., Flask], tmp_path: Path) -> Programme:
    """The hospital, with a name and a logo."""
    logo = tmp_path / "logo.png"
    Image.new("RGB", (60, 60), "teal").save(logo)
    return prepare_with_officer(
        make_app(
            PEERSUPPORT_HOSPITAL_NAME="Hospital of the North",
            PEERSUPPORT_HOSPITAL_LOGO=str(logo),
            PEERSUPPORT_PROGRAMME_NAME="Second line",
        )
    )


def text_of(page: str) -> str:
    """Return what stands on the sheets of a page."""
    sheets = "".join(re.findall(r"<section.*?</section>", page, re.DOTALL))
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", sheets)).split())


def codes_in(picture: Image.Image) -> list[str]:
    """Return what the codes in a picture say."""
    return [found.text for found in zxingcpp.read_barcodes(picture.convert("RGB"))]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            "Hospital of the North Does something at work stay with you? An incident, a "
            "calamity, a complaint, a disciplinary case: sooner or later most of us are involved "
            "in one. Poor sleep, doubt or shame are normal then, and they pass more easily when "
            "you talk. Second line: a conversation with a trained colleague. Somebody who knows "
            "the work, never from your own department. About you, not about who was right. What "
            "you say is not recorded. Your manager and those who handle the case hear nothing. "
            f"Ask for it here. It takes a minute. {SELF} Or call 050 123 4567",
        ),
        (
            "nl",
            "Hospital of the North Laat iets op je werk je niet los? Een incident, een "
            "calamiteit, een klacht, een tuchtzaak: vroeg of laat krijgen de meesten van ons "
            "ermee te maken. Slecht slapen, twijfel of schaamte zijn dan normaal, en gaan "
            "makkelijker over als je erover praat. Second line: een gesprek met een getrainde "
            "collega. Iemand die het werk kent, nooit van je eigen afdeling. Over jou, niet over "
            "wie er gelijk had. Wat je zegt, wordt niet vastgelegd. Je leidinggevende en wie de "
            f"zaak behandelt, horen niets. Vraag het hier aan. Het kost een minuut. {SELF} "
            "Of bel 050 123 4567",
        ),
    ],
)
def test_the_flyer_says_what_the_programme_is(
    programme: Programme, language: str, words: str
) -> None:
    page = Browser(programme, OFFICER).text(f"/flyer?language={language}")
    assert text_of(page) == words
    assert f'<html lang="{language}">' in page
    assert 'src="/peersupport/logo"' in page


def test_officers_and_coordinators_have_the_flyer_in_the_languages_there_are(
    programme: Programme,
) -> None:
    statuses = {
        (user_id, query): Browser(programme, user_id).get(f"/flyer{query}").status_code
        for user_id in (OFFICER, STAFF.bram, STAFF.anna)
        for query in ("", "?language=nl", "?language=xx")
    }
    assert [status for (_user, _query), status in statuses.items()] == [
        *(200, 200, 404),
        *(200, 200, 404),
        *(404, 404, 404),
    ]


def test_nothing_on_the_sheets_is_styled_or_run_inline(programme: Programme) -> None:
    officer = Browser(programme, OFFICER)
    links = officer.post("/refer", **case(**LINKS)).get_data(as_text=True)
    for page in (officer.text("/flyer"), links):
        assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?! src=)", page) == []


def test_without_a_base_address_the_code_leads_to_where_the_page_was_asked_for(
    make_app: Callable[..., Flask],
) -> None:
    programme = prepare_with_officer(make_app(PEERSUPPORT_BASE_URL=None))
    page = Browser(programme, OFFICER).text("/flyer?language=en")
    assert "It takes a minute. https://localhost/peersupport/self Or call" in text_of(page)


@pytest.fixture
def show(programme: Programme, serve: Callable[[Flask], str], browser: Chromium) -> Any:
    """Return a page in Chromium on which the officer is signed in, and the host's address."""
    address = serve(programme.app)
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en")
    page = context.new_page()
    page.goto(f"{address}/login/{OFFICER}")
    yield page, f"{address}/peersupport"
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_camera_reads_the_code_of_the_flyer_on_the_screen(show: Any, language: str) -> None:
    page, address = show
    page.goto(f"{address}/flyer?language={language}")
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    assert codes_in(picture) == [SELF]


@pytest.mark.browser
def test_a_camera_reads_each_link_on_its_own_sheet(show: Any, tmp_path: Path) -> None:
    page, address = show
    page.goto(f"{address}/refer")
    page.locator("input[name=kind]").first.check()
    page.locator("input[name=way][value=link]").check()
    page.fill("input[name=count]", "2")
    page.get_by_role("button", name="Pass on").click()
    page.wait_for_selector(".ps-sheet")
    paths = paths_in(page.content())
    sheets = page.locator(".ps-sheet")
    read = [
        codes_in(Image.open(io.BytesIO(sheets.nth(number).screenshot()))) for number in range(2)
    ]
    assert read == [[SELF.removesuffix("/self") + path] for path in paths]
    printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    assert [size_of(sheet) for sheet in printed.pages] == [A5, A5]


def size_of(sheet: Any) -> tuple[int, int]:
    """Return the size of a sheet of a PDF, in millimetres."""
    return tuple(round(float(side) / 72 * 25.4) for side in sheet.mediabox[2:])  # type: ignore[return-value]


def draw(pdf: bytes, folder: Path) -> Image.Image:
    """Return the first sheet of a PDF as a picture."""
    source, target = folder / "flyer.pdf", folder / "flyer"
    source.write_bytes(pdf)
    if shutil.which("pdftoppm"):
        command = ["pdftoppm", "-r", "150", "-png", "-singlefile", str(source), str(target)]
    elif shutil.which("gs"):
        wanted = ["-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=png16m", "-r150"]
        command = ["gs", *wanted, f"-sOutputFile={target}.png", str(source)]
    else:
        pytest.skip("neither pdftoppm nor gs is installed")
    subprocess.run(command, check=True, timeout=60)
    return Image.open(f"{target}.png")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_camera_reads_the_code_of_the_flyer_as_pdf(
    programme: Programme, tmp_path: Path, language: str
) -> None:
    pytest.importorskip("weasyprint")
    response = Browser(programme, OFFICER).get(f"/flyer?language={language}&format=pdf")
    pdf = response.get_data()
    (sheet,) = PdfReader(io.BytesIO(pdf)).pages
    assert (size_of(sheet), len(sheet.images)) == (A5, 1)
    assert response.headers["Content-Disposition"] == (
        f'attachment; filename="flyer-{language}.pdf"'
    )
    assert codes_in(draw(pdf, tmp_path)) == [SELF]
