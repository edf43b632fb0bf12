"""The host of the matrix: it stores reports in every way that hosts have, with peer support or
without.

Each call makes models of its own, so that nothing of the extension listens to a host without it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask, redirect
from flask_login import LoginManager, UserMixin, current_user
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm
from werkzeug.wrappers import Response

from flask_peersupport import Involved, PeerSupport, Person, Report
from flask_peersupport.intake.reports import WatchedReports
from flask_peersupport.signals import report_created

#: How long the host waits for a lock of SQLite's, in seconds.
PATIENCE = 0.05
ROSA = 1
ROSA_NAME = "Rosa Reporter"


def utc_now() -> datetime:
    """Return the time as the host stores it: in UTC, naive, in whole seconds."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


@dataclass(eq=False)
class Host:
    """A host application, its models, and what can be wrong with its code."""

    app: Flask
    db: SQLAlchemy
    User: Any
    #: A report that is watched.
    Incident: Any
    #: A report that is signalled.
    Case: Any
    #: Something else that the host stores.
    Log: Any
    peersupport: PeerSupport | None
    #: What goes wrong where a report is described.
    description_fault: Callable[[], object] | None = None
    #: How the host opens a connection without SQLAlchemy.
    connect_raw: Callable[[], Any] = lambda: None

    @property
    def session(self) -> Any:
        """The host's session."""
        return self.db.session

    def new(self, model: Any, values: dict[str, str]) -> Any:
        """Return a report, not stored yet."""
        return model(**self.row(values))

    @staticmethod
    def row(values: dict[str, str]) -> dict[str, Any]:
        """Return the columns of a report."""
        return {
            "title": values["title"],
            "ward": "Ward 1",
            "colleague": values["colleague"],
            "author_id": current_user.id,
            "created_at": utc_now(),
        }

    def note(self, text: str) -> None:
        """Write a line in the log that is committed by itself, at once."""
        with self.db.engine.connect() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone.execute(sa.insert(self.Log).values(text=text))

    def signal(self, report: Any) -> None:
        """Tell peer support of a report, where the host has it."""
        if self.peersupport is not None:
            report_created.send(self.app, report=report)

    def signal_case(self, case_id: int, values: dict[str, str]) -> None:
        """Tell peer support of a case that no object stands for; who reports it is signed in."""
        involved = (Involved(Person(values["colleague"], department="Ward 1")),)
        self.signal(Report("incident", f"case-{case_id}", "Ward 1", involved=involved))

    @staticmethod
    def answer(report_id: int) -> Response:
        """Lead on to the report."""
        return redirect(f"/report/{report_id}")


def create_host(
    url: str,
    folder: Path,
    views: Iterable[tuple[str, Callable[[Host], Any]]],
    *,
    has_peersupport: bool,
    own_url: str | None = None,
    after_report: str = "message",
) -> Host:
    """Build a host with a view for each style.

    Args:
        url: of its database.
        folder: where its keyring and its spool are.
        views: address and function.
        has_peersupport: whether it adds the extension.
        own_url: of the extension's database, where that is another.
        after_report: the setting.
    """
    app = Flask(__name__, instance_path=str(folder / "instance"))
    options: dict[str, Any] = {}
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": PATIENCE}
    app.config.from_mapping(
        SECRET_KEY="a key for tests",
        SQLALCHEMY_DATABASE_URI=url,
        SQLALCHEMY_ENGINE_OPTIONS=options,
        PROPAGATE_EXCEPTIONS=False,
        TESTING=True,
        PEERSUPPORT_KEYRING=str(folder / "keyring.json"),
        PEERSUPPORT_SPOOL=str(folder / "spool"),
        PEERSUPPORT_WORKER="separate",
        PEERSUPPORT_AFTER_REPORT=after_report,
        PEERSUPPORT_ASK_AFTER=None,
        PEERSUPPORT_BASE_URL="https://reports.hospital.example",
        PEERSUPPORT_MAIL_FROM="peersupport@hospital.example",
        PEERSUPPORT_SUPPORT_PHONE="050 123 4567",
    )
    if own_url is not None:
        app.config["PEERSUPPORT_DATABASE_URI"] = own_url
    host = _with_models(app)
    _sign_in(host)
    if has_peersupport:
        _add_peersupport(host)
    for address, view in views:
        app.add_url_rule(f"/{address}", address, lambda view=view: view(host), methods=["POST"])  # type: ignore[misc]
    if url.startswith("sqlite"):
        with app.app_context():
            sa.event.listen(host.db.engine, "connect", trust_the_disk)
    host.connect_raw = lambda: _connect_raw(url)
    return host


