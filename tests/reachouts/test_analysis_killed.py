"""Workers that are killed while all involved are told: the kill alone repeats, and at most one."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
import sqlalchemy as sa

from flask_peersupport.outbox.models import Message
from flask_peersupport.values import Involved
from tests.intake.conftest import STAFF, email_of, engine_of, person
from tests.outbox import postbox
from tests.outbox.test_killed import let_leases_run_out
from tests.reachouts.conftest import Programme, anna
from tests.reachouts.telling_worker import SUBJECT
from tests.reachouts.test_analysis import AFTER_AT, BEFORE_AT, enter
from tests.sessions.hospital import working

KILLED = -9
TOLD = (STAFF.anna, STAFF.sven, STAFF.sofie)


def run_worker(programme: Programme, box: postbox.Postbox, now: str, point: str) -> int:
    """Run a worker at an instant; return its exit code."""
    url = engine_of(programme.app).url.render_as_string(hide_password=False)
    keyring = programme.app.config["PEERSUPPORT_KEYRING"]
    given = [url, keyring, programme.app.instance_path, str(box.port), now, point]
    command = [sys.executable, "-m", "tests.reachouts.telling_worker", *given]
    return subprocess.run(command, timeout=120, check=False).returncode


@pytest.mark.parametrize(("point", "repeats"), [("told", 0), ("sent", 1)])
def test_a_kill_between_two_mails_leaves_nobody_out(
    programme: Programme, point: str, repeats: int
) -> None:
    refused = (Involved(person(one), "no", "own") for one in TOLD[1:])
    programme.report(anna(), *refused)
    programme.work()
    enter(programme)
    with postbox.running() as box:
        for number, at in enumerate((BEFORE_AT, AFTER_AT), start=1):
            assert run_worker(programme, box, at.isoformat(), point) == KILLED
            with working(programme.app) as session:
                let_leases_run_out(session)
            for _ in range(2):
                assert run_worker(programme, box, at.isoformat(), "nowhere") == 0
            ours = [mail for mail in box.mails if mail["Subject"] == SUBJECT]
            once = Counter((str(mail["Message-ID"]), str(mail["To"])) for mail in ours)
            assert Counter(to for _id, to in once) == {email_of(one): number for one in TOLD}
            assert len(ours) - len(once) == repeats * number
    with working(programme.app) as session:
        queued = sa.select(sa.func.count(Message.id)).where(Message.template == "once_more")
        assert session.scalar(queued) == 2 * len(TOLD)
