"""Sending what is due: claim, commit, send, mark; each message by itself, and never marked first.

A worker that is killed leaves its claim behind, and another takes it over when the lease has run
out. A mail that was sent but not marked is then sent once more, with the same Message-ID.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy import orm

from ..db import Storage, new_id
from ..errors import PeerSupportError
from ..runtime import current_runtime
from ..vault.models import PersonRecord
from . import claims, message
from .claims import Claimed
from .faults import FIRST_PAUSE, Fault, ServerUnreachableError, fault_of_building, fault_of_sending
from .mailer import Connected, Mailer, mailer_for
from .mails import MAILS, MailContext
from .models import Message, MessageState

_logger = logging.getLogger(__name__)

BATCH = 50
#: How long a worker holds what it claimed. It starts on no message in the second half.
LEASE = timedelta(minutes=5)
#: So many messages in a row that broke the connection: it is the server, not the messages.
_BREAKS_IN_A_ROW = 3


class MailError(PeerSupportError):
    """A test mail could not be sent. `fault` says why."""

    def __init__(self, fault: Fault, reason: str) -> None:
        self.fault = fault
        super().__init__(f"the mail was not sent: {fault.value} ({reason})")


def deliver_due(
    storage: Storage, now: datetime, limit: int = BATCH, *, lease: timedelta = LEASE
) -> int:
    """Send what is due; return how many messages were tried. Call again until that is 0.

    Where the mail server does not answer, all that is due is put off by a minute, instead of
    waiting for it anew with each message.

    Args:
        storage: of the app.
        now: aware; due times and backoff are by it, leases by the database's clock.
        limit: how many at most.
        lease: how long the claim holds.
    """
    with storage.work() as session:
        held = deque(claims.claim(session, now, limit, lease))
        if not held:
            return 0
        stop_at = time.monotonic() + lease.total_seconds() / 2
        mailer = mailer_for(_app())
        tried = breaks = 0
        try:
            while held and breaks < _BREAKS_IN_A_ROW and time.monotonic() < stop_at:
                fault, is_server_away = _deliver(session, held.popleft(), mailer, now)
                tried += 1
                if is_server_away:
                    breaks = _BREAKS_IN_A_ROW
                elif fault is Fault.UNREACHABLE:
                    breaks += 1
                elif fault is None:
                    breaks = 0
        finally:
            if isinstance(mailer, Connected):
                mailer.close()
            is_ill = breaks >= _BREAKS_IN_A_ROW
            later = now + FIRST_PAUSE if is_ill else None
            claims.release(session, tuple(held), due_at=later)
        if is_ill:
            _logger.error("the mail server does not answer; mail waits for a minute")
            claims.postpone_due(session, now, now + FIRST_PAUSE)
        return tried


def send_test_mail(address: str, *, now: datetime) -> None:
    """Send a test mail at once, past the outbox: who asks for it wants to see the error.

    Raises:
        MailError: with what went wrong.
    """
    mailer = mailer_for(_app())
    mail = MAILS["test"]
    try:
        letter = message.build(
            mail,
            MailContext(),
            row_id=new_id(),
            address=address,
            locale=None,
            settings=current_runtime().settings,
            now=now,
        )
    except Exception as error:
        raise MailError(fault_of_building(error), type(error).__name__) from error
    try:
        mailer.send(letter)
    except Exception as error:
        raise MailError(fault_of_sending(error), _reason(error)) from error
    finally:
        if isinstance(mailer, Connected):
            mailer.close()


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]


def _deliver(
    session: orm.Session, held: Claimed, mailer: Mailer, now: datetime
) -> tuple[Fault | None, bool]:
    """Send and mark one message; return its fault, and whether no connection could be made."""
    if not _is_ours(session, held):
        session.rollback()
        return None, False
    try:
        letter = _compose(session, held, now)
    except Exception as error:
        if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
            raise  # the database is away: the lease runs out, and it is tried again
        session.rollback()
        _fail(session, held, fault_of_building(error), now, error)
        return None, False
    session.rollback()  # no transaction stays open while the mail server takes its time
    if letter is None:
        claims.mark_dropped(session, held)
        return None, False
    try:
        mailer.send(letter)
    except Exception as error:
        fault = fault_of_sending(error)
        _fail(session, held, fault, now, error)
        return fault, isinstance(error, ServerUnreachableError)
    claims.mark_sent(session, held, now)
    return None, False


def _is_ours(session: orm.Session, held: Claimed) -> bool:
    """Return whether the message still waits and nobody took it over since."""
    statement = sa.select(Message.state).where(Message.id == held.id, Message.lease == held.lease)
    return session.scalar(statement) is MessageState.WAITING


def _compose(session: orm.Session, held: Claimed, now: datetime) -> EmailMessage | None:
    """Write the mail; None: it is no longer needed."""
    mail = MAILS[held.template]
    if mail.context is None:
        raise LookupError(f"nobody says what the mail {held.template!r} is about")
    context = mail.context(session, held.object_id)
    if context is None or (context.until is not None and context.until <= now):
        return None
    settings = current_runtime().settings
    if held.person_id is None:
        address, locale = settings.escalation_address, None
    else:
        record = session.get_one(PersonRecord, held.person_id)
        address, locale = record.person.email, record.person.locale
    if context.make_path is not None:
        context = replace(context, path=context.make_path(session, now), make_path=None)
        session.commit()  # what lets the recipient in is stored before it is sent
    return message.build(
        mail,
        context,
        row_id=held.id,
        address=address,
        locale=locale,
        settings=settings,
        now=now,
    )


def _fail(
    session: orm.Session, held: Claimed, fault: Fault, now: datetime, error: Exception
) -> None:
    # neither the error's text nor its traceback: they may hold an address
    _logger.warning("message %s was not sent: %s (%s)", held.id, fault.value, _reason(error))
    claims.mark_failed(session, held, fault, now)


def _reason(error: Exception) -> str:
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
