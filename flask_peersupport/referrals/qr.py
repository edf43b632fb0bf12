"""Addresses on paper: written out, and as a QR code."""

from __future__ import annotations

from flask import request
from markupsafe import Markup

from ..runtime import current_runtime


def site_url(path: str) -> str:
    """Return the whole address of one of our pages, as it is seen from outside.

    Args:
        path: below the prefix, e.g. "/self".
    """
    settings = current_runtime().settings
    base = settings.base_url or request.url_root.rstrip("/")
    return f"{base}{settings.url_prefix}{path}"


def qr_code(address: str, title: str) -> Markup:
    """Return the QR code of an address as a drawing in the page, without style or script.

    Args:
        address: the code says this, and nothing else.
        title: what it is, for those who do not see it.
    """
    import segno  # B6: loaded where a code is drawn

    drawing = segno.make(address, error="m", micro=False).svg_inline(
        svgclass=None, lineclass=None, omitsize=True, border=4, dark="#000", light="#fff"
    )
    drawn = '<div class="ps-qr" role="img" aria-label="{}">{}</div>'
    return Markup(drawn).format(title, Markup(drawing))  # noqa: S704 - numbers of segno's alone
