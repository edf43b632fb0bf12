from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from .domain import Employee, Incident, LogEntry

T = TypeVar("T")


class Repository(Generic[T]):
    def __init__(self, session: Session, cls: type[T]) -> None:
        self._session = session
        self._cls = cls

    def add(self, entity: T) -> None:
        self._session.add(entity)

    def get(self, key: Any) -> T | None:
        return self._session.get(self._cls, key)

    def find(self, **values: Any) -> T | None:
        return self._session.scalars(select(self._cls).filter_by(**values)).one_or_none()


class UnitOfWork:
    """One transaction: what is not committed by the end is rolled back."""

    def __init__(self, new_session: Callable[[], Session]) -> None:
        self._new_session = new_session

    def __enter__(self) -> Self:
        self.session = self._new_session()
        self.employees = Repository(self.session, Employee)
        self.incidents = Repository(self.session, Incident)
        self.log = Repository(self.session, LogEntry)
        return self

    def commit(self) -> None:
        self.session.commit()

    def flush(self) -> None:
        self.session.flush()

    def __exit__(self, *exc_info: object) -> None:
        self.session.close()
