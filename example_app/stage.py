"""A stage on which invented staff use the application: its real pages, an invented clock.

What happens is put on a timeline. Between its instants the programme does the work that comes due,
and the mail it sends is read by whoever plays its recipient.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from typing import NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from werkzeug.test import TestResponse

from example_app.extensions import db
from example_app.models import Calamity, Incident, User
from example_app.texts import HOSPITAL_TIMEZONE
from flask_peersupport.clock import stopped_at
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.jobs import run_due
from flask_peersupport.outbox.models import Message
from flask_peersupport.reachouts.models import AnalysisMeeting, ReachOut, SupportRequest
from flask_peersupport.reachouts.states import ReachOutState, RequestState
from flask_peersupport.runtime import current_runtime

LINK = re.compile(r"/(requests|reach-outs)/([0-9a-f]{32})")
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
MODELS: Mapping[str, type[Incident] | type[Calamity]] = {"incident": Incident, "calamity": Calamity}

#: When a report, a reach-out, a request, a word around an analysis or a mail is due next.
NEXT_DUE = sa.select(
    sa.select(sa.func.min(IntakeRecord.due_at)).scalar_subquery(),
    sa.select(sa.func.min(ReachOut.due_at))
    .where(ReachOut.state != ReachOutState.CLOSED)
    .scalar_subquery(),
    sa.select(sa.func.min(SupportRequest.answer_due_at))
    .where(SupportRequest.state == RequestState.ASKED)
    .scalar_subquery(),
    sa.select(sa.func.min(AnalysisMeeting.before_due_at)).scalar_subquery(),
    sa.select(sa.func.min(AnalysisMeeting.after_due_at)).scalar_subquery(),
    sa.select(sa.func.min(Message.due_at)).scalar_subquery(),
)

#: The answers to a form that was right, or that came too late.
_DONE = (302, 303, 404, 409)

Act = Callable[[datetime], None]


class StageError(Exception):
    """A page or a job did not do what it does for people; the text says which."""


class Letter(NamedTuple):
    """A mail that arrived: to whom, what its link leads to, and the mail itself."""

    username: str
    page: str
    object_id: str
    message: EmailMessage


class Inbox:
    """Takes the place of the mail server: counts and keeps, delivers nothing."""

    def __init__(self) -> None:
        self.count = 0
        self._letters: list[Letter] = []

    def send(self, message: EmailMessage) -> None:
        """Keep a mail until it is read."""
        self.count += 1
        body = message.get_body(("plain",))
        link = LINK.search(body.get_content()) if body else None
        page, object_id = link.groups() if link else ("", "")
        username = str(message["To"]).partition("@")[0]
        self._letters.append(Letter(username, page, object_id, message))

    def read(self) -> list[Letter]:
        """Return what arrived since the last time."""
        letters, self._letters = self._letters, []
        return letters


@dataclass(frozen=True)
class Posting:
    """A report as it is typed into the form of the hospital."""

    kind: str
    username: str
    department: str
    occurred_at: datetime
    title: str
    severity: str = "unknown"
    ticks: Sequence[str] = ()
    colleagues: Sequence[Mapping[str, str]] = ()

    def fields(self) -> dict[str, str]:
        """Return the fields of the form, the step's among them."""
        local = self.occurred_at.astimezone(zone())
        fields = {
            "title": self.title,
            "what_happened": "Feitelijke beschrijving volgt in het gesprek met de onderzoekers.",
            "occurred_at": f"{local:%Y-%m-%dT%H:%M}",
            "ward": self.department,
        }
        if self.kind == "calamity":
            fields["severity"] = self.severity
        fields |= {f"peersupport-{tick}": "1" for tick in self.ticks}
        for number, colleague in enumerate(self.colleagues):
            for name, text in colleague.items():
                fields[f"peersupport-colleagues-{number}-{name}"] = text
        return fields


def zone() -> ZoneInfo:
    """Return the time zone of the hospital."""
    return ZoneInfo(HOSPITAL_TIMEZONE)


def awake(moment: datetime, hours: tuple[int, int]) -> datetime:
    """Return `moment`, or where nobody is at it then, some time in the next morning."""
    local = moment.astimezone(zone())
    if hours[0] <= local.hour < hours[1]:
        return moment
    day = local.date() + timedelta(days=local.hour >= hours[1])
    return datetime.combine(day, time(hours[0], local.minute), zone())


