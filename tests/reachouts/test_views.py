"""The coordinator's queue: constant in its statements, complete over its pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.clock import utc_now
from flask_peersupport.reachouts.models import ReachOut, SupportRequest
from flask_peersupport.values import Involved, Person
from tests.intake.conftest import STAFF, engine_of, runtime, signed_in
from tests.reachouts.conftest import COORDINATOR, Programme, anna


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """Collect the statements that run within the block."""
    engine = engine_of(app)
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    yield statements
    sa.event.remove(engine, "before_cursor_execute", note)


def name_many(programme: Programme, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        someone = Person(f"Colleague {number:03}", f"c{number}@hospital.example", department="?")
        programme.report(Involved(someone, "yes", "own"), ref=f"many {number}")
    programme.work()


@pytest.mark.parametrize("address", ["/queue", "/messages", "/requests", "/"])
def test_a_list_takes_as_many_statements_for_one_row_as_for_thirty(
    small_programme: Programme, address: str
) -> None:
    programme = small_programme
    user = STAFF.selma if address == "/requests" else COORDINATOR
    name_many(programme, 1)
    client = signed_in(programme.app, user)
    client.get(f"/peersupport{address}")
    with counted(programme.app) as few:
        assert client.get(f"/peersupport{address}").status_code == 200
    name_many(programme, 30, first=1)
    with counted(programme.app) as many:
        assert client.get(f"/peersupport{address}").status_code == 200
    assert len(many) == len(few)


def test_the_queue_shows_everybody_once_over_its_pages(programme: Programme) -> None:
    name_many(programme, 60)
    client = signed_in(programme.app, COORDINATOR)
    address: str | None = "/peersupport/queue?state=needs_coordinator"
    seen: list[str] = []
    sizes = []
    while address:
        page = client.get(address).get_data(as_text=True)
        names = re.findall(r"Colleague \d{3}", page)
        sizes.append(len(names))
        seen += names
        found = re.search(r'rel="next" href="([^"]+)"', page)
        address = found[1].replace("&amp;", "&") if found else None
    assert sizes == [25, 25, 10]
    assert sorted(seen) == [f"Colleague {number:03}" for number in range(60)]


def test_a_page_key_that_was_tampered_with_shows_the_first_page(
    small_programme: Programme,
) -> None:
    name_many(small_programme, 1)
    client = signed_in(small_programme.app, COORDINATOR)
    for key in ("x", "%00", "MjAyNg==", "MjAyNi0wMS0wMVQwMDowMDowMCBh"):
        page = client.get(f"/peersupport/queue?after={key}&state=nonsense&kind=nonsense")
        assert "Colleague 000" in page.get_data(as_text=True)


def test_what_needs_somebody_comes_first(small_programme: Programme) -> None:
    programme = small_programme
    programme.report(anna())
    programme.work()
    name_many(programme, 1)
    page = signed_in(programme.app, COORDINATOR).get("/peersupport/queue").get_data(as_text=True)
    assert page.index("Colleague 000") < page.index("Anna Vos")


def test_a_telephone_answer_needs_yes_or_a_no_with_its_reason(
    make_app: Callable[..., Flask], small_programme: Programme
) -> None:
    programme = small_programme
    programme.report(anna())
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        address = f"/peersupport/reach-outs/{programme.only_reach_out(session).id}"
    client = signed_in(programme.app, COORDINATOR)
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(address).text)
    assert token
    for data in (
        {},
        {"answer": "perhaps"},
        {"answer": "declined"},
        {"answer": "declined", "reason": "x"},
    ):
        response = client.post(f"{address}/answered", data={"csrf_token": token[1], **data})
        assert response.status_code == 422
    data = {"csrf_token": token[1], "answer": "declined", "reason": "unavailable"}
    assert client.post(f"{address}/answered", data=data).status_code == 302
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        states = [request.state.value for request in programme.only_reach_out(session).requests]
    assert states == ["declined", "asked"]


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("contacts", {}),
        ("contacts", {"happened_on": "x", "channel": "phone", "kind": "first", "outcome": "y"}),
        ("follow-up", {"on": "2001-01-01"}),
        ("follow-up", {"on": "never"}),
        ("later", {"option": "never"}),
        ("close", {}),
        ("close", {"outcome": "declined"}),
        ("close", {"outcome": "perfect"}),
        ("close", {"outcome": "withdrawn"}),
    ],
)
def test_bad_input_comes_back_with_a_sentence_and_changes_nothing(
    small_programme: Programme, action: str, data: dict[str, str]
) -> None:
    programme = small_programme
    programme.report(anna())
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = programme.open_request(session)
        user_id = int(request.supporter.record.person.user_id or 0)
        request_id, reach_out_id = request.id, request.reach_out_id
    client = signed_in(programme.app, user_id)
    page = client.get("/peersupport/supporters/me").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        from flask_peersupport.db import commit
        from flask_peersupport.reachouts.answering import accept_request
        from tests.reachouts.conftest import NOW

        request = programme.open_request(session)
        accept_request(session, request, actor=request.supporter.record.person, now=NOW)
        commit(session)
    response = client.post(
        f"/peersupport/reach-outs/{reach_out_id}/{action}", data={"csrf_token": token[1], **data}
    )
    assert response.status_code == 422
    assert 'role="alert"' in response.text
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = session.get(ReachOut, reach_out_id)
        assert reach_out is not None
        assert (reach_out.state, reach_out.contacts) == ("accepted", [])
    assert request_id


def test_after_the_answer_time_no_name_is_shown_by_a_wrong_answer_either(
    small_programme: Programme,
) -> None:
    programme = small_programme
    programme.report(anna())
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = programme.open_request(session)
        user_id = int(request.supporter.record.person.user_id or 0)
        address = f"/peersupport/requests/{request.id}"
        session.execute(
            sa.update(SupportRequest).values(answer_due_at=utc_now() + timedelta(hours=1))
        )
        session.commit()
    client = signed_in(programme.app, user_id)
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(address).text)
    assert token
    wrong = client.post(f"{address}/decline", data={"csrf_token": token[1]})
    assert (wrong.status_code, "Anna Vos" in wrong.text) == (422, True)
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        last = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert last is not None
        assert (last.action, f"/peersupport/requests/{last.object_id}") == ("request.seen", address)
        assert last.subject is not None
        session.execute(
            sa.update(SupportRequest).values(answer_due_at=utc_now() - timedelta(hours=1))
        )
        session.commit()
    late = client.post(f"{address}/decline", data={"csrf_token": token[1]})
    assert (late.status_code, "Anna" in late.text) == (302, False)
