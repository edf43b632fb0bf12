"""Coordinators enter, move and take out meetings; supporters see them on the call card (P20)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from flask_peersupport.access.roles import grant_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.clock import utc_now
from flask_peersupport.db import commit
from flask_peersupport.jobs import run_due
from flask_peersupport.outbox.models import Message
from flask_peersupport.reachouts.analysis import enter_meeting
from flask_peersupport.reachouts.answering import accept_request
from flask_peersupport.reachouts.contacting import note_contact
from flask_peersupport.reachouts.models import AnalysisMeeting, ReachOut, ReportRecord
from flask_peersupport.reachouts.states import AnalysisKind, ContactChannel, ContactOutcome
from flask_peersupport.reachouts.states import ContactKind as Kind
from flask_peersupport.values import Involved, Person
from tests.intake.conftest import STAFF, person, runtime
from tests.reachouts.conftest import COORDINATOR, Programme, anna
from tests.sessions.hospital import Browser, audited, working

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
#: Next July, so that the clock is ahead of UTC by two hours.
JULY = datetime(utc_now().year + 1, 7, 6, 12, 30, tzinfo=UTC)
FORM = {"kind": "analysis", "on": JULY.date().isoformat(), "at": "14:30"}


@pytest.fixture
def reach_out_id(programme: Programme) -> str:
    """The reach-out to Anna, after a calamity of today."""
    programme.report(anna("ask", "reporter"), due_at=utc_now())
    work_now(programme)
    with working(programme.app) as session:
        return programme.only_reach_out(session).id


def work_now(programme: Programme) -> None:
    """Do what is due by the clock on the wall, which pages go by."""
    with programme.app.app_context():
        run_due(runtime(programme.app), utc_now() + timedelta(seconds=1))


def known(programme: Programme) -> list[tuple[str, str, datetime]]:
    """Return kind, source and moment of the meetings, in order."""
    with working(programme.app) as session:
        rows = session.scalars(sa.select(AnalysisMeeting).order_by(AnalysisMeeting.takes_place_at))
        return [(row.kind.value, row.source.value, row.takes_place_at) for row in rows]


def only_id(programme: Programme) -> str:
    with working(programme.app) as session:
        return session.scalars(sa.select(AnalysisMeeting.id)).one()


def test_a_coordinator_enters_moves_and_takes_out(programme: Programme, reach_out_id: str) -> None:
    bram = Browser(programme)
    page = f"/reach-outs/{reach_out_id}"
    assert "No day is known yet." in bram.text(page)
    answer = bram.post(f"{page}/analysis", page, **FORM)
    assert (answer.status_code, answer.location) == (302, f"/peersupport{page}")
    assert known(programme) == [("analysis", "coordinator", JULY)]
    text = bram.text(page)
    assert "Noted. Everybody involved is told before and after" in text
    assert f"Analysis meeting: {JULY.astimezone(AMSTERDAM):%A} 6 July 14:30" in text
    meeting_id = only_id(programme)
    moved = {**FORM, "kind": "ruling", "at": "9.05"}
    assert bram.post(f"{page}/analysis/{meeting_id}", page, **moved).status_code == 302
    earlier = JULY.replace(hour=7, minute=5)
    assert known(programme) == [("ruling", "coordinator", earlier)]
    assert bram.post(f"{page}/analysis/{meeting_id}/cancel", page).status_code == 302
    assert known(programme) == []
    with working(programme.app) as session:
        did = ["analysis.entered", "analysis.moved", "analysis.cancelled"]
        assert audited(session, meeting_id) == did


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"kind": "lunch"}, "Choose what it is."),
        ({"on": ""}, "Fill in a day."),
        ({"on": "soon"}, "This is not a date."),
        ({"on": "9999-12-31"}, "This day is too long ago or too far ahead."),
        ({"on": f"{utc_now().year + 3}-01-01"}, "This day is too long ago or too far ahead."),
        ({"at": "25:00"}, "Fill in a time, such as 9:30."),
        ({"at": "9:5"}, "Fill in a time, such as 9:30."),
        ({"at": ""}, "Fill in a time, such as 9:30."),
        ({"on": "2027-03-28", "at": "02:30"}, "The clock goes forward and skips this time"),
        ({"on": "x\0" * 300}, "This is not a date."),
    ],
)
def test_what_cannot_be_right_is_said_at_its_field(
    small_programme: Programme, typed: dict[str, str], said: str
) -> None:
    small_programme.report(anna())
    small_programme.work()
    with working(small_programme.app) as session:
        reach_out_id = small_programme.only_reach_out(session).id
    bram = Browser(small_programme)
    page = f"/reach-outs/{reach_out_id}"
    answer = bram.post(f"{page}/analysis", page, **{**FORM, **typed})
    assert answer.status_code == 422
    assert len(re.findall(rf'class="ps-error"[^>]*>{re.escape(said)}', answer.text)) == 1
    for kept in {"on", "at"} - set(typed):
        assert f'name="{kept}" value="{FORM[kept]}"' in answer.text
    assert known(small_programme) == []


def test_the_same_day_twice_is_said(small_programme: Programme) -> None:
    small_programme.report(anna())
    small_programme.work()
    with working(small_programme.app) as session:
        page = f"/reach-outs/{small_programme.only_reach_out(session).id}"
    bram = Browser(small_programme)
    assert bram.post(f"{page}/analysis", page, **FORM).status_code == 302
    answer = bram.post(f"{page}/analysis", page, **{**FORM, "at": "16:00"})
    assert answer.status_code == 422
    assert "This is known already, for that day." in answer.text
    assert len(known(small_programme)) == 1


def test_a_meeting_of_another_report_is_absent(small_programme: Programme) -> None:
    small_programme.report(anna(), ref="1")
    small_programme.report(anna(), ref="2")
    small_programme.work()
    with working(small_programme.app) as session:
        first, second = session.scalars(sa.select(ReachOut)).all()
        pages = [f"/reach-outs/{one.id}" for one in (first, second)]
    bram = Browser(small_programme)
    bram.post(f"{pages[0]}/analysis", pages[0], **FORM)
    meeting_id = only_id(small_programme)
    for action in ("", "/cancel"):
        address = f"{pages[1]}/analysis/{meeting_id}{action}"
        assert bram.post(address, pages[1], **FORM).status_code == 404
    assert len(known(small_programme)) == 1


def test_whom_mail_does_not_reach_is_listed_to_be_called(programme: Programme) -> None:
    typed = Person("Karel Kort", phone="06 12345678", department="Ward 2")
    programme.report(Involved(typed, "no", "own"), anna("no", "own"))
    programme.work()
    with working(programme.app) as session:
        meeting_id = _enter(session, JULY)
        commit(session)
    page = Browser(programme).text(f"/analysis/{meeting_id}")
    assert "Karel Kort" in page
    assert 'href="tel:0612345678"' in page
    assert "No offer was made" in page
    assert "Anna" not in page
    with working(programme.app) as session:
        assert audited(session, meeting_id) == ["analysis.entered", "analysis.seen"]


def _enter(session: object, at: datetime) -> str:
    return enter_meeting(
        session,  # type: ignore[arg-type]
        session.scalars(sa.select(ReportRecord.id)).one(),  # type: ignore[attr-defined]
        kind=AnalysisKind.ANALYSIS,
        takes_place_at=at,
        actor=person(COORDINATOR),
        now=utc_now(),
    ).id


def test_a_coordinator_who_is_involved_sees_no_mail_about_it(small_programme: Programme) -> None:
    """Not the mails to others involved in the same report, nor those to coordinators."""
    with working(small_programme.app) as session:
        grant_role(session, "coordinator", person(STAFF.rosa), actor=COMMAND, now=utc_now())
        commit(session)
    typed = Person("Karel Kort", phone="06 12345678", department="Ward 2")
    small_programme.report(
        Involved(typed, "no", "own"), anna("no", "own"), Involved(person(STAFF.bram), "no", "own")
    )
    small_programme.work()
    with working(small_programme.app) as session:
        meeting_id = _enter(session, utc_now() + timedelta(days=1))
        commit(session)
    work_now(small_programme)
    with working(small_programme.app) as session:
        sent = session.scalars(sa.select(Message.template).order_by(Message.template)).all()
        assert sent == ["calls_once_more", "once_more", "once_more"]
    bram, rosa = Browser(small_programme), Browser(small_programme, STAFF.rosa)
    assert bram.get(f"/analysis/{meeting_id}").status_code == 404
    assert "once more" not in bram.text("/messages").lower()
    assert rosa.text("/messages").lower().count("once more") >= 3
    assert "Karel Kort" in rosa.text(f"/analysis/{meeting_id}")


@pytest.mark.parametrize(
    ("days", "is_shown", "kind"),
    [(9, True, "follow_up"), (2, True, "analysis"), (-7, True, "analysis"), (-8, False, None)],
)
def test_the_call_card_knows_the_day(
    programme: Programme, reach_out_id: str, days: int, is_shown: bool, kind: str | None
) -> None:
    now = utc_now()
    with working(programme.app) as session:
        request = programme.open_request(session)
        holder = request.supporter.record.person
        accept_request(session, request, actor=holder, now=now)
        _enter(session, now + timedelta(days=days))
        commit(session)
    card = Browser(programme, int(holder.user_id or 0))
    page = card.text(f"/reach-outs/{reach_out_id}")
    assert ("Analysis meeting: " in page) is is_shown
    assert 'name="kind" value="first"' in page, "before they have spoken it is the first contact"
    with working(programme.app) as session:
        reach_out = session.get_one(ReachOut, reach_out_id)
        note_contact(
            session,
            reach_out,
            happened_on=now.astimezone(AMSTERDAM).date(),
            channel=ContactChannel.PHONE,
            kind=Kind.FIRST,
            outcome=ContactOutcome.CONVERSATION,
            actor=holder,
            now=now,
        )
        commit(session)
    chosen = re.findall(r'name="kind" value="(\w+)"', card.text(f"/reach-outs/{reach_out_id}"))
    assert chosen == [kind or "follow_up"]


def test_the_link_in_the_mail_leads_to_ones_own_page(small_programme: Programme) -> None:
    anna_browser = Browser(small_programme, STAFF.anna)
    answer = anna_browser.client.get("/for-you")
    assert (answer.status_code, answer.location) == (302, "/peersupport/mine")
    stranger = small_programme.app.test_client()
    answer = stranger.get("/for-you", follow_redirects=True)
    assert answer.text == "sign in"
    assert stranger.post("/for-you").status_code == 405
