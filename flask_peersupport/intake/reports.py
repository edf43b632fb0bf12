"""The default reports adapter: the host's watched models."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from ..runtime import current_runtime
from ..values import Report
from .receiver import describe


class WatchedReports:
    """Reads the reports of watched models through their descriptions."""

    def iter_since(self, instant: datetime) -> Iterator[Report]:
        """Return the reports of models watched with `since`, made at or after `instant`."""
        runtime = current_runtime()
        for model, since in runtime.watched.items():
            if since is None:
                continue
            statement = sa.select(model).where(since >= instant).order_by(since)
            for target in runtime.storage.session.scalars(statement):
                report = describe(runtime, target)
                if report is not None:
                    yield report

    def exists(self, kind: str, ref: str) -> bool | None:
        """Return None: a description cannot be read backwards; a host with more knows better."""
        return None
