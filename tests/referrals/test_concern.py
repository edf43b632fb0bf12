"""Anyone may say that they are concerned about a colleague (P4): what is sent, and what is not."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.access.people import sign_user
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.clock import utc_now
from flask_peersupport.referrals import concern_views
from flask_peersupport.referrals.concern_rules import MOST_A_DAY
from flask_peersupport.referrals.models import Concern
from flask_peersupport.vault.models import PersonRecord
from tests.intake.conftest import STAFF, person
from tests.minimal_host import User, db
from tests.reachouts.conftest import Programme, name_of
from tests.referrals.test_self import hold
from tests.sessions.hospital import Browser, working

SENT = "/peersupport/concern?sent=1"
ANNA = name_of(STAFF.anna)


def add_user(programme: Programme, name: str, department: str = "Ward 9") -> int:
    with programme.app.app_context():
        email = f"{len(name)}.{department}.{name}@hospital.example".replace(" ", "").lower()
        user = User(name=name, email=email, department=department)
        db.session.add(user)
        db.session.commit()
        return user.id


def send(programme: Programme, user_id: int = STAFF.rosa, /, **form: str) -> str:
    """Send a concern; return where one is led."""
    answer = Browser(programme, user_id).post("/concern", **({"name": ANNA} | form))
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def concerns(session: orm.Session) -> list[Concern]:
    return list(session.scalars(sa.select(Concern).order_by(Concern.made_at, Concern.id)))


def mailed(programme: Programme) -> list[tuple[str, str]]:
    subjects: list[tuple[str, str]] = programme.app.extensions["peersupport_mailer"].subjects
    return subjects


def test_a_colleague_is_named(programme: Programme) -> None:
    assert send(programme, may_be_told="1") == SENT
    with working(programme.app) as session:
        (concern,) = concerns(session)
        assert concern.about is not None
        assert concern.about.person == person(STAFF.anna)
        assert (concern.state.value, concern.may_be_told) == ("open", True)
        sender = session.get_one(PersonRecord, concern.sender_id)
        assert (sender.person, sender.is_lasting) == (person(STAFF.rosa), False)
        (raised,) = session.scalars(
            sa.select(AuditEntry).where(AuditEntry.action == "concern.raised")
        )
        assert (raised.object_id, raised.detail) == (concern.id, None)
    programme.work()
    assert mailed(programme) == [
        ("bram.smit@hospital.example", "Peer support: iemand maakt zich zorgen om een collega")
    ]
    thanks = Browser(programme, STAFF.rosa).text("/concern?sent=1")
    assert "Thank you for looking out for your colleague" in thanks
    assert ANNA not in thanks


def test_what_was_not_ticked_is_a_no(small_programme: Programme) -> None:
    send(small_programme)
    with working(small_programme.app) as session:
        assert [concern.may_be_told for concern in concerns(session)] == [False]


def test_the_same_colleague_again_is_one_concern(small_programme: Programme) -> None:
    assert send(small_programme, may_be_told="1") == SENT
    assert send(small_programme, name="anna  VOS") == SENT
    assert send(small_programme, STAFF.sven) == SENT
    with working(small_programme.app) as session:
        told = {
            session.get_one(PersonRecord, c.sender_id).person.name: c.may_be_told
            for c in concerns(session)
        }
        assert told == {name_of(STAFF.rosa): False, name_of(STAFF.sven): False}
    small_programme.work()
    assert len(mailed(small_programme)) == 2


@pytest.mark.parametrize("typed", [{"department": "Ward 2"}, {"phone": "050 333 3333"}])
def test_who_is_in_no_list_is_typed(small_programme: Programme, typed: dict[str, str]) -> None:
    answer = Browser(small_programme, STAFF.rosa).post("/concern", name="Nel Nergens")
    assert answer.status_code == 422
    assert "nobody is called on a guess" in answer.text
    assert 'value="Nel Nergens"' in answer.text
    for _time in range(2):
        send(small_programme, name="Nel Nergens", **typed)
    with working(small_programme.app) as session:
        (concern,) = concerns(session)
        assert concern.about is not None
        found = concern.about.person
        assert (found.department, found.phone) == (typed.get("department"), typed.get("phone"))
    send(small_programme, name="Nel Nergens", department="Ward 8")
    with working(small_programme.app) as session:
        assert len(concerns(session)) == 2


def test_one_of_several_is_chosen(small_programme: Programme) -> None:
    other = add_user(small_programme, ANNA, "Ward 8")
    answer = Browser(small_programme, STAFF.rosa).post("/concern", name=ANNA)
    assert answer.status_code == 422
    assert "Several colleagues are called so" in answer.text
    assert f"{ANNA}, Ward 8" in answer.text
    with small_programme.app.app_context():
        picked = sign_user(str(other))
    send(small_programme, picked=picked)
    with working(small_programme.app) as session:
        (concern,) = concerns(session)
        assert concern.about is not None
        assert concern.about.person.user_id == str(other)
    answer = Browser(small_programme, STAFF.rosa).post("/concern", name=ANNA, picked="other")
    assert (answer.status_code, 'id="ps-department-error"' in answer.text) == (422, True)
    send(small_programme, picked="other", department="Ward 1")
    with working(small_programme.app) as session:
        assert [c.about.person.user_id for c in concerns(session) if c.about] == [str(other), None]


def test_a_name_nearly_right_is_asked_about(small_programme: Programme) -> None:
    answer = Browser(small_programme, STAFF.rosa).post("/concern", name="Annie Vos")
    assert answer.status_code == 422
    assert f"{ANNA}, Ward 2" in answer.text
    assert "somebody else" in answer.text


def test_a_suggestion_that_was_typed_over_means_somebody_else(small_programme: Programme) -> None:
    with small_programme.app.app_context():
        signed = sign_user(str(STAFF.anna))
    send(small_programme, name=name_of(STAFF.sven), user=signed)
    send(small_programme, name=ANNA, user=f"{signed}x")
    with working(small_programme.app) as session:
        names = [c.about.person.name for c in concerns(session) if c.about]
        assert names == [name_of(STAFF.sven), ANNA]


@pytest.mark.parametrize(
    ("form", "field"), [({"name": "  "}, "name"), ({"name": ANNA, "phone": "x"}, "phone")]
)
def test_what_cannot_be_right_is_said_at_its_field(
    small_programme: Programme, form: dict[str, str], field: str
) -> None:
    answer = Browser(small_programme, STAFF.rosa).post("/concern", **form)
    assert answer.status_code == 422
    assert f'id="ps-{field}-error"' in answer.text


def test_about_oneself_is_a_request(small_programme: Programme) -> None:
    assert send(small_programme, STAFF.anna) == "/peersupport/self"
    with working(small_programme.app) as session:
        assert concerns(session) == []


def test_after_five_in_a_day_one_is_asked_to_call(programme: Programme) -> None:
    for number in range(MOST_A_DAY):
        send(programme, name=f"Colleague {number}", department="Ward 9")
    answer = Browser(programme, STAFF.rosa).post("/concern", name=ANNA)
    assert answer.status_code == 429
    assert 'href="tel:0501234567"' in answer.text
    # the same answer, whatever has become of the first
    again = Browser(programme, STAFF.rosa).post("/concern", name="Colleague 0", department="Ward 9")
    assert again.status_code == 429
    assert send(programme, STAFF.sven) == SENT
    with working(programme.app) as session:
        assert len(concerns(session)) == MOST_A_DAY + 1
        session.execute(sa.update(Concern).values(made_at=utc_now() - timedelta(days=1, seconds=1)))
        session.commit()
    assert send(programme) == SENT


def test_twenty_at_once_are_five(programme: Programme) -> None:
    browsers = [Browser(programme, STAFF.rosa) for _number in range(20)]
    pages = [browser.get("/concern") for browser in browsers]
    concern_views._limiter._limit, usual = 100, concern_views._limiter._limit
    answers: list[int] = []
    together = threading.Barrier(20)

    def press(browser: Browser, number: int) -> None:
        together.wait()
        answer = browser.post("/concern", name=f"Colleague {number}", department="Ward 9")
        answers.append(answer.status_code)

    for browser, page in zip(browsers, pages, strict=True):
        hold(browser, page)
    threads = [
        threading.Thread(target=press, args=[browser, number])
        for number, browser in enumerate(browsers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    concern_views._limiter._limit = usual
    assert sorted(answers) == [302] * MOST_A_DAY + [429] * (20 - MOST_A_DAY)
    with working(programme.app) as session:
        assert len(concerns(session)) == MOST_A_DAY
        assert len({concern.sender_id for concern in concerns(session)}) == 1
        assert session.scalar(sa.select(sa.func.count(PersonRecord.id))) == MOST_A_DAY + 5


def test_a_flood_is_answered_kindly(small_programme: Programme) -> None:
    browser = Browser(small_programme, STAFF.rosa)
    answers = [browser.post("/concern", name=" ").status_code for _time in range(11)]
    assert answers == [422] * 10 + [429]


def test_a_number_that_somebody_gave_themself_stays(small_programme: Programme) -> None:
    Browser(small_programme, STAFF.anna).post("/self", phone="06 2222 2222")
    with small_programme.app.app_context():
        db.session.execute(sa.update(User).values(phone="050 111 1111"))
        db.session.commit()
    send(small_programme)
    send(small_programme, STAFF.anna, name=name_of(STAFF.sven))
    with working(small_programme.app) as session:
        rows = session.scalars(sa.select(PersonRecord))
        phones = [row.person.phone for row in rows if row.person.name == ANNA]
        assert phones == ["06 2222 2222"]
