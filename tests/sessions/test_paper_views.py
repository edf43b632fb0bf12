"""Certificates and the attendance list: for whom, when, and what they say."""

from __future__ import annotations

import io
import re
import zlib
from datetime import timedelta

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.clock import utc_now
from flask_peersupport.db import commit
from flask_peersupport.sessions.models import Attendance, ProgrammeSession
from flask_peersupport.sessions.states import SessionKind, SessionState, SignUp, TargetGroup
from flask_peersupport.values import Person
from flask_peersupport.vault.models import PersonRecord
from tests.sessions.planned import Reader, give_place, plan
from tests.supporters.conftest import counted
from tests.supporters.host import COORDINATOR, NURSE, SURGEON

BEFORE = utc_now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=3)
SOON = BEFORE + timedelta(days=9)
PAPERS = ("certificates", "attendance-list", "attendance.xlsx")
FORMULA = Person("=HYPERLINK(1) Evil", email="evil@hospital.example", user_id="7")


@pytest.fixture
def held(small_session: orm.Session) -> ProgrammeSession:
    """A training that was held, with a nurse who came and a surgeon who did not."""
    planned = plan(
        small_session,
        BEFORE,
        ends_at=BEFORE + timedelta(minutes=210),
        state=SessionState.HELD,
        title="First steps",
        accreditation_number="GAIA-123",
        accreditation_points=350,
        trainers=[Person("Tom Trainer", email="tom@hospital.example")],
    )
    give_place(small_session, planned, NURSE, has_attended=True)
    give_place(small_session, planned, SURGEON, has_attended=False)
    return planned


def test_a_certificate_says_what_was_attended(small_app: Flask, held: ProgrammeSession) -> None:
    address = f"/sessions/{held.id}/certificate"
    page = Reader(small_app, NURSE).get(address).get_data(as_text=True)
    for text in (
        NURSE.name,
        "Training: First steps",
        "<dd>3.5</dd>",
        "<dd>GAIA-123</dd>",
        "Tom Trainer",
        "Accreditation points",
    ):
        assert text in page
    assert page.count("ps-sheet ps-certificate") == 1
    assert SURGEON.name not in page


def test_a_certificate_is_for_who_was_there(small_app: Flask, held: ProgrammeSession) -> None:
    address = f"/sessions/{held.id}/certificate"
    statuses = [
        Reader(small_app, person).get(address).status_code
        for person in (NURSE, SURGEON, COORDINATOR, None)
    ]
    assert statuses == [200, 404, 404, 302]


@pytest.mark.parametrize(
    "values",
    [
        {"state": SessionState.PLANNED},
        {"state": SessionState.CANCELLED, "cancelled_at": BEFORE},
        {"state": SessionState.HELD, "kind": SessionKind.GROUP_SUPPORT},
    ],
)
def test_only_what_was_held_gives_a_certificate_and_groups_never_do(
    small_app: Flask, small_session: orm.Session, values: dict[str, object]
) -> None:
    if values.get("kind"):
        values = values | {"target": TargetGroup.NOBODY}
    other = plan(small_session, BEFORE, trainers=[SURGEON], **values)
    give_place(small_session, other, NURSE, has_attended=True)
    assert Reader(small_app, NURSE).get(f"/sessions/{other.id}/certificate").status_code == 404
    for person in (COORDINATOR, SURGEON):
        for paper in ("certificates", "attendance.xlsx"):
            address = f"/sessions/{other.id}/{paper}"
            assert Reader(small_app, person).get(address).status_code == 404


def test_the_trainer_gets_one_sheet_a_person(
    small_app: Flask, small_session: orm.Session, held: ProgrammeSession
) -> None:
    give_place(small_session, held, COORDINATOR, has_attended=True)
    page = Reader(small_app, COORDINATOR).get(f"/sessions/{held.id}/certificates")
    text = page.get_data(as_text=True)
    assert text.count("ps-sheet ps-certificate") == 2
    assert text.index(COORDINATOR.name) < text.index(NURSE.name)


def test_the_pdf_has_as_many_pages_and_names_nobody(
    small_app: Flask, small_session: orm.Session, held: ProgrammeSession
) -> None:
    pytest.importorskip("weasyprint")
    give_place(small_session, held, COORDINATOR, has_attended=True)
    answer = Reader(small_app, COORDINATOR).get(f"/sessions/{held.id}/certificates?format=pdf")
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF")
    objects = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", answer.data, re.DOTALL)
    plain = answer.data + b"".join(map(unpacked, objects))
    assert len(re.findall(rb"/Type */Page\b", plain)) == 2
    filename = f'attachment; filename="certificate-{BEFORE.date().isoformat()}.pdf"'
    assert answer.headers["Content-Disposition"] == filename


