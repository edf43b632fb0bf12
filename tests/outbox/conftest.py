"""Fixtures of the outbox: a host on each database, a mail server, messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.outbox import mails
from flask_peersupport.outbox.actions import enqueue
from flask_peersupport.outbox.models import Message
from flask_peersupport.runtime import EXTENSION, Runtime, current_runtime
from flask_peersupport.values import Person
from flask_peersupport.vault.keyring import write_keyring
from tests.outbox import host, postbox
from tests.outbox.postbox import Postbox

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    """Give each test the mails as shipped: what the slices above say of theirs is put back."""
    kept = dict(mails.MAILS)
    host.forget_slices_above()
    yield
    mails.MAILS.clear()
    mails.MAILS.update(kept)


@pytest.fixture
def keyring(tmp_path: Path) -> Path:
    """A keyring that has the month of NOW."""
    path = tmp_path / "keys.json"
    write_keyring(path, datetime(2026, 1, 1, tzinfo=UTC))
    return path


@pytest.fixture
def make_host(keyring: Path) -> Iterator[Callable[..., Flask]]:
    """Return a function that builds a host on a database and pushes its context."""
    made: list[tuple[Flask, Any]] = []

    def build(database_url: str, **config: Any) -> Flask:
        app = host.create_host(database_url, keyring, **config)
        host.create_tables(app)
        context = app.app_context()
        context.push()
        made.append((app, context))
        return app

    yield build
    for app, context in reversed(made):
        context.pop()
        runtime: Runtime = app.extensions[EXTENSION]
        runtime.storage.engine.dispose()


@pytest.fixture
def box() -> Iterator[Postbox]:
    """A mail server."""
    with postbox.running() as running:
        yield running


@pytest.fixture
def app(make_host: Callable[..., Flask], database_url: str, box: Postbox) -> Flask:
    """A host on each database, sending to `box`."""
    return make_host(database_url, MAIL_PORT=box.port, MAIL_TIMEOUT=30)


@pytest.fixture
def small_app(make_host: Callable[..., Flask], sqlite_url: str) -> Flask:
    """A host on SQLite, for what no other database would do differently."""
    return make_host(sqlite_url)


@pytest.fixture
def session(make_host: Callable[..., Flask]) -> Iterator[orm.Session]:
    """A session of the app of this test."""
    with current_runtime().storage.work() as working:
        yield working


def write(
    session: orm.Session,
    address: str | None = "supporter@hospital.example",
    template: str = "attention",
    **arguments: Any,
) -> Message:
    """Add and commit a message to somebody with this address."""
    person = Person("Sanne de Vries", email=address, user_id=None if address else "7")
    values = {"now": NOW} | arguments
    message = enqueue(session, template, to=person, **values)
    session.commit()
    return message


def reread(session: orm.Session, message: Message) -> Message:
    """Return the message as the database has it now."""
    session.rollback()
    session.refresh(message)
    return message


@pytest.fixture
def session_of(make_host: Callable[..., Flask]) -> Iterator[Callable[[], orm.Session]]:
    """Return a function that opens a session of the app that a test built by itself."""
    opened: list[orm.Session] = []

    def open_session() -> orm.Session:
        opened.append(current_runtime().storage.new_session())
        return opened[-1]

    yield open_session
    for one in opened:
        one.close()
