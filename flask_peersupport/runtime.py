"""What the extension holds for one app, kept in `app.extensions["peersupport"]`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from sqlalchemy import orm

from .clock import utc_now
from .config import Settings
from .db import Storage
from .errors import NotInitialized
from .ports import Departments, Keys, Reports, Roles, Users
from .values import Person, Report

EXTENSION = "peersupport"


@dataclass
class Runtime:
    """Settings, adapters and storage of one app."""

    settings: Settings
    storage: Storage
    users: Users
    roles: Roles
    departments: Departments
    reports: Reports
    keys: Keys
    #: How the host's classes read, by class.
    descriptions: Mapping[type[Any], Callable[[Any], Report | None]]
    #: Classes that are watched, with the attribute that tells when they were made, if any.
    watched: Mapping[type[Any], Any]
    #: Where the reports are that could not be taken in.
    spool: Path
    #: The session of the host's own objects; None: it has none of SQLAlchemy's.
    host_session: orm.scoped_session[Any] | None = None
    #: Says in which language the host speaks now, e.g. "nl"; None: the host has no say.
    locale_selector: Callable[[], str | None] | None = None
    #: How many reports came in that could not be expanded; the intake says so.
    count_stuck_intake: Callable[[orm.Session], int] = lambda session: 0
    #: Lets these be tried again, given the session, who wants it and the instant; how many.
    retry_stuck_intake: Callable[[orm.Session, Person, datetime], int] = lambda *_given: 0
    #: Makes the path of a link for a supporter without an account, given the session, the id of
    #: what they were asked and the instant; the external supporters' slice says so.
    make_external_path: Callable[[orm.Session, str, datetime], str] | None = None
    #: Sees to the sessions of somebody whom the host has removed, given the session, the id of the
    #: vault row and the instant; the sessions say how.
    leave_sessions: Callable[[orm.Session, str, datetime], None] = lambda *_given: None
    #: The day on which the supporters' departments were last named anew.
    departments_named_on: date | None = None


def runtime_of(app: Flask) -> Runtime | None:
    """Return what `app` holds; None where the extension is absent or switched off."""
    runtime: Runtime | None = app.extensions.get(EXTENSION)
    return runtime


def current_runtime() -> Runtime:
    """Return what the current app holds.

    Raises:
        NotInitialized: the extension is absent or switched off for this app.
    """
    runtime = runtime_of(current_app)
    if runtime is None:
        raise NotInitialized("call PeerSupport.init_app(app) first, with PEERSUPPORT_ENABLED on")
    return runtime


def current_session() -> orm.Session:
    """Return the session of ours that the current app works in, here and now.

    Raises:
        NotInitialized: the extension is absent or switched off for this app.
    """
    session: orm.Session = current_runtime().storage.session()
    return session


def local_date(instant: datetime) -> date:
    """Return the day of an instant in the programme's time zone."""
    return instant.astimezone(current_runtime().settings.timezone).date()


def local_today() -> date:
    """Return today's date in the programme's time zone."""
    return local_date(utc_now())
