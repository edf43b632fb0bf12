"""The host says when a case is discussed: with its own change, once, and never alone (P20)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, current_app

from flask_peersupport import Person, Report, signals
from flask_peersupport.intake import spool
from flask_peersupport.intake.models import ReportMark
from flask_peersupport.intake.reconciling import reconcile
from flask_peersupport.outbox.models import Message
from flask_peersupport.reachouts.models import (
    AnalysisMeeting,
    InvolvedRecord,
    ReachOut,
    ReportRecord,
)
from flask_peersupport.runtime import current_runtime
from flask_peersupport.signals import analysis_scheduled, report_created
from flask_peersupport.values import Involved
from flask_peersupport.vault.models import PersonRecord
from tests.intake.conftest import STAFF, intakes, person, reading, signed_in, work
from tests.minimal_host import Incident, User, db

AT = (datetime.now(UTC) + timedelta(days=30)).replace(minute=0, second=0, microsecond=0)
REPORT = Report("calamity", "7", "Ward 1", involved=[Involved(person(STAFF.anna))])


def send(app: Flask, at: object = AT, **arguments: Any) -> None:
    given: dict[str, Any] = {"kind": "calamity", "ref": "7", "at": at} | arguments
    analysis_scheduled.send(app, **given)


def meetings(app: Flask) -> list[tuple[str, datetime]]:
    """Return what is known after the worker's turn, in order."""
    work(app)
    with reading(app) as session:
        rows = session.scalars(sa.select(AnalysisMeeting).order_by(AnalysisMeeting.takes_place_at))
        return [(row.kind.value, row.takes_place_at) for row in rows]


def a_write(app: Flask) -> None:
    """Change something of the host's, as one does who enters the day of a meeting."""
    db.session.execute(sa.update(User).where(User.id == STAFF.rosa).values(phone="1"))


def with_the_hosts_change(app: Flask) -> None:
    a_write(app)
    send(app)
    db.session.commit()


def after_the_commit(app: Flask) -> None:
    a_write(app)
    db.session.commit()
    send(app)


def in_a_savepoint(app: Flask) -> None:
    a_write(app)
    with db.session.begin_nested():
        send(app)
    db.session.commit()


@pytest.mark.parametrize(
    "host", [with_the_hosts_change, after_the_commit, in_a_savepoint], ids=lambda h: h.__name__
)
def test_what_the_host_commits_is_known(app: Flask, host: Callable[[Flask], None]) -> None:
    with app.app_context():
        host(app)
    assert meetings(app) == [("analysis", AT)]


def test_what_the_host_rolls_back_is_not(app: Flask) -> None:
    with app.app_context():
        a_write(app)
        send(app)
        db.session.rollback()
    assert intakes(app) == []
    assert meetings(app) == []


def test_what_cannot_be_stored_waits_in_the_spool(app: Flask) -> None:
    with app.app_context():
        db.session.execute(sa.text("ALTER TABLE peersupport_intake RENAME TO elsewhere"))
        db.session.commit()
        a_write(app)
        send(app)
        db.session.commit()
    with app.app_context():
        assert db.session.get_one(User, STAFF.rosa).phone == "1"
        db.session.execute(sa.text("ALTER TABLE elsewhere RENAME TO peersupport_intake"))
        db.session.commit()
        assert len(spool.entries(current_runtime().spool)) == 1
    assert meetings(app) == [("analysis", AT)]


def test_a_time_without_a_zone_is_the_hospitals(small_app: Flask) -> None:
    naive = datetime(2027, 7, 6, 14, 0)  # noqa: DTZ001 - as many hosts have it
    with small_app.app_context():
        send(small_app, naive)
    assert meetings(small_app) == [("analysis", datetime(2027, 7, 6, 12, 0, tzinfo=UTC))]


def test_a_later_word_moves_it_and_none_takes_it_out(small_app: Flask) -> None:
    with small_app.app_context():
        send(small_app)
        send(small_app)
    assert meetings(small_app) == [("analysis", AT)]
    with small_app.app_context():
        send(small_app, AT + timedelta(days=7))
    assert meetings(small_app) == [("analysis", AT + timedelta(days=7))]
    with small_app.app_context():
        send(small_app, None)
    assert meetings(small_app) == []


