"""`PeerSupport`: what a host creates once and initialises for each of its apps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask, appcontext_pushed, current_app
from flask.globals import app_ctx
from sqlalchemy import orm

from . import blueprint as pages
from . import cli, home, printing, schema
from .access import people
from .access.departments import ListedDepartments
from .access.roles import GrantedRoles
from .access.users import LoginUsers
from .clock import utc_now
from .config import Settings, load_settings
from .db import Storage
from .errors import ConfigurationError
from .external import code_views
from .external import mails as _external_mails  # noqa: F401 - registers what its mail is about
from .external import views as external_views
from .external.tokens import make_path as make_external_path
from .intake import hooks
from .intake import scheduling as _scheduling  # noqa: F401 - listens to the host
from .intake import views as intake_views
from .intake.describing import is_mapped, running_fields
from .intake.expansion import count_stuck_intake, retry_stuck_intake
from .intake.receiver import listen_to
from .intake.rendering import render_step
from .intake.reports import WatchedReports
from .intake.sessions import left_as_it_was
from .intake.step_page import plain_url, step_url
from .intake.verifier import install_verifier
from .intake.writes import watch_writes
from .jobs import run_due
from .nominations import mails as _nomination_mails  # noqa: F401 - registers its mail
from .nominations import views as nomination_views
from .nominations import vote_views
from .outbox import views as outbox_views
from .ports import Departments, Keys, Reports, Roles, Users
from .reachouts import analysis_mails as _analysis_mails  # noqa: F401 - registers its mails
from .reachouts import analysis_views, conflict_views, found_views, request_views
from .reachouts import coordinating_views as _coordinating_views  # noqa: F401 - adds its pages
from .reachouts import mails as _mails  # noqa: F401 - registers what its mails are about
from .reachouts import views as reach_out_views
from .referrals import (
    concern_views,
    flyer_views,
    link_views,
    mine_views,
    refer_views,
    self_views,
)
from .resources import first_hours_views
from .resources import views as resource_views
from .runtime import EXTENSION, Runtime, current_runtime, runtime_of
from .sessions import (
    attendance_views,
    group_support_views,
    meeting_views,
    overview_views,
    planning_views,
    resolution_views,
    theme_views,
)
from .sessions import mails as _session_mails  # noqa: F401 - registers what its mails are about
from .sessions import meeting_mails as _meeting_mails  # noqa: F401 - registers its mails
from .sessions import own_views as own_session_views
from .sessions import paper_views as session_paper_views
from .sessions import views as session_views
from .sessions.leaving import leave_programme
from .supporters import availability_views as _availability_views  # noqa: F401 - adds its pages
from .supporters import (
    care_views,
    coverage_views,
    department_views,
    directory_views,
)
from .supporters import invitation_views as _invitation_views  # noqa: F401 - adds its pages
from .supporters import letter_views as _letter_views  # noqa: F401 - adds its pages
from .supporters import mails as _supporter_mails  # noqa: F401 - registers what its mails are about
from .supporters import views as supporter_views
from .surveys import views as survey_views
from .values import Report
from .vault.keyring import FileKeys
from .worker import EmbeddedWorker

Describe = TypeVar("Describe", bound=Callable[[Any], Report | None])

#: Seconds for reaching a database of our own; libpq takes no less than two.
_CONNECT_SECONDS = 2
_ADAPTERS = ("users", "roles", "departments", "reports", "keys")


class PeerSupport:
    """Peer support for the staff of a hospital, inside the application in which it reports.

    One object serves any number of apps; what belongs to one app is in
    `app.extensions["peersupport"]`.

    Args:
        users, roles, departments, reports, keys: adapters (see `flask_peersupport.ports`);
            each has a working default.
    """

    def __init__(
        self,
        *,
        users: Users | None = None,
        roles: Roles | None = None,
        departments: Departments | None = None,
        reports: Reports | None = None,
        keys: Keys | None = None,
    ) -> None:
        self._adapters = {
            "users": users,
            "roles": roles,
            "departments": departments,
            "reports": reports,
            "keys": keys,
        }
        self._descriptions: dict[type[Any], Callable[[Any], Report | None]] = {}
        self._watched: dict[type[Any], Any] = {}

    def init_app(
        self,
        app: Flask,
        db: Any = None,
        session: orm.scoped_session[Any] | None = None,
        *,
        locale_selector: Callable[[], str | None] | None = None,
        **adapters: Any,
    ) -> None:
        """Add peer support to `app`.

        Args:
            app: the host.
            db: the host's Flask-SQLAlchemy object.
            session: or a plain SQLAlchemy scoped_session. With neither, the extension keeps its
                own database at PEERSUPPORT_DATABASE_URI.
            locale_selector: returns the language in which the host speaks now, e.g. "nl", for
                hosts that choose it in a way of their own; None: the user's, or the browser's.
            **adapters: as for the constructor; these come first.

        Raises:
            ConfigurationError: a setting or an argument cannot be right; the text says which.
        """
        if EXTENSION in app.extensions:
            raise ConfigurationError("PeerSupport.init_app was called for this app already")
        unknown = sorted(set(adapters) - set(_ADAPTERS))
        if unknown:
            raise ConfigurationError(f"PeerSupport has no adapter called {', '.join(unknown)}")
        settings = load_settings(app.config)
        if not settings.enabled:
            app.extensions[EXTENSION] = None
            app.jinja_env.globals["peersupport_step"] = lambda *args, **kwargs: ""
            return
        if app.url_map.host_matching and settings.host is None:
            raise ConfigurationError(
                "PEERSUPPORT_HOST has to name the host of the pages, as host_matching is on"
            )
        runtime = self._make_runtime(app, settings, db, session, adapters)
        runtime.locale_selector = locale_selector
        app.extensions[EXTENSION] = runtime
        app.jinja_env.globals["peersupport_step"] = _peersupport_step
        app.register_blueprint(
            pages.make_blueprint(
                settings,
                [
                    home.blueprint,
                    people.blueprint,
                    intake_views.blueprint,
                    reach_out_views.blueprint,
                    conflict_views.blueprint,
                    found_views.blueprint,
                    request_views.blueprint,
                    supporter_views.blueprint,
                    care_views.blueprint,
                    coverage_views.blueprint,
                    directory_views.blueprint,
                    department_views.blueprint,
                    nomination_views.blueprint,
                    vote_views.blueprint,
                    session_views.blueprint,
                    planning_views.blueprint,
                    attendance_views.blueprint,
                    meeting_views.blueprint,
                    theme_views.blueprint,
                    resolution_views.blueprint,
                    overview_views.blueprint,
                    group_support_views.blueprint,
                    own_session_views.blueprint,
                    session_paper_views.blueprint,
                    outbox_views.blueprint,
                    code_views.blueprint,
                    external_views.blueprint,
                    printing.blueprint,
                    resource_views.blueprint,
                    first_hours_views.blueprint,
                    analysis_views.blueprint,
                    refer_views.blueprint,
                    link_views.blueprint,
                    flyer_views.blueprint,
                    concern_views.blueprint,
                    self_views.blueprint,
                    mine_views.blueprint,
                    survey_views.blueprint,
                ],
            )
        )
        pages.add_neutral_path(app, settings)
        hooks.install_hooks(app, runtime)
        install_verifier(app, runtime)
        _watch_engines_with_first_context(app, db, session, runtime)
        schema.keep_out_of_host_migrations(app)
        app.cli.add_command(cli.peersupport_commands)
        if settings.worker == "embedded":
            _start_worker_with_first_request(app, runtime)

    def describe(self, model: type[Any]) -> Callable[[Describe], Describe]:
        """Register how objects of `model` read as a `Report`; `None` means: not a report.

        The function may run inside the host's flush: it reads columns, not relationships.
        """

        def register(function: Describe) -> Describe:
            self._descriptions[model] = function
            if is_mapped(model):
                listen_to(model)
            return function

        return register

    def watch(self, model: type[Any], since: Any = None) -> None:
        """Queue reach-outs for every committed object of a described `model`.

        Args:
            model: a mapped class; its subclasses are watched with it.
            since: the attribute that tells when an object was made, for `reconcile`.

        Raises:
            ConfigurationError: `model` is not a mapped class.
        """
        if not is_mapped(model):
            raise ConfigurationError(f"{model!r} is not a mapped class, so it cannot be watched")
        self._watched[model] = since
        listen_to(model)

    def step_url(self, report: Any, next: str | None = None) -> str:
        """Take a report in and return the page that asks its reporter who needs support.

        For `return redirect(peersupport.step_url(report))` after the host has stored the report.
        Nothing of ours is raised.

        Args:
            report: a `Report`, or an object that has a description.
            next: where the reporter goes afterwards, within this host; default: `report.url`.
        """
        runtime = runtime_of(current_app._get_current_object())  # type: ignore[attr-defined]
        if runtime is None:
            return plain_url(self._descriptions, report, next)
        return step_url(runtime, report, next)

    @property
    def users(self) -> Users:
        """The users adapter of the current app."""
        return current_runtime().users

    @property
    def session(self) -> orm.scoped_session[Any]:
        """The session in which the models of this extension live."""
        return current_runtime().storage.session

    def run_due(self, now: datetime | None = None) -> dict[str, int]:
        """Do all work that is due at `now` (aware; default: the clock), in a session of its own.

        Returns:
            counts by the name of the job.
        """
        return run_due(current_runtime(), now or utc_now())

    def _make_runtime(
        self,
        app: Flask,
        settings: Settings,
        db: Any,
        session: orm.scoped_session[Any] | None,
        adapters: Mapping[str, Any],
    ) -> Runtime:
        storage = _make_storage(app, settings, db, session)

        def registries() -> set[Any]:
            """The host's mapped classes: of Flask-SQLAlchemy, or where its reports are mapped."""
            found = {sa.inspect(m).registry for m in self._descriptions if is_mapped(m)}
            return found if db is None else {db.Model.registry, *found}

        keyring = settings.keyring or str(Path(app.instance_path) / "peersupport-keyring.json")
        defaults: dict[str, Callable[[], Any]] = {
            "users": lambda: LoginUsers(
                settings, session or storage.session if db is None else db.session, registries
            ),
            "roles": lambda: GrantedRoles(storage),
            "departments": lambda: ListedDepartments(storage),
            "reports": WatchedReports,
            "keys": lambda: FileKeys(Path(keyring)),
        }
        chosen: dict[str, Any] = {
            name: adapters.get(name) or self._adapters[name] or make()
            for name, make in defaults.items()
        }
        return Runtime(
            settings=settings,
            storage=storage,
            spool=Path(settings.spool or Path(app.instance_path) / "peersupport-spool"),
            host_session=session if db is None else db.session,
            descriptions=self._descriptions,
            watched=self._watched,
            count_stuck_intake=count_stuck_intake,
            retry_stuck_intake=retry_stuck_intake,
            leave_sessions=leave_programme,
            make_external_path=make_external_path,
            **chosen,
        )


