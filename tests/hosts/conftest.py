"""What every host's test module starts from; the hosts themselves share nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_peersupport.runtime import runtime_of


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    """What an operator sets for peer support; nothing is written into the project."""
    return {
        "TESTING": True,
        "SECRET_KEY": "a key for tests",
        "PEERSUPPORT_KEYRING": str(tmp_path / "keyring.json"),
        "PEERSUPPORT_SPOOL": str(tmp_path / "spool"),
        "PEERSUPPORT_WORKER": "separate",
        "PEERSUPPORT_BASE_URL": "https://reports.hospital.example",
        "PEERSUPPORT_MAIL_FROM": "peersupport@hospital.example",
        "PEERSUPPORT_SUPPORT_PHONE": "050 123 4567",
    }


@pytest.fixture
def close_later() -> Iterator[Callable[[Flask], Flask]]:
    """Return a function that has an app's databases closed after the test, and returns the app.

    Flask-SQLAlchemy's engines and ours; what else a host opens, its own test module closes.
    """
    opened: list[Flask] = []

    def remember(app: Flask) -> Flask:
        opened.append(app)
        return app

    yield remember
    for app in opened:
        with app.app_context():
            if db := app.extensions.get("sqlalchemy"):
                db.session.remove()
                for engine in db.engines.values():
                    engine.dispose()
            if runtime := runtime_of(app):
                runtime.storage.engine.dispose()
