"""The incident-reporting application of Noorderhaven University Hospital, an example host."""

import os
import secrets
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection

from example_app import cli, navigation, pages, texts, views
from example_app.extensions import csrf, db, login_manager, migrate
from example_app.models import User

SECRET_KEY_FILE = "secret_key"


def create_app(config: Mapping[str, object] | None = None) -> Flask:
    """Build the application.

    `config` overrides the environment, the environment overrides the defaults. Read from the
    environment: EXAMPLE_DATABASE_URI, EXAMPLE_SECRET_KEY, EXAMPLE_INSTANCE_PATH.
    """
    app = Flask(
        __name__,
        instance_path=os.environ.get("EXAMPLE_INSTANCE_PATH"),
        instance_relative_config=True,
    )
    app.config.from_mapping(
        SQLALCHEMY_DATABASE_URI=os.environ.get("EXAMPLE_DATABASE_URI", "sqlite:///example.sqlite"),
        SECRET_KEY=os.environ.get("EXAMPLE_SECRET_KEY"),
        SESSION_COOKIE_NAME="noorderhaven",
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
    )
    app.config.from_mapping(config or {})
    if not app.config["SECRET_KEY"]:
        app.config["SECRET_KEY"] = stored_secret_key(Path(app.instance_path))

    db.init_app(app)
    migrate.init_app(app, db)
    csrf.init_app(app)
    login_manager.init_app(app)
    login_manager.login_view = "auth.sign_in"
    login_manager.login_message = None
    prepare_sqlite(app)

    for part in (texts, navigation, pages, views, cli):
        part.init_app(app)
    add_peersupport(app)
    return app


def add_peersupport(app: Flask) -> None:
    """Add the module `example_app.peersupport`, where there is one and it is wanted."""
    if app.config.get("WITHOUT_PEERSUPPORT") or find_spec("example_app.peersupport") is None:
        return
    import_module("example_app.peersupport").init_app(app)


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_user(user_id: str) -> User | None:
    """Return the user whose id the session cookie carries."""
    return db.session.get(User, int(user_id)) if user_id.isdecimal() else None


def stored_secret_key(folder: Path) -> str:
    """Return the key in the instance folder; make it, complete at once, where it is missing."""
    path = folder / SECRET_KEY_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"{SECRET_KEY_FILE}.{secrets.token_hex(4)}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32))
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass  # another process was first: its key counts
        finally:
            draft.unlink()
    return path.read_text()


def prepare_sqlite(app: Flask) -> None:
    """Have SQLite check foreign keys, and let readers go on while somebody writes."""

    def set_pragmas(connection: DBAPIConnection, record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()

    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", set_pragmas)
