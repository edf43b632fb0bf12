"""From the letter on they are matched (P26)."""

from __future__ import annotations

import sqlalchemy as sa

from flask_peersupport.db import commit
from flask_peersupport.reachouts.models import ReachOut, SupportRequest
from flask_peersupport.supporters.actions import SupporterDetails, add_supporter, move_supporter
from flask_peersupport.supporters.appointing import appoint_supporters
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from tests.intake.conftest import DEPARTMENTS, person, runtime
from tests.reachouts.conftest import COORDINATOR, NOW, Programme, anna
from tests.reachouts.conftest import programme as programme

S = SupporterState


def test_nobody_is_asked_before_the_letter_and_the_new_one_after_it(programme: Programme) -> None:
    bram = person(COORDINATOR)
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        for supporter in session.scalars(sa.select(Supporter)):
            move_supporter(session, supporter, S.RETIRED, actor=bram, now=NOW)
        new = add_supporter(
            session,
            Person("Nieuwe", email="nieuwe@hospital.example", user_id="99"),
            SupporterDetails(departments=(DEPARTMENTS[-1],), is_asked_at_night=True),
            state=S.TRAINED,
            actor=bram,
            now=NOW,
        )
        new_id = new.id
        commit(session)

    programme.report(anna(), ref="before")
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        assert programme.only_reach_out(session).state == "needs_coordinator"
        assert session.scalar(sa.select(sa.func.count()).select_from(SupportRequest)) == 0
        appoint_supporters(session, [new_id], appointed_on=NOW.date(), actor=bram, now=NOW)
        commit(session)

    programme.report(anna(), ref="after")
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        assert programme.open_request(session).supporter_id == new_id
        states = session.scalars(sa.select(ReachOut.state).order_by(ReachOut.state))
        assert sorted(states) == ["asking", "needs_coordinator"]
