"""The board's letters: words, language, paper."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import DictLoader
from pypdf import PdfReader
from sqlalchemy import orm

from flask_peersupport import clock
from flask_peersupport.runtime import EXTENSION
from flask_peersupport.supporters.letters import letter_dates, letter_of
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from tests.supporters.candidates import create_candidate
from tests.supporters.conftest import NOW, Visitor
from tests.supporters.host import COORDINATOR, NURSE

S = SupporterState
EVIL = "<script>alert(1)</script>{{ 7*7 }}<img src=x>"


@pytest.fixture(autouse=True)
def _at_now() -> Any:
    with clock.stopped_at(NOW):
        yield


@pytest.fixture
def make_letter(
    make_host: Callable[..., Flask], sqlite_url: str
) -> Callable[..., tuple[str, Visitor, str]]:
    """Return a function that appoints somebody and opens their letter."""

    def build(person: Person = NURSE, **config: Any) -> tuple[str, Visitor, str]:
        app = make_host(sqlite_url, **config)
        with app.app_context():
            session: orm.Session = app.extensions[EXTENSION].storage.session()
            supporter = create_candidate(session, S.APPOINTED, person, trained_on=date(2026, 2, 2))
            address = f"/supporters/{supporter.id}/letter"
        visitor = Visitor(app, COORDINATOR)
        return text_of(visitor.get(address)), visitor, address

    return build


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def test_letter_speaks_the_language_of_whom_it_is_for(make_letter: Any, tmp_path: Path) -> None:
    """The coordinator reads English here, and the bar above the sheet is hers."""
    page, _visitor, _address = make_letter(
        PEERSUPPORT_HOSPITAL_NAME="Ziekenhuis Noord",
        PEERSUPPORT_LETTER_PLACE="Groningen",
        PEERSUPPORT_LETTER_SIGNATORY="prof. dr. B. Baas\nvoorzitter raad van bestuur",
    )

    assert '<html lang="en">' in page
    assert '<section class="ps-sheet" lang="nl">' in page
    assert "Groningen, 3 maart 2026" in page
    assert "Geachte Nadia Nurse," in page
    assert "peer supporter van Ziekenhuis Noord, met ingang van 3 maart 2026" in page
    assert "de training gevolgd" in page
    assert re.search(r"prof\. dr\. B\. Baas<br> ?voorzitter raad van bestuur", page)
    assert re.search(r"\b(je|jij|jouw|jou)\b", page) is None
    assert "PEERSUPPORT_HOSPITAL_LOGO" in page
    assert "PEERSUPPORT_LETTER_PLACE" not in page


def test_letter_is_english_for_who_reads_english(make_letter: Any) -> None:
    person = Person("Nadia Nurse", "nadia@hospital.example", user_id="2", locale="en_GB")
    page, _visitor, _address = make_letter(person)

    assert '<section class="ps-sheet" lang="en">' in page
    assert "Dear Nadia Nurse," in page
    assert "3 March 2026" in page


def test_letter_without_settings_is_a_letter_still(make_letter: Any) -> None:
    page, visitor, address = make_letter()

    for name in ("HOSPITAL_NAME", "HOSPITAL_LOGO", "LETTER_PLACE", "LETTER_SIGNATORY"):
        assert f"PEERSUPPORT_{name}" in page
    assert '<p class="ps-paper-date">3 maart 2026</p>' in page
    assert "None" not in page
    text = pdf_text(visitor, address)
    assert "PEERSUPPORT_" not in text
    assert "namens de raad van bestuur" in text


def pdf_text(visitor: Visitor, address: str) -> str:
    answer = visitor.get(f"{address}?format=pdf")
    assert answer.mimetype == "application/pdf"
    pages = PdfReader(io.BytesIO(answer.get_data())).pages
    return "\f".join(" ".join(page.extract_text().split()) for page in pages)


def test_letter_is_one_sheet_as_pdf(make_letter: Any) -> None:
    person = Person(
        "Annemarie-Wilhelmina van den Heuvel-Schouwenaar te Warmerdam",
        "nadia@hospital.example",
        user_id="2",
    )
    _page, visitor, address = make_letter(
        person, PEERSUPPORT_LETTER_SIGNATORY="\n".join(["B. Baas, voorzitter"] * 4)
    )
    text = pdf_text(visitor, address)

    assert "\f" not in text
    assert text.count("Heuvel-Schouwenaar") == 2
    assert "Uw aanstelling als peer supporter" in text


def test_name_is_only_text(make_letter: Any) -> None:
    page, visitor, address = make_letter(Person(EVIL, "nadia@hospital.example", user_id="2"))

    assert "<script>alert" not in page
    assert "<img" not in page
    assert "49" not in page.partition("<main")[2]
    assert EVIL.replace(" ", "") in pdf_text(visitor, address).replace(" ", "")


def test_host_overrides_a_block_of_the_words(small_app: Flask) -> None:
    small_app.jinja_loader = DictLoader(
        {
            "peersupport/letter_text.html": '{% extends "!peersupport/letter_text.html" %}'
            "{% block letter_thanks %}<p>Dank, {{ name }}!</p>{% endblock %}"
        }
    )
    with small_app.app_context():
        session: orm.Session = small_app.extensions[EXTENSION].storage.session()
        text = letter_of(create_candidate(session, S.APPOINTED)).text

    assert "<p>Dank, Nadia Nurse!</p>" in text
    assert "in vertrouwen voorgedragen" not in text
    assert "Hoogachtend" in text


def test_dates_of_letters_are_listed_the_last_first(session: orm.Session) -> None:
    for number, day in enumerate((date(2025, 1, 1), date(2026, 3, 3), date(2025, 1, 1))):
        person = Person(f"P{number}", email=f"p{number}@hospital.example")
        create_candidate(session, S.APPOINTED, person, appointed_on=day)
    create_candidate(session, S.RETIRED, appointed_on=date(2024, 1, 1))
    create_candidate(session, S.TRAINED, Person("T", email="t@hospital.example"))

    assert letter_dates(session) == [(date(2026, 3, 3), 1), (date(2025, 1, 1), 2)]
