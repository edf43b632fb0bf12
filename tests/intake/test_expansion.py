"""From what was taken in to reach-outs: who is approached, who is meant, what is known."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, request
from flask.testing import FlaskClient

from flask_peersupport import Involved, Report, signals
from flask_peersupport.db import new_id
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.reachouts.models import (
    ExcludedPerson,
    InvolvedRecord,
    ReachOut,
    ReportRecord,
    SupportRequest,
)
from flask_peersupport.reachouts.states import (
    ContactChannel,
    Outcome,
    ReachOutState,
    RequestState,
    WaitingFor,
)
from flask_peersupport.supporters.actions import SupporterDetails, change_supporter
from flask_peersupport.values import Wish, WishBy
from flask_peersupport.vault import seal
from flask_peersupport.vault.models import PersonRecord
from tests.intake.conftest import (
    APPOINTED_AT,
    NAMES,
    STAFF,
    colleague,
    engine_of,
    person,
    reading,
    report,
    runtime,
    signed_in,
    supporter_of,
    work,
)
from tests.intake.test_receiver import describe_as
from tests.minimal_host import Incident, User, db

ME = {"peersupport-me": "1"}


def reach_outs(app: Flask) -> dict[str, ReachOut]:
    """Return the reach-outs by the colleague's name."""
    with reading(app) as session:
        rows = session.scalars(sa.select(ReachOut)).all()
        found = {row.person.name: row for row in rows if row.person}
        assert len(found) == len(rows)
        session.expunge_all()
        return found


def involve(app: Flask, *involved: Involved, kind: str = "incident") -> None:
    """Let the host's description name these people."""
    describe_as(
        app,
        lambda i: Report(kind, str(i.id), department="Ward 1", involved=involved),
    )


APPROACHED = {
    "all": {("yes", "own"), ("yes", "reporter"), ("ask", "own"), ("ask", "reporter"),
            ("no", "own"), ("no", "reporter")},
    "own_no": {("yes", "own"), ("yes", "reporter"), ("ask", "own"), ("ask", "reporter"),
               ("no", "reporter")},
    "not_declined": {("yes", "own"), ("yes", "reporter"), ("ask", "own"), ("ask", "reporter")},
    "requested": {("yes", "own"), ("yes", "reporter")},
}  # fmt: skip


@pytest.mark.parametrize("approach", APPROACHED)
def test_who_is_approached_is_a_policy_per_kind(
    make_small_app: Callable[..., Flask], approach: str
) -> None:
    """P6; those who are not approached are counted all the same."""
    app = make_small_app(PEERSUPPORT_APPROACH={"incident": approach})
    wishes = [(wish, by) for wish in ("yes", "ask", "no") for by in ("own", "reporter")]
    ids = dict(zip(wishes, NAMES, strict=True))
    involve(app, *(Involved(person(ids[w]), *w) for w in wishes))
    report(signed_in(app))
    work(app)
    assert set(reach_outs(app)) == {NAMES[ids[wish]][0] for wish in APPROACHED[approach]}
    with reading(app) as session:
        assert session.scalar(sa.select(sa.func.count(InvolvedRecord.id))) == len(wishes)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("calamity", {"Anna Vos", "Bram Smit"}),
        ("incident", {"Anna Vos"}),
        ("complaint", {"Anna Vos", "Bram Smit"}),
    ],
)
def test_the_defaults_of_the_policy(small_app: Flask, kind: str, names: set[str]) -> None:
    involve(
        small_app,
        Involved(person(STAFF.anna), "ask"),
        Involved(person(STAFF.bram), "no", "reporter"),
        kind=kind,
    )
    report(signed_in(small_app))
    work(small_app)
    assert set(reach_outs(small_app)) == names


FIRMEST = [
    ([("ask", "reporter"), ("yes", "reporter")], ("yes", "reporter")),
    ([("no", "reporter"), ("yes", "reporter")], ("yes", "reporter")),
    ([("no", "reporter"), ("ask", "reporter")], ("no", "reporter")),
    ([("yes", "reporter"), ("no", "own")], ("no", "own")),
    ([("no", "reporter"), ("ask", "own")], ("ask", "own")),
    ([("no", "own"), ("yes", "own")], ("yes", "own")),
]


