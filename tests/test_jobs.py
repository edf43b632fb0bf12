"""The due work: each piece once, whoever does it; a poisoned piece stops nothing."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import sqlalchemy as sa

from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.jobs import run_due
from flask_peersupport.reachouts.models import InvolvedRecord, ReachOut, SupportRequest
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.values import Involved, Person
from tests.intake.conftest import runtime
from tests.reachouts.conftest import NOW, Programme, anna, person
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
