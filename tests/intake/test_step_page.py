"""The step as a page of its own: asked once, answered in one go, and back to the host."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, redirect, request
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from flask_peersupport import PeerSupport, Report
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.clock import stopped_at, utc_now
from flask_peersupport.db import Base
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.reachouts.models import InvolvedRecord, ReachOut, ReportRecord
from tests.intake.conftest import (
    STAFF,
    colleague,
    engine_of,
    intakes,
    reading,
    runtime,
    signed_in,
    work,
)
from tests.minimal_host import Incident, db

ANNA = colleague("Anna Vos", email="anna.vos@hospital.example")


def serve(app: Flask, describe: Callable[[Incident], object] | None = None) -> Flask:
    """Let the host send its reporters to the page after it has stored the report."""
    peersupport = PeerSupport()

    @app.post("/stored")
    def store() -> Response:
        incident = Incident(title="A fall", ward="Ward 1", author_id=STAFF.rosa)
        db.session.add(incident)
        db.session.commit()
        report = describe(incident) if describe else incident
        return redirect(peersupport.step_url(report, next=request.args.get("next")))

    return app


def send(client: FlaskClient, next_url: str | None = "/report/1") -> str:
    """Send the host's form and return where the reporter is led."""
    response = client.post("/stored", query_string={"next": next_url} if next_url else {})
    assert response.status_code == 302
    return response.headers["Location"]


def answer(client: FlaskClient, url: str, **fields: str) -> Response:
    """Fill in the page and send it."""
    page = client.get(url)
    assert page.status_code == 200
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert found is not None
    return client.post(url, data={"csrf_token": found[1], **fields})


def names_offered(app: Flask) -> list[str]:
    work(app)
    with reading(app) as session:
        return sorted(one.person.name for one in session.scalars(sa.select(ReachOut)))


def test_the_question_is_asked_and_the_answer_leads_back(app: Flask) -> None:
    client = signed_in(serve(app))
    url = send(client)
    assert url.startswith("/peersupport/step/")
    assert 'name="peersupport-me"' in client.get(url).text
    response = answer(client, url, **{"peersupport-me": "1"}, **ANNA)
    assert response.status_code == 302
    assert response.headers["Location"] == "/report/1"
    assert names_offered(app) == ["Anna Vos", "Rosa Reporter"]


def test_the_way_to_the_next_page_is_told(app: Flask) -> None:
    client = signed_in(serve(app))
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    answer(client, send(client), **{"peersupport-me": "1"})
    told = client.get("/report/1").text
    assert "Peer support: thank you. <a " in told
    found = re.search(r'href="(/peersupport/step/[^"]+)">What happens now</a>', told)
    assert found is not None
    assert "You will be called" in client.get(found[1]).text


def test_who_asks_for_nothing_is_just_led_back(app: Flask) -> None:
    client = signed_in(serve(app))
    response = answer(client, send(client))
    assert response.headers["Location"] == "/report/1"
    assert "peersupport" not in client.get("/report/1").text
    assert names_offered(app) == []


def test_the_report_comes_in_before_the_question_is_answered(app: Flask) -> None:
    send(signed_in(serve(app)))
    work(app)
    with reading(app) as session:
        (known,) = session.scalars(sa.select(ReportRecord)).all()
        assert (known.ref, known.department) == ("1", "Ward 1")


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "////evil.example/",
    "//localhost/report/1",
    "//[x",
    "https://[x/",
    "https:///evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    r"/\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "/re port",
    "/report\x7f",
    "/report\u2028",
    "report",
]


@pytest.mark.parametrize("next_url", ELSEWHERE)
def test_it_leads_to_no_other_host(small_app: Flask, next_url: str) -> None:
    def describe(incident: Incident) -> Report:
        return Report("incident", str(incident.id), url=f"/report/{incident.id}")

    client = signed_in(serve(small_app, describe))
    response = answer(client, send(client, next_url))
    assert response.headers["Location"] == "/report/1"


