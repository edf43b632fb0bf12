"""Pages on the hospital's paper: on the screen, and as PDF where the extra is installed."""

from __future__ import annotations

import io
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from jinja2 import DictLoader
from PIL import Image
from pypdf import PdfReader

from flask_peersupport import printing
from flask_peersupport.errors import NotAllowed
from tests.minimal_host import User, db

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>'
#: A host's page of two sheets, for whoever it is.
PAGE = """{% extends "peersupport/_paper.html" %}
{% block paper_title %}A paper{% endblock %}
{% block paper %}{% for name in names %}
<section class="ps-sheet">{{ letterhead() }}<p>Dear {{ name }},</p></section>
{% endfor %}{{ more|safe }}{% endblock %}"""
EVIL = '<script>alert(1)</script><img src="https://evil.example/x.png" onerror="alert(1)">'


@pytest.fixture
def make_paper_app(make_app: Callable[..., Flask]) -> Callable[..., Flask]:
    """Return a function that builds a host with such a page."""

    def build(**config: Any) -> Flask:
        app = make_app(**config)
        app.jinja_loader = DictLoader({"paper.html": PAGE})
        return app

    return build


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    """The hospital's logo: a red bar."""
    path = tmp_path / "logo.png"
    Image.new("RGB", (120, 40), "red").save(path)
    return path


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Refuse every connection, and keep where it was to go."""
    tried: list[object] = []

    def refuse(self: socket.socket, address: object) -> None:
        tried.append(address)
        raise OSError("no connection in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: refuse(None, host))  # type: ignore[arg-type]
    return tried


def show(app: Flask, *names: str, query: str = "", more: str = "") -> Response:
    """Show the page as one of the extension's own."""
    with app.test_request_context(f"/peersupport/?{query}"):
        page = printing.show_paper("paper.html", filename="paper", names=names, more=more)
        return app.make_response(page)


