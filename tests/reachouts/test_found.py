"""Reports that were found afterwards wait for a coordinator to look at them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from flask_peersupport.access.roles import grant_role
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import commit
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.intake.payload import Payload
from flask_peersupport.intake.storing import intake_row
from flask_peersupport.reachouts.models import ReportRecord
from flask_peersupport.values import Involved, Person, Report
from tests.intake.conftest import STAFF, engine_of, person, reading, runtime, signed_in
from tests.reachouts.conftest import COORDINATOR, NOW, Programme, anna
from tests.reachouts.test_views import counted

LIST = "/peersupport/queue/found"
ENGLISH = {"Accept-Language": "en"}


def find(
    programme: Programme, count: int, *involved: Involved, first: int = 0, url: str | None = None
) -> None:
    """Let `reconcile` have found some reports, and the worker have expanded them."""
    app = programme.app
    with app.app_context(), runtime(app).storage.work() as session:
        for number in range(first, first + count):
            report = Report(
                "incident",
                f"F{number:03}",
                "Ward 1",
                reporter=person(STAFF.rosa),
                involved=involved,
                url=url,
            )
            row = intake_row(runtime(app), Payload(report, {}, is_found=True))
            session.execute(sa.insert(IntakeRecord), row | {"due_at": NOW})
        session.commit()
    programme.work()


def see(client: FlaskClient, address: str = LIST) -> str:
    """Return a page in English."""
    response = client.get(address, headers=ENGLISH)
    assert response.status_code == 200
    return response.text


def post(client: FlaskClient, address: str, page: str, **data: object) -> int:
    """Press a button of a page; return the status."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = {"csrf_token": token[1], **data}
    return client.post(address, data=form, headers=ENGLISH).status_code


def waiting(programme: Programme) -> list[str]:
    """Return the references of the reports that nobody has looked at."""
    with reading(programme.app) as session:
        found = sa.select(ReportRecord.ref).where(ReportRecord.found_at.is_not(None))
        return sorted(session.scalars(found))


@pytest.fixture
def coordinator(programme: Programme) -> FlaskClient:
    """The coordinator's browser, on each database."""
    return signed_in(programme.app, COORDINATOR)


def test_a_report_that_was_found_waits_for_a_look(
    programme: Programme, coordinator: FlaskClient
) -> None:
    assert LIST not in see(coordinator, "/peersupport/queue")
    assert "somebody has looked at every report" in see(coordinator)
    find(programme, 1, anna(), url="https://host.example/report/7")
    queue = see(coordinator, "/peersupport/queue")
    assert "One report was found afterwards" in queue
    assert f'href="{LIST}"' in queue
    page = see(coordinator)
    assert page.count("<tr") == 2
    assert 'href="https://host.example/report/7">' in page
    assert "F000" in page
    assert "Ward 1" in page
    assert re.search(r'data-label="Reach-outs">1<', page)
    assert "Anna" not in page, "who is involved is on the page of the reach-out"


def test_a_report_that_came_in_by_itself_does_not(
    programme: Programme, coordinator: FlaskClient
) -> None:
    programme.report(anna())
    programme.work()
    assert LIST not in see(coordinator, "/peersupport/queue")
    assert "Incident" not in see(coordinator)


def test_one_is_done_and_the_others_stay(programme: Programme, coordinator: FlaskClient) -> None:
    find(programme, 3)
    page = see(coordinator)
    action = re.findall(r'action="([^"]+/done)"', page)[1]
    row = re.findall(r"F\d{3}", page)
    assert post(coordinator, action, page) == 302
    after = see(coordinator)
    assert "Noted: you have looked at this report." in after
    assert len(waiting(programme)) == 2
    assert post(coordinator, action, page) == 302, "a colleague was first: no harm"
    with reading(programme.app) as session:
        entries = session.scalars(
            sa.select(AuditEntry).where(AuditEntry.action == "report.looked_at")
        ).all()
        (entry,) = entries
        looked_at = session.get(ReportRecord, entry.object_id)
        assert looked_at is not None
        assert looked_at.ref in row
        assert looked_at.ref not in waiting(programme)
        assert entry.actor != "worker"


def test_all_of_the_page_are_done(programme: Programme, coordinator: FlaskClient) -> None:
    find(programme, 27)
    page = see(coordinator)
    assert "All 25 done" in page
    chosen = re.findall(r'name="report" value="([^"]+)"', page)
    assert len(chosen) == 25
    assert post(coordinator, f"{LIST}/done", page, report=chosen) == 302
    assert "Noted: you have looked at these 25 reports." in see(coordinator)
    assert len(waiting(programme)) == 2
    with reading(programme.app) as session:
        entries = sa.select(sa.func.count()).where(AuditEntry.action == "report.looked_at")
        assert session.scalar(entries) == 25


def test_no_more_than_a_page_is_done_at_once(
    small_programme: Programme,
) -> None:
    find(small_programme, 27)
    client = signed_in(small_programme.app, COORDINATOR)
    page = see(client)
    with reading(small_programme.app) as session:
        everything = list(session.scalars(sa.select(ReportRecord.id)))
    post(client, f"{LIST}/done", page, report=everything)
    assert len(waiting(small_programme)) == 2


