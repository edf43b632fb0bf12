"""A database with our tables, and an app context that holds keys in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
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
from flask_peersupport.runtime import EXTENSION, Runtime
from flask_peersupport.vault.keyring import month_of


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


@pytest.fixture
def matching_engine(database_url: str) -> Iterator[sa.Engine]:
    """An engine whose database has our tables, within an app context."""
    engine = sa.create_engine(database_url)
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
        descriptions={},
        watched={},
    )
    with app.app_context():
        yield engine
    session.remove()
    engine.dispose()


@pytest.fixture
def session(matching_engine: sa.Engine) -> Iterator[orm.Session]:
    """A session whose work is rolled back."""
    with orm.Session(matching_engine) as session:
        yield session


@pytest.fixture
def keys(session: orm.Session) -> MemoryKeys:
    """The keys of the app context."""
    from flask_peersupport.runtime import current_runtime

    return cast(MemoryKeys, current_runtime().keys)
