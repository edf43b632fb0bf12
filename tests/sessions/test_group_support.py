"""Support of a group: who may lead it, what they know, and who must not know of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.access.actor import Actor
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.clock import utc_now
from flask_peersupport.db import commit, new_id
from flask_peersupport.errors import InvalidInput, InvalidTransition
from flask_peersupport.intake.deleting import _set_aside
from flask_peersupport.outbox.models import Message
from flask_peersupport.reachouts.models import InvolvedRecord, ReportRecord
from flask_peersupport.sessions import group_support
from flask_peersupport.sessions.group_support import GroupPlan
from flask_peersupport.sessions.leaders import possible_leaders
from flask_peersupport.sessions.meeting_mails import barred_sessions
from flask_peersupport.sessions.models import Attendance, ProgrammeSession, SessionReach
from flask_peersupport.sessions.notices import tell_of_missing_trainer
from flask_peersupport.sessions.states import SessionKind, SessionState, TargetGroup
from flask_peersupport.supporters.declarations import declare, declare_department
from flask_peersupport.supporters.models import SupporterDepartment
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Involved, Person, Wish, WishBy
from flask_peersupport.vault.persons import store_person
from tests.intake.conftest import STAFF, person, runtime, supporter_of
from tests.reachouts.conftest import COORDINATOR, Programme, anna
from tests.sessions.hospital import (
    SUPPORTER,
    TRAINER,
    Browser,
    audited,
    counted,
    get_session,
    grant,
    working,
)

ALL_THREE = ["Selma Steun", "Sofie Steun", "Sven Steun"]


def report_in(session: orm.Session, ward: str | None = "Ward 1", kind: str = "calamity") -> Any:
    """Write a report down, in which Anna (Ward 2) is involved."""
    report = ReportRecord(
        id=new_id(),
        kind=kind,
        ref=new_id()[:8],
        department=ward,
        reported_at=utc_now(),
        received_at=utc_now(),
    )
    session.add(report)
    session.flush()
    involve(session, report, person(STAFF.anna), "Ward 2")
    commit(session)
    return report


def involve(session: orm.Session, report: ReportRecord, who: Person, ward: str | None) -> None:
    """Let somebody be involved in a report."""
    row = store_person(session, who, now=utc_now())
    session.add(
        InvolvedRecord(
            report_id=report.id,
            person_id=row.id,
            wish=Wish.ASK,
            wish_by=WishBy.REPORTER,
            department=ward,
        )
    )
    commit(session)


def leaders(session: orm.Session, report: ReportRecord) -> list[str]:
    """Return the names of those who may lead."""
    found = possible_leaders(session, report, now=utc_now())
    return [row.record.person.name for row in found.supporters]


def planned(session: orm.Session, *users: int, days: float = 2, place: str = "Room 4") -> GroupPlan:
    """Return a plan for a group, led by some of the supporters."""
    begin = utc_now() + timedelta(days=days)
    ids = frozenset(supporter_of(session, user).id for user in users or (SUPPORTER,))
    return GroupPlan(begin, begin + timedelta(hours=1), place, ids)


def who() -> dict[str, Any]:
    return {"actor": person(COORDINATOR), "now": utc_now()}


def support(session: orm.Session, report: ReportRecord, **values: Any) -> ProgrammeSession:
    """Plan support of a group."""
    found = group_support.plan_group_support(session, report, planned(session, **values), **who())
    commit(session)
    return found


def mails(session: orm.Session) -> list[tuple[str, str | None]]:
    """Return which mails there are, in order, and the user ids of their recipients."""
    found = []
    for message in session.scalars(sa.select(Message).order_by(Message.created_at)):
        if message.template.startswith(("group_", "session_")):
            row = session.get_one(group_support.PersonRecord, message.person_id)
            found.append((message.template, row.person.user_id))
    return sorted(found)


def test_nobody_leads_from_the_department_or_from_that_of_somebody_involved(
    programme: Programme,
) -> None:
    with working(programme.app) as session:
        assert leaders(session, report_in(session)) == ALL_THREE
        assert leaders(session, report_in(session, "Ward 9")) == ["Selma Steun"]
        assert leaders(session, report_in(session, "ward 8")) == ["Sofie Steun", "Sven Steun"]
        other = report_in(session)
        involve(session, other, Person("Eva", email="eva@hospital.example"), "Ward 8")
        assert leaders(session, other) == ["Sofie Steun", "Sven Steun"]


@pytest.mark.parametrize("ward", [None, "", "Nowhere"])
def test_a_department_that_is_not_known_fails_closed(programme: Programme, ward: str) -> None:
    with working(programme.app) as session:
        found = possible_leaders(session, report_in(session, ward), now=utc_now())
        assert (list(found.supporters), found.is_known) == ([], False)


def test_a_gap_among_those_involved_is_told(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        report = report_in(session)
        assert not possible_leaders(session, report, now=utc_now()).has_gaps
        involve(session, report, Person("Eva", email="eva@hospital.example"), None)
        found = possible_leaders(session, report, now=utc_now())
        assert (found.is_known, found.has_gaps) == (True, True)


def test_who_is_involved_or_bears_their_name_or_reported_it_does_not_lead(
    programme: Programme,
) -> None:
    with working(programme.app) as session:
        report = report_in(session)
        involve(session, report, person(STAFF.selma), "Ward 2")
        namesake = Person("sven steun", email="other@elsewhere.example")
        involve(session, report, namesake, "Ward 2")
        assert leaders(session, report) == ["Sofie Steun"]
        report.reporter_id = store_person(session, person(STAFF.sofie), now=utc_now()).id
        commit(session)
        session.expire(report)
        assert leaders(session, report) == []


def test_only_appointed_supporters_of_a_known_department_lead_who_have_not_paused(
    programme: Programme,
) -> None:
    with working(programme.app) as session:
        report = report_in(session)
        selma, sven, sofie = (
            supporter_of(session, user) for user in (STAFF.selma, STAFF.sven, STAFF.sofie)
        )
        selma.state = SupporterState.PAUSED
        sven.paused_until_on = utc_now().date() + timedelta(days=1)
        sofie.departments.append(SupporterDepartment(name="Gone", resolved="Ward 8"))
        commit(session)
        assert leaders(session, report) == []
        selma.state = SupporterState.RETIRED
        sven.paused_until_on = utc_now().date() - timedelta(days=2)
        sofie.departments.clear()
        commit(session)
        assert leaders(session, report) == ["Sven Steun"]
        sofie.is_external = True
        commit(session)
        assert leaders(session, report) == ["Sofie Steun", "Sven Steun"]


def test_a_declared_conflict_rules_out_leading(programme: Programme) -> None:
    with working(programme.app) as session:
        report, now = report_in(session), utc_now()
        ids = {user: supporter_of(session, user).id for user in (STAFF.selma, STAFF.sven)}
        declare(session, ids[STAFF.selma], person(STAFF.anna), "conflict", now)
        declare(session, ids[STAFF.sven], person(STAFF.anna), "workload", now)
        commit(session)
        assert leaders(session, report) == ["Sofie Steun", "Sven Steun"]
        declare_department(session, ids[STAFF.sven], "Ward 1", now)
        commit(session)
        assert leaders(session, report) == ["Sofie Steun"]


def test_a_planned_group_has_leaders_and_nobody_else(programme: Programme) -> None:
    with working(programme.app) as session:
        report = report_in(session)
        meeting = support(session, report, place="  Room  4 ")
        assert (meeting.kind, meeting.target) == (SessionKind.GROUP_SUPPORT, TargetGroup.NOBODY)
        assert (meeting.title, meeting.link, meeting.place) == (None, None, "Room 4")
        assert [row.record.person.user_id for row in meeting.trainers] == [str(SUPPORTER)]
        assert session.scalars(sa.select(Attendance)).all() == []
        assert mails(session) == [("group_support_planned", str(SUPPORTER))]
        assert audited(session, meeting.id) == [
            "group_support.planned",
            "group_support.leader_added",
        ]
        assert [row.id for row in group_support.groups_after(session, report)] == [meeting.id]
        supporter = supporter_of(session, SUPPORTER)
        assert (supporter.deployments, supporter.open_count) == (0, 0)


def test_the_database_keeps_texts_away_from_what_follows_a_report(programme: Programme) -> None:
    values = [
        {"title": "The fall of Mr X"},
        {"link": "https://example.org/mr-x"},
        {"accreditation_number": "Mr X"},
        {"target": TargetGroup.EVERYBODY},
        {"kind": SessionKind.LECTURE},
    ]
    with working(programme.app) as session:
        meeting_id = support(session, report_in(session)).id
        for wrong in values:
            with pytest.raises(sa.exc.DBAPIError):
                session.execute(
                    sa.update(ProgrammeSession)
                    .where(ProgrammeSession.id == meeting_id)
                    .values(wrong)
                )
            session.rollback()


def test_what_cannot_be_right_is_said_by_field(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        report = report_in(session, "Ward 8")
        good = planned(session, STAFF.sven)
        hour = timedelta(hours=1)
        wrong: list[tuple[str, GroupPlan]] = [
            ("ends", GroupPlan(good.starts_at, good.starts_at, "Room 4", good.leader_ids)),
            ("place", GroupPlan(good.starts_at, good.ends_at, " ", good.leader_ids)),
            ("place", GroupPlan(good.starts_at, good.ends_at, "x" * 81, good.leader_ids)),
            ("place", GroupPlan(good.starts_at, good.ends_at, "=1", good.leader_ids)),
            ("leader", GroupPlan(good.starts_at, good.ends_at, "Room 4", frozenset())),
            ("leader", GroupPlan(good.starts_at, good.ends_at, "Room 4", frozenset("abcdefg"))),
            ("leader", GroupPlan(good.starts_at, good.ends_at, "Room 4", frozenset({new_id()}))),
            ("leader", planned(session, STAFF.selma)),
            ("day", planned(session, STAFF.sven, days=-40)),
            ("day", planned(session, STAFF.sven, days=400)),
        ]
        assert good.ends_at - good.starts_at == hour
        for field, plan in wrong:
            with pytest.raises(InvalidInput) as error:
                group_support.plan_group_support(session, report, plan, **who())
            assert list(error.value.fields) == [field]
        assert group_support.groups_after(session, report) == []


def test_what_was_done_before_it_was_written_down_mails_nobody(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        support(session, report_in(session), days=-3)
        assert mails(session) == []


def test_a_change_tells_whom_it_concerns(programme: Programme) -> None:
    with working(programme.app) as session:
        meeting = support(session, report_in(session))
        before = mails(session)
        what = planned(session, STAFF.selma, STAFF.sven, place="Room 5")
        same_time = GroupPlan(meeting.starts_at, meeting.ends_at, "Room 5", what.leader_ids)
        group_support.change_group_support(session, meeting.id, same_time, **who())
        commit(session)
        added = [("group_support_planned", str(STAFF.sven))]
        assert mails(session) == sorted(before + added)
        assert (meeting.sequence, meeting.place) == (0, "Room 5")
        moved = planned(session, STAFF.sven, days=5)
        group_support.change_group_support(session, meeting.id, moved, **who())
        commit(session)
        gone = [("group_support_off", str(STAFF.selma)), *added]
        assert mails(session) == sorted(before + added + gone)
        assert get_session(session, meeting.id).sequence == 1
        assert len(meeting.trainers) == 1


def test_who_leads_goes_on_leading_although_they_would_not_be_chosen_now(
    small_programme: Programme,
) -> None:
    with working(small_programme.app) as session:
        meeting = support(session, report_in(session))
        supporter_of(session, SUPPORTER).state = SupporterState.PAUSED
        commit(session)
        group_support.change_group_support(
            session, meeting.id, planned(session, place="Room 5"), **who()
        )
        supporter_of(session, STAFF.sven).state = SupporterState.PAUSED
        with pytest.raises(InvalidInput, match="may not lead this"):
            group_support.change_group_support(
                session, meeting.id, planned(session, STAFF.selma, STAFF.sven), **who()
            )


def test_a_group_is_called_off_once(programme: Programme) -> None:
    with working(programme.app) as session:
        meeting = support(session, report_in(session))
        group_support.cancel_group_support(session, meeting.id, **who())
        commit(session)
        assert ("group_support_off", str(SUPPORTER)) in mails(session)
        with pytest.raises(InvalidTransition):
            group_support.cancel_group_support(session, meeting.id, **who())
        with pytest.raises(InvalidInput, match="called off"):
            group_support.change_group_support(session, meeting.id, planned(session), **who())


def test_a_report_that_the_host_deletes_leaves_the_group_without_a_link(
    programme: Programme,
) -> None:
    with working(programme.app) as session:
        report = report_in(session)
        meeting_id, ref = support(session, report).id, report.ref
        with programme.app.app_context():
            _set_aside(runtime(programme.app), session.connection(), report.kind, ref)
        commit(session)
    page = Browser(programme, SUPPORTER).text(f"/sessions/{meeting_id}")
    assert "Ward 1" in page
    assert ref not in page


def test_leaders_see_kind_and_department_and_no_more(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        report = report_in(session)
        meeting = support(session, report).id
        ref = report.ref
    page = Browser(small_programme, SUPPORTER).text(f"/sessions/{meeting}")
    for shown in ("calamity", "Ward 1", "Room 4"):
        assert shown in page
    for hidden in ("Anna", ref, report.id, "/group-support/", "Participants"):
        assert hidden not in page
    for other in (TRAINER, STAFF.sven, STAFF.anna):
        browser = Browser(small_programme, other)
        assert browser.get(f"/sessions/{meeting}").status_code == 404
        assert meeting not in browser.text("/sessions")
        assert browser.get(f"/sessions/{meeting}/reached").status_code == 404
        assert browser.get(f"/group-support/{meeting}").status_code == 404


def test_mail_to_leaders_says_when_and_neither_where_nor_of_whom(
    small_programme: Programme,
) -> None:
    from flask_peersupport.outbox.mails import MAILS

    with working(small_programme.app) as session:
        meeting = support(session, report_in(session))
        context = MAILS["group_support_planned"].context
        off = MAILS["group_support_off"].context
        assert context is not None
        assert off is not None
        made = context(session, meeting.id)
        assert made is not None
        assert (made.path, dict(made.values)) == (
            f"/sessions/{meeting.id}",
            {"starts_at": meeting.starts_at},
        )
        group_support.cancel_group_support(session, meeting.id, **who())
        assert context(session, meeting.id) is None
        gone = off(session, meeting.id)
        assert gone is not None
        assert list(gone.values) == ["starts_at"]
        assert off(session, new_id()) is None


def test_a_coordinator_plans_counts_changes_and_calls_off_on_pages(
    small_programme: Programme,
) -> None:
    programme = small_programme
    programme.report(anna(), Involved(person(STAFF.rosa), "no", "own"))
    programme.work()
    with working(programme.app) as session:
        report = session.scalars(sa.select(ReportRecord)).one().id
        reach_out = programme.only_reach_out(session).id
        selma = supporter_of(session, SUPPORTER).id
    browser = Browser(programme)
    at = f"/group-support/reports/{report}"
    assert at in browser.text(f"/reach-outs/{reach_out}")
    day = f"{utc_now() - timedelta(days=1):%Y-%m-%d}"
    wrong = browser.post(at, day="soon", begins="9", ends="10:00", place="", leader=selma)
    page = wrong.get_data(as_text=True)
    assert wrong.status_code == 422
    assert "This is not a date." in page
    assert "Fill in a time, such as 9:30." in page
    for far in ("0001-01-01", "9999-12-31"):
        wrong = browser.post(at, day=far, begins="09:00", ends="10:00", place="A", leader=selma)
        assert wrong.status_code == 422
        assert "This day is too long ago or too far ahead." in wrong.get_data(as_text=True)
    good = {"day": day, "begins": "9.00", "ends": "10:00", "place": "Room 4", "leader": selma}
    location = browser.post(at, **good).headers["Location"].removeprefix("/peersupport")
    meeting = location.removeprefix("/sessions/")
    assert browser.post(f"/group-support/{meeting}", **good | {"ends": "08:00"}).status_code == 422
    assert browser.post(f"/group-support/{meeting}", **good | {"place": "Hall"}).status_code == 302
    assert "Hall" in browser.text(location)
    assert meeting in browser.text(at)
    leader = Browser(programme, SUPPORTER)
    assert leader.post(f"{location}/reached", others="9").status_code == 302
    assert "9 people in the group" in leader.text(location)
    for wrong_count in ("-1", "x", "99999", "²"):
        assert leader.post(f"{location}/reached", others=wrong_count).status_code == 422
    assert leader.get(f"{location}/attendance").status_code == 404
    with working(programme.app) as session:
        assert get_session(session, meeting).state is SessionState.HELD
        assert [row.count for row in session.scalars(sa.select(SessionReach))] == [9]
    assert browser.post(f"/group-support/{meeting}/cancel", at).status_code == 409
    second = browser.post(at, **good).headers["Location"].removeprefix("/peersupport/sessions/")
    assert browser.post(f"/group-support/{second}/cancel", at).status_code == 302


@pytest.mark.parametrize("strange", ["%00", "x%00", "A" * 32, "é"])
def test_what_cannot_be_an_id_is_nothing(programme: Programme, strange: str) -> None:
    with working(programme.app) as session:
        report = report_in(session).id
    browser = Browser(programme)
    assert browser.get(f"/group-support/reports/{strange}").status_code == 404
    assert browser.get(f"/group-support/{strange}").status_code == 404
    at = f"/group-support/reports/{report}"
    day = f"{utc_now():%Y-%m-%d}"
    plan = {"day": day, "begins": "09:00", "ends": "10:00", "place": "A", "leader": "a\0b"}
    assert browser.post(at, **plan).status_code == 422


@pytest.mark.parametrize("kind", ["complaint", "disciplinary"])
def test_cases_of_one_person_have_no_group(small_programme: Programme, kind: str) -> None:
    with working(small_programme.app) as session:
        report = report_in(session, kind=kind).id
    assert Browser(small_programme).get(f"/group-support/reports/{report}").status_code == 404


def test_who_is_involved_meets_the_group_nowhere(programme: Programme) -> None:
    """A coordinator, a namesake, a leader, a board member: in no list, page, mail or figure."""
    grant(programme, "coordinator", STAFF.anna)
    with working(programme.app) as session:
        report = report_in(session)
        meeting = support(session, report, days=-1).id
        coming = support(session, report).id
        session.add(SessionReach(session_id=meeting, reached="others", count=7))
        get_session(session, meeting).state = SessionState.HELD
        commit(session)
    bram, anna_here = Browser(programme), Browser(programme, STAFF.anna)
    assert meeting in bram.text("/sessions?period=past")
    assert coming in bram.text("/sessions")
    assert coming in bram.text(f"/group-support/reports/{report.id}")
    assert "Support of a group planned" in bram.text("/messages")
    for address in ("/sessions", "/sessions?period=past", "/messages", "/"):
        page = anna_here.text(address)
        for hidden in (meeting, coming, "Support of a group planned"):
            assert hidden not in page, address
    for address in (
        f"/sessions/{meeting}",
        f"/sessions/{meeting}/reached",
        f"/group-support/{meeting}",
        f"/group-support/reports/{report.id}",
        f"/sessions/{meeting}.ics",
    ):
        assert anna_here.get(address).status_code == 404, address
        assert Browser(programme).get(address).status_code in (200, 404)
    for browser, seen in ((bram, True), (anna_here, False)):
        assert (">7<" in browser.text("/sessions/reached")) is seen
    with working(programme.app) as session:
        involve(session, report, person(STAFF.selma), "Ward 2")
    assert Browser(programme, STAFF.selma).get(f"/sessions/{coming}").status_code == 404


def test_a_leader_who_leaves_is_told_to_no_coordinator_who_is_involved(
    small_programme: Programme,
) -> None:
    grant(small_programme, "coordinator", STAFF.anna)
    with working(small_programme.app) as session:
        meeting = support(session, report_in(session))
        leaving = meeting.trainers[0].person_id
        tell_of_missing_trainer(session, meeting, leaving_id=leaving, now=utc_now())
        told = [user for template, user in mails(session) if template == "session_needs_trainer"]
        assert told == [str(COORDINATOR)]


def test_a_barred_coordinator_does_not_see_that_mail_went_out(programme: Programme) -> None:
    with working(programme.app) as session:
        meeting = support(session, report_in(session)).id
        for user, hidden in ((STAFF.anna, [meeting]), (STAFF.bram, [])):
            actor = Actor(person(user), frozenset({"coordinator"}), ())
            assert list(barred_sessions(session, actor, [meeting, new_id()])) == hidden


def test_the_form_takes_as_many_statements_for_one_supporter_as_for_thirty(
    small_programme: Programme,
) -> None:
    from flask_peersupport.supporters.actions import SupporterDetails, add_supporter

    with working(small_programme.app) as session:
        report = report_in(session).id
    browser = Browser(small_programme)
    address = f"/group-support/reports/{report}"
    browser.text(address)
    with counted(small_programme.app) as few:
        browser.text(address)
    with working(small_programme.app) as session:
        for number in range(30):
            add_supporter(
                session,
                Person(f"Steun {number}", email=f"s{number}@hospital.example"),
                SupporterDetails(departments=("Ward 9",)),
                state=SupporterState.APPOINTED,
                actor=COMMAND,
                now=utc_now(),
            )
        commit(session)
    with counted(small_programme.app) as many:
        browser.text(address)
    assert len(many) == len(few)