@pytest.mark.parametrize("url", ELSEWHERE)
@pytest.mark.parametrize("is_on", [True, False], ids=["on", "off"])
def test_a_description_leads_to_no_other_host(small_app: Flask, url: str, is_on: bool) -> None:
    def describe(incident: Incident) -> Report:
        return Report("incident", str(incident.id), url=url)

    client = signed_in(serve(small_app, describe))
    if is_on:
        assert answer(client, send(client, None)).headers["Location"] == "/"
        assert answer(client, send(client, url)).headers["Location"] == "/"
    else:
        small_app.extensions["peersupport"] = None
        assert send(client, None) == "/"
        assert send(client, url) == "/"


def test_an_address_within_the_host_is_kept(small_app: Flask) -> None:
    client = signed_in(serve(small_app))
    for next_url in ("/report/1?a=b%20c#d", "/méér", "http://localhost/report/1"):
        location = answer(client, send(client, next_url)).headers["Location"]
        assert location == next_url.replace("é", "%C3%A9")


def test_without_a_next_it_leads_to_the_report_or_else_to_the_start(small_app: Flask) -> None:
    client = signed_in(serve(small_app))
    assert answer(client, send(client, None)).headers["Location"] == "/"


def test_the_address_tells_nothing(small_app: Flask) -> None:
    url = send(signed_in(serve(small_app)))
    for word in ("incident", "Ward", "report/1"):
        assert word not in url


def test_nobody_else_sees_it(small_app: Flask) -> None:
    url = send(signed_in(serve(small_app)))
    other = signed_in(small_app, STAFF.bram)
    absent = other.get("/peersupport/step/absent")
    assert (other.get(url).status_code, other.get(url).data) == (404, absent.data)
    nobody = small_app.test_client().get(url)
    assert nobody.status_code == 302
    assert "/sign-in" in nobody.headers["Location"]


def test_who_is_not_signed_in_is_led_on_at_once(small_app: Flask) -> None:
    assert send(serve(small_app).test_client()) == "/report/1"
    assert len(intakes(small_app)) >= 1


def test_a_draft_is_led_on_at_once(small_app: Flask) -> None:
    client = signed_in(serve(small_app, lambda incident: Incident(title="not stored")))
    assert send(client) == "/report/1"


def test_an_anonymous_report_stays_anonymous(app: Flask) -> None:
    def describe(incident: Incident) -> Report:
        return Report("incident", f"a{incident.id}", "Ward 1", anonymous=True)

    client = signed_in(serve(app, describe))
    answer(client, send(client), **{"peersupport-me": "1"}, **ANNA)
    told = [payload for payload in intakes(app) if payload.report.ref == "a1"]
    assert [payload.visitor for payload in told] == [None, None]
    assert names_offered(app) == ["Anna Vos"]
    with reading(app) as session:
        known = session.scalars(sa.select(ReportRecord).where(ReportRecord.ref == "a1")).one()
        assert known.reporter_id is None


@pytest.mark.parametrize("is_anonymous", [True, False])
def test_the_trail_does_not_tell_who_reported_anonymously(app: Flask, is_anonymous: bool) -> None:
    def describe(incident: Incident) -> Report:
        return Report("incident", f"a{incident.id}", "Ward 1", anonymous=is_anonymous)

    client = signed_in(serve(app, describe))
    answer(client, send(client), **{"peersupport-me": "1"}, **ANNA)
    with reading(app) as session:
        actions = session.scalars(sa.select(AuditEntry.action)).all()
    assert actions.count("step.answered") == (0 if is_anonymous else 1)


def test_what_fails_on_our_side_leads_on(app: Flask) -> None:
    def describe(incident: Incident) -> object:
        return object()

    client = signed_in(serve(app, describe))
    assert send(client) == "/report/1"
    assert client.get("/report/1").status_code == 200


