"""A hospital with a complaints officer who passes colleagues on, by name or by a link."""

from __future__ import annotations

import html
import re
from typing import Any

import sqlalchemy as sa
from flask import Flask

from flask_peersupport.reachouts.models import ReachOut
from tests.intake.conftest import STAFF, colleague, work
from tests.minimal_host import User, db
from tests.reachouts.conftest import Programme, prepare
from tests.sessions.hospital import Browser, grant, working

OFFICER = STAFF.rosa
#: A colleague of another ward, who is no supporter.
KAREL = 7
NAMED = colleague("Anna Vos") | {"way": "named", "knows": "1"}
LINKS = {"way": "link", "count": "1"}


def prepare_with_officer(app: Flask) -> Programme:
    """Fill the hospital: Rosa is complaints officer, and Karel works on Ward 2."""
    programme = prepare(app)
    with app.app_context():
        db.session.add(
            User(
                id=KAREL, name="Karel Kok", email="karel.kok@hospital.example", department="Ward 2"
            )
        )
        db.session.commit()
    grant(programme, "complaints_officer", OFFICER)
    return programme


def case(**typed: str) -> dict[str, str]:
    """Return the fields of a complaint about what happened on Ward 1."""
    return {"kind": "complaint", "department": "Ward 1"} | typed


def pass_on(programme: Programme, **typed: str) -> Any:
    """Send the form as the officer; what is typed comes on top of the case."""
    return Browser(programme, OFFICER).post("/refer", **case(**typed))


def make_links(programme: Programme, **typed: str) -> list[str]:
    """Make links as the officer, and return their paths below the prefix."""
    page = pass_on(programme, **LINKS | typed)
    assert page.status_code == 200, page.get_data(as_text=True)
    return paths_in(page.get_data(as_text=True))


def paths_in(page: str) -> list[str]:
    """Return the links on the page that shows them, as paths below the prefix."""
    found = re.findall(r">https://reports\.hospital\.example/peersupport(/refer/[\w-]+)<", page)
    return [str(path) for path in found]


def errors_in(response: Any) -> list[str]:
    """Return what a form says is wrong, field by field."""
    page = response.get_data(as_text=True)
    found = re.findall(r'<p class="ps-error"[^>]*>(.*?)</p>', page)
    return [html.unescape(text) for text in found]


def flashed(client: Any) -> list[str]:
    """Return the messages that wait for the next page."""
    with client.session_transaction() as session:
        return [text for _category, text in session.pop("_flashes", [])]


def expand(programme: Programme) -> None:
    """Let the worker do what is due."""
    work(programme.app)


def offers(programme: Programme) -> list[tuple[Any, ...]]:
    """Return who is approached, by name: where the name came from, wish, and what it waits for."""
    with working(programme.app) as session:
        rows = session.scalars(sa.select(ReachOut).order_by(ReachOut.created_at, ReachOut.id))
        found = [
            (
                row.person.name if row.person else None,
                row.origin.value,
                f"{row.involved.wish.value} {row.involved.wish_by.value}",
                row.waiting_for.value if row.waiting_for else None,
            )
            for row in rows
        ]
    return sorted(found, key=str)


def count(programme: Programme, model: type[Any]) -> int:
    """Return how many rows a table has."""
    with working(programme.app) as session:
        return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


__all__ = [
    *("KAREL", "LINKS", "NAMED", "NAMES", "OFFICER", "InvolvedRecord", "Referral", "ReferralLink"),
    *("ReportRecord", "case", "count", "email_of", "errors_in", "expand", "flashed", "make_links"),
    *("offers", "pass_on", "paths_in", "prepare_with_officer"),
]
