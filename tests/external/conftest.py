"""A small hospital with a supporter from outside, a postbox for mail, and telephones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlalchemy import orm
from werkzeug.test import TestResponse

from flask_peersupport.access.limiting import Limiter
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import commit
from flask_peersupport.external import views
from flask_peersupport.external.agreeing import set_code
from flask_peersupport.external.tokens import make_path
from flask_peersupport.supporters.actions import SupporterDetails, add_supporter
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Involved, Person
from tests.intake.conftest import APPOINTED_AT, STAFF, person, runtime, signed_in
from tests.reachouts.conftest import COORDINATOR, NOW, Programme, prepare

OLGA = Person("Olga Buiten", email="olga@outside.example", phone="06 1234 5678", locale="en")
CODE = "7KQMR-2XWPD"
#: Anna would rather be called by somebody from outside.
ANNA_OUTSIDE = Involved(person(STAFF.anna), "yes", "own", outside=True)


@dataclass
class Postbox:
    """Keeps mail whole."""

    letters: list[EmailMessage] = field(default_factory=list)

    def send(self, message: EmailMessage) -> None:
        """Keep a mail."""
        self.letters.append(message)

    def to(self, address: str) -> list[EmailMessage]:
        """Return the mails to somebody."""
        return [letter for letter in self.letters if str(letter["To"]) == address]


@dataclass
class Outside:
    """The programme, and its supporter from outside."""

    programme: Programme
    box: Postbox

    @property
    def app(self) -> Flask:
        """The host."""
        return self.programme.app

    def ask(self, *involved: Involved, ref: str = "1") -> None:
        """Let Anna, or others, be reported, and somebody be asked."""
        self.programme.report(*(involved or (ANNA_OUTSIDE,)), ref=ref)
        self.programme.work()

    def texts(self) -> list[str]:
        """Return what was mailed to Olga, as text."""
        return [text_of(letter) for letter in self.box.to(OLGA.email or "")]

    def links(self) -> list[str]:
        """Return the links that were mailed to Olga, as paths."""
        return [path for text in self.texts() for path in links_in(text)]

    @contextmanager
    def session(self) -> Iterator[orm.Session]:
        """Yield a session for looking at what is stored."""
        with self.app.app_context(), runtime(self.app).storage.work() as session:
            yield session

    def olga(self, session: orm.Session) -> Supporter:
        """Return Olga's record."""
        found = session.scalars(sa.select(Supporter).where(Supporter.is_external.is_(True)))
        return next(row for row in found if row.record.person.email == OLGA.email)

    def agree(self, code: str = CODE, now: datetime = NOW) -> None:
        """Let a coordinator agree on a code with Olga."""
        with self.session() as session:
            set_code(session, self.olga(session), code, actor=person(COORDINATOR), now=now)
            commit(session)

    def trail(self, action: str) -> list[str | None]:
        """Return the details of the audit rows of an action, in order."""
        with self.session() as session:
            statement = sa.select(AuditEntry.detail).where(AuditEntry.action == action)
            return list(session.scalars(statement.order_by(AuditEntry.id)))

    def phone(self) -> Phone:
        """Return a telephone that has never been here."""
        return Phone(self.app)

    def desk(self) -> Phone:
        """Return the browser of a coordinator."""
        desk = Phone(self.app)
        desk.client = signed_in(self.app, COORDINATOR)
        return desk


class Phone:
    """A browser that keeps the page it shows, at an instant that the test sets."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.headers = {"Accept-Language": "en"}
        self.page: TestResponse | None = None
        self.now = NOW + timedelta(minutes=10)

    def get(self, path: str) -> TestResponse:
        """Open an address."""
        with time_machine.travel(self.now, tick=False):
            self.page = self.client.get(path, headers=self.headers)
        return self.page

    def fields(self) -> dict[str, str]:
        """Return the hidden fields of the page's first form."""
        assert self.page is not None
        form = re.search(r'<form[^>]*method="post".*?</form>', self.page.text, re.DOTALL)
        assert form, self.page.text
        pairs = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
        return dict(pairs)

    def send(self, path: str, **values: str) -> TestResponse:
        """Post to an address with what the page's forms carry by themselves."""
        carried = {k: v for k, v in self.fields().items() if k in CARRIED}
        return self.post(path, **carried | values)

    def post(self, path: str, **values: str) -> TestResponse:
        """Post as it stands."""
        with time_machine.travel(self.now, tick=False):
            self.page = self.client.post(path, data=values, headers=self.headers)
        return self.page

    def open(self, link: str, code: str = CODE) -> TestResponse:
        """Open a link and fill in the code."""
        self.get(link)
        return self.send(link, code=code)

    def act(self, action: str, **values: str) -> TestResponse:
        """Press a button of the step's page."""
        return self.send(f"/peersupport/external/step/{action}", **values)


CARRIED = ("csrf_token", "step_token", "known")


def another_link(outside: Outside, now: datetime = NOW) -> str:
    """Return one more link for the open request."""
    with outside.session() as session:
        path = make_path(session, outside.programme.open_request(session).id, now)
        session.commit()
    return f"/peersupport{path}"


def text_of(letter: EmailMessage) -> str:
    """Return the text of a mail."""
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def links_in(text: str) -> list[str]:
    """Return the links of a mail, without the host."""
    return re.findall(r"https://reports\.hospital\.example(/\S+)", text)


def move_in(app: Flask, *, code: str | None = CODE) -> Outside:
    """Fill the hospital, add Olga, and agree on a code with her."""
    programme = prepare(app)
    box = Postbox()
    app.extensions["peersupport_mailer"] = box
    outside = Outside(programme, box)
    with outside.session() as session:
        add_supporter(
            session,
            OLGA,
            SupporterDetails(is_external=True, is_asked_at_night=True, profession="physician"),
            state=SupporterState.APPOINTED,
            actor=COMMAND,
            now=APPOINTED_AT,
        )
        commit(session)
    if code:
        outside.agree(code)
    return outside


@pytest.fixture(autouse=True)
def _first_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test count the tries of another."""
    monkeypatch.setattr(views, "_limiter", Limiter(views._MOST_TRIES_A_MINUTE))


@pytest.fixture
def outside(make_app: Callable[..., Flask], database_url: str) -> Outside:
    """The programme with Olga, on each database."""
    return move_in(make_app(database_url))


@pytest.fixture
def small_outside(make_app: Callable[..., Flask]) -> Outside:
    """The same on SQLite."""
    return move_in(make_app())