@pytest.mark.parametrize(("said", "kept"), FIRMEST)
@pytest.mark.parametrize("is_backwards", [False, True])
def test_the_firmest_wish_wins_whatever_the_order(
    small_app: Flask,
    said: list[tuple[str, str]],
    kept: tuple[str, str],
    is_backwards: bool,
) -> None:
    ordered = reversed(said) if is_backwards else said
    involve(small_app, *(Involved(person(STAFF.anna), *wish) for wish in ordered))
    report(signed_in(small_app))
    work(small_app)
    with reading(small_app) as session:
        (involved,) = session.scalars(sa.select(InvolvedRecord))
        assert (involved.wish, involved.wish_by) == kept


def test_the_reporter_s_own_word(small_app: Flask) -> None:
    client = signed_in(small_app)
    report(client, {"peersupport-me": "1", "peersupport-outside": "1"})
    report(client, {"peersupport-me-involved": "1"})
    report(client, {"peersupport-outside": "1"})
    report(client)
    work(small_app)
    with reading(small_app) as session:
        statement = sa.select(
            ReportRecord.ref, InvolvedRecord.wish, InvolvedRecord.wish_by, InvolvedRecord.is_outside
        ).join(InvolvedRecord, InvolvedRecord.report_id == ReportRecord.id)
        # an unticked reporter is not involved and in no figure
        assert sorted(map(tuple, session.execute(statement))) == [
            ("1", Wish.YES, WishBy.OWN, True),
            ("2", Wish.NO, WishBy.OWN, False),
            # who ticks only from where the supporter is to come wants one
            ("3", Wish.YES, WishBy.OWN, True),
        ]
        assert len(session.scalars(sa.select(ReachOut)).all()) == 2
        reporters = session.scalars(sa.select(ReportRecord.reporter_id)).all()
        assert len(reporters) == 4
        assert len(set(reporters)) == 1


def test_the_same_report_twice_adds_nothing(app: Flask) -> None:
    told: list[str] = []

    def note(sender: Flask, reach_out_id: str, **extra: Any) -> None:
        told.append(reach_out_id)

    describe_as(app, lambda incident: Report("incident", "R-1", department="Ward 1"))
    client = signed_in(app)
    with signals.reach_out_queued.connected_to(note, sender=app):
        for _ in range(2):
            report(client, ME | colleague("Anna Vos"))
        work(app)
        report(client, ME | colleague("Anna Vos") | colleague("Bram Smit", 1))
        work(app)
    found = reach_outs(app)
    assert set(found) == {"Rosa Reporter", "Anna Vos", "Bram Smit"}
    assert sorted(told) == sorted(row.id for row in found.values())
    with reading(app) as session:
        assert len(session.scalars(sa.select(ReportRecord)).all()) == 1
        assert len(session.scalars(sa.select(InvolvedRecord)).all()) == 3


@pytest.mark.parametrize(
    ("fields", "name", "user_id", "waits"),
    [
        ({"name": "Anna Vos"}, "Anna Vos", STAFF.anna, None),
        ({"name": "ANNA  vós"}, "ANNA vós", None, WaitingFor.UNKNOWN_PERSON),
        ({"name": "anna vos"}, "Anna Vos", STAFF.anna, None),
        ({"name": "Jan Bakker"}, "Jan Bakker", None, WaitingFor.UNKNOWN_PERSON),
        ({"name": "Niemand"}, "Niemand", None, WaitingFor.UNKNOWN_PERSON),
        ({"name": "A.", "email": "ANNA.VOS@hospital.example"}, "Anna Vos", STAFF.anna, None),
        ({"name": "Niemand", "email": "n@elsewhere.example"}, "Niemand", None, None),
        ({"name": "Niemand", "phone": "06 1234 5678"}, "Niemand", None, None),
        ({"name": "Anna Vos", "email": "n@elsewhere.example"}, "Anna Vos", None, None),
    ],
)
def test_who_is_meant_by_what_was_typed(
    small_app: Flask,
    fields: dict[str, str],
    name: str,
    user_id: int | None,
    waits: WaitingFor | None,
) -> None:
    with engine_of(small_app).begin() as connection:
        for number in (1, 2):
            address = f"jan{number}@hospital.example"
            connection.execute(
                sa.insert(User).values(name="Jan Bakker", email=address, department="Ward 2")
            )
    report(signed_in(small_app), colleague(**{"department": "Ward 2"} | fields))
    work(small_app)
    with reading(small_app) as session:
        (found,) = session.scalars(sa.select(ReachOut))
        assert found.person is not None
        assert found.person.name == name
        assert found.person.user_id == (None if user_id is None else str(user_id))
        assert found.waiting_for is waits


