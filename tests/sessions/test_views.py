"""The pages of sessions: who sees what, what is said, and how many statements it takes."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.db import commit
from flask_peersupport.reachouts.models import InvolvedRecord, ReportRecord
from flask_peersupport.sessions.models import Attendance, ProgrammeSession
from flask_peersupport.sessions.policy import standing_of, visible_sessions
from flask_peersupport.sessions.signing_up import add_participant, sign_up
from flask_peersupport.sessions.states import SessionKind, SessionState, TargetGroup
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.vault.persons import store_person
from tests.sessions.staff import (
    DAY,
    TRAINER,
    actor_of,
    add_record,
    colleague,
    hire,
    places,
    plan,
    plan_series,
)
from tests.sessions.staff import Reader as Visitor
from tests.supporters.conftest import NOW, counted
from tests.supporters.host import COORDINATOR, NURSE, SURGEON

ONE, TWO, THREE = (colleague(number) for number in range(1, 4))
FORM = {
    "kind": "training",
    "day": DAY.isoformat(),
    "begins": "09:00",
    "ends": "10.30",
    "trainer": "50",
    "target": "everybody",
}


@pytest.fixture(autouse=True)
def clock(request: pytest.FixtureRequest) -> Any:
    """Stop the clock at NOW, and let the host know everybody."""
    for name in ("app", "small_app"):
        if name in request.fixturenames:
            hire(request.getfixturevalue(name), ONE, TWO, THREE)
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def text_of(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def ids_on(visitor: Visitor, address: str = "/sessions") -> list[str]:
    page = visitor.get(address).get_data(as_text=True)
    return re.findall(r'ps-item-link" href="/peersupport/sessions/([0-9a-f]{32})"', page)


def plan_each(session: orm.Session) -> dict[str, str]:
    """Plan one session for each target group, of one hour each."""
    return {
        target.value: plan(
            session, target=target, day=DAY + timedelta(days=number), trainers=(TRAINER,)
        ).id
        for number, target in enumerate(TargetGroup)
    }


def test_each_sees_the_sessions_that_are_for_them(
    small_app: Flask, small_session: orm.Session
) -> None:
    ids = plan_each(small_session)
    add_record(small_session, ONE)
    add_record(small_session, TWO, SupporterState.INVITED)
    seen = {
        ONE: {"supporters", "candidates", "everybody"},
        TWO: {"candidates", "everybody"},
        THREE: {"everybody"},
        TRAINER: set(ids),
        COORDINATOR: set(ids),
    }
    for person, targets in seen.items():
        visitor = Visitor(small_app, person)
        assert set(ids_on(visitor)) == {ids[target] for target in targets}, person.name
        for target, session_id in ids.items():
            status = visitor.get(f"/sessions/{session_id}").status_code
            assert status == (200 if target in targets else 404), (person.name, target)


def test_who_was_put_on_a_list_by_hand_sees_that_session(
    small_app: Flask, small_session: orm.Session
) -> None:
    planned = plan(small_session, target=TargetGroup.SUPPORTERS).id
    add_participant(small_session, planned, THREE, actor=TRAINER, now=NOW)
    commit(small_session)
    visitor = Visitor(small_app, THREE)
    assert ids_on(visitor) == [planned]
    answer = visitor.post(f"/sessions/{planned}/withdraw", f"/sessions/{planned}")
    assert answer.headers["Location"].endswith("/peersupport/sessions")
    assert visitor.get(f"/sessions/{planned}").status_code == 404
    assert visitor.send(f"/sessions/{planned}/sign-up").status_code in (400, 404)


def test_group_support_is_for_who_leads_it_and_for_coordinators_who_are_not_involved(
    session: orm.Session, app: Flask
) -> None:
    report = ReportRecord(
        kind="calamity", ref="1", department="Ward 1", reported_at=NOW, received_at=NOW
    )
    session.add(report)
    session.flush()
    group = ProgrammeSession(
        kind=SessionKind.GROUP_SUPPORT,
        state=SessionState.PLANNED,
        target=TargetGroup.NOBODY,
        starts_at=NOW + timedelta(days=1),
        ends_at=NOW + timedelta(days=1, hours=1),
        created_at=NOW,
        report_id=report.id,
    )
    session.add(group)
    commit(session)

    def sees(person: Any, *roles: str) -> bool:
        standing = standing_of(session, actor_of(session, person, *roles), NOW)
        statement = sa.select(ProgrammeSession.id).where(visible_sessions(standing))
        return session.scalar(statement) is not None

    assert sees(COORDINATOR, "coordinator")
    assert not sees(TRAINER, "trainer")
    assert not sees(ONE)
    involved = InvolvedRecord(
        report_id=report.id,
        record=store_person(session, COORDINATOR, now=NOW),
        wish="ask",
        wish_by="reporter",
    )
    session.add(involved)
    commit(session)
    assert not sees(COORDINATOR, "coordinator"), "who is involved in the report"


def test_participants_see_no_names_and_trainers_do(
    small_app: Flask, small_session: orm.Session
) -> None:
    planned = plan(small_session, capacity=2, link="https://meet.example/x").id
    for person in (ONE, TWO):
        sign_up(small_session, planned, actor=person, now=NOW)
        commit(small_session)
    page = Visitor(small_app, THREE).get(f"/sessions/{planned}").get_data(as_text=True)
    assert ONE.name not in page
    assert TWO.name not in page
    assert "meet.example" not in page, "the link is for those who come"
    assert "full, there is a waiting list" in page
    own = Visitor(small_app, ONE).get(f"/sessions/{planned}").get_data(as_text=True)
    assert TWO.name not in own
    assert "meet.example" in own
    listed = Visitor(small_app, TRAINER).get(f"/sessions/{planned}").get_data(as_text=True)
    assert ONE.name in listed
    assert TWO.name in listed
    actions = small_session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-3:] == ["session.seen", "session.seen", "session.list_seen"]


def test_signing_up_waiting_and_signing_off(small_app: Flask, small_session: orm.Session) -> None:
    planned = plan(small_session, capacity=1).id
    page = f"/sessions/{planned}"
    first, second = Visitor(small_app, ONE), Visitor(small_app, TWO)
    assert first.post(f"{page}/sign-up", page).status_code == 302
    assert "signed up" in text_of(first.get(page))
    assert second.post(f"{page}/sign-up", page).status_code == 302
    assert "You are the first on the waiting list." in text_of(second.get(page))
    assert first.post(f"{page}/withdraw", page).status_code == 302
    assert places(small_session, planned) == [
        (1, "withdrawn", ONE.name),
        (2, "signed_up", TWO.name),
    ]


def test_a_double_booking_is_asked_about_on_the_page(
    small_app: Flask, small_session: orm.Session
) -> None:
    first = plan(small_session).id
    second = plan(small_session, trainers=(NURSE,)).id
    visitor = Visitor(small_app, ONE)
    visitor.post(f"/sessions/{first}/sign-up", f"/sessions/{first}")
    answer = visitor.post(f"/sessions/{second}/sign-up", f"/sessions/{second}")
    assert answer.status_code == 422
    assert "You have another session then: training, 14 Apr 2026 09:00." in text_of(answer)
    assert 'name="despite_overlap" value="1"' in answer.get_data(as_text=True)
    answer = visitor.post(f"/sessions/{second}/sign-up", f"/sessions/{second}", despite_overlap="1")
    assert answer.status_code == 302
    assert len(places(small_session, second)) == 1


def test_planning_keeps_what_was_typed_and_says_what_is_wrong(
    small_app: Flask, small_session: orm.Session
) -> None:
    trainer = Visitor(small_app, TRAINER)
    wrong = FORM | {
        "title": "=1+1",
        "ends": "08:00",
        "link": "javascript:alert(1)",
        "capacity": "0",
        "accreditation_points": "1.234",
        "other_trainer": "Colleague",
        "every_weeks": "six",
        "times": "2",
    }
    answer = trainer.post("/sessions/plan", **wrong)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    for typed in wrong.values():
        assert f'value="{typed}"' in page, typed
    for sentence in (
        "begins like a formula",
        "The end has to come after the beginning.",
        "This is not a link",
        "Fill in a whole number from 1 to 5000.",
        "Fill in points from 0 to 100",
        "Nobody is called “Colleague”. Did you mean: Colleague 001, Colleague 002",
        "Fill in a whole number from 1 to 52.",
    ):
        assert sentence in text_of(answer), sentence
    assert small_session.scalar(sa.select(sa.func.count()).select_from(ProgrammeSession)) == 0


def test_a_series_is_planned_by_times_or_until_a_day(
    small_app: Flask, small_session: orm.Session
) -> None:
    trainer = Visitor(small_app, TRAINER)
    form = FORM | {"kind": "intervision", "every_weeks": "6"}
    both = trainer.post("/sessions/plan", **form, times="3", until="2026-12-01")
    assert "not both" in text_of(both)
    assert trainer.post("/sessions/plan", **form, times="3").status_code == 302
    later = form | {"day": "2026-09-01", "until": "2026-10-14"}
    assert trainer.post("/sessions/plan", **later).status_code == 302
    found = small_session.scalars(sa.select(ProgrammeSession).order_by(ProgrammeSession.starts_at))
    assert [row.starts_at.date() for row in found] == [
        date(2026, 4, 14),
        date(2026, 5, 26),
        date(2026, 7, 7),
        date(2026, 9, 1),
        date(2026, 10, 13),
    ]


def test_questions_are_answered_by_a_tick_that_is_kept(
    small_app: Flask, small_session: orm.Session
) -> None:
    plan(small_session, day=date(2026, 2, 3) + timedelta(days=70))
    trainer = Visitor(small_app, TRAINER)
    past = FORM | {"day": "2026-02-03"}
    answer = trainer.post("/sessions/plan", **past)
    assert answer.status_code == 422
    assert "This moment has passed." in text_of(answer)
    assert 'name="is_past"' in answer.get_data(as_text=True)
    answer = trainer.post("/sessions/plan", **past, is_past="1")
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("/attendance"), "straight to who was there"
    answer = trainer.post("/sessions/plan", **FORM)
    assert "Tess Trainer has another session then" in text_of(answer)
    assert trainer.post("/sessions/plan", **FORM, has_overlap="1").status_code == 302


def test_a_capacity_below_those_who_signed_up_keeps_the_form(
    small_app: Flask, small_session: orm.Session
) -> None:
    planned = plan(small_session, capacity=5).id
    for person in (ONE, TWO):
        sign_up(small_session, planned, actor=person, now=NOW)
        commit(small_session)
    trainer = Visitor(small_app, TRAINER)
    address = f"/sessions/{planned}/change"
    answer = trainer.post(address, **FORM, capacity="1", title="Kept")
    assert answer.status_code == 422
    assert "2 people have signed up for 14 April 2026 already." in text_of(answer)
    assert 'value="Kept"' in answer.get_data(as_text=True)
    assert trainer.post(address, **FORM, capacity="2").status_code == 302


def test_changing_and_calling_off_all_later_ones(
    small_app: Flask, small_session: orm.Session
) -> None:
    ids = plan_series(small_session, 1, 3)
    trainer = Visitor(small_app, TRAINER)
    changed = FORM | {"place": "Room 9", "scope": "later"}
    changed["day"] = (DAY + timedelta(weeks=1)).isoformat()
    trainer.post(f"/sessions/{ids[1]}/change", **changed)
    rows = [small_session.get_one(ProgrammeSession, row_id) for row_id in ids]
    small_session.expire_all()
    assert [row.place for row in rows] == [None, "Room 9", "Room 9"]
    trainer.post(f"/sessions/{ids[1]}/cancel", f"/sessions/{ids[1]}", scope="later")
    small_session.expire_all()
    assert [row.state.value for row in rows] == ["planned", "cancelled", "cancelled"]
    assert trainer.get(f"/sessions/{ids[1]}/change").status_code == 404
    assert "This session was called off." in text_of(trainer.get(f"/sessions/{ids[1]}"))


def test_the_list_is_ticked_and_walk_ins_are_found(
    small_app: Flask, small_session: orm.Session, clock: Any
) -> None:
    planned = plan(small_session)
    planned_id, begin = planned.id, planned.starts_at
    for person in (ONE, TWO):
        sign_up(small_session, planned_id, actor=person, now=NOW)
        commit(small_session)
    trainer = Visitor(small_app, TRAINER)
    address = f"/sessions/{planned_id}/attendance"
    early = trainer.get(address)
    assert (early.status_code, early.headers["Location"][-32:]) == (302, planned_id)
    clock.move_to(begin + timedelta(minutes=5))
    page = trainer.get(address).get_data(as_text=True)
    listed = re.findall(r'name="listed" value="([0-9a-f]{32})"', page)
    assert len(listed) == 2
    answer = trainer.post(address, listed=listed, present=listed[:1], walk_in_0="Nobody Known")
    assert answer.status_code == 422
    assert "Nobody in the directory is called “Nobody Known”." in text_of(answer)
    kept = answer.get_data(as_text=True)
    assert f'name="present" value="{listed[0]}" checked' in kept
    assert f'name="present" value="{listed[1]}" checked' not in kept
    small_session.expire_all()
    assert small_session.get_one(ProgrammeSession, planned_id).state == "planned"
    answer = trainer.post(address, listed=listed, present=listed[:1], walk_in_0="colleague 003")
    assert answer.status_code == 302
    small_session.expire_all()
    came = {
        row.record.person.name: row.has_attended
        for row in small_session.scalars(sa.select(Attendance))
    }
    assert came == {ONE.name: True, TWO.name: False, THREE.name: True}
    participant = Visitor(small_app, TWO)
    own = f"/sessions/{planned_id}"
    assert "The trainer noted that you were not there." in text_of(participant.get(own))
    assert participant.post(f"{own}/confirm", own).status_code == 302
    assert "says: I was there" in text_of(trainer.get(own))
    assert Visitor(small_app, ONE).get(address).status_code == 404


def test_somebody_is_added_and_taken_off(small_app: Flask, small_session: orm.Session) -> None:
    planned = plan(small_session, capacity=1).id
    page, add = f"/sessions/{planned}", f"/sessions/{planned}/participants"
    trainer = Visitor(small_app, TRAINER)
    assert "Fill in a name" in text_of(trainer.post(add, page, person=""))
    assert trainer.post(add, page, person=str(ONE.email)).status_code == 302
    with trainer.client.session_transaction() as cookie:
        assert ONE.name not in str(dict(cookie)), "whoever has the cookie can read it"
    full = trainer.post(add, page, person=TWO.name)
    assert "There is no place left for 1 more. 1 has signed up." in text_of(full)
    assert trainer.post(add, page, person=TWO.name, is_over_capacity="1").status_code == 302
    assert [standing for _n, standing, _who in places(small_session, planned)] == [
        "signed_up",
        "signed_up",
    ]
    place = small_session.scalars(sa.select(Attendance.id)).first()
    assert trainer.post(f"{add}/{place}/remove", page).status_code == 302
    small_session.expire_all()
    standing = [standing for _n, standing, _who in places(small_session, planned)]
    assert sorted(standing) == ["signed_up", "withdrawn"]


def test_what_cannot_be_an_id_or_a_name_is_nobody(
    app: Flask, session: orm.Session, clock: Any
) -> None:
    planned = plan(session)
    planned_id, begin = planned.id, planned.starts_at
    page, add = f"/sessions/{planned_id}", f"/sessions/{planned_id}/participants"
    trainer = Visitor(app, TRAINER)
    assert trainer.post(f"{add}/%00/remove", page).status_code == 404
    for text in ("Colleague\x00 001\x00", "c1\0@hospital.example", "\0"):
        assert trainer.post(add, page, person=text).status_code in (302, 422)
        answer = trainer.post("/sessions/plan", **FORM, other_trainer=text)
        assert answer.status_code == 422
    assert len(places(session, planned_id)) == 1, "a name is cleaned, and then found"
    session.rollback()
    clock.move_to(begin + timedelta(minutes=5))
    listed = f"{page}/attendance"
    assert trainer.post(listed, listed="\0", present="\0", walk_in_0="x\0").status_code == 422
    assert trainer.post(listed, listed="\0", present="\0").status_code == 302


@pytest.mark.parametrize(
    "repetition",
    [
        {"day": "9999-01-01", "every_weeks": "52", "times": "53"},
        {"day": "9999-12-20", "every_weeks": "1", "until": "9999-12-31"},
        {"every_weeks": "1", "until": "9999-12-31"},
        {"day": "0001-01-01"},
    ],
)
def test_no_day_is_at_an_end_of_the_calendar(
    small_app: Flask, small_session: orm.Session, repetition: dict[str, str]
) -> None:
    ids = plan_series(small_session, 1, 3)
    trainer = Visitor(small_app, TRAINER)
    sentence = "This day is too long ago or too far ahead."
    answer = trainer.post("/sessions/plan", **FORM | repetition)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    changed = FORM | {"day": "9999-12-20", "scope": "later"}
    answer = trainer.post(f"/sessions/{ids[0]}/change", **changed)
    assert answer.status_code == 422
    assert sentence in text_of(answer)


def test_the_target_group_is_the_usual_one_of_the_kind_that_was_chosen(
    small_app: Flask, small_session: orm.Session
) -> None:
    trainer = Visitor(small_app, TRAINER)
    page = trainer.get("/sessions/plan").get_data(as_text=True)
    targets = re.findall(r'<select[^>]*name="target".*?</select>', page, re.DOTALL)[0]
    assert "as usual for this kind" in targets.split("</option>")[0]
    assert " selected" not in targets
    assert " required" not in targets
    usual = FORM | {"kind": "light_training", "target": ""}
    assert trainer.post("/sessions/plan", **usual | {"target": "x"}).status_code == 422
    assert trainer.post("/sessions/plan", **usual).status_code == 302
    found = small_session.scalars(sa.select(ProgrammeSession)).one()
    assert found.target is TargetGroup.EVERYBODY


def test_where_nobody_signs_up_nobody_is_counted(
    small_app: Flask, small_session: orm.Session
) -> None:
    trainer = Visitor(small_app, TRAINER)
    planned = plan(small_session, target=TargetGroup.NOBODY).id
    assert ids_on(trainer) == [planned]
    assert "0 signed up" not in text_of(trainer.get("/sessions"))
    assert "0 signed up" not in text_of(trainer.get(f"/sessions/{planned}"))
    plan(small_session, day=DAY + timedelta(days=1))
    assert text_of(trainer.get("/sessions")).count("0 signed up") == 1


def test_a_file_with_faults_stores_nothing(small_app: Flask, small_session: orm.Session) -> None:
    planned = plan(small_session).id
    trainer = Visitor(small_app, TRAINER)
    address = f"/sessions/{planned}/import"
    assert "Choose a file first." in text_of(trainer.post(address))
    good = "name,email\nStudent,student@uni.example\n"
    for content, status in ((f"{good}No Address,\n", 422), (good, 302)):
        file = (io.BytesIO(content.encode()), "people.csv")
        assert trainer.post(address, file=file).status_code == status
        assert len(places(small_session, planned)) == (1 if status == 302 else 0)


def test_long_lists_go_on_where_they_stopped(small_app: Flask, small_session: orm.Session) -> None:
    ids = plan_series(small_session, 1, 30)
    trainer = Visitor(small_app, TRAINER)
    first = ids_on(trainer)
    assert first == ids[:25]
    page = trainer.get("/sessions").get_data(as_text=True)
    more = re.search(r'href="/peersupport(/sessions\?[^"]*after=[^"]*)"', page)
    assert more
    assert ids_on(trainer, more[1].replace("&amp;", "&")) == ids[25:]
    assert ids_on(trainer, "/sessions?after=broken") == ids[:25]
    assert ids_on(trainer, "/sessions?kind=lecture") == []
    assert ids_on(trainer, "/sessions?period=past") == []
    assert ids_on(trainer, "/sessions?state=cancelled&kind=nonsense") == []


@pytest.mark.parametrize("person", [TRAINER, ONE, SURGEON])
def test_the_list_takes_as_many_statements_for_one_as_for_thirty(
    small_app: Flask, small_session: orm.Session, person: Any
) -> None:
    add_record(small_session, ONE)
    numbers = []
    for day, count in ((DAY, 1), (DAY + timedelta(days=1), 29)):
        for session_id in plan_series(small_session, 1, count, day=day):
            for somebody in (ONE, TWO):
                sign_up(small_session, session_id, actor=somebody, now=NOW)
        commit(small_session)
        visitor = Visitor(small_app, person)
        visitor.get("/sessions")
        with counted(small_app) as statements:
            assert visitor.get("/sessions").status_code == 200
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]


def test_a_session_takes_as_many_statements_for_one_as_for_thirty_people(
    small_app: Flask, small_session: orm.Session
) -> None:
    people = [colleague(number) for number in range(30)]
    hire(small_app, *people)
    planned = plan(small_session).id
    numbers = []
    for some in (people[:1], people[1:]):
        for person in some:
            sign_up(small_session, planned, actor=person, now=NOW)
        commit(small_session)
        visitor = Visitor(small_app, TRAINER)
        visitor.get(f"/sessions/{planned}")
        with counted(small_app) as statements:
            assert visitor.get(f"/sessions/{planned}").status_code == 200
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]
    # the session, its trainers, whether it is seen, the reader's place, all places and their counts
    about = [text for text in statements if re.search(r"FROM peersupport_(session|attend)", text)]
    assert len(about) == 6