def test_pages_show_every_report_once(programme: Programme, coordinator: FlaskClient) -> None:
    find(programme, 60)
    address: str | None = LIST
    sizes, seen = [], []
    while address:
        page = see(coordinator, address)
        refs = set(re.findall(r"F\d{3}", page))
        sizes.append(len(refs))
        seen += refs
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else None
    assert sizes == [25, 25, 10]
    assert sorted(seen) == [f"F{number:03}" for number in range(60)]


@pytest.mark.parametrize("key", ["x", "%00", "MjAyNg=="])
def test_a_page_key_that_was_tampered_with_shows_the_first_page(
    small_programme: Programme, key: str
) -> None:
    find(small_programme, 1)
    client = signed_in(small_programme.app, COORDINATOR)
    assert "F000" in see(client, f"{LIST}?after={key}")


@pytest.mark.parametrize("address", ["/peersupport/queue", LIST])
def test_as_many_statements_for_one_report_as_for_thirty(
    small_programme: Programme, address: str
) -> None:
    programme = small_programme
    # on the queue itself the reach-outs would be counted with them
    named = () if address.endswith("/queue") else (anna(),)
    find(programme, 1, *named)
    client = signed_in(programme.app, COORDINATOR)
    see(client, address)
    with counted(programme.app) as few:
        see(client, address)
    find(programme, 30, *named, first=1)
    with counted(programme.app) as many:
        see(client, address)
    assert len(many) == len(few)


@pytest.mark.parametrize(("number", "text"), [(30, "30 reports"), (99, "99 reports"), (120, "99+")])
def test_the_number_stops_where_the_other_numbers_do(
    small_programme: Programme, number: int, text: str
) -> None:
    find(small_programme, number)
    client = signed_in(small_programme.app, COORDINATOR)
    page = see(client, "/peersupport/queue")
    assert f"{text}{' reports' if '+' in text else ''} were found afterwards" in page


def test_neither_the_count_nor_the_list_reads_all_reports(small_programme: Programme) -> None:
    app = small_programme.app
    engine = engine_of(app)
    statements: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if "found_at >" in statement:
            statements.append((statement, parameters))

    client = signed_in(app, COORDINATOR)
    sa.event.listen(engine, "before_cursor_execute", note)
    see(client, "/peersupport/queue")
    see(client)
    sa.event.remove(engine, "before_cursor_execute", note)
    assert len(statements) == 2
    with engine.connect() as connection:
        for statement, parameters in statements:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            assert "ix_peersupport_report_found_at (found_at>" in str(plan)


def second_coordinator(app: Flask) -> FlaskClient:
    """Make Sofie a coordinator too, and return her browser."""
    with app.app_context(), runtime(app).storage.work() as session:
        grant_role(session, "coordinator", person(STAFF.sofie), actor=COMMAND, now=NOW)
        commit(session)
    return signed_in(app, STAFF.sofie)


@pytest.mark.parametrize("by", ["account", "name"])
def test_a_coordinator_who_is_barred_sees_nothing_of_it(programme: Programme, by: str) -> None:
    client = second_coordinator(programme.app)
    involved = person(STAFF.sofie) if by == "account" else Person("SOFIE steun", phone="1")
    find(programme, 1, Involved(involved, "yes", "own"))
    with reading(programme.app) as session:
        (report_id,) = session.scalars(sa.select(ReportRecord.id))
    assert LIST not in see(client, "/peersupport/queue")
    page = see(client)
    assert "F000" not in page
    assert "somebody has looked at every report" in page
    find(programme, 1, first=1)
    token_page = see(client)
    assert "F001" in token_page
    assert post(client, f"{LIST}/{report_id}/done", token_page) == 404
    assert post(client, f"{LIST}/absent/done", token_page) == 404
    assert post(client, f"{LIST}/done", token_page, report=[report_id]) == 302
    assert waiting(programme) == ["F000", "F001"]
    other = see(signed_in(programme.app, COORDINATOR))
    assert "F000" in other


def test_nobody_but_a_coordinator_finds_the_list(small_programme: Programme) -> None:
    find(small_programme, 1)
    assert signed_in(small_programme.app, STAFF.selma).get(LIST).status_code == 404


def test_a_report_that_was_deleted_since_has_no_link_and_no_reference(
    small_programme: Programme,
) -> None:
    from flask_peersupport.reachouts.models import DELETED

    find(small_programme, 1)
    with reading(small_programme.app) as session:
        session.execute(sa.update(ReportRecord).values(ref=f"{DELETED}abc", url=None))
        session.commit()
    page = see(signed_in(small_programme.app, COORDINATOR))
    assert "no longer in the system" in page
    assert DELETED + "abc" not in page


def test_the_list_is_spoken_in_dutch(small_programme: Programme) -> None:
    find(small_programme, 2)
    client = signed_in(small_programme.app, COORDINATOR)
    page = client.get(LIST, headers={"Accept-Language": "nl"}).text
    assert "Achteraf gevonden meldingen" in page


def test_the_worker_s_clock_says_when_a_report_was_found(small_programme: Programme) -> None:
    find(small_programme, 1)
    small_programme.work(timedelta(days=1))
    with reading(small_programme.app) as session:
        assert list(session.scalars(sa.select(ReportRecord.found_at))) == [NOW]
