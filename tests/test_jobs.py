"""The due work: each piece once, whoever does it; a poisoned piece stops nothing."""

from __future__ import annotations

import logging
import re
import threading
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient

from flask_peersupport import jobs
from flask_peersupport.access.models import Department
from flask_peersupport.clock import utc_now
from flask_peersupport.intake import expansion
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.job_run import BATCH, Run
from flask_peersupport.jobs import run_due
from flask_peersupport.reachouts import asking
from flask_peersupport.reachouts.models import InvolvedRecord, ReachOut, SupportRequest
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.values import Involved, Person
from tests.intake.conftest import person, runtime, signed_in
from tests.reachouts.conftest import COORDINATOR, NOW, Programme, anna
from tests.reachouts.conftest import programme as programme
from tests.reachouts.conftest import small_programme as small_programme


def colleague(number: int) -> Involved:
    someone = Person(f"Colleague {number}", f"c{number}@hospital.example", department="Ward 2")
    return Involved(someone, "yes", "own")


def test_four_workers_do_each_piece_once(programme: Programme) -> None:
    app = programme.app
    for number in range(6):
        programme.report(colleague(number), ref=str(number))
        programme.report(colleague(number), ref=str(number))
    start = threading.Barrier(4)
    totals: Counter[str] = Counter()

    def work() -> None:
        with app.app_context():
            start.wait()
            totals.update(run_due(runtime(app), NOW))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for minutes in (1, 11, 71):  # what two workers wanted at once was put off
        programme.work(timedelta(minutes=minutes))
    with app.app_context(), runtime(app).storage.work() as session:
        count = sa.select(sa.func.count())
        assert session.scalar(count.select_from(ReachOut)) == 6
        assert session.scalar(count.select_from(InvolvedRecord)) == 6
        assert session.scalar(count.select_from(IntakeRecord)) == 0
        asked = Counter(session.scalars(sa.select(SupportRequest.reach_out_id)))
        assert set(asked.values()) == {1}
        for supporter in session.scalars(sa.select(Supporter)):
            open_now = sum(
                request.state == "asked"
                for request in session.scalars(
                    sa.select(SupportRequest).where(SupportRequest.supporter_id == supporter.id)
                )
            )
            assert supporter.asked_count == open_now <= 2
    mails = Counter(app.extensions["peersupport_mailer"].subjects)
    asked_mails = sum(count for (_to, subject), count in mails.items() if "14:" in subject)
    assert asked_mails == len(asked)


def test_a_row_that_cannot_be_read_stops_no_other(programme: Programme) -> None:
    programme.report(anna(), ref="1")
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        session.execute(sa.update(IntakeRecord).values(payload=b"damaged"))
        session.commit()
    programme.report(anna(), ref="2")
    with programme.app.app_context():
        counts = run_due(runtime(programme.app), NOW)
    assert (counts["expand"], counts["expand_failed"]) == (1, 1)
    with programme.app.app_context():
        assert "expand_failed" not in run_due(runtime(programme.app), NOW)
        for hours in (1, 2, 4, 12, 24):
            run_due(runtime(programme.app), NOW + timedelta(hours=hours))
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        stuck = session.scalars(sa.select(IntakeRecord)).one()
        assert (stuck.attempts, stuck.due_at) == (5, None)
        assert runtime(programme.app).count_stuck_intake(session) == 1
    subjects = [s for _to, s in programme.app.extensions["peersupport_mailer"].subjects]
    assert sum("could not be taken in" in s or "niet" in s for s in subjects) >= 1


def test_run_due_counts_by_job_and_is_done_when_nothing_is_due(small_programme: Programme) -> None:
    small_programme.report(anna())
    counts = small_programme.work()
    assert (counts["expand"], counts["ask"]) == (1, 1)
    assert counts["deliver"] >= 1
    assert small_programme.work() == {}


def test_colleagues_of_one_report_get_different_supporters(programme: Programme) -> None:
    programme.report(*(colleague(number) for number in range(3)))
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        supporters = session.scalars(sa.select(SupportRequest.supporter_id)).all()
    assert len(supporters) == len(set(supporters)) == 3


