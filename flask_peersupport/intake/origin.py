"""Which object of the host a report was described from, so that this very one is found again.

A database issues the id of a deleted or rolled-back row again (SQLite does so at once): the id
alone may mean another report. So what the row held is remembered with it, sealed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import product
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm, pool

from ..runtime import Runtime
from .sessions import left_as_it_was

#: A database may keep an instant with less precision than the host gave it.
_PRECISION = 1.0


@dataclass(frozen=True, slots=True)
class Origin:
    """An object of the host.

    Attributes:
        model: its class, e.g. "hospital.models.Incident".
        key: its primary key.
        trace: what tells it from another object with the same key, by attribute: when it was
            made, where the host has said how that is known, else all that is simple to compare.
    """

    model: str
    key: tuple[str | int, ...]
    trace: Mapping[str, str | int | bool | None] = field(default_factory=dict)


def name_of(model: type[Any]) -> str:
    """Return the name of a class under which its objects are found again."""
    return f"{model.__module__}.{model.__qualname__}"


def origin_of(runtime: Runtime, target: object) -> Origin | None:
    """Return where `target` can be found again; None for what is no flushed mapped object.

    Costs no statement: what is not loaded is left out.
    """
    state = sa.inspect(target, raiseerr=False)
    if not isinstance(state, orm.InstanceState):
        return None
    mapper: orm.Mapper[Any] = state.mapper
    key = mapper.primary_key_from_instance(target)
    if any(part is None for part in key):
        return None
    plain = tuple(part if isinstance(part, int) else str(part) for part in key)
    return Origin(name_of(type(target)), plain, _trace(runtime, mapper, state.dict))


def _trace(
    runtime: Runtime, mapper: orm.Mapper[Any], loaded: Mapping[str, Any]
) -> dict[str, str | int | bool | None]:
    made_at = _made_at(runtime, mapper.class_)
    is_known = made_at is not None and made_at in loaded
    names = [made_at or ""] if is_known else [attr.key for attr in mapper.column_attrs]
    return {
        name: text
        for name in names
        if name in loaded and (text := _comparable(loaded[name])) is not _NOT_SIMPLE
    }


def _made_at(runtime: Runtime, model: type[Any]) -> str | None:
    """Return the name of the attribute that `watch(..., since=...)` gave for a class."""
    since = next((runtime.watched[c] for c in model.__mro__ if runtime.watched.get(c)), None)
    return getattr(since, "key", None)


_NOT_SIMPLE: Any = object()


def _comparable(value: Any) -> Any:
    """Return a value that every database gives back as it was; of a text, a fingerprint."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return hashlib.blake2s(value.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return value.isoformat() if isinstance(value, date | datetime) else _NOT_SIMPLE


@contextmanager
def committed_object(runtime: Runtime, origin: Origin) -> Iterator[object | None]:
    """Yield the very object that `origin` was taken from, as it is committed; None where it is not.

    Raises:
        LookupError: the host has no database in which it could be looked up, or it cannot be told
            whether what is there now is that object, edited since, or another.
    """
    model = _class_called(runtime, origin.model)
    with open_host_session(runtime, model) as session:
        if isinstance(session.get_bind().engine.pool, pool.StaticPool):
            raise LookupError("the only connection there is, is the host's")
        columns = sa.inspect(model).primary_key
        key = tuple(_key_part(c, part) for c, part in zip(columns, origin.key, strict=True))
        found = session.get(model, key)
        yield found if found is not None and _is_same(runtime, found, origin) else None


def is_committed(runtime: Runtime, origin: Origin) -> bool | None:
    """Return whether the very object of `origin` is committed; None where that cannot be known."""
    try:
        with committed_object(runtime, origin) as found:
            return found is not None
    except LookupError:
        return None


def _class_called(runtime: Runtime, name: str) -> type[Any]:
    """Return the class of that name among those that are described, and those below them."""
    for base in runtime.descriptions:
        mapper = sa.inspect(base, raiseerr=False)
        for sub in mapper.self_and_descendants if mapper is not None else ():
            if name_of(sub.class_) == name:
                return sub.class_  # type: ignore[no-any-return]
    raise LookupError(f"nothing called {name} is described any more")


def open_host_session(runtime: Runtime, model: type[Any]) -> orm.Session:
    """Return a session of our own where the host keeps its `model`; it sees what is committed.

    Raises:
        LookupError: the host has no session of SQLAlchemy's.
    """
    of_host = runtime.host_session
    if of_host is None:
        raise LookupError("the host has no session of SQLAlchemy's")
    with left_as_it_was(of_host):
        engine = of_host.get_bind(mapper=sa.inspect(model)).engine
    return orm.Session(engine)


def _key_part(column: sa.Column[Any], part: str | int) -> Any:
    """Return a part of a key as its column wants it, e.g. a UUID."""
    try:
        wanted = column.type.python_type
    except NotImplementedError:  # SQLAlchemy's answer for a type that names no Python type
        return part
    return part if isinstance(part, wanted) else wanted(part)


def _is_same(runtime: Runtime, found: object, origin: Origin) -> bool:
    """Return whether `found` is the object of `origin`.

    Raises:
        LookupError: it was edited, or is another: nothing says when it was made.
    """
    changed = [
        name
        for name, before in origin.trace.items()
        if not _is_equal(_comparable(getattr(found, name, None)), before)
    ]
    if changed and _made_at(runtime, type(found)) not in changed:
        raise LookupError(f"{origin.model} is not what it was")
    return not changed


def _is_equal(now: Any, before: Any) -> bool:
    if now == before:
        return True
    try:
        pairs = product(_moments(now), _moments(before))
    except (TypeError, ValueError):
        return False
    return any(abs((one - other).total_seconds()) < _PRECISION for one, other in pairs)


def _moments(text: str) -> set[datetime]:
    """Return what a database may give back of an instant: in UTC, or without its time zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return {moment}
    return {moment.replace(tzinfo=None), moment.astimezone(UTC).replace(tzinfo=None)}