def text_of(pdf: Response) -> list[str]:
    """Return the text of each sheet of a PDF."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf.get_data())).pages]


def images_of(pdf: Response) -> list[int]:
    """Return how many images each sheet of a PDF has."""
    return [len(page.images) for page in PdfReader(io.BytesIO(pdf.get_data())).pages]


def test_page_offers_printing_and_pdf(make_paper_app: Callable[..., Flask]) -> None:
    page = show(make_paper_app(), "Anna").get_data(as_text=True)

    assert 'href="?format=pdf"' in page
    assert re.search(r"<button[^>]* data-ps-print hidden>", page)
    assert "Dear Anna," in page
    assert "<img" not in page
    assert not re.search(r"<style|style=|<script>|onclick", page)


def test_pdf_has_a_sheet_for_each(
    make_paper_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    app = make_paper_app(PEERSUPPORT_HOSPITAL_NAME="St. Example")
    pdf = show(app, "Anna", "Bram Ĳsbrand-Łuć", query="format=pdf")

    assert pdf.mimetype == "application/pdf"
    assert pdf.headers["Content-Disposition"] == 'attachment; filename="paper.pdf"'
    assert pdf.get_data().startswith(b"%PDF-")
    first, second = text_of(pdf)
    assert first.split() == ["St.", "Example", "Dear", "Anna,"]
    assert second.split() == ["St.", "Example", "Dear", "Bram", "Ĳsbrand-Łuć,"]
    assert [record.getMessage() for record in caplog.records if record.levelno > 20] == []


def test_letterhead_without_a_hospital_is_the_programmes(
    make_paper_app: Callable[..., Flask],
) -> None:
    app = make_paper_app(PEERSUPPORT_PROGRAMME_NAME="The BOT")

    assert text_of(show(app, "Anna", query="format=pdf"))[0].startswith("The BOT")


def test_logo_is_on_every_sheet(make_paper_app: Callable[..., Flask], logo: Path) -> None:
    app = make_paper_app(PEERSUPPORT_HOSPITAL_LOGO=str(logo))

    page = show(app, "Anna", "Bram").get_data(as_text=True)
    assert page.count('<img class="ps-logo" src="/peersupport/logo" alt="">') == 2
    assert images_of(show(app, "Anna", "Bram", query="format=pdf")) == [1, 1]


def test_logo_that_draws_is_one_too(make_paper_app: Callable[..., Flask], tmp_path: Path) -> None:
    path = tmp_path / "logo.svg"
    path.write_bytes(SVG)
    app = make_paper_app(PEERSUPPORT_HOSPITAL_LOGO=str(path))

    assert "image/svg+xml;base64," in pdf_page(app)
    assert text_of(show(app, "Anna", query="format=pdf"))[0].endswith("Dear Anna,")


def pdf_page(app: Flask) -> str:
    """Return the page of which a PDF is made."""
    made: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(printing, "_to_pdf", lambda html: made.append(html) or b"")
        show(app, "Anna", query="format=pdf")
    return made[0]


@pytest.mark.parametrize("content", [None, b"this is no image"])
def test_logo_that_is_none_spoils_nothing(
    make_paper_app: Callable[..., Flask], tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "logo.png"
    if content is not None:
        path.write_bytes(content)
    app = make_paper_app(PEERSUPPORT_HOSPITAL_LOGO=str(path))
    pdf = show(app, "Anna", query="format=pdf")

    assert text_of(pdf)[0].endswith("Dear Anna,")
    assert images_of(pdf) == [0]


def test_logo_is_sent_to_who_is_signed_in(make_app: Callable[..., Flask], logo: Path) -> None:
    app = make_app(PEERSUPPORT_HOSPITAL_LOGO=str(logo))
    with app.app_context():
        db.session.add(User(id=1, name="Anna", email="anna@hospital.example", department="W"))
        db.session.commit()
    client = app.test_client()
    assert client.get("/peersupport/logo").status_code == 302
    client.get("/login/1")

    with client.get("/peersupport/logo") as answer:
        assert (answer.mimetype, answer.data) == ("image/png", logo.read_bytes())
    logo.unlink()
    assert client.get("/peersupport/logo").status_code == 404


def test_pdf_is_made_without_any_request(
    make_paper_app: Callable[..., Flask], logo: Path, connections: list[object]
) -> None:
    """Nor is a file of the server read, whatever a host's own words ask for."""
    secret = logo.with_name("secret.png")
    Image.new("RGB", (50, 50), "blue").save(secret)
    more = f"""
      <link rel="stylesheet" href="https://evil.example/a.css">
      <style>@import url("https://evil.example/b.css"); p {{ background: url(//evil.example/c) }}
      @font-face {{ font-family: x; src: url(http://evil.example/d.woff) }} p {{ font-family: x }}
      </style>
      <img src="http://evil.example/e.png"><img src="{secret.as_uri()}"><img src="/peersupport/f">
      <a rel="attachment" href="{secret.as_uri()}">g</a>
      <svg xmlns="http://www.w3.org/2000/svg"><image href="http://evil.example/h.png"/></svg>
    """
    app = make_paper_app(PEERSUPPORT_HOSPITAL_LOGO=str(logo))
    pdf = show(app, "Anna", query="format=pdf", more=more)

    assert connections == []
    pages = PdfReader(io.BytesIO(pdf.get_data())).pages
    images = [image.image for page in pages for image in page.images]
    assert {image and image.convert("RGB").getpixel((0, 0)) for image in images} == {(255, 0, 0)}
    assert PdfReader(io.BytesIO(pdf.get_data())).attachments == {}
    assert "Dear Anna," in text_of(pdf)[0]


def test_name_is_only_text(make_paper_app: Callable[..., Flask], connections: list[object]) -> None:
    app = make_paper_app()
    page = show(app, EVIL).get_data(as_text=True)
    assert "alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "<img" not in page

    pdf = show(app, EVIL, query="format=pdf")
    assert EVIL.replace(" ", "") in "".join(text_of(pdf)[0].split())
    assert connections == []
    assert b"/JavaScript" not in pdf.get_data()


def test_without_the_extra_there_is_no_pdf(
    make_paper_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "can_make_pdf", lambda: False)
    app = make_paper_app()

    page = show(app, "Anna").get_data(as_text=True)
    assert "Dear Anna," in page
    assert "format=pdf" not in page
    with pytest.raises(NotAllowed):
        show(app, "Anna", query="format=pdf")


def test_extra_is_looked_for_and_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_for: list[str] = []
    monkeypatch.setattr(printing, "find_spec", lambda name: looked_for.append(name))
    assert not printing.can_make_pdf.__wrapped__()
    assert looked_for == ["weasyprint"]
