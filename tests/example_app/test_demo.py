"""A new demo shows a programme that is alive, and preparing it again changes nothing."""

from __future__ import annotations

import contextvars
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from example_app.extensions import db
from example_app.models import Calamity
from example_app.stage import Stage, StageError
from flask_peersupport.clock import stopped_at
from flask_peersupport.db import Base
from flask_peersupport.jobs import run_due
from flask_peersupport.reachouts.models import (
    AnalysisMeeting,
    ReachOut,
    ReportRecord,
    SupportRequest,
)
from flask_peersupport.reachouts.states import (
    TAKEN,
    AnalysisSource,
    DeclinedReason,
    Origin,
    Outcome,
    ReachOutState,
    RequestState,
    WaitingFor,
)
from flask_peersupport.referrals.models import Concern
from flask_peersupport.referrals.states import ConcernState
from flask_peersupport.resources.models import FirstHoursText, Resource
from flask_peersupport.runtime import current_runtime
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.surveys.counting import is_asked_of_colleague


def last_night() -> datetime:
    """Return half past three of the latest night that is over, the first of a month."""
    today = datetime.now(ZoneInfo("Europe/Amsterdam"))
    return today.replace(day=1, hour=0, minute=0) - timedelta(days=27, hours=20, minutes=30)


def prepare_demo(app: Flask, now: datetime) -> None:
    def invoke() -> None:
        with stopped_at(now):
            result = app.test_cli_runner().invoke(args=["demo", "--no-run"])
        assert result.exit_code == 0, result.output
        assert result.output == "The demo is ready.\n"

    contextvars.Context().run(invoke)


def row_counts(app: Flask) -> dict[str, int]:
    with app.app_context():
        tables = [*db.metadata.sorted_tables, *Base.metadata.sorted_tables]
        with db.engine.connect() as connection:
            return {
                table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
                for table in tables
            }


def mail_count(folder: Path) -> int:
    return len(list((folder / "instance" / "mailroom" / "new").iterdir()))


def supporter(email: str) -> Supporter:
    roster = db.session.scalars(sa.select(Supporter))
    return next(one for one in roster if one.record.person.email == email)


@pytest.mark.parametrize("moment", ["now", "at night"])
def test_demo_shows_every_state(example: Flask, tmp_path: Path, moment: str) -> None:
    now = datetime.now(UTC) if moment == "now" else last_night()
    prepare_demo(example, now)
    with example.app_context():
        reach_outs = list(db.session.scalars(sa.select(ReachOut)))
        states = Counter(one.state for one in reach_outs)
        assert 14 <= len(reach_outs) <= 17
        assert states[ReachOutState.ASKING] >= 2
        assert states[ReachOutState.ACCEPTED] == 2
        assert states[ReachOutState.IN_CONTACT] == 2
        assert states[ReachOutState.FOLLOW_UP] == 3
        assert {one.waiting_for for one in reach_outs} == {
            None,
            WaitingFor.UNKNOWN_PERSON,
            WaitingFor.UNKNOWN_DEPARTMENT,
        }
        assert sum(one.overdue_at is not None for one in reach_outs) == 1
        assert {one.outcome for one in reach_outs} == {
            None,
            Outcome.SUPPORTED,
            Outcome.DECLINED,
            Outcome.REFERRED,
        }
        assert {one.reason for one in reach_outs} == {
            None,
            DeclinedReason.NO_NEED,
            DeclinedReason.DEPARTMENT_SUPPORT,
        }
        asked = list(
            db.session.scalars(
                sa.select(SupportRequest).where(SupportRequest.state == RequestState.ASKED)
            )
        )
        assert all(request.answer_due_at > now for request in asked)
        marieke = supporter("marieke.postma@noorderhaven.example")
        joris = supporter("joris.bakker@noorderhaven.example")
        for one in (marieke, joris):
            assert [request.supporter_id for request in asked].count(one.id) == 1
        taken = [one.supporter_id for one in reach_outs if one.state in TAKEN]
        assert taken.count(marieke.id) == 1
        assert taken.count(joris.id) == 0
    waiting = len(asked) + 2 * states[ReachOutState.NEEDS_COORDINATOR]
    assert waiting + 5 < mail_count(tmp_path) <= waiting + 22


