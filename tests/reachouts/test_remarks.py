"""Supporters' remarks: bare counts, complete under concurrency, and no trace of who or when."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
import sqlalchemy as sa

from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.db import Base, commit
from flask_peersupport.reachouts import remarks
from flask_peersupport.reachouts.answering import accept_request
from flask_peersupport.reachouts.models import Remark
from flask_peersupport.reachouts.remarks import collected_remarks, note_remark, take_remarks
from flask_peersupport.reachouts.states import RemarkCode
from tests.intake.conftest import STAFF, engine_of
from tests.reachouts.conftest import COORDINATOR, NOW, Programme, anna
from tests.sessions.hospital import Browser, working

CODES = RemarkCode


def test_remarks_are_counted_until_they_are_taken(programme: Programme) -> None:
    with working(programme.app) as session:
        assert take_remarks(session) == {}
        for code in (CODES.POOR_MATCH, CODES.TOO_LATE, CODES.POOR_MATCH):
            note_remark(session, code)
        assert collected_remarks(session) == {CODES.TOO_LATE: 1, CODES.POOR_MATCH: 2}
        assert take_remarks(session) == {CODES.TOO_LATE: 1, CODES.POOR_MATCH: 2}
        assert collected_remarks(session) == {}
        note_remark(session, CODES.POOR_MATCH)
        assert take_remarks(session) == {CODES.POOR_MATCH: 1}


def test_who_takes_what_somebody_else_has_just_taken_gets_nothing(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    with working(programme.app) as session:
        note_remark(session, CODES.TOO_LATE)
        with monkeypatch.context() as patched:
            patched.setattr(remarks, "collected_remarks", lambda session: {CODES.TOO_LATE: 3})
            assert take_remarks(session) == {}
        assert collected_remarks(session) == {CODES.TOO_LATE: 1}


def test_a_counter_never_falls_below_zero(programme: Programme) -> None:
    with working(programme.app) as session, pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.insert(Remark).values(code=CODES.TOO_LATE, count=-1))


def test_many_who_tick_and_take_at_once_lose_and_double_nothing(programme: Programme) -> None:
    taken: Counter[RemarkCode] = Counter()
    faults: list[Exception] = []
    barrier = threading.Barrier(12)

    def work(number: int) -> None:
        barrier.wait()
        try:
            for _ in range(3):
                with working(programme.app) as session:
                    if number % 4:
                        note_remark(session, CODES.TOO_LATE)
                        found = {}
                    else:
                        found = dict(take_remarks(session))
                    commit(session)
                taken.update(found)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with working(programme.app) as session:
        left = collected_remarks(session).get(CODES.TOO_LATE, 0)
    assert taken[CODES.TOO_LATE] + left == 27


def test_the_supporter_who_has_it_ticks_on_the_call_card(small_programme: Programme) -> None:
    programme = small_programme
    programme.report(anna())
    programme.work()
    with working(programme.app) as session:
        request = programme.open_request(session)
        holder = int(request.supporter.record.person.user_id or 0)
        accept_request(session, request, actor=request.supporter.record.person, now=NOW)
        commit(session)
        at = f"/reach-outs/{request.reach_out_id}"
    browser = Browser(programme, holder)
    browser.text(at)
    with working(programme.app) as session:
        before = session.scalars(sa.select(AuditEntry.id)).all()
    assert browser.post(f"{at}/remark", at, code="poor_match").status_code == 302
    assert browser.post(f"{at}/remark", at, code="nonsense").status_code == 422
    assert "What can the programme do better?" in browser.text(at)
    other = next(user for user in (STAFF.selma, STAFF.sven) if user != holder)
    for user in (COORDINATOR, other):
        form = at if user == COORDINATOR else "/supporters/me"
        assert (
            Browser(programme, user).post(f"{at}/remark", form, code="too_late").status_code == 404
        )
    with working(programme.app) as session:
        assert collected_remarks(session) == {CODES.POOR_MATCH: 1}
        new = session.scalars(
            sa.select(AuditEntry.action).where(AuditEntry.id.not_in(before))
        ).all()
        assert not [action for action in new if "remark" in action]


def test_a_tick_changes_one_counter_and_nothing_else(small_programme: Programme) -> None:
    """Two dumps, before and after: all that differs is a number."""

    def dump() -> dict[str, list[tuple[object, ...]]]:
        with engine_of(small_programme.app).connect() as connection:
            return {
                name: [tuple(row) for row in connection.execute(sa.select(table))]
                for name, table in Base.metadata.tables.items()
            }

    before = dump()
    with working(small_programme.app) as session:
        note_remark(session, CODES.TOO_LATE)
        commit(session)
    after = dump()
    changed = {name: rows for name, rows in after.items() if rows != before[name]}
    assert changed == {"peersupport_remark": [(CODES.TOO_LATE, 1)]}
