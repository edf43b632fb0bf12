"""Reminding the coordinators: two weeks before the last day, and after it, once each."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from flask_peersupport.access.roles import revoke_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import commit
from flask_peersupport.resources.actions import confirm_resource
from flask_peersupport.resources.models import Resource
from flask_peersupport.resources.reminding import remind_of_resource
from flask_peersupport.resources.states import ResourceKind
from tests.intake.conftest import person
from tests.reachouts.conftest import COORDINATOR, NOW, Programme
from tests.resources.conftest import days, help_of
from tests.sessions.hospital import grant, working
from tests.sessions.planned import Postbox

DAY = timedelta(days=1)
K = ResourceKind


def postbox_of(programme: Programme) -> Postbox:
    """Let the app send into a postbox that keeps mail whole."""
    box = Postbox()
    programme.app.extensions["peersupport_mailer"] = box
    return box


def reminded(programme: Programme, after: int) -> int:
    """Return of how many entries the coordinators are reminded, some days after NOW."""
    return programme.work(after * DAY).get("remind_resources", 0)


def test_the_coordinators_are_told_before_and_after_once(programme: Programme) -> None:
    box = postbox_of(programme)
    with working(programme.app) as session:
        help_of(session, K.GP, "Doctor", valid_until=days(20))
        help_of(session, K.CHAPLAIN, "For good")
    told = {after: reminded(programme, after) for after in (5, 6, 7, 20, 21, 22, 400)}
    assert told == {5: 0, 6: 1, 7: 0, 20: 0, 21: 1, 22: 0, 400: 0}
    mails = box.take()
    assert [str(mail["To"]) for mail in mails] == ["bram.smit@hospital.example"] * 2
    text = mails[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "https://reports.hospital.example/peersupport/resources" in text
    assert "Doctor" not in text


def test_several_entries_bring_one_mail_with_their_number(programme: Programme) -> None:
    box = postbox_of(programme)
    with working(programme.app) as session:
        help_of(session, K.GP, valid_until=days(3))
        help_of(session, K.CHAPLAIN, valid_until=days(-9))
        help_of(session, K.PSYCHOLOGIST, valid_until=days(30))
    assert reminded(programme, 0) == 2
    (mail,) = box.take()
    assert "2 adressen" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_what_ended_long_ago_is_told_once(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        help_of(session, K.GP, valid_until=days(-9))
    assert [reminded(small_programme, after) for after in (0, 0, 30)] == [1, 0, 0]


def test_what_was_confirmed_is_told_anew_a_year_later(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        row = help_of(session, K.GP, valid_until=days(14))
    assert reminded(small_programme, 0) == 1
    with working(small_programme.app) as session:
        row = session.get_one(Resource, row.id)
        confirm_resource(session, row, actor=person(COORDINATOR), now=NOW)
        commit(session)
    told = {after: reminded(small_programme, after) for after in (14, 350, 351, 352)}
    assert told == {14: 0, 350: 0, 351: 1, 352: 0}


def test_a_mail_about_what_was_confirmed_meanwhile_is_not_sent(small_programme: Programme) -> None:
    box = postbox_of(small_programme)
    with working(small_programme.app) as session:
        row = help_of(session, K.GP, valid_until=days(3))
        assert remind_of_resource(session, row.id, now=NOW)
        confirm_resource(session, row, actor=person(COORDINATOR), now=NOW)
        commit(session)
    small_programme.work()
    assert box.take() == []


def test_where_there_is_no_coordinator_the_next_one_is_told(small_programme: Programme) -> None:
    box = postbox_of(small_programme)
    with working(small_programme.app) as session:
        help_of(session, K.GP, valid_until=days(3))
        revoke_role(session, "coordinator", person(COORDINATOR), actor=COMMAND, now=NOW)
        commit(session)
    assert reminded(small_programme, 0) == 0
    grant(small_programme, "coordinator", COORDINATOR)
    assert reminded(small_programme, 0) == 1
    assert len(box.take()) == 1
    with working(small_programme.app) as session:
        assert session.scalars(sa.select(Resource.reminded_for)).one() == days(3)
