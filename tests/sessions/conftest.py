"""Fixtures of sessions: the host of the supporters' tests, on each database."""

from __future__ import annotations

from tests.sessions.hospital import programme, small_programme  # noqa: F401
from tests.supporters.conftest import (  # noqa: F401
    app,
    keyring,
    make_host,
    session,
    small_app,
    small_session,
)
