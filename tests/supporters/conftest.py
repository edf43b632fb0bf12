"""Fixtures of the roster and the departments: a host on each database, and its session."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import orm

from flask_peersupport.runtime import EXTENSION, Runtime
from flask_peersupport.values import Person
from flask_peersupport.vault.keyring import write_keyring
from tests.supporters import host

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


@pytest.fixture
def keyring(tmp_path: Path) -> Path:
    """A keyring that begins before NOW."""
    path = tmp_path / "keys.json"
    write_keyring(path, datetime(2025, 12, 1, tzinfo=UTC))
    return path


@pytest.fixture
def make_host(keyring: Path) -> Iterator[Callable[..., Flask]]:
    """Return a function that builds a host on a database."""
    made: list[Flask] = []

    def build(database_url: str, **config: Any) -> Flask:
        made.append(host.create_host(database_url, keyring, **config))
        return made[-1]

    yield build
    for app in made:
        runtime: Runtime = app.extensions[EXTENSION]
        runtime.storage.engine.dispose()


@pytest.fixture
def app(make_host: Callable[..., Flask], database_url: str) -> Flask:
    """A host on each database."""
    return make_host(database_url)


@pytest.fixture
def small_app(make_host: Callable[..., Flask], sqlite_url: str) -> Flask:
    """A host on SQLite, for what no other database would do differently."""
    return make_host(sqlite_url)


def session_of(app: Flask) -> Iterator[orm.Session]:
    """Yield the app's session within its context."""
    with app.app_context():
        runtime: Runtime = app.extensions[EXTENSION]
        yield runtime.storage.session()


@pytest.fixture
def session(app: Flask) -> Iterator[orm.Session]:
    """The app's session on each database."""
    yield from session_of(app)


@pytest.fixture
def small_session(small_app: Flask) -> Iterator[orm.Session]:
    """The app's session on SQLite."""
    yield from session_of(small_app)


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """Collect the statements that run within the block."""
    engine = app.extensions[EXTENSION].storage.engine
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


class Visitor:
    """Somebody with a browser; `person` None is nobody in particular."""

    def __init__(self, app: Flask, person: Person | None) -> None:
        self._people = app.extensions["people"]
        self._person = person
        self.client: FlaskClient = app.test_client()

    def get(self, address: str) -> Any:
        """Open a page."""
        self._people.signed_in = self._person
        return self.client.get(f"/peersupport{address}", headers={"Accept-Language": "en"})

    def post(self, address: str, form: str | None = None, **data: Any) -> Any:
        """Press the button of the form on the page `form` (default: `address` itself)."""
        page = self.get(form or address).get_data(as_text=True)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token, page
        return self.send(address, csrf_token=token[1], **data)

    def send(self, address: str, **data: Any) -> Any:
        """Post as it stands."""
        self._people.signed_in = self._person
        return self.client.post(
            f"/peersupport{address}",
            data=data,
            content_type="multipart/form-data",
            headers={"Accept-Language": "en"},
        )
