"""After the host's view: the calm page for a reporter, one sentence where our part failed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, flash, request, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer

from .. import i18n, signals
from ..access.locale import pick_locale
from ..i18n import gettext as _
from ..runtime import Runtime
from .receiver import Intake, running_fields, was_taken
from .step import MAX_COLLEAGUES, Step, read_step

_SALT = "peersupport-reported"
#: How long the page after the report can be changed.
LIFETIME_SECONDS = 7 * 24 * 3600


def install_hooks(app: Flask, runtime: Runtime) -> None:
    """Look at the answers of the host's views that brought something in."""

    def after_request(response: Response) -> Response:
        taken = was_taken()
        if taken is None:
            return response
        for kind, ref in taken.failures:
            signals.send(signals.intake_failed, app, kind=kind, ref=ref)
        if taken.failures:
            with i18n.use_locale(pick_locale(runtime)):
                flash(failure_sentence(runtime), "warning")
        return _after_report(runtime, taken.intakes[0], response) if taken.intakes else response

    app.after_request(after_request)


def failure_sentence(runtime: Runtime) -> str:
    """Return what the reporter reads when the report is stored but the step was not."""
    phone = runtime.settings.support_phone
    if phone is None:
        return _("Your report is stored. Your request for peer support did not get through.")
    return _(
        "Your report is stored. Your request for peer support did not get through: "
        "please call %(phone)s.",
        phone=phone,
    )


def _after_report(runtime: Runtime, intake: Intake, response: Response) -> Response:
    """Lead a reporter who asked for something to the calm page; others see no difference."""
    step = read_step(running_fields())
    if step.is_empty:
        return response
    is_page = runtime.settings.after_report == "page" and _is_own_redirect(response)
    url = _reported_url(intake, step, response.headers["Location"] if is_page else "")
    if is_page and intake.is_signed_in:
        response.headers["Location"] = url
        return response
    # the language costs a look at the user, who is expired by now: only those come here for whom
    # there is no page (B1)
    with i18n.use_locale(pick_locale(runtime)):
        if not intake.is_signed_in:
            flash(_("Thank you. Your report has been received."), "info")
        elif not is_page:
            flash(_("Peer support: thank you. What happens next: %(url)s", url=url), "info")
        if step.surplus:
            message = _("Only %(n)s colleagues could be taken in; tell us about the others.")
            flash(message % {"n": MAX_COLLEAGUES}, "warning")
    return response


def _reported_url(intake: Intake, step: Step, next_url: str) -> str:
    token = sign_reported(
        {
            "kind": intake.kind,
            "ref": intake.ref,
            "intake": intake.id,
            "next": next_url,
            "me": step.wants_support and intake.has_reporter,
            "count": len(step.rows),
            "surplus": step.surplus,
        }
    )
    return url_for("peersupport.intake.reported", token=token)


def _is_own_redirect(response: Response) -> bool:
    """Return whether a browser that shows pages is being sent on within this host."""
    if response.status_code not in (302, 303) or "Location" not in response.headers:
        return False
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return False
    target = urlsplit(response.headers["Location"])
    return target.netloc in ("", request.host)


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt=_SALT)


def sign_reported(content: dict[str, Any]) -> str:
    """Return the token of the page after a report."""
    return str(_serializer().dumps(content))


def read_reported(token: str) -> dict[str, Any] | None:
    """Return what a token says; None for one that is not ours or too old."""
    try:
        content: dict[str, Any] = _serializer().loads(token, max_age=LIFETIME_SECONDS)
    except BadSignature:
        return None
    return content
