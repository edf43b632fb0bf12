"""The host deletes a report: the offer goes on without the link, and nothing is inherited."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_peersupport import Report
from flask_peersupport.db import Base
from flask_peersupport.intake.models import IntakeRecord, ReportMark
from flask_peersupport.intake.reconciling import reconcile
from flask_peersupport.reachouts.models import InvolvedRecord, ReachOut, ReportRecord
from flask_peersupport.values import Involved
from tests.intake.conftest import (
    STAFF,
    engine_of,
    fill_host,
    fill_programme,
    person,
    reading,
    report,
    runtime,
    signed_in,
    titles,
    work,
)
from tests.minimal_host import Incident, db

STEP = {"peersupport-me": "1"}
URL = "https://reports.hospital.example/report/{}"


def describe_with_link(app: Flask) -> None:
    """Let the host give the address of its reports."""

    def describe(incident: Incident) -> Report:
        author = None if incident.author_id is None else person(incident.author_id)
        return Report(
            "incident",
            str(incident.id),
            department=incident.ward,
            reporter=author,
            url=URL.format(incident.id),
        )

    descriptions = cast("dict[type[Any], Any]", runtime(app).descriptions)
    descriptions[Incident] = describe


@pytest.fixture
def hospital(app: Flask) -> Flask:
    """The small hospital on each database; its reports have addresses."""
    describe_with_link(app)
    return app


def delete(app: Flask, incident_id: int = 1, *, is_expired: bool = False) -> None:
    """Let the host delete a report, as its own pages would."""
    with app.app_context():
        incident = db.session.get(Incident, incident_id)
        assert incident is not None
        if is_expired:
            db.session.expire(incident)
        db.session.delete(incident)
        db.session.commit()


def reissue(app: Flask, incident_id: int = 1) -> None:
    """Let the database give the id to a new report, as SQLite does by itself."""
    with app.app_context():
        db.session.add(Incident(id=incident_id, title="Another", ward="Ward 8"))
        db.session.commit()


def reports_of(app: Flask) -> list[tuple[str, str | None, str | None, int]]:
    """Return of each report: reference (the one set aside as "aside"), link, ward, reach-outs."""
    with reading(app) as session:
        count = (
            sa.select(sa.func.count(ReachOut.id))
            .join(InvolvedRecord, InvolvedRecord.id == ReachOut.involved_id)
            .where(InvolvedRecord.report_id == ReportRecord.id)
            .scalar_subquery()
        )
        rows = session.execute(
            sa.select(ReportRecord, count).order_by(ReportRecord.received_at)
        ).all()
        return [
            ("aside" if row.is_deleted else row.ref, row.url, row.department, number)
            for row, number in rows
        ]


@pytest.mark.parametrize("is_expired", [False, True])
def test_the_offer_goes_on_without_the_link(hospital: Flask, is_expired: bool) -> None:
    report(signed_in(hospital), STEP)
    work(hospital)
    assert reports_of(hospital) == [("1", URL.format(1), "Ward 1", 1)]
    delete(hospital, is_expired=is_expired)
    assert titles(hospital) == []
    assert reports_of(hospital) == [("aside", None, "Ward 1", 1)]
    with reading(hospital) as session:
        (reach_out,) = session.scalars(sa.select(ReachOut))
        assert reach_out.state == "asking"


def test_a_new_report_with_the_same_id_is_another_report(hospital: Flask) -> None:
    report(signed_in(hospital), STEP)
    work(hospital)
    delete(hospital)
    report(signed_in(hospital, STAFF.anna), STEP)
    if titles(hospital) and engine_of(hospital).dialect.name != "sqlite":
        delete(hospital, 2)  # only SQLite issued the id again by itself
        reissue(hospital)
    work(hospital)
    kept = [one for one in reports_of(hospital) if one[0] in ("aside", "1")]
    assert ("aside", None, "Ward 1", 1) in kept
    (new,) = (one for one in kept if one[0] == "1")
    assert new[1] == URL.format(1)
    assert new[3] == (1 if engine_of(hospital).dialect.name == "sqlite" else 0)


def test_what_waited_is_expanded_apart_from_the_next_report(hospital: Flask) -> None:
    report(signed_in(hospital), STEP)
    delete(hospital)
    reissue(hospital)
    work(hospital)
    found = reports_of(hospital)
    assert sorted(found) == [("1", URL.format(1), "Ward 8", 0), ("aside", None, "Ward 1", 1)]


def test_what_is_known_and_what_waits_stay_one_report(hospital: Flask) -> None:
    client = signed_in(hospital)
    report(client, STEP)
    work(hospital)
    with hospital.app_context():  # an edit, which the worker has not seen yet
        described = Report("incident", "1", "Ward 1", involved=(Involved(person(STAFF.anna)),))
        from flask_peersupport.intake.payload import Payload
        from flask_peersupport.intake.storing import store_alone

        store_alone(runtime(hospital), Payload(described, {}))
    delete(hospital)
    work(hospital)
    assert reports_of(hospital) == [("aside", None, "Ward 1", 2)]


def test_a_rollback_of_the_host_undoes_it(hospital: Flask) -> None:
    report(signed_in(hospital), STEP)
    work(hospital)
    report(signed_in(hospital), STEP)
    with hospital.app_context():
        for incident in db.session.scalars(sa.select(Incident)):
            db.session.delete(incident)
        db.session.flush()
        db.session.rollback()
    assert reports_of(hospital) == [("1", URL.format(1), "Ward 1", 1)]
    with reading(hospital) as session:
        assert list(session.scalars(sa.select(IntakeRecord.ref))) == ["2"]
        assert len(session.scalars(sa.select(ReportMark.mark)).all()) == 1


def test_only_that_report_is_let_go_of(hospital: Flask) -> None:
    for _number in range(2):
        report(signed_in(hospital), STEP)
    work(hospital)
    delete(hospital, 2)
    assert sorted(reports_of(hospital)) == [
        ("1", URL.format(1), "Ward 1", 1),
        ("aside", None, "Ward 1", 1),
    ]


def test_reconcile_finds_a_report_that_has_the_id_of_a_deleted_one(hospital: Flask) -> None:
    report(signed_in(hospital), STEP)
    work(hospital)
    delete(hospital)
    with engine_of(hospital).begin() as connection:  # past the session, so that nothing is heard
        values = {"id": 1, "title": "Another", "ward": "Ward 8"}
        made_at = datetime.now(UTC).replace(tzinfo=None)
        connection.execute(sa.insert(Incident).values(created_at=made_at, **values))
    now = datetime.now(UTC)
    with hospital.app_context():
        counts = reconcile(runtime(hospital), now - timedelta(days=1), now=now)
    assert (counts.seen, counts.missed) == (1, 1)


def test_dropped_tables_cost_the_host_nothing(hospital: Flask) -> None:
    report(signed_in(hospital))
    Base.metadata.drop_all(engine_of(hospital))
    delete(hospital)
    assert titles(hospital) == []


def test_a_description_that_fails_costs_the_host_nothing(hospital: Flask) -> None:
    """PostgreSQL would forget the deletion, and its commit would say nothing of it."""
    report(signed_in(hospital))
    descriptions = cast("dict[type[Any], Any]", runtime(hospital).descriptions)

    def describe(incident: Incident) -> Report:
        db.session.execute(sa.text("SELECT * FROM no_such_table"))
        raise AssertionError

    descriptions[Incident] = describe
    delete(hospital)
    assert titles(hospital) == []


def test_a_lock_on_our_tables_costs_the_host_nothing(hospital: Flask) -> None:
    """Whoever changes the tables keeps no deletion waiting: it fails at once."""
    engine = engine_of(hospital)
    report(signed_in(hospital), STEP)
    work(hospital)
    statements = {
        "sqlite": "SELECT 1",  # it has one lock, which the host itself holds
        "postgresql": "LOCK TABLE peersupport_report IN SHARE ROW EXCLUSIVE MODE",
        "mysql": "LOCK TABLES peersupport_report READ",
    }
    with engine.connect() as other:
        other.exec_driver_sql(statements[engine.dialect.name])
        begun = datetime.now(UTC)
        delete(hospital)
        assert datetime.now(UTC) - begun < timedelta(seconds=4)
        if engine.dialect.name == "mysql":
            other.exec_driver_sql("UNLOCK TABLES")
    assert titles(hospital) == []


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_tables_in_another_database_hear_of_the_commit_alone(
    make_app: Callable[..., Flask], tmp_path: Path, ending: str
) -> None:
    app = make_app(PEERSUPPORT_DATABASE_URI=f"sqlite:///{tmp_path / 'ours.sqlite'}")
    with app.app_context():
        fill_host(app)
        fill_programme(app)
    describe_with_link(app)
    report(signed_in(app), STEP)
    work(app)
    with app.app_context():
        db.session.delete(db.session.get(Incident, 1))
        db.session.flush()
        getattr(db.session, ending)()
    wanted = ("aside", None) if ending == "commit" else ("1", URL.format(1))
    assert [one[:2] for one in reports_of(app)] == [wanted]


class Reports:
    """The host's word on which reports exist."""

    def __init__(self, answer: bool | Exception | None) -> None:
        self._answer = answer
        self.asked: list[tuple[str, str]] = []

    def iter_since(self, instant: datetime) -> list[Report]:
        """Return nothing."""
        return []

    def exists(self, kind: str, ref: str) -> bool | None:
        """Answer, or fail in the host's own session."""
        self.asked.append((kind, ref))
        if isinstance(self._answer, Exception):
            db.session.execute(sa.text("SELECT * FROM no_such_table"))
        return cast("bool | None", self._answer)


