"""The coordinators' page of messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import orm
from werkzeug.test import TestResponse

from flask_peersupport.access.actor import Actor
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.outbox import actions, queries
from flask_peersupport.outbox.mails import Audience, MailContext, mail
from flask_peersupport.outbox.models import Message, MessageState
from flask_peersupport.outbox.views import RECIPIENTS
from flask_peersupport.runtime import current_runtime
from flask_peersupport.values import Person
from tests.outbox.conftest import NOW, reread, write
from tests.outbox.host import People

COORDINATOR = Person("Anna Visser", email="anna@hospital.example", user_id="1")
LIST = "/peersupport/messages"


@pytest.fixture
def people() -> People:
    """Who is signed in: a coordinator."""
    return People(COORDINATOR, {"coordinator"})


@pytest.fixture
def site(make_app: Callable[..., Flask], database_url: str, people: People) -> Iterator[Flask]:
    """A host with the whole extension on each database, its context pushed."""
    adapters = {"users": people, "roles": people}
    app = make_app(database_url, adapters, PEERSUPPORT_LOCALES=("en",))
    with app.app_context():
        yield app


@pytest.fixture
def session(site: Flask) -> Iterator[orm.Session]:
    """A session of the test's own."""
    with current_runtime().storage.work() as working:
        yield working


@pytest.fixture
def get(site: Flask) -> Callable[[str], str]:
    """Return a function that reads a page."""

    def read(address: str) -> str:
        response = visit(site.test_client(), "GET", address)
        assert response.status_code == 200
        return response.get_data(as_text=True)

    return read


def visit(client: FlaskClient, method: str, address: str, **arguments: Any) -> TestResponse:
    """Send a request that shares nothing with the context around the test."""
    vars(g).clear()
    return client.open(address, method=method, **arguments)


def press(client: FlaskClient, message_id: str) -> TestResponse:
    """Press the resend button of a message, with the token of the page."""
    page = visit(client, "GET", LIST).get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    form = {"csrf_token": token[1] if token else ""}
    return visit(client, "POST", f"{LIST}/{message_id}/resend", data=form)


def rows_of(page: str) -> int:
    return page.count('data-label="Written"')


def killed(session: orm.Session, **arguments: object) -> Message:
    message = write(session, **arguments)  # type: ignore[arg-type]
    message.state, message.due_at, message.attempts, message.fault = (
        MessageState.DEAD,
        None,
        1,
        "rejected",
    )
    session.commit()
    return message


def test_the_page_says_what_was_mailed_and_is_noted(
    get: Callable[[str], str], session: orm.Session
) -> None:
    @mail("neutral", audience=Audience.COLLEAGUE, label="To a colleague")
    def neutral(session: orm.Session, object_id: str | None) -> MailContext:
        return MailContext()

    killed(session, template="supporter_asked")
    colleague = Person("Kim Jansen", email="kim@hospital.example")
    actions.enqueue(session, "neutral", to=colleague, now=NOW)
    session.commit()
    page = get(LIST)
    assert rows_of(page) == 2
    shown = (
        "Question to a supporter",
        "supporter: Sanne de Vries",
        "not delivered",
        "To a colleague",
    )
    assert [text for text in shown if text not in page] == []
    assert "The mail server refused it" in page
    hidden = ("Kim", "Jansen", "kim@", "supporter@hospital.example")
    assert [text for text in hidden if text in page] == []
    assert session.scalars(sa.select(AuditEntry.action)).all() == ["messages.seen"]


def test_pages_follow_each_other_without_gap_or_overlap(
    get: Callable[[str], str], session: orm.Session, site: Flask
) -> None:
    for n in range(60):
        write(session, now=NOW + timedelta(minutes=n // 7))
    actor = Actor(COORDINATOR, frozenset(), ())
    seen: list[str] = []
    before = None
    for size in (25, 25, 10):
        found = queries.messages_page(session, actor, before=before)
        assert len(found.rows) == size
        seen += [message.id for message, _ in found.rows]
        before = found.next
    assert before is None
    newest = sa.select(Message.id).order_by(Message.created_at.desc(), Message.id.desc())
    assert seen == list(session.scalars(newest))
    first = get(LIST)
    assert rows_of(first) == 25
    assert "Newest" not in first
    (address,) = (line.split('"')[3] for line in first.splitlines() if 'rel="next"' in line)
    second = get(address.replace("&amp;", "&"))
    assert (rows_of(second), "Newest" in second) == (25, True)


def test_state_filters_and_nonsense_is_ignored(
    get: Callable[[str], str], session: orm.Session
) -> None:
    killed(session)
    write(session)
    write(session)
    addresses = ["", "?state=dead", "?state=waiting", "?state=sent", "?state=x", "?before=x~y"]
    assert [rows_of(get(LIST + address)) for address in addresses] == [3, 1, 2, 0, 3, 3]
    odd = "?before=2026-03-03T09:00:00~1&state=waiting"
    assert rows_of(get(LIST + odd)) == 2


def test_only_a_coordinator_may_look(site: Flask, session: orm.Session, people: People) -> None:
    message = killed(session)
    people.roles = {"board", "trainer"}
    client = site.test_client()
    assert visit(client, "GET", LIST).status_code == 404
    assert press(client, message.id).status_code == 400  # no page gave them a token
    people.person = None
    assert visit(client, "GET", LIST).location == "/sign-in"
    assert reread(session, message).state is MessageState.DEAD


def test_resend_by_button(site: Flask, session: orm.Session) -> None:
    message = killed(session)
    client = site.test_client()
    assert visit(client, "GET", f"{LIST}/{message.id}/resend").status_code == 404
    assert visit(client, "POST", f"{LIST}/{message.id}/resend").status_code == 400
    assert press(client, "absent").status_code == 404
    answer = press(client, message.id)
    assert (answer.status_code, answer.location) == (303, LIST)
    message = reread(session, message)
    assert (message.state, message.attempts) == (MessageState.WAITING, 0)
    killed(session)  # so that the page has a token
    assert press(client, message.id).status_code == 409


def test_a_coordinator_sees_no_message_about_their_own_case(
    site: Flask,
    get: Callable[[str], str],
    session: orm.Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[Sequence[str]] = []

    def bar(session: orm.Session, actor: Actor, ids: Sequence[str]) -> Collection[str]:
        calls.append(ids)
        return {"own"} & set(ids) if actor.person == COORDINATOR else ()

    monkeypatch.setattr(queries, "_barriers", [])
    assert queries.bars_messages(bar) is bar
    own = killed(session, object_id="own")
    killed(session, object_id="other")
    assert rows_of(get(LIST)) == 1
    assert len(calls) == 1
    assert press(site.test_client(), own.id).status_code == 404
    assert reread(session, own).state is MessageState.DEAD


def test_the_page_takes_as_many_queries_with_one_row_as_with_thirty(
    get: Callable[[str], str], session: orm.Session
) -> None:
    counts = []
    for quantity in (1, 30):
        for _ in range(quantity):
            write(session)
        statements: list[str] = []

        def note(*arguments: object, statements: list[str] = statements) -> None:
            statements.append(str(arguments[2]))

        engine = current_runtime().storage.engine
        sa.event.listen(engine, "before_cursor_execute", note)
        get(LIST)
        sa.event.remove(engine, "before_cursor_execute", note)
        assert not [text for text in statements if "OFFSET" in text and "LIMIT" not in text]
        counted = [text for text in statements if "count(" in text.lower()]
        assert not [text for text in counted if "peersupport_message" in text]
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_every_audience_has_a_name_in_the_list() -> None:
    assert set(RECIPIENTS) == set(Audience)
