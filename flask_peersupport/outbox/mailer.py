"""Who takes a mail to the server: our own SMTP, the host's mail extension, or a mailer it gave."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any, Protocol, runtime_checkable

from flask import Flask

from .faults import ServerUnreachableError

EXTENSION = "peersupport_mailer"
DEFAULT_TIMEOUT_SECONDS = 10.0


class Mailer(Protocol):
    """Takes mails to the server. One is used for a batch, by one thread."""

    def send(self, message: EmailMessage) -> None:
        """Return once the server has taken the mail; raise where it has not.

        Raises:
            ServerUnreachableError: no connection could be made; the batch is put off.
            smtplib.SMTPException: as smtplib does.
            OSError: the connection broke.
        """


@runtime_checkable
class Connected(Protocol):
    """A mailer that keeps a connection until the batch is done."""

    def close(self) -> None:
        """End the connection, without raising."""


class SmtpMailer:
    """Sends through the server of the host's MAIL_… settings; keeps one connection."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self._server: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> None:
        """Send one mail, over the connection of the one before where that still stands."""
        if self._server is not None and not _is_alive(self._server):
            self.close()
        if self._server is None:
            self._server = open_smtp(self._config)
        self._server.send_message(message)

    def close(self) -> None:
        """Say goodbye to the server, if it is still there."""
        if self._server is not None:
            end_smtp(self._server)
            self._server = None


def open_smtp(config: Mapping[str, Any]) -> smtplib.SMTP:
    """Connect to MAIL_SERVER, encrypted and signed in as the settings say.

    Raises:
        ServerUnreachableError: that did not work.
    """
    host = config.get("MAIL_SERVER") or "localhost"
    port = int(config.get("MAIL_PORT") or 25)
    timeout = timeout_of(config)
    server: smtplib.SMTP | None = None
    try:
        if config.get("MAIL_USE_SSL"):
            context = ssl.create_default_context()
            server = smtplib.SMTP_SSL(host, port, timeout=timeout, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=timeout)
            if config.get("MAIL_USE_TLS"):
                server.starttls(context=ssl.create_default_context())
        if config.get("MAIL_USERNAME"):
            server.login(config["MAIL_USERNAME"], config.get("MAIL_PASSWORD") or "")
        else:
            server.ehlo_or_helo_if_needed()
    except OSError as error:  # every error of smtplib is one
        if server is not None:
            server.close()
        reason = type(error).__name__
        raise ServerUnreachableError(f"no connection to {host}:{port} ({reason})") from None
    return server


def end_smtp(server: smtplib.SMTP) -> None:
    """Say goodbye to the server, or just hang up."""
    try:
        if server.sock is not None:
            server.quit()
    except OSError:
        server.close()


def timeout_of(config: Mapping[str, Any]) -> float:
    """Return how many seconds the server has for each answer: MAIL_TIMEOUT, or ten."""
    return float(config.get("MAIL_TIMEOUT") or DEFAULT_TIMEOUT_SECONDS)


def _is_alive(server: smtplib.SMTP) -> bool:
    """Return whether a connection can be used again: servers end them after some mails."""
    with contextlib.suppress(OSError):
        return server.noop()[0] == 250
    return False


def mailer_for(app: Flask) -> Mailer:
    """Return a mailer for one batch.

    In this order: the one in `app.extensions["peersupport_mailer"]`, Flask-Mailman, Flask-Mail,
    SMTP by the MAIL_… settings.
    """
    given: Mailer | None = app.extensions.get(EXTENSION)
    if given is not None:
        return given
    if "mailman" in app.extensions:
        from .host_mail import MailmanMailer

        return MailmanMailer(app)
    if "mail" in app.extensions:
        from .host_mail import FlaskMailMailer

        return FlaskMailMailer(app)
    return SmtpMailer(app.config)
