"""Filling in the step of a host's form, as a browser does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ..access.people import sign_user
from ..intake.step import ME_INVOLVED, PREFIX, Row, Step, step_fields
from ..signals import intake_failed
from ..values import Person


def report_with_step(
    client: FlaskClient,
    path: str,
    data: Mapping[str, Any] | None = None,
    *,
    me: bool = False,
    me_involved: bool = False,
    outside: bool = False,
    colleagues: Iterable[Person | Mapping[str, str]] = (),
) -> TestResponse:
    """Open the host's form, fill in the step and send it, as a browser does.

    The form's hidden inputs (a CSRF token), its action and its encoding are kept; of what else it
    holds, only `data` is sent.

    Args:
        client: of the host, signed in where the form wants that.
        path: of the page with the form.
        data: the host's own fields.
        me: tick "I would like support".
        me_involved: tick "I was involved, no need now".
        outside: tick "rather someone from outside".
        colleagues: persons, or fields of Person and `wish`; one with a `user_id` is as picked
            from the suggestions.

    Returns:
        the host's answer; redirects are not followed.

    Fails the test where the page has no form with the step in it, and where the report was stored
    but could not be taken in.
    """
    form, page = _open_form(client, path)
    if me_involved and ME_INVOLVED not in form.names:
        pytest.fail(f"the step at {path} has no tick {ME_INVOLVED}: its kind has no analysis")
    with client.application.app_context():
        rows = tuple(_row(index, one) for index, one in enumerate(colleagues))
    step = Step(wants_support=me, was_involved=me_involved, is_outside=outside, rows=rows)
    target = urlsplit(urljoin(page.request.url, form.attributes.get("action") or ""))
    failures: list[object] = []

    def hear(sender: object, **extra: object) -> None:
        failures.append(extra)

    with intake_failed.connected_to(hear, sender=client.application):
        answer = client.post(
            target.path.removeprefix(page.request.root_path) or "/",
            base_url=page.request.root_url,
            query_string=target.query,
            data={**form.hidden, **(data or {}), **step_fields(step)},
            content_type=form.attributes.get("enctype"),
            headers={"Referer": page.request.url},  # Flask-WTF wants it over https
        )
    if failures:
        pytest.fail(
            "the report was stored, but not taken in: does its description fail? See the log"
        )
    return answer


def _row(index: int, colleague: Person | Mapping[str, str]) -> Row:
    given = asdict(colleague) if isinstance(colleague, Person) else dict(colleague)
    fields = {name: text for name, text in given.items() if text and name != "locale"}
    if user_id := fields.pop("user_id", None):
        fields["user"] = sign_user(user_id)
    return Row(index=index, **fields)


def _open_form(client: FlaskClient, path: str) -> tuple[_Form, TestResponse]:
    response = client.get(path, follow_redirects=True)
    text, place = response.get_data(as_text=True), response.request.path
    page = _FormsOf(text)
    found = [form for form in page.forms if any(name.startswith(PREFIX) for name in form.names)]
    if found and found[0].attributes.get("method", "").lower() == "post":
        return found[0], response
    if found:
        reason = 'the step is in a form without method="post"'
    elif any(name.startswith(PREFIX) for name in page.loose.names):
        reason = "the step is outside the <form>"
    elif "ps-step" in text:
        reason = "the step is closed: there is no key for this month, call prepare(app)"
    elif not page.forms:
        reason = "there is no <form> on this page; is the client signed in?"
    else:
        reason = "no <form> has the step: put {{ peersupport_step() }} inside it"
    pytest.fail(f"GET {path} ended at {place} ({response.status}): {reason}")


class _Form:
    def __init__(self, attributes: dict[str, str]) -> None:
        self.attributes = attributes
        self.names: set[str] = set()
        #: Hidden inputs of the host's own.
        self.hidden: dict[str, str] = {}


class _FormsOf(HTMLParser):
    """The forms of a page; `loose` holds what is in none."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self.loose = self._open = _Form({})
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = _Form(attributes)
            self.forms.append(self._open)
        elif tag == "input" and (name := attributes.get("name")):
            self._open.names.add(name)
            if attributes.get("type", "").lower() == "hidden" and not name.startswith(PREFIX):
                self._open.hidden[name] = attributes.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = self.loose
