"""Storing persons in the vault and finding the same person again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import new_id
from ..ports import Keys, MonthKey
from ..runtime import current_runtime
from ..values import Person
from . import seal
from .models import PersonRecord


def user_marks(keys: Sequence[MonthKey], person: Person) -> list[str]:
    """Return the fingerprints of the person's user id, one a key."""
    return [seal.mark(k, "user", person.user_id) for k in keys] if person.user_id else []


def email_marks(keys: Sequence[MonthKey], person: Person) -> list[str]:
    """Return the fingerprints of the person's e-mail address, one a key."""
    email = identifying_email(person)
    return [seal.mark(k, "email", email) for k in keys] if email else []


def name_marks(keys: Sequence[MonthKey], person: Person) -> list[str]:
    """Return the fingerprints of the person's name, one a key."""
    name = seal.plain_name(person.name)
    return [seal.mark(k, "name", name) for k in keys]


def is_same_person(one: Person, other: Person) -> bool:
    """Return whether two values mean one person.

    The same user id counts only while the e-mail addresses do not differ: an id that was issued
    again belongs to somebody else.
    """
    first, second = identifying_email(one), identifying_email(other)
    if one.user_id and other.user_id:
        return one.user_id == other.user_id and not (first and second and first != second)
    return first is not None and first == second


def identifying_email(person: Person) -> str | None:
    """Return the e-mail address as it is compared; None for what is none, such as "unknown"."""
    email = seal.plain_email(person.email or "")
    name, _, domain = email.partition("@")
    return email if name and "." in domain and " " not in email else None


def find_persons(session: orm.Session, person: Person, now: datetime) -> list[PersonRecord]:
    """Return every vault row that is this person, the oldest first."""
    keys = current_runtime().keys.live(now)
    users, emails = user_marks(keys, person), email_marks(keys, person)
    if not users and not emails:
        return []
    statement = (
        sa.select(PersonRecord)
        .where(PersonRecord.user_mark.in_(users) | PersonRecord.email_mark.in_(emails))
        .order_by(PersonRecord.created_at, PersonRecord.id)
    )
    rows = session.scalars(statement)
    return [row for row in rows if is_same_person(row.person, person)]


def find_person_ids(session: orm.Session, person: Person, now: datetime) -> list[str]:
    """Return the ids of the vault rows that are this person."""
    return [row.id for row in find_persons(session, person, now)]


def persons_of_account(session: orm.Session, user_id: str, now: datetime) -> list[PersonRecord]:
    """Return every vault row that is bound to this user id, whoever it is."""
    marks = user_marks(current_runtime().keys.live(now), Person("", user_id=user_id))
    statement = sa.select(PersonRecord).where(PersonRecord.user_mark.in_(marks))
    return list(session.scalars(statement.order_by(PersonRecord.created_at, PersonRecord.id)))


def cut_account(row: PersonRecord, now: datetime) -> None:
    """Bind a person to no account of the host's any more, and to none to come.

    An id that nobody has takes the place of theirs: neither who gets the id next nor who gets the
    e-mail address is this person.
    """
    person = replace(row.person, user_id=f"removed {new_id()}")
    _write(row, person, current_runtime().keys.current(now))


def store_person(
    session: orm.Session,
    person: Person,
    *,
    now: datetime,
    is_lasting: bool = False,
    is_typed: bool = False,
    new_row_id: str | None = None,
) -> PersonRecord:
    """Find or make the vault row of a person, sealed with the present month's key.

    What is known newly completes what was known before, and replaces it unless somebody typed it.

    Args:
        session: flushed, not committed, here.
        person: who.
        now: aware.
        is_lasting: whether the programme keeps this identity as long as it needs the person.
        is_typed: whether a reporter typed it: the directory and the supporter know better.
        new_row_id: of a row that has to be made; default: a random one.
    """
    key = current_runtime().keys.current(now)
    found = find_persons(session, person, now)
    if found:
        row = found[0]
        person = _completed(person, row.person) if is_typed else _completed(row.person, person)
    else:
        row = PersonRecord(id=new_row_id or new_id(), created_at=now, is_lasting=False)
        session.add(row)
    _write(row, person, key)
    row.is_lasting = row.is_lasting or is_lasting
    session.flush()
    return row


def change_phone(row: PersonRecord, phone: str, now: datetime) -> None:
    """Keep another telephone number of a person."""
    _write(row, replace(row.person, phone=phone), current_runtime().keys.current(now))


def reseal(row: PersonRecord, keys: Keys, now: datetime) -> None:
    """Seal a row anew with the present month's key, before its own month is destroyed."""
    _write(row, row.person, keys.current(now))


def _write(row: PersonRecord, person: Person, key: MonthKey) -> None:
    row.month = key.month
    row.blob = seal.seal_person(row.id, person, key)
    row.user_mark = next(iter(user_marks([key], person)), None)
    row.email_mark = next(iter(email_marks([key], person)), None)
    row.name_mark = name_marks([key], person)[0]


def _completed(known: Person, news: Person) -> Person:
    newer = {
        item.name: getattr(news, item.name)
        for item in fields(Person)
        if getattr(news, item.name) is not None
    }
    return replace(known, **newer)
