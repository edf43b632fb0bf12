"""The databases of the matrix: one each, made once, emptied between the cells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from flask_peersupport import schema
from flask_peersupport.db import Base
from flask_peersupport.intake.models import IntakeRecord
from tests.conftest import make_keyring
from tests.faults.host import ROSA, ROSA_NAME, Host, create_host, trust_the_disk
from tests.faults.styles import STYLES
from tests.servers import ServerDatabase

INTAKE = str(IntakeRecord.__tablename__)
HOST_TABLES = ("incidents", "cases", "logs")
VIEWS = [(style.name, style.view) for style in STYLES]
_PASSWORD = "a password"


class Bench:
    """One database, and the hosts with and without peer support that share it.

    The hosts sign in to it as a user who owns nothing, where such a user can be made.
    """

    def __init__(
        self, name: str, folder: Path, server: ServerDatabase | None, *, is_apart: bool = False
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.folder = folder
        self.server = server
        owner = server.empty() if server else f"sqlite:///{folder / 'host.sqlite'}"
        #: Signs in as who may do everything.
        self.admin = sa.create_engine(owner, poolclass=sa.NullPool)
        if self.dialect == "sqlite":
            sa.event.listen(self.admin, "connect", trust_the_disk)
        self.role: str | None = None
        #: Why there is no user who owns nothing; empty where there is one.
        self.why_no_role = "SQLite has no rights to revoke"
        self.url = self._with_role(owner) if server else owner
        self.own_url = f"sqlite:///{folder / 'own.sqlite'}" if is_apart else None
        make_keyring(folder / "keyring.json")
        self.plain = self.create_host(has_peersupport=False)
        self._make_tables()
        self._hosts: dict[str, Host] = {}
        self._own_tables: list[sa.Table] | None = None
        self._grant()

    @property
    def dialect(self) -> str:
        """The name of SQLAlchemy's dialect."""
        return self.admin.dialect.name

    def host(self, after_report: str = "message") -> Host:
        """Return the host with peer support and this setting."""
        if after_report not in self._hosts:
            made = self.create_host(has_peersupport=True, after_report=after_report)
            self._hosts[after_report] = made
        return self._hosts[after_report]

    def create_host(self, **settings: Any) -> Host:
        """Build a host on this database."""
        return create_host(self.url, self.folder, VIEWS, own_url=self.own_url, **settings)

    def run(self, *statements: str) -> None:
        """Execute statements as the owner, and commit."""
        with self.admin.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def empty(self) -> None:
        """Delete what a cell left; the numbering begins anew."""
        with self.own_engine.begin() as connection:
            if self._own_tables is None:
                there = set(sa.inspect(connection).get_table_names())
                tables = reversed(Base.metadata.sorted_tables)
                self._own_tables = [table for table in tables if table.name in there]
            for table in self._own_tables:
                connection.execute(table.delete())
        numbering = {
            "sqlite": [],
            "postgresql": [f"ALTER SEQUENCE {t}_id_seq RESTART" for t in HOST_TABLES],
            "mysql": [f"ALTER TABLE {t} AUTO_INCREMENT = 1" for t in HOST_TABLES],
        }[self.dialect]
        self.run(*(f"DELETE FROM {table}" for table in HOST_TABLES), *numbering)
        for path in (self.folder / "spool").glob("*.sealed"):
            path.unlink()

    def rows(self) -> list[tuple[Any, ...]]:
        """Return what the host has stored, without the instants."""
        found = []
        with self.admin.connect() as connection:
            for table in ("incidents", "cases"):
                columns = "id, title, ward, colleague, author_id"
                query = f"SELECT '{table}', {columns} FROM {table} ORDER BY id"
                found += [tuple(row) for row in connection.exec_driver_sql(query)]
            query = "SELECT 'logs', id, text FROM logs ORDER BY id"
            found += [tuple(row) for row in connection.exec_driver_sql(query)]
        return found

    @property
    def own_engine(self) -> sa.Engine:
        """Where the extension's tables are, signed in as the owner."""
        if self.own_url is None:
            return self.admin
        if not hasattr(self, "_own_engine"):
            self._own_engine = sa.create_engine(self.own_url, poolclass=sa.NullPool)
        return self._own_engine

    def version(self) -> str:
        """Return the version of the server."""
        function = "sqlite_version()" if self.dialect == "sqlite" else "version()"
        with self.admin.connect() as connection:
            return str(connection.exec_driver_sql(f"SELECT {function}").scalar())

    def renew_hosts(self) -> None:
        """Close the hosts with peer support; the next cell gets new ones."""
        for host in self._hosts.values():
            _end_connections(host)
        self._hosts.clear()

    def close(self) -> None:
        """End all connections, and leave the server's database empty."""
        self.renew_hosts()
        _end_connections(self.plain)
        if self.server is not None:
            self.server.empty()
        if self.role is not None:
            with self.on_server() as connection:
                connection.exec_driver_sql(f"DROP USER {self.role}")

    def _make_tables(self) -> None:
        with self.plain.app.app_context():
            self.plain.db.metadata.create_all(self.admin)
        if self.dialect == "mysql":
            schema.upgrade(self.own_engine)
        else:
            schema.metadata().create_all(self.own_engine)
        add = f"INSERT INTO users (id, name, department) VALUES ({ROSA}, '{ROSA_NAME}', 'Ward 1')"
        self.run(add)

    def _with_role(self, owner: str) -> str:
        """Make a user who owns nothing, and return the address with which the hosts connect."""
        name = f"{self.server.name}_host"[-32:].lstrip("_") if self.server else ""
        try:
            with self.on_server() as connection:
                if self.dialect == "postgresql":
                    connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN PASSWORD '{_PASSWORD}'")
                else:
                    connection.exec_driver_sql(f"CREATE USER {name} IDENTIFIED BY '{_PASSWORD}'")
        except sa.exc.DBAPIError as error:
            self.why_no_role = f"the tests may not make users here ({type(error.orig).__name__})"
            return owner
        self.role = name
        self.why_no_role = ""
        url = sa.make_url(owner).set(username=name, password=_PASSWORD)
        return url.render_as_string(hide_password=False)

    def _grant(self) -> None:
        if self.role is None:
            return
        if self.dialect == "postgresql":
            self.run(
                f"GRANT USAGE ON SCHEMA public TO {self.role}",
                f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {self.role}",
                f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {self.role}",
            )
        else:
            names = [*HOST_TABLES, "users", *(t.name for t in Base.metadata.sorted_tables)]
            self.run(*(f"GRANT ALL ON {self.database}.{n} TO {self.role}" for n in names))

    @property
    def database(self) -> str:
        """The name of the database on its server."""
        return str(self.admin.url.database)

    @contextmanager
    def on_server(self) -> Iterator[sa.Connection]:
        """Yield a connection to the server, whose database may be gone."""
        database = "postgres" if self.dialect == "postgresql" else ""
        url = self.admin.url.set(database=database)
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            yield connection


def _end_connections(host: Host) -> None:
    with host.app.app_context():
        host.db.engine.dispose()
        if host.peersupport is not None:
            host.app.extensions["peersupport"].storage.engine.dispose()
