"""Whether the mail server can be reached, by the settings with which mail is sent."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from ..config import PREFIX
from ..outbox.faults import ServerUnreachableError
from ..outbox.mailer import EXTENSION, end_smtp, open_smtp, timeout_of
from ..outbox.telling import telling_words_in
from ..runtime import Runtime
from .findings import Finding, Findings, fault, listed, ok, warning

#: How long the server has to answer, at most: somebody is waiting for the doctor.
_PATIENCE_SECONDS = 5.0
_TRY = "flask peersupport test-mail ADDRESS tries it"


def look_at_mail(app: Flask, runtime: Runtime) -> Findings:
    """Say hello to the server that mail would be given to; nothing is sent."""
    if EXTENSION in app.extensions:
        yield ok(f"The application sends mail in its own way: {_TRY}.")
    elif "mailman" in app.extensions:
        yield _try_mailman(app)
    elif "mail" in app.extensions and app.extensions["mail"].suppress:
        yield warning(
            "Flask-Mail is told to send nothing: mail counts as sent and reaches nobody.",
            "Set MAIL_SUPPRESS_SEND to False, and TESTING too.",
        )
    else:  # also through Flask-Mail the connection is ours: it knows no time limit itself
        yield _try_smtp(app)


def look_at_senders(runtime: Runtime) -> Findings:
    """Look whether what a colleague's mail shows of its sender and link tells too much."""
    settings = runtime.settings
    shown = (
        ("BASE_URL", "the name of the host", urlsplit(settings.base_url or "").hostname or ""),
        ("MAIL_FROM", "the address", parseaddr(settings.mail_from or "")[1].partition("@")[0]),
    )
    for name, part, text in shown:
        words = telling_words_in(text)
        if words:
            yield warning(
                f"{PREFIX}{name} shows on a locked screen what mail to a colleague is about:"
                f" {part} holds {listed(words)}.",
                "Choose a neutral one, where the hospital has one.",
            )
        elif text:
            yield ok(f"{PREFIX}{name} tells nothing.")


def _try_smtp(app: Flask) -> Finding:
    config = dict(app.config) | {"MAIL_TIMEOUT": _patience(app)}
    try:
        end_smtp(open_smtp(config))
    except ServerUnreachableError as error:
        return _unreachable(str(error), app)
    return _reachable(config.get("MAIL_SERVER") or "localhost", config.get("MAIL_PORT") or 25)


def _try_mailman(app: Flask) -> Finding:
    from flask_mailman.backends.smtp import EmailBackend  # few hosts have it

    backend: Any = app.extensions["mailman"].get_connection(timeout=_patience(app))
    if not isinstance(backend, EmailBackend):
        name = type(backend).__module__
        return ok(f"Flask-Mailman sends mail through {name}: {_TRY}.")
    try:
        backend.open()
        backend.connection.ehlo_or_helo_if_needed()
    except OSError as error:  # every error of smtplib is one
        place = f"{backend.host}:{backend.port}"
        return _unreachable(f"no connection to {place} ({type(error).__name__})", app)
    finally:
        if backend.connection is not None:
            end_smtp(backend.connection)
    return _reachable(backend.host, backend.port)


def _patience(app: Flask) -> float:
    return min(timeout_of(app.config), _PATIENCE_SECONDS)


def _reachable(host: Any, port: Any) -> Finding:
    return ok(f"The mail server {host}:{port} answers.")


def _unreachable(reason: str, app: Flask) -> Finding:
    if "SMTPAuthenticationError" in reason:
        remedy = "Check MAIL_USERNAME and MAIL_PASSWORD."
    elif app.config.get("MAIL_SERVER"):
        remedy = (
            "Check MAIL_SERVER, MAIL_PORT, MAIL_USE_TLS and MAIL_USE_SSL, and that no firewall is"
            " in between."
        )
    else:
        remedy = "Set MAIL_SERVER, and MAIL_PORT where it is not 25."
    return fault(f"The mail server cannot be used: {reason}.", remedy)