def test_a_picked_suggestion_is_certain_until_another_name_is_typed_over_it(
    small_app: Flask,
) -> None:
    client = signed_in(small_app)
    (picked,) = client.get("/peersupport/people?q=Anna").get_json()
    assert picked["name"] == "Anna Vos"
    report(client, colleague("Anna Vos", user=picked["user"]))
    report(client, colleague("Bram Smit", user=picked["user"]))
    report(client, colleague("Anna Vos", user=picked["user"] + "x"))
    work(small_app)
    with reading(small_app) as session:
        statement = sa.select(InvolvedRecord, ReportRecord.ref).join(InvolvedRecord.report)
        named = {ref: row.record.person.user_id for row, ref in session.execute(statement)}
        assert named == {"1": str(STAFF.anna), "2": str(STAFF.bram), "3": str(STAFF.anna)}


@pytest.mark.parametrize(
    ("ward", "department", "waits"),
    [
        ("Ward 1", "Ward 2", None),
        ("ward 1", "WARD 2", None),
        ("Ward 1", "", WaitingFor.UNKNOWN_DEPARTMENT),
        ("Ward 1", "Somewhere", WaitingFor.UNKNOWN_DEPARTMENT),
        ("Somewhere", "Ward 2", WaitingFor.UNKNOWN_DEPARTMENT),
        ("", "Ward 2", WaitingFor.UNKNOWN_DEPARTMENT),
        ("Ward 1", "Ward 2; Somewhere", WaitingFor.UNKNOWN_DEPARTMENT),
    ],
)
def test_without_a_known_department_a_coordinator_decides(
    small_app: Flask, ward: str, department: str, waits: WaitingFor | None
) -> None:
    named = colleague("Niemand", phone="06 1234 5678", department=department)
    report(signed_in(small_app), {"ward": ward} | named)
    work(small_app)
    found = reach_outs(small_app)["Niemand"]
    assert found.waiting_for is waits
    state = ReachOutState.ASKING if waits is None else ReachOutState.NEEDS_COORDINATOR
    assert found.state is state


def test_with_ask_after_none_a_coordinator_asks(make_small_app: Callable[..., Flask]) -> None:
    app = make_small_app(PEERSUPPORT_ASK_AFTER=None)
    report(signed_in(app), colleague("Anna Vos"))
    work(app)
    assert reach_outs(app)["Anna Vos"].waiting_for is WaitingFor.BY_HAND


def choose(client: FlaskClient, address: str, **chosen: Any) -> None:
    """Fill in the page after the report."""
    page = client.get(address).get_data(as_text=True)
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    response = client.post(
        address,
        data=chosen | {"csrf_token": token},
        headers={"Referer": "https://localhost/"},
        base_url="https://localhost",
    )
    assert response.status_code == 302, response.get_data(as_text=True)


@pytest.mark.parametrize("is_expanded_before", [False, True])
def test_the_page_afterwards_knows_the_wish_for_outside_and_takes_it_back(
    small_app: Flask, is_expanded_before: bool
) -> None:
    client = signed_in(small_app)
    address = report(client, ME | {"peersupport-outside": "1"}).headers["Location"]
    if is_expanded_before:
        work(small_app)
    page = client.get(address).get_data(as_text=True)
    assert re.search(r'name="outside" value="1" checked', page)
    choose(client, address, channel="phone")
    work(small_app)
    with reading(small_app) as session:
        assert not session.scalars(sa.select(InvolvedRecord.is_outside)).one()