def test_a_statement_that_fails_does_not_spoil_the_hosts_next_one(app: Flask) -> None:
    """On PostgreSQL the host's transaction would be lost with it."""

    def spoil(incident: Incident) -> Report:
        db.session.execute(sa.text("SELECT * FROM not_there"))
        return Report("incident", str(incident.id))

    descriptions: Any = runtime(app).descriptions
    peersupport = PeerSupport()

    @app.post("/stored-and-read")
    def store() -> str:
        incident = Incident(title="A fall", ward="Ward 1")
        db.session.add(incident)
        db.session.commit()
        title = incident.title
        descriptions[Incident] = spoil
        url = peersupport.step_url(incident, next="/report/1")
        return f"{title} {db.session.scalar(sa.select(sa.func.count(Incident.id)))} {url}"

    assert signed_in(app).post("/stored-and-read").text == "A fall 1 /report/1"


def test_switched_off_it_leads_on_at_once(make_small_app: Callable[..., Flask]) -> None:
    app = make_small_app()
    client = signed_in(serve(app))
    app.extensions["peersupport"] = None
    assert send(client) == "/report/1"


def test_the_question_can_be_answered_twice(app: Flask) -> None:
    """Somebody went back in the browser: the second answer adds to the first."""
    client = signed_in(serve(app))
    url = send(client)
    answer(client, url, **ANNA)
    answer(client, url, **ANNA, **{"peersupport-me": "1"})
    assert names_offered(app) == ["Anna Vos", "Rosa Reporter"]
    assert intakes(app) == []


def delete_report(app: Flask) -> None:
    with app.app_context():
        db.session.delete(db.session.get(Incident, 1))
        db.session.commit()


def issue_again(app: Flask) -> None:
    """Let the host delete the first report; the next one gets its id."""
    delete_report(app)
    with app.app_context():
        db.session.add(Incident(id=1, title="Another", ward="Ward 2", author_id=STAFF.anna))
        db.session.commit()


def offered(app: Flask) -> list[tuple[str, bool]]:
    """Return to whom support is offered, and whether after a report that is deleted."""
    work(app, timedelta(hours=2))
    with reading(app) as session:
        found = session.scalars(sa.select(ReachOut)).all()
        return sorted((o.person.name, bool(o.report and o.report.is_deleted)) for o in found)


@pytest.mark.parametrize("is_expanded", [True, False], ids=["expanded", "waiting"])
@pytest.mark.parametrize("is_issued_again", [True, False], ids=["issued again", "gone"])
def test_the_question_about_a_deleted_report_is_asked_no_more(
    app: Flask, is_issued_again: bool, is_expanded: bool
) -> None:
    client = signed_in(serve(app))
    early, late = send(client), send(client)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(late).text)
    assert token is not None
    if is_expanded:
        work(app)
    with stopped_at(utc_now() + timedelta(hours=1)):
        (issue_again if is_issued_again else delete_report)(app)
        if is_expanded:
            work(app, timedelta(hours=1))
        assert client.get(early).headers["Location"] == "/report/1"
        response = client.post(early, data={"csrf_token": token[1], "peersupport-me": "1"} | ANNA)
        assert response.headers["Location"] == "/report/1"
        assert client.get(late).status_code == 200, "the other report is there"
    assert offered(app) == []


@pytest.mark.parametrize("is_expanded", [True, False], ids=["expanded", "waiting"])
@pytest.mark.parametrize("is_issued_again", [True, False], ids=["issued again", "gone"])
def test_wishes_after_a_deleted_report_are_not_anothers(
    app: Flask, is_issued_again: bool, is_expanded: bool
) -> None:
    client = signed_in(app)
    step = {"title": "A fall", "ward": "Ward 1", "peersupport-me": "1"}
    url = client.post("/report", data=step).headers["Location"]
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(url).text)
    assert token is not None
    if is_expanded:
        work(app)
    with stopped_at(utc_now() + timedelta(hours=1)):
        (issue_again if is_issued_again else delete_report)(app)
        if is_expanded:
            work(app, timedelta(hours=1))
        assert client.get(url).headers["Location"] == "/report/1"
        response = client.post(url, data={"csrf_token": token[1], "channel": "phone"})
        assert response.headers["Location"] == "/report/1"
    assert offered(app) == [("Rosa Reporter", True)]
    with reading(app) as session:
        assert session.scalars(sa.select(InvolvedRecord.channel)).all() == [None]


