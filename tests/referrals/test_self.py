"""Somebody asks for support for themself: one press, at once, once (P5)."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, redirect
from sqlalchemy import orm
from werkzeug.wrappers import Response

from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.audit.record import pseudonym
from flask_peersupport.db import Base
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.intake.tokens import asking_url
from flask_peersupport.reachouts.contacting import close_reach_out
from flask_peersupport.reachouts.models import (
    ExcludedPerson,
    InvolvedRecord,
    NeverAgain,
    ReachOut,
    ReportRecord,
    SupportRequest,
)
from flask_peersupport.reachouts.needs import need_of
from flask_peersupport.reachouts.states import Origin, Outcome
from flask_peersupport.signals import report_created
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Report
from flask_peersupport.vault.models import PersonRecord
from flask_peersupport.vault.persons import store_person
from tests.intake.conftest import STAFF, person, runtime, signed_in, supporter_of
from tests.minimal_host import User, db
from tests.reachouts.conftest import NOW, Programme, anna, name_of
from tests.sessions.hospital import Browser, counted, working

MINE = "/peersupport/mine"


def only(session: orm.Session) -> ReachOut:
    return session.scalars(sa.select(ReachOut)).one()


def change_user(programme: Programme, user_id: int, **values: str | None) -> None:
    with programme.app.app_context():
        db.session.execute(sa.update(User).where(User.id == user_id).values(**values))
        db.session.commit()


def ask(programme: Programme, user_id: int = STAFF.anna, /, **form: str) -> str:
    """Press the button of /self; return where one is led."""
    answer = Browser(programme, user_id).post("/self", "/concern", **form)
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def hold(browser: Browser, page: Any) -> None:
    """Let a browser have its page open, as many telephones at once do."""

    def again(address: str) -> Any:
        return page

    browser.get = again  # type: ignore[method-assign]


def test_one_press_is_enough(programme: Programme) -> None:
    assert ask(programme) == MINE
    with working(programme.app) as session:
        reach_out = only(session)
        assert (reach_out.origin, reach_out.state.value) == (Origin.SELF, "queued")
        assert reach_out.person == replace(person(STAFF.anna), phone="")
        involved = reach_out.involved
        assert (involved.wish.value, involved.wish_by.value) == ("yes", "own")
        assert (involved.report_id, involved.department) == (None, "Ward 2")
        assert (involved.channel, involved.day_part, involved.is_outside) == (None, None, False)
        assert session.scalars(sa.select(IntakeRecord)).all() == []
        assert session.scalars(sa.select(ReportRecord)).all() == []
        (queued,) = session.scalars(
            sa.select(AuditEntry).where(AuditEntry.object_id == reach_out.id)
        )
        key = runtime(programme.app).keys.get(queued.month)
        assert (queued.action, queued.detail) == ("reach_out.queued", "self")
        assert queued.actor == pseudonym(key, person(STAFF.anna))
    programme.work()
    with working(programme.app) as session:
        asked = session.scalars(sa.select(SupportRequest)).one().supporter.record.person.name
        assert asked in {name_of(STAFF.selma), name_of(STAFF.sven), name_of(STAFF.sofie)}


def test_everything_chosen_is_kept(programme: Programme) -> None:
    change_user(programme, STAFF.anna, phone="050 111 1111", profession="nurse")
    page = Browser(programme, STAFF.anna).text("/self")
    assert 'name="phone" value="050 111 1111"' in page
    assert 'href="tel:0501234567"' in page
    ask(
        programme,
        channel="in_person",
        day_part="evening",
        outside="1",
        wanted_profession="physician",
        phone="06 2222 2222",
        **{
            "peersupport-unwanted-0-name": name_of(STAFF.selma),
            "peersupport-unwanted-2-name": "Somebody Unheard",
        },
    )
    with working(programme.app) as session:
        involved = only(session).involved
        assert (involved.channel, involved.day_part) == ("in_person", "evening")
        assert (involved.is_outside, involved.wanted_profession) == (True, "physician")
        assert involved.profession == "nurse"
        assert involved.flags == ("unknown_unwanted",)
        unwanted = session.scalars(sa.select(ExcludedPerson.person_id)).all()
        assert unwanted == [supporter_of(session, STAFF.selma).person_id]
        found = only(session).person
        assert found is not None
        assert found.phone == "06 2222 2222"
        need = need_of(session, only(session), now=NOW)
        assert need is not None
        assert (need.profession, need.is_outside) == ("physician", True)


@pytest.mark.parametrize(
    ("form", "kept"),
    [
        ({"channel": "fax", "day_part": "noon", "wanted_profession": "pilot"}, (None, None, None)),
        ({}, (None, None, None)),
    ],
)
def test_what_is_not_on_offer_is_left_out(
    small_programme: Programme, form: dict[str, str], kept: tuple[None, ...]
) -> None:
    ask(small_programme, **form)
    with working(small_programme.app) as session:
        involved = only(session).involved
        assert (involved.channel, involved.day_part, involved.wanted_profession) == kept


def test_a_wrong_number_is_said_at_the_field(small_programme: Programme) -> None:
    browser = Browser(small_programme, STAFF.anna)
    answer = browser.post(
        "/self", phone="call me", day_part="morning", **{"peersupport-unwanted-0-name": "Selma"}
    )
    assert answer.status_code == 422
    assert 'id="ps-phone-error"' in answer.text
    assert 'value="call me"' in answer.text
    assert '<option value="morning" selected>' in answer.text
    assert 'value="Selma"' in answer.text
    with working(small_programme.app) as session:
        assert session.scalars(sa.select(ReachOut)).all() == []


def test_an_internal_number_of_the_hosts_list_is_sent_as_it_stands(
    small_programme: Programme,
) -> None:
    change_user(small_programme, STAFF.anna, phone="1234")
    assert 'name="phone" value="1234"' in Browser(small_programme, STAFF.anna).text("/self")
    assert ask(small_programme, phone="1234") == MINE
    with working(small_programme.app) as session:
        found = only(session).person
        assert found is not None
        assert found.phone == "1234"


def test_a_number_taken_away_is_not_used(small_programme: Programme) -> None:
    change_user(small_programme, STAFF.anna, phone="050 111 1111")
    ask(small_programme, phone="")
    with working(small_programme.app) as session:
        found = only(session).person
        assert found is not None
        assert not found.phone


def test_a_second_request_leads_to_the_first(small_programme: Programme) -> None:
    assert [ask(small_programme), ask(small_programme)] == [MINE, MINE]
    answer = Browser(small_programme, STAFF.anna).get("/self")
    assert (answer.status_code, answer.location) == (302, MINE)
    with working(small_programme.app) as session:
        assert session.scalar(sa.select(sa.func.count(ReachOut.id))) == 1
        close_reach_out(
            session,
            only(session),
            Outcome.SUPPORTED,
            reason=None,
            actor=person(STAFF.bram),
            now=NOW,
        )
        session.commit()
    ask(small_programme)
    with working(small_programme.app) as session:
        assert session.scalar(sa.select(sa.func.count(ReachOut.id))) == 2


def test_somebody_named_in_a_report_can_still_ask(small_programme: Programme) -> None:
    small_programme.report(anna("ask", "reporter"))
    small_programme.work()
    page = Browser(small_programme, STAFF.anna).text("/self")
    assert "Somebody is going to contact you already" in page
    ask(small_programme)
    with working(small_programme.app) as session:
        assert sorted(r.origin.value for r in session.scalars(sa.select(ReachOut))) == [
            "report",
            "self",
        ]
    assert "Somebody is going" not in Browser(small_programme, STAFF.rosa).text("/self")


def test_twenty_at_once_are_one(programme: Programme) -> None:
    browsers = [Browser(programme, STAFF.anna) for _number in range(20)]
    pages = [browser.get("/self") for browser in browsers]
    assert {page.status_code for page in pages} == {200}
    answers: list[str] = []
    together = threading.Barrier(20)

    def press(browser: Browser) -> None:
        together.wait()
        answers.append(str(browser.post("/self").location))

    for browser, page in zip(browsers, pages, strict=True):
        hold(browser, page)
    threads = [threading.Thread(target=press, args=[browser]) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [MINE] * 20
    with working(programme.app) as session:
        assert session.scalar(sa.select(sa.func.count(ReachOut.id))) == 1
        assert session.scalar(sa.select(sa.func.count(InvolvedRecord.id))) == 1
        known = session.scalars(sa.select(PersonRecord))
        assert [row.id for row in known if row.person.name == name_of(STAFF.anna)] == [
            only(session).involved.person_id
        ]


def test_an_unknown_department_waits_for_a_coordinator(small_programme: Programme) -> None:
    change_user(small_programme, STAFF.anna, department=None)
    assert 'name="department"' in Browser(small_programme, STAFF.anna).text("/self")
    ask(small_programme, department="Ward 2; The cellar")
    with working(small_programme.app) as session:
        reach_out = only(session)
        assert reach_out.state.value == "needs_coordinator"
        assert reach_out.waiting_for == "unknown_department"
        assert reach_out.involved.department == "Ward 2"
        assert reach_out.person is not None
        assert reach_out.person.department == "Ward 2; The cellar"
    small_programme.work()
    mails = small_programme.app.extensions["peersupport_mailer"].subjects
    assert [to for to, _subject in mails] == ["bram.smit@hospital.example"]


def test_the_host_knows_the_department_best(small_programme: Programme) -> None:
    assert 'name="department"' not in Browser(small_programme, STAFF.anna).text("/self")
    ask(small_programme, department="Ward 9")
    with working(small_programme.app) as session:
        assert only(session).involved.department == "Ward 2"


def test_never_again_is_about_others(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        row = store_person(session, person(STAFF.anna), now=NOW)
        session.add(NeverAgain(person_id=row.id, said_on=NOW.date()))
        session.commit()
    ask(small_programme)
    with working(small_programme.app) as session:
        assert only(session).state.value == "queued"
        assert session.scalar(sa.select(sa.func.count(NeverAgain.person_id))) == 1


def test_a_supporter_keeps_the_number_of_the_directory(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        row = supporter_of(session, STAFF.selma).record
        store_person(session, replace(row.person, phone="050 999 9999"), now=NOW)
        session.commit()
    page = Browser(small_programme, STAFF.selma).text("/self")
    assert "050 999 9999" in page
    assert 'name="phone"' not in page
    ask(small_programme, STAFF.selma, phone="06 1111 1111")
    with working(small_programme.app) as session:
        assert supporter_of(session, STAFF.selma).record.person.phone == "050 999 9999"
        assert only(session).involved.person_id == supporter_of(session, STAFF.selma).person_id


def test_a_supporter_without_a_number_can_give_one(small_programme: Programme) -> None:
    assert 'name="phone"' in Browser(small_programme, STAFF.selma).text("/self")
    ask(small_programme, STAFF.selma, phone="06 1111 1111")
    with working(small_programme.app) as session:
        found = only(session).person
        assert found is not None
        assert found.phone == "06 1111 1111"


def test_who_supports_no_more_gives_their_own_number(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        supporter = supporter_of(session, STAFF.selma)
        store_person(session, replace(supporter.record.person, phone="050 999 9999"), now=NOW)
        supporter.state = SupporterState.RETIRED
        session.commit()
    assert 'name="phone"' in Browser(small_programme, STAFF.selma).text("/self")


def test_the_page_costs_few_statements(small_programme: Programme) -> None:
    browser = Browser(small_programme, STAFF.anna)
    browser.text("/self")
    with counted(small_programme.app) as statements:
        browser.text("/self")
    assert len(statements) <= 15, statements


def report_anonymously(app: Flask) -> None:
    """Ask for support in an anonymous report that Anna sends, and look where that leads."""
    browser = signed_in(app, STAFF.anna)
    answer = browser.post("/anonymous", data={"peersupport-me": "1"})
    assert answer.status_code == 302
    assert "/step/" in answer.location
    page = browser.get(answer.location, headers={"Accept-Language": "en"}).text
    link = '<a class="ps-button ps-button-main" href="/peersupport/self" rel="noreferrer">'
    assert f"{link}Ask for support for myself</a>" in page
    assert "Only their times are near each other" in page


def test_nothing_joins_an_anonymous_report_and_what_its_reporter_asks(
    small_programme: Programme,
) -> None:
    app = small_programme.app

    @app.post("/anonymous")
    def anonymous() -> Response:
        report_created.send(app, report=Report("incident", "R-77", "Ward 1", anonymous=True))
        return redirect("/report")

    report_anonymously(app)
    ask(small_programme)
    small_programme.work()
    with working(app) as session:
        report = session.scalars(sa.select(ReportRecord)).one()
        assert (report.ref, report.reporter_id) == ("R-77", None)
        reach_out = only(session)
        assert (reach_out.origin, reach_out.involved.report_id) == (Origin.SELF, None)
        anna_ids = {reach_out.involved.person_id}
        of_report = {report.id, "R-77"}
        for table in Base.metadata.sorted_tables:
            for row in session.execute(sa.select(table)):
                values = {value for value in row if isinstance(value, str)}
                joined = values & of_report and values & {*anna_ids, reach_out.id}
                assert not joined, (table.name, row)
        # the audit trail names none who looked at the page after the report
        key = runtime(app).keys.current(NOW)
        me = pseudonym(key, person(STAFF.anna))
        actions = session.scalars(sa.select(AuditEntry.action).where(AuditEntry.actor == me))
        assert set(actions) == {"reach_out.queued"}


def test_the_question_after_an_anonymous_report_leads_here_too(
    small_programme: Programme,
) -> None:
    small_programme.report(ref="1")
    small_programme.work()
    small_app = small_programme.app
    with small_app.test_request_context():
        url = asking_url(
            "calamity", "1", is_anonymous=True, visitor_id=str(STAFF.anna), next_url="/report"
        )
    browser = signed_in(small_app, STAFF.anna)
    page = browser.get(url, headers={"Accept-Language": "en"}).text
    assert 'href="/peersupport/self" rel="noreferrer"' in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = {"csrf_token": token[1], "peersupport-me": "1"}
    assert browser.post(url, data=form, headers={"Accept-Language": "en"}).status_code == 302
    flashed = browser.get("/report").text
    assert "/peersupport/self" in flashed
