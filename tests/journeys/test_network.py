"""From a nomination to the first match, in a browser: round, vote, result, training, letter."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from example_app.extensions import db
from example_app.models import User
from example_app.peersupport_demo import person_of
from example_app.people import supporter_usernames
from example_app.stage import zone
from flask_peersupport.clock import utc_now
from flask_peersupport.nominations.ballots import cast_vote
from flask_peersupport.nominations.box import Choice
from flask_peersupport.nominations.models import BallotBox, BallotKey, NominationRound
from flask_peersupport.sessions.models import ProgrammeSession
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from tests.journeys.conftest import PHONE, Hospital, check
from tests.journeys.test_main_job import report_calamity

pytestmark = pytest.mark.browser

COORDINATOR = "ellen.dijkstra"
VOTER = "sanne.dejong"


def today() -> date:
    return utc_now().astimezone(zone()).date()


def day(offset: int) -> str:
    return (today() + timedelta(days=offset)).isoformat()


@pytest.fixture
def trusted(hospital: Hospital) -> User:
    """A nurse of another ward who is no supporter yet."""
    with hospital.app.app_context():
        statement = sa.select(User).where(
            User.profession == "nurse", User.username.not_in([*supporter_usernames(), VOTER])
        )
        found = db.session.scalars(statement.order_by(User.id)).all()
        user = next(one for one in found if one.department.name != "Intensive Care")
        db.session.expunge_all()
        return user


def state_of(hospital: Hospital, person: User) -> str:
    """Return where somebody on the roster stands."""
    with hospital.app.app_context():
        for row in db.session.scalars(sa.select(Supporter)):
            if row.record.person.email == person.email:
                return row.state.value
    raise AssertionError(f"{person.username} is not on the roster")


def let_others_vote(hospital: Hospital, person: User) -> None:
    """Let four members of staff name somebody."""
    with hospital.app.app_context():
        nomination_round = db.session.scalars(sa.select(NominationRound)).one()
        voters = db.session.scalars(sa.select(User).where(User.id != person.id).limit(5)).all()
        choice = Choice(person.name, None, person.email, str(person.id))
        for voter in voters:
            if voter.username != VOTER:
                cast_vote(
                    db.session(),
                    nomination_round,
                    [choice],
                    actor=person_of(voter),
                    today=today(),
                )
        db.session.commit()


def let_it_begin(hospital: Hospital) -> None:
    """Let the planned sessions have begun this morning."""
    with hospital.app.app_context():
        start = utc_now() - timedelta(hours=2)
        db.session.execute(
            sa.update(ProgrammeSession).values(starts_at=start, ends_at=start + timedelta(hours=1))
        )
        db.session.commit()


def open_round(page: Page, address: str) -> None:
    page.goto(f"{address}/peersupport/nominations")
    check(page)
    page.locator("main a.ps-button-main").click()
    check(page)
    page.fill("[name=closes_on]", day(14))
    page.fill("[name=staff_count]", "40")
    page.locator(".ps-form button.ps-button-main").click()
    expect(page.locator("h1")).to_contain_text("Ronde van")
    check(page)


def vote(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/peersupport/")
    page.locator(".ps-tile a[href*='/nominations']").click()
    expect(page.locator("h1")).to_have_text("Naar wie zou jij in vertrouwen toe gaan?")
    check(page)
    page.locator("[name=peersupport-colleagues-0-name]").press_sequentially(name[:9])
    page.get_by_role("option", name=re.compile(re.escape(name))).click()
    check(page)
    page.locator(".ps-form button.ps-button-big").click()
    expect(page.locator("h1")).to_contain_text("Dank je voor je antwoord")
    check(page)


def test_a_nominated_nurse_becomes_a_supporter_and_is_asked(
    hospital: Hospital, trusted: User
) -> None:
    at = f"{hospital.address}/peersupport"
    coordinator = hospital.sign_in(COORDINATOR)
    open_round(coordinator, hospital.address)
    voter = hospital.sign_in(VOTER, PHONE)
    vote(voter, hospital.address, trusted.name)
    voter.go_back()
    voter.reload()
    expect(voter.locator("main")).not_to_contain_text(trusted.name)
    let_others_vote(hospital, trusted)

    coordinator.reload()
    expect(coordinator.locator("main")).not_to_contain_text(trusted.name)
    coordinator.locator("summary", has_text="Nu sluiten").click()
    coordinator.locator("form[action$='/close'] button").click()
    expect(coordinator.locator("main")).to_contain_text(trusted.name)
    expect(coordinator.locator("main")).to_contain_text("5 keer")
    with hospital.app.app_context():
        left = [db.session.scalars(sa.select(table)).all() for table in (BallotBox, BallotKey)]
    assert left == [[], []]
    check(coordinator)
    coordinator.locator(".ps-proposal", has_text=trusted.name).locator("button").click()
    expect(coordinator.locator(".ps-proposal", has_text=trusted.name)).to_contain_text("uitgenod")
    check(coordinator)

    invited = hospital.sign_in(trusted.username, PHONE)
    invited.goto(f"{at}/invitation")
    check(invited)
    invited.locator("form[action$='/accept'] button").click()
    check(invited)

    coordinator.goto(f"{at}/sessions/plan")
    check(coordinator)
    coordinator.select_option("[name=kind]", "training")
    coordinator.fill("[name=day]", day(20))
    coordinator.fill("[name=begins]", "09:00")
    coordinator.fill("[name=ends]", "12:00")
    coordinator.fill("[name=place]", "Leslokaal 2")
    coordinator.locator("label", has_text="Ellen Dijkstra").locator("input").check()
    coordinator.select_option("[name=target]", "candidates")
    coordinator.locator(".ps-form button.ps-button-big").click()
    check(coordinator)

    invited.locator("main a.ps-button-main").click()
    check(invited)
    invited.locator("main a[href*='/sessions/']", has_text=re.compile("raining")).first.click()
    check(invited)
    invited.locator("form[action$='/sign-up'] button").click()
    expect(invited.locator("main")).to_contain_text("aangemeld")
    check(invited)
    let_it_begin(hospital)
    session_page = coordinator.url
    trainer = hospital.sign_in(COORDINATOR, PHONE)
    trainer.goto(f"{session_page}/attendance")
    check(trainer)
    trainer.locator("label", has_text=trusted.name).locator("input").check()
    trainer.locator(".ps-form button.ps-button-big").click()
    check(trainer)
    assert state_of(hospital, trusted) == "trained"
    invited.goto(f"{session_page}/certificate")
    expect(invited.locator(".ps-sheet")).to_contain_text(trusted.name)
    check(invited)

    coordinator.goto(f"{at}/supporters/appoint")
    check(coordinator)
    coordinator.locator("label", has_text=trusted.name).locator("input").check()
    coordinator.locator(".ps-form button.ps-button-main").click()
    assert state_of(hospital, trusted) == "appointed"
    coordinator.goto(f"{at}/supporters/letters/{day(0)}")
    expect(coordinator.locator(".ps-sheet")).to_contain_text(trusted.name)
    check(coordinator)
    with coordinator.expect_download() as download:
        coordinator.locator("a[href='?format=pdf']").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")

    retire_the_others(hospital, trusted)
    report_calamity(hospital.sign_in(VOTER), hospital.address)
    hospital.work()
    assert hospital.asked("Sanne de Jong")[1] == trusted.username


def retire_the_others(hospital: Hospital, person: User) -> None:
    """Leave nobody else who could be asked, and let nights be no matter."""
    with hospital.app.app_context():
        for row in db.session.scalars(sa.select(Supporter)):
            row.is_asked_at_night = True
            if row.record.person.email != person.email:
                row.state = SupporterState.RETIRED
        db.session.commit()