def _peersupport_step(field: Any = None, kind: str | None = None) -> Any:
    """Draw the step inside the host's form: with a WTForms field, or by itself."""
    if isinstance(field, str):  # the kind, given by its position
        field, kind = None, field
    if field is not None:
        return field()
    return render_step(kind, running_fields())


def _make_storage(
    app: Flask, settings: Settings, db: Any, session: orm.scoped_session[Any] | None
) -> Storage:
    if settings.database_uri is None and db is not None:
        return Storage(db.session, lambda: _default_engine(db), is_shared_with_host=True)
    if settings.database_uri is None and session is not None:
        return Storage(session, lambda: _engine_of(session), is_shared_with_host=True)
    uri = settings.database_uri or f"sqlite:///{Path(app.instance_path) / 'peersupport.db'}"
    return _own_storage(app, uri)


def _default_engine(db: Any) -> sa.Engine:
    """Return the host's own engine, in whose database our tables are."""
    engine: sa.Engine | None = db.engines.get(None)
    if engine is None:
        raise ConfigurationError(
            "the host has no default database (SQLALCHEMY_DATABASE_URI): set"
            " PEERSUPPORT_DATABASE_URI"
        )
    return engine


def _engine_of(session: orm.scoped_session[Any]) -> sa.Engine:
    bind = session.get_bind()
    return bind.engine


