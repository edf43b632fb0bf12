"""What can go wrong with a mail, and how long it is tried again. Pure rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from ..errors import KeyringError, PeerSupportError


class Fault(StrEnum):
    """Why a message was not sent."""

    #: The server does not answer, ended the connection, or does not let us in.
    UNREACHABLE = "unreachable"
    #: The server said no for now (4xx), or does not take our sender.
    REFUSED = "refused"
    #: The server said no for good (5xx).
    REJECTED = "rejected"
    #: The recipient has no address that mail can go to.
    NO_ADDRESS = "no_address"
    #: The recipient cannot be read: the keyring is missing or lacks a month.
    UNREADABLE = "unreadable"
    #: The mail could not be written.
    BROKEN = "broken"


class ServerUnreachableError(PeerSupportError):
    """No connection to the mail server could be made."""


class NoAddressError(PeerSupportError):
    """The recipient has no address that mail can go to."""


FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)

#: How often a message is tried, by fault. Ten tries take four hours. What ails the server or the
#: keyring, not the message, is tried for three days.
_TRIES = {
    Fault.UNREACHABLE: 78,
    Fault.UNREADABLE: 78,
    Fault.REFUSED: 10,
    Fault.BROKEN: 10,
    Fault.REJECTED: 1,
    Fault.NO_ADDRESS: 1,
}


def pause_after(attempts: int) -> timedelta:
    """Return the pause after so many failures: it doubles, up to an hour."""
    doublings = min(attempts - 1, 10)  # no power grows beyond the longest pause
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def next_try(fault: Fault, attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after failure number `attempts`; None: never, it is dead."""
    if attempts >= _TRIES[fault]:
        return None
    return now + pause_after(attempts)


def fault_of_building(error: Exception) -> Fault:
    """Return what an error means that came up while the mail was written."""
    if isinstance(error, NoAddressError):
        return Fault.NO_ADDRESS
    return Fault.UNREADABLE if isinstance(error, KeyringError) else Fault.BROKEN


def fault_of_sending(error: Exception) -> Fault:
    """Return what an error of the mailer means."""
    import smtplib  # B6: loaded where mail is sent, not when the host starts

    match error:
        case ServerUnreachableError() | smtplib.SMTPAuthenticationError():
            return Fault.UNREACHABLE
        case smtplib.SMTPRecipientsRefused():
            code = max(code for code, _ in error.recipients.values())
            return _fault_of_code(code)
        case smtplib.SMTPSenderRefused():
            # every mail has the same sender: the setting is wrong, not the message
            return Fault.UNREACHABLE if error.smtp_code == 421 else Fault.REFUSED
        case smtplib.SMTPResponseException():
            return _fault_of_code(error.smtp_code)
        case smtplib.SMTPNotSupportedError():
            return Fault.REJECTED
        case OSError():  # SMTPServerDisconnected and timeouts are of this kind too
            return Fault.UNREACHABLE
    return Fault.BROKEN


def _fault_of_code(code: int) -> Fault:
    if code == 421:
        return Fault.UNREACHABLE
    return Fault.REJECTED if 500 <= code < 600 else Fault.REFUSED