def trust_the_disk(connection: Any, record: object) -> None:
    """Wait for no disk: the matrix ends processes, but cuts off no power."""
    connection.execute("PRAGMA synchronous = OFF")


def _with_models(app: Flask) -> Host:
    class HostBase(orm.DeclarativeBase):
        """The host's own base."""

    db = SQLAlchemy(app, model_class=HostBase)

    class User(UserMixin, db.Model):  # type: ignore[misc, name-defined]
        __tablename__ = "users"
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(100), nullable=False)
        department = sa.Column(sa.String(100))

    class ReportColumns:
        id = sa.Column(sa.Integer, primary_key=True)
        title = sa.Column(sa.String(100), nullable=False)
        ward = sa.Column(sa.String(100))
        colleague = sa.Column(sa.String(100))
        author_id = sa.Column(sa.Integer)
        created_at = sa.Column(sa.DateTime, nullable=False)

    class Incident(ReportColumns, db.Model):  # type: ignore[misc, name-defined]
        __tablename__ = "incidents"

    class Case(ReportColumns, db.Model):  # type: ignore[misc, name-defined]
        __tablename__ = "cases"

    class Log(db.Model):  # type: ignore[misc, name-defined]
        __tablename__ = "logs"
        id = sa.Column(sa.Integer, primary_key=True)
        text = sa.Column(sa.String(100), nullable=False)

    return Host(app, db, User, Incident, Case, Log, None)


def _sign_in(host: Host) -> None:
    login = LoginManager(host.app)

    @login.user_loader  # type: ignore[untyped-decorator]
    def load_user(user_id: str) -> Any:
        return host.session.get(host.User, int(user_id))


class HostReports(WatchedReports):
    """Where the host's reports are: those that are watched, and the cases."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def iter_since(self, instant: datetime) -> Any:
        """Yield all since an instant."""
        yield from super().iter_since(instant)
        case = self._host.Case
        since = instant.astimezone(UTC).replace(tzinfo=None)
        with orm.Session(self._host.db.engine) as session:
            found = session.scalars(sa.select(case).where(case.created_at >= since)).all()
            yield from [describe(self._host, one) for one in found]

    def exists(self, kind: str, ref: str) -> bool | None:
        """Look for a report."""
        name, _, number = ref.partition("-")
        model = self._host.Case if name == "case" else self._host.Incident
        with orm.Session(self._host.db.engine) as session:
            return session.get(model, int(number)) is not None


def describe(host: Host, report: Any) -> Report:
    """Return how a report of the host reads."""
    if host.description_fault is not None:
        host.description_fault()
    assert host.peersupport is not None
    return Report(
        "incident",
        f"{type(report).__name__.lower()}-{report.id}",
        report.ward,
        reporter=host.peersupport.users.get(str(report.author_id)),
        involved=(Involved(Person(report.colleague, department="Ward 1")),),
    )


def _add_peersupport(host: Host) -> None:
    peersupport = host.peersupport = PeerSupport(reports=HostReports(host))
    peersupport.init_app(host.app, host.db, locale_selector=lambda: "en")
    peersupport.describe(host.Incident)(lambda report: describe(host, report))
    peersupport.describe(host.Case)(lambda report: describe(host, report))
    peersupport.watch(host.Incident, since=host.Incident.created_at)


def _connect_raw(text: str) -> Any:
    """Open a connection as a host without SQLAlchemy does."""
    url = sa.make_url(text)
    if url.get_backend_name() == "sqlite":
        connection = sqlite3.connect(str(url.database), timeout=PATIENCE)
        connection.execute("PRAGMA synchronous = OFF")
        return connection
    given = {"host": url.host, "user": url.username, "port": url.port, "password": url.password}
    given = {name: value for name, value in given.items() if value is not None}
    if url.get_backend_name() == "postgresql":
        import psycopg

        return psycopg.connect(dbname=url.database, **given)
    import pymysql

    return pymysql.connect(database=url.database, **given)
