"""The pages on the way to becoming a supporter: invitation, profile, training, appointment."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport import clock
from flask_peersupport.access.department_actions import DepartmentDetails, add_department
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.outbox.models import Message
from flask_peersupport.runtime import EXTENSION
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from tests.supporters.candidates import create_candidate
from tests.supporters.conftest import NOW, Visitor, counted
from tests.supporters.host import COORDINATOR, NURSE, SURGEON

S = SupporterState
NAV = 'href="/peersupport/invitation"'


@pytest.fixture(autouse=True)
def _at_now() -> Any:
    with clock.stopped_at(NOW):
        yield


def session_in(app: Flask) -> orm.Session:
    session: orm.Session = app.extensions[EXTENSION].storage.session()
    return session


def fill(app: Flask, state: SupporterState, person: Person = NURSE, **more: object) -> str:
    """Put somebody on the roster and return their id."""
    with app.app_context():
        session = session_in(app)
        add_department(session, DepartmentDetails("IC"), actor="command", now=NOW)
        return create_candidate(session, state, person, **more).id


def change(app: Flask, **values: object) -> None:
    with app.app_context():
        session_in(app).execute(sa.update(Supporter).values(**values))
        session_in(app).commit()


def row(app: Flask) -> Any:
    with app.app_context():
        supporter = session_in(app).scalars(sa.select(Supporter)).one()
        session_in(app).expunge_all()
        return supporter


def mails(app: Flask) -> list[str]:
    with app.app_context():
        rows = sa.select(Message.template).order_by(Message.template)
        return list(session_in(app).scalars(rows))


def audited(app: Flask) -> list[str]:
    with app.app_context():
        return list(session_in(app).scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


# the person invited


def test_invited_reads_what_it_is_and_says_yes(app: Flask) -> None:
    fill(app, S.INVITED)
    visitor = Visitor(app, NURSE)
    page = text_of(visitor.get("/invitation"))
    assert "once or twice a year" in page
    assert "told to nobody" in page
    assert visitor.post("/invitation/accept", form="/invitation").status_code == 302

    assert (row(app).state, row(app).accepted_at) == (S.INVITED, NOW)
    assert "What comes next is the training" in text_of(visitor.get("/invitation"))
    # a second press, from the page that was still open elsewhere
    assert visitor.post("/invitation/accept", form="/invitation").status_code == 302
    assert audited(app).count("invitation.accepted") == 1


def test_invited_says_no_and_hears_no_more(app: Flask) -> None:
    fill(app, S.INVITED)
    visitor = Visitor(app, NURSE)
    answer = visitor.post("/invitation/refuse", form="/invitation")
    assert answer.location == "/peersupport/"
    assert "You will hear no more" in text_of(visitor.get("/"))

    assert (row(app).state, row(app).refused_at) == (S.RETIRED, NOW)
    assert visitor.get("/invitation").status_code == 404
    assert "said no to the invitation" in text_of(Visitor(app, COORDINATOR).get("/supporters"))


@pytest.mark.parametrize(
    ("state", "is_shown", "count"),
    [
        (S.NOMINATED, False, None),
        (S.INVITED, True, "1"),
        (S.TRAINED, True, None),
        (S.APPOINTED, False, None),
        (S.RETIRED, False, None),
    ],
)
def test_link_waits_only_for_who_is_invited(
    small_app: Flask, state: SupporterState, is_shown: bool, count: str | None
) -> None:
    fill(small_app, state)
    visitor = Visitor(small_app, NURSE)
    page = text_of(visitor.get("/"))

    assert (NAV in page) is is_shown
    waits = rf'{NAV}[^<]*>[^<]*(</a>)? <span class="ps-count">1</span>'
    assert (re.search(waits, page) is not None) is (count == "1")
    assert visitor.get("/invitation").status_code == (200 if is_shown else 404)
    assert NAV not in text_of(Visitor(small_app, SURGEON).get("/"))


@pytest.mark.parametrize("state", [S.NOMINATED, S.INVITED, S.TRAINED])
def test_who_is_on_the_way_is_no_supporter_yet(small_app: Flask, state: SupporterState) -> None:
    fill(small_app, state)

    for address in ("/supporters/me", "/requests"):
        assert Visitor(small_app, NURSE).get(address).status_code == 404


def test_trained_reads_what_comes_next(small_app: Flask) -> None:
    fill(small_app, S.TRAINED)

    page = text_of(Visitor(small_app, NURSE).get("/invitation"))
    assert "letter of the board" in page
    assert "<form" not in page.partition("</h1>")[2]


# the coordinator


def test_coordinator_invites_and_notes_the_answer(app: Flask) -> None:
    supporter_id = fill(app, S.NOMINATED)
    visitor = Visitor(app, COORDINATOR)
    address = f"/supporters/{supporter_id}"
    assert visitor.post(f"{address}/invite", form=address).status_code == 302
    assert row(app).state is S.INVITED
    assert mails(app) == ["supporter_invited"]

    assert "No answer yet" in text_of(visitor.get(address))
    visitor.post(f"{address}/answer", form=address, answer="perhaps")
    assert row(app).accepted_at is None
    visitor.post(f"{address}/answer", form=address, answer="yes")
    assert row(app).accepted_at == NOW
    visitor.post(f"{address}/answer", form=address, answer="no")
    assert row(app).state is S.RETIRED
    late = visitor.post(f"{address}/answer", form=address, answer="yes")
    assert late.status_code == 409
    visitor.post(f"{address}/invite", form=address)
    assert (row(app).state, row(app).refused_at) == (S.INVITED, None)


def test_without_an_address_the_page_says_what_to_do(small_app: Flask) -> None:
    supporter_id = fill(small_app, S.NOMINATED, Person("Nadia Nurse", user_id="2"))
    visitor = Visitor(small_app, COORDINATOR)
    address = f"/supporters/{supporter_id}"
    visitor.post(f"{address}/invite", form=address)

    assert "no e-mail address to invite" in text_of(visitor.get(address))
    assert row(small_app).state is S.NOMINATED


@pytest.mark.parametrize(
    ("state", "target", "mail"),
    [
        (S.NOMINATED, "invited", ["supporter_invited"]),
        (S.TRAINED, "appointed", ["supporter_appointed"]),
        (S.TRAINED, "invited", []),
        (S.INVITED, "trained", []),
    ],
)
def test_moving_tells_whoever_has_to_know(
    small_app: Flask, state: SupporterState, target: str, mail: list[str]
) -> None:
    supporter_id = fill(small_app, state)
    address = f"/supporters/{supporter_id}"
    Visitor(small_app, COORDINATOR).post(f"{address}/state", form=address, state=target)

    assert row(small_app).state == target
    assert mails(small_app) == mail


def test_profile_is_ticked(app: Flask) -> None:
    supporter_id = fill(app, S.INVITED)
    visitor = Visitor(app, COORDINATOR)
    address = f"/supporters/{supporter_id}"
    ticked = ["not_judging", "experience", "nonsense"]
    visitor.post(f"{address}/profile", form=address, criterion=ticked)

    assert row(app).criteria == ("experience", "not_judging")
    page = text_of(visitor.get(address))
    assert re.findall(r'name="criterion" value="(\w+)" checked', page) == [
        "experience",
        "not_judging",
    ]
    visitor.post(f"{address}/profile", form=address)
    assert row(app).criteria == ()


def test_training_elsewhere_is_noted(app: Flask) -> None:
    supporter_id = fill(app, S.INVITED)
    visitor = Visitor(app, COORDINATOR)
    address = f"/supporters/{supporter_id}"
    for wrong in ("2026-03-04", "yesterday"):
        answer = visitor.post(f"{address}/training", form=address, trained_on=wrong)
        assert answer.status_code == 422
        assert f'value="{wrong}"' in text_of(answer)
    visitor.post(f"{address}/training", form=address, trained_on="2026-03-01")
    assert (row(app).state, row(app).trained_on) == (S.TRAINED, date(2026, 3, 1))
    visitor.post(f"{address}/training", form=address, trained_on="")
    assert (row(app).state, row(app).trained_on) == (S.INVITED, None)


def test_every_state_has_a_page(small_app: Flask) -> None:
    supporter_id = fill(small_app, S.NOMINATED)
    visitor = Visitor(small_app, COORDINATOR)
    day = date(2026, 3, 1)
    for state in S:
        is_active = state in (S.APPOINTED, S.PAUSED)
        change(small_app, state=state, appointed_on=day if is_active else None, invited_at=NOW)
        page = text_of(visitor.get(f"/supporters/{supporter_id}"))
        assert "Next step" in page
        assert (f"/supporters/{supporter_id}/letter" in page) is is_active


# the roster


def test_roster_says_what_waits(app: Flask) -> None:
    fill(app, S.NOMINATED)
    visitor = Visitor(app, COORDINATOR)
    shown: dict[str, tuple[str, ...]] = {}
    long_ago = NOW - timedelta(days=15)
    last_year = date(2025, 1, 1)
    cases: dict[str, dict[str, Any]] = {
        "nominated": {"state": S.NOMINATED},
        "invited": {"state": S.INVITED, "invited_at": NOW},
        "no answer": {"state": S.INVITED, "invited_at": long_ago},
        "yes": {"state": S.INVITED, "invited_at": long_ago, "accepted_at": long_ago},
        "trained": {"state": S.TRAINED, "trained_on": last_year},
        "appointed": {"state": S.APPOINTED, "trained_on": last_year, "appointed_on": last_year},
        "untrained": {"state": S.PAUSED, "trained_on": None},
        "outdated": {"state": S.APPOINTED, "trained_on": NOW.date() - timedelta(days=1096)},
        "just valid": {"state": S.APPOINTED, "trained_on": NOW.date() - timedelta(days=1095)},
        "retired": {"state": S.RETIRED, "trained_on": None},
    }
    for name, values in cases.items():
        change(app, **values)
        page = text_of(visitor.get("/supporters"))
        shown[name] = tuple(re.findall(r"[?&]waiting=(\w+)", page))
        for kind in ("invitation", "reminder", "training", "appointment", "new_training"):
            listed = text_of(visitor.get(f"/supporters?waiting={kind}"))
            assert (">Nadia Nurse<" in listed) is (kind in shown[name]), (name, kind)

    assert shown == {
        "nominated": ("invitation",),
        "invited": (),
        "no answer": ("reminder",),
        "yes": ("training",),
        "trained": ("appointment",),
        "appointed": (),
        "untrained": ("new_training",),
        "outdated": ("new_training",),
        "just valid": (),
        "retired": (),
    }


def test_roster_counts_the_states(small_app: Flask) -> None:
    fill(small_app, S.TRAINED)
    fill_more = Person("Other", email="o@hospital.example")
    with small_app.app_context():
        create_candidate(session_in(small_app), S.TRAINED, fill_more)
        create_candidate(session_in(small_app), S.APPOINTED, SURGEON)
    page = text_of(Visitor(small_app, COORDINATOR).get("/supporters"))

    figures = re.findall(r'ps-figure-number">(\d+)</span> ([a-z ,]+)<', page)
    assert figures[:2] == [("2", "trained"), ("1", "appointed")]


def test_roster_speaks_of_one_and_of_more_without_a_training(small_app: Flask) -> None:
    fill(small_app, S.APPOINTED)
    change(small_app, trained_on=None)
    visitor = Visitor(small_app, COORDINATOR)
    figure = r'waiting=new_training"><span class="ps-figure-number">(\d)</span> ([a-z ]+)<'
    page = text_of(visitor.get("/supporters?waiting=new_training"))
    assert re.findall(figure, page) == [("1", "supporter without a valid training")]
    assert "Shown: supporter without a valid training." in page
    with small_app.app_context():
        create_candidate(session_in(small_app), S.APPOINTED, SURGEON)
    change(small_app, trained_on=None)
    page = text_of(visitor.get("/supporters"))
    assert re.findall(figure, page) == [("2", "supporters without a valid training")]


# appointing


def test_group_is_appointed_and_its_letters_printed(app: Flask) -> None:
    first = fill(app, S.TRAINED)
    with app.app_context():
        second = create_candidate(session_in(app), S.TRAINED, SURGEON).id
        create_candidate(session_in(app), S.TRAINED, Person("Later", email="l@x.example"))
    visitor = Visitor(app, COORDINATOR)
    form = text_of(visitor.get(f"/supporters/appoint?id={first}"))
    assert re.findall(r'value="(\w{32})" checked', form) == [first]
    assert 'value="2026-03-03"' in form
    answer = visitor.post("/supporters/appoint", chosen=[first, second], appointed_on="2026-03-02")
    assert answer.status_code == 302

    page = text_of(visitor.get("/supporters/appoint"))
    assert "2 supporters were appointed" in page
    assert "/supporters/letters/2026-03-02" in page
    assert ">Later<" in page
    assert "Nadia Nurse" not in page
    letters = text_of(visitor.get("/supporters/letters/2026-03-02"))
    assert letters.count('<section class="ps-sheet"') == 2
    assert letters.index("Geachte Nadia Nurse,") < letters.index("Geachte Sam Surgeon,")
    assert mails(app) == ["supporter_appointed"] * 2


def test_nobody_is_appointed_where_one_cannot_be(app: Flask) -> None:
    first = fill(app, S.TRAINED)
    with app.app_context():
        gone = create_candidate(session_in(app), S.RETIRED, SURGEON).id
    visitor = Visitor(app, COORDINATOR)
    answer = visitor.post("/supporters/appoint", chosen=[first, gone], appointed_on="2026-03-03")

    assert answer.status_code == 422
    page = text_of(answer)
    assert "Nobody was appointed" in page
    assert "not trained now, but: retired" in page
    assert re.findall(r'value="(\w{32})" checked', page) == [first]
    assert mails(app) == []


@pytest.mark.parametrize("day", ["", "2026-03-04", "2025-03-02", "today"])
def test_date_that_cannot_be_comes_back(small_app: Flask, day: str) -> None:
    first = fill(small_app, S.TRAINED)
    answer = Visitor(small_app, COORDINATOR).post(
        "/supporters/appoint", chosen=[first], appointed_on=day
    )

    assert answer.status_code == 422
    assert 'id="ps-appointed_on-error"' in text_of(answer)
    assert row(small_app).state is S.TRAINED


def test_nobody_chosen_is_said(small_app: Flask) -> None:
    fill(small_app, S.TRAINED)
    answer = Visitor(small_app, COORDINATOR).post("/supporters/appoint", appointed_on="2026-03-03")

    assert answer.status_code == 422
    assert "Choose who is appointed" in text_of(answer)


@pytest.mark.parametrize("address", ["/supporters/appoint", "/supporters/letters/2026-03-03"])
def test_pages_cost_the_same_with_one_and_with_thirty(
    make_host: Any, tmp_path: Any, address: str
) -> None:
    counts = []
    for number in (1, 30):
        app = make_host(f"sqlite:///{tmp_path / str(number)}.sqlite")
        with app.app_context():
            for index in range(number):
                for state in (S.TRAINED, S.APPOINTED):
                    person = Person(f"P{index}", email=f"{state}{index}@hospital.example")
                    create_candidate(session_in(app), state, person)
        visitor = Visitor(app, COORDINATOR)
        visitor.get(address)
        with counted(app) as statements:
            assert visitor.get(address).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1]


# letters


@pytest.mark.parametrize("state", [S.NOMINATED, S.INVITED, S.TRAINED, S.RETIRED])
def test_letter_is_for_who_was_appointed(small_app: Flask, state: SupporterState) -> None:
    supporter_id = fill(small_app, state)

    for address in (f"/supporters/{supporter_id}/letter", "/supporters/letters/2026-03-03"):
        assert Visitor(small_app, COORDINATOR).get(address).status_code == 404


@pytest.mark.parametrize("day", ["20260303", "2026-3-3", "2026-W10-2", "0000-00-00", "%00", "x"])
def test_letters_of_no_day_are_absent(small_app: Flask, day: str) -> None:
    fill(small_app, S.APPOINTED)

    assert Visitor(small_app, COORDINATOR).get(f"/supporters/letters/{day}").status_code == 404


def test_sight_of_letters_is_audited(small_app: Flask) -> None:
    supporter_id = fill(small_app, S.APPOINTED)
    visitor = Visitor(small_app, COORDINATOR)
    before = len(audited(small_app))
    visitor.get(f"/supporters/{supporter_id}/letter")
    visitor.get("/supporters/letters/2026-03-03")
    visitor.get("/supporters/appoint")

    assert audited(small_app)[before:] == ["letter.seen", "letters.seen", "supporters.seen"]
