"""The verifier: what was signalled in a transaction that came to nothing, though the report stands.

A host may commit its report, write something else, signal the report and roll the rest back: our
row went with the rest. Last of all at the end of the app context, when the host holds no lock any
more, it is stored by itself.
"""

from __future__ import annotations

import logging

from flask import Flask

from .. import signals
from ..runtime import Runtime
from .storing import store_alone
from .taken import Doubt, Failure, Taken, end_all_taken
from .taking import keep
from .writes import end_context

_logger = logging.getLogger(__name__)


def install_verifier(app: Flask, runtime: Runtime) -> None:
    """Run the verifier after every teardown function of the host, also those still to come.

    They run from the last registered to the first.
    """

    def verify(error: BaseException | None) -> None:
        try:
            end_context()
            for taken in end_all_taken():
                _verify(app, runtime, taken)
        except Exception as failed:  # the host's answer is on its way: nothing may stop it
            _logger.error("the verifier failed: %s", type(failed).__name__)

    app.teardown_appcontext_funcs.insert(0, verify)


def tell_of_failures(app: Flask, taken: Taken) -> list[Failure]:
    """Send `intake_failed` for what the host has committed; return what was told just now."""
    told = [one for one in taken.failures if one.ending.is_committed and not one.is_told]
    for failure in told:
        failure.is_told = True
        signals.send(signals.intake_failed, app, kind=failure.kind, ref=failure.ref)
    return told


def _verify(app: Flask, runtime: Runtime, taken: Taken) -> None:
    for doubt in taken.doubts:
        if doubt.ending.has_ended and not doubt.ending.is_committed:
            _store_if_committed(runtime, doubt)
    tell_of_failures(app, taken)


def _store_if_committed(runtime: Runtime, doubt: Doubt) -> None:
    payload = doubt.payload
    try:
        if not doubt.is_committed():
            return
    except Exception as error:
        _logger.error("a report could not be verified: %s", type(error).__name__)
        return
    try:
        if payload.is_described:
            store_alone(runtime, payload)
            return
    except Exception as error:
        _logger.error("a report could not be stored by itself: %s", type(error).__name__)
    keep(runtime, Failure(payload.report.kind, payload.report.ref, doubt.ending, payload))
