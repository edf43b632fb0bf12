"""A user of the host is removed: nothing waits for them, and nobody inherits what was theirs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask, current_app
from flask.testing import FlaskClient

from flask_peersupport import signals
from flask_peersupport.access.models import Grant
from flask_peersupport.access.roles import grant_role
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import Base, commit
from flask_peersupport.intake import removals, spool
from flask_peersupport.intake.models import RemovedUser
from flask_peersupport.outbox.models import Message
from flask_peersupport.reachouts.answering import accept_request
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.vault.persons import find_persons
from tests.intake.conftest import STAFF, engine_of, person, reading, runtime, signed_in
from tests.minimal_host import User, db
from tests.reachouts.conftest import COORDINATOR, NOW, Programme, anna, prepare


def remove(app: Flask, user_id: int) -> None:
    """Let the host remove a user and say so, in one transaction."""
    with app.app_context():
        db.session.delete(db.session.get(User, user_id))
        db.session.flush()
        signals.user_removed.send(app, user_id=str(user_id))
        db.session.commit()


def issue_again(app: Flask, user_id: int, email: str | None) -> FlaskClient:
    """Give the id to somebody else, and return their browser."""
    with app.app_context():
        db.session.add(User(id=user_id, name="Nina New", email=email, department="Ward 9"))
        db.session.commit()
    return signed_in(app, user_id)


def waiting(app: Flask) -> int:
    """Return how many removed users wait for the worker."""
    with engine_of(app).connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(RemovedUser)) or 0


def asked_supporter(programme: Programme) -> int:
    """Return the user id of who is asked."""
    with reading(programme.app) as session:
        return int(programme.open_request(session).supporter.record.person.user_id or 0)


def accept(programme: Programme) -> int:
    """Let who is asked say yes, and return their user id."""
    with reading(programme.app) as session:
        request = programme.open_request(session)
        supporter = request.supporter.record.person
        accept_request(session, request, actor=supporter, now=NOW)
        commit(session)
        return int(supporter.user_id or 0)


def state_of(programme: Programme) -> tuple[str, str | None, str | None]:
    """Return where the one reach-out stands: state, what it waits for, who has it."""
    with reading(programme.app) as session:
        found = programme.only_reach_out(session)
        supporter = found.supporter.record.person.name if found.supporter else None
        return found.state.value, found.waiting_for and found.waiting_for.value, supporter


def test_what_a_supporter_took_goes_to_the_coordinators(programme: Programme) -> None:
    programme.report(anna())
    programme.work()
    supporter = accept(programme)
    programme.app.extensions["peersupport_mailer"].subjects.clear()
    remove(programme.app, supporter)
    assert state_of(programme)[0] == "accepted"
    assert programme.work()["remove"] == 1
    assert state_of(programme) == ("needs_coordinator", "supporter_gone", None)
    told = [to for to, _subject in programme.app.extensions["peersupport_mailer"].subjects]
    assert told == [person(COORDINATOR).email]
    with reading(programme.app) as session:
        gone = next(s for s in session.scalars(sa.select(Supporter)) if s.state == "retired")
        assert (gone.open_count, gone.asked_count, gone.has_account) == (0, 0, False)
        (request,) = programme.only_reach_out(session).requests
        assert request.state == "withdrawn"
        trail = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)).all()
        assert [
            (entry.actor, entry.action, entry.detail) for entry in trail if entry.actor == "worker"
        ][-3:] == [
            ("worker", "reach_out.waits", "supporter_gone"),
            ("worker", "supporter.moved", "retired"),
            ("worker", "user.removed", None),
        ]
    assert waiting(programme.app) == 0


def test_what_a_supporter_was_asked_is_asked_of_another(programme: Programme) -> None:
    programme.report(anna())
    programme.work()
    first = asked_supporter(programme)
    programme.app.extensions["peersupport_mailer"].subjects.clear()
    remove(programme.app, first)
    programme.work()
    second = asked_supporter(programme)
    assert second != first
    with reading(programme.app) as session:
        states = [request.state.value for request in programme.only_reach_out(session).requests]
    assert sorted(states) == ["asked", "withdrawn"]
    told = [to for to, _subject in programme.app.extensions["peersupport_mailer"].subjects]
    assert told == [person(second).email], "and nothing to who is gone"


def test_a_supporter_who_is_gone_is_asked_no_more(programme: Programme) -> None:
    for user_id in (STAFF.selma, STAFF.sven):
        remove(programme.app, user_id)
    programme.report(anna())
    programme.work()
    assert asked_supporter(programme) == STAFF.sofie


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_colleague_who_is_gone_is_for_the_coordinators(
    programme: Programme, is_taken: bool
) -> None:
    programme.report(anna())
    programme.work()
    supporter = accept(programme) if is_taken else asked_supporter(programme)
    programme.app.extensions["peersupport_mailer"].subjects.clear()
    remove(programme.app, STAFF.anna)
    programme.work()
    assert state_of(programme) == ("needs_coordinator", "colleague_gone", None)
    told = sorted(to for to, _subject in programme.app.extensions["peersupport_mailer"].subjects)
    assert told == sorted([str(person(COORDINATOR).email), str(person(supporter).email)])
    with reading(programme.app) as session:
        reach_out = programme.only_reach_out(session)
        assert reach_out.person is not None, "how to reach them stays known"
        assert reach_out.person.name == "Anna Vos"
        (request,) = reach_out.requests
        assert request.state == "withdrawn"
        asked = request.supporter
        assert (asked.open_count, asked.asked_count, asked.state) == (0, 0, "appointed")
    page = signed_in(programme.app, COORDINATOR).get(
        "/peersupport/queue", headers=[("Accept-Language", "en")]
    )
    assert "The colleague no longer has an account." in page.text


def test_a_coordinator_can_let_another_supporter_be_asked(programme: Programme) -> None:
    from flask_peersupport.reachouts.asking import ask_by_hand

    programme.report(anna())
    programme.work()
    supporter = accept(programme)
    remove(programme.app, supporter)
    programme.work()
    with reading(programme.app) as session:
        found = session.scalars(sa.select(Supporter).where(Supporter.state == "appointed"))
        other = next(iter(found))
        reach_out = programme.only_reach_out(session)
        ask_by_hand(session, reach_out, other.id, actor=person(COORDINATOR), now=NOW)
        commit(session)
    assert state_of(programme)[0] == "asking"


# a host without addresses tells nobody apart until the work is done, a second later
@pytest.mark.parametrize(
    ("email", "when"),
    [
        ("nina.new@hospital.example", "before the work"),
        ("nina.new@hospital.example", "after the work"),
        (None, "after the work"),
    ],
)
def test_who_gets_the_id_of_a_supporter_inherits_nothing(
    programme: Programme, when: str, email: str | None
) -> None:
    programme.report(anna())
    programme.work()
    supporter = accept(programme)
    with reading(programme.app) as session:
        reach_out = programme.only_reach_out(session)
        addresses = [f"/reach-outs/{reach_out.id}", f"/requests/{reach_out.requests[0].id}"]
        grant_role(session, "coordinator", person(supporter), actor=COMMAND, now=NOW)
        commit(session)
    mine = signed_in(programme.app, supporter)
    assert [mine.get(f"/peersupport{one}").status_code for one in addresses] == [200, 302]
    remove(programme.app, supporter)
    if when == "after the work":
        programme.work()
    newcomer = issue_again(programme.app, supporter, email)
    pages = [*addresses, "/requests", "/supporters/me", "/queue", "/supporters"]
    for stage in range(2):
        answers = [newcomer.get(f"/peersupport{page}").status_code for page in pages]
        assert answers == [404] * len(pages), stage
        assert "Anna Vos" not in newcomer.get("/peersupport/").text
        programme.work()
    holder = runtime(programme.app).users
    with reading(programme.app) as session:
        found = holder.get(str(supporter))
        assert found is not None
        assert runtime(programme.app).roles.of(found) == set()
        assert find_persons(session, found, NOW) == []
        members = runtime(programme.app).roles.members("coordinator")
        assert [one.name for one in members] == [person(COORDINATOR).name]


@pytest.mark.parametrize("email", ["nina.new@hospital.example", None])
def test_who_gets_the_id_of_a_colleague_is_somebody_else(
    programme: Programme, email: str | None
) -> None:
    programme.report(anna())
    programme.work()
    remove(programme.app, STAFF.anna)
    programme.work()
    issue_again(programme.app, STAFF.anna, email)
    with programme.app.app_context():
        newcomer = runtime(programme.app).users.get(str(STAFF.anna))
    assert newcomer is not None
    with reading(programme.app) as session:
        assert find_persons(session, newcomer, NOW) == []
        reach_out = programme.only_reach_out(session)
        assert reach_out.person is not None
        assert (reach_out.person.name, reach_out.person.email) == (
            "Anna Vos",
            "anna.vos@hospital.example",
        )


def test_who_gets_only_the_address_is_somebody_else(small_programme: Programme) -> None:
    programme = small_programme
    programme.report(anna())
    programme.work()
    remove(programme.app, STAFF.anna)
    programme.work()
    with programme.app.app_context():
        db.session.add(User(id=99, name="Anne Vos", email="anna.vos@hospital.example"))
        db.session.commit()
        newcomer = runtime(programme.app).users.get("99")
    assert newcomer is not None
    with reading(programme.app) as session:
        assert find_persons(session, newcomer, NOW) == []


def test_a_coordinator_who_is_gone_is_told_nothing_more(small_programme: Programme) -> None:
    programme = small_programme
    programme.report(anna())
    programme.work()
    supporter = accept(programme)
    programme.app.extensions["peersupport_mailer"].subjects.clear()
    for user_id in (COORDINATOR, supporter):
        remove(programme.app, user_id)
    programme.work()
    with reading(programme.app) as session:
        assert list(session.scalars(sa.select(Grant))) == []
        actions = session.scalars(sa.select(AuditEntry.action)).all()
        assert actions.count("role.revoked") == 1
        last = session.scalars(sa.select(Message).order_by(Message.created_at, Message.id)).all()
        assert "escalation" in [message.template for message in last]
    told = [to for to, _subject in programme.app.extensions["peersupport_mailer"].subjects]
    assert told == []


def test_mail_that_waits_is_not_sent_to_who_is_gone(small_programme: Programme) -> None:
    programme = small_programme
    programme.report(anna())

    class Refusing:
        def send(self, message: object) -> None:
            raise ConnectionRefusedError

    postbox = programme.app.extensions["peersupport_mailer"]
    programme.app.extensions["peersupport_mailer"] = Refusing()
    programme.work()
    supporter = asked_supporter(programme)
    remove(programme.app, supporter)
    programme.app.extensions["peersupport_mailer"] = postbox
    programme.work()
    programme.work(timedelta(hours=3))
    assert str(person(supporter).email) not in [to for to, _subject in postbox.subjects]


def test_somebody_whom_the_programme_does_not_know_is_no_trouble(programme: Programme) -> None:
    remove(programme.app, STAFF.rosa)
    assert programme.work()["remove"] == 1
    assert waiting(programme.app) == 0


def test_closed_reach_outs_stay_closed(small_programme: Programme) -> None:
    from flask_peersupport.reachouts.contacting import close_reach_out
    from flask_peersupport.reachouts.states import Outcome

    programme = small_programme
    programme.report(anna())
    programme.work()
    supporter = accept(programme)
    with reading(programme.app) as session:
        reach_out = programme.only_reach_out(session)
        close_reach_out(
            session, reach_out, Outcome.SUPPORTED, reason=None, actor=person(supporter), now=NOW
        )
        commit(session)
    remove(programme.app, supporter)
    remove(programme.app, STAFF.anna)
    programme.work()
    assert state_of(programme)[0] == "closed"


def test_a_user_is_removed_who_still_has_a_row_in_the_host(small_programme: Programme) -> None:
    """Many hosts only mark an account as closed."""
    programme = small_programme
    programme.report(anna())
    programme.work()
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False), programme.app.app_context():
        signals.user_removed.send(programme.app, user_id=str(STAFF.anna))
    programme.work(timedelta(minutes=2))
    assert state_of(programme)[:2] == ("needs_coordinator", "colleague_gone")


def test_the_next_holder_who_came_in_before_the_work_is_left_alone(
    small_programme: Programme,
) -> None:
    programme = small_programme
    remove(programme.app, STAFF.anna)
    issue_again(programme.app, STAFF.anna, "nina.new@hospital.example")
    from flask_peersupport.values import Involved

    with programme.app.app_context():
        newcomer = runtime(programme.app).users.get(str(STAFF.anna))
    assert newcomer is not None
    programme.report(Involved(newcomer, "yes", "own"))
    programme.work()
    assert state_of(programme)[0] == "asking"


def test_a_report_that_waited_is_expanded_first(small_programme: Programme) -> None:
    programme = small_programme
    programme.report(anna())
    remove(programme.app, STAFF.anna)
    programme.work()
    assert state_of(programme)[:2] == ("needs_coordinator", "colleague_gone")


def test_a_rollback_of_the_host_undoes_it(programme: Programme) -> None:
    app = programme.app
    with app.app_context():
        db.session.delete(db.session.get(User, STAFF.rosa))
        db.session.flush()
        signals.user_removed.send(app, user_id=str(STAFF.rosa))
        db.session.rollback()
    assert waiting(app) == 0


@pytest.mark.parametrize("sender", ["app", "proxy"])
def test_a_signal_after_the_commit_is_stored_by_itself(programme: Programme, sender: str) -> None:
    app = programme.app
    with app.app_context():
        db.session.delete(db.session.get(User, STAFF.rosa))
        db.session.commit()
        signals.user_removed.send(app if sender == "app" else current_app, user_id=STAFF.rosa)
        db.session.rollback()
    assert waiting(app) == 1


def test_a_signal_outside_any_context_is_stored(small_programme: Programme) -> None:
    signals.user_removed.send(small_programme.app, user_id="1")
    assert waiting(small_programme.app) == 1


def test_the_host_s_half_built_objects_are_not_flushed(small_programme: Programme) -> None:
    app = small_programme.app
    with app.app_context():
        db.session.delete(db.session.get(User, STAFF.rosa))
        db.session.flush()
        half_built = User(name=None)
        db.session.add(half_built)
        signals.user_removed.send(app, user_id=str(STAFF.rosa))
        half_built.name = "Complete"
        db.session.commit()
    assert waiting(app) == 1


def kept(app: Flask) -> list[Path]:
    """Return the removed users in the spool."""
    return spool.entries(runtime(app).spool, spool.REMOVED)


def test_what_fails_with_us_costs_the_host_nothing_and_is_kept(
    programme: Programme, caplog: pytest.LogCaptureFixture
) -> None:
    app = programme.app
    table = Base.metadata.tables["peersupport_removed_user"]
    table.drop(engine_of(app))
    remove(app, STAFF.rosa)
    with app.app_context():
        assert db.session.get(User, STAFF.rosa) is None
        signals.user_removed.send(app, user_id="7")
    said = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert len(said) == 2
    assert all(text.startswith("that a user was removed waits in the spool") for text in said)
    assert len(kept(app)) == 2
    assert spool.entries(runtime(app).spool) == []
    table.create(engine_of(app))
    counts = programme.work()
    assert (counts["unspool"], counts["remove"]) == (2, 2)
    assert (kept(app), waiting(app)) == ([], 0)


def test_what_is_kept_does_what_a_row_would(programme: Programme) -> None:
    programme.report(anna())
    programme.work()
    supporter = accept(programme)
    table = Base.metadata.tables["peersupport_removed_user"]
    table.drop(engine_of(programme.app))
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        remove(programme.app, supporter)
    table.create(engine_of(programme.app))
    programme.work(timedelta(minutes=2))
    assert state_of(programme) == ("needs_coordinator", "supporter_gone", None)


def test_a_rollback_of_the_host_leaves_nothing_in_the_spool(programme: Programme) -> None:
    app = programme.app
    Base.metadata.tables["peersupport_removed_user"].drop(engine_of(app))
    with app.app_context():
        db.session.delete(db.session.get(User, STAFF.rosa))
        db.session.flush()
        signals.user_removed.send(app, user_id=str(STAFF.rosa))
        db.session.rollback()
    assert kept(app) == []


def test_a_spool_entry_is_stored_once_however_often_it_is_tried(programme: Programme) -> None:
    """The worker was killed after its commit, before it removed the file."""
    app = programme.app
    table = Base.metadata.tables["peersupport_removed_user"]
    table.drop(engine_of(app))
    remove(app, STAFF.rosa)
    table.create(engine_of(app))
    (path,) = kept(app)
    with app.app_context(), runtime(app).storage.work() as session:
        for _ in range(2):
            removals.store_spooled_removal(session, path, now=NOW)
            session.commit()
        row = session.scalars(sa.select(RemovedUser)).one()
        assert row.removed_at == spool.came_in_at(path) != NOW
    programme.work()
    assert (kept(app), waiting(app)) == ([], 0)


def test_a_spool_entry_tells_no_user_id_and_is_its_owners_alone(small_programme: Programme) -> None:
    app = small_programme.app
    Base.metadata.tables["peersupport_removed_user"].drop(engine_of(app))
    with app.app_context():
        signals.user_removed.send(app, user_id="personnel-number-4711")
    (path,) = kept(app)
    assert path.stat().st_mode & 0o077 == 0
    assert b"4711" not in path.read_bytes()
    assert "4711" not in str(path.name)


def test_a_signal_waits_for_no_connection(make_app: Callable[..., Flask]) -> None:
    options = {"pool_size": 2, "max_overflow": 0, "pool_timeout": 20}
    app = make_app(SQLALCHEMY_ENGINE_OPTIONS=options)
    programme = prepare(app)
    with app.app_context(), db.engine.connect(), db.engine.connect():
        start = time.monotonic()
        signals.user_removed.send(app, user_id=str(STAFF.rosa))
        assert time.monotonic() - start < 1
    assert len(kept(app)) == 1
    assert programme.work()["remove"] == 1


def test_a_signal_waits_for_nobody_who_writes(small_programme: Programme) -> None:
    app = small_programme.app
    with app.app_context(), db.engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        start = time.monotonic()
        signals.user_removed.send(app, user_id=str(STAFF.rosa))
        assert time.monotonic() - start < 2
        other.rollback()
    assert len(kept(app)) == 1
    assert small_programme.work()["remove"] == 1


@pytest.mark.parametrize("trouble", ["the spool", "the keyring"])
def test_where_nothing_can_be_kept_it_is_said(
    make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    app = make_app()
    prepare(app)
    Base.metadata.tables["peersupport_removed_user"].drop(engine_of(app))
    if trouble == "the spool":
        runtime(app).spool.parent.mkdir(parents=True, exist_ok=True)
        runtime(app).spool.write_text("a file in its place")
    else:
        Path(app.config["PEERSUPPORT_KEYRING"]).write_text("{}")
    with app.app_context():
        signals.user_removed.send(app, user_id="4711")
    assert "is not remembered, send it again" in caplog.text
    assert "4711" not in caplog.text


def test_a_clock_that_is_set_back_leaves_no_removal_lying(programme: Programme) -> None:
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        remove(programme.app, STAFF.rosa)
    assert programme.work()["remove"] == 1


def test_what_makes_no_sense_is_left_alone(
    small_programme: Programme, caplog: pytest.LogCaptureFixture
) -> None:
    signals.user_removed.send(small_programme.app)
    signals.user_removed.send("not an app", user_id="1")
    assert len(caplog.records) == 2
    assert waiting(small_programme.app) == 0


def test_no_user_id_is_readable_in_the_row(small_programme: Programme) -> None:
    with small_programme.app.app_context():
        signals.user_removed.send(small_programme.app, user_id="personnel-number-4711")
    with engine_of(small_programme.app).connect() as connection:
        (row,) = connection.execute(sa.select(RemovedUser.__table__))
    assert b"4711" not in repr(tuple(row)).encode()


def test_work_that_fails_is_tried_again_and_holds_up_nothing(
    small_programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flask_peersupport.jobs import run_due

    programme = small_programme
    remove(programme.app, STAFF.rosa)
    real = removals.remove_user

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(removals, "remove_user", fail)
    with programme.app.app_context():
        assert run_due(runtime(programme.app), NOW)["remove_failed"] == 1
    monkeypatch.setattr(removals, "remove_user", real)
    assert "remove" not in programme.work(timedelta(minutes=9))
    assert programme.work(timedelta(minutes=10))["remove"] == 1


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_tables_in_another_database_hear_of_the_commit_alone(
    make_app: Callable[..., Flask], tmp_path: Path, ending: str
) -> None:
    app = make_app(PEERSUPPORT_DATABASE_URI=f"sqlite:///{tmp_path / 'ours.sqlite'}")
    prepare(app)
    with app.app_context():
        db.session.delete(db.session.get(User, STAFF.rosa))
        db.session.flush()
        signals.user_removed.send(app, user_id=str(STAFF.rosa))
        getattr(db.session, ending)()
        with reading(app) as session:
            found = len(session.scalars(sa.select(RemovedUser)).all())
    assert found == (1 if ending == "commit" else 0)
