"""Mail servers that are not there, that hang, that refuse; and the host's own mail extensions."""

from __future__ import annotations

import flask_mail
import flask_mailman
import pytest

from flask_peersupport.doctor import Level
from tests.doctor.conftest import MakeApp, not_well, sentences
from tests.outbox.postbox import Postbox, pretending


def test_a_server_that_answers_is_greeted_and_gets_no_mail(
    well: MakeApp, mail_server: Postbox
) -> None:
    before = mail_server.connections
    app = well()
    assert f"The mail server 127.0.0.1:{mail_server.port} answers." in sentences(app)
    assert mail_server.connections == before + 1  # counted at EHLO
    assert mail_server.mails == []


def test_a_closed_port_is_a_fault(well: MakeApp, closed_port: int) -> None:
    (finding,) = not_well(well(MAIL_PORT=closed_port))
    assert finding.level is Level.FAULT
    assert finding.sentence == (
        "The mail server cannot be used: no connection to"
        f" 127.0.0.1:{closed_port} (ConnectionRefusedError)."
    )
    assert finding.remedy.startswith("Check MAIL_SERVER, MAIL_PORT, ")


def test_a_server_that_says_nothing_is_a_fault(well: MakeApp) -> None:
    with pretending(None) as (port, _connections):
        (finding,) = not_well(well(MAIL_PORT=port, MAIL_TIMEOUT=0.5))
    assert finding.level is Level.FAULT
    assert finding.sentence.endswith("(SMTPServerDisconnected).")


def test_a_server_that_refuses_everybody_is_a_fault(well: MakeApp) -> None:
    with pretending(b"554 no\r\n") as (port, _connections):
        (finding,) = not_well(well(MAIL_PORT=port, MAIL_TIMEOUT=5))
    assert finding.level is Level.FAULT
    assert finding.sentence.endswith("(SMTPConnectError).")


def test_encryption_that_the_server_does_not_offer_is_a_fault(well: MakeApp) -> None:
    (finding,) = not_well(well(MAIL_USE_TLS=True))
    assert finding.level is Level.FAULT
    assert finding.sentence.endswith("(SMTPNotSupportedError).")


def test_a_server_that_nobody_set_is_asked_for(well: MakeApp, closed_port: int) -> None:
    (finding,) = not_well(well(MAIL_SERVER=None, MAIL_PORT=closed_port))
    assert finding.level is Level.FAULT
    assert finding.remedy == "Set MAIL_SERVER, and MAIL_PORT where it is not 25."


@pytest.mark.parametrize("is_open", [True, False])
def test_the_server_of_flask_mailman_is_tried(
    well: MakeApp, mail_server: Postbox, closed_port: int, is_open: bool
) -> None:
    port = mail_server.port if is_open else closed_port
    app = well(MAIL_PORT=1)
    app.config.update(MAIL_BACKEND="smtp", MAIL_PORT=port)
    flask_mailman.Mail(app)
    before = mail_server.connections
    found = not_well(app)
    if is_open:
        assert found == []
        assert mail_server.connections == before + 1
    else:
        assert [finding.sentence for finding in found] == [
            "The mail server cannot be used: no connection to"
            f" 127.0.0.1:{port} (ConnectionRefusedError)."
        ]


def test_another_way_of_flask_mailman_is_not_tried(well: MakeApp, closed_port: int) -> None:
    app = well(MAIL_PORT=closed_port, MAIL_BACKEND="locmem")
    flask_mailman.Mail(app)
    assert not_well(app) == []
    assert [one for one in sentences(app) if "flask_mailman.backends.locmem" in one] != []


@pytest.mark.parametrize("is_open", [True, False])
def test_the_server_of_flask_mail_is_tried(
    well: MakeApp, mail_server: Postbox, closed_port: int, is_open: bool
) -> None:
    port = mail_server.port if is_open else closed_port
    app = well(MAIL_PORT=port, MAIL_SUPPRESS_SEND=False)
    flask_mail.Mail(app)
    assert bool(not_well(app)) is not is_open


def test_flask_mail_that_sends_nothing_is_named(well: MakeApp) -> None:
    app = well(MAIL_SUPPRESS_SEND=True)
    flask_mail.Mail(app)
    (finding,) = not_well(app)
    assert finding.level is Level.WARNING
    assert finding.sentence.startswith("Flask-Mail is told to send nothing: ")


def test_a_mailer_of_the_application_is_left_to_it(well: MakeApp, closed_port: int) -> None:
    app = well(MAIL_PORT=closed_port)
    app.extensions["peersupport_mailer"] = object()
    assert not_well(app) == []


def test_what_the_sender_tells_on_a_locked_screen_is_named(well: MakeApp) -> None:
    """The host's name and the local part of the address; what stands elsewhere is not shown."""
    app = well(
        PEERSUPPORT_BASE_URL="https://reports.hospital.example/help",
        PEERSUPPORT_MAIL_FROM="peersupport@incident.example",
    )
    assert [(one.level, one.sentence) for one in not_well(app)] == [
        (
            Level.WARNING,
            "PEERSUPPORT_BASE_URL shows on a locked screen what mail to a colleague is about:"
            " the name of the host holds report.",
        ),
        (
            Level.WARNING,
            "PEERSUPPORT_MAIL_FROM shows on a locked screen what mail to a colleague is about:"
            " the address holds peer.",
        ),
    ]
