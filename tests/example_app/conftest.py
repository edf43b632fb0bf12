"""The example application, in an instance folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from example_app import create_app
from example_app.extensions import db


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The example application before its first start."""
    monkeypatch.setenv("EXAMPLE_INSTANCE_PATH", str(tmp_path / "instance"))
    app = create_app()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
