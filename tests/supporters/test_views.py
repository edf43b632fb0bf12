"""The pages of the roster: who may see them, what they keep, what they cost."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport import clock
from flask_peersupport.access.department_actions import DepartmentDetails, add_department
from flask_peersupport.access.models import Department
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.runtime import EXTENSION
from flask_peersupport.supporters.actions import SupporterDetails, add_supporter
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from tests.supporters.conftest import NOW, Visitor, counted
from tests.supporters.host import COORDINATOR, NURSE, SURGEON

S = SupporterState
ABSENT = "f" * 32


@pytest.fixture(autouse=True)
def _at_now() -> Any:
    with clock.stopped_at(NOW):
        yield


def fill(app: Flask, count: int = 0, state: SupporterState = S.APPOINTED) -> str:
    """Add two departments, the nurse as a supporter and `count` others; return the nurse's id."""
    with app.app_context():
        session: orm.Session = app.extensions[EXTENSION].storage.session()
        for name in ("IC", "Heelkunde"):
            add_department(session, DepartmentDetails(name), actor="command", now=NOW)
        details = SupporterDetails("nurse", "medical", departments=("IC",))
        nurse = add_supporter(session, NURSE, details, state=state, actor="command", now=NOW)
        for number in range(count):
            person = Person(f"Other {number:02}", email=f"other{number}@hospital.example")
            other = SupporterDetails("physician", departments=("Heelkunde", "Elders"))
            add_supporter(session, person, other, state=state, actor="command", now=NOW)
        session.commit()
        return nurse.id


def read(app: Flask, statement: Any) -> Any:
    with app.app_context():
        return app.extensions[EXTENSION].storage.session().execute(statement).all()


def supporter_row(app: Flask) -> Any:
    columns = (
        Supporter.state,
        Supporter.profession,
        Supporter.is_asked_at_night,
        Supporter.max_open,
        Supporter.paused_until_on,
    )
    return tuple(read(app, sa.select(*columns))[0])


def audited(app: Flask) -> list[str]:
    return [row.action for row in read(app, sa.select(AuditEntry.action).order_by(AuditEntry.id))]


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


COORDINATORS_ONLY = [
    ("GET", "/supporters"),
    ("GET", "/supporters/add"),
    ("POST", "/supporters/add"),
    ("GET", "/supporters/import"),
    ("POST", "/supporters/import"),
    ("GET", "/supporters/{id}"),
    ("POST", "/supporters/{id}"),
    ("POST", "/supporters/{id}/state"),
    ("POST", "/supporters/{id}/pause"),
    ("POST", "/supporters/{id}/resume"),
    ("GET", "/departments"),
    ("GET", "/departments/add"),
    ("POST", "/departments/add"),
    ("GET", "/departments/import"),
    ("POST", "/departments/import"),
    ("GET", "/departments/{department}"),
    ("POST", "/departments/{department}"),
]
SUPPORTERS_ONLY = [
    ("GET", "/supporters/me"),
    ("POST", "/supporters/me/availability"),
    ("POST", "/supporters/me/pause"),
    ("POST", "/supporters/me/resume"),
]


def ask(visitor: Visitor, method: str, address: str) -> Any:
    return visitor.get(address) if method == "GET" else visitor.send(address)


@pytest.mark.parametrize(("method", "rule"), COORDINATORS_ONLY + SUPPORTERS_ONLY)
def test_pages_are_only_for_whom_they_are(small_app: Flask, method: str, rule: str) -> None:
    supporter_id = fill(small_app)
    department_id = read(small_app, sa.select(Department.id))[0][0]
    address = rule.format(id=supporter_id, department=department_id)
    before = audited(small_app)

    anonymous = ask(Visitor(small_app, None), method, address)
    assert (anonymous.status_code, anonymous.location) == (302, "/sign-in")
    strangers = [SURGEON]
    strangers += [NURSE] if (method, rule) in COORDINATORS_ONLY else [COORDINATOR]
    for person in strangers:
        absent = ask(Visitor(small_app, person), method, "/nowhere")
        refused = ask(Visitor(small_app, person), method, address)
        # without a token every POST is answered alike
        assert absent.status_code == (404 if method == "GET" else 400)
        assert (refused.status_code, refused.data) == (absent.status_code, absent.data)
    refusals = ["refused"] * (len(strangers) if method == "GET" else 0)
    assert audited(small_app) == before + refusals
    before = before + refusals

    allowed = COORDINATOR if (method, rule) in COORDINATORS_ONLY else NURSE
    answer = ask(Visitor(small_app, allowed), method, address)
    assert answer.status_code == (200 if method == "GET" else 400)  # no CSRF token was sent
    if method == "POST":
        assert audited(small_app) == before