def test_demo_shows_every_door(example: Flask) -> None:
    now = datetime.now(UTC)
    prepare_demo(example, now)
    with example.app_context():
        rows = db.session.scalars(sa.select(ReachOut)).all()
        origins = {row.person.name: row.origin for row in rows if row.person is not None}
        assert origins["Willem Hoekstra"] is Origin.SELF
        assert Counter(origins.values()) == {
            Origin.REPORT: len(rows) - 2,
            Origin.SELF: 1,
            Origin.COMPLAINT_REFERRAL: 1,
        }
        (concern,) = db.session.scalars(sa.select(Concern))
        assert concern.state is ConcernState.OPEN
        (meeting,) = db.session.scalars(sa.select(AnalysisMeeting))
        assert meeting.source is AnalysisSource.HOST
        assert now + timedelta(days=1) < meeting.takes_place_at < now + timedelta(days=3)
        assert db.session.scalar(sa.select(sa.func.count(FirstHoursText.id))) == 2
        last_days = db.session.scalars(sa.select(Resource.valid_until)).all()
        soon = [day for day in last_days if day and day < (now + timedelta(days=14)).date()]
        assert (len(last_days), len(soon)) == (11, 1)
        (asked_how_it_was,) = filter(is_asked_of_colleague, of_person(rows, "Sanne de Jong"))
        assert asked_how_it_was.outcome is Outcome.SUPPORTED
    letters = example.extensions["peersupport_mailer"].newest(50)
    to_colleagues = [one for one in letters if one["Subject"] == "Hoe gaat het met je?"]
    assert len(to_colleagues) == 2


def of_person(rows: Iterable[ReachOut], name: str) -> list[ReachOut]:
    return [row for row in rows if row.person is not None and row.person.name == name]


def test_quality_officer_tells_when_the_analysis_is_discussed(example: Flask) -> None:
    prepare_demo(example, datetime.now(UTC))
    stage = Stage(example, lambda letter, now: None)
    example.config["TESTING"] = True  # no worker of its own
    with example.app_context():
        newest = db.session.scalars(sa.select(sa.func.max(Calamity.id))).one()
    path = f"/calamities/{newest}/analysis"

    def meetings() -> list[datetime]:
        with example.app_context():
            run_due(current_runtime(), datetime.now(UTC))
            of_calamity = sa.select(AnalysisMeeting.takes_place_at).join(AnalysisMeeting.report)
            found = of_calamity.where(ReportRecord.ref == str(newest))
            return list(db.session.scalars(found))

    def plan(username: str, text: str) -> None:
        stage.post(username, datetime.now(UTC), path, {"analysis_at": text})

    def play() -> None:
        day = (datetime.now(UTC) + timedelta(days=30)).date()
        with pytest.raises(StageError, match="403"):
            plan("sanne.dejong", f"{day}T14:00")
        assert meetings() == []
        plan("kees.faber", f"{day}T14:00")
        local = datetime(day.year, day.month, day.day, 14, tzinfo=ZoneInfo("Europe/Amsterdam"))
        assert meetings() == [local]
        plan("kees.faber", "")
        assert meetings() == []

    contextvars.Context().run(play)


def test_demo_supporters_can_accept_what_waits(example: Flask) -> None:
    now = datetime.now(UTC)
    prepare_demo(example, now)
    asked = sa.select(SupportRequest).where(SupportRequest.state == RequestState.ASKED)
    example.config["TESTING"] = True

    def accept(username: str, request_id: str) -> int:
        client = example.test_client()
        page = client.get("/sign-in").text
        token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
        client.post("/sign-in", data={"username": username, "csrf_token": token})
        with stopped_at(now):
            path = f"/peersupport/requests/{request_id}/accept"
            return client.post(path, data={"csrf_token": token}).status_code

    for username in ("marieke.postma", "joris.bakker"):
        with example.app_context():
            waiting = supporter(f"{username}@noorderhaven.example").id
            request_id = next(r.id for r in db.session.scalars(asked) if r.supporter_id == waiting)
        assert contextvars.Context().run(accept, username, request_id) == 302


def test_demo_adds_nothing_the_second_time(example: Flask, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    prepare_demo(example, now)
    counts, mails = row_counts(example), mail_count(tmp_path)
    prepare_demo(example, now + timedelta(minutes=5))
    assert row_counts(example) == counts
    assert mail_count(tmp_path) == mails
