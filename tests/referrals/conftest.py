"""Fixtures of the other doors: the hospital of the reach-outs, on each database."""

from __future__ import annotations

from collections import OrderedDict

import pytest

from flask_peersupport.referrals import concern_views
from tests.reachouts.conftest import programme, small_programme  # noqa: F401


@pytest.fixture(autouse=True)
def fresh_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test be counted among the tries of another."""
    monkeypatch.setattr(concern_views._limiter, "_counts", OrderedDict())
