"""The end of a training: told once, in time; and what the rule says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.db import commit
from flask_peersupport.runtime import EXTENSION
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.supporters.validity import (
    counts_until,
    notice_days,
)
from flask_peersupport.vault.persons import store_person
from tests.sessions.planned import postbox_of, work
from tests.supporters.conftest import NOW
from tests.supporters.host import NURSE

VALID = 1095
TODAY = NOW.date()
#: Trained so long ago that the notice is due today.
DUE_ON = TODAY - timedelta(days=VALID - 60)


def supporter(session: orm.Session, trained_on: date | None, **values: object) -> Supporter:
    """Put a nurse on the roster who was trained on a day."""
    known = {"state": SupporterState.APPOINTED, "appointed_on": date(2024, 1, 1)} | values
    row = Supporter(
        record=store_person(session, NURSE, now=NOW, is_lasting=True),
        trained_on=trained_on,
        created_at=NOW,
        **known,
    )
    session.add(row)
    commit(session)
    return row


def test_the_end_is_told_once(app: Flask, session: orm.Session) -> None:
    box = postbox_of(app)
    supporter(session, DUE_ON)
    assert "tell_training_ends" not in work(app, NOW - timedelta(days=1))
    assert work(app, NOW)["tell_training_ends"] == 1
    assert "tell_training_ends" not in work(app, NOW)
    assert "tell_training_ends" not in work(app, NOW + timedelta(days=70))
    (mail,) = box.take()
    assert str(mail["Subject"]) == "Peer support: je training geldt tot en met 2 mei 2026"


def test_after_a_new_training_it_is_told_anew(app: Flask, session: orm.Session) -> None:
    row = supporter(session, DUE_ON)
    work(app, NOW)
    session.refresh(row)
    row.trained_on = TODAY + timedelta(days=10)
    commit(session)
    assert "tell_training_ends" not in work(app, NOW + timedelta(days=20))
    next_end = timedelta(days=10 + VALID - 60)
    assert work(app, NOW + next_end)["tell_training_ends"] == 1


def test_a_training_that_ended_long_ago_is_told_as_such(
    small_app: Flask, small_session: orm.Session
) -> None:
    box = postbox_of(small_app)
    supporter(small_session, date(2020, 1, 1))
    work(small_app, NOW)
    (mail,) = box.take()
    assert str(mail["Subject"]) == "Peer support: je training gold tot en met 31 december 2022"


def test_who_was_trained_meanwhile_gets_no_mail(
    small_app: Flask, small_session: orm.Session
) -> None:
    box = postbox_of(small_app)
    box.is_broken = True
    row = supporter(small_session, DUE_ON)
    work(small_app, NOW)
    small_session.refresh(row)
    row.trained_on = TODAY + timedelta(days=1)
    commit(small_session)
    box.is_broken = False
    work(small_app, NOW + timedelta(days=1))
    assert box.mails == []


@pytest.mark.parametrize(
    ("trained_on", "state"),
    [
        (None, SupporterState.APPOINTED),
        (DUE_ON, SupporterState.RETIRED),
        (DUE_ON, SupporterState.TRAINED),
    ],
)
def test_only_supporters_who_were_trained_are_told(
    small_app: Flask, small_session: orm.Session, trained_on: date | None, state: SupporterState
) -> None:
    appointed_on = None if state is SupporterState.TRAINED else date(2024, 1, 1)
    supporter(small_session, trained_on, state=state, appointed_on=appointed_on)
    assert "tell_training_ends" not in work(small_app, NOW)


def test_a_training_that_counts_for_good_never_ends(
    make_host: Callable[..., Flask], sqlite_url: str
) -> None:
    app = make_host(sqlite_url, PEERSUPPORT_TRAINING_VALID_DAYS=None)
    with app.app_context():
        supporter(app.extensions[EXTENSION].storage.session(), date(2000, 1, 1))
        assert "tell_training_ends" not in work(app, NOW)


def test_the_day_is_that_of_the_hospital(small_app: Flask, small_session: orm.Session) -> None:
    supporter(small_session, DUE_ON)
    midnight = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)  # in Amsterdam the third has begun
    assert "tell_training_ends" not in work(small_app, midnight - timedelta(seconds=1))
    assert work(small_app, midnight)["tell_training_ends"] == 1


def test_until_when_a_training_counts() -> None:
    trained_on = date(2026, 1, 1)
    assert counts_until(trained_on, 100) == date(2026, 4, 11)
    assert (counts_until(None, 100), counts_until(trained_on, None)) == (None, None)
    assert [notice_days(days) for days in (1095, 240, 100, 1)] == [60, 60, 25, 0]