class Stage:
    """An app of its own whose users are played.

    Args:
        app: without a worker; its mail goes to the inbox of the stage.
        on_letter: what the recipient of a mail does, given the letter and the instant.
    """

    def __init__(self, app: Flask, on_letter: Callable[[Letter, datetime], None]) -> None:
        self.app = app
        self.inbox = Inbox()
        self._on_letter = on_letter
        self._clients: dict[str, tuple[FlaskClient, str]] = {}
        self._visitor: tuple[str, str] | None = None
        self._acts: list[tuple[datetime, int, Act]] = []
        self._count = 0
        self._due: datetime | None = None
        self._is_due_known = False
        app.extensions["peersupport_mailer"] = self.inbox

    def close(self) -> None:
        """Let go of the database."""
        with self.app.app_context():
            db.engine.dispose()

    def at(self, instant: datetime, act: Act) -> None:
        """Put something on the timeline."""
        self._count += 1
        heapq.heappush(self._acts, (instant, self._count, act))

    def play(self, start: datetime, until: datetime) -> None:
        """Let everything happen that is on the timeline, or comes due, from `start` to `until`."""
        now = start
        while True:
            due = self._next_due()
            next_act = self._acts[0][0] if self._acts else until
            if due is not None and due <= min(max(next_act, now), until):
                now = max(now, due)
                self._work(now)
            elif self._acts and next_act <= until:
                now = max(now, next_act)
                heapq.heappop(self._acts)[2](now)
            else:
                return
            self._is_due_known = False

    def post(
        self,
        username: str,
        now: datetime,
        path: str,
        fields: Mapping[str, str],
        *,
        is_shown: bool = False,
    ) -> TestResponse:
        """Send a form as a user, and return the answer.

        Args:
            username: of the user.
            now: aware.
            path: of the page.
            fields: of the form.
            is_shown: whether a page is the good answer, and not a redirect.

        Raises:
            StageError: the page took it for a mistake, or failed.
        """
        client, token = self._client(username)
        with stopped_at(now):
            response = client.post(path, data={**fields, "csrf_token": token})
        is_good = response.status_code == 200 if is_shown else response.status_code in _DONE
        if not is_good:
            raise StageError(f"{path} answered {response.status}")
        return response

    def submit(self, posting: Posting, now: datetime) -> tuple[str, TestResponse]:
        """Report something, and return its number in the hospital and the answer."""
        path = {"incident": "/incidents/new", "calamity": "/calamities/new"}[posting.kind]
        response = self.post(posting.username, now, path, posting.fields())
        model = MODELS[posting.kind]
        with self.app.app_context():
            number = db.session.scalar(sa.select(sa.func.max(model.id)))
            # the hospital's own clock cannot be stopped, so its time of storing is corrected
            times = {"created_at": now}
            if model is Calamity:
                times["sent_to_quality_at"] = now
            db.session.execute(sa.update(model).where(model.id == number).values(times))
            db.session.commit()
        return str(number), response

    def user_ids(self) -> dict[str, str]:
        """Return the id of every user by user name."""
        with self.app.app_context():
            rows = db.session.execute(sa.select(User.username, User.id)).all()
        return {username: str(user_id) for username, user_id in rows}

    def _client(self, username: str) -> tuple[FlaskClient, str]:
        """Return a browser in which the user is signed in, and what its forms carry."""
        if username not in self._clients:
            client = self.app.test_client()
            # all begin with the same visitor's cookie, which spares the page to all but the first
            self._visitor = self._visitor or self._visit()
            cookie, token = self._visitor
            client.set_cookie(self.app.config["SESSION_COOKIE_NAME"], cookie)
            fields = {"username": username, "csrf_token": token}
            if client.post("/sign-in", data=fields).status_code != 302:
                raise StageError(f"{username} cannot sign in")
            self._clients[username] = client, token
        return self._clients[username]

    def _visit(self) -> tuple[str, str]:
        """Return the cookie of a visitor of the sign-in page, and the token of its form."""
        client = self.app.test_client()
        token = TOKEN.search(client.get("/sign-in").text)
        cookie = client.get_cookie(self.app.config["SESSION_COOKIE_NAME"])
        if token is None or cookie is None:
            raise StageError("the sign-in page has no form")
        return cookie.value, token[1]

    def _work(self, now: datetime) -> None:
        with self.app.app_context(), stopped_at(now):
            counts = run_due(current_runtime(), now)
        self._is_due_known = False
        failed = [name for name in counts if name.endswith("_failed")]
        due = self._next_due()
        if failed or (due is not None and due <= now):
            raise StageError(f"work was left undone: {', '.join(failed) or 'it stays due'}")
        for letter in self.inbox.read():
            self._on_letter(letter, now)

    def _next_due(self) -> datetime | None:
        """Return when the programme has to look at something next."""
        if not self._is_due_known:
            with self.app.app_context(), current_runtime().storage.engine.connect() as connection:
                due = connection.execute(NEXT_DUE).one()
            self._due = min((instant for instant in due if instant is not None), default=None)
            self._is_due_known = True
        return self._due


def write_lightly(engine: sa.Engine) -> None:
    """Spare SQLite the wait for the disk after each commit; its log still keeps the file whole."""

    def set_pragma(connection: DBAPIConnection, record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.close()

    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", set_pragma)
        engine.dispose()
