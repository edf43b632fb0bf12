"""The flyer: what the programme is, and the way to it, on a sheet to hand out (P3)."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from ..access import policy
from ..access.views import page, signed_in
from ..errors import NotAllowed
from ..i18n import current_locale, use_locale
from ..i18n import gettext as _
from ..printing import show_paper
from ..runtime import current_runtime
from .qr import qr_code, site_url

blueprint = Blueprint("flyer", __name__)

_LANGUAGES = {"nl": "Nederlands", "en": "English"}


@page(blueprint, "/flyer", allow=policy.can_print_flyers)
def flyer() -> ResponseReturnValue:
    """Show the flyer in a language of the programme, to print or as PDF."""
    settings = current_runtime().settings
    language = request.args.get("language", "") or _usual_language()
    if language not in settings.locales:
        raise NotAllowed
    address = site_url("/self")
    back = "home.home"
    if policy.is_complaints_officer(signed_in()):
        back = "refer.refer"
    with use_locale(language):
        return show_paper(
            "peersupport/flyer.html",
            filename=f"flyer-{language}",
            language=language,
            languages=[(code, _LANGUAGES[code]) for code in settings.locales],
            address=address,
            code=qr_code(address, _("QR code of the address")),
            phone=settings.support_phone,
            pdf_url=url_for(".flyer", language=language, format="pdf"),
            back_url=url_for(f"peersupport.{back}"),
        )


def _usual_language() -> str:
    locales = current_runtime().settings.locales
    return current_locale() if current_locale() in locales else locales[0]