@pytest.mark.parametrize("state", [S.NOMINATED, S.INVITED, S.TRAINED, S.RETIRED])
def test_nomination_is_not_shown_to_the_nominated(small_app: Flask, state: SupporterState) -> None:
    fill(small_app, state=state)

    assert Visitor(small_app, NURSE).get("/supporters/me").status_code == 404


@pytest.mark.parametrize("wrong", [ABSENT, "x", "a\x00b", "me2", "%00", "a" * 500])
def test_absent_supporter_and_department_are_absent(small_app: Flask, wrong: str) -> None:
    fill(small_app)
    visitor = Visitor(small_app, COORDINATOR)
    absent = visitor.get("/nowhere")

    for folder in ("supporters", "departments"):
        answer = visitor.get(f"/{folder}/{wrong}")
        assert (answer.status_code, answer.data) == (404, absent.data)


def test_roster_shows_and_filters(app: Flask) -> None:
    fill(app, count=2)
    visitor = Visitor(app, COORDINATOR)

    page = text_of(visitor.get("/supporters"))
    assert page.index("Nadia Nurse") < page.index("Other 00") < page.index("Other 01")
    for query, names in (
        ("profession=nurse", {"Nadia Nurse"}),
        ("department=Heelkunde", {"Other 00", "Other 01"}),
        ("department=IC&profession=physician", set()),
        ("state=paused", set()),
        ("state=nonsense&profession=%00&department=%27", {"Nadia Nurse", "Other 00", "Other 01"}),
        (f"after={ABSENT}", set()),
    ):
        page = text_of(visitor.get(f"/supporters?{query}"))
        shown = {name for name in ("Nadia Nurse", "Other 00", "Other 01") if f">{name}<" in page}
        assert shown == names, query


@pytest.mark.parametrize("address", ["/supporters", "/supporters/me", "/departments"])
def test_pages_cost_the_same_with_one_and_with_thirty(
    make_host: Any, tmp_path: Any, address: str
) -> None:
    person = NURSE if address.endswith("me") else COORDINATOR
    counts = []
    for number in (1, 30):
        app = make_host(f"sqlite:///{tmp_path / str(number)}.sqlite")
        fill(app, count=number - 1)
        with app.app_context():
            session: orm.Session = app.extensions[EXTENSION].storage.session()
            for index in range(number):
                details = DepartmentDetails(f"Unit {index}", (f"U{index}",))
                add_department(session, details, actor="command", now=NOW)
            session.commit()
        visitor = Visitor(app, person)
        visitor.get(address)
        with counted(app) as statements:
            assert visitor.get(address).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(("address", "status"), [("/", 200), ("/supporters", 200), ("/no", 404)])
def test_what_somebody_can_open_is_read_once(small_app: Flask, address: str, status: int) -> None:
    visitor = Visitor(small_app, COORDINATOR)
    with counted(small_app) as statements:
        assert visitor.get(address).status_code == status
    assert sum("FROM peersupport_nomination_round" in text for text in statements) == 1


def test_each_sight_is_one_audit_row(small_app: Flask) -> None:
    supporter_id = fill(small_app, count=3)
    before = len(audited(small_app))
    Visitor(small_app, COORDINATOR).get("/supporters")
    Visitor(small_app, COORDINATOR).get(f"/supporters/{supporter_id}")
    Visitor(small_app, NURSE).get("/supporters/me")

    assert audited(small_app)[before:] == ["supporters.seen", "supporter.seen", "supporter.seen"]


