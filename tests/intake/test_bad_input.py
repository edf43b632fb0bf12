"""Whatever is typed: the host has its report, and the colleague is kept and flagged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_peersupport import Involved, Person, Report
from flask_peersupport.access.typed import MAX_LENGTH
from flask_peersupport.intake.step import MAX_COLLEAGUES
from flask_peersupport.reachouts.models import InvolvedRecord, ReachOut, ReportRecord
from flask_peersupport.reachouts.states import ReachOutState, WaitingFor
from flask_peersupport.values import Wish, WishBy
from tests.intake.conftest import (
    STAFF,
    colleague,
    engine_of,
    reading,
    report,
    signed_in,
    titles,
    work,
)
from tests.intake.test_receiver import describe_as
from tests.minimal_host import Incident, User

HUGE = "x" * 10_000
RIGHT_TO_LEFT = "\u202eمحمد بن علي\u202c"
EMOJI = "Zoë 🙂👩🏽‍⚕️"
CONTROLS = "An\x00na\x07\r\nVos\x1b[31m\u2028"
FORMULA = '=HYPERLINK("https://evil.example";"click")'

#: What is typed as a name, and what is kept of it; None: nobody is named.
NAMES = {
    "empty": ("", None),
    "white space": (" \t\r\n\u00a0 ", None),
    "only control characters": ("\x00\x07\u202e", None),
    "huge": (HUGE, "x" * MAX_LENGTH),
    "right to left": (RIGHT_TO_LEFT, "محمد بن علي"),
    "emoji": (EMOJI, EMOJI),
    "control characters": (CONTROLS, "An na Vos [31m"),
    "formula": (FORMULA, FORMULA),
    "plus": ("+31 50", "+31 50"),
    "at": ("@SUM(1)", "@SUM(1)"),
}


def take_in(app: Flask, step: Mapping[str, Any]) -> None:
    """Report with this step and do what is due; the host has its report."""
    report(signed_in(app), step)
    assert titles(app) == ["A fall"]
    work(app)


def everybody(app: Flask) -> dict[str, tuple[str, ...]]:
    """Return the names of those involved, with their flags."""
    with reading(app) as session:
        rows = session.scalars(sa.select(InvolvedRecord)).all()
        return {row.record.person.name: row.flags for row in rows if row.record}


@pytest.mark.parametrize(("typed", "kept"), NAMES.values(), ids=list(NAMES))
def test_a_strange_name_is_kept(app: Flask, typed: str, kept: str | None) -> None:
    take_in(app, colleague(typed, phone="050 765 4321"))
    assert everybody(app) == ({} if kept is None else {kept: ()})


@pytest.mark.parametrize("text", [HUGE, RIGHT_TO_LEFT, EMOJI, CONTROLS, FORMULA])
def test_strange_text_everywhere_is_kept_and_flagged(app: Flask, text: str) -> None:
    parts = "email", "phone", "department", "profession", "discipline", "seniority", "wish", "user"
    take_in(app, colleague("Joris Jansen", **dict.fromkeys(parts, text)))
    assert everybody(app) == {
        "Joris Jansen": (
            "bad_email",
            "bad_phone",
            "unknown_wish",
            "unknown_profession",
            "unknown_discipline",
            "unknown_seniority",
            "unknown_department_text",
        )
    }
    with reading(app) as session:
        (involved,) = session.scalars(sa.select(InvolvedRecord))
        assert (involved.wish, involved.wish_by) == (Wish.ASK, WishBy.REPORTER)
        assert (involved.profession, involved.discipline, involved.seniority) == (None,) * 3
        (reach_out,) = session.scalars(sa.select(ReachOut))
        assert reach_out.waiting_for is WaitingFor.UNKNOWN_PERSON


def test_an_internal_number_is_a_telephone_number(small_app: Flask) -> None:
    take_in(small_app, colleague("Joris Jansen", phone="1234"))
    assert everybody(small_app) == {"Joris Jansen": ()}


@pytest.mark.parametrize(
    ("field", "text", "flag"),
    [
        ("email", "anna at hospital", "bad_email"),
        ("email", "anna@@hospital.example", "bad_email"),
        ("phone", "call the ward", "bad_phone"),
        ("phone", "12", "bad_phone"),
        ("profession", "wizard", "unknown_profession"),
        ("discipline", "alchemy", "unknown_discipline"),
        ("seniority", "ancient", "unknown_seniority"),
        ("wish", "perhaps", "unknown_wish"),
    ],
)
def test_what_cannot_be_right_is_flagged(
    small_app: Flask, field: str, text: str, flag: str
) -> None:
    take_in(small_app, colleague("Anna Vos", **{field: text}))
    assert everybody(small_app) == {"Anna Vos": (flag,)}


def test_a_bad_address_is_kept_for_the_coordinator(small_app: Flask) -> None:
    take_in(small_app, colleague("Joris Jansen", email="joris@", phone="ask at the desk"))
    with reading(small_app) as session:
        (involved,) = session.scalars(sa.select(InvolvedRecord))
        assert involved.record is not None
        person = involved.record.person
    assert (person.email, person.phone) == ("joris@", "ask at the desk")


def test_thirty_of_thirty_one_colleagues_are_taken_in(app: Flask) -> None:
    step: dict[str, str] = {}
    for index in range(MAX_COLLEAGUES + 1):
        step |= colleague(f"Colleague {index:02}", index, email=f"c{index}@elsewhere.example")
    client = signed_in(app)
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    page = client.get(report(client, step).headers["Location"]).get_data(as_text=True)
    assert "One more name did not fit on the form." in page
    work(app)
    assert sorted(everybody(app)) == [f"Colleague {index:02}" for index in range(MAX_COLLEAGUES)]


def test_without_our_page_the_reporter_is_told_on_the_host_s(
    make_small_app: Callable[..., Flask],
) -> None:
    app = make_small_app(PEERSUPPORT_AFTER_REPORT="message")
    step: dict[str, str] = {}
    for index in range(MAX_COLLEAGUES + 1):
        step |= colleague(f"Colleague {index}", index)
    client = signed_in(app)
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert report(client, step).headers["Location"] == "/report/1"
    page = client.get("/report/1").get_data(as_text=True)
    assert "Only 30 colleagues could be taken in; tell us about the others." in page


def test_thirty_colleagues_with_all_that_fits_are_taken_in(app: Flask) -> None:
    """More than a plain BLOB of MariaDB holds."""
    text = "🙂" * MAX_LENGTH
    parts = "email", "phone", "department", "profession", "discipline", "seniority"
    step: dict[str, str] = {}
    for index in range(MAX_COLLEAGUES):
        step |= colleague(f"{index} {text}", index, **dict.fromkeys(parts, text))
    take_in(app, step)
    assert len(everybody(app)) == MAX_COLLEAGUES


def test_two_colleagues_without_a_real_address_are_not_one(small_app: Flask) -> None:
    unknown = {"email": "onbekend", "phone": "050 765 4321"}
    take_in(small_app, colleague("Joris", **unknown) | colleague("Jet", 1, **unknown))
    assert everybody(small_app) == {"Joris": ("bad_email",), "Jet": ("bad_email",)}


def test_the_same_form_twice_names_a_colleague_without_an_address_once(app: Flask) -> None:
    describe_as(app, lambda incident: Report("incident", "R-1", department="Ward 1"))
    client = signed_in(app)
    named = colleague("Niemand", phone="06 1234 5678", department="Ward 2")
    report(client, named)
    work(app)
    report(client, named | colleague("Niemand", 1, phone="06 8765 4321", department="Ward 2"))
    work(app)
    with reading(app) as session:
        people = [
            row.record.person for row in session.scalars(sa.select(InvolvedRecord)) if row.record
        ]
        assert sorted(str(one.phone) for one in people) == ["06 1234 5678", "06 8765 4321"]
        assert session.scalar(sa.select(sa.func.count(ReachOut.id))) == 2


def test_the_same_colleague_twice_is_one(app: Flask) -> None:
    twice = colleague("Anna Vos", wish="ask") | colleague(
        "A. Vos", 1, email="Anna.Vos@hospital.example", wish="yes"
    )
    take_in(app, twice | colleague("Anna Vos", 2, wish="no"))
    with reading(app) as session:
        (involved,) = session.scalars(sa.select(InvolvedRecord))
        assert involved.wish is Wish.YES
        assert session.scalar(sa.select(sa.func.count(ReachOut.id))) == 1


@pytest.mark.parametrize("ward", ["", "   "])
def test_a_report_without_department_is_flagged(small_app: Flask, ward: str) -> None:
    take_in(small_app, {"ward": ward} | colleague("Anna Vos"))
    with reading(small_app) as session:
        assert session.scalars(sa.select(ReportRecord.flags)).all() == [("no_department",)]
        waiting = session.scalars(sa.select(ReachOut.waiting_for)).all()
        assert waiting == [WaitingFor.UNKNOWN_DEPARTMENT]


def test_a_date_in_the_future_is_flagged(app: Flask) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    describe_as(
        app, lambda i: Report("incident", str(i.id), department="Ward 1", occurred_at=tomorrow)
    )
    take_in(app, colleague("Anna Vos"))
    with reading(app) as session:
        assert session.scalars(sa.select(ReportRecord.flags)).all() == [("future_date",)]
        assert session.scalars(sa.select(ReachOut.state)).all() == [ReachOutState.ASKING]


def test_a_description_that_goes_over_every_limit_is_taken_in(app: Flask) -> None:
    strange = Person(
        HUGE, email=HUGE, phone=HUGE, department=HUGE, profession=HUGE, discipline=HUGE,
        seniority=HUGE, locale=HUGE,
    )  # fmt: skip

    def describe(incident: Incident) -> Report:
        involved = [Involved(strange, wish="perhaps", wish_by="somebody")]
        return Report(HUGE, HUGE, department=HUGE, url=HUGE, involved=involved)

    describe_as(app, describe)
    take_in(app, {})
    with reading(app) as session:
        (involved,) = session.scalars(sa.select(InvolvedRecord))
        assert (involved.wish, involved.wish_by) == (Wish.ASK, WishBy.REPORTER)
        assert involved.flags == (
            "unknown_wish",
            "unknown_profession",
            "unknown_discipline",
            "unknown_seniority",
        )
        assert session.scalars(sa.select(ReportRecord.flags)).all() == [("unknown_kind",)]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("/report/1?tab=2", "/report/1?tab=2"),
        ("https://reports.hospital.example/1", "https://reports.hospital.example/1"),
        ("javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:text/html,x", None),
        ("https://[", None),
        ("https:", None),
        ("", None),
    ],
)
def test_only_what_a_page_may_link_to_is_kept_as_address(
    small_app: Flask, url: str, kept: str | None
) -> None:
    describe_as(small_app, lambda i: Report("incident", str(i.id), department="Ward 1", url=url))
    take_in(small_app, colleague("Anna Vos"))
    with reading(small_app) as session:
        assert session.scalars(sa.select(ReportRecord.url)).all() == [kept]


def test_codes_of_the_directory_that_are_none_are_flagged(app: Flask) -> None:
    with engine_of(app).begin() as connection:
        words = "a profession of which nobody thought before"
        connection.execute(
            sa.update(User).where(User.id.in_((STAFF.anna, STAFF.rosa))).values(profession=words)
        )
    take_in(app, {"peersupport-me": "1"} | colleague("Anna Vos"))
    assert everybody(app) == {
        "Anna Vos": ("unknown_profession",),
        "Rosa Reporter": ("unknown_profession",),
    }
