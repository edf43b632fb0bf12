"""What goes wrong with a mail, and how long it is tried again."""

from __future__ import annotations

import smtplib
from datetime import timedelta

import pytest

from flask_peersupport.errors import KeyringError
from flask_peersupport.outbox.faults import (
    Fault,
    NoAddressError,
    ServerUnreachableError,
    fault_of_building,
    fault_of_sending,
    next_try,
    pause_after,
)
from tests.outbox.conftest import NOW


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ServerUnreachableError(), Fault.UNREACHABLE),
        (TimeoutError(), Fault.UNREACHABLE),
        (ConnectionResetError(), Fault.UNREACHABLE),
        (smtplib.SMTPServerDisconnected(), Fault.UNREACHABLE),
        (smtplib.SMTPConnectError(421, "busy"), Fault.UNREACHABLE),
        (smtplib.SMTPAuthenticationError(535, "no"), Fault.UNREACHABLE),
        (smtplib.SMTPRecipientsRefused({"a@b": (550, b"no")}), Fault.REJECTED),
        (smtplib.SMTPRecipientsRefused({"a@b": (451, b"later")}), Fault.REFUSED),
        (smtplib.SMTPRecipientsRefused({"a@b": (421, b"bye")}), Fault.UNREACHABLE),
        (smtplib.SMTPSenderRefused(550, b"no", "a@b"), Fault.REFUSED),
        (smtplib.SMTPSenderRefused(421, b"bye", "a@b"), Fault.UNREACHABLE),
        (smtplib.SMTPDataError(554, b"no"), Fault.REJECTED),
        (smtplib.SMTPDataError(452, b"full"), Fault.REFUSED),
        (smtplib.SMTPNotSupportedError(), Fault.REJECTED),
        (ValueError(), Fault.BROKEN),
    ],
)
def test_fault_of_sending_follows_the_server(error: Exception, fault: Fault) -> None:
    assert fault_of_sending(error) is fault


def test_fault_of_building_knows_address_and_keyring() -> None:
    errors = [NoAddressError(), KeyringError(), ZeroDivisionError()]
    faults = [Fault.NO_ADDRESS, Fault.UNREADABLE, Fault.BROKEN]
    assert [fault_of_building(error) for error in errors] == faults


def test_pause_doubles_up_to_an_hour() -> None:
    minutes = [pause_after(n) / timedelta(minutes=1) for n in (1, 2, 3, 6, 7, 8, 78, 10_000)]
    assert minutes == [1, 2, 4, 32, 60, 60, 60, 60]


@pytest.mark.parametrize("fault", list(Fault))
def test_every_fault_ends_and_none_before_its_last_try(fault: Fault) -> None:
    tries, now = 1, NOW
    while (later := next_try(fault, tries, now)) is not None:
        assert later > now
        tries, now = tries + 1, later
    expected = {
        Fault.REJECTED: timedelta(0),
        Fault.NO_ADDRESS: timedelta(0),
        Fault.REFUSED: timedelta(hours=4, minutes=3),
        Fault.BROKEN: timedelta(hours=4, minutes=3),
        Fault.UNREACHABLE: timedelta(hours=72, minutes=3),
        Fault.UNREADABLE: timedelta(hours=72, minutes=3),
    }
    assert now - NOW == expected[fault]