def test_add_puts_on_the_roster(app: Flask) -> None:
    fill(app)
    answer = Visitor(app, COORDINATOR).post(
        "/supporters/add",
        name=" Sam  Surgeon",
        email="SAM@hospital.example",
        phone="+31 50 1234567",
        profession="physician",
        department=["heelkunde", ""],
        state="appointed",
    )
    assert answer.status_code == 302
    page = text_of(Visitor(app, COORDINATOR).get(answer.location.removeprefix("/peersupport")))
    assert "Sam Surgeon" in page
    assert "no account" not in page


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "There is no name."),
        ("name", "=1", "begins like a formula."),
        ("name", "a\x00b", "contains a control character."),
        ("name", "a" * 10_000, "This is too long"),
        ("email", "nonsense", "“nonsense” is not an e-mail address."),
        ("email", "", "Fill in an e-mail address"),
        ("email", "nadia@hospital.example", "This person is on the roster already."),
        ("phone", "none", "“none” is not a telephone number."),
        ("profession", "wizard", "“wizard” is not known here."),
        ("department", "Oncologie", "“Oncologie” is not a known department."),
        ("department", "", "Fill in a department"),
        ("max_open", "many", "A limit is a whole number"),
    ],
)
def test_invalid_form_comes_back_filled_in(
    small_app: Flask, field: str, value: str, sentence: str
) -> None:
    fill(small_app)
    typed = {
        "name": "Sam Surgeon",
        "email": "sam@hospital.example",
        "phone": "12345",
        "profession": "physician",
        "department": "IC",
        "max_open": "1",
        "night": "1",
    }
    answer = Visitor(small_app, COORDINATOR).post("/supporters/add", **typed | {field: value})
    page = text_of(answer)

    assert answer.status_code == 422
    assert sentence in page
    assert len(read(small_app, sa.select(Supporter.id))) == 1
    for name in ("name", "email", "phone", "max_open"):
        if name != field:
            assert f'value="{typed[name]}"' in page
    assert 'name="night" value="1" checked' in page


def test_change_saves_and_keeps_what_was_typed(app: Flask) -> None:
    supporter_id = fill(app)
    visitor = Visitor(app, COORDINATOR)
    address = f"/supporters/{supporter_id}"

    wrong = visitor.post(address, name="Nadia N.", profession="nurse", department="Nergens")
    assert wrong.status_code == 422
    assert 'value="Nadia N."' in text_of(wrong)
    assert supporter_row(app)[1] == "nurse"

    right = visitor.post(
        address, name="Nadia N.", profession="physician", department=["IC"], max_open="1", night="1"
    )
    assert right.status_code == 302
    assert supporter_row(app) == (S.APPOINTED, "physician", True, 1, None)
    assert "Nadia N." in text_of(visitor.get(address))


def test_expired_department_does_not_stop_another_change(small_app: Flask) -> None:
    supporter_id = fill(small_app)
    with small_app.app_context():
        session = small_app.extensions[EXTENSION].storage.session()
        session.execute(
            sa.update(Department).values(valid_until=datetime(2026, 1, 1, tzinfo=UTC).date())
        )
        session.commit()

    answer = Visitor(small_app, COORDINATOR).post(
        f"/supporters/{supporter_id}", name="Nadia", department="IC", max_open="1"
    )
    assert answer.status_code == 302


def test_coordinator_moves_pauses_and_resumes(app: Flask) -> None:
    supporter_id = fill(app)
    visitor = Visitor(app, COORDINATOR)
    address = f"/supporters/{supporter_id}"

    visitor.post(f"{address}/pause", form=address, until_on="2026-03-10")
    assert supporter_row(app)[4].isoformat() == "2026-03-10"
    visitor.post(f"{address}/resume", form=address)
    assert supporter_row(app)[4] is None
    visitor.post(f"{address}/state", form=address, state="retired")
    assert supporter_row(app)[0] == S.RETIRED
    refused = visitor.post(f"{address}/state", form=address, state="trained")
    assert refused.status_code == 409
    assert supporter_row(app)[0] == S.RETIRED
    assert visitor.post(f"{address}/state", form=address, state="king").status_code == 404


@pytest.mark.parametrize("day", ["2026-03-02", "tomorrow", "10000-01-01"])
def test_pause_that_cannot_be_comes_back(small_app: Flask, day: str) -> None:
    supporter_id = fill(small_app)
    for person, address in (
        (COORDINATOR, f"/supporters/{supporter_id}"),
        (NURSE, "/supporters/me"),
    ):
        answer = Visitor(small_app, person).post(f"{address}/pause", form=address, until_on=day)
        assert answer.status_code == 422
        assert f'value="{day}"' in text_of(answer)
    assert supporter_row(small_app)[4] is None