@pytest.mark.parametrize(
    ("answer", "is_linked"),
    [(True, True), (None, True), (False, False), (RuntimeError("away"), True)],
)
def test_the_link_is_left_out_where_the_host_says_that_the_report_is_gone(
    hospital: Flask, answer: bool | Exception | None, is_linked: bool
) -> None:
    from flask_peersupport.access.roles import grant_role
    from flask_peersupport.audit.record import COMMAND
    from flask_peersupport.db import commit
    from flask_peersupport.reachouts.answering import accept_request
    from flask_peersupport.reachouts.models import SupportRequest

    report(signed_in(hospital), STEP)
    work(hospital)
    now = datetime.now(UTC)
    with reading(hospital) as session:
        grant_role(session, "coordinator", person(STAFF.bram), actor=COMMAND, now=now)
        request = session.scalars(sa.select(SupportRequest)).one()
        supporter = request.supporter.record.person
        accept_request(session, request, actor=supporter, now=now)
        address = f"/peersupport/reach-outs/{request.reach_out_id}"
        commit(session)
    reports = runtime(hospital).reports = Reports(answer)
    for user_id in (int(supporter.user_id or 0), STAFF.bram):
        page = signed_in(hospital, user_id).get(address)
        assert page.status_code == 200
        assert (URL.format(1) in page.text) == is_linked
    assert reports.asked == [("incident", "1")] * 2


def test_a_coordinator_reads_that_the_report_is_gone(hospital: Flask) -> None:
    from flask_peersupport.access.roles import grant_role
    from flask_peersupport.audit.record import COMMAND
    from flask_peersupport.db import commit

    report(signed_in(hospital), STEP)
    work(hospital)
    delete(hospital)
    with reading(hospital) as session:
        grant_role(session, "coordinator", person(STAFF.bram), actor=COMMAND, now=datetime.now(UTC))
        commit(session)
        reach_out_id = session.scalars(sa.select(ReachOut.id)).one()
    client = signed_in(hospital, STAFF.bram)
    page = client.get(
        f"/peersupport/reach-outs/{reach_out_id}", headers={"Accept-Language": "en"}
    ).text
    assert "deleted in the host" not in page
    assert "no longer in the system" in page
    assert ">deleted " not in page
