"""After the host's view: the calm page for a reporter, one sentence where our part failed."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, flash, request, url_for

from .. import i18n, signals
from ..access.locale import pick_locale
from ..clock import utc_now
from ..errors import KeyringError
from ..i18n import gettext as _
from ..runtime import Runtime, current_runtime
from ..vault import seal
from .receiver import Intake, running_fields, was_taken
from .step import MAX_COLLEAGUES, Step, read_step

_logger = logging.getLogger(__name__)
_OWNER = "reported"
#: How long the page after the report can be changed.
LIFETIME = timedelta(days=7)


def install_hooks(app: Flask, runtime: Runtime) -> None:
    """Look at the answers of the host's views that brought something in."""

    def after_request(response: Response) -> Response:
        taken = was_taken()
        if taken is None:
            return response
        # what the host did not commit, or not yet, is no report
        failures = [one for one in taken.failures if one.ending.is_committed]
        intakes = [one for one in taken.intakes if one.ending.is_committed]
        try:
            for failure in failures:
                signals.send(signals.intake_failed, app, kind=failure.kind, ref=failure.ref)
            step = read_step(running_fields()) if failures or intakes else Step()
            if step.is_empty or response.status_code >= 400:
                return response
            if failures:
                with i18n.use_locale(pick_locale(runtime)):
                    flash(failure_sentence(runtime), "warning")
            if intakes:
                return _after_report(runtime, intakes[0], step, response)
        except Exception as error:  # the host's answer stands, whatever goes wrong with ours
            _logger.error("the page after a report failed: %s", type(error).__name__)
        return response

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


def _after_report(runtime: Runtime, intake: Intake, step: Step, response: Response) -> Response:
    """Lead a reporter who asked for something to the calm page."""
    is_page = runtime.settings.after_report == "page" and _is_own_redirect(response)
    url = _reported_url(intake, step, response.headers["Location"] if is_page else "")
    if is_page and intake.visitor_id:
        response.headers["Location"] = url
        return response
    # the language costs a look at the user, who is expired by now: only those come here for whom
    # there is no page (B1)
    with i18n.use_locale(pick_locale(runtime)):
        if not intake.visitor_id:
            flash(_("Thank you. Your report has been received."), "info")
        elif not is_page:
            flash(_("Peer support: thank you. What happens next: %(url)s", url=url), "info")
        if step.surplus:
            message = _("Only %(n)s colleagues could be taken in; tell us about the others.")
            flash(message % {"n": MAX_COLLEAGUES}, "warning")
    return response


def _reported_url(intake: Intake, step: Step, next_url: str) -> str:
    token = seal_reported(
        {
            "kind": intake.kind,
            "ref": intake.ref,
            "intake": intake.id,
            "next": next_url,
            "visitor": intake.visitor_id,
            "me": step.wants_support and not intake.is_anonymous,
            "uncalled": step.wants_support and intake.is_anonymous,
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


def seal_reported(content: dict[str, Any]) -> str:
    """Return the token of the page after a report: sealed, since addresses end in logs."""
    now = utc_now()
    key = current_runtime().keys.current(now)
    text = seal.to_json(content | {"at": now.timestamp()})
    sealed = seal.seal(key, _OWNER, text)
    return f"{key.month}.{base64.urlsafe_b64encode(sealed).decode()}"


def open_reported(token: str) -> dict[str, Any] | None:
    """Return what a token says; None for one that is not ours or too old."""
    month, _dot, text = token.partition(".")
    try:
        sealed = base64.urlsafe_b64decode(text)
        found: dict[str, Any] = json.loads(
            seal.unseal(current_runtime().keys.get(month), _OWNER, sealed)
        )
    except (KeyringError, ValueError, binascii.Error):
        return None
    is_young = utc_now().timestamp() - found["at"] < LIFETIME.total_seconds()
    return found if is_young else None
