"""A worker process that kills itself at a given point of the delivery."""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

from flask_peersupport.outbox import claims, delivery
from flask_peersupport.outbox.mailer import SmtpMailer
from flask_peersupport.runtime import current_runtime
from tests.outbox.conftest import NOW
from tests.outbox.host import create_host, forget_slices_above


def die(*args: Any, **kwargs: Any) -> NoReturn:
    """End as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def after(function: Any, skip: int = 0) -> Any:
    """Return `function`, followed by the end on call number `skip` + 1."""
    calls = [0]

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        calls[0] += 1
        return die() if calls[0] > skip else result

    return wrapped


def mark_first() -> None:
    """Turn this process into the mutant that marks before it sends, and is killed in between."""
    compose = delivery._compose

    def compose_and_mark(session: Any, held: Any, now: Any) -> Any:
        letter = compose(session, held, now)
        claims.mark_sent(session, held, now)
        return letter

    delivery._compose = compose_and_mark
    SmtpMailer.send = die  # type: ignore[method-assign]


def prepare(point: str) -> None:
    """Put the end where it is asked for."""
    if point == "claimed":
        claims.claim = after(claims.claim)
    elif point == "sending":
        SmtpMailer.send = die  # type: ignore[method-assign]
    elif point == "sent":
        SmtpMailer.send = after(SmtpMailer.send)  # type: ignore[method-assign]
    elif point == "third_sent":
        SmtpMailer.send = after(SmtpMailer.send, skip=2)  # type: ignore[method-assign]
    elif point == "marking":
        claims.mark_sent = die
    elif point == "marked":
        claims.mark_sent = after(claims.mark_sent)
    elif point == "marked_first":
        mark_first()


def main(database_url: str, keyring: str, port: str, point: str) -> None:
    """Deliver until nothing is due, or until the end."""
    forget_slices_above()
    prepare(point)
    app = create_host(database_url, Path(keyring), MAIL_PORT=int(port), MAIL_TIMEOUT=5)
    with app.app_context():
        storage = current_runtime().storage
        while delivery.deliver_due(storage, NOW, 10, lease=timedelta(seconds=60)):
            pass


if __name__ == "__main__":
    main(*sys.argv[1:])
