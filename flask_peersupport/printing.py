"""Pages on the hospital's paper: letters, certificates, lists. To print, or as PDF."""

from __future__ import annotations

import base64
import mimetypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, send_file
from flask.typing import ResponseReturnValue

from .access import policy
from .access.views import page
from .errors import NotAllowed
from .runtime import current_runtime

blueprint = Blueprint("printing", __name__)

_STYLES = Path(__file__).with_name("static") / "paper.css"


@cache
def can_make_pdf() -> bool:
    """Return whether the extra `pdf` is installed."""
    return find_spec("weasyprint") is not None


def show_paper(template: str, *, filename: str, **context: Any) -> ResponseReturnValue:
    """Show a page that extends `peersupport/_paper.html`; with `?format=pdf`, as PDF.

    Args:
        template: of the page.
        filename: of the PDF, without its ending; it names nobody.
        **context: of the template.

    Raises:
        NotAllowed: a PDF is wanted where the extra is not installed: there is no such page.
    """
    is_pdf = request.args.get("format") == "pdf"
    if is_pdf and not can_make_pdf():
        raise NotAllowed
    html = render_template(
        template,
        is_pdf=is_pdf,
        can_make_pdf=can_make_pdf(),
        logo=_logo_data() if is_pdf else None,
        has_logo=has_logo(),
        **context,
    )
    if not is_pdf:
        return html
    response = make_response(_to_pdf(html))
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}.pdf"'
    return response


@page(blueprint, "/logo", allow=policy.anyone_signed_in)
def logo() -> Response:
    """Send the hospital's logo."""
    path = _logo_path()
    if path is None:
        raise NotAllowed
    return send_file(path, mimetype=_type_of(path))


def has_logo() -> bool:
    """Return whether the hospital's logo is there."""
    return _logo_path() is not None


def _logo_path() -> Path | None:
    name = current_runtime().settings.hospital_logo
    path = Path(name) if name else None
    return path if path is not None and path.is_file() else None


def _logo_data() -> str | None:
    path = _logo_path()
    if path is None:
        return None
    return f"data:{_type_of(path)};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _type_of(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _to_pdf(html: str) -> bytes:
    import weasyprint  # B6: loaded where a PDF is made, and an extra
    from weasyprint.urls import URLFetcher

    # nothing but what is in the page itself: no request is made, and no file of ours is read
    fetcher = URLFetcher(allowed_protocols={"data"})
    document = weasyprint.HTML(string=html, url_fetcher=fetcher)
    styles = weasyprint.CSS(string=_STYLES.read_text("utf-8"), url_fetcher=fetcher)
    made: bytes = document.write_pdf(stylesheets=[styles])
    return made
