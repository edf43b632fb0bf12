"""What users do in any host: report with the step, and answer as a supporter. It knows no ORM.

A test module builds its host, puts `STAFF` into the host's own users, calls `open_programme(app)`
and describes the host as a `Host`; `run_journey(host)` then does the main job as users would.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_peersupport import Person
from flask_peersupport.clock import utc_now
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.jobs import run_due
from flask_peersupport.outbox.mailer import EXTENSION as MAILER
from flask_peersupport.reachouts.models import ReachOut
from flask_peersupport.reachouts.states import RequestState
from flask_peersupport.runtime import Runtime, runtime_of
from flask_peersupport.testing import CapturedMails, prepare, report_with_step

#: Everybody who can sign in, by user name; a host gives them ids of its own.
STAFF: Mapping[str, Person] = {
    username: Person(name, email=f"{username}@hospital.example", department=department)
    for username, name, department in (
        ("rosa", "Rosa Reporter", "Ward 1"),
        ("bram", "Bram Smit", "Ward 1"),
        ("anna", "Anna Vos", "Ward 2"),
        ("steffi", "Steffi Steun", "Ward 1"),
        ("selma", "Selma Steun", "Ward 8"),
        ("sven", "Sven Steun", "Ward 9"),
    )
}
#: Appointed supporters; Steffi is of the reporter's own department and is never asked.
SUPPORTERS = ("steffi", "selma", "sven")
DEPARTMENTS = ("Ward 1", "Ward 2", "Ward 8", "Ward 9")
#: A colleague as a reporter types her.
ANNA = {"name": "Anna Vos", "email": "anna@hospital.example"}

#: The first button that is a plain link: "Continue to the report", or "Skip this"; not the one
#: that leads from an anonymous report to asking for oneself, which sends no referrer.
_LEADS_ON = re.compile(r'<a class="ps-button[^"]*" href="((?:/|http)[^"]*)">')
#: A token of Flask-WTF: another on every page.
_TOKEN = re.compile(rb"I[\w-]{40,}\.[\w-]+\.[\w-]+")


@dataclass(frozen=True)
class Host:
    """One host application, as somebody who uses it knows it.

    Attributes:
        app: the application, with the extension and its programme (`open_programme`).
        sign_in: signs one of `STAFF` in, given a client and a user name.
        path: the page with the form in which the step is.
        data: the host's own fields of that form.
        done: what stands on the page to which the host leads a reporter. (What it flashes is
            read on our page, where that comes first.)
        kind: of the reports.
        prefix: where our pages are.
        new_client: makes a browser; e.g. one that asks for another host name.
    """

    app: Flask
    sign_in: Callable[[FlaskClient, str], object]
    path: str
    data: Mapping[str, Any]
    done: str = ""
    kind: str = "incident"
    prefix: str = "/peersupport"
    new_client: Callable[[], FlaskClient] | None = None

    def client(self, username: str | None = None) -> FlaskClient:
        """Return a browser in which somebody has signed in, or nobody."""
        client = (self.new_client or self.app.test_client)()
        if username is not None:
            self.sign_in(client, username)
        return client

    def report(self, client: FlaskClient, path: str | None = None, **step: Any) -> TestResponse:
        """Open the form, fill in the host's fields and the step, and send it (see testing)."""
        data = {**self.data, **step.pop("data", {})}
        return report_with_step(client, path or self.path, data, **step)

    def answer_page(self, client: FlaskClient, answer: TestResponse, **step: Any) -> TestResponse:
        """Answer the step on the page of its own, to which the host's answer leads."""
        path = urlsplit(answer.headers["Location"]).path
        assert path.startswith(f"{self.prefix}/step/"), path
        return report_with_step(client, path, **step)

    def arrive(self, client: FlaskClient, answer: TestResponse) -> TestResponse:
        """Go where the host's answer leads, by way of our pages after a report."""
        while True:
            if 300 <= answer.status_code < 400:
                answer = visit(client, answer)
            elif f"{self.prefix}/step/" in answer.request.path:
                assert answer.status_code == 200
                link = _LEADS_ON.search(_of(answer))
                assert link is not None, "a page after a report leads on"
                answer = _get(client, answer, link[1].replace("&amp;", "&"))
            else:
                return answer

    def accept(self, name: str) -> str:
        """Let the supporter who is asked about a colleague accept; return their user name."""
        request_id, username = self.asked(name)
        client = self.client(username)
        address = f"{self.prefix}/requests/{request_id}"
        page = client.get(address)
        assert page.status_code == 200, f"{username} gets {page.status} at {address}"
        assert name in _of(page)
        token = re.search(r'name="csrf_token" value="([^"]+)"', _of(page))
        assert token is not None, "our page carries a token"
        answer = client.post(
            f"{address}/accept",
            data={"csrf_token": token[1]},
            headers={"Referer": page.request.url},
        )
        assert answer.status_code == 302, f"accept: {answer.status}"
        card = visit(client, answer)
        assert card.status_code == 200
        assert name in _of(card)
        return username

    def asked(self, name: str) -> tuple[str, str]:
        """Return the open request about a colleague, and the user name of who is asked."""
        with self.app.app_context(), runtime(self.app).storage.work() as session:
            for row in session.scalars(sa.select(ReachOut)):
                if row.person is None or row.person.name != name:
                    continue
                for request in row.requests:
                    if request.state is RequestState.ASKED:
                        return request.id, _username(request.supporter.record.person)
        raise AssertionError(f"nobody is asked about {name}")


