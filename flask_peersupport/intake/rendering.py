"""Drawing the step inside a host's form. It costs the host no statement."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from flask import current_app, render_template, url_for
from markupsafe import Markup

from .. import i18n
from ..access.locale import pick_locale
from ..clock import utc_now
from ..errors import KeyringError
from ..i18n import gettext as _
from ..runtime import Runtime, runtime_of
from .sessions import quiet, running_session
from .step import MAX_COLLEAGUES, ROW_FIELDS, read_step

_logger = logging.getLogger(__name__)

#: Rows for colleagues that are there without JavaScript.
EMPTY_ROWS = 3


def render_step(kind: str | None, fields: Mapping[str, str]) -> Markup:
    """Return the step, refilled with `fields`; nothing where the extension is switched off.

    Where it cannot be drawn, whatever the reason, the host's form shows the telephone number.
    """
    runtime = runtime_of(current_app)
    if runtime is None:
        return Markup("")
    try:
        with quiet(running_session(runtime)), i18n.use_locale(pick_locale(runtime)):
            context = _context(runtime, kind, fields)
            return Markup(render_template("peersupport/step.html", **context))  # noqa: S704 - our own template
    except Exception as error:  # the users adapter and the templates are the host's as well
        _logger.error("the step could not be drawn: %s", type(error).__name__)
        return _telephone_sentence(runtime)


def thanks(runtime: Runtime, url: str, *, is_uncalled: bool) -> Markup:
    """Return what is flashed to a reporter who does not see the page after a report.

    With a link to it: its address is longer than a telephone is wide. The class is Bootstrap's,
    whose coloured messages make other links hard to read. Whom nobody can call, since the report
    is anonymous, is led to where one asks for oneself (P5).
    """
    link = Markup('<a class="alert-link ps-link" href="{}">{}</a>')
    text = _("%(programme)s: thank you.", programme=runtime.settings.programme_name)
    thanked = Markup("{} {}").format(text, link.format(url, _("What happens now")))
    if not is_uncalled:
        return thanked
    link = Markup('<a class="alert-link ps-link" rel="noreferrer" href="{}">{}</a>')
    asking = link.format(
        url_for("peersupport.self_referral.self_referral"), _("Ask for support for myself")
    )
    return Markup("{} · {}").format(thanked, asking)


def _telephone_sentence(runtime: Runtime) -> Markup:
    """Return where to call; nothing where no telephone number is set."""
    settings = runtime.settings
    if settings.support_phone is None:
        return Markup("")
    with i18n.use_locale(settings.locales[0]):
        text = _(
            "Support cannot be asked for on this form just now. Your report is not affected. "
            "Would you like to talk to a trained colleague? Call %(phone)s.",
            phone=settings.support_phone,
        )
    return Markup("<p>{}</p>").format(text)


def _context(runtime: Runtime, kind: str | None, fields: Mapping[str, str]) -> dict[str, Any]:
    settings = runtime.settings
    step = read_step(fields)
    rows: list[dict[str, object]] = [
        {"index": row.index, **{field: getattr(row, field) for field in ROW_FIELDS}}
        for row in step.rows
    ]
    used = {row.index for row in step.rows}
    free = (i for i in range(MAX_COLLEAGUES) if i not in used)
    for _row, index in zip(range(EMPTY_ROWS), free, strict=False):
        rows.append({"index": index, **dict.fromkeys(ROW_FIELDS, "")})
    return {
        "kind": kind,
        "shows_me_involved": kind is None or kind in settings.kinds_with_analysis,
        "fields": fields,
        "rows": rows,
        "surplus": step.surplus,
        "max_colleagues": MAX_COLLEAGUES,
        "is_available": _is_available(runtime),
        "is_signed_in": runtime.users.current() is not None,
        "settings": settings,
        "phone": settings.support_phone,
        "people_url": url_for("peersupport.people.people"),
        "css_url": url_for("peersupport.static", filename="peersupport.css"),
        "js_url": url_for("peersupport.static", filename="step.js"),
        "ps_t": i18n.gettext,
        "ps_nt": i18n.ngettext,
        "ps_label": i18n.label,
        "ps_locale": i18n.current_locale(),
    }


def _is_available(runtime: Runtime) -> bool:
    """Return whether a step could be taken in now: without keys nothing can be sealed."""
    try:
        runtime.keys.current(utc_now())
    except KeyringError as error:
        current_app.logger.critical("peer support takes nothing in: %s", error)
        return False
    return True
