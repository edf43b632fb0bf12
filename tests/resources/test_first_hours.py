"""The card for the first hours: whose text it shows, on one page, and who changes it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image
from pypdf import PdfReader
from sqlalchemy import orm

from flask_peersupport.access.department_actions import DepartmentDetails, change_department
from flask_peersupport.access.models import Department
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import commit
from flask_peersupport.resources.first_hours import PARTS
from flask_peersupport.resources.models import FirstHoursText
from flask_peersupport.resources.places import Place
from flask_peersupport.resources.states import ResourceKind
from tests.intake.conftest import NAMES, STAFF
from tests.minimal_host import User, db
from tests.reachouts.conftest import NOW, Programme, prepare
from tests.resources.conftest import days, help_of
from tests.sessions.hospital import Browser, audited, working

pytestmark = pytest.mark.usefixtures("frozen")

USUAL = "Nobody goes home alone. Ask whether somebody is there."


def way_home(page: str) -> str:
    """Return what the card says about the way home."""
    found = re.search(r"Who brings your colleague home\?</h\d>\s*<p[^>]*>([^<]+)</p>", page)
    assert found, page
    return found[1]


def write(programme: Programme, department: str, **texts: str) -> None:
    """Let a coordinator change the card."""
    answer = Browser(programme).post("/first-hours/edit", department=department, **texts)
    assert answer.status_code == 302


def test_the_hospital_and_a_department_say_it_their_own_way(programme: Programme) -> None:
    anna, rosa = Browser(programme, STAFF.anna), Browser(programme, STAFF.rosa)
    assert way_home(anna.text("/first-hours")) == USUAL
    write(programme, "", way_home="A taxi waits.", tomorrow="The head calls at ten.")
    write(programme, "ward  2", way_home=" The night  head goes along. ")
    assert way_home(anna.text("/first-hours")) == "The night head goes along."
    assert "The head calls at ten." in anna.text("/first-hours"), "what is left empty stays"
    assert way_home(rosa.text("/first-hours")) == "A taxi waits."
    assert way_home(rosa.text("/first-hours?department=Ward+2")) == "The night head goes along."
    assert way_home(anna.text("/first-hours?department=")) == "A taxi waits."
    assert way_home(anna.text("/first-hours?department=Nowhere")) == "A taxi waits."
    write(programme, "Ward 2")
    assert way_home(anna.text("/first-hours")) == "A taxi waits."
    with working(programme.app) as session:
        assert session.scalars(sa.select(FirstHoursText.department)).all() == [""]
        assert audited(session).count("first_hours.changed") == 3


def test_a_department_keeps_its_text_under_a_new_name(small_programme: Programme) -> None:
    write(small_programme, "Ward 2", way_home="By bus.")
    with working(small_programme.app) as session:
        rename(session, "Ward 2", "Cardiology")
    assert way_home(Browser(small_programme, STAFF.anna).text("/first-hours")) == "By bus."
    write(small_programme, "Cardiology", way_home="By train.")
    with working(small_programme.app) as session:
        assert session.scalars(sa.select(FirstHoursText.way_home)).all() == ["By train."]
    page = Browser(small_programme, STAFF.rosa).text("/first-hours?department=Cardiology")
    assert way_home(page) == "By train."


def rename(session: orm.Session, old: str, new: str) -> None:
    row = session.scalars(sa.select(Department).where(Department.name == old)).one()
    details = DepartmentDetails(name=new, aliases=(old,))
    change_department(session, row, details, actor=COMMAND, now=NOW)
    commit(session)


def test_who_works_in_two_departments_finds_the_one_with_a_text(small_programme: Programme) -> None:
    with small_programme.app.app_context():
        db.session.execute(sa.update(User).values(department="Ward 1; Ward 2"))
        db.session.commit()
    write(small_programme, "Ward 2", way_home="By bus.")
    assert way_home(Browser(small_programme, STAFF.anna).text("/first-hours")) == "By bus."


@pytest.mark.parametrize(
    ("department", "texts", "fault"),
    [
        ("", {"tomorrow": "x" * 301}, "This is too long; at most 300 characters."),
        ("Nowhere", {"tomorrow": "At ten."}, "Choose a department from the list."),
        ("x" * 201, {"tomorrow": "At ten."}, "Choose a department from the list."),
    ],
)
def test_what_cannot_be_right_is_not_stored(
    small_programme: Programme, department: str, texts: dict[str, str], fault: str
) -> None:
    answer = Browser(small_programme).post("/first-hours/edit", department=department, **texts)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert re.findall(r'<p class="ps-error"[^>]*>([^<]+)</p>', page) == [fault]
    assert texts["tomorrow"] in page
    with working(small_programme.app) as session:
        assert session.scalars(sa.select(FirstHoursText)).all() == []


def test_300_characters_are_stored_whole_on_every_database(programme: Programme) -> None:
    text = "é" * 300
    write(programme, "", team=text)
    assert text in Browser(programme, STAFF.anna).text("/first-hours")


def test_the_card_names_whom_to_call(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        for number in range(6):
            kind = ResourceKind.EMERGENCY_TEAM
            help_of(session, kind, f"Team {number}", phone=f"050 111 22{number}0")
        help_of(session, ResourceKind.PSYCHOLOGIST, "Not here", phone="050 000")
        help_of(session, ResourceKind.EMERGENCY_TEAM, "A same", phone="050-1234567")
        help_of(session, ResourceKind.EMERGENCY_TEAM, "A past", valid_until=days(-1))
    page = Browser(small_programme, STAFF.anna).text("/first-hours")
    assert re.findall(r'href="tel:(\d+)"', page) == [
        "0501234567",
        *(f"05011122{number}0" for number in range(4)),
    ]


def test_the_longest_card_is_one_page_of_paper(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    logo = tmp_path / "logo.png"
    Image.new("RGB", (50, 50), "red").save(logo)
    small_programme = prepare(make_app(PEERSUPPORT_HOSPITAL_LOGO=str(logo)))
    long = "Wie de avond- of nachtdienst overneemt staat op het bord bij de balie. " * 4
    write(small_programme, "Ward 2", **dict.fromkeys(PARTS, long[:300]))
    with working(small_programme.app) as session:
        for number in range(4):
            help_of(
                session,
                ResourceKind.EMERGENCY_TEAM,
                f"Bedrijfsopvangteam van locatie {number} " + "x" * 150,
                reach="Gebouw " + "y" * 190,
                places=(Place.FIRST_HOURS,),
            )
    browser = Browser(small_programme, STAFF.anna)
    paper = browser.text("/first-hours?format=print")
    (link,) = re.findall(r'href="([^"]+format=pdf[^"]*)"', paper)
    answer = browser.client.get(link.replace("&amp;", "&"))
    assert answer.mimetype == "application/pdf"
    (page,) = PdfReader(io.BytesIO(answer.data)).pages
    text = " ".join(page.extract_text().split())
    assert NAMES[STAFF.anna][1] in text
    assert text.count("Wie de avond- of nachtdienst overneemt") == 5 * 4
    assert "Gebouw" in text


def test_only_coordinators_see_where_the_text_is_changed(small_programme: Programme) -> None:
    assert "/first-hours/edit" not in Browser(small_programme, STAFF.anna).text("/first-hours")
    form = Browser(small_programme).text("/first-hours/edit?department=Ward+2")
    assert USUAL in form
    write(small_programme, "", way_home="A taxi waits.")
    form = Browser(small_programme).text("/first-hours/edit?department=Ward+2")
    assert "A taxi waits." in form
    assert USUAL not in form
