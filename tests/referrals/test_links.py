"""Personal links: shown once, opened once, and silent about themselves."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.clock import utc_now
from flask_peersupport.reachouts.contacting import close_reach_out
from flask_peersupport.reachouts.models import (
    ExcludedPerson,
    InvolvedRecord,
    ReachOut,
    ReportRecord,
)
from flask_peersupport.reachouts.sentences import first_sentence, name_came_from
from flask_peersupport.reachouts.states import Outcome
from flask_peersupport.referrals.links import find_link
from flask_peersupport.referrals.models import ReferralLink
from tests.intake.conftest import STAFF, engine_of, person, supporter_of
from tests.minimal_host import User, db
from tests.reachouts.conftest import Programme
from tests.referrals.passing_on import (
    KAREL,
    NAMED,
    OFFICER,
    count,
    expand,
    make_links,
    offers,
    pass_on,
    prepare_with_officer,
)
from tests.sessions.hospital import Browser, working

KAREL_CALLED = ("Karel Kok", "complaint_referral", "yes own", None)
UNKNOWN = "/refer/" + "x" * 43


@pytest.fixture
def programme(make_app: Callable[..., Flask], database_url: str) -> Programme:
    """The hospital on each database."""
    return prepare_with_officer(make_app(database_url))


@pytest.fixture
def small_programme(make_app: Callable[..., Flask]) -> Programme:
    """The hospital on SQLite."""
    return prepare_with_officer(make_app())


def page_of(response: Any) -> tuple[int, str]:
    """Return what a page shows, without the tokens in it."""
    text = re.sub(r'name="csrf_token" value="[^"]+"', "", response.get_data(as_text=True))
    return response.status_code, re.sub(r"/refer/[\w%-]+", "/refer/…", text)


def test_a_link_leads_to_a_call_and_names_nobody_before(programme: Programme) -> None:
    (path,) = make_links(programme, ref="K-7")
    expand(programme)
    assert (count(programme, InvolvedRecord), offers(programme)) == (0, [])
    karel = Browser(programme, KAREL)
    assert "The complaints officer gave you this link." in karel.text(path)
    assert (count(programme, InvolvedRecord), offers(programme)) == (0, [])
    answer = karel.post(
        path, channel="phone", day_part="evening", not_to_ask=["Selma Steun", "", ""]
    )
    assert (answer.status_code, answer.location) == (303, "/peersupport/mine")
    assert offers(programme) == [KAREL_CALLED]
    assert count(programme, ReferralLink) == 0
    with working(programme.app) as session:
        offer = session.scalars(sa.select(ReachOut)).one()
        involved = offer.involved
        assert (involved.channel, involved.day_part, involved.is_outside) == (
            "phone",
            "evening",
            False,
        )
        unwanted = session.scalars(sa.select(ExcludedPerson.person_id)).all()
        assert unwanted == [supporter_of(session, STAFF.selma).person_id]
        assert offer.report is not None
        assert offer.report.ref == "K-7"
        assert first_sentence(offer, "P") == (
            "You opened the link that the complaints officer gave you, so I am calling you."
        )
        assert name_came_from(offer) == (
            "The complaints officer handed over a personal link, and the colleague opened it "
            "themself."
        )
        entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "link.opened"))
        assert entry.one().object_id == offer.id


def test_a_link_can_ask_for_somebody_from_outside(small_programme: Programme) -> None:
    (path,) = make_links(small_programme)
    Browser(small_programme, KAREL).post(path, outside="1")
    with working(small_programme.app) as session:
        assert session.scalars(sa.select(InvolvedRecord.is_outside)).all() == [True]


def test_a_link_of_an_unknown_department_waits_for_a_coordinator(
    small_programme: Programme,
) -> None:
    (path,) = make_links(small_programme, department="elsewhere")
    Browser(small_programme, KAREL).post(path)
    assert offers(small_programme) == [
        ("Karel Kok", "complaint_referral", "yes own", "unknown_department")
    ]


def test_before_the_button_every_link_looks_the_same(small_programme: Programme) -> None:
    used, expired, good = make_links(small_programme, count="3")
    Browser(small_programme, STAFF.anna).post(used)
    let_expire(small_programme, expired)
    karel = Browser(small_programme, KAREL)
    pages = {page_of(karel.get(path)) for path in (used, expired, good, UNKNOWN, "/refer/x y%00")}
    assert [status for status, _text in pages] == [200]


def let_expire(programme: Programme, path: str) -> None:
    """Let a link expire now."""
    with working(programme.app) as session:
        found = find_link(session, path.removeprefix("/refer/"), now=utc_now())
        assert found is not None
        session.get_one(ReferralLink, found.id).expires_at = utc_now()
        session.commit()


def test_unknown_used_and_expired_links_end_on_one_page_that_leads_to_self(
    programme: Programme,
) -> None:
    used, expired = make_links(programme, count="2")
    Browser(programme, STAFF.anna).post(used)
    let_expire(programme, expired)
    karel = Browser(programme, KAREL)
    pages = {page_of(karel.post(path)) for path in (used, expired, UNKNOWN)}
    assert len(pages) == 1
    ((status, text),) = pages
    assert status == 409
    assert 'href="/peersupport/self"' in text
    assert offers(programme) == [("Anna Vos", "complaint_referral", "yes own", None)]


def test_links_are_good_for_60_days(small_programme: Programme) -> None:
    make_links(small_programme)
    with working(small_programme.app) as session:
        expires_at = session.scalars(sa.select(ReferralLink.expires_at)).one()
    assert timedelta(days=59, hours=23) < expires_at - utc_now() <= timedelta(days=60)


def test_expired_links_are_deleted_and_the_others_kept(programme: Programme) -> None:
    expired, _good = make_links(programme, count="2")
    let_expire(programme, expired)
    expand(programme)
    assert count(programme, ReferralLink) == 1


def test_the_officer_learns_nothing_by_trying_a_link(small_programme: Programme) -> None:
    used, good = make_links(small_programme, count="2")
    Browser(small_programme, KAREL).post(used)
    officer = Browser(small_programme, OFFICER)
    assert page_of(officer.get(used)) == page_of(officer.get(good))
    assert "so that nobody can try out whether a link was opened" in officer.text(good)
    assert page_of(officer.post(used)) == page_of(officer.post(good))
    assert offers(small_programme) == [KAREL_CALLED]
    assert Browser(small_programme, STAFF.anna).post(good).status_code == 303


def test_tokens_are_long_random_and_stored_as_hashes_only(small_programme: Programme) -> None:
    paths = make_links(small_programme, count="10")
    tokens = [path.removeprefix("/refer/") for path in paths]
    assert [len(token) for token in tokens] == [43] * 10
    assert len(set(tokens)) == 10
    with engine_of(small_programme.app).connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        dump = "\n".join(raw.iterdump())
    assert [token for token in tokens if token in dump] == []


def test_the_links_are_shown_once_and_not_on_the_same_form_again(
    small_programme: Programme,
) -> None:
    form_id = "b" * 32
    (path,) = make_links(small_programme, form_id=form_id)
    again = pass_on(small_programme, form_id=form_id, way="link", count="1")
    assert (again.status_code, again.location) == (303, "/peersupport/refer")
    assert count(small_programme, ReferralLink) == 1
    assert path not in Browser(small_programme, OFFICER).text("/refer")


def test_twenty_at_once_open_one_link_and_one_of_them_is_called(programme: Programme) -> None:
    (path,) = make_links(programme)
    with programme.app.app_context():
        for number in range(20):
            db.session.add(User(id=100 + number, name=f"Name {number}", department="Ward 2"))
        db.session.commit()
    browsers = [Browser(programme, 100 + number) for number in range(20)]
    forms = [
        re.search(r'name="csrf_token" value="([^"]+)"', browser.text(path)) for browser in browsers
    ]
    start = threading.Barrier(20)
    answers: list[int] = []

    def press(browser: Browser, token: str) -> None:
        start.wait()
        response = browser.client.post(f"/peersupport{path}", data={"csrf_token": token})
        answers.append(response.status_code)

    threads = [
        threading.Thread(target=press, args=(browser, form[1] if form else ""))
        for browser, form in zip(browsers, forms, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303] + [409] * 19
    assert [offer[1:] for offer in offers(programme)] == [KAREL_CALLED[1:]]
    assert count(programme, InvolvedRecord) == 1


def test_two_colleagues_open_two_links_of_one_case(programme: Programme) -> None:
    first, second = make_links(programme, count="2", ref="K-7")
    Browser(programme, KAREL).post(first)
    Browser(programme, STAFF.anna).post(second)
    assert offers(programme) == [("Anna Vos", *KAREL_CALLED[1:]), KAREL_CALLED]
    assert count(programme, ReportRecord) == 1
    expand(programme)
    with working(programme.app) as session:
        asked = [row.requests[0].supporter_id for row in session.scalars(sa.select(ReachOut))]
    assert len(set(asked)) == 2


def test_who_was_passed_on_by_name_and_opens_a_link_has_one_offer(programme: Programme) -> None:
    pass_on(programme, ref="K-7", **NAMED)
    expand(programme)
    (path,) = make_links(programme, ref="K-7")
    Browser(programme, STAFF.anna).post(path)
    assert offers(programme) == [("Anna Vos", "complaint_referral", "yes own", None)]


def test_who_was_helped_before_in_the_case_is_called_anew(programme: Programme) -> None:
    pass_on(programme, ref="K-7", **NAMED)
    expand(programme)
    with working(programme.app) as session:
        offer = session.scalars(sa.select(ReachOut)).one()
        close_reach_out(
            session, offer, Outcome.WITHDRAWN, reason=None, actor=person(3), now=utc_now()
        )
        session.commit()
        closed_id = offer.id
    (path,) = make_links(programme, ref="K-7")
    Browser(programme, STAFF.anna).post(path, channel="video")
    with working(programme.app) as session:
        again = session.scalars(sa.select(ReachOut).where(ReachOut.id != closed_id)).one()
        assert (again.earlier_id, again.state, again.involved.channel) == (
            closed_id,
            "queued",
            "video",
        )
        assert first_sentence(again, "P").startswith("You opened the link")


def test_outside_holds_whoever_asked_and_who_does_not_fit_makes_room(
    programme: Programme,
) -> None:
    pass_on(programme, ref="K-7", **NAMED)
    expand(programme)
    (first, second) = make_links(programme, ref="K-7", count="2")
    anna = Browser(programme, STAFF.anna)
    for path, typed in ((first, {"outside": "1"}), (second, {})):
        anna.post(path, **typed)
        with working(programme.app) as session:
            offer = session.scalars(sa.select(ReachOut)).one()
            assert offer.involved.is_outside is True
            assert [request.state for request in offer.requests] == ["withdrawn"]


def test_what_is_asked_for_again_later_is_not_from_the_link(small_programme: Programme) -> None:
    (path,) = make_links(small_programme, ref="K-7")
    anna = Browser(small_programme, STAFF.anna)
    anna.post(path)
    with working(small_programme.app) as session:
        offer = session.scalars(sa.select(ReachOut)).one()
        close_reach_out(
            session, offer, Outcome.SUPPORTED, reason=None, actor=person(3), now=utc_now()
        )
        session.commit()
        closed_id = offer.id
    anna.post(f"/mine/offers/{closed_id}/again", "/mine")
    with working(small_programme.app) as session:
        again = session.scalars(sa.select(ReachOut).where(ReachOut.id != closed_id)).one()
        assert first_sentence(again, "P") == "You asked for support, so I am calling you."


def test_a_visitor_signs_in_first_and_comes_back_to_the_link(small_programme: Programme) -> None:
    (path,) = make_links(small_programme)
    answer = small_programme.app.test_client().get(f"/peersupport{path}")
    assert (answer.status_code, answer.location) == (
        302,
        f"/sign-in?next=%2Fpeersupport%2Frefer%2F{path.removeprefix('/refer/')}",
    )


def test_tokens_reach_no_log_of_ours(
    small_programme: Programme, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    (path,) = make_links(small_programme)
    browser = Browser(small_programme, KAREL)
    page = browser.get(path)
    assert page.headers["Referrer-Policy"] == "same-origin"
    browser.post(path)
    browser.post(path)
    assert path.removeprefix("/refer/") not in caplog.text


def test_a_link_of_a_deleted_case_still_works(small_programme: Programme) -> None:
    (path,) = make_links(small_programme, ref="K-7")
    with working(small_programme.app) as session:
        session.scalars(sa.select(ReportRecord)).one().ref = f"deleted {'c' * 32}"
        session.commit()
    assert Browser(small_programme, KAREL).post(path).status_code == 303
    assert offers(small_programme) == [KAREL_CALLED]
