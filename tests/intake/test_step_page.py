"""The step as a page of its own: asked once, answered in one go, and back to the host."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, redirect, request
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from flask_peersupport import PeerSupport, Report
from flask_peersupport.reachouts.models import ReachOut, ReportRecord
from tests.intake.conftest import (
    STAFF,
    colleague,
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


@pytest.mark.parametrize(
    "next_url",
    [
        "https://evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        r"/\evil.example",
        "report",
    ],
)
def test_it_leads_to_no_other_host(small_app: Flask, next_url: str) -> None:
    def describe(incident: Incident) -> Report:
        return Report("incident", str(incident.id), url=f"/report/{incident.id}")

    client = signed_in(serve(small_app, describe))
    response = answer(client, send(client, next_url))
    assert response.headers["Location"] == "/report/1"


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
