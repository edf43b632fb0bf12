"""How the host's reports come in, and whether they can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..intake.describing import describe, is_mapped
from ..intake.models import IntakeRecord
from ..reachouts.models import ReportRecord
from ..runtime import Runtime
from .findings import Finding, Findings, fault, ok, warning

#: How SQLAlchemy says that a relationship was read which `raiseload` forbids.
_FORBIDDEN = re.compile(r"'([\w.]+)' is not available due to lazy=")


def look_at_ways_in(runtime: Runtime) -> Findings:
    """Look whether reports can come in at all."""
    if runtime.watched or runtime.descriptions:
        return
    with runtime.storage.work() as session:
        has_any = any(
            session.scalar(sa.select(model.id).limit(1)) is not None
            for model in (ReportRecord, IntakeRecord)
        )
    if has_any:
        yield ok("Reports have come in.")
    else:
        yield warning(
            "No report can come in: no model is watched or described, and nothing came in so far.",
            "Call peersupport.watch(Model), send the signal report_created where a report is"
            " stored, or lead reporters to step_url(...).",
        )


def look_at_descriptions(runtime: Runtime) -> Findings:
    """Look whether each model is described, and try it on what was reported last."""
    if not runtime.watched:
        yield ok("No model is watched.")
    for model in runtime.watched:
        if not _is_described(runtime, model):
            yield fault(
                f"{model.__name__} is watched, but nothing says how it reads as a report.",
                f"Write a function with @peersupport.describe({model.__name__}).",
            )
    for model in dict.fromkeys([*runtime.watched, *runtime.descriptions]):
        if _is_described(runtime, model) and is_mapped(model):
            yield _try_description(runtime, model)


def _is_described(runtime: Runtime, model: type[Any]) -> bool:
    return any(parent in runtime.descriptions for parent in model.__mro__)


def _try_description(runtime: Runtime, model: type[Any]) -> Finding:
    """Describe the newest object of a model, with every relationship forbidden."""
    name = model.__name__
    host = runtime.host_session
    if host is None:
        return ok(f"The description of {name} could not be tried: its database is not known here.")
    with _own_session(host) as session:
        try:
            target = session.scalar(_newest(model, runtime.watched.get(model)))
        except sa.exc.SQLAlchemyError as error:
            return fault(
                f"The rows of {name} cannot be read ({type(error).__name__}).",
                "Bring the application's own tables up to date.",
            )
        if target is None:
            return ok(f"No {name} is stored yet, so its description could not be tried.")
        try:
            describe(runtime, target)
        except Exception as error:
            return _failure(name, error)
    return ok(f"The newest {name} reads as a report.")


def _failure(name: str, error: Exception) -> Finding:
    forbidden = isinstance(error, sa.exc.InvalidRequestError) and _FORBIDDEN.search(str(error))
    if forbidden:
        return fault(
            f"The description of {name} uses the relationship {forbidden[1]}, which is not there"
            " yet while a report is being stored.",
            "Read the id column instead, and look it up with peersupport.users.get(...).",
        )
    return fault(
        f"The description of {name} fails on the newest one ({type(error).__name__}).",
        "Mend the function; it also runs in commands, where nobody is signed in.",
    )


def _newest(model: type[Any], since: Any) -> sa.Select[Any]:
    keys = [column.desc() for column in sa.inspect(model).primary_key]
    order = keys if since is None else [since.desc(), *keys]
    return sa.select(model).options(orm.raiseload("*")).order_by(*order).limit(1)


@contextmanager
def _own_session(host: orm.scoped_session[Any]) -> Iterator[orm.Session]:
    """Yield a session made like the host's, and end what the description read in the host's."""
    session: orm.Session = host.session_factory()
    try:
        yield session
    finally:
        session.close()
        host.rollback()