@pytest.mark.parametrize("is_expanded_before", [False, True])
def test_what_is_chosen_after_the_report_is_kept(app: Flask, is_expanded_before: bool) -> None:
    client = signed_in(app)
    address = report(client, ME).headers["Location"]
    if is_expanded_before:
        work(app)
    choose(client, address, channel="video", day_part="evening", outside="1")
    work(app)
    with reading(app) as session:
        (involved,) = session.scalars(sa.select(InvolvedRecord))
        assert involved.channel is ContactChannel.VIDEO
        assert involved.day_part == "evening"
        assert involved.is_outside
        assert (involved.wish, involved.wish_by) == (Wish.YES, WishBy.OWN)


def add_editing(app: Flask) -> None:
    """Let the host write drafts, and edit them."""

    @app.post("/report/<int:incident_id>/edit")
    def edit(incident_id: int) -> str:
        incident = db.get_or_404(Incident, incident_id)
        incident.title += "!"
        incident.ward = request.form.get("ward") or None
        db.session.commit()
        return "stored"


@pytest.mark.parametrize("ask_after", [0, None])
def test_a_report_is_completed_later(
    make_small_app: Callable[..., Flask], ask_after: int | None
) -> None:
    """The ward of the event is not on the draft: nobody is asked before it is known (P8)."""
    app = make_small_app(PEERSUPPORT_ASK_AFTER=ask_after)
    add_editing(app)
    client = signed_in(app)
    report(client, {"ward": ""} | colleague("Anna Vos"))
    work(app)
    assert reach_outs(app)["Anna Vos"].waiting_for is WaitingFor.UNKNOWN_DEPARTMENT
    client.post("/report/1/edit", data={"ward": "Ward 9"} | colleague("Anna Vos"))
    work(app)
    found = reach_outs(app)["Anna Vos"]
    assert found.waiting_for is (WaitingFor.BY_HAND if ask_after is None else None)
    with reading(app) as session:
        (row,) = session.scalars(sa.select(ReportRecord))
        assert (row.department, row.flags) == ("Ward 9", ())
        asked = [one.supporter_id for one in session.scalars(sa.select(SupportRequest))]
        selma = supporter_of(session, STAFF.selma).id
        assert asked == ([] if ask_after is None else [selma])


def test_another_ward_on_a_later_edit_rules_out_who_was_asked(small_app: Flask) -> None:
    add_editing(small_app)
    client = signed_in(small_app)
    report(client, {"ward": "Ward 9"} | colleague("Anna Vos"))
    work(small_app)
    client.post("/report/1/edit", data={"ward": "Ward 8"} | colleague("Anna Vos"))
    work(small_app)
    with reading(small_app) as session:
        (row,) = session.scalars(sa.select(ReportRecord))
        assert row.department == "Ward 9; Ward 8"
        (asked,) = session.scalars(sa.select(SupportRequest))
        assert asked.supporter_id == supporter_of(session, STAFF.selma).id
        assert asked.state is RequestState.WITHDRAWN


def test_wishes_that_come_in_before_their_report_do_not_leave_it_incomplete(
    small_app: Flask,
) -> None:
    client = signed_in(small_app)
    address = report(client, ME).headers["Location"]
    choose(client, address, channel="phone")
    with engine_of(small_app).begin() as connection:
        rows = connection.scalars(
            sa.select(IntakeRecord.id).order_by(IntakeRecord.received_at)
        ).all()
        first = sa.update(IntakeRecord).where(IntakeRecord.id == rows[0])
        connection.execute(first.values(due_at=datetime.now(UTC) + timedelta(minutes=1)))
    work(small_app)
    assert reach_outs(small_app)["Rosa Reporter"].state is ReachOutState.NEEDS_COORDINATOR
    work(small_app, timedelta(minutes=1))
    assert reach_outs(small_app)["Rosa Reporter"].state is ReachOutState.ASKING
    with reading(small_app) as session:
        (row,) = session.scalars(sa.select(ReportRecord))
        assert (row.department, row.flags) == ("Ward 1", ())
        assert row.reporter is not None
        assert row.reporter.person.name == "Rosa Reporter"