def _own_storage(app: Flask, uri: str) -> Storage:
    """Return storage in a database of our own; its engine is made when first used (B6)."""
    engines: list[sa.Engine] = []

    def engine() -> sa.Engine:
        if not engines:
            Path(app.instance_path).mkdir(parents=True, exist_ok=True)
            engines.append(sa.create_engine(uri, connect_args=_impatience(sa.make_url(uri))))
        return engines[0]

    def context() -> int:
        """Tell app contexts apart, as Flask-SQLAlchemy does: one may be pushed within another."""
        return id(app_ctx._get_current_object())  # type: ignore[attr-defined]

    factory: Any = lambda: orm.Session(engine())  # noqa: E731 - scoped_session wants no more
    session = orm.scoped_session(factory, scopefunc=context)
    app.teardown_appcontext(lambda error: session.remove())
    return Storage(session, engine, is_shared_with_host=False)


def _impatience(uri: sa.URL) -> dict[str, int]:
    """Return how long to wait for a server: the host's commit waits with us, the spool does not."""
    is_known = uri.get_driver_name() in ("psycopg", "psycopg2", "pymysql", "mysqldb")
    if not is_known or "connect_timeout" in uri.query:
        return {}
    return {"connect_timeout": _CONNECT_SECONDS}


def _watch_engines_with_first_context(
    app: Flask, db: Any, session: orm.scoped_session[Any] | None, runtime: Runtime
) -> None:
    """Notice what is written on the host's engines, as soon as there are any."""
    if db is None and session is None:
        return
    is_done = False

    def watch(sender: Flask, **extra: Any) -> None:
        nonlocal is_done
        if is_done:
            return
        for engine in _engines_of(db, session, runtime):
            watch_writes(engine)
            is_done = True

    # held by the app alone: what knows its keys has to go with it
    app.extensions["peersupport_watch"] = watch
    appcontext_pushed.connect(watch, app)


def _engines_of(
    db: Any, session: orm.scoped_session[Any] | None, runtime: Runtime
) -> list[sa.Engine]:
    """Return the host's engines; none where the host has not named them yet."""
    if db is not None:
        return list(db.engines.values()) if "sqlalchemy" in current_app.extensions else []
    assert session is not None
    found: set[sa.Engine] = set()
    with left_as_it_was(session):
        # one engine for all, or one for each model
        for mapper in (None, *(sa.inspect(m) for m in runtime.descriptions if is_mapped(m))):
            with suppress(sa.exc.UnboundExecutionError):
                found.add(session.get_bind(mapper).engine)
    return list(found)


def _start_worker_with_first_request(app: Flask, runtime: Runtime) -> None:
    """Start the worker in processes that serve requests: never in commands or tests."""
    worker = EmbeddedWorker(app, runtime)
    app.extensions["peersupport_worker"] = worker

    def start() -> None:
        if not current_app.testing:
            worker.ensure_started()

    app.before_request(start)
