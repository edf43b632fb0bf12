"""A form as it stands on a page: what was typed, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from flask import flash
from sqlalchemy import orm
from werkzeug.datastructures import MultiDict

from ..db import commit, rollback
from ..errors import InvalidInput
from ..i18n import gettext as _
from .sheets import read_date

Typed = MultiDict[str, str]
_Value = TypeVar("_Value")


@dataclass(slots=True)
class Draft:
    """A form as it stands on the page.

    Attributes:
        values: what was typed, by field.
        chosen: what was ticked or filled in of the one field that can stand several times.
        errors: a sentence a field.
    """

    values: dict[str, str] = field(default_factory=dict)
    chosen: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    def read(self, name: str, reader: Callable[[str], _Value], default: _Value) -> _Value:
        """Return what was typed in a field, read; an error is kept for the page."""
        try:
            return reader(self.values.get(name, ""))
        except ValueError as error:
            self.check(name, str(error))
            return default

    def check(self, name: str, fault: str | None) -> None:
        """Keep an error for the page, if it is one and the first of its field."""
        if fault:
            self.errors.setdefault(name, fault)


def typed(form: Typed, several: str = "") -> Draft:
    """Return a draft of what was posted; `several` names the field that can stand several times."""
    values = {name: " ".join(text.split()) for name, text in form.items() if name != several}
    return Draft(values, form.getlist(several))


def read_day(draft: Draft, name: str) -> date | None:
    """Read a day out of a draft; empty is None; an error is kept in it."""

    def read(text: str) -> date | None:
        try:
            return read_date(text) if text else None
        except ValueError:
            raise ValueError(_("This is not a date.")) from None

    return draft.read(name, read, None)


@contextmanager
def keeping_faults(
    session: orm.Session, errors: dict[str, str], unnamed: str = "form"
) -> Iterator[None]:
    """Roll back what cannot be right; keep the sentences by field, for the page.

    Args:
        session: in which it is done.
        errors: of the form.
        unnamed: the field that gets a sentence about no field.
    """
    try:
        yield
    except InvalidInput as error:
        rollback(session)
        errors.update(error.fields or {unnamed: str(error)})


@contextmanager
def saying(session: orm.Session, sentence: str) -> Iterator[None]:
    """Commit what is done and say so; or roll back what cannot be right, and say what was wrong.

    Args:
        session: in which it is done.
        sentence: what the next page says where it is done.
    """
    try:
        yield
    except InvalidInput as error:
        rollback(session)
        flash(str(error), "error")
    else:
        commit(session)
        flash(sentence, "success")