def test_a_tick_is_the_own_word_of_who_posted_it(small_app: Flask) -> None:
    """Rosa edits Anna's report and asks for support: it is Rosa who is called."""
    add_editing(small_app)
    report(signed_in(small_app, STAFF.anna))
    client = signed_in(small_app)
    address = client.post("/report/1/edit", data={"ward": "Ward 1"} | ME)
    assert address.status_code == 200
    work(small_app)
    assert set(reach_outs(small_app)) == {"Rosa Reporter"}
    with reading(small_app) as session:
        (row,) = session.scalars(sa.select(ReportRecord))
        assert row.reporter is not None
        assert row.reporter.person.name == "Anna Vos"


def test_wishes_are_those_of_who_posted_the_form(small_app: Flask) -> None:
    describe_as(
        small_app,
        lambda i: Report("incident", str(i.id), "Ward 1", reporter=person(STAFF.anna)),
    )
    client = signed_in(small_app)
    address = report(client, ME).headers["Location"]
    choose(client, address, channel="video")
    work(small_app)
    with reading(small_app) as session:
        (involved,) = session.scalars(sa.select(InvolvedRecord))
        assert involved.record is not None
        assert involved.record.person.name == "Rosa Reporter"
        assert involved.channel is ContactChannel.VIDEO


def test_without_a_visitor_the_reporter_is_meant(small_app: Flask) -> None:
    describe_as(
        small_app,
        lambda i: Report("incident", str(i.id), "Ward 1", reporter=person(STAFF.anna)),
    )
    report(small_app.test_client(), ME)
    work(small_app)
    assert set(reach_outs(small_app)) == {"Anna Vos"}


@pytest.mark.parametrize(
    ("is_worked", "ward"), [(False, "Ward 1"), (True, "Ward 1"), (True, "Somewhere")]
)
def test_the_own_no_that_comes_later_stops_the_approach(
    small_app: Flask, is_worked: bool, ward: str
) -> None:
    describe_as(small_app, lambda i: Report("calamity", "C-1", ward))
    report(signed_in(small_app), colleague("Anna Vos"))
    if is_worked:
        work(small_app)
    report(signed_in(small_app, STAFF.anna), {"peersupport-me-involved": "1"})
    work(small_app)
    found = reach_outs(small_app)["Anna Vos"]
    assert (found.state, found.outcome) == (ReachOutState.CLOSED, Outcome.WITHDRAWN)
    with reading(small_app) as session:
        states = session.scalars(sa.select(SupportRequest.state)).all()
        assert set(states) <= {RequestState.WITHDRAWN}


@pytest.mark.parametrize(
    ("name", "typed", "plain"),
    [
        ("Niemand", "the ward of Jan Jansen", None),
        ("Niemand", "Ward 2; the ward of Jan Jansen", "Ward 2"),
        ("Anna Vos", "the ward of Jan Jansen", "Ward 2"),
    ],
)
def test_what_is_typed_as_department_is_kept_sealed(
    small_app: Flask, name: str, typed: str, plain: str | None
) -> None:
    report(signed_in(small_app), colleague(name, phone="06 1234 5678", department=typed))
    work(small_app)
    found = reach_outs(small_app)[name]
    assert found.waiting_for is WaitingFor.UNKNOWN_DEPARTMENT
    with reading(small_app) as session:
        (involved,) = session.scalars(sa.select(InvolvedRecord))
        assert involved.department == plain
        assert involved.flags == ("unknown_department_text",)
        assert involved.record is not None
        assert involved.record.person.department == ("Ward 2" if name == "Anna Vos" else typed)


