"""After the host's view: the calm page for a reporter, one sentence where our part failed."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from flask import Flask, Response, flash, request

from .. import i18n
from ..access.locale import pick_locale
from ..i18n import gettext as _
from ..runtime import Runtime
from .describing import running_fields
from .rendering import thanks
from .sessions import quiet, running_session
from .step import MAX_COLLEAGUES, Step, read_step
from .taken import Failure, Intake, was_taken
from .taking import keep
from .tokens import reported_url
from .verifier import tell_of_failures

_logger = logging.getLogger(__name__)


def install_hooks(app: Flask, runtime: Runtime) -> None:
    """Look at the answers of the host's views that brought something in."""

    def after_request(response: Response) -> Response:
        taken = was_taken()
        if taken is None:
            return response
        # what the host did not commit, or not yet, is no report
        intakes = [one for one in taken.intakes if one.ending.is_committed]
        session = running_session(runtime)
        try:
            failures = tell_of_failures(app, taken)
            step = read_step(running_fields()) if failures or intakes else Step()
            if step.is_empty or response.status_code >= 400:
                return response
            if failures:
                for failure in failures:  # on a connection of the host's own it is not yet kept
                    keep(runtime, failure)
                with quiet(session), i18n.use_locale(pick_locale(runtime)):
                    flash(failure_sentence(runtime, failures), "warning")
            if intakes:
                with quiet(session):
                    return _after_report(runtime, intakes[0], step, response)
        except Exception as error:  # the host's answer stands, whatever goes wrong with ours
            _logger.error("the page after a report failed: %s", type(error).__name__)
        return response

    app.after_request(after_request)


def failure_sentence(runtime: Runtime, failures: list[Failure]) -> str:
    """Return what the reporter reads when the report is stored but the step was not."""
    phone = runtime.settings.support_phone
    if all(failure.is_kept and not _is_speechless(failure) for failure in failures):
        if phone is None:
            return _("Your report is stored. Your request for peer support follows a little later.")
        return _(
            "Your report is stored. Your request for peer support follows a little later; "
            "if you would like to talk to somebody now, please call %(phone)s.",
            phone=phone,
        )
    if phone is None:
        return _("Your report is stored. Your request for peer support did not get through.")
    return _(
        "Your report is stored. Your request for peer support did not get through: "
        "please call %(phone)s.",
        phone=phone,
    )


def _is_speechless(failure: Failure) -> bool:
    """Return whether somebody asked for support of whom is not known who it is."""
    payload = failure.payload
    return (
        payload is not None and payload.speaker is None and read_step(payload.fields).wants_support
    )


def _after_report(runtime: Runtime, intake: Intake, step: Step, response: Response) -> Response:
    """Lead a reporter who asked for something to the calm page."""
    is_page = runtime.settings.after_report == "page" and _is_own_redirect(response)
    url = reported_url(intake, step, response.headers["Location"] if is_page else "")
    if is_page and intake.visitor_id:
        response.headers["Location"] = url
        return response
    # the language costs a look at the user, who is expired by now: only those come here for whom
    # there is no page (B1)
    with i18n.use_locale(pick_locale(runtime)):
        if not intake.visitor_id:
            flash(_("Thank you. Your report has been received."), "info")
        elif not is_page:
            is_uncalled = intake.is_anonymous and step.wants_support
            flash(thanks(runtime, url, is_uncalled=is_uncalled), "info")
        if step.surplus:
            message = _("Only %(n)s colleagues could be taken in; tell us about the others.")
            flash(message % {"n": MAX_COLLEAGUES}, "warning")
    return response


def _is_own_redirect(response: Response) -> bool:
    """Return whether a browser that shows pages is being sent on within this host."""
    if response.status_code not in (302, 303) or "Location" not in response.headers:
        return False
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return False
    target = urlsplit(response.headers["Location"])
    return target.netloc in ("", request.host)
