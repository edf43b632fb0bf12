"""A worker process that does what is due at an instant, and kills itself at a given point."""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from flask_peersupport import jobs
from flask_peersupport.outbox.mailer import SmtpMailer
from flask_peersupport.reachouts.analysis_telling import due_meetings, tell_involved
from flask_peersupport.runtime import current_runtime
from tests import minimal_host

#: Of the mail that all involved get.
SUBJECT = "Hoe gaat het met je?"


def after(function: Any) -> Any:
    """Return `function`, followed by the end, as in a power cut; of mails, by the first of ours."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        letter = args[-1]
        if not hasattr(letter, "get_content") or letter["Subject"] == SUBJECT:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapped


def prepare(point: str) -> None:
    """Put the end where it is asked for."""
    if point == "told":  # the mails are queued, and nothing is committed
        ends = jobs._one_by_one(due_meetings, after(tell_involved))
        jobs.JOBS = tuple(
            (name, ends if name == "tell_analysis" else job) for name, job in jobs.JOBS
        )
    elif point == "sent":  # the first has left, and is not marked
        SmtpMailer.send = after(SmtpMailer.send)  # type: ignore[method-assign]


def main(database_url: str, keyring: str, instance: str, port: str, now: str, point: str) -> None:
    """Do what is due, or end at `point`."""
    prepare(point)
    config = {
        "INSTANCE_PATH": instance,
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": int(port),
        "MAIL_TIMEOUT": 5,
        "PEERSUPPORT_KEYRING": str(Path(keyring)),
        "PEERSUPPORT_WORKER": "separate",
        "PEERSUPPORT_BASE_URL": "https://reports.hospital.example",
        "PEERSUPPORT_MAIL_FROM": "peersupport@hospital.example",
    }
    app = minimal_host.create_host(database_url, config)
    minimal_host.add_peersupport(app)
    with app.app_context():
        jobs.run_due(current_runtime(), datetime.fromisoformat(now))


if __name__ == "__main__":
    main(*sys.argv[1:])
