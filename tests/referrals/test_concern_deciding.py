"""The coordinators decide what becomes of a concern (P4), each of those who may see it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.access.actor import Actor
from flask_peersupport.access.roles import grant_role
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import commit
from flask_peersupport.errors import InvalidTransition
from flask_peersupport.outbox.models import Message
from flask_peersupport.reachouts.models import NeverAgain, ReachOut
from flask_peersupport.referrals.concern_queries import count_open_concerns
from flask_peersupport.referrals.concern_rules import due_through, ensure_may_become
from flask_peersupport.referrals.models import Concern
from flask_peersupport.referrals.states import CONCERN_TRANSITIONS, ConcernState
from flask_peersupport.values import Involved, Person
from flask_peersupport.vault.models import PersonRecord
from flask_peersupport.vault.persons import find_person_ids, store_person
from tests.intake.conftest import STAFF, person, runtime
from tests.reachouts.conftest import NOW, Programme, anna, name_of
from tests.referrals.test_concern import ANNA, add_user, concerns, mailed, send
from tests.referrals.test_self import hold
from tests.sessions.hospital import Browser, audited, counted, working

LIST = "/peersupport/concerns"


def only(session: orm.Session) -> Concern:
    (found,) = concerns(session)
    return found


def concern_id(programme: Programme) -> str:
    with working(programme.app) as session:
        return only(session).id


def decide(programme: Programme, action: str, user_id: int = STAFF.bram, **form: str) -> str:
    """Press a button of the one concern there is; return where one is led."""
    address = f"/concerns/{concern_id(programme)}"
    answer = Browser(programme, user_id).post(f"{address}/{action}", address, **form)
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def coordinate(programme: Programme, user_id: int) -> None:
    with working(programme.app) as session:
        found = runtime(programme.app).users.get(str(user_id))
        assert found is not None
        grant_role(session, "coordinator", found, actor=COMMAND, now=NOW)
        commit(session)


def count_for(programme: Programme, user_id: int) -> int:
    with working(programme.app) as session:
        found = person(user_id)
        ids = find_person_ids(session, found, NOW)
        return count_open_concerns(session, Actor(found, frozenset(), tuple(ids)), NOW)


def names_in_vault(programme: Programme) -> set[str]:
    with working(programme.app) as session:
        return {row.person.name for row in session.scalars(sa.select(PersonRecord))}


@pytest.mark.parametrize("told", [{"may_be_told": "1"}, {}])
def test_approaching_asks_supporters(programme: Programme, told: dict[str, str]) -> None:
    send(programme, **told)
    location = decide(programme, "approach")
    with working(programme.app) as session:
        reach_out = session.scalars(sa.select(ReachOut)).one()
        assert location == f"/peersupport/reach-outs/{reach_out.id}"
        assert (reach_out.origin.value, reach_out.state.value) == ("concern", "queued")
        assert reach_out.is_concern_told is bool(told)
        involved = reach_out.involved
        assert (involved.wish.value, involved.wish_by.value) == ("ask", "reporter")
        assert (involved.report_id, involved.department) == (None, "Ward 2")
        assert reach_out.person == person(STAFF.anna)
        concern = only(session)
        assert (concern.state.value, concern.about_id) == ("approached", None)
        assert audited(session, concern.id) == ["concern.raised", "concern.seen", "concern.decided"]
    programme.work()
    with working(programme.app) as session:
        assert session.scalars(sa.select(ReachOut)).one().state.value == "asking"
    # the mail to the coordinators went with the decision
    assert [to for to, _subject in mailed(programme)] != []
    assert "bram.smit@hospital.example" not in [to for to, _subject in mailed(programme)]


def test_a_name_alone_is_looked_up_first(small_programme: Programme) -> None:
    send(small_programme, name="Nel Nergens", department="Ward 2; The cellar")
    decide(small_programme, "approach")
    with working(small_programme.app) as session:
        reach_out = session.scalars(sa.select(ReachOut)).one()
        assert reach_out.waiting_for == "unknown_person"
        assert reach_out.involved.department == "Ward 2"


def test_a_number_is_enough_with_a_department(small_programme: Programme) -> None:
    send(small_programme, name="Nel Nergens", department="Ward 2", phone="050 333 3333")
    decide(small_programme, "approach")
    with working(small_programme.app) as session:
        assert session.scalars(sa.select(ReachOut)).one().state.value == "queued"


def test_never_again_is_respected(small_programme: Programme) -> None:
    with working(small_programme.app) as session:
        row = store_person(session, person(STAFF.anna), now=NOW)
        session.add(NeverAgain(person_id=row.id, said_on=NOW.date()))
        session.commit()
    send(small_programme)
    address = f"/concerns/{concern_id(small_programme)}"
    bram = Browser(small_programme)
    page = bram.text(address)
    assert "want not to be approached" in page
    assert "/approach" not in page
    answer = bram.post(f"{address}/approach", address)
    assert answer.status_code == 422
    assert "wants not to be approached by the programme" in answer.text
    with working(small_programme.app) as session:
        assert session.scalars(sa.select(ReachOut)).all() == []
        assert only(session).state.value == "open"


def test_setting_aside_erases_the_name(programme: Programme) -> None:
    send(programme)
    assert ANNA in names_in_vault(programme)
    assert decide(programme, "set-aside") == LIST
    assert ANNA not in names_in_vault(programme)
    # for a day the sender counts
    assert name_of(STAFF.rosa) in names_in_vault(programme)
    programme.work(timedelta(hours=1))
    assert name_of(STAFF.rosa) in names_in_vault(programme)
    assert programme.work(timedelta(days=2))["forget_senders"] == 1
    assert name_of(STAFF.rosa) not in names_in_vault(programme)
    with working(programme.app) as session:
        concern = only(session)
        assert (concern.state.value, concern.sender_id) == ("set_aside", None)


def test_a_late_decision_erases_the_sender_at_once(small_programme: Programme) -> None:
    send(small_programme)
    with working(small_programme.app) as session:
        session.execute(sa.update(Concern).values(made_at=NOW - timedelta(days=5)))
        session.commit()
    decide(small_programme, "set-aside")
    assert {ANNA, name_of(STAFF.rosa)} & names_in_vault(small_programme) == set()


def test_who_is_needed_elsewhere_stays(small_programme: Programme) -> None:
    send(small_programme)
    send(small_programme, STAFF.sven)
    with working(small_programme.app) as session:
        first, _second = concerns(session)
    Browser(small_programme).post(f"/concerns/{first.id}/set-aside", f"/concerns/{first.id}")
    assert ANNA in names_in_vault(small_programme)
    small_programme.work(timedelta(days=2))
    with working(small_programme.app) as session:
        # Sven is a supporter
        assert name_of(STAFF.sven) in names_in_vault(small_programme)
        assert [c.sender_id is None for c in concerns(session)] == [True, False]


def test_waiting_brings_it_up_again(programme: Programme) -> None:
    send(programme)
    assert decide(programme, "wait", days="3") == LIST
    assert count_for(programme, STAFF.bram) == 0
    page = Browser(programme).text("/concerns")
    assert ANNA in page
    assert "wait with it" in page
    with working(programme.app) as session:
        due_on = only(session).due_on
        assert due_on is not None
        made = only(session).changed_at
        assert (due_on - made.astimezone(runtime(programme.app).settings.timezone).date()).days == 3
    zone = runtime(programme.app).settings.timezone
    too_early = datetime(due_on.year, due_on.month, due_on.day, 7, 59, tzinfo=zone)
    assert "bring_up_concerns" not in programme.work(too_early - NOW)
    mailed(programme).clear()
    assert programme.work(too_early + timedelta(minutes=1) - NOW)["bring_up_concerns"] == 1
    assert mailed(programme) == [
        ("bram.smit@hospital.example", "Peer support: er wacht een besluit over een zorg")
    ]
    assert count_for(programme, STAFF.bram) == 1
    # and every day, until somebody decides
    assert "bring_up_concerns" not in programme.work(too_early + timedelta(hours=20) - NOW)
    assert programme.work(too_early + timedelta(days=1, minutes=2) - NOW)["bring_up_concerns"] == 1
    decide(programme, "set-aside")
    assert "bring_up_concerns" not in programme.work(too_early + timedelta(days=9) - NOW)


@pytest.mark.parametrize("days", ["0", "15", "", "x", "1e3", "-1", "999"])
def test_so_many_days_cannot_be_waited(small_programme: Programme, days: str) -> None:
    send(small_programme)
    address = f"/concerns/{concern_id(small_programme)}"
    answer = Browser(small_programme).post(f"{address}/wait", address, days=days)
    assert answer.status_code == 422
    assert 'id="ps-days-error"' in answer.text
    with working(small_programme.app) as session:
        assert only(session).state.value == "open"


def test_joining_with_what_is_offered_already(programme: Programme) -> None:
    programme.report(anna("ask", "reporter"))
    programme.work()
    send(programme)
    with working(programme.app) as session:
        reach_out_id = session.scalars(sa.select(ReachOut.id)).one()
    address = f"/concerns/{concern_id(programme)}"
    answer = Browser(programme).post(f"{address}/merge", address)
    assert (answer.status_code, 'id="ps-reach_out_id-error"' in answer.text) == (422, True)
    location = decide(programme, "merge", reach_out_id=reach_out_id)
    assert location == f"/peersupport/reach-outs/{reach_out_id}"
    with working(programme.app) as session:
        assert only(session).state.value == "merged"
        reach_out = session.scalars(sa.select(ReachOut)).one()
        assert (reach_out.origin.value, reach_out.is_concern_told) == ("report", False)
        assert reach_out.person == person(STAFF.anna)


def test_only_their_own_open_reach_outs_are_offered(small_programme: Programme) -> None:
    other = add_user(small_programme, "Olga Ander")
    with small_programme.app.app_context():
        olga = runtime(small_programme.app).users.get(str(other))
        assert olga is not None
    # Bram is involved in the second
    small_programme.report(Involved(olga, "yes", "own"), ref="1")
    small_programme.report(anna(), Involved(person(STAFF.bram), "no", "own"), ref="2")
    small_programme.work()
    send(small_programme)
    address = f"/concerns/{concern_id(small_programme)}"
    page = Browser(small_programme).text(address)
    assert "/merge" not in page
    with working(small_programme.app) as session:
        ids = session.scalars(sa.select(ReachOut.id)).all()
    assert len(ids) == 2
    for reach_out_id in ids:
        answer = Browser(small_programme).post(
            f"{address}/merge", address.replace("merge", ""), reach_out_id=reach_out_id
        )
        assert answer.status_code == 422
    coordinate(small_programme, STAFF.rosa)
    page = Browser(small_programme, STAFF.rosa).text(address)
    assert page.count('name="reach_out_id"') == 1


def test_about_a_coordinator_another_decides(small_programme: Programme) -> None:
    programme = small_programme
    namesake = add_user(programme, "Bram SMIT.")
    coordinate(programme, namesake)
    send(programme, name="bram.smit@hospital.example")
    bram, id_ = Browser(programme), concern_id(programme)
    assert bram.get(f"/concerns/{id_}").status_code == 404
    for action in ("approach", "wait", "merge", "set-aside"):
        assert bram.post(f"/concerns/{id_}/{action}", "/concern").status_code == 404
    assert "No concern waits" in bram.text("/concerns")
    assert "No concern waits" in Browser(programme, namesake).text("/concerns")
    assert count_for(programme, STAFF.bram) == 0
    with working(programme.app) as session:
        told = session.execute(sa.select(Message.template, Message.person_id, Message.object_id))
        assert [tuple(row) for row in told] == [("escalation", None, None)]
    coordinate(programme, STAFF.sofie)
    assert count_for(programme, STAFF.sofie) == 1
    assert decide(programme, "approach", STAFF.sofie).startswith("/peersupport/reach-outs/")


def test_the_list_of_mail_does_not_betray_it(small_programme: Programme) -> None:
    coordinate(small_programme, STAFF.sofie)
    send(small_programme, name="bram.smit@hospital.example")
    small_programme.work()
    assert "Concern about a colleague" in Browser(small_programme, STAFF.sofie).text("/messages")
    assert "Concern about a colleague" not in Browser(small_programme).text("/messages")
    decide(small_programme, "set-aside", STAFF.sofie)
    for user_id in (STAFF.bram, STAFF.sofie):
        assert "Concern about a colleague" not in Browser(small_programme, user_id).text(
            "/messages"
        )
    with working(small_programme.app) as session:
        assert session.scalars(sa.select(Message.template)).all() == []


def test_the_list_of_mail_does_not_betray_it_after_erasing_oneself(programme: Programme) -> None:
    coordinate(programme, STAFF.sofie)
    send(programme, name="bram.smit@hospital.example")
    programme.work()
    bram = Browser(programme)
    assert bram.post("/mine/erase", "/mine").status_code == 302
    for user_id in (STAFF.bram, STAFF.sofie):
        assert "Concern about a colleague" not in Browser(programme, user_id).text("/messages")
    with working(programme.app) as session:
        concern = only(session)
        assert (concern.state.value, concern.about_id) == ("set_aside", None)
        assert session.scalars(sa.select(Message.template)).all() == []


def test_what_was_decided_leads_back_to_the_list(small_programme: Programme) -> None:
    send(small_programme)
    address = f"/concerns/{concern_id(small_programme)}"
    sofie = Browser(small_programme)
    sofie.post(f"{address}/set-aside", address)
    answer = sofie.get(address)
    assert (answer.status_code, answer.location) == (302, LIST)
    answer = sofie.post(f"{address}/approach", "/concern")
    assert (answer.status_code, answer.location) == (302, LIST)
    assert "Another coordinator has decided" in sofie.text("/concerns")
    with working(small_programme.app) as session:
        assert session.scalars(sa.select(ReachOut)).all() == []


@pytest.mark.parametrize("odd", ["0" * 32, "x", "%00", "ù" * 40])
def test_no_such_concern(small_programme: Programme, odd: str) -> None:
    assert Browser(small_programme).get(f"/concerns/{odd}").status_code == 404
    assert Browser(small_programme).post(f"/concerns/{odd}/wait", "/concern").status_code == 404


def test_two_coordinators_at_once_make_one_reach_out(programme: Programme) -> None:
    send(programme)
    id_ = concern_id(programme)
    browsers = [Browser(programme) for _number in range(8)]
    page = browsers[0].get(f"/concerns/{id_}")
    statuses: list[int] = []
    together = threading.Barrier(len(browsers))

    def press(browser: Browser, action: str) -> None:
        together.wait()
        statuses.append(browser.post(f"/concerns/{id_}/{action}").status_code)

    for browser in browsers[1:]:
        browser.get(f"/concerns/{id_}")
    for browser in browsers:
        own = browser.get(f"/concerns/{id_}")
        hold(browser, own)
    assert page.status_code == 200
    threads = [threading.Thread(target=press, args=[b, "approach"]) for b in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [302] * len(browsers)
    with working(programme.app) as session:
        assert session.scalar(sa.select(sa.func.count(ReachOut.id))) == 1
        assert audited(session, id_).count("concern.decided") == 1


def test_the_page_never_shows_who_raised_it(small_programme: Programme) -> None:
    send(small_programme)
    send(small_programme, STAFF.sven)
    with working(small_programme.app) as session:
        first = concerns(session)[0].id
    page = Browser(small_programme).text(f"/concerns/{first}")
    assert "One more concern about this colleague" in page
    assert name_of(STAFF.rosa) not in page
    assert name_of(STAFF.sven) not in page


def test_the_list_costs_as_much_for_thirty(small_programme: Programme) -> None:
    def statements() -> int:
        with counted(small_programme.app) as found:
            Browser(small_programme).text("/concerns")
        return len(found)

    send(small_programme)
    Browser(small_programme).text("/concerns")
    for_one = statements()
    with working(small_programme.app) as session:
        one = only(session)
        for number in range(59):
            row = store_person(session, Person(f"Colleague {number}"), now=NOW)
            session.add(
                Concern(
                    about_id=row.id,
                    sender_id=one.sender_id,
                    may_be_told=False,
                    state=ConcernState.OPEN,
                    made_at=NOW,
                    changed_at=NOW,
                )
            )
        session.commit()
    assert statements() == for_one
    page = Browser(small_programme).text("/concerns")
    assert page.count('class="ps-tr ') == 50
    assert "There are more" in page


def test_the_table_says_what_may_follow() -> None:
    for current, allowed in CONCERN_TRANSITIONS.items():
        for target in ConcernState:
            if target in allowed:
                ensure_may_become(current, target)
            else:
                with pytest.raises(InvalidTransition):
                    ensure_may_become(current, target)


def test_a_day_begins_when_somebody_is_there() -> None:
    assert due_through(datetime(2026, 3, 3, 7, 59, tzinfo=UTC), 8, UTC).isoformat() == "2026-03-02"
    assert due_through(datetime(2026, 3, 3, 8, 0, tzinfo=UTC), 8, UTC).isoformat() == "2026-03-03"