def test_a_doubtful_department_that_comes_later_holds_what_is_under_way(small_app: Flask) -> None:
    describe_as(small_app, lambda i: Report("incident", "R-1", "Ward 1"))
    client = signed_in(small_app)
    report(client, colleague("Anna Vos"))
    work(small_app)
    report(client, colleague("Anna Vos", department="Somewhere"))
    work(small_app)
    found = reach_outs(small_app)["Anna Vos"]
    assert found.waiting_for is WaitingFor.UNKNOWN_DEPARTMENT
    with reading(small_app) as session:
        assert session.scalars(sa.select(SupportRequest.state)).all() == [RequestState.WITHDRAWN]


def test_what_is_typed_never_replaces_what_is_known(small_app: Flask) -> None:
    with small_app.app_context(), runtime(small_app).storage.work() as session:
        change_supporter(
            session,
            supporter_of(session, STAFF.selma),
            SupporterDetails(departments=("Ward 8",)),
            phone="06 1111 1111",
            actor="command",
            now=datetime.now(UTC),
        )
        session.commit()
    report(signed_in(small_app), colleague("Selma Steun", phone="06 9999 9999", department="W"))
    work(small_app)
    with reading(small_app) as session:
        known = supporter_of(session, STAFF.selma).record.person
        assert (known.phone, known.department) == ("06 1111 1111", "Ward 8")


@pytest.mark.parametrize(
    ("name", "called", "flags"),
    [
        ("Petra Anders", "Petra Anders", ("name_differs",)),
        ("A. Vos", "Anna Vos", ()),
        ("Ánna Jansen", "Anna Vos", ()),
    ],
)
def test_a_name_that_contradicts_the_address_waits_for_a_coordinator(
    small_app: Flask, name: str, called: str, flags: tuple[str, ...]
) -> None:
    report(signed_in(small_app), colleague(name, email="anna.vos@hospital.example"))
    work(small_app)
    found = reach_outs(small_app)[called]
    assert found.waiting_for is (WaitingFor.UNKNOWN_PERSON if flags else None)
    with reading(small_app) as session:
        (involved,) = session.scalars(sa.select(InvolvedRecord))
        assert involved.flags == flags


def test_a_person_who_was_stored_twice_is_called_once(small_app: Flask) -> None:
    """Two workers at once saw nothing of each other."""
    client = signed_in(small_app)
    describe_as(small_app, lambda i: Report("incident", "R-1", "Ward 1"))
    report(client, colleague("Anna Vos"))
    work(small_app)
    with reading(small_app) as session:
        (involved,) = session.scalars(sa.select(InvolvedRecord))
        assert involved.record is not None
        older = PersonRecord(id=new_id(), created_at=APPOINTED_AT, is_lasting=False)
        for column in ("month", "user_mark", "email_mark", "name_mark"):
            setattr(older, column, getattr(involved.record, column))
        key = runtime(small_app).keys.get(older.month)
        older.blob = seal.seal_person(older.id, involved.record.person, key)
        session.add(older)
        session.commit()
    report(client, colleague("Anna Vos"))
    work(small_app)
    with reading(small_app) as session:
        assert session.scalar(sa.select(sa.func.count(ReachOut.id))) == 1


@pytest.mark.parametrize(("many", "excluded"), [(10, 3), (51, 0)])
def test_nobody_uninvolved_is_stored_for_a_name_not_to_ask(
    small_app: Flask, many: int, excluded: int
) -> None:
    with engine_of(small_app).begin() as connection:
        for number in range(many):
            address = f"a{number}@hospital.example"
            connection.execute(sa.insert(User).values(name=f"A{number} Steun", email=address))
    client = signed_in(small_app)
    address = report(client, ME).headers["Location"]
    choose(client, address, not_to_ask="Steun")
    with reading(small_app) as session:
        before = session.scalar(sa.select(sa.func.count(PersonRecord.id)))
    work(small_app)
    with reading(small_app) as session:
        assert session.scalar(sa.select(sa.func.count(ExcludedPerson.id))) == excluded
        assert session.scalar(sa.select(sa.func.count(PersonRecord.id))) == (before or 0) + 1
        assert session.scalars(sa.select(InvolvedRecord.flags)).all() == [("unknown_unwanted",)]


