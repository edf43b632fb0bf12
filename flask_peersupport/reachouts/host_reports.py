"""Whether the host has a report still, as its adapter says."""

from __future__ import annotations

import logging

from ..runtime import current_runtime

_logger = logging.getLogger(__name__)


def exists_in_host(kind: str, ref: str) -> bool | None:
    """Return whether the host has a report with this number; None: it cannot tell, or fails to."""
    runtime = current_runtime()
    try:
        # a query of the host's that fails would spoil, on PostgreSQL, what comes next
        with runtime.storage.session.begin_nested():
            return runtime.reports.exists(kind, ref)
    except Exception as error:  # what is done here is worth more than knowing
        _logger.error("whether a report exists cannot be told: %s", type(error).__name__)
        return None
