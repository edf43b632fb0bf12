"""Intervision: ticks and themes, no word about a case; and whose is due."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.audit.record import COMMAND
from flask_peersupport.clock import utc_now
from flask_peersupport.db import Base, commit
from flask_peersupport.errors import InvalidInput
from flask_peersupport.sessions.intervision import intervision_rows, record_intervision
from flask_peersupport.sessions.models import SessionTheme
from flask_peersupport.sessions.states import (
    IntervisionTick,
    SessionKind,
    SessionState,
    SignUp,
    TargetGroup,
)
from flask_peersupport.sessions.themes import add_theme, retire_theme, themes_of
from flask_peersupport.supporters.models import Supporter
from tests.intake.conftest import STAFF, person, supporter_of
from tests.reachouts.conftest import COORDINATOR, Programme
from tests.sessions.hospital import (
    SUPPORTER,
    TRAINER,
    Browser,
    audited,
    begun,
    get_session,
    working,
)
from tests.sessions.planned import give_place, plan

TICKS = IntervisionTick


def test_ticks_and_themes_are_replaced_as_a_whole(programme: Programme) -> None:
    with working(programme.app) as session:
        now = utc_now()
        who = {"actor": COMMAND, "now": now}
        sleep, guilt = (add_theme(session, name, **who).id for name in ("Sleep", "Guilt"))
        meeting = begun(session, SessionKind.INTERVISION)
        record_intervision(session, meeting, {TICKS.EXCHANGE, TICKS.CASES}, {sleep}, **who)
        commit(session)
        assert get_session(session, meeting).ticks == ("cases", "exchange")
        record_intervision(session, meeting, {TICKS.TRAINING}, {guilt}, **who)
        commit(session)
        assert get_session(session, meeting).ticks == ("training",)
        found = themes_of(session, [meeting])
        assert [theme.name for theme in found[meeting]] == ["Guilt"]
        record_intervision(session, meeting, (), (), **who)
        assert themes_of(session, [meeting]) == {}
        assert audited(session, meeting) == ["intervision.recorded"] * 3


def test_a_retired_theme_stays_where_it_is_and_comes_to_no_other(programme: Programme) -> None:
    with working(programme.app) as session:
        who = {"actor": COMMAND, "now": utc_now()}
        theme = add_theme(session, "Sleep", **who)
        first, second = (begun(session, SessionKind.INTERVISION) for _ in range(2))
        record_intervision(session, first, (), {theme.id}, **who)
        retire_theme(session, theme, **who)
        commit(session)
        record_intervision(session, first, {TICKS.CASES}, {theme.id}, **who)
        with pytest.raises(InvalidInput, match="not offered"):
            record_intervision(session, second, (), {theme.id}, **who)
        assert len(session.scalars(sa.select(SessionTheme)).all()) == 1


@pytest.mark.parametrize(
    ("kind", "state", "hours"),
    [
        (SessionKind.TRAINING, SessionState.PLANNED, -1),
        (SessionKind.INTERVISION, SessionState.CANCELLED, -1),
        (SessionKind.INTERVISION, SessionState.PLANNED, 1),
    ],
)
def test_only_an_intervision_that_has_begun_is_recorded(
    small_programme: Programme, kind: SessionKind, state: SessionState, hours: int
) -> None:
    with working(small_programme.app) as session:
        now = utc_now()
        cancelled_at = now if state is SessionState.CANCELLED else None
        begin = now + timedelta(hours=hours)
        meeting = begun(session, kind, begin=begin, state=state, cancelled_at=cancelled_at)
        with pytest.raises(InvalidInput):
            record_intervision(session, meeting, {TICKS.CASES}, (), actor=COMMAND, now=now)
        assert get_session(session, meeting).ticks == ()


def test_there_is_no_room_for_a_word_about_a_case() -> None:
    texts = {
        f"{name}.{column.name}"
        for name in ("peersupport_session_theme", "peersupport_theme", "peersupport_attendance")
        for column in Base.metadata.tables[name].columns
        if isinstance(column.type, sa.String) and not isinstance(column.type, sa.Enum)
        if not column.primary_key and not column.foreign_keys
    }
    assert texts == {"peersupport_theme.name", "peersupport_theme.plain_name"}


def test_the_trainer_notes_it_on_its_page(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        theme = add_theme(session, "Sleep", actor=COMMAND, now=utc_now()).id
        meeting = begun(session, SessionKind.INTERVISION)
        led = begun(session, SessionKind.INTERVISION, trainers=[person(SUPPORTER)])
        lecture = begun(session, SessionKind.LECTURE)
    at = f"/sessions/{meeting}/intervision"
    browser = Browser(small_programme, TRAINER)
    assert browser.post(at, tick=["cases", "nonsense"], theme=theme).status_code == 302
    page = browser.text(f"/sessions/{meeting}")
    assert "Note ticks and themes" in page
    assert "Sleep" in page
    assert browser.post(at, theme="0" * 32).status_code == 422
    assert Browser(small_programme, SUPPORTER).get(at).status_code == 404
    assert Browser(small_programme, STAFF.anna).get(at).status_code == 404
    assert browser.get(f"/sessions/{lecture}/intervision").status_code == 404
    own = Browser(small_programme, SUPPORTER)
    page = own.text(f"/sessions/{meeting}")
    assert "Sleep" in page
    assert "Note ticks and themes" not in page
    assert own.post(f"/sessions/{led}/intervision", tick="exchange").status_code == 302
    with working(small_programme.app) as session:
        assert get_session(session, meeting).ticks == ("cases",)
        assert get_session(session, led).ticks == ("exchange",)


def make_due(session: orm.Session, user_id: int, deployments: int) -> Supporter:
    supporter = supporter_of(session, user_id)
    supporter.deployments = deployments
    supporter.last_deployed_at = utc_now()
    commit(session)
    return supporter


def test_whose_intervision_is_due_when_the_last_was_and_what_is_planned(
    programme: Programme,
) -> None:
    with working(programme.app) as session:
        now = utc_now()
        make_due(session, STAFF.selma, 50)
        sven = make_due(session, STAFF.sven, 0)
        sven.intervision_on = now.date() - timedelta(days=9)
        full, later, other = (
            plan(
                session,
                now + timedelta(days=days),
                kind=kind,
                target=TargetGroup.SUPPORTERS,
            )
            for days, kind in (
                (3, SessionKind.INTERVISION),
                (9, SessionKind.INTERVISION),
                (1, SessionKind.TRAINING),
            )
        )
        give_place(session, full, person(STAFF.selma), sign_up=SignUp.WAITING)
        give_place(session, later, person(STAFF.selma))
        give_place(session, other, person(STAFF.selma))
        give_place(session, full, person(STAFF.sofie), sign_up=SignUp.WITHDRAWN)
        give_place(session, full, person(STAFF.sven), sign_up=SignUp.WAITING)
        due = intervision_rows(session, now, is_due_only=True)
        first = due[0]
        assert (first.name, first.next_at) == ("Selma Steun", later.starts_at)
        assert not first.is_waiting
        assert "Sven Steun" not in [row.name for row in due]
        everybody = {row.name: row for row in intervision_rows(session, now, is_due_only=False)}
        assert everybody["Sven Steun"].last_on == now.date() - timedelta(days=9)
        assert everybody["Sven Steun"].is_waiting
        assert everybody["Sofie Steun"].next_at is None


def test_only_coordinators_read_why_it_is_due(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        make_due(session, STAFF.selma, 50)
    address = "/sessions/intervision"
    reason = "50 reach-outs taken"
    assert reason in Browser(small_programme, COORDINATOR).text(address)
    page = Browser(small_programme, TRAINER).text(address)
    assert "Selma Steun" in page
    assert reason not in page
    assert Browser(small_programme, SUPPORTER).get(address).status_code == 404
    with working(small_programme.app) as session:
        assert "intervision_due.seen" in audited(session)
