"""Fixtures that everybody uses: databases, a host, a server for browsers, a browser."""

from __future__ import annotations

import gc
import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from werkzeug.serving import make_server

from tests import minimal_host, servers

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, where several share the run (`-n 4`).

    Those that name a group themselves keep it: they take long, and share nothing.
    """
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def pytest_collection_finish() -> None:
    """Look for garbage less often: hosts come and go, and a look at all of them takes long."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 10)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line what was skipped, by name."""
    skipped = Counter(
        str(report.longrepr[2]).removeprefix("Skipped: ")
        if isinstance(report.longrepr, tuple)
        else str(report.longrepr)
        for report in terminalreporter.stats.get("skipped", [])
    )
    names = "; ".join(f"{reason} ({count})" for reason, count in sorted(skipped.items()))
    terminalreporter.write_line(f"skipped: {names or 'nothing'}")


@pytest.fixture(scope="session", autouse=True)
def _compile_templates_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let the hosts of all tests share the compiled templates, each of which is one app's own."""
    folder = tmp_path_factory.mktemp("templates")
    with pytest.MonkeyPatch.context() as patch:
        options = Flask.jinja_options | {"bytecode_cache": FileSystemBytecodeCache(str(folder))}
        patch.setattr(Flask, "jinja_options", options)
        yield


@pytest.fixture(autouse=True)
def _push_request_context() -> Iterator[None]:
    """Keep pytest-flask from pushing a request context: Flask-Login would keep its user in it."""
    yield  # noqa: PT022


@pytest.fixture(scope="session")
def postgresql_database() -> Iterator[servers.ServerDatabase]:
    """This run's database on PostgreSQL: the server of the environment, or an embedded one."""
    if url := os.environ.get(servers.POSTGRESQL):
        database = servers.ServerDatabase(url)
        yield database
        database.drop()
    else:
        with servers.embedded_postgresql() as embedded:
            database = servers.ServerDatabase(embedded)
            yield database
            database.drop()


@pytest.fixture(scope="session")
def mariadb_database() -> Iterator[servers.ServerDatabase]:
    """This run's database on MariaDB."""
    url = os.environ.get(servers.MARIADB)
    if not url:
        servers.unavailable("MariaDB", f"set {servers.MARIADB}")
    database = servers.ServerDatabase(url)
    yield database
    database.drop()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet; who writes waits for slow disks."""
    return f"sqlite:///{tmp_path / 'test.sqlite'}?timeout=60"


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.database),
        pytest.param("mariadb", marks=pytest.mark.database),
    ]
)
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database, on each of the three in turn."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    database: servers.ServerDatabase = request.getfixturevalue(f"{request.param}_database")
    return database.empty()


@pytest.fixture
def host_config(tmp_path: Path) -> dict[str, Any]:
    """The settings that `make_app` starts from; nothing is read from or written to the project."""
    return {
        "INSTANCE_PATH": str(tmp_path / "instance"),
        "SERVER_NAME": None,
        "PREFERRED_URL_SCHEME": "https",
        "WTF_CSRF_ENABLED": False,
        "PEERSUPPORT_KEYRING": str(tmp_path / "keyring.json"),
        "PEERSUPPORT_WORKER": "separate",
        "PEERSUPPORT_BASE_URL": "https://reports.hospital.example",
        "PEERSUPPORT_MAIL_FROM": "peersupport@hospital.example",
        "PEERSUPPORT_SUPPORT_PHONE": "050 123 4567",
    }


@pytest.fixture
def make_app(sqlite_url: str, host_config: dict[str, Any]) -> Iterator[Callable[..., Flask]]:
    """Return a function that builds a host with the extension, its tables and a keyring.

    `make_app(database_url=None, adapters=None, with_tables=True, with_keyring=True, **config)`;
    `config` overrides `host_config`. What was built is closed at the end of the test.
    """
    made: list[Flask] = []

    def build(
        database_url: str | None = None,
        adapters: dict[str, Any] | None = None,
        *,
        with_tables: bool = True,
        with_keyring: bool = True,
        **config: Any,
    ) -> Flask:
        app = minimal_host.create_host(database_url or sqlite_url, host_config | config)
        made.append(app)
        if with_keyring:
            make_keyring(Path(app.config["PEERSUPPORT_KEYRING"]))
        minimal_host.add_peersupport(app, **(adapters or {}))
        if with_tables:
            make_tables(app)
        return app

    yield build
    for app in made:
        close_host(app)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """A host with the extension, on SQLite."""
    return make_app()


@pytest.fixture
def serve() -> Iterator[Callable[[Flask], str]]:
    """Return a function that serves an app on a free port, and returns its address."""
    running: list[tuple[Any, threading.Thread]] = []

    def start(app: Flask) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium: Debian's, or the one that playwright installed.

    It ends with its module: its event loop would be in the way of tests that start one.
    """
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
        except Error:
            servers.unavailable("Chromium", "install the package chromium")
        yield chromium
        chromium.close()


def make_keyring(path: Path) -> None:
    """Write a keyring whose first month lies two years back, for tests that turn the clock."""
    from flask_peersupport.vault.keyring import write_keyring

    if not path.exists():
        now = datetime.now(UTC)
        write_keyring(path, now.replace(year=now.year - 2, day=1))


def make_tables(app: Flask) -> None:
    """Make the host's tables and ours, from the models: quicker than the migrations."""
    from flask_peersupport.runtime import current_runtime
    from tests.tables import create_tables

    with app.app_context():
        minimal_host.db.create_all()
        create_tables(current_runtime().storage.engine)


def close_host(app: Flask) -> None:
    """Close the connections that the host's engines, and ours, keep."""
    from flask_peersupport.runtime import runtime_of

    with app.app_context():
        minimal_host.db.session.remove()
        for engine in minimal_host.db.engines.values():
            engine.dispose()
        if runtime := runtime_of(app):
            runtime.storage.engine.dispose()
