"""A database with our tables, and an app context that holds keys in memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.access.departments import ListedDepartments
from flask_peersupport.config import Settings
from flask_peersupport.db import Base, Storage
from flask_peersupport.errors import KeyringError
from flask_peersupport.ports import MonthKey
from flask_peersupport.runtime import EXTENSION, Runtime, current_runtime
from flask_peersupport.vault.keyring import month_of
from tests import servers


class MemoryKeys:
    """Keys made from the month's name; the months in `destroyed` are gone."""

    def __init__(self) -> None:
        self.destroyed: set[str] = set()

    def current(self, at: datetime) -> MonthKey:
        return self.get(month_of(at))

    def get(self, month: str) -> MonthKey:
        if month in self.destroyed:
            raise KeyringError(f"no key for {month}")
        return MonthKey(month, hashlib.sha256(month.encode()).digest())

    def live(self, at: datetime) -> Sequence[MonthKey]:
        months = [f"{at.year}-{month:02d}" for month in range(at.month, 0, -1)]
        return [self.get(month) for month in months if month not in self.destroyed]


class MatchingDatabase(servers.ServerDatabase):
    """A database apart from the one that is emptied for each test: nothing here is committed."""

    def __init__(self, server_url: str) -> None:
        super().__init__(server_url)
        self.name += "_matching"
        self._own = self._server.set(database=self.name)


def _server_url(request: pytest.FixtureRequest) -> str:
    if request.param == "mariadb":
        request.getfixturevalue("mariadb_database")  # skips, naming the reason
        return os.environ[servers.MARIADB]
    database: servers.ServerDatabase = request.getfixturevalue("postgresql_database")
    return database.url


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.database),
        pytest.param("mariadb", marks=pytest.mark.database),
    ],
)
def matching_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[sa.Engine]:
    """An engine whose database has our tables, within an app context; on each of the three."""
    if request.param == "sqlite":
        engine = sa.create_engine(f"sqlite:///{tmp_path_factory.mktemp('matching')}/test.sqlite")
        with within_app(engine):
            yield engine
        return
    database = MatchingDatabase(_server_url(request))
    engine = sa.create_engine(database.empty())
    with within_app(engine):
        yield engine
    database.drop()


@contextmanager
def within_app(engine: sa.Engine) -> Iterator[None]:
    """Make our tables, and push the context of a bare app with keys in memory."""
    Base.metadata.create_all(engine)
    app = Flask(__name__)
    session = orm.scoped_session(orm.sessionmaker(engine))
    storage = Storage(cast(Any, session), lambda: engine, is_shared_with_host=False)
    nothing = cast(Any, None)
    app.extensions[EXTENSION] = Runtime(
        settings=Settings(),
        storage=storage,
        users=nothing,
        roles=nothing,
        departments=ListedDepartments(storage),
        reports=nothing,
        keys=MemoryKeys(),
        spool=Path(app.instance_path) / "spool",
        descriptions={},
        watched={},
    )
    with app.app_context():
        yield
    session.remove()
    engine.dispose()


@pytest.fixture
def session(matching_engine: sa.Engine) -> Iterator[orm.Session]:
    """A session whose work is rolled back."""
    with orm.Session(matching_engine) as session:
        yield session


@pytest.fixture
def keys(session: orm.Session) -> Iterator[MemoryKeys]:
    """The keys of the app context; what a test destroys is back afterwards."""
    found = cast(MemoryKeys, current_runtime().keys)
    yield found
    found.destroyed.clear()
