"""Writing to the outbox."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.errors import InvalidTransition
from flask_peersupport.outbox import actions
from flask_peersupport.outbox.models import Message, MessageState
from flask_peersupport.values import Person
from flask_peersupport.vault.models import PersonRecord
from tests.outbox.conftest import NOW, reread, write

SANNE = Person("Sanne de Vries", email="sanne@hospital.example", user_id="7")


def count(session: orm.Session, model: type = Message) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_enqueue_goes_with_the_callers_transaction(app: Flask, session: orm.Session) -> None:
    actions.enqueue(session, "attention", to=SANNE, now=NOW)
    session.rollback()
    assert count(session) == 0
    message = actions.enqueue(session, "attention", to=SANNE, object_id="1", now=NOW)
    session.commit()
    assert (message.state, message.due_at, message.attempts) == (MessageState.WAITING, NOW, 0)
    row = session.get_one(PersonRecord, message.person_id)
    assert (row.person, row.is_lasting) == (SANNE, True)


def test_enqueue_can_wait(small_app: Flask, session: orm.Session) -> None:
    later = NOW + timedelta(hours=2)
    assert actions.enqueue(session, "overdue", to=SANNE, now=NOW, due_at=later).due_at == later


def test_enqueue_names_an_unknown_mail(small_app: Flask, session: orm.Session) -> None:
    with pytest.raises(ValueError, match="'nonsense'"):
        actions.enqueue(session, "nonsense", to=SANNE, now=NOW)


def test_enqueue_once_adds_no_second_while_the_first_waits(
    app: Flask, session: orm.Session
) -> None:
    first = actions.enqueue_once(session, "attention", to=SANNE, object_id="1", now=NOW)
    assert first is not None
    assert actions.enqueue_once(session, "attention", to=SANNE, object_id="1", now=NOW) is None
    assert actions.enqueue_once(session, "attention", to=SANNE, object_id="2", now=NOW)
    assert actions.enqueue_once(session, "overdue", to=SANNE, object_id="1", now=NOW)
    assert actions.enqueue_once(session, "escalation", to=None, now=NOW)
    assert actions.enqueue_once(session, "escalation", to=None, now=NOW) is None
    first.state, first.due_at = MessageState.DEAD, None
    session.flush()
    assert actions.enqueue_once(session, "attention", to=SANNE, object_id="1", now=NOW)


def test_drop_waiting_leaves_what_was_sent(app: Flask, session: orm.Session) -> None:
    sent = write(session, object_id="1")
    sent.state, sent.sent_at, sent.due_at = MessageState.SENT, NOW, None
    waiting, other = write(session, object_id="1"), write(session, object_id="2")
    assert actions.drop_waiting(session, "attention", "1") == 1
    session.commit()
    states = [reread(session, message).state.value for message in (sent, waiting, other)]
    assert states == ["sent", "dropped", "waiting"]


def test_what_is_being_sent_is_not_waiting_to_be_written(app: Flask, session: orm.Session) -> None:
    held, waiting = write(session, object_id="1"), write(session, object_id="2")
    held.lease, held.leased_until = "token", NOW
    session.commit()
    assert actions.is_waiting(session, ("attention",), ("1", "2", "3")) == {waiting.object_id}


def test_resend_revives_only_a_dead_message(app: Flask, session: orm.Session) -> None:
    message = write(session)
    with pytest.raises(InvalidTransition):
        actions.resend(session, message, actor=SANNE, now=NOW)
    message.state, message.due_at, message.attempts, message.fault = (
        MessageState.DEAD,
        None,
        1,
        "rejected",
    )
    session.commit()
    later = NOW + timedelta(days=1)
    actions.resend(session, message, actor=SANNE, now=later)
    session.commit()
    message = reread(session, message)
    assert (message.state, message.due_at, message.attempts, message.fault) == (
        MessageState.WAITING,
        later,
        0,
        None,
    )
    assert session.scalars(sa.select(AuditEntry.action)).all() == ["message.resent"]


def test_delete_messages_to_leaves_none_without_recipient(app: Flask, session: orm.Session) -> None:
    gone, kept = write(session, "gone@hospital.example"), write(session, "kept@hospital.example")
    assert gone.person_id is not None
    assert actions.delete_messages_to(session, [gone.person_id]) == 1
    session.commit()
    assert session.scalars(sa.select(Message.id)).all() == [kept.id]


def test_a_dump_of_the_messages_holds_no_name_or_address(app: Flask, session: orm.Session) -> None:
    write(session, "sanne@hospital.example", object_id="abc")
    engine = session.get_bind()
    dump = ""
    for table in sa.inspect(engine).get_table_names():
        rows = session.execute(sa.text(f"SELECT * FROM {table}")).all()
        dump += "".join(
            value.decode("latin-1") if isinstance(value, bytes) else str(value)
            for row in rows
            for value in row
        )
    assert "attention" in dump
    assert [word for word in ("Sanne", "Vries", "sanne", "hospital") if word in dump] == []