def unpacked(stream: bytes) -> bytes:
    """Return what a stream of a PDF holds, where it is packed."""
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_the_list_to_sign_has_who_has_a_place(small_app: Flask, small_session: orm.Session) -> None:
    planned = plan(small_session, SOON, accreditation_number="GAIA-9")
    give_place(small_session, planned, NURSE)
    give_place(small_session, planned, SURGEON, sign_up=SignUp.WAITING)
    address = f"/sessions/{planned.id}/attendance-list"
    page = Reader(small_app, COORDINATOR).get(address).get_data(as_text=True)
    assert [text in page for text in (NURSE.name, SURGEON.name, "BIG number", "GAIA-9")] == [
        True,
        False,
        True,
        True,
    ]
    assert page.count("<tr>") == 1 + 1 + 5


def test_names_that_are_no_longer_kept_leave_the_papers_of_the_others(
    small_app: Flask, small_session: orm.Session, held: ProgrammeSession
) -> None:
    address = f"/sessions/{held.id}"
    came = PersonRecord.id.in_([held.trainers[0].person_id])
    small_session.execute(sa.update(PersonRecord).where(came).values(month="2001-01"))
    give_place(small_session, held, COORDINATOR, has_attended=True)
    gone = sa.select(Attendance.person_id).where(Attendance.place_number == 1)
    lost = PersonRecord.id.in_([small_session.scalars(gone).one()])
    small_session.execute(sa.update(PersonRecord).where(lost).values(month="2001-01"))
    commit(small_session)
    for paper in ("certificates", "attendance-list"):
        page = Reader(small_app, COORDINATOR).get(f"{address}/{paper}").get_data(as_text=True)
        assert "name no longer kept" in page
        assert COORDINATOR.name in page
    assert Reader(small_app, COORDINATOR).get(f"{address}/attendance.xlsx").status_code == 200


def test_the_table_for_gaia_has_who_came_and_room_for_numbers(
    small_app: Flask, small_session: orm.Session, held: ProgrammeSession
) -> None:
    give_place(small_session, held, FORMULA, has_attended=True)
    answer = Reader(small_app, COORDINATOR).get(f"/sessions/{held.id}/attendance.xlsx")
    day = BEFORE.date().isoformat()
    filename = f'attachment; filename="attendance-{day}.xlsx"'
    assert answer.headers["Content-Disposition"] == filename
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    facts = (day, "training: First steps", 3.5, "GAIA-123", 3.5)
    assert rows == [
        (
            "BIG number",
            "Name",
            "Date",
            "Session",
            "Hours",
            "Accreditation number",
            "Accreditation points",
        ),
        (None, FORMULA.name, *facts),
        (None, NURSE.name, *facts),
    ]
    assert {cell.data_type for cell in sheet["B"]} == {"s"}


@pytest.mark.parametrize("paper", PAPERS)
def test_papers_with_names_are_for_who_leads_the_session(
    small_app: Flask, small_session: orm.Session, held: ProgrammeSession, paper: str
) -> None:
    address = f"/sessions/{held.id}/{paper}"
    leader = Person("Tom Trainer", email="tom@hospital.example", user_id="6")
    statuses = [
        Reader(small_app, person).get(address).status_code
        for person in (COORDINATOR, leader, NURSE, SURGEON, None)
    ]
    assert statuses == [200, 200, 404, 404, 302]
    assert Reader(small_app, COORDINATOR).get(f"/sessions/{'0' * 32}/{paper}").status_code == 404
    assert Reader(small_app, COORDINATOR).get(f"/sessions/x/{paper}").status_code == 404


@pytest.mark.parametrize(
    ("paper", "action"),
    [
        ("certificates", "certificate.seen"),
        ("attendance-list", "attendance_list.seen"),
        ("attendance.xlsx", "attendance_list.taken"),
    ],
)
def test_every_sight_is_in_the_audit_trail(
    small_app: Flask, small_session: orm.Session, held: ProgrammeSession, paper: str, action: str
) -> None:
    Reader(small_app, COORDINATOR).get(f"/sessions/{held.id}/{paper}")
    small_session.rollback()
    noted = sa.select(AuditEntry.object_id).where(AuditEntry.action == action)
    assert small_session.scalars(noted).all() == [held.id]


def test_papers_take_as_many_statements_for_thirty(
    small_app: Flask, small_session: orm.Session, held: ProgrammeSession
) -> None:
    visitor = Reader(small_app, COORDINATOR)
    counts = []
    for number in range(30):
        person = Person(f"Nurse {number}", email=f"n{number}@hospital.example")
        give_place(small_session, held, person, has_attended=True)
        if number in (0, 29):
            for paper in PAPERS:
                visitor.get(f"/sessions/{held.id}/{paper}")
                with counted(small_app) as statements:
                    assert visitor.get(f"/sessions/{held.id}/{paper}").status_code == 200
                counts.append(len(statements))
    assert counts[:3] == counts[3:]


def test_a_list_of_what_was_called_off_is_none(
    small_app: Flask, small_session: orm.Session
) -> None:
    off = plan(small_session, SOON, state=SessionState.CANCELLED, cancelled_at=BEFORE)
    give_place(small_session, off, NURSE)
    address = f"/sessions/{off.id}/attendance-list"
    assert Reader(small_app, COORDINATOR).get(address).status_code == 404
