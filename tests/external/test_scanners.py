"""A mail scanner opens every link and presses every button that it finds; nothing comes of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient

from flask_peersupport import schema
from flask_peersupport.audit.models import AuditEntry
from tests.external.conftest import Outside
from tests.reachouts.conftest import NOW

OURS = "reports.hospital.example"


class Page(HTMLParser):
    """The links and the forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        values = dict(attributes)
        if tag in ("a", "link") and values.get("href"):
            self.links.append(values["href"])
        elif tag == "form":
            self.forms.append((values.get("action") or "", {}))
        elif tag in ("input", "button", "select") and values.get("name") and self.forms:
            self.forms[-1][1][values["name"]] = values.get("value") or ""


def scan(client: FlaskClient, first: str) -> list[tuple[str, str]]:
    """Open and press everything that can be reached; return what was visited."""
    waiting, seen = [first], []
    while waiting:
        path = waiting.pop()
        if ("GET", path) in seen or not path.startswith("/peersupport"):
            continue
        seen.append(("GET", path))
        for method in ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"):
            client.open(path, method=method, base_url=f"https://{OURS}")
        page = client.get(path, base_url=f"https://{OURS}")
        found = Page(page.text)
        for link in found.links:
            parts = urlsplit(urljoin(f"https://{OURS}{path}", link))
            if parts.hostname == OURS:
                waiting.append(parts.path)
        for action, fields in found.forms:
            target = urlsplit(urljoin(f"https://{OURS}{path}", action)).path
            if ("POST", target) not in seen:
                seen.append(("POST", target))
                answer = client.post(
                    target,
                    data=fields,
                    base_url=f"https://{OURS}",
                    headers={"Referer": f"https://{OURS}{path}"},
                )
                waiting += [link for link in Page(answer.text).links if link.startswith("/")]
    return seen


def everything(outside: Outside) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all our tables, but for the audit trail."""
    with outside.session() as session:
        return {
            table.name: sorted(map(tuple, session.execute(sa.select(table))), key=repr)
            for table in schema.metadata().sorted_tables
            if table.name != AuditEntry.__tablename__
        }


def test_opening_every_link_and_pressing_every_button_changes_nothing(outside: Outside) -> None:
    outside.ask()
    before = everything(outside)
    (link,) = outside.links()
    with time_machine.travel(NOW):
        visited = scan(outside.app.test_client(), link)
    assert ("POST", link) in visited
    assert ("POST", "/peersupport/external") in visited
    assert everything(outside) == before
    assert outside.trail("external.refused") == []
    assert "Anna Vos" in outside.phone().open(link).text


def test_a_scanner_that_makes_up_a_code_only_adds_to_the_count(small_outside: Outside) -> None:
    outside = small_outside
    outside.ask()
    before = everything(outside)
    (link,) = outside.links()
    outside.phone().open(link, "test")
    after = everything(outside)
    code = "peersupport_external_code"
    assert [name for name in after if after[name] != before[name]] == [code]
    assert re.search(r"\b1\b", repr(after[code]))
    assert "Anna Vos" in outside.phone().open(link).text