@pytest.mark.parametrize("is_in", [True, False], ids=["in", "on its way in"])
def test_the_answer_about_a_report_that_waited_in_the_spool_counts(app: Flask, is_in: bool) -> None:
    client = signed_in(serve(app))
    with engine_of(app).begin() as connection:
        connection.execute(sa.text("DROP TABLE peersupport_intake"))
    url = send(client)
    with engine_of(app).begin() as connection:
        Base.metadata.tables["peersupport_intake"].create(connection)
    with stopped_at(utc_now() + timedelta(minutes=1)):
        if is_in:
            work(app, timedelta(minutes=1))
        answer(client, url, **{"peersupport-me": "1"})
    assert offered(app) == [("Rosa Reporter", False)]


def test_saved_wishes_are_ones_own(app: Flask) -> None:
    """Two people filled in the step about one report; one of them chose whom not to ask."""

    @app.post("/edit")
    def edit() -> Response:
        incident = db.session.get(Incident, 1) or Incident(title="", ward="Ward 1")
        incident.title = request.form["title"]
        db.session.add(incident)
        db.session.commit()
        return redirect("/report/1")

    rosa, anna = signed_in(app), signed_in(app, STAFF.anna)
    pages = [
        client.post("/edit", data={"title": str(number), "peersupport-me": "1"}).headers["Location"]
        for number, client in enumerate((rosa, anna))
    ]
    for _ in range(6):
        answer(anna, pages[1], channel="phone", not_to_ask="Selma Steun")
    assert "Selma Steun" in anna.get(f"{pages[1]}?saved=1").text
    assert "Selma Steun" not in rosa.get(f"{pages[0]}?saved=1").text
    answer(rosa, pages[0], not_to_ask="Sven Steun")
    for _ in range(6):
        answer(anna, pages[1], channel="phone", not_to_ask="Selma Steun")
    assert "Sven Steun" in rosa.get(f"{pages[0]}?saved=1").text


def test_wishes_that_cannot_be_read_hide_no_others(small_app: Flask) -> None:
    client = signed_in(small_app)
    step = {"title": "A fall", "ward": "Ward 1", "peersupport-me": "1"}
    url = client.post("/report", data=step).headers["Location"]
    answer(client, url, not_to_ask="Selma Steun")
    with reading(small_app) as session:
        row = session.scalars(sa.select(IntakeRecord)).first()
        assert row is not None
        values = {c.key: getattr(row, c.key) for c in IntakeRecord.__table__.columns}
        values |= {"id": "0" * 32, "payload": b"damaged", "received_at": utc_now()}
        session.execute(sa.insert(IntakeRecord), values)
        session.commit()
    assert "Selma Steun" in client.get(f"{url}?saved=1").text


def test_where_our_tables_are_away_the_page_leads_on_to_the_report(app: Flask) -> None:
    client = signed_in(app)
    step = {"title": "A fall", "ward": "Ward 1", "peersupport-me": "1"}
    url = client.post("/report", data=step).headers["Location"]
    with engine_of(app).begin() as connection:
        connection.execute(sa.text("ALTER TABLE peersupport_person RENAME TO put_away"))
    pages = [one.get(url) for one in (client, signed_in(app, STAFF.anna))]
    pages.append(client.get("/peersupport/"))
    assert [page.status_code for page in pages] == [503] * 3
    assert ['href="/report/1"' in page.text for page in pages] == [True, False, False]
    assert ['href="/"' in page.text for page in pages] == [False, True, True]
