"""The ways to the mail server: our own, and the extensions of the host."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app
from flask_mailman import Mail as Mailman

from flask_peersupport.outbox import message
from flask_peersupport.outbox.faults import Fault, ServerUnreachableError, fault_of_sending
from flask_peersupport.outbox.host_mail import FlaskMailMailer, MailmanMailer
from flask_peersupport.outbox.mailer import Connected, SmtpMailer, mailer_for, timeout_of
from flask_peersupport.outbox.mails import MAILS, CalendarPart, MailContext
from flask_peersupport.runtime import current_runtime
from tests.outbox import postbox
from tests.outbox.conftest import NOW
from tests.outbox.postbox import Postbox


@pytest.fixture
def config(make_host: Callable[..., Flask], sqlite_url: str, box: Postbox) -> dict[str, Any]:
    """The configuration of a host that sends to `box`."""
    return make_host(sqlite_url, MAIL_PORT=box.port, MAIL_TIMEOUT=30).config


def letter(
    address: str = "sanne@hospital.example", context: MailContext | None = None
) -> EmailMessage:
    """Write a mail."""
    return message.build(
        MAILS["test"],
        context or MailContext(),
        row_id="0123",
        address=address,
        locale="nl",
        settings=current_runtime().settings,
        now=NOW,
    )


def test_smtp_is_what_there_is_without_anything_else(config: dict[str, Any]) -> None:
    assert isinstance(mailer_for(current_app), SmtpMailer)


def test_timeout_is_ten_seconds_unless_set() -> None:
    assert [timeout_of({}), timeout_of({"MAIL_TIMEOUT": "3"})] == [10.0, 3.0]


@pytest.mark.parametrize("extension", ["smtp", "mailman", "mail"])
def test_every_way_sends_the_same_mail(
    config: dict[str, Any], box: Postbox, extension: str
) -> None:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    if extension == "mailman":
        config["MAIL_BACKEND"] = "smtp"
        Mailman(app)
    if extension == "mail":
        flask_mail = pytest.importorskip("flask_mail")
        app.testing = False
        flask_mail.Mail(app)
    kinds = {"smtp": SmtpMailer, "mailman": MailmanMailer, "mail": FlaskMailMailer}
    mailer = mailer_for(app)
    assert isinstance(mailer, kinds[extension])
    for _ in range(3):
        mailer.send(letter())
    with pytest.raises(OSError) as raised:  # noqa: PT011
        mailer.send(letter("550-x@hospital.example"))
    assert fault_of_sending(raised.value) is Fault.REJECTED
    mailer.send(letter())
    assert isinstance(mailer, Connected)
    mailer.close()
    mailer.close()
    assert len(box.mails) == 4
    assert box.connections == (1 if extension == "smtp" else 2)
    for mail in box.mails:
        assert str(mail["From"]) == "Collegiale steun <peersupport@hospital.example>"
        assert str(mail["To"]) == "sanne@hospital.example"
        assert mail.get_all("Message-ID") == ["<0123@reports.hospital.example>"]
        assert mail.get_all("Auto-Submitted") == ["auto-generated"]
        assert str(mail["Subject"]).startswith("Collegiale steun: ")
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        assert text is not None
        assert html is not None
        assert "https://reports.hospital.example/peersupport/" in text.get_content()
        assert "<!doctype html>" in html.get_content()


@pytest.mark.parametrize("extension", ["smtp", "mailman", "mail"])
def test_every_way_says_that_the_server_is_away(config: dict[str, Any], extension: str) -> None:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    with postbox.pretending(None) as seen:
        config |= {"MAIL_PORT": seen[0], "MAIL_TIMEOUT": 0.3}
        config["MAIL_BACKEND"] = "smtp"
        if extension == "mailman":
            Mailman(app)
        if extension == "mail":
            app.testing = False
            pytest.importorskip("flask_mail").Mail(app)
        mailer = mailer_for(app)
        with pytest.raises(ServerUnreachableError):
            mailer.send(letter())
        assert isinstance(mailer, Connected)
        mailer.close()


def test_the_hosts_test_backend_is_respected(config: dict[str, Any], box: Postbox) -> None:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    config["MAIL_BACKEND"] = "locmem"
    Mailman(app)
    mailer_for(app).send(letter())
    assert len(app.extensions["mailman"].outbox) == 1
    assert box.mails == []


def test_encryption_is_checked(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(certificate, key)
    with postbox.running(tls_context=server_context) as secure:
        config |= {"MAIL_SERVER": "localhost", "MAIL_PORT": secure.port, "MAIL_USE_TLS": True}
        with pytest.raises(ServerUnreachableError, match="SSLCertVerificationError"):
            SmtpMailer(config).send(letter())
        trusting = ssl.create_default_context(cafile=certificate)
        monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
        mailer = SmtpMailer(config)
        mailer.send(letter())
        mailer.close()
        assert len(secure.mails) == 1


@pytest.mark.parametrize("extension", ["smtp", "mailman", "mail"])
def test_every_way_brings_the_calendar_part(
    config: dict[str, Any], box: Postbox, extension: str
) -> None:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    config["MAIL_BACKEND"] = "smtp"
    if extension == "mailman":
        Mailman(app)
    if extension == "mail":
        app.testing = False
        pytest.importorskip("flask_mail").Mail(app)
    content = "BEGIN:VCALENDAR\r\nX-ONE:é😀 " + "x" * 60 + "\r\n  y\r\nEND:VCALENDAR\r\n"
    part = CalendarPart("REQUEST", content.encode())
    mailer = mailer_for(app)
    mailer.send(letter(context=MailContext(calendar=lambda envelope: part)))
    assert isinstance(mailer, Connected)
    mailer.close()
    (mail,) = box.mails
    kinds = [one.get_content_type() for one in mail.walk() if not one.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/calendar", "application/ics"]
    *_, calendar, file = mail.walk()
    assert calendar.get_param("method") == "REQUEST"
    assert str(calendar.get_param("charset")).lower() == "utf-8"
    assert calendar.get_payload(decode=True) == part.content
    assert file.get_payload(decode=True) == part.content
    assert (file.get_filename(), file.get_content_disposition()) == ("invite.ics", "attachment")
    assert mail.get_all("Content-Language") == ["nl"]
    alternatives = [one for one in mail.walk() if one.get_content_subtype() == "alternative"]
    assert calendar in alternatives[0].get_payload()
    assert file not in alternatives[0].get_payload()