def test_at_night_only_those_who_chose_it_are_asked(programme: Programme) -> None:
    """All three supporters of the small hospital chose it; now none has."""
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        session.execute(sa.update(Supporter).values(is_asked_at_night=False))
        session.commit()
    programme.report(anna())
    night = timedelta(hours=15)  # midnight in Amsterdam
    programme.work(night)
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = programme.only_reach_out(session)
        assert reach_out.state == "queued"
        assert reach_out.due_at == NOW + timedelta(hours=22)
    assert programme.work(night + timedelta(hours=1)) == {}
    programme.work(timedelta(hours=22))
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        assert programme.only_reach_out(session).state == "asking"
    assert person(1).name


def test_a_clock_that_is_set_back_leaves_nothing_lying(programme: Programme) -> None:
    """The machine that took the report in was a day ahead, and its worker as well."""
    tomorrow = NOW + timedelta(days=1)
    with time_machine.travel(tomorrow, tick=False):
        programme.report(anna(), due_at=tomorrow)
    assert programme.work()["expand"] == 1
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = programme.only_reach_out(session)
        assert reach_out.state == "asking"


def test_a_reach_out_made_while_the_clock_was_ahead_is_asked_for(programme: Programme) -> None:
    programme.report(anna())
    app = programme.app
    tomorrow = NOW + timedelta(days=1)
    with app.app_context(), runtime(app).storage.work() as session:
        expansion.expand_intake(
            session, session.scalars(sa.select(IntakeRecord)).one(), now=tomorrow
        )
        session.commit()
        assert programme.only_reach_out(session).due_at == tomorrow
    assert programme.work()["ask"] == 1


def test_a_row_from_a_clock_that_was_ahead_is_not_tried_again_and_again(
    programme: Programme,
) -> None:
    tomorrow = NOW + timedelta(days=1)
    with time_machine.travel(tomorrow, tick=False):
        programme.report(anna(), due_at=tomorrow)
    app = programme.app
    with app.app_context(), runtime(app).storage.work() as session:
        session.execute(sa.update(IntakeRecord).values(payload=b"damaged"))
        session.commit()
    with app.app_context():
        assert run_due(runtime(app), NOW)["expand_failed"] == 1
        assert "expand_failed" not in run_due(runtime(app), NOW)
        assert run_due(runtime(app), NOW + timedelta(minutes=1))["expand_failed"] == 1


class FaultError(Exception):
    """What goes wrong in these tests; it names somebody."""


def fail(*given: object, **named: object) -> None:
    raise FaultError("Anna Vos")


@pytest.mark.parametrize(
    ("job", "after"), [("ask", 0), ("expire", 24), ("chase", 24)], ids=("ask", "expire", "chase")
)
def test_what_fails_is_tried_again_later_and_the_run_ends(
    small_programme: Programme,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    job: str,
    after: int,
) -> None:
    programme = small_programme
    waiting = Involved(Person("Xavier Nobody"), "yes", "reporter")
    programme.report(waiting if job == "chase" else anna())
    if job != "ask":
        programme.work()
    action = {"ask": "ask_together", "expire": "expire_request", "chase": "chase"}[job]
    caplog.set_level(logging.DEBUG)
    with monkeypatch.context() as patch:
        patch.setattr(jobs, action, fail)
        with programme.app.app_context():
            now = NOW + timedelta(hours=after)
            assert run_due(runtime(programme.app), now)[f"{job}_failed"] == 1
            assert f"{job}_failed" not in run_due(runtime(programme.app), now)
    assert "Anna" not in caplog.text
    assert job in programme.work(timedelta(hours=after, minutes=10))


def test_one_who_cannot_be_asked_for_holds_up_no_colleague_of_the_report(
    small_programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme = small_programme
    programme.report(*(colleague(number) for number in range(3)))
    ask_together = asking.ask_together

    def ask(session: object, rows: list[ReachOut], **named: object) -> object:
        if any(row.person and row.person.name == "Colleague 1" for row in rows):
            raise FaultError
        return ask_together(session, rows, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "ask_together", ask)
    with programme.app.app_context():
        counts = run_due(runtime(programme.app), NOW)
    assert (counts["ask"], counts["ask_failed"]) == (2, 2)


class Directory:
    """A directory of users whose first search is a statement that fails."""

    def __init__(self, users: object, session: object) -> None:
        self.users = users
        self.session = session
        self.searches = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.users, name)

    def search(self, text: str, limit: int) -> object:
        self.searches += 1
        table = "users" if self.searches > 1 else "a_table_that_is_not_there"
        self.session.execute(sa.text(f"SELECT 1 FROM {table}"))  # type: ignore[attr-defined]
        return self.users.search(text, limit)  # type: ignore[attr-defined]


