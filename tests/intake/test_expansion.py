"""From what was taken in to reach-outs: who is approached, who is meant, what is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from flask_peersupport import Involved, Report, signals
from flask_peersupport.reachouts.models import (
    ExcludedPerson,
    InvolvedRecord,
    ReachOut,
    ReportRecord,
    SupportRequest,
)
from flask_peersupport.reachouts.states import (
    ContactChannel,
    ReachOutState,
    RequestState,
    WaitingFor,
)
from flask_peersupport.values import Wish, WishBy
from tests.intake.conftest import (
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
from tests.minimal_host import User

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
        ]
        assert len(session.scalars(sa.select(ReachOut)).all()) == 1
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
        ("", "Ward 2", None),
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
