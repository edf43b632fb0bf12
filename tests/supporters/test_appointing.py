"""Appointment by the board's letter: all who were chosen, or nobody."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.errors import InvalidInput
from flask_peersupport.outbox.models import Message
from flask_peersupport.runtime import current_runtime
from flask_peersupport.supporters.actions import move_supporter
from flask_peersupport.supporters.appointing import LONGEST_AGO, appoint_supporters
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from tests.supporters.candidates import audited, create_candidate, waiting_mail
from tests.supporters.conftest import NOW
from tests.supporters.host import COORDINATOR

S = SupporterState
TODAY = date(2026, 3, 3)


def create_group(session: orm.Session, count: int = 3) -> list[str]:
    """Put trained people on the roster and return their ids."""
    people = (Person(f"T {n}", email=f"t{n}@hospital.example") for n in range(count))
    return [create_candidate(session, S.TRAINED, person).id for person in people]


def states(session: orm.Session) -> set[tuple[SupporterState, date | None]]:
    session.expire_all()
    rows = session.execute(sa.select(Supporter.state, Supporter.appointed_on))
    return {(state, day) for state, day in rows}


def test_group_is_appointed_in_one_batch(session: orm.Session) -> None:
    ids = create_group(session)
    monday = date(2026, 3, 2)
    appointed = appoint_supporters(
        session, [*ids, ids[0]], appointed_on=monday, actor=COORDINATOR, now=NOW
    )
    session.commit()

    assert sorted(one.id for one in appointed) == sorted(ids)
    assert states(session) == {(S.APPOINTED, monday)}
    assert audited(session) == [("supporter.moved", "appointed")] * 3
    assert waiting_mail(session) == [("supporter_appointed", id) for id in sorted(ids)]


@pytest.mark.parametrize("state", [S.NOMINATED, S.INVITED, S.APPOINTED, S.PAUSED, S.RETIRED])
def test_all_or_nobody(session: orm.Session, state: SupporterState) -> None:
    ids = create_group(session, 2)
    other = create_candidate(session, state).id
    before = states(session)

    with pytest.raises(InvalidInput) as caught:
        appoint_supporters(session, [*ids, other], appointed_on=TODAY, actor=COORDINATOR, now=NOW)
    session.commit()  # even so, nothing has happened
    assert list(caught.value.fields) == [other]
    assert states(session) == before
    assert waiting_mail(session) == []


def test_who_is_gone_is_said(small_session: orm.Session) -> None:
    ids = create_group(small_session, 1)

    with pytest.raises(InvalidInput) as caught:
        appoint_supporters(
            small_session, [*ids, "f" * 32], appointed_on=TODAY, actor=COORDINATOR, now=NOW
        )
    assert list(caught.value.fields) == ["f" * 32]


def test_somebody_has_to_be_chosen(small_session: orm.Session) -> None:
    with pytest.raises(InvalidInput) as caught:
        appoint_supporters(small_session, [], appointed_on=TODAY, actor=COORDINATOR, now=NOW)
    assert list(caught.value.fields) == ["chosen"]


@pytest.mark.parametrize(
    ("day", "is_right"),
    [
        (TODAY, True),
        (TODAY + timedelta(days=1), False),
        (TODAY - LONGEST_AGO, True),
        (TODAY - LONGEST_AGO - timedelta(days=1), False),
    ],
)
def test_letter_has_a_date_that_can_be(
    small_session: orm.Session, day: date, is_right: bool
) -> None:
    ids = create_group(small_session, 1)
    if is_right:
        appoint_supporters(small_session, ids, appointed_on=day, actor=COORDINATOR, now=NOW)
        assert states(small_session) == {(S.APPOINTED, day)}
    else:
        with pytest.raises(InvalidInput) as caught:
            appoint_supporters(small_session, ids, appointed_on=day, actor=COORDINATOR, now=NOW)
        assert list(caught.value.fields) == ["appointed_on"]


def test_day_is_the_programmes_own(small_session: orm.Session) -> None:
    """Just after midnight in Amsterdam it is still the day before in Greenwich."""
    ids = create_group(small_session, 1)
    after_midnight = NOW.replace(hour=23, minute=30)
    tomorrow = TODAY + timedelta(days=1)
    appoint_supporters(
        small_session, ids, appointed_on=tomorrow, actor=COORDINATOR, now=after_midnight
    )

    assert states(small_session) == {(S.APPOINTED, tomorrow)}


def test_first_letter_is_kept_when_they_come_back(session: orm.Session) -> None:
    (id,) = create_group(session, 1)
    appoint_supporters(session, [id], appointed_on=TODAY, actor=COORDINATOR, now=NOW)
    supporter = session.get_one(Supporter, id)
    for state in (S.RETIRED, S.APPOINTED):
        later = NOW + timedelta(days=100)
        move_supporter(session, supporter, state, actor=COORDINATOR, now=later)
        session.commit()

    assert states(session) == {(S.APPOINTED, TODAY)}


def test_two_coordinators_at_once_appoint_once(app: Flask) -> None:
    """They overlap in one person: the first has all of theirs, the second nobody."""
    with app.app_context(), current_runtime().storage.work() as session:
        ids = create_group(session, 5)
    batches = [ids[:3], list(reversed(ids[2:]))]
    at_once = threading.Barrier(len(batches))
    appointed: list[list[str]] = []
    refused: list[list[str]] = []

    def appoint(chosen: list[str]) -> None:
        with app.app_context(), current_runtime().storage.work() as session:
            at_once.wait()
            try:
                appoint_supporters(session, chosen, appointed_on=TODAY, actor=COORDINATOR, now=NOW)
            except InvalidInput as error:
                session.rollback()
                refused.append(list(error.fields))
            else:
                session.commit()
                appointed.append(chosen)

    threads = [threading.Thread(target=appoint, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == [[ids[2]]]
    (won,) = appointed
    with app.app_context(), current_runtime().storage.work() as session:
        found = session.scalars(sa.select(Supporter.id).where(Supporter.state == S.APPOINTED))
        assert set(found) == set(won)
        assert set(session.scalars(sa.select(Message.object_id))) == set(won)
