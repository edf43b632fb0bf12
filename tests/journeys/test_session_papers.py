"""What a participant and a trainer take away from a session, in a browser."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from example_app.extensions import db
from flask_peersupport.clock import utc_now
from flask_peersupport.sessions.models import Attendance, ProgrammeSession, SessionTrainer
from flask_peersupport.sessions.states import SessionKind, SessionState, SignUp, TargetGroup
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import ACTIVE
from tests.journeys.conftest import DESKTOP, PHONE, Hospital, check
from tests.journeys.lived_in import COORDINATOR
from tests.sessions.planned import read_calendar

pytestmark = pytest.mark.browser


def add_sessions(hospital: Hospital) -> tuple[str, str]:
    """Hold a training and plan an intervision; return a participant, and the training's id."""
    now = utc_now().replace(minute=0, second=0, microsecond=0)
    with hospital.app.app_context():
        rows = db.select(Supporter).where(Supporter.state.in_(ACTIVE)).order_by(Supporter.id)
        first, second, *_ = db.session.scalars(rows)
        training = planned(SessionKind.TRAINING, SessionState.HELD, now - timedelta(days=40))
        training.title = "Collegiale opvang: het eerste gesprek"
        training.accreditation_number, training.accreditation_points = "GAIA-478213", 350
        coming = planned(SessionKind.INTERVISION, SessionState.PLANNED, now + timedelta(days=12))
        db.session.add_all([training, coming])
        db.session.flush()
        db.session.add(SessionTrainer(session_id=training.id, person_id=second.person_id))
        for number, (session, supporter) in enumerate(
            [(training, first), (training, second), (coming, first)], 1
        ):
            place = Attendance(
                session_id=session.id,
                person_id=supporter.person_id,
                sign_up=SignUp.SIGNED_UP,
                place_number=number,
                signed_up_at=now - timedelta(days=90),
                has_attended=True if session is training else None,
            )
            db.session.add(place)
        db.session.commit()
        return first.record.person.name, training.id


def planned(kind: SessionKind, state: SessionState, begin: datetime) -> ProgrammeSession:
    """Return a session of half a day."""
    return ProgrammeSession(
        kind=kind,
        state=state,
        target=TargetGroup.SUPPORTERS,
        starts_at=begin,
        ends_at=begin + timedelta(hours=3, minutes=30),
        place="Onderwijscentrum, zaal 4",
        created_at=begin - timedelta(days=99),
    )


def downloaded(page: Page, name: str) -> bytes:
    """Press a link that sends a file, and return the file."""
    with page.expect_download() as started:
        page.get_by_role("link", name=name).click()
    return Path(started.value.path()).read_bytes()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_participant_finds_hours_calendar_and_certificate(
    hospital: Hospital, size: dict[str, int]
) -> None:
    name, _ = add_sessions(hospital)
    page = hospital.sign_in(hospital.username_of(name), size)
    page.goto(f"{hospital.address}/peersupport/sessions")
    page.get_by_role("link", name="Mijn bijeenkomsten en uren").click()
    check(page)
    (event,) = read_calendar(downloaded(page, "Downloaden voor je agenda"))[1]
    assert str(event["summary"]).endswith(": intervisie")
    page.get_by_role("link", name="Bewijs van deelname").click()
    expect(page.get_by_role("heading", name="Bewijs van deelname")).to_be_visible()
    expect(page.locator(".ps-certificate-name")).to_have_text(name)
    check(page)
    page.get_by_role("link", name="Terug").click()
    expect(page.get_by_role("heading", name="Mijn bijeenkomsten")).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_trainer_finds_lists_certificates_and_hours(
    hospital: Hospital, size: dict[str, int]
) -> None:
    name, training_id = add_sessions(hospital)
    page = hospital.sign_in(COORDINATOR, size, "en")
    page.goto(f"{hospital.address}/peersupport/sessions/{training_id}")
    check(page)
    assert downloaded(page, "Attendance for GAIA (Excel)").startswith(b"PK")
    page.get_by_role("link", name="Attendance list to sign").click()
    expect(page.get_by_role("rowheader", name=name)).to_be_visible()
    check(page)
    page.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="Certificates of all who were there").click()
    expect(page.locator(".ps-certificate")).to_have_count(2)
    check(page)
    page.goto(f"{hospital.address}/peersupport/sessions")
    page.get_by_role("link", name="Hours of the supporters").click()
    expect(page.get_by_role("rowheader", name=name)).to_be_visible()
    check(page)
