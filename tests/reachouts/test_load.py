"""What reach-outs tell of a supporter's load: taken, given back, kept (P30)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.db import commit
from flask_peersupport.reachouts.answering import accept_request
from flask_peersupport.reachouts.contacting import hand_back, note_contact
from flask_peersupport.reachouts.models import ReachOut
from flask_peersupport.reachouts.states import ContactChannel, ContactKind, ContactOutcome
from flask_peersupport.supporters.models import SupporterDeployment
from tests.intake.conftest import runtime
from tests.reachouts.conftest import NOW, Programme, anna


def months(session: orm.Session) -> list[tuple[str, str]]:
    """Return whose reach-outs were counted in which months."""
    rows = session.execute(sa.select(SupporterDeployment.supporter_id, SupporterDeployment.month))
    return [(row.supporter_id, row.month) for row in rows]


def taken(programme: Programme, session: orm.Session) -> ReachOut:
    programme.report(anna())
    programme.work()
    request = programme.open_request(session)
    reach_out = accept_request(session, request, actor=request.supporter.record.person, now=NOW)
    commit(session)
    return reach_out


def test_a_reach_out_taken_is_counted_in_its_month(programme: Programme) -> None:
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = taken(programme, session)
        assert months(session) == [(reach_out.supporter_id, NOW.strftime("%Y-%m"))]


@pytest.mark.parametrize("was_contacted", [False, True])
def test_one_given_back_counts_only_after_a_contact(
    programme: Programme, was_contacted: bool
) -> None:
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = taken(programme, session)
        assert reach_out.supporter is not None
        actor = reach_out.supporter.record.person
        if was_contacted:
            note_contact(
                session,
                reach_out,
                happened_on=NOW.date(),
                channel=ContactChannel.PHONE,
                kind=ContactKind.FIRST,
                outcome=ContactOutcome.NOT_REACHED,
                actor=actor,
                now=NOW,
            )
        # a month later: it is taken out of the month in which it was counted
        hand_back(session, reach_out, actor=actor, now=NOW + timedelta(days=40))
        commit(session)
        assert len(months(session)) == int(was_contacted)