def test_supporter_sees_and_sets_their_own(app: Flask) -> None:
    fill(app, count=1)
    visitor = Visitor(app, NURSE)

    page = text_of(visitor.get("/supporters/me"))
    assert "Nadia Nurse" in page
    assert "Other 00" not in page
    visitor.post("/supporters/me/availability", form="/supporters/me", max_open="1")
    row = read(app, sa.select(Supporter).where(Supporter.max_open == 1))
    assert len(row) == 1
    wrong = visitor.post("/supporters/me/availability", form="/supporters/me", max_open="0")
    assert wrong.status_code == 422
    visitor.post("/supporters/me/pause", form="/supporters/me", until_on="")
    assert "No requests come in until the pause is ended here." in text_of(
        visitor.get("/supporters/me")
    )
    visitor.post("/supporters/me/resume", form="/supporters/me")
    assert "Last day of the pause" in text_of(visitor.get("/supporters/me"))


def test_pause_that_has_ended_is_none(small_app: Flask) -> None:
    fill(small_app)
    Visitor(small_app, NURSE).post(
        "/supporters/me/pause", form="/supporters/me", until_on="2026-03-03"
    )
    assert "on pause until" in text_of(Visitor(small_app, NURSE).get("/supporters/me"))
    with clock.stopped_at(NOW + timedelta(days=1)):
        assert "on pause until" not in text_of(Visitor(small_app, NURSE).get("/supporters/me"))


def test_import_page_lists_faults_or_stores(app: Flask) -> None:
    fill(app)
    visitor = Visitor(app, COORDINATOR)

    empty = visitor.post("/supporters/import")
    assert empty.status_code == 422
    assert "Choose a file first." in text_of(empty)
    text = b"name,email,department\nSam,sam@hospital.example,Nergens\n,x,IC\n"
    faulty = visitor.post("/supporters/import", file=(io.BytesIO(text), "a.csv"))
    assert faulty.status_code == 422
    assert "Nothing was stored: the file has 3 faults." in text_of(faulty)
    assert "Row 3:" in text_of(faulty)
    text = b"name,email,department\nSam,sam@hospital.example,IC\n"
    assert visitor.post("/supporters/import", file=(io.BytesIO(text), "a.csv")).status_code == 302
    assert len(read(app, sa.select(Supporter.id))) == 2


def test_departments_are_added_changed_and_refreshed(app: Flask) -> None:
    fill(app, count=1)
    visitor = Visitor(app, COORDINATOR)

    wrong = visitor.post("/departments/add", name="ic", aliases="Elders; Ergens")
    assert wrong.status_code == 422
    assert "“ic” is a name of “IC” already." in text_of(wrong)
    assert 'value="Elders; Ergens"' in text_of(wrong)
    assert "not in the list" in text_of(visitor.get("/supporters"))
    right = visitor.post("/departments/add", name="Buiten", aliases="Elders; Ergens")
    assert right.status_code == 302
    assert "not in the list" not in text_of(visitor.get("/supporters"))
    page = text_of(visitor.get("/departments?search=ergens"))
    assert "Buiten" in page
    assert ">IC<" not in page

    (own,) = read(app, sa.select(Department.id).where(Department.name == "IC"))[0]
    answer = visitor.post(f"/departments/{own}", name="Intensive Care", valid_until="2027-01-01")
    assert answer.status_code == 302
    page = text_of(visitor.get("/departments"))
    assert "Intensive Care" in page
    circle = visitor.post(f"/departments/{own}", name="Intensive Care", parent=own)
    assert circle.status_code == 422


def test_departments_are_imported(app: Flask) -> None:
    fill(app, count=1)
    visitor = Visitor(app, COORDINATOR)

    text = b"name;parent\nA;B\nB;A\n"
    faulty = visitor.post("/departments/import", file=(io.BytesIO(text), "a.csv"))
    assert faulty.status_code == 422
    assert "Row 2:" in text_of(faulty)
    text = b"name;aliases\nElders;Ergens\n"
    assert visitor.post("/departments/import", file=(io.BytesIO(text), "a.csv")).status_code == 302
    assert "not in the list" not in text_of(visitor.get("/supporters"))


def test_the_roster_leads_to_load_and_coverage(small_app: Flask) -> None:
    page = text_of(Visitor(small_app, COORDINATOR).get("/supporters"))
    for address in ("/supporters/load", "/supporters/coverage"):
        assert f'href="/peersupport{address}"' in page
