"""A host with migrations of its own: `flask --app tests.migrating_host db migrate`.

The environment says how it is built, for each command is a process of its own:

HOST_DATABASE: its database; HOST_FOLDER: where its migrations lie.
HOST_BIND: a second database, of the bind "people".
HOST_FORM: how Flask-Migrate comes to it, one of `FORMS`.
HOST_GROWS: its model has a new column.
HOST_KILL_AT: the process kills itself right after so many statements of `peersupport upgrade`.
HOST_GATE: a folder; the process says there that it is ready, and waits for a file "open".
PEERSUPPORT_DATABASE_URI: our own database.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

from flask_peersupport import PeerSupport
from flask_peersupport.runtime import runtime_of

FORMS = (
    "first",
    "last",
    "include_object",
    "include_object by callback",
    "include_name",
    "started twice",
    "built twice",
)


def create_app() -> Flask:
    """Build the host that the environment describes."""
    if os.environ.get("HOST_FORM") == "built twice":
        _build()
    return _build()


def _build() -> Flask:
    folder = Path(os.environ["HOST_FOLDER"])
    app = Flask("host", instance_path=str(folder / "instance"))
    app.config.update(
        SECRET_KEY="a key for tests",
        SQLALCHEMY_DATABASE_URI=os.environ["HOST_DATABASE"],
        PEERSUPPORT_WORKER="separate",
    )
    if bind := os.environ.get("HOST_BIND"):
        app.config["SQLALCHEMY_BINDS"] = {"people": bind}
    if own := os.environ.get("PEERSUPPORT_DATABASE_URI"):
        app.config["PEERSUPPORT_DATABASE_URI"] = own
    db = SQLAlchemy(app)
    _declare_models(db, has_bind=bool(bind))
    form = os.environ.get("HOST_FORM", "first")
    if form == "last":
        PeerSupport().init_app(app, db)
        _add_migrations(app, db, form, folder)
    else:
        _add_migrations(app, db, form, folder)
        PeerSupport().init_app(app, db)
    if form == "started twice":
        Migrate(directory=str(folder / "elsewhere")).init_app(app, db)
        Migrate(directory=str(folder / "migrations")).init_app(app, db)
    _wait_at_gate()
    _kill_after_statements(app)
    return app


def _declare_models(db: Any, *, has_bind: bool) -> None:
    columns = [
        db.Column("id", sa.Integer, primary_key=True),
        db.Column("name", sa.String(50), index=True),
    ]
    if os.environ.get("HOST_GROWS"):
        columns.append(db.Column("floor", sa.Integer))
    db.Table("ward", *columns)
    # a name like ours, but the host's own
    db.Table("peersupport_of_the_host", db.Column("id", sa.Integer, primary_key=True))
    if has_bind:
        db.Table("person", db.Column("id", sa.Integer, primary_key=True), bind_key="people")


def _no_legacy(item: Any, name: str, kind: str, reflected: bool, compare_to: Any) -> bool:
    return name != "legacy"


def _no_legacy_name(name: str | None, kind: str, parents: Any) -> bool:
    return name != "legacy"


def _add_migrations(app: Flask, db: Any, form: str, folder: Path) -> None:
    options: dict[str, Any] = {
        "include_object": {"include_object": _no_legacy},
        "include_name": {"include_name": _no_legacy_name},
    }.get(form, {})
    migrate = Migrate(app, db, directory=str(folder / "migrations"), **options)
    if form == "include_object by callback":

        @migrate.configure
        def choose(config: Any) -> Any:
            app.extensions["migrate"].configure_args["include_object"] = _no_legacy
            return config


def _wait_at_gate() -> None:
    """Wait until all who are to run at once are ready."""
    if gate := os.environ.get("HOST_GATE"):
        (Path(gate) / f"ready-{os.getpid()}").touch()
        while not (Path(gate) / "open").exists():
            time.sleep(0.005)


def _kill_after_statements(app: Flask) -> None:
    left = int(os.environ.get("HOST_KILL_AT", "0"))
    if not left:
        return
    runtime = runtime_of(app)
    assert runtime is not None

    def count(*_given: Any) -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    with app.app_context():
        sa.event.listen(runtime.storage.engine, "after_cursor_execute", count)
