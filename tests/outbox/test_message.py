"""Writing mails: headers, languages, links, and what they must not say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from jinja2 import StrictUndefined
from sqlalchemy import orm

from flask_peersupport.i18n import current_locale
from flask_peersupport.outbox import message
from flask_peersupport.outbox.faults import NoAddressError
from flask_peersupport.outbox.mails import (
    MAILS,
    SHIPPED,
    Audience,
    CalendarPart,
    Envelope,
    MailContext,
    mail,
)
from flask_peersupport.outbox.telling import TELLING_WORDS, telling_words_in
from flask_peersupport.runtime import current_runtime
from tests.outbox.conftest import NOW

SHIPPED_NAMES = [one.name for one in SHIPPED]
VALUES = {"deadline": NOW + timedelta(hours=4), "is_accepted": True}
#: Names, addresses and texts with which others have tried to write headers.
INJECTIONS = [
    "x@y.example\r\nBcc: all@hospital.example",
    "x@y.example\nSubject: other",
    "x@y.example, other@hospital.example",
    "<x@y.example>",
    "Sanne <x@y.example>",
    "x@y.example\x00",
    "x y@y.example",
    '"x\r\n"@y.example',
    "x@y.example\u2028Bcc: a@b",
    "x@[127.0.0.1]",
    "x@y..example",
    ".x@y.example",
    "-" * 65 + "@y.example",
    "jörg@y.example",
    "x@" + "y" * 64 + ".example",
    "@y.example",
    "x@",
    "x",
    "",
    None,
]


def build(
    name: str = "attention", context: MailContext | None = None, **changes: Any
) -> EmailMessage:
    """Write a mail and read it again as a mail program does."""
    arguments: dict[str, Any] = {
        "row_id": "0123abcd",
        "address": "sanne@hospital.example",
        "locale": "en",
        "settings": current_runtime().settings,
        "now": NOW,
    }
    made = message.build(MAILS[name], context or MailContext(values=VALUES), **arguments | changes)
    read = message_from_bytes(made.as_bytes(), policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def bodies(written: EmailMessage) -> list[str]:
    """Return the text and the HTML."""
    return [
        str(part.get_content()) for part in written.walk() if part.get_content_maintype() == "text"
    ]


@pytest.mark.parametrize("locale", ["nl", "en"])
@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_every_shipped_mail_is_complete(small_app: Flask, name: str, locale: str) -> None:
    small_app.jinja_env.undefined = StrictUndefined
    written = build(name, locale=locale)
    text, html = bodies(written)
    assert written["Subject"].startswith("Collegiale steun: ")
    assert "%(" not in written["Subject"] + text + html
    for body in (text, html):
        assert "Collegiale steun" in body
        assert "https://reports.hospital.example/peersupport/" in body
    assert f'<html lang="{locale}">' in html


def test_headers_are_those_of_an_automatic_mail(small_app: Flask) -> None:
    written = build(context=MailContext("/queue"))
    headers = {name: str(value) for name, value in written.items()}
    headers.pop("Content-Type")
    assert headers == {
        "From": "Collegiale steun <peersupport@hospital.example>",
        "To": "sanne@hospital.example",
        "Subject": "Collegiale steun: something waits for your decision",
        "Date": "Tue, 03 Mar 2026 09:00:00 +0000",
        "Message-ID": "<0123abcd@reports.hospital.example>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "en",
        "MIME-Version": "1.0",
    }


@pytest.mark.parametrize(
    ("locale", "language"),
    [("en", "en"), ("en_GB", "en"), ("nl-NL", "nl"), ("fr", "nl"), (None, "nl"), ("", "nl")],
)
def test_language_is_the_recipients_or_the_default(
    small_app: Flask, locale: str | None, language: str
) -> None:
    assert build(locale=locale)["Content-Language"] == language


def test_a_deadline_stands_in_subject_and_body_in_the_hospitals_time(small_app: Flask) -> None:
    written = build("supporter_asked")
    assert "Tuesday 3 March 14:00" in written["Subject"]
    assert ["Tuesday 3 March 14:00" in body for body in bodies(written)] == [True, True]


@pytest.mark.parametrize("address", INJECTIONS)
def test_an_address_that_is_none_gets_no_mail(small_app: Flask, address: str | None) -> None:
    with pytest.raises(NoAddressError):
        build(address=address)


@pytest.mark.parametrize(
    ("address", "on_the_wire"),
    [
        (" o'brien+x@ziekenhuis.local ", "o'brien+x@ziekenhuis.local"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@localhost", "a@localhost"),
    ],
)
def test_an_odd_address_that_is_right_passes(
    small_app: Flask, address: str, on_the_wire: str
) -> None:
    assert build(address=address)["To"] == on_the_wire


@pytest.mark.parametrize(
    "breaker", ["\r\n", "\n", "\r", "\x00", "\u2028", "\x85", "\x0b", "\ud800"]
)
def test_no_text_can_add_a_header(
    make_host: Callable[..., Flask], sqlite_url: str, breaker: str
) -> None:
    evil = f"Steun{breaker}Bcc: all@hospital.example{breaker}{breaker}<b>text</b>"
    make_host(sqlite_url, PEERSUPPORT_PROGRAMME_NAME=evil)

    @mail("echo", audience=Audience.COORDINATOR, label="echo")
    def echo(session: orm.Session, object_id: str | None) -> MailContext:
        return MailContext()

    written = build("echo", MailContext(values={"said": evil.replace("\ud800", "?")}))
    assert written["Bcc"] is None
    assert [header for header in written if header not in build("test")] == []
    assert str(written["To"]) == "sanne@hospital.example"
    assert written["From"].addresses[0].addr_spec == "peersupport@hospital.example"
    assert len(written["From"].addresses) == 1
    assert "<b>" not in bodies(written)[1]


def test_a_very_long_programme_name_is_folded(
    make_host: Callable[..., Flask], sqlite_url: str
) -> None:
    make_host(sqlite_url, PEERSUPPORT_PROGRAMME_NAME="Steun é " * 400)
    made = message.build(
        MAILS["test"],
        MailContext(),
        row_id="1",
        address="a@b.example",
        locale=None,
        settings=current_runtime().settings,
        now=NOW,
    )
    assert max(len(line) for line in made.as_bytes().split(b"\r\n")) <= 998


def test_without_a_base_address_a_mail_says_where_to_look(
    make_host: Callable[..., Flask], sqlite_url: str
) -> None:
    make_host(sqlite_url, PEERSUPPORT_BASE_URL=None)
    written = build()
    for body in bodies(written):
        assert "http" not in body
        assert "Open Collegiale steun in the reporting application." in body
    assert written["Message-ID"] == "<0123abcd@hospital.example>"


@pytest.mark.parametrize(
    ("config", "sender"),
    [
        ({"MAIL_DEFAULT_SENDER": "it@hospital.example"}, "it@hospital.example"),
        ({"MAIL_DEFAULT_SENDER": ("IT", "it@hospital.example")}, "it@hospital.example"),
        ({}, "no-reply@reports.hospital.example"),
    ],
)
def test_without_mail_from_the_hosts_sender_is_taken(
    make_host: Callable[..., Flask], sqlite_url: str, config: dict[str, Any], sender: str
) -> None:
    make_host(sqlite_url, PEERSUPPORT_MAIL_FROM=None, **config)
    assert build()["From"].addresses[0].addr_spec == sender


@pytest.mark.parametrize("locale", ["nl", "en"])
def test_mail_to_colleagues_tells_nothing(small_app: Flask, locale: str) -> None:
    @mail("neutral", audience=Audience.COLLEAGUE, label="neutral")
    def neutral(session: orm.Session, object_id: str | None) -> MailContext:
        return MailContext()

    to_colleagues = [one.name for one in MAILS.values() if one.audience is Audience.COLLEAGUE]
    assert to_colleagues == ["neutral"]
    for name in to_colleagues:
        # the address of the application is the hospital's own choice
        link = "https://reports.hospital.example/for-you"
        written = build(name, locale=locale)
        shown = [written["Subject"], written["From"].addresses[0].display_name, *bodies(written)]
        assert [telling_words_in(part.replace(link, "")) for part in shown] == [[]] * 4
        assert "Collegiale steun" not in "".join(shown)


def test_telling_words_are_found_wherever_they_begin_a_word() -> None:
    found = telling_words_in("De Klachtencommissie en het incident: INCIDENT, foutmelding.")
    assert found == ["klacht", "incident", "fout"]
    assert telling_words_in("Er is een bericht voor je.") == []
    assert len(set(TELLING_WORDS)) == len(TELLING_WORDS)


def test_a_new_mail_has_to_say_for_whom_it_is() -> None:
    with pytest.raises(ValueError, match="'brand_new'"):
        mail("brand_new")


def test_registering_a_shipped_mail_keeps_its_label() -> None:
    before = MAILS["supporter_asked"]

    @mail("supporter_asked")
    def asked(session: orm.Session, object_id: str | None) -> MailContext | None:
        return None

    after = MAILS["supporter_asked"]
    assert (after.audience, after.label) == (before.audience, before.label)
    assert after.context is asked


def test_the_calendar_part_knows_who_writes_to_whom(small_app: Flask) -> None:
    seen: list[Envelope] = []

    def calendar(envelope: Envelope) -> CalendarPart:
        seen.append(envelope)
        return CalendarPart("CANCEL", current_locale().encode())

    written = build(context=MailContext(calendar=calendar), locale="nl")
    assert seen == [
        Envelope("peersupport@hospital.example", "Collegiale steun", "sanne@hospital.example", NOW)
    ]
    (part,) = [one for one in written.walk() if one.get_content_type() == "text/calendar"]
    assert (part.get_param("method"), part.get_content().strip()) == ("CANCEL", "nl")
