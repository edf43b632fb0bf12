"""What follow-up meetings come to: points, decisions, the directory, and supporters' remarks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.audit.record import COMMAND
from flask_peersupport.clock import utc_now
from flask_peersupport.db import Base, commit
from flask_peersupport.errors import InvalidInput
from flask_peersupport.reachouts.remarks import collected_remarks, note_remark
from flask_peersupport.reachouts.states import RemarkCode
from flask_peersupport.sessions.directory_decision import decide_in_meeting
from flask_peersupport.sessions.models import Resolution
from flask_peersupport.sessions.policy import standing_of
from flask_peersupport.sessions.resolutions import (
    LONGEST,
    ResolutionDetails,
    add_resolution,
    change_resolution,
    finish_resolution,
    remarks_of,
    reopen_resolution,
    resolutions_of,
    resolutions_page,
    take_up_remarks,
)
from flask_peersupport.sessions.states import SessionKind, SessionState
from flask_peersupport.supporters.directory import directory_mode
from flask_peersupport.supporters.directory_rules import DirectoryMode
from tests.intake.conftest import STAFF, person
from tests.reachouts.conftest import COORDINATOR, Programme
from tests.sessions.hospital import (
    SUPPORTER,
    TRAINER,
    Browser,
    audited,
    begun,
    counted,
    get_session,
    held,
    working,
)

MEETING = SessionKind.FOLLOW_UP_MEETING


def who() -> dict[str, Any]:
    return {"actor": COMMAND, "now": utc_now()}


def agree(session: orm.Session, meeting_id: str, text: str, **details: Any) -> Resolution:
    meeting = get_session(session, meeting_id)
    found = add_resolution(session, meeting, ResolutionDetails(text, **details), **who())
    commit(session)
    return found


def test_a_point_is_noted_changed_done_and_opened_again(programme: Programme) -> None:
    with working(programme.app) as session:
        point = agree(
            session, held(session, MEETING), "  Call\n earlier ", due_on=date(2026, 12, 1)
        )
        assert (point.text, point.is_decision, point.owner) == ("Call earlier", False, None)
        details = ResolutionDetails("Call at once", is_decision=True, owner=person(SUPPORTER))
        change_resolution(session, point, details, **who())
        assert (point.text, point.is_decision, point.due_on) == ("Call at once", True, None)
        assert point.owner is not None
        assert point.owner.person.name == "Selma Steun"
        assert point.owner.is_lasting
        for _ in range(2):
            finish_resolution(session, point, date(2026, 11, 30), **who())
        assert point.done_on == date(2026, 11, 30)
        for _ in range(2):
            reopen_resolution(session, point, **who())
        assert point.done_on is None
        assert audited(session, point.id) == [
            f"resolution.{what}" for what in ("added", "changed", "done", "reopened")
        ]


@pytest.mark.parametrize("text", ["", " \n ", "x" * (LONGEST + 1), "=1+1", "a\x00b"])
def test_a_point_is_a_sentence(small_programme: Programme, text: str) -> None:
    with working(small_programme.app) as session:
        meeting = get_session(session, held(session, MEETING))
        with pytest.raises(InvalidInput) as error:
            add_resolution(session, meeting, ResolutionDetails(text), **who())
        assert list(error.value.fields) == ["text"]


@pytest.mark.parametrize(
    ("kind", "state", "hours"),
    [
        (SessionKind.INTERVISION, SessionState.HELD, -1),
        (MEETING, SessionState.CANCELLED, -1),
        (MEETING, SessionState.PLANNED, 1),
    ],
)
def test_only_a_follow_up_meeting_that_has_begun_agrees(
    small_programme: Programme, kind: SessionKind, state: SessionState, hours: int
) -> None:
    with working(small_programme.app) as session:
        now = utc_now()
        cancelled_at = now if state is SessionState.CANCELLED else None
        begin = now + timedelta(hours=hours)
        meeting = begun(session, kind, begin=begin, state=state, cancelled_at=cancelled_at)
        note_remark(session, RemarkCode.TOO_LATE)
        commit(session)
        with pytest.raises(InvalidInput):
            agree(session, meeting, "Call earlier")
        with pytest.raises(InvalidInput):
            take_up_remarks(session, meeting, actor=COMMAND, now=now)
        with pytest.raises(InvalidInput):
            decide_in_meeting(session, meeting, DirectoryMode.ALL, actor=COMMAND, now=now)
        assert collected_remarks(session) == {RemarkCode.TOO_LATE: 1}


def test_open_ones_come_by_the_day_they_are_due_done_ones_the_latest_first(
    programme: Programme,
) -> None:
    with working(programme.app) as session:
        meeting = held(session, MEETING)
        dues = {"late": date(2026, 1, 1), "soon": date(2027, 1, 1), "once": None}
        points = {text: agree(session, meeting, text, due_on=due) for text, due in dues.items()}
        for number, text in enumerate(("first", "second")):
            points[text] = agree(session, meeting, text)
            finish_resolution(session, points[text], date(2026, 5, 1 + number), **who())
        actor = standing_of(session, _actor(session, COORDINATOR), utc_now())

        def texts(**chosen: Any) -> list[str]:
            return [row.text for row, *_ in resolutions_page(session, actor, **chosen)[0]]

        assert texts(is_done=False) == ["late", "soon", "once"]
        assert texts(is_done=True) == ["second", "first"]
        assert texts(is_done=False, offset=2) == ["once"]
        assert texts(is_done=False, owner_ids=()) == []


def _actor(session: orm.Session, user_id: int) -> Any:
    from flask_peersupport.access.actor import Actor

    return Actor(person(user_id), frozenset({"coordinator"}), ())


def test_remarks_are_taken_up_by_a_meeting_and_counted_anew(programme: Programme) -> None:
    with working(programme.app) as session:
        first, second = held(session, MEETING), held(session, MEETING)
        for code in (RemarkCode.POOR_MATCH, RemarkCode.TOO_LATE, RemarkCode.POOR_MATCH):
            note_remark(session, code)
            commit(session)
        assert collected_remarks(session) == {RemarkCode.TOO_LATE: 1, RemarkCode.POOR_MATCH: 2}
        take_up_remarks(session, first, **who())
        commit(session)
        assert collected_remarks(session) == {}
        note_remark(session, RemarkCode.POOR_MATCH)
        commit(session)
        take_up_remarks(session, first, **who())
        commit(session)
        assert take_up_remarks(session, second, **who()) == {}
        assert remarks_of(session, get_session(session, first)) == {
            RemarkCode.TOO_LATE: 1,
            RemarkCode.POOR_MATCH: 3,
        }
        assert remarks_of(session, get_session(session, second)) == {}
        assert audited(session, first) == ["remarks.taken_up"] * 2
        assert audited(session, second) == []


def test_what_is_counted_keeps_no_trace_of_who_ticked_it() -> None:
    columns = {column.name for column in Base.metadata.tables["peersupport_remark"].columns}
    assert columns == {"code", "count"}


def test_the_group_decides_about_its_directory_in_a_meeting_that_was_held(
    programme: Programme,
) -> None:
    with working(programme.app) as session:
        planned, meeting = begun(session, MEETING), held(session, MEETING)
        with pytest.raises(InvalidInput, match="Note first who came"):
            decide_in_meeting(session, planned, DirectoryMode.ALL, **who())
        assert directory_mode(session) is DirectoryMode.CLOSED
        decide_in_meeting(session, meeting, DirectoryMode.OPT_IN, **who())
        commit(session)
        assert directory_mode(session) is DirectoryMode.OPT_IN
        (row,) = resolutions_of(session, get_session(session, meeting))
        assert row.is_decision
        assert row.text.startswith("The directory: everybody sees")
        assert row.done_on is not None


def test_the_meeting_has_a_page_for_what_it_agrees(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        meeting = held(session, MEETING)
        note_remark(session, RemarkCode.WRONG_NUMBER)
        commit(session)
    at = f"/sessions/{meeting}/resolutions"
    browser = Browser(small_programme, TRAINER)
    wrong = browser.post(at, text="", owner="Nobody Atall", due_on="soon")
    page = wrong.get_data(as_text=True)
    assert wrong.status_code == 422
    assert "Nobody in the directory is called “Nobody Atall”." in page
    assert "This is not a date." in page
    sent = {"text": "Put numbers right", "kind": "decision", "due_on": "2026-01-01"}
    assert browser.post(at, owner="selma steun", **sent).status_code == 302
    assert browser.post(at, text="Ask Anna", owner="anna.vos@hospital.example").status_code == 302
    assert browser.post(f"/sessions/{meeting}/remarks", at).status_code == 302
    assert browser.post(f"/sessions/{meeting}/directory", at).status_code == 422
    assert browser.post(f"/sessions/{meeting}/directory", at, mode="all").status_code == 302
    page = Browser(small_programme, SUPPORTER).text(f"/sessions/{meeting}")
    assert "Put numbers right" in page
    assert "the number was wrong" in page
    assert "Note what was agreed" not in page
    assert Browser(small_programme, SUPPORTER).get(at).status_code == 404
    with working(small_programme.app) as session:
        assert directory_mode(session) is DirectoryMode.ALL
        owners = {row.text: row.owner for row in session.scalars(sa.select(Resolution))}
        assert {text: owner and owner.person.user_id for text, owner in owners.items()} == {
            "Put numbers right": str(SUPPORTER),
            "Ask Anna": str(STAFF.anna),
            "The directory: everybody sees all supporters, but for those who step out.": None,
        }


def test_the_list_is_read_by_supporters_and_done_by_owners(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        meeting = held(session, MEETING)
        mine = agree(session, meeting, "Hers", owner=person(SUPPORTER), due_on=date(2026, 1, 1)).id
        annas = agree(session, meeting, "Of Anna", owner=person(STAFF.anna)).id
    address = "/sessions/resolutions"
    supporter, anna = (Browser(small_programme, user) for user in (SUPPORTER, STAFF.anna))
    page = supporter.text(address)
    assert "Hers" in page
    assert "Of Anna" in page
    assert "late" in page
    assert f"{address}/{mine}/done" in page
    assert f"{address}/{annas}/done" not in page
    assert supporter.post(f"{address}/{annas}/done", address).status_code == 404
    assert supporter.get(f"{address}/{mine}").status_code == 404
    assert supporter.post(f"{address}/{mine}/done", address).status_code == 302
    assert "Hers" in supporter.text(f"{address}?show=done")
    assert "Hers" not in supporter.text(address)
    assert supporter.post(f"{address}/{mine}/reopen", f"{address}?show=done").status_code == 302
    # who is neither supporter nor trainer reads what they see to, and no more
    page = anna.text(address)
    assert "Of Anna" in page
    assert "Hers" not in page
    assert "What the group agreed" in anna.text("/")
    assert Browser(small_programme, STAFF.bram).text(address).count("/done") >= 2
    trainer = Browser(small_programme, TRAINER)
    assert "Of Anna" in trainer.text(f"{address}/{annas}")
    assert trainer.post(f"{address}/{annas}", text="Of all").status_code == 302
    assert trainer.post(f"{address}/{annas}", text="").status_code == 422
    # now nobody in particular sees to it
    assert anna.get(address).status_code == 404
    with working(small_programme.app) as session:
        assert audited(session).count("resolutions.seen") == 8
        finish_resolution(session, session.get_one(Resolution, mine), date(2026, 2, 2), **who())


@pytest.mark.parametrize("strange", ["%00", "x%00"])
def test_what_cannot_be_an_id_is_no_resolution(programme: Programme, strange: str) -> None:
    browser = Browser(programme, TRAINER)
    assert browser.get(f"/sessions/resolutions/{strange}").status_code == 404


def test_the_lists_take_as_many_statements_for_one_point_as_for_thirty(
    small_programme: Programme,
) -> None:
    with working(small_programme.app) as session:
        meeting = held(session, MEETING)
    browser = Browser(small_programme)
    addresses = (
        "/sessions/resolutions",
        f"/sessions/{meeting}",
        f"/sessions/{meeting}/resolutions",
    )

    def add(numbers: range) -> None:
        with working(small_programme.app) as session:
            for number in numbers:
                agree(session, meeting, f"Point {number}", owner=person(SUPPORTER))

    def count() -> list[int]:
        found = []
        for address in addresses:
            browser.text(address)
            with counted(small_programme.app) as statements:
                browser.text(address)
            found.append(len(statements))
        return found

    add(range(1))
    few = count()
    add(range(1, 30))
    assert count() == few
