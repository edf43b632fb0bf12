"""The default reports adapter: the host's watched models."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from ..runtime import Runtime, current_runtime
from ..values import Report
from .describing import describe
from .origin import open_host_session

_logger = logging.getLogger(__name__)
_BATCH = 200


class WatchedReports:
    """Reads the reports of watched models through their descriptions."""

    def iter_since(self, instant: datetime) -> Iterator[Report]:
        """Yield the reports of models watched with `since`, made at or after `instant`.

        A column without time zone is taken to hold UTC. What cannot be described is logged and
        left out.
        """
        runtime = current_runtime()
        for model, since in runtime.watched.items():
            if since is not None:
                yield from _reports_of(runtime, model, since, instant)

    def exists(self, kind: str, ref: str) -> bool | None:
        """Return None: a description cannot be read backwards; a host with more knows better."""
        return None


def _reports_of(
    runtime: Runtime, model: type[Any], since: Any, instant: datetime
) -> Iterator[Report]:
    """Yield reports batch by batch; no transaction is open while they are worked on."""
    order = (since, *sa.inspect(model).primary_key)
    statement = sa.select(model, *order).where(since >= _as_stored(since, instant))
    statement = statement.order_by(*order).limit(_BATCH)
    last: tuple[Any, ...] | None = None
    while True:
        after = statement if last is None else statement.where(_is_after(order, last))
        with open_host_session(runtime, model) as session:
            rows = session.execute(after).all()
            found = [_described(runtime, row[0]) for row in rows]
        yield from (report for report in found if report is not None)
        if len(rows) < _BATCH:
            return
        last = tuple(rows[-1][1:])


def _is_after(order: tuple[Any, ...], last: tuple[Any, ...]) -> sa.ColumnElement[bool]:
    """Return the condition of a row that comes after `last` in this order."""
    column, value = order[0], last[0]
    is_later: sa.ColumnElement[bool] = column > value
    if len(order) == 1:
        return is_later
    is_beside: sa.ColumnElement[bool] = column == value
    return is_later | (is_beside & _is_after(order[1:], last[1:]))


def _as_stored(since: Any, instant: datetime) -> datetime | date:
    """Return an instant as the column `since` holds it."""
    kind = since.type
    if isinstance(kind, sa.Date):
        return instant.date()
    if isinstance(kind, sa.DateTime) and not kind.timezone:
        return instant.astimezone(UTC).replace(tzinfo=None)
    return instant


def _described(runtime: Runtime, target: object) -> Report | None:
    try:
        return describe(runtime, target)
    except Exception as error:
        key = sa.inspect(target).identity
        _logger.error(
            "%s %s cannot be described: %s", type(target).__name__, key, type(error).__name__
        )
        return None