@dataclass(frozen=True, order=True)
class Seen:
    """A reach-out in plain values."""

    name: str
    wish: str
    state: str
    ref: str = field(compare=False)
    outside: bool = False


def open_programme(app: Flask) -> None:
    """Make our tables, a keyring, the departments and the supporters, as the extension has it.

    Mail is kept in memory from now on, unless the test has set a mailer. The staff are in the
    host's users by now: the supporters' accounts are found by address.
    """
    with app.app_context():
        users = runtime(app).users
        supporters = []
        for username in SUPPORTERS:
            listed = STAFF[username]
            account = users.find(str(listed.email)) or listed
            supporters.append(replace(account, department=listed.department))
    prepare(app, departments=DEPARTMENTS, supporters=supporters)
    app.extensions.setdefault(MAILER, CapturedMails())


def runtime(app: Flask) -> Runtime:
    """Return what the extension holds for `app`."""
    found = runtime_of(app)
    assert found is not None, "the extension is absent or switched off"
    return found


def work(app: Flask) -> dict[str, int]:
    """Do what is due, as a worker does; nothing of it may fail."""
    with app.app_context():
        counts = run_due(runtime(app), utc_now())
    assert [name for name in counts if name.endswith("_failed")] == []
    return counts


def reach_outs(app: Flask) -> list[Seen]:
    """Return every reach-out there is, in order of name."""
    with app.app_context(), runtime(app).storage.work() as session:
        return sorted(
            Seen(
                name=row.person.name if row.person else "",
                wish=row.involved.wish.value,
                state=row.state.value,
                ref=row.report.ref if row.report else "",
                outside=row.involved.is_outside,
            )
            for row in session.scalars(sa.select(ReachOut))
        )


def names(app: Flask) -> list[str]:
    """Return who has a reach-out, once for each."""
    return [one.name for one in reach_outs(app)]


def waiting(app: Flask) -> int:
    """Return how many intake rows wait for the worker."""
    with app.app_context(), runtime(app).storage.work() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(IntakeRecord)) or 0


def run_journey(
    host: Host, report: Callable[[FlaskClient], TestResponse] | None = None
) -> TestResponse:
    """Do the main job: Rosa asks for support and names Anna, and both are taken on.

    Args:
        report: sends Rosa's report with "me" and `ANNA` in another way than by the one form.

    Returns:
        the host's own page at which the reporter arrives.
    """
    client = host.client("rosa")
    answer = report(client) if report else host.report(client, me=True, colleagues=[ANNA])
    page = host.arrive(client, answer)
    assert page.status_code < 300, f"the reporter arrives at {page.request.path}: {page.status}"
    assert host.done in _of(page)
    work(host.app)
    assert [(one.name, one.wish, one.state) for one in reach_outs(host.app)] == [
        ("Anna Vos", "ask", "asking"),
        ("Rosa Reporter", "yes", "asking"),
    ]
    by = {host.accept("Anna Vos"), host.accept("Rosa Reporter")}
    assert by <= {"selma", "sven"}, "whoever is asked is of another department"
    assert [one.state for one in reach_outs(host.app)] == ["accepted", "accepted"]
    return page


def visit(client: FlaskClient, answer: TestResponse) -> TestResponse:
    """Go where a redirect leads, as a browser does, one step."""
    return _get(client, answer, answer.headers["Location"])


def answers(host: Host, username: str | None = "rosa", **data: Any) -> list[tuple[Any, ...]]:
    """Return status, headers and body of the form and of its submit, without what always differs.

    For comparing a host with the extension switched off to the same host without it.
    """
    client = host.client(username)
    form = client.get(host.path)
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', _of(form))
    posted = {**host.data, **data, **({"csrf_token": token[1]} if token else {})}
    sent = client.post(host.path, data=posted)
    return [_comparable(form), _comparable(sent)]


def _comparable(answer: TestResponse) -> tuple[Any, ...]:
    passing = ("Set-Cookie", "Date")
    headers = sorted((name, text) for name, text in answer.headers if name not in passing)
    return answer.status, headers, _TOKEN.sub(b"token", answer.data)


def _get(client: FlaskClient, answer: TestResponse, location: str) -> TestResponse:
    target = urlsplit(urljoin(answer.request.url, location))
    base = urlsplit(answer.request.root_url)
    return client.get(
        target.path.removeprefix(answer.request.root_path) or "/",
        query_string=target.query,
        base_url=f"{target.scheme}://{target.netloc}{base.path}",
    )


def _of(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def _username(person: Person) -> str:
    return next(username for username, one in STAFF.items() if one.name == person.name)
