"""What attendance means for who is on the roster."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.errors import InvalidInput
from flask_peersupport.supporters.appointing import appoint_supporters
from flask_peersupport.supporters.attending import (
    hold_supporters,
    note_attendance,
    note_training_elsewhere,
)
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from tests.supporters.candidates import audited, create_candidate
from tests.supporters.conftest import NOW
from tests.supporters.host import COORDINATOR

S = SupporterState
MARCH_2 = date(2026, 3, 2)
MARCH_3 = date(2026, 3, 3)


def note(
    session: orm.Session,
    supporter: Supporter,
    trained_on: date | None = None,
    intervision_on: date | None = None,
) -> None:
    note_attendance(
        session,
        supporter,
        trained_on=trained_on,
        intervision_on=intervision_on,
        actor=COORDINATOR,
        now=NOW,
    )
    session.commit()


def test_who_is_invited_and_comes_is_trained(session: orm.Session) -> None:
    """Also without an answer on the page: having come is a yes."""
    supporter = create_candidate(session, S.INVITED)
    for _again in range(2):
        note(session, supporter, trained_on=MARCH_2)

    assert (supporter.state, supporter.trained_on) == (S.TRAINED, MARCH_2)
    assert supporter.accepted_at is None
    assert audited(session) == [
        ("supporter.training_noted", "2026-03-02"),
        ("supporter.moved", "trained"),
    ]


def test_late_correction_takes_the_training_back(session: orm.Session) -> None:
    supporter = create_candidate(session, S.INVITED)
    note(session, supporter, trained_on=MARCH_2)
    note(session, supporter)

    assert (supporter.state, supporter.trained_on) == (S.INVITED, None)
    assert supporter.invited_at == NOW
    assert audited(session)[-2:] == [
        ("supporter.training_noted", "none"),
        ("supporter.moved", "invited"),
    ]


def test_letter_stays_where_the_training_goes(session: orm.Session) -> None:
    supporter = create_candidate(session, S.INVITED)
    note(session, supporter, trained_on=MARCH_2)
    appoint_supporters(session, [supporter.id], appointed_on=MARCH_3, actor=COORDINATOR, now=NOW)
    note(session, supporter)

    assert (supporter.state, supporter.trained_on) == (S.APPOINTED, None)


@pytest.mark.parametrize("state", [S.NOMINATED, S.APPOINTED, S.PAUSED, S.RETIRED])
def test_training_moves_only_who_is_invited(
    small_session: orm.Session, state: SupporterState
) -> None:
    supporter = create_candidate(small_session, state)
    note(small_session, supporter, trained_on=MARCH_2)
    assert (supporter.state, supporter.trained_on) == (state, MARCH_2)
    note(small_session, supporter)
    assert (supporter.state, supporter.trained_on) == (state, None)


def test_who_was_trained_elsewhere_stays_trained(session: orm.Session) -> None:
    """Lists that know nothing of them, or of an older training, take nothing away."""
    supporter = create_candidate(session, S.TRAINED, trained_on=MARCH_2)
    note(session, supporter, intervision_on=MARCH_3)
    assert (supporter.state, supporter.trained_on) == (S.TRAINED, MARCH_2)
    note(session, supporter, trained_on=date(2025, 1, 7))
    assert supporter.trained_on == MARCH_2
    note(session, supporter, trained_on=MARCH_3)
    assert supporter.trained_on == MARCH_3
    note(session, supporter)
    assert (supporter.state, supporter.trained_on) == (S.TRAINED, MARCH_2)


def test_training_elsewhere_is_noted_and_taken_back(session: orm.Session) -> None:
    supporter = create_candidate(session, S.INVITED)
    note_training_elsewhere(session, supporter, MARCH_2, actor=COORDINATOR, now=NOW)
    assert (supporter.state, supporter.trained_on) == (S.TRAINED, MARCH_2)
    note(session, supporter, trained_on=date(2025, 1, 7))
    note_training_elsewhere(session, supporter, None, actor=COORDINATOR, now=NOW)
    # the one on the list remains
    assert (supporter.state, supporter.trained_on) == (S.TRAINED, date(2025, 1, 7))
    note(session, supporter)
    assert (supporter.state, supporter.trained_on) == (S.INVITED, None)


def test_training_elsewhere_has_been(small_session: orm.Session) -> None:
    supporter = create_candidate(small_session, S.INVITED)
    tomorrow = MARCH_3 + timedelta(days=1)

    with pytest.raises(InvalidInput) as caught:
        note_training_elsewhere(small_session, supporter, tomorrow, actor=COORDINATOR, now=NOW)
    assert list(caught.value.fields) == ["trained_on"]
    assert supporter.state is S.INVITED


def test_intervision_counts_from_the_newest(session: orm.Session) -> None:
    supporter = create_candidate(session, S.APPOINTED)

    def deployed(times: int) -> None:
        session.execute(sa.update(Supporter).values(deployments=times))
        session.commit()

    deployed(3)
    note(session, supporter, intervision_on=MARCH_2)
    assert (supporter.intervision_on, supporter.deployments_at_intervision) == (MARCH_2, 3)
    deployed(5)
    note(session, supporter, intervision_on=MARCH_2)
    assert supporter.deployments_at_intervision == 3
    note(session, supporter, intervision_on=MARCH_3)
    assert (supporter.intervision_on, supporter.deployments_at_intervision) == (MARCH_3, 5)
    note(session, supporter, intervision_on=MARCH_2)  # a correction: how it was then is not known
    assert (supporter.intervision_on, supporter.deployments_at_intervision) == (MARCH_2, 5)
    note(session, supporter)
    assert (supporter.intervision_on, supporter.deployments_at_intervision) == (None, 0)
    assert [detail for _action, detail in audited(session)] == [
        "2026-03-02",
        "2026-03-03",
        "2026-03-02",
        "none",
    ]


def test_who_is_not_on_the_roster_is_nobody(small_session: orm.Session) -> None:
    assert hold_supporters(small_session, ["f" * 32]) == []
