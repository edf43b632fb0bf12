"""A report that came in late shows its delay wherever somebody works with it (P2)."""

from __future__ import annotations

from datetime import timedelta

from flask_peersupport.clock import utc_now
from flask_peersupport.db import commit
from flask_peersupport.reachouts.answering import accept_request
from tests.reachouts.conftest import Programme, anna
from tests.sessions.hospital import Browser, working

DELAY = "came in 5 days after the event"


def test_the_delay_is_seen_from_the_queue_to_the_call_card(small_programme: Programme) -> None:
    small_programme.report(anna("ask", "reporter"), kind="incident", due_at=utc_now())
    small_programme.work()
    with working(small_programme.app) as session:
        request = small_programme.open_request(session)
        report = request.reach_out.report
        assert report is not None
        report.received_at = report.reported_at = utc_now()
        report.occurred_at = report.received_at - timedelta(days=5)
        request.answer_due_at = utc_now() + timedelta(hours=1)
        asked, request_id, reach_out_id = request.supporter, request.id, request.reach_out_id
        supporter = Browser(small_programme, int(asked.record.person.user_id or 0))
        commit(session)
    bram = Browser(small_programme)
    assert DELAY in bram.text("/queue")
    assert DELAY in bram.text(f"/reach-outs/{reach_out_id}")
    assert DELAY in supporter.text(f"/requests/{request_id}")
    with working(small_programme.app) as session:
        request = small_programme.open_request(session)
        actor = request.supporter.record.person
        accept_request(session, request, actor=actor, now=utc_now())
        commit(session)
    card = supporter.text(f"/reach-outs/{reach_out_id}")
    assert DELAY in card
    assert "It happened some time ago, on " in card