def test_what_is_not_on_offer_is_left_out(small_app: Flask) -> None:
    client = signed_in(small_app)
    address = report(client, ME).headers["Location"]
    choose(client, address, channel="pigeon", day_part="night", not_to_ask=["", "Niemand"])
    work(small_app)
    with reading(small_app) as session:
        (involved,) = session.scalars(sa.select(InvolvedRecord))
        assert (involved.channel, involved.day_part, involved.is_outside) == (None, None, False)
        assert session.scalars(sa.select(ExcludedPerson)).all() == []


def test_who_must_not_be_asked_and_was_asked_already_is_withdrawn(app: Flask) -> None:
    client = signed_in(app)
    address = report(client, ME).headers["Location"]
    work(app)
    with reading(app) as session:
        (request,) = session.scalars(sa.select(SupportRequest))
        asked = request.supporter.record.person
    choose(client, address, not_to_ask=asked.name)
    work(app)
    with reading(app) as session:
        rows = session.scalars(sa.select(SupportRequest).order_by(SupportRequest.asked_at)).all()
        assert [row.state for row in rows] == [RequestState.WITHDRAWN, RequestState.ASKED]
        assert rows[0].supporter.record.person.user_id == asked.user_id
        assert rows[1].supporter.record.person.user_id != asked.user_id
        assert [row.asked_count for row in (rows[0].supporter, rows[1].supporter)] == [0, 1]


def test_who_must_not_be_asked_is_never_asked(small_app: Flask) -> None:
    client = signed_in(small_app)
    address = report(client, ME).headers["Location"]
    choose(client, address, not_to_ask=["Selma Steun", "Sven Steun", "sofie steun"])
    work(small_app)
    found = reach_outs(small_app)["Rosa Reporter"]
    assert found.waiting_for is WaitingFor.NO_SUPPORTER
    with reading(small_app) as session:
        assert session.scalars(sa.select(SupportRequest)).all() == []
        assert supporter_of(session, STAFF.selma).asked_count == 0


def test_the_own_department_is_never_asked(small_app: Flask) -> None:
    named = colleague("Niemand", phone="06 1234 5678", department="Ward 9")
    report(signed_in(small_app), {"ward": "Ward 9"} | named)
    work(small_app)
    with reading(small_app) as session:
        (request,) = session.scalars(sa.select(SupportRequest))
        assert request.supporter_id == supporter_of(session, STAFF.selma).id


def test_a_report_of_long_ago_keeps_its_dates(small_app: Flask) -> None:
    occurred_at = datetime(2019, 3, 31, 2, 30)  # noqa: DTZ001 - naive, in the hospital's hour that was not
    describe_as(
        small_app,
        lambda i: Report("incident", str(i.id), department="Ward 1", occurred_at=occurred_at),
    )
    report(signed_in(small_app), ME)
    work(small_app)
    zone = runtime(small_app).settings.timezone
    with reading(small_app) as session:
        (row,) = session.scalars(sa.select(ReportRecord))
        assert row.occurred_at == occurred_at.replace(tzinfo=zone).astimezone(UTC)


def test_whom_no_other_supporter_is_left_for_waits_as_such(small_app: Flask) -> None:
    """Three supporters, four colleagues: the others are asked already, none is to be called."""
    names = ("Anna Vos", "Bram Smit", "Sanne de Boer")
    step = {"peersupport-me": "1"}
    for index, name in enumerate(names):
        email = f"{index}@elsewhere.example" if index == 2 else ""
        step |= colleague(name, index, email=email, department="Ward 2", wish="yes")
    report(signed_in(small_app), step)
    work(small_app)
    with reading(small_app) as session:
        waiting = [one.waiting_for for one in session.scalars(sa.select(ReachOut))]
    assert waiting.count(None) == 3
    assert waiting.count(WaitingFor.NO_SUPPORTER) == 1
