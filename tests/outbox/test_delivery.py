"""Delivery over real SMTP, on each database."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy import orm

from flask_peersupport.outbox import actions, claims, delivery
from flask_peersupport.outbox.delivery import deliver_due, send_test_mail
from flask_peersupport.outbox.faults import Fault
from flask_peersupport.outbox.mails import MAILS, Audience, MailContext, mail
from flask_peersupport.outbox.models import Message, MessageState
from flask_peersupport.runtime import current_runtime
from flask_peersupport.values import Person
from flask_peersupport.vault.models import PersonRecord
from flask_peersupport.vault.persons import store_person
from tests.outbox import postbox
from tests.outbox.conftest import NOW, reread, write
from tests.outbox.postbox import Postbox

MINUTE = timedelta(minutes=1)


def deliver(minutes: int = 0, limit: int = 50) -> int:
    """Deliver until nothing is due, as the worker does; return how many were tried."""
    storage, total = current_runtime().storage, 0
    while tried := deliver_due(storage, NOW + minutes * MINUTE, limit):
        total += tried
    return total


def outcome(session: orm.Session, message: Message) -> tuple[str, int, str | None]:
    message = reread(session, message)
    return message.state.value, message.attempts, message.fault


def test_a_message_is_sent_once(app: Flask, session: orm.Session, box: Postbox) -> None:
    message = write(session)
    assert (deliver(), deliver()) == (1, 0)
    message = reread(session, message)
    assert (message.state, message.sent_at, message.due_at) == (MessageState.SENT, NOW, None)
    assert (message.lease, message.leased_until) == (None, None)
    assert box.message_ids == [f"<{message.id}@reports.hospital.example>"]
    assert str(box.mails[0]["To"]) == "supporter@hospital.example"


def test_a_message_waits_until_it_is_due(app: Flask, session: orm.Session, box: Postbox) -> None:
    write(session, due_at=NOW + 2 * MINUTE)
    assert [deliver(0), deliver(1), deliver(2)] == [0, 0, 1]


def test_one_connection_serves_a_batch(app: Flask, session: orm.Session, box: Postbox) -> None:
    for _ in range(5):
        write(session)
    assert deliver() == 5
    assert box.connections == 1


def test_a_server_that_ends_the_connection_between_mails_is_reached_anew(
    app: Flask, session: orm.Session, box: Postbox
) -> None:
    box.most_mails = 2
    messages = [write(session) for _ in range(5)]
    assert deliver() == 5
    assert {outcome(session, message) for message in messages} == {("sent", 0, None)}
    assert box.connections == 3


def test_escalation_goes_to_its_address(app: Flask, session: orm.Session, box: Postbox) -> None:
    actions.enqueue(session, "escalation", to=None, now=NOW)
    session.commit()
    deliver()
    assert str(box.mails[0]["To"]) == "board@hospital.example"


def test_a_mail_no_longer_needed_is_dropped(app: Flask, session: orm.Session, box: Postbox) -> None:
    @mail("attention")
    def attention(session: orm.Session, object_id: str | None) -> MailContext | None:
        return None if object_id == "settled" else MailContext()

    settled, open_ = write(session, object_id="settled"), write(session, object_id="open")
    deliver()
    assert outcome(session, settled) == ("dropped", 0, None)
    assert outcome(session, open_) == ("sent", 0, None)
    assert len(box.mails) == 1


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("550-x@hospital.example", ("dead", 1, "rejected")),
        ("451-x@hospital.example", ("waiting", 1, "refused")),
        ("421-x@hospital.example", ("waiting", 1, "unreachable")),
        ("drop-x@hospital.example", ("waiting", 1, "unreachable")),
        ("hang-x@hospital.example", ("waiting", 1, "unreachable")),
        ("x@hospital.example\nBcc: y@z", ("dead", 1, "no_address")),
        (None, ("dead", 1, "no_address")),
    ],
)
def test_what_happens_to_one_message_harms_no_other(
    app: Flask,
    session: orm.Session,
    box: Postbox,
    address: str | None,
    expected: tuple[str, int, str],
) -> None:
    if address and address.startswith("hang-"):
        app.config["MAIL_TIMEOUT"] = 2
    ill, well = write(session, address), write(session)
    deliver()
    assert outcome(session, ill) == expected
    assert outcome(session, well) == ("sent", 0, None)
    is_dead = expected[0] == "dead"
    assert reread(session, ill).due_at == (None if is_dead else NOW + MINUTE)


def test_a_mail_dropped_after_data_is_repeated_with_its_message_id(
    app: Flask, session: orm.Session, box: Postbox
) -> None:
    message = write(session, "drop-x@hospital.example")
    deliver()
    deliver(1)
    assert box.message_ids == [f"<{message.id}@reports.hospital.example>"] * 2


def test_failures_wait_longer_each_time_and_end(
    app: Flask, session: orm.Session, box: Postbox
) -> None:
    message = write(session, "451-x@hospital.example")
    now, pauses = NOW, []
    while True:
        deliver_due(current_runtime().storage, now)
        message = reread(session, message)
        if message.due_at is None:
            break
        pauses.append((message.due_at - now) // MINUTE)
        now = message.due_at
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert outcome(session, message) == ("dead", 10, "refused")
    person = Person("Anna", user_id="1")
    actions.resend(session, message, actor=person, now=now)
    session.commit()
    assert deliver_due(current_runtime().storage, now) == 1
    assert outcome(session, message) == ("waiting", 1, "refused")


@pytest.mark.parametrize("greeting", [None, b"421 busy\r\n", b"554 no\r\n"])
def test_a_server_that_does_not_answer_is_tried_once(
    make_host: Callable[..., Flask],
    database_url: str,
    session_of: Callable[[], orm.Session],
    greeting: bytes | None,
    box: Postbox,
) -> None:
    with postbox.pretending(greeting) as seen:
        app = make_host(database_url, MAIL_PORT=seen[0], MAIL_TIMEOUT=0.3)
        session = session_of()
        messages = [write(session) for _ in range(7)]
        assert deliver(limit=2) == 1
        assert seen[1] == 1
    tried = [outcome(session, message)[1:] for message in messages]
    assert (tried.count((0, None)), tried.count((1, "unreachable"))) == (6, 1)
    assert {reread(session, message).due_at for message in messages} == {NOW + MINUTE}
    app.config |= {"MAIL_PORT": box.port, "MAIL_TIMEOUT": 30}
    assert (deliver(), deliver(1)) == (0, 7)
    assert len(set(box.message_ids)) == 7


def test_a_server_that_is_not_there_loses_nothing(
    app: Flask, session: orm.Session, box: Postbox
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    message = write(session)
    app.config["MAIL_PORT"] = closed
    assert deliver() == 1
    assert outcome(session, message) == ("waiting", 1, "unreachable")
    app.config["MAIL_PORT"] = box.port
    assert deliver(1) == 1
    assert outcome(session, message) == ("sent", 1, None)


def test_a_server_that_breaks_every_mail_is_left_alone_after_three(
    app: Flask, session: orm.Session, box: Postbox
) -> None:
    messages = [write(session, f"421-{n}@hospital.example") for n in range(6)]
    assert deliver() == 3
    assert sorted(outcome(session, message)[1] for message in messages) == [0, 0, 0, 1, 1, 1]


def test_what_failed_before_holds_up_nothing_new(
    app: Flask, session: orm.Session, box: Postbox
) -> None:
    for number in range(3):
        write(session, f"421-{number}@hospital.example")
    deliver()
    new = write(session, due_at=NOW + 9 * MINUTE)
    deliver(10)
    assert outcome(session, new) == ("sent", 0, None)


@pytest.mark.parametrize("kind", ["451-", "550-", "421-", "poisoned", "unknown"])
def test_ten_poisoned_messages_do_not_block_a_thousand(
    app: Flask, session: orm.Session, box: Postbox, kind: str
) -> None:
    @mail("poisoned", audience=Audience.COORDINATOR, label="poisoned")
    def poisoned(session: orm.Session, object_id: str | None) -> MailContext | None:
        session.execute(sa.text("SELECT * FROM no_such_table"))
        return MailContext()

    mail("unknown", audience=Audience.COORDINATOR, label="unknown")(poisoned)
    bad = store_person(session, Person("A", email=f"{kind}x@hospital.example"), now=NOW)
    good = store_person(session, Person("B", email="good@hospital.example"), now=NOW)
    template = kind if kind in ("poisoned", "unknown") else "attention"
    for _ in range(10):
        actions.enqueue(session, template, to=bad, now=NOW, due_at=NOW - MINUTE)
    quantity = 1000 if os.environ.get("PEERSUPPORT_SWEEP") == "full" else 50
    for _ in range(quantity):
        actions.enqueue(session, "attention", to=good, now=NOW)
    session.commit()
    MAILS.pop("unknown")
    for minute in range(6):
        deliver(minute)
    assert len(set(box.message_ids)) == len(box.message_ids) == quantity
    sent = sa.select(sa.func.count()).where(Message.state == MessageState.SENT)
    assert session.scalar(sent) == quantity


def test_two_workers_send_each_message_once(app: Flask, session: orm.Session, box: Postbox) -> None:
    record = store_person(session, Person("B", email="good@hospital.example"), now=NOW)
    for _ in range(60):
        actions.enqueue(session, "attention", to=record, now=NOW)
    session.commit()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with app.app_context():
                deliver(limit=7)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    deliver()
    assert len(box.message_ids) == 60
    assert len(set(box.message_ids)) == 60


def test_a_lease_holds_until_the_databases_clock_has_passed_it(
    app: Flask, session: orm.Session
) -> None:
    write(session)
    held = claims.claim(session, NOW, 5, timedelta(seconds=0.6))
    assert len(held) == 1
    assert claims.claim(session, NOW + timedelta(days=365), 5, MINUTE) == []
    time.sleep(0.7)
    assert [one.id for one in claims.claim(session, NOW, 5, MINUTE)] == [held[0].id]
    # who lost the lease can no longer mark
    assert claims.mark_sent(session, held[0], NOW) is False


def test_a_released_claim_is_free_at_once(app: Flask, session: orm.Session) -> None:
    write(session)
    claims.release(session, claims.claim(session, NOW, 5, MINUTE))
    assert len(claims.claim(session, NOW, 5, MINUTE)) == 1


def test_an_interrupted_batch_is_given_back(
    app: Flask, session: orm.Session, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        write(session)

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(claims, "mark_sent", stop)
        with pytest.raises(KeyboardInterrupt):
            deliver()
    free = sa.select(sa.func.count()).where(Message.lease.is_(None))
    assert session.scalar(free) == 2


def test_a_batch_stops_when_half_the_lease_is_over(
    app: Flask, session: orm.Session, box: Postbox
) -> None:
    for _ in range(2):
        write(session)

    class Slow:
        def send(self, message: object) -> None:
            time.sleep(0.6)

    app.extensions["peersupport_mailer"] = Slow()
    assert deliver_due(current_runtime().storage, NOW, lease=timedelta(seconds=1)) == 1
    assert deliver_due(current_runtime().storage, NOW) == 1


def test_one_dropped_while_held_is_not_sent(
    app: Flask, session: orm.Session, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = write(session, object_id="1")
    claim = claims.claim

    def claim_then_drop(*arguments: object) -> list[claims.Claimed]:
        held = claim(*arguments)  # type: ignore[arg-type]
        actions.drop_waiting(session, "attention", "1")
        session.commit()
        return held

    monkeypatch.setattr(claims, "claim", claim_then_drop)
    deliver_due(current_runtime().storage, NOW)
    assert outcome(session, message) == ("dropped", 0, None)
    assert box.mails == []


def test_one_dropped_while_it_is_sent_says_sent(
    app: Flask, session: orm.Session, box: Postbox
) -> None:
    message = write(session, object_id="1")
    (held,) = claims.claim(session, NOW, 1, MINUTE)
    actions.drop_waiting(session, "attention", "1")
    session.commit()
    assert claims.mark_failed(session, held, Fault.REFUSED, NOW) is False
    assert outcome(session, message) == ("dropped", 0, None)
    assert claims.mark_sent(session, held, NOW) is True
    assert outcome(session, message) == ("sent", 0, None)


def test_a_database_that_is_locked_for_a_moment_costs_no_second_mail(
    app: Flask, session: orm.Session, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(session)
    troubles = iter([sa.exc.OperationalError("UPDATE", {}, Exception("locked"))] * 2)
    execute = orm.Session.execute

    def tremble(self: orm.Session, statement: object, *args: object, **kwargs: object) -> object:
        if isinstance(statement, sa.Update) and "sent_at" in str(statement):
            for trouble in troubles:
                raise trouble
        return execute(self, statement, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(orm.Session, "execute", tremble)
    monkeypatch.setattr(claims, "_MARK_PAUSES", (0, 0, 0))
    assert deliver() == 1
    assert len(box.mails) == 1


def test_without_the_keyring_mail_waits(app: Flask, session: orm.Session, box: Postbox) -> None:
    message = write(session)
    keys = current_runtime().keys
    path = keys.path  # type: ignore[attr-defined]
    hidden = path.rename(path.with_suffix(".away"))
    deliver()
    assert outcome(session, message) == ("waiting", 1, "unreadable")
    hidden.rename(path)
    deliver(1)
    assert outcome(session, message) == ("sent", 1, None)


def test_the_log_holds_no_name_or_address(
    app: Flask, session: orm.Session, box: Postbox, caplog: pytest.LogCaptureFixture
) -> None:
    @mail("poisoned", audience=Audience.COORDINATOR, label="poisoned")
    def poisoned(session: orm.Session, object_id: str | None) -> MailContext | None:
        raise RuntimeError("Sanne de Vries <sanne@hospital.example>")

    caplog.set_level(logging.DEBUG, logger="flask_peersupport")
    for address in ("550-sanne@hospital.example", "421-sanne@hospital.example", "sanne"):
        write(session, address)
    write(session, template="poisoned")
    deliver()
    assert caplog.text.count("was not sent") == 4
    assert [word for word in ("anne", "Vries", "hospital") if word in caplog.text] == []


def test_a_mailer_of_the_host_is_used(app: Flask, session: orm.Session, box: Postbox) -> None:
    class Shelf:
        def __init__(self) -> None:
            self.letters: list[object] = []

        def send(self, message: object) -> None:
            self.letters.append(message)

    shelf = Shelf()
    current_app.extensions["peersupport_mailer"] = shelf
    write(session)
    deliver()
    assert (len(shelf.letters), len(box.mails)) == (1, 0)


def test_send_test_mail_says_what_is_wrong(app: Flask, box: Postbox) -> None:
    send_test_mail("it@hospital.example", now=NOW)
    assert len(box.mails) == 1
    for address, fault in {"550-x@y.example": "rejected", "nobody": "no_address"}.items():
        with pytest.raises(delivery.MailError) as raised:
            send_test_mail(address, now=NOW)
        assert raised.value.fault.value == fault


def test_queries_of_a_delivery_do_not_grow_with_the_table(
    app: Flask, session: orm.Session, box: Postbox
) -> None:
    record = store_person(session, Person("B", email="good@hospital.example"), now=NOW)
    counts = []
    for quantity in (1, 30):
        for _ in range(quantity):
            actions.enqueue(session, "attention", to=record, now=NOW)
        session.commit()
        statements: list[str] = []

        def note(*arguments: object, statements: list[str] = statements) -> None:
            statements.append(str(arguments[2]))

        engine = current_runtime().storage.engine
        sa.event.listen(engine, "before_cursor_execute", note)
        deliver_due(current_runtime().storage, NOW)
        sa.event.remove(engine, "before_cursor_execute", note)
        counts.append(len(statements))
    # for each message: is it ours, to whom, mark
    assert counts[1] - counts[0] == 29 * 3
    assert session.get(PersonRecord, record.id) is not None
