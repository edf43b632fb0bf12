"""P6: who is approached, by the policy of the kind, the own answer and the reporter's word.

The reports come in through the host, referrals through the complaints officer's action; what is
expected is written by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_peersupport import Involved, Person, Report
from flask_peersupport.clock import utc_now
from flask_peersupport.db import new_id
from flask_peersupport.intake.step import Row
from flask_peersupport.outbox.mails import MAILS, Audience
from flask_peersupport.outbox.models import Message
from flask_peersupport.reachouts.analysis import enter_meeting
from flask_peersupport.reachouts.answering import accept_request
from flask_peersupport.reachouts.models import InvolvedRecord, ReachOut, SupportRequest
from flask_peersupport.reachouts.states import (
    AnalysisKind,
    Origin,
    Outcome,
    ReachOutState,
    RequestState,
)
from flask_peersupport.referrals.referring import Case, refer_by_name
from flask_peersupport.values import Wish, WishBy
from tests.intake.conftest import (
    STAFF,
    colleague,
    email_of,
    fill_host,
    fill_programme,
    person,
    reading,
    report,
    signed_in,
    work,
)
from tests.intake.test_receiver import describe_as
from tests.reachouts.conftest import Postbox

OWN = ("yes", "no", None)
REPORTERS = ("yes", "no", "ask")
#: The own answer and the reporter's, of everybody in the tests.
EVERYBODY = [(own, by_reporter) for own in OWN for by_reporter in REPORTERS]
#: Who is approached after a report. After a referral: everybody, whatever the policy.
APPROACHED: dict[str, set[tuple[str | None, str]]] = {
    "all": set(EVERYBODY),
    "own_no": {
        *[("yes", "yes"), ("yes", "no"), ("yes", "ask")],
        *[(None, "yes"), (None, "no"), (None, "ask")],
    },
    "not_declined": {
        *[("yes", "yes"), ("yes", "no"), ("yes", "ask")],
        *[(None, "yes"), (None, "ask")],
    },
    "requested": {
        *[("yes", "yes"), ("yes", "no"), ("yes", "ask")],
        (None, "yes"),
    },
}
#: What is kept of everybody: the own answer counts, or else the reporter's.
KEPT = {
    (Wish.YES, WishBy.OWN): 3,
    (Wish.NO, WishBy.OWN): 3,
    (Wish.YES, WishBy.REPORTER): 1,
    (Wish.NO, WishBy.REPORTER): 1,
    (Wish.ASK, WishBy.REPORTER): 1,
}


def name_of(said: tuple[str | None, str]) -> str:
    own, by_reporter = said
    return f"Own-{own} Reporter-{by_reporter}"


def address_of(said: tuple[str | None, str]) -> str:
    return f"{name_of(said).replace(' ', '.')}@elders.example".lower()


def make_hospital(make_app: Callable[..., Flask], policy: str, url: str | None = None) -> Flask:
    app = make_app(url, PEERSUPPORT_APPROACH={"complaint": policy})
    with app.app_context():
        fill_host(app)
        fill_programme(app)
    return app


def answer_themselves(app: Flask) -> None:
    """Let the host tell what those involved answered for themselves."""
    involved = [
        Involved(Person(name_of(said), address_of(said), department="Ward 2"), own, "own")
        for said in EVERYBODY
        if (own := said[0]) is not None
    ]
    describe_as(app, lambda i: Report("complaint", "K-1", "Ward 1", involved=involved))
    report(signed_in(app))


def name_them(app: Flask, is_passed_on: bool) -> None:
    """Let a reporter name everybody in the form, or a complaints officer pass them on."""
    if is_passed_on:
        rows = [
            Row(n, name_of(said), address_of(said), department="Ward 2", wish=said[1])
            for n, said in enumerate(EVERYBODY)
        ]
        case = Case(new_id(), "complaint", "K-1", "Ward 1", None)
        with reading(app) as session:
            assert refer_by_name(session, case, rows, actor=person(STAFF.rosa), now=utc_now())
            session.commit()
        return
    describe_as(app, lambda i: Report("complaint", "K-1", "Ward 1"))
    fields: dict[str, str] = {}
    for n, said in enumerate(EVERYBODY):
        fields |= colleague(
            name_of(said), n, email=address_of(said), department="Ward 2", wish=said[1]
        )
    report(signed_in(app), fields)


def open_offers(app: Flask) -> set[str]:
    """Return the names of those who are approached."""
    with reading(app) as session:
        rows = session.scalars(sa.select(ReachOut).where(ReachOut.state != ReachOutState.CLOSED))
        return {row.person.name for row in rows if row.person is not None}


def kept(app: Flask) -> dict[tuple[Wish, WishBy], int]:
    """Return how many said what."""
    with reading(app) as session:
        rows = session.scalars(sa.select(InvolvedRecord)).all()
        names = [row.record.person.name for row in rows if row.record is not None]
        assert sorted(names) == sorted(map(name_of, EVERYBODY))  # and not who reported them
        return dict(Counter((row.wish, row.wish_by) for row in rows))


def names(everybody: Iterable[tuple[str | None, str]]) -> set[str]:
    return {name_of(said) for said in everybody}


@pytest.mark.parametrize("is_own_first", [True, False], ids=["own-first", "own-later"])
@pytest.mark.parametrize("is_passed_on", [False, True], ids=["report", "referral"])
@pytest.mark.parametrize("policy", APPROACHED)
def test_policy_and_both_answers_say_who_is_approached(
    make_app: Callable[..., Flask], policy: str, is_passed_on: bool, is_own_first: bool
) -> None:
    app = make_hospital(make_app, policy)
    if is_own_first:
        answer_themselves(app)
        work(app)
    name_them(app, is_passed_on)
    work(app)
    if not is_own_first:
        answer_themselves(app)
        work(app)
    expected = set(EVERYBODY) if is_passed_on else APPROACHED[policy]
    assert open_offers(app) == names(expected)
    assert kept(app) == KEPT


def test_answers_are_counted_on_each_database(
    make_app: Callable[..., Flask], database_url: str
) -> None:
    app = make_hospital(make_app, "own_no", database_url)
    name_them(app, is_passed_on=False)
    work(app)
    answer_themselves(app)
    work(app)
    assert open_offers(app) == names(APPROACHED["own_no"])
    assert kept(app) == KEPT
    with reading(app) as session:
        ended = session.scalars(sa.select(ReachOut).where(ReachOut.closed_at.is_not(None))).all()
        # each was approached until the colleague's own no came in
        assert [row.outcome for row in ended] == [Outcome.WITHDRAWN] * 3
        for row in ended:
            assert {one.state for one in row.requests} <= {RequestState.WITHDRAWN}


def test_passed_on_colleague_who_said_no_is_offered_as_the_officer_s(
    make_app: Callable[..., Flask],
) -> None:
    """The first sentence says that the complaints officer passed on the name."""
    app = make_hospital(make_app, "own_no")
    answer_themselves(app)
    work(app)
    name_them(app, is_passed_on=True)
    work(app)
    with reading(app) as session:
        rows = session.scalars(sa.select(ReachOut)).all()
        origins = {row.person.name: row.origin for row in rows if row.person}
    declined = names(said for said in EVERYBODY if said[0] == "no")
    assert {origins[name] for name in declined} == {Origin.COMPLAINT_REFERRAL}


def test_ticks_of_the_form_are_the_own_answer(small_app: Flask) -> None:
    """Who ticks nothing is in no row, not even as one who said no."""
    describe_as(
        small_app,
        lambda i: Report("calamity", str(i.id), "Ward 1", reporter=person(i.author_id or 0)),
    )
    report(signed_in(small_app, STAFF.rosa), {"peersupport-me": "1"})
    report(signed_in(small_app, STAFF.anna), {"peersupport-me-involved": "1"})
    report(signed_in(small_app, STAFF.bram), colleague("Sofie Steun", wish="no"))
    report(signed_in(small_app, STAFF.bram))
    work(small_app)
    with reading(small_app) as session:
        rows = session.scalars(sa.select(InvolvedRecord)).all()
        said = {row.record.person.name: (row.wish, row.wish_by) for row in rows if row.record}
    assert said == {
        "Rosa Reporter": (Wish.YES, WishBy.OWN),
        "Anna Vos": (Wish.NO, WishBy.OWN),
        "Sofie Steun": (Wish.NO, WishBy.REPORTER),
    }
    assert open_offers(small_app) == {"Rosa Reporter", "Sofie Steun"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("calamity", names(APPROACHED["own_no"])),
        ("incident", names(APPROACHED["not_declined"])),
        ("complaint", names(EVERYBODY)),
        ("disciplinary", names(EVERYBODY)),
    ],
)
def test_defaults_of_each_kind(small_app: Flask, kind: str, expected: set[str]) -> None:
    involved = []
    for said in EVERYBODY:
        wish, by = (said[0], "own") if said[0] else (said[1], "reporter")
        someone = Person(name_of(said), address_of(said), department="Ward 2")
        involved.append(Involved(someone, wish, by))
    describe_as(small_app, lambda i: Report(kind, "1", "Ward 1", involved=involved))
    report(signed_in(small_app))
    work(small_app)
    assert open_offers(small_app) == expected


def test_own_no_after_a_supporter_said_yes_leaves_it_to_the_two_of_them(small_app: Flask) -> None:
    """Whoever has taken it on rings; nobody is called off behind their back."""
    describe_as(small_app, lambda i: Report("calamity", "C-1", "Ward 1"))
    report(signed_in(small_app), colleague("Anna Vos", wish="yes"))
    work(small_app)
    with reading(small_app) as session:
        asked = session.scalars(sa.select(SupportRequest)).one()
        supporter = asked.supporter.record.person
        accept_request(session, asked, actor=supporter, now=utc_now())
        session.commit()
    report(signed_in(small_app, STAFF.anna), {"peersupport-me-involved": "1"})
    work(small_app)
    assert open_offers(small_app) == {"Anna Vos"}


def test_colleague_without_account_is_called_and_never_mailed(app: Flask) -> None:
    """Not even around the analysis meeting: then too the supporter rings."""
    postbox = app.extensions["peersupport_mailer"] = Postbox()
    describe_as(app, lambda i: Report("calamity", "C-1", "Ward 1"))
    guest = {"email": "gast@elders.example", "phone": "0612345678", "department": "Ward 2"}
    fields = {f"peersupport-colleagues-0-{name}": text for name, text in guest.items()}
    report(signed_in(app), fields | {"peersupport-colleagues-0-name": "Gast Arts"})
    work(app)
    with reading(app) as session:
        (row,) = session.scalars(sa.select(ReachOut)).all()
        holder = row.requests[0].supporter.record.person
        accept_request(session, row.requests[0], actor=holder, now=utc_now())
        enter_meeting(
            session,
            row.report.id if row.report else "",
            kind=AnalysisKind.ANALYSIS,
            takes_place_at=utc_now() + timedelta(days=9),
            actor=person(STAFF.rosa),
            now=utc_now(),
        )
        session.commit()
    for days in (0.1, 0.9, 1.1, 2.1, 7.1, 8, 12):  # whatever else comes by itself
        work(app, timedelta(days=days))
    with reading(app) as session:
        (row,) = session.scalars(sa.select(ReachOut)).all()
        assert row.person is not None
        assert (row.person.email, row.person.phone) == (guest["email"], guest["phone"])
        of_colleagues = [m.name for m in MAILS.values() if m.audience is Audience.COLLEAGUE]
        sent = sa.select(Message.template).where(Message.template.in_(of_colleagues))
        assert session.scalars(sent).all() == []
    addresses = {address for address, _subject in postbox.subjects}
    assert holder.email in addresses
    assert addresses <= {email_of(one) for one in (STAFF.selma, STAFF.sven, STAFF.sofie)}
