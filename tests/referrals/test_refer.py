"""Passing colleagues on by name: what is asked, what is stored, what the officer sees."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.clock import utc_now
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.reachouts.contacting import close_reach_out
from flask_peersupport.reachouts.models import (
    ExcludedPerson,
    InvolvedRecord,
    ReachOut,
    ReportRecord,
    SupportRequest,
)
from flask_peersupport.reachouts.sentences import first_sentence, name_came_from
from flask_peersupport.reachouts.states import Outcome
from flask_peersupport.referrals.models import Referral, ReferralLink
from flask_peersupport.referrals.states import ReferralWay
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.testing.fakes import MemoryReports
from flask_peersupport.values import Involved, Person, Report, Wish, WishBy
from flask_peersupport.vault.models import PersonRecord
from flask_peersupport.vault.persons import store_person
from tests.intake.conftest import STAFF, colleague, engine_of, person, supporter_of
from tests.reachouts.conftest import Programme
from tests.referrals.passing_on import (
    KAREL,
    NAMED,
    OFFICER,
    case,
    count,
    errors_in,
    expand,
    make_links,
    offers,
    pass_on,
    prepare_with_officer,
)
from tests.sessions.hospital import Browser, grant, working

ANNA_PASSED_ON = ("Anna Vos", "complaint_referral", "ask reporter", None)


NO_NUMBER = (
    "Fill in the number alone, without spaces: letters, digits and . / - _, "
    "at most 40 in all, with one digit or more."
)


@pytest.fixture
def programme(make_app: Callable[..., Flask], database_url: str) -> Programme:
    """The hospital on each database."""
    return prepare_with_officer(make_app(database_url))


@pytest.fixture
def small_programme(make_app: Callable[..., Flask]) -> Programme:
    """The hospital on SQLite."""
    return prepare_with_officer(make_app())


def only_report(programme: Programme) -> dict[str, Any]:
    """Return what is known of the one case."""
    with working(programme.app) as session:
        row = session.scalars(sa.select(ReportRecord)).one()
        reporter = row.reporter.person.name if row.reporter else None
        return {
            "kind": row.kind,
            "ref": row.ref,
            "department": row.department,
            "occurred_at": row.occurred_at,
            "reporter": reporter,
            "url": row.url,
        }


def test_a_colleague_passed_on_by_name_is_approached_like_after_a_report(
    programme: Programme,
) -> None:
    response = pass_on(programme, ref="K-7", happened_on="2026-02-03", **NAMED)
    assert (response.status_code, response.location) == (303, "/peersupport/refer")
    assert count(programme, ReachOut) == 0  # the worker goes on, as after any report
    expand(programme)
    assert offers(programme) == [ANNA_PASSED_ON]
    assert only_report(programme) == {
        "kind": "complaint",
        "ref": "K-7",
        "department": "Ward 1",
        "occurred_at": datetime(2026, 2, 2, 23, tzinfo=UTC),
        "reporter": "Rosa Reporter",
        "url": None,
    }
    with working(programme.app) as session:
        request = session.scalars(sa.select(SupportRequest)).one()
        assert request.supporter.record.person.name.endswith(" Steun")
        assert first_sentence(request.reach_out, "P") == (
            "The complaints officer passed on your name, so I am calling you."
        )
        assert name_came_from(request.reach_out) == "The name came from the complaints officer."


def test_several_colleagues_are_passed_on_at_once_each_as_typed(programme: Programme) -> None:
    someone = colleague(
        "Wim Wolf", 4, phone="050 361 2345", department="Ward 9", profession="nurse"
    )
    pass_on(programme, outside="1", **NAMED, **someone)
    expand(programme)
    assert offers(programme) == [
        ("Anna Vos", "complaint_referral", "ask reporter", "no_supporter"),
        ("Wim Wolf", "complaint_referral", "ask reporter", "no_supporter"),
    ]
    with working(programme.app) as session:
        rows = {row.record: row for row in session.scalars(sa.select(InvolvedRecord))}
        known = {
            record.person.name: (
                record.person.phone,
                row.department,
                row.profession,
                row.is_outside,
            )
            for record, row in rows.items()
            if record is not None
        }
    assert known == {
        "Anna Vos": (None, "Ward 2", None, True),
        "Wim Wolf": ("050 361 2345", "Ward 9", "nurse", True),
    }


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"kind": ""}, ["Choose what kind of case it is."]),
        ({"kind": "incident"}, ["Choose what kind of case it is."]),
        ({"knows": ""}, ["Tell the colleague first. Then tick this."]),
        ({"peersupport-colleagues-0-name": " "}, ["Fill in the name of a colleague."]),
        (
            colleague("", 1, phone="050 1234567"),
            ["Fill in a name, or empty this line."],
        ),
        (colleague("B B", 1, email="b b"), ["“b b” is not an e-mail address."]),
        (colleague("B B", 1, phone="b"), ["“b” is not a telephone number."]),
        (colleague("anna  vos", 1), ["You named this colleague already."]),
        ({"ref": "Anna Vos 3"}, [NO_NUMBER]),
        ({"ref": "AnnaVos"}, [NO_NUMBER]),
        ({"ref": "1" * 41}, [NO_NUMBER]),
        ({"ref": "\N{SUPERSCRIPT TWO}1"}, [NO_NUMBER]),
        ({"happened_on": "2999-01-01"}, ["This day is still to come."]),
        (
            {"happened_on": "0001-01-01"},
            ["This day is too long ago. Leave it empty in case of doubt."],
        ),
        ({"way": "link", "count": "0"}, ["Fill in a whole number from 1 to 10."]),
        ({"way": "link", "count": "11"}, ["Fill in a whole number from 1 to 10."]),
        ({"way": "link", "count": "²"}, ["Fill in a whole number from 1 to 10."]),
    ],
)
def test_what_cannot_be_right_is_said_at_its_field_and_nothing_is_stored(
    small_programme: Programme, typed: dict[str, str], errors: list[str]
) -> None:
    response = pass_on(small_programme, **NAMED | {"ref": "K-7"} | typed)
    assert (response.status_code, errors_in(response)) == (422, errors)
    assert f'value="{typed.get("ref", "K-7")}"' in response.get_data(as_text=True)
    stored = [count(small_programme, model) for model in (IntakeRecord, Referral, ReferralLink)]
    assert stored == [0, 0, 0]


def test_more_colleagues_than_fit_are_refused(small_programme: Programme) -> None:
    many: dict[str, str] = {}
    for index in range(31):
        many |= colleague(f"Name {index}", index)
    response = pass_on(small_programme, **NAMED | many)
    assert errors_in(response) == [
        "There is room for 30 colleagues. Pass on the others afterwards."
    ]


def test_a_case_is_looked_up_by_its_number(make_app: Callable[..., Flask]) -> None:
    known = MemoryReports(Report("complaint", "K-7", "Ward 1"))
    programme = prepare_with_officer(make_app(adapters={"reports": known}))
    wrong = pass_on(programme, ref="K-8", **NAMED)
    assert (wrong.status_code, errors_in(wrong)) == (
        422,
        ["There is no case with this number. Correct it, or leave it empty."],
    )
    # the number of a complaint is not that of a disciplinary case
    other = pass_on(programme, ref="K-7", **NAMED | {"kind": "disciplinary"})
    assert other.status_code == 422
    assert count(programme, Referral) == 0
    assert pass_on(programme, ref="K-7", **NAMED).status_code == 303
    assert pass_on(programme, ref="", **NAMED).status_code == 303


def test_a_number_that_the_host_has_may_have_any_shape(make_app: Callable[..., Flask]) -> None:
    known = MemoryReports(Report("complaint", "Complaint of May", "Ward 1"))
    programme = prepare_with_officer(make_app(adapters={"reports": known}))
    assert pass_on(programme, ref="Complaint of May", **NAMED).status_code == 303


def close_last(programme: Programme, outcome: Outcome, wish: Wish = Wish.ASK) -> None:
    """Let the offer that is open end."""
    with working(programme.app) as session:
        offer = session.scalars(sa.select(ReachOut).where(ReachOut.state != "closed")).one()
        if wish is Wish.NO:
            offer.involved.wish, offer.involved.wish_by = wish, WishBy.OWN
        close_reach_out(session, offer, outcome, reason=None, actor=person(3), now=utc_now())
        session.commit()


@pytest.mark.parametrize("outcome", ["not_reached", "withdrawn", "supported", "referred"])
def test_who_is_passed_on_after_an_offer_that_ended_is_approached_anew(
    small_programme: Programme, outcome: str
) -> None:
    for _time in range(2):
        pass_on(small_programme, ref="K-7", **NAMED)
        expand(small_programme)
        close_last(small_programme, Outcome(outcome))
    grant_officer(small_programme, STAFF.selma)
    again = case(ref="K-7", outside="1") | NAMED
    for _time in range(2):
        Browser(small_programme, STAFF.selma).post("/refer", **again)
        expand(small_programme)
    found = offers(small_programme)
    assert [offer[:3] for offer in found] == [ANNA_PASSED_ON[:3]] * 3
    with working(small_programme.app) as session:
        last = session.scalars(sa.select(ReachOut).where(ReachOut.state != "closed")).one()
        assert last.earlier is not None
        assert (last.earlier.outcome, last.earlier.earlier_id is None) == (outcome, False)
        assert last.involved.is_outside is True
        unwanted = session.scalars(
            sa.select(ExcludedPerson.person_id).where(
                ExcludedPerson.involved_id == last.involved_id
            )
        ).all()
        assert unwanted == [supporter_of(session, STAFF.selma).person_id]
        sentence = first_sentence(last, "P")
    assert sentence == "The complaints officer passed on your name, so I am calling you."


@pytest.mark.parametrize(("outcome", "wish"), [("declined", "ask"), ("supported", "no")])
def test_the_colleagues_own_no_stands_and_the_officer_does_not_hear(
    programme: Programme, outcome: str, wish: str
) -> None:
    first = pass_on(programme, ref="K-7", **NAMED)
    expand(programme)
    close_last(programme, Outcome(outcome), Wish(wish))
    again = pass_on(programme, ref="K-7", **NAMED)
    expand(programme)
    assert (again.status_code, again.location) == (first.status_code, first.location)
    assert count(programme, ReachOut) == 1


def test_cases_passed_on_are_no_reports_of_the_officers_own(programme: Programme) -> None:
    pass_on(programme, **NAMED)
    pass_on(programme, ref="K-7", **NAMED)
    make_links(programme, ref="K-8")
    expand(programme)
    assert "You filled in" not in Browser(programme, OFFICER).text("/mine")
    programme.report(
        Involved(person(STAFF.anna), "ask", "reporter"),
        ref="K-9",
        kind="complaint",
        due_at=utc_now(),
    )
    expand(programme)
    pass_on(programme, ref="K-9", **NAMED)
    expand(programme)
    assert "You filled in 1 report yourself" in Browser(programme, OFFICER).text("/mine")


def test_a_host_that_fails_to_look_up_a_case_stops_nobody(make_app: Callable[..., Flask]) -> None:
    class Broken(MemoryReports):
        def exists(self, kind: str, ref: str) -> bool:
            raise RuntimeError("the register is away")

    programme = prepare_with_officer(make_app(adapters={"reports": Broken()}))
    assert pass_on(programme, ref="K-7", **NAMED).status_code == 303


def test_a_colleague_of_the_hosts_own_form_gets_one_offer(programme: Programme) -> None:
    anna = Involved(person(STAFF.anna), "ask", "reporter")
    programme.report(anna, ref="K-7", kind="complaint", due_at=utc_now())
    expand(programme)
    pass_on(programme, ref="K-7", **NAMED)
    expand(programme)
    assert offers(programme) == [("Anna Vos", "report", "ask reporter", None)]
    assert count(programme, ReportRecord) == 1


def test_cases_without_a_number_are_apart_and_coordinators_see_none(programme: Programme) -> None:
    pass_on(programme, **NAMED)
    pass_on(programme, **NAMED)
    expand(programme)
    assert offers(programme) == [ANNA_PASSED_ON, ANNA_PASSED_ON]
    with working(programme.app) as session:
        first, _second = session.scalars(sa.select(ReachOut)).all()
        ref = first.report.ref if first.report else ""
        address = f"/reach-outs/{first.id}"
    assert re.fullmatch(r"without number [0-9a-f]{32}", ref)
    assert "without number" not in Browser(programme).text(address)


def test_a_form_that_is_sent_twice_counts_once(programme: Programme) -> None:
    form_id = "a" * 32
    for _time in range(2):
        assert pass_on(programme, form_id=form_id, **NAMED).status_code == 303
    expand(programme)
    assert (offers(programme), count(programme, Referral)) == ([ANNA_PASSED_ON], 1)
    again = pass_on(programme, form_id=form_id, way="link", count="3")
    assert (again.status_code, count(programme, ReferralLink)) == (303, 0)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("ward 1", "ward 1"),
        ("Ward 1; Ward 8", "Ward 1; Ward 8"),
        ("the ward of mister Smith", "?"),
        ("Ward 1; elsewhere", "Ward 1; ?"),
        ("", None),
    ],
)
def test_a_department_outside_the_list_waits_for_a_coordinator_and_is_not_kept(
    small_programme: Programme, typed: str, stored: str | None
) -> None:
    pass_on(small_programme, **NAMED | {"department": typed})
    expand(small_programme)
    is_known = stored is not None and "?" not in stored
    waiting_for = None if is_known else "unknown_department"
    assert only_report(small_programme)["department"] == stored
    assert offers(small_programme) == [(*ANNA_PASSED_ON[:3], waiting_for)]


def test_an_unknown_department_also_holds_a_case_that_the_host_knows(
    small_programme: Programme,
) -> None:
    small_programme.report(ref="K-7", kind="complaint", ward="Ward 9", due_at=utc_now())
    expand(small_programme)
    pass_on(small_programme, **NAMED | {"ref": "K-7", "department": "elsewhere"})
    expand(small_programme)
    assert only_report(small_programme)["department"] == "Ward 9; ?"
    assert offers(small_programme) == [(*ANNA_PASSED_ON[:3], "unknown_department")]


@pytest.mark.parametrize("ref", ["", "K-7"])
def test_the_officer_is_never_asked_as_supporter_in_the_case(
    small_programme: Programme, ref: str
) -> None:
    small_programme.report(ref="K-7", kind="complaint", due_at=utc_now())  # by somebody else
    expand(small_programme)
    grant_officer(small_programme, STAFF.selma)
    for user_id in (STAFF.sven, STAFF.sofie):
        pause(small_programme, user_id)
    Browser(small_programme, STAFF.selma).post("/refer", **case(ref=ref), **NAMED)
    expand(small_programme)
    assert offers(small_programme) == [(*ANNA_PASSED_ON[:3], "no_supporter")]


def grant_officer(programme: Programme, user_id: int) -> None:
    """Make somebody complaints officer."""
    grant(programme, "complaints_officer", user_id)


def pause(programme: Programme, user_id: int) -> None:
    """Let a supporter rest."""
    with working(programme.app) as session:
        supporter_of(session, user_id).state = SupporterState.PAUSED
        session.commit()


def test_an_officer_who_is_coordinator_still_sees_the_offer(small_programme: Programme) -> None:
    grant_officer(small_programme, STAFF.bram)
    Browser(small_programme, STAFF.bram).post(
        "/refer", kind="complaint", department="Ward 1", **NAMED
    )
    expand(small_programme)
    assert "Anna Vos" in Browser(small_programme, STAFF.bram).text("/queue")


def listed(programme: Programme, user_id: int = OFFICER) -> list[str]:
    """Return the list under the form, a line each."""
    page = Browser(programme, user_id).text("/refer")
    items = re.findall(r'<li class="ps-item">(.*?)</li>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", item).split()) for item in items]


def test_the_officer_sees_what_was_passed_on_and_nothing_more(programme: Programme) -> None:
    pass_on(programme, ref="K-7", **NAMED, **colleague("Karel Kok", 1))
    (path, _other) = make_links(programme, kind="disciplinary", count="2")
    today = listed(programme)[0].split(" 2 ")[0].removeprefix("Disciplinary case ")
    expected = [
        f"Complaint K-7 {today} 2 colleagues passed on",
        f"Disciplinary case {today} 2 links handed over",
    ]
    assert sorted(listed(programme)) == expected
    expand(programme)
    Browser(programme, KAREL).post(path)
    assert sorted(listed(programme)) == expected
    grant_officer(programme, STAFF.bram)
    assert listed(programme, STAFF.bram) == []


def test_referrals_leave_the_list_and_the_database_after_90_days(programme: Programme) -> None:
    pass_on(programme, **NAMED)
    pass_on(programme, **NAMED)
    expand(programme)
    with working(programme.app) as session:
        old, _new = session.scalars(sa.select(Referral)).all()
        old.made_at -= timedelta(days=90)
        session.commit()
    assert len(listed(programme)) == 1
    expand(programme)
    assert count(programme, Referral) == 1


def test_an_officer_whom_nothing_needs_is_forgotten_with_the_referral(
    programme: Programme,
) -> None:
    with working(programme.app) as session:
        officer = store_person(session, Person("Old Officer", user_id="99"), now=utc_now()).id
        session.add(
            Referral(
                id="a" * 32,
                officer_id=officer,
                kind="complaint",
                ref=None,
                way=ReferralWay.LINK,
                count=1,
                made_at=utc_now() - timedelta(days=90),
            )
        )
        session.commit()
    expand(programme)
    with working(programme.app) as session:
        assert session.get(PersonRecord, officer) is None


def test_the_case_is_sealed_until_the_worker_reads_it(small_programme: Programme) -> None:
    pass_on(small_programme, ref="K-7", **NAMED)
    with engine_of(small_programme.app).connect() as connection:
        dump = "\n".join(connection.connection.dbapi_connection.iterdump())  # type: ignore[union-attr]
    tables = "\n".join(line for line in dump.splitlines() if "peersupport_" in line)
    assert "Anna Vos" not in tables


def test_a_referral_is_in_the_audit_trail_without_the_colleague(programme: Programme) -> None:
    pass_on(programme, **NAMED)
    with working(programme.app) as session:
        entry = session.scalars(
            sa.select(AuditEntry).where(AuditEntry.action == "referral.made")
        ).one()
        referral = session.scalars(sa.select(Referral)).one()
        assert (entry.object_id, entry.subject, entry.detail) == (referral.id, None, "named")


def test_only_kinds_that_the_hospital_has_can_be_chosen(make_app: Callable[..., Flask]) -> None:
    kinds = {"incident": "incident", "complaint": {"nl": "klacht", "en": "grievance"}}
    approach = {"incident": "all"}
    programme = prepare_with_officer(
        make_app(
            PEERSUPPORT_KINDS=kinds,
            PEERSUPPORT_APPROACH=approach,
            PEERSUPPORT_KINDS_WITH_ANALYSIS=(),
        )
    )
    page = Browser(programme, OFFICER).text("/refer")
    found = re.findall(r'name="kind" value="(\w+)"( checked)?[^<]*> <span>(\w+)<', page)
    assert found == [("complaint", " checked", "Grievance")]


def test_without_such_kinds_there_is_no_page(make_app: Callable[..., Flask]) -> None:
    programme = prepare_with_officer(
        make_app(
            PEERSUPPORT_KINDS={"incident": "incident"},
            PEERSUPPORT_APPROACH={},
            PEERSUPPORT_KINDS_WITH_ANALYSIS=(),
        )
    )
    officer = Browser(programme, OFFICER)
    assert officer.get("/refer").status_code == 404
    assert 'href="/peersupport/refer"' not in officer.text("/mine")
    assert 'href="/peersupport/flyer"' in officer.text("/mine")