def test_a_query_of_the_host_that_fails_spoils_nothing_that_follows(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = programme.app
    session = runtime(app).storage.session
    for number in range(2):
        programme.report(anna(), ref=str(number))
    directory = Directory(runtime(app).users, session)
    expand = expansion.expand_intake

    def expand_after_a_search(*given: object, **named: object) -> object:
        directory.search("Anna", 1)
        return expand(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "expand_intake", expand_after_a_search)
    seen: list[bool] = []

    def deliver(*given: object) -> int:
        seen.append(session().in_transaction())
        return 0

    monkeypatch.setattr("flask_peersupport.outbox.delivery.deliver_due", deliver)
    with app.app_context():
        counts = run_due(runtime(app), NOW)
    assert (counts["expand"], counts["expand_failed"]) == (1, 1)
    assert not any(seen), "no transaction of the host waits for the mail server"


def test_the_hosts_own_work_is_not_rolled_back(small_programme: Programme) -> None:
    from tests.minimal_host import User, db

    with small_programme.app.app_context():
        user = db.session.get(User, COORDINATOR)
        assert user is not None
        user.name = "Another Name"
        run_due(runtime(small_programme.app), NOW)
        assert user.name == "Another Name"
        assert user in db.session.dirty


def stuck(programme: Programme, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a report fail until nobody tries it any more."""
    programme.report(anna())
    with monkeypatch.context() as patch, programme.app.app_context():
        patch.setattr(jobs, "expand_intake", fail)
        for hours in (0, 1, 2, 4, 12, 24):
            run_due(runtime(programme.app), NOW + timedelta(hours=hours))


def test_a_mail_that_cannot_be_written_brings_no_row_back(
    small_programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "tell_of_stuck_intake", fail)
    stuck(small_programme, monkeypatch)
    with small_programme.app.app_context(), runtime(small_programme.app).storage.work() as session:
        row = session.scalars(sa.select(IntakeRecord)).one()
        assert (row.attempts, row.due_at) == (5, None)


def post(client: FlaskClient, address: str) -> int:
    page = client.get("/peersupport/queue").get_data(as_text=True)
    assert f'action="{address}"' in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    return client.post(address, data={"csrf_token": token[1]}).status_code


def test_a_coordinator_lets_what_is_stuck_be_tried_again(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck(programme, monkeypatch)
    client = signed_in(programme.app, COORDINATOR)
    assert post(client, "/peersupport/queue/retry-intake") == 302
    with programme.app.app_context():
        assert run_due(runtime(programme.app), utc_now())["expand"] == 1


def test_more_failures_than_a_batch_starve_nothing_behind_them(
    small_programme: Programme,
) -> None:
    app = small_programme.app
    due = sa.select(Department.id).where(Department.name.like("Due %")).order_by(Department.name)
    with app.app_context(), runtime(app).storage.work() as session:
        for number in range(2 * BATCH + 5):
            name = f"Due {number:03}"
            session.add(Department(name=name, plain_name=name.lower()))
        session.commit()
        ids = session.scalars(due).all()
        poisoned, good = set(ids[: 2 * BATCH + 1]), ids[2 * BATCH + 1 :]
        tried: list[str] = []

        def act(row_id: str) -> bool:
            tried.append(row_id)
            if row_id in poisoned:
                raise ValueError
            session.execute(sa.delete(Department).where(Department.id == row_id))
            return True

        run = Run(runtime(app), session, NOW, (), name="poisoned")
        assert run.each_left(due, act) == len(good)
        assert tried == ids
        assert set(session.scalars(due)) == poisoned
        assert run.each_left(due, act) == 0  # the next round of the same run
        assert tried == ids