@pytest.mark.parametrize(
    ("kind", "what", "known"),
    [
        ("complaint", None, "hearing"),
        ("disciplinary", None, "hearing"),
        ("disciplinary", "ruling", "ruling"),
        ("incident", None, "analysis"),
    ],
)
def test_complaints_are_heard(small_app: Flask, kind: str, what: str | None, known: str) -> None:
    with small_app.app_context():
        send(small_app, kind=kind, what=what)
    assert meetings(small_app) == [(known, AT)]


@pytest.mark.parametrize(
    "wrong",
    [
        *({"kind": None}, {"kind": ""}, {"ref": None}, {"ref": " "}),
        *({"at": "2027"}, {"what": "lunch"}),
        {"at": datetime(9999, 12, 31)},  # noqa: DTZ001 - as many hosts have it
        {"at": datetime(1, 1, 1)},  # noqa: DTZ001
        {"at": datetime(9999, 12, 31, 23, 59, tzinfo=UTC)},
        {"at": AT + timedelta(days=800)},
    ],
    ids=str,
)
def test_what_cannot_be_right_costs_nothing_and_is_logged(
    small_app: Flask, caplog: pytest.LogCaptureFixture, wrong: dict[str, Any]
) -> None:
    with small_app.app_context():
        send(small_app, **wrong)
    assert meetings(small_app) == []
    assert "analysis_scheduled was sent with" in caplog.text


def test_a_report_that_is_unknown_yet_waits_for_its_colleagues(app: Flask) -> None:
    """No coordinator is alarmed; when the report comes it comes as any other."""
    with app.app_context():
        send(app)
    assert meetings(app) == [("analysis", AT)]
    with reading(app) as session:
        row = session.scalars(sa.select(ReportRecord)).one()
        assert (row.found_at, row.reporter_id) == (None, None)
        for model in (InvolvedRecord, ReachOut, Message, ReportMark):
            assert session.scalar(sa.select(sa.func.count()).select_from(model)) == 0
    with app.app_context():
        report_created.send(app, report=REPORT)
    work(app)
    with reading(app) as session:
        report = session.scalars(sa.select(ReachOut)).one().report
        assert report is not None
        assert [meeting.takes_place_at for meeting in report.meetings] == [AT]


def test_a_report_that_never_came_in_is_still_found_afterwards(small_app: Flask) -> None:
    with small_app.app_context():
        now = datetime.now(UTC)
        db.session.execute(sa.insert(Incident).values(id=7, title="A fall", ward="Ward 1"))
        db.session.commit()
        send(small_app, kind="incident")
        work(small_app)
        counts = reconcile(current_runtime(), now - timedelta(days=1), now=now)
        assert counts.missed == 1
    work(small_app)
    with reading(small_app) as session:
        assert session.scalars(sa.select(ReportRecord)).one().found_at is not None


def test_who_enters_the_day_is_not_the_reporter(small_app: Flask) -> None:
    @small_app.post("/investigate")
    def investigate() -> str:
        send(current_app._get_current_object())  # type: ignore[attr-defined]
        return "ok"

    assert signed_in(small_app, STAFF.bram).post("/investigate").text == "ok"
    (payload,) = intakes(small_app)
    assert (payload.visitor, payload.report.reporter) == (None, None)
    assert meetings(small_app) == [("analysis", AT)]
    with reading(small_app) as session:
        names = [row.person.name for row in session.scalars(sa.select(PersonRecord))]
        assert Person("Bram Smit").name not in names


def test_a_failure_is_told_to_the_host(small_app: Flask) -> None:
    heard: list[tuple[str, str]] = []

    def note(sender: Flask, kind: str, ref: str, **extra: Any) -> None:
        heard.append((kind, ref))

    with signals.intake_failed.connected_to(note, sender=small_app), small_app.app_context():
        db.session.execute(sa.text("DROP TABLE peersupport_intake"))
        db.session.commit()
        send(small_app)
    assert heard == [("calamity", "7")]
