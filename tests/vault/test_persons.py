from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.runtime import current_runtime
from flask_peersupport.values import Person
from flask_peersupport.vault.models import PersonRecord
from flask_peersupport.vault.persons import (
    find_persons,
    is_same_person,
    reseal,
    store_person,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANNA = Person("Anna Vos", email="anna@hospital.example", user_id="17", department="Ward 1")


@pytest.fixture
def session(make_app: Callable[..., Flask], database_url: str) -> Iterator[orm.Session]:
    app = make_app(database_url)
    with app.app_context(), current_runtime().storage.work() as session:
        yield session


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (ANNA, True),
        (replace(ANNA, name="A. Vos-Smit", department=None), True),
        (Person("Anna", user_id="17"), True),
        (Person("Anna", email="ANNA@hospital.example "), True),
        (Person("Anna Vos", user_id="18"), False),
        (Person("Anna Vos"), False),
        # the id was issued again: the address differs
        (Person("Bram Smit", email="bram@hospital.example", user_id="17"), False),
        # the same mailbox under another account is somebody else's
        (replace(ANNA, user_id="18"), False),
    ],
)
def test_who_is_the_same_person(session: orm.Session, other: Person, same: bool) -> None:
    assert is_same_person(ANNA, other) is same
    store_person(session, ANNA, now=NOW)
    assert bool(find_persons(session, other, NOW)) is same


def test_the_same_person_is_one_row_and_is_completed(session: orm.Session) -> None:
    first = store_person(session, Person("Anna", email="anna@hospital.example"), now=NOW)
    second = store_person(session, replace(ANNA, phone="06"), now=NOW)
    assert first.id == second.id
    assert second.person == replace(ANNA, phone="06")
    third = store_person(session, Person("Anna Vos", user_id="17"), now=NOW)
    assert third.person.phone == "06"
    assert session.scalar(sa.select(sa.func.count()).select_from(PersonRecord)) == 1


def test_what_was_typed_completes_and_never_replaces(session: orm.Session) -> None:
    store_person(session, replace(ANNA, phone="06"), now=NOW)
    typed = replace(ANNA, name="Ana", phone="07", department="Ward 7", profession="nurse")
    row = store_person(session, typed, now=NOW, is_typed=True)
    assert row.person == replace(ANNA, phone="06", profession="nurse")
    fresh = store_person(session, Person("Bram", email="b@b.example"), now=NOW, is_typed=True)
    assert fresh.person == Person("Bram", email="b@b.example")


def test_a_person_is_found_again_under_the_key_of_an_earlier_month(session: orm.Session) -> None:
    row = store_person(session, ANNA, now=NOW)
    later = NOW + timedelta(days=70)
    assert [found.id for found in find_persons(session, ANNA, later)] == [row.id]
    before = row.blob
    reseal(row, current_runtime().keys, later)
    session.flush()
    assert (row.month, row.person) == ("2027-02", ANNA)
    assert row.blob != before
    assert [found.id for found in find_persons(session, ANNA, later)] == [row.id]


def test_a_lasting_person_stays_lasting(session: orm.Session) -> None:
    row = store_person(session, ANNA, now=NOW, is_lasting=True)
    store_person(session, ANNA, now=NOW)
    assert row.is_lasting


def test_no_name_is_in_the_database_file(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    app = make_app()
    with app.app_context(), current_runtime().storage.work() as session:
        store_person(session, ANNA, now=NOW)
        session.commit()
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("test.sqlite*"))
    for text in (b"Anna", b"Vos", b"anna@hospital", b"hospital.example", b'"17"'):
        assert text not in stored
    assert b"2026-11" in stored
