"""Signals that hosts receive and send.

Hosts send `report_created`, `analysis_scheduled` and `user_removed`, with the app as sender; the
rest they receive.

Sender is always the app; arguments are keywords; receivers take `**extra`. An action remembers
its signals in `session.info`; whoever commits sends them after the commit returned. They carry
ids, never names. A receiver that raises is logged and harms neither the others nor the sender.
"""

from __future__ import annotations

import logging
from typing import Any

from blinker import Namespace, Signal

_namespace = Namespace()
_logger = logging.getLogger(__name__)
_MEMORY = "peersupport_signals"

#: A report was expanded: `reach_out_id`.
reach_out_queued = _namespace.signal("reach_out_queued")
#: A supporter was asked: `request_id`, `reach_out_id`.
supporter_asked = _namespace.signal("supporter_asked")
#: A supporter said yes: `request_id`, `reach_out_id`.
supporter_accepted = _namespace.signal("supporter_accepted")
#: A supporter said no: `request_id`, `reach_out_id`.
supporter_declined = _namespace.signal("supporter_declined")
#: A contact was noted: `reach_out_id`.
reach_out_contacted = _namespace.signal("reach_out_contacted")
#: The time for the first contact has passed: `reach_out_id`.
reach_out_overdue = _namespace.signal("reach_out_overdue")
#: A reach-out ended: `reach_out_id`, `outcome`.
reach_out_closed = _namespace.signal("reach_out_closed")
#: A report was stored by the host, but its step could not be taken in: `kind`, `ref`.
intake_failed = _namespace.signal("intake_failed")


#: Sent by the host: `report` (a `Report`, or an object with a description) was made, before or
#: after the commit; `step`, optional: the data of the WTForms field.
report_created = _namespace.signal("report_created")
#: Sent by the host: the analysis meeting, hearing or ruling of the report `kind`, `ref` is `at` an
#: instant (one without a time zone is in the programme's); None: it is off. `what`, optional:
#: "analysis", "hearing" or "ruling"; default: what the kind usually has.
analysis_scheduled = _namespace.signal("analysis_scheduled")
#: Sent by the host: the user `user_id` was removed, before or after the commit.
user_removed = _namespace.signal("user_removed")


def remember(memory: dict[Any, Any], signal: Signal, **arguments: str) -> None:
    """Keep a signal in `memory` (a session's `info`) until the commit has returned."""
    memory.setdefault(_MEMORY, []).append((signal, arguments))


def forget(memory: dict[Any, Any]) -> None:
    """Drop what was remembered, after a rollback."""
    memory.pop(_MEMORY, None)


def send_remembered(memory: dict[Any, Any], sender: Any) -> None:
    """Send what was remembered, in order, and forget it."""
    for signal, arguments in memory.pop(_MEMORY, ()):
        send(signal, sender, **arguments)


def send(signal: Signal, sender: Any, **arguments: str) -> None:
    """Send `signal` to each receiver apart, so that one that raises stops no other."""
    for receiver in signal.receivers_for(sender):
        try:
            receiver(sender, **arguments)
        except Exception:
            _logger.exception("a receiver of %s failed", getattr(signal, "name", signal))
