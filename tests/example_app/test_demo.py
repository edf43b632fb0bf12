"""A new demo shows a programme that is alive, and preparing it again changes nothing."""

from __future__ import annotations

import contextvars
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from example_app.extensions import db
from flask_peersupport.clock import stopped_at
from flask_peersupport.db import Base
from flask_peersupport.reachouts.models import ReachOut, SupportRequest
from flask_peersupport.reachouts.states import (
    TAKEN,
    DeclinedReason,
    Outcome,
    ReachOutState,
    RequestState,
    WaitingFor,
)
from flask_peersupport.supporters.models import Supporter


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
        assert 10 <= len(reach_outs) <= 14
        assert states[ReachOutState.ASKING] >= 2
        assert states[ReachOutState.ACCEPTED] == 2
        assert states[ReachOutState.IN_CONTACT] == 1
        assert states[ReachOutState.FOLLOW_UP] == 2
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
    assert waiting < mail_count(tmp_path) <= waiting + 10


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
