"""Sending through the mail extension that the host already has."""

from __future__ import annotations

import contextlib
import smtplib
from email.message import EmailMessage
from typing import Any

from flask import Flask

from .faults import ServerUnreachableError
from .mailer import end_smtp, open_smtp, timeout_of
from .message import CALENDAR_FILE

#: Headers that both extensions write by themselves, or that are arguments of theirs.
_OWN_HEADERS = frozenset(
    ("from", "to", "subject", "date", "mime-version", "message-id", "content-type")
)


def _bodies(message: EmailMessage) -> tuple[str, str]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return (
        str(text.get_content()) if text is not None else "",
        str(html.get_content()) if html is not None else "",
    )


def _calendar(message: EmailMessage) -> tuple[str, str, bytes] | None:
    """Return the kind of the calendar part, its text, and the same as a file; None: no such part.

    Both extensions put the kind into the Content-Type as it is, so METHOD can stand in it.
    """
    part = next((p for p in message.walk() if p.get_content_type() == "text/calendar"), None)
    if part is None:
        return None
    raw = part.get_payload(decode=True)
    assert isinstance(raw, bytes)
    return f"calendar; method={part.get_param('method')}", raw.decode("utf-8"), raw


def _further_headers(message: EmailMessage) -> dict[str, str]:
    return {name: str(value) for name, value in message.items() if name.lower() not in _OWN_HEADERS}


class MailmanMailer:
    """Sends through Flask-Mailman, with whatever backend the host chose."""

    def __init__(self, app: Flask) -> None:
        self._state: Any = app.extensions["mailman"]
        self._timeout = timeout_of(app.config)
        self._backend: Any = None

    def send(self, message: EmailMessage) -> None:
        """Send one mail, over the connection of the one before where there was no fault."""
        from flask_mailman import EmailMultiAlternatives

        if self._backend is None:
            self._backend = self._opened()
        text, html = _bodies(message)
        headers = _further_headers(message) | {"Message-ID": str(message["Message-ID"])}
        letter = EmailMultiAlternatives(
            subject=str(message["Subject"]),
            body=text,
            from_email=str(message["From"]),
            to=[str(message["To"])],
            headers=headers,
            connection=self._backend,
        )
        letter.attach_alternative(html, "text/html")
        calendar = _calendar(message)
        if calendar is not None:
            kind, content, file = calendar
            letter.attach_alternative(content, f"text/{kind}")
            letter.attach(CALENDAR_FILE, file, "application/ics")
        try:
            letter.send()
        except Exception:
            self.close()  # what the connection is worth now, nobody knows
            raise

    def close(self) -> None:
        """End the connection."""
        backend, self._backend = self._backend, None
        if backend is not None:
            with contextlib.suppress(OSError):
                backend.close()

    def _opened(self) -> Any:
        backend = self._state.get_connection(timeout=self._timeout)
        try:
            backend.open()
        except OSError as error:
            reason = type(error).__name__
            raise ServerUnreachableError(f"Flask-Mailman has no connection ({reason})") from None
        return backend


class FlaskMailMailer:
    """Sends through Flask-Mail: its signal is sent, and its suppression in tests holds."""

    def __init__(self, app: Flask) -> None:
        self._state: Any = app.extensions["mail"]
        self._config = app.config
        self._connection: Any = None

    def send(self, message: EmailMessage) -> None:
        """Send one mail, over the connection of the one before where there was no fault."""
        from flask_mail import Message  # type: ignore[import-not-found, unused-ignore]

        if self._connection is None:
            self._connection = self._opened()
        text, html = _bodies(message)
        letter = Message(
            subject=str(message["Subject"]),
            recipients=[str(message["To"])],
            body=text,
            html=html,
            sender=str(message["From"]),
            extra_headers=_further_headers(message),
        )
        letter.msgId = str(message["Message-ID"])
        calendar = _calendar(message)
        if calendar is not None:
            kind, content, file = calendar
            letter.alts[kind] = content
            letter.attach(CALENDAR_FILE, "application/ics", file)
        try:
            self._connection.send(letter)
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """End the connection."""
        connection, self._connection = self._connection, None
        if connection is not None and connection.host is not None:
            end_smtp(connection.host)

    def _opened(self) -> Any:
        connection = self._state.connect()
        # Flask-Mail knows no time limit: a server that hangs would hold the worker for ever
        connection.configure_host = self._open_smtp
        return connection.__enter__()

    def _open_smtp(self) -> smtplib.SMTP:
        return open_smtp(self._config)
