"""A colleague who is erased from a report is somebody still where a session needs them."""

from __future__ import annotations

from flask_peersupport.clock import utc_now
from flask_peersupport.db import commit
from flask_peersupport.reachouts.erasing import erase_colleague
from flask_peersupport.sessions.models import Attendance
from flask_peersupport.sessions.states import SessionKind, TargetGroup
from flask_peersupport.vault.persons import find_persons
from tests.intake.conftest import STAFF, person
from tests.reachouts.conftest import Programme, anna
from tests.sessions.hospital import begun, get_session, working
from tests.sessions.planned import give_place


def test_a_colleague_who_is_erased_keeps_the_place_they_have_in_a_session(
    programme: Programme,
) -> None:
    programme.report(anna())
    programme.work()
    with working(programme.app) as session:
        lecture = begun(session, SessionKind.LECTURE, target=TargetGroup.EVERYBODY)
        place = give_place(session, get_session(session, lecture), person(STAFF.anna)).id
        for row in find_persons(session, person(STAFF.anna), utc_now()):
            row.is_lasting = False
        erase_colleague(session, programme.only_reach_out(session).involved)
        commit(session)
        attendance = session.get_one(Attendance, place, populate_existing=True)
        assert attendance.record.person.name == "Anna Vos"
