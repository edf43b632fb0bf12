"""A host behind a proxy, over https, with host matching and a strict Content-Security-Policy."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Request, expect
from werkzeug.serving import make_server

from flask_peersupport import PeerSupport
from flask_peersupport.errors import ConfigurationError
from flask_peersupport.intake.models import IntakeRecord
from tests.hosts import journey, strict
from tests.hosts.journey import STAFF, Host
from tests.hosts.strict.models import Account, db
from tests.hosts.strict.peersupport_setup import add_peersupport

ADDRESS = "127.0.0.1"
MOUNT = "/melden"
PAGES = f"{MOUNT}/collega"
REPORT = {"text": "A fall", "department": "Ward 1"}
PHONE = {"width": 390, "height": 844}
FAILED = (
    "Your report is stored. Your request for peer support follows a little later; "
    "if you would like to talk to somebody now, please call 050 123 4567."
)


@dataclass
class Proxy:
    """The hospital's proxy: it alone is public, and passes on what is under `MOUNT`, over http."""

    inner: Callable[..., Iterable[bytes]]
    host: str
    refused: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if environ["HTTP_HOST"] != self.host or not path.startswith(f"{MOUNT}/"):
            self.refused.append(f"{environ['HTTP_HOST']}{path}")
            start_response("502 Bad Gateway", [("Content-Type", "text/plain")])
            return [b"no such application"]
        passed = environ | {
            "wsgi.url_scheme": "http",
            "HTTP_HOST": "app7.internal:8000",
            "PATH_INFO": path.removeprefix(MOUNT),
            "HTTP_X_FORWARDED_FOR": environ.get("REMOTE_ADDR", ""),
            "HTTP_X_FORWARDED_PROTO": environ["wsgi.url_scheme"],
            "HTTP_X_FORWARDED_HOST": environ["HTTP_HOST"],
            "HTTP_X_FORWARDED_PREFIX": MOUNT,
        }
        return self.inner(passed, start_response)


class Visitor(FlaskClient):
    """Asks at the public address, and says where it comes from, as browsers do."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        address = f"https://{self.application.config['PUBLIC_HOST']}"
        kwargs.setdefault("base_url", address)
        kwargs["headers"] = {"Referer": f"{address}{MOUNT}/", **dict(kwargs.get("headers") or {})}
        return super().open(*args, **kwargs)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A free port, taken before the app is made: its rules name it."""
    with closing(socket.create_server((ADDRESS, 0))) as listening:
        yield listening


@pytest.fixture
def make_host(
    settings: dict[str, Any],
    close_later: Callable[[Flask], Flask],
    sqlite_url: str,
    listener: socket.socket,
) -> Callable[..., Host]:
    """Return a function that builds the host behind its proxy."""

    def build(url: str = sqlite_url, *, is_added: bool = True, **config: Any) -> Host:
        public = f"{ADDRESS}:{listener.getsockname()[1]}"
        settings["PUBLIC_HOST"] = public
        app = strict.create_app({**settings, "SQLALCHEMY_DATABASE_URI": url, **config})
        app.wsgi_app = Proxy(app.wsgi_app, public)  # type: ignore[method-assign]
        app.test_client_class = Visitor
        if is_added:
            add_peersupport(app)
        close_later(app)
        with app.app_context():
            db.drop_all()
            db.create_all()
            for login, person in STAFF.items():
                account = Account(login=login, full_name=person.name, mail=person.email)
                account.department = person.department
                db.session.add(account)
            db.session.commit()
        if app.extensions.get("peersupport"):
            journey.open_programme(app)
        return Host(app, sign_in, f"{MOUNT}/reports/new", REPORT, "<h1>Report 1</h1>", prefix=PAGES)

    return build


def sign_in(client: FlaskClient, username: str) -> None:
    page = client.get(f"{MOUNT}/sign-in").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    data = {"login": username, "csrf_token": token[1]}
    assert client.post(f"{MOUNT}/sign-in", data=data).headers["Location"] == f"{MOUNT}/"


def test_the_journey(make_host: Callable[..., Host], database_url: str) -> None:
    host = make_host(database_url)
    page = journey.run_journey(host)
    assert page.request.path == f"{MOUNT}/reports/1"
    assert host.app.wsgi_app.refused == []  # type: ignore[attr-defined]


def test_links_of_our_pages_stay_under_the_mount(make_host: Callable[..., Host]) -> None:
    host = make_host()
    journey.run_journey(host)
    client = host.client("selma")
    for path in ("", "requests", "supporters/me", "nothing"):
        text = client.get(f"{PAGES}/{path}").get_data(as_text=True)
        links = set(re.findall(r'(?:href|src|action)="(/[^"]*)"', text))
        assert links, path
        assert {link for link in links if not link.startswith(f"{PAGES}/")} == set(), path


def test_headers_of_the_host_are_its_own_and_ours_keep_our_promise(
    make_host: Callable[..., Host],
) -> None:
    host = make_host()
    client = host.client("rosa")
    for path in ("/reports/new", "/sign-in", "/static/style.css", "/nothing"):
        answer = client.get(f"{MOUNT}{path}")
        assert {name: answer.headers[name] for name in strict.HEADERS} == strict.HEADERS, path
    anonymous = host.client()
    for answer in (
        client.get(f"{PAGES}/"),
        client.get(f"{PAGES}/nothing"),
        client.post(f"{PAGES}/queue"),
        anonymous.get(f"{PAGES}/"),
    ):
        headers = answer.headers
        assert headers["Cache-Control"] == "no-store", answer.request.path
        assert headers["Referrer-Policy"] == "same-origin", answer.request.path
        for name in ("Content-Security-Policy", "X-Frame-Options", "Strict-Transport-Security"):
            assert headers.getlist(name) == [strict.HEADERS[name]]


def test_without_the_extension_and_switched_off_the_host_is_the_same(
    make_host: Callable[..., Host],
) -> None:
    off = make_host(PEERSUPPORT_ENABLED=False)
    switched_off = journey.answers(off), journey.answers(off, text="")
    without = make_host(is_added=False)
    assert switched_off == (journey.answers(without), journey.answers(without, text=""))
    assert switched_off[0][1][0] == "302 FOUND"


def test_a_host_name_is_wanted_where_hosts_are_matched(settings: dict[str, Any]) -> None:
    app = Flask(__name__, host_matching=True, static_host="reports.example")
    app.config.update(settings)
    with pytest.raises(ConfigurationError, match="PEERSUPPORT_HOST"):
        PeerSupport().init_app(app)


@dataclass
class Site:
    """The host at its public address, in Chromium, and all that went over the line."""

    host: Host
    origin: str
    browser: Browser
    faults: list[str] = field(default_factory=list)
    answers: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def sign_in(self, username: str) -> Page:
        """Return the page of somebody who signed in, on a telephone."""
        context = self.browser.new_context(
            viewport=PHONE,  # type: ignore[arg-type]
            ignore_https_errors=True,
            locale="en",
        )
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.add_init_script(
            "addEventListener('securitypolicyviolation',"
            " (event) => console.error(event.violatedDirective, event.blockedURI))"
        )
        page.on("console", lambda message: self.faults.append(message.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("requestfailed", self._note_failure)
        page.on("response", lambda one: self.answers.append((one.url, one.headers)))
        page.goto(f"{self.origin}{MOUNT}/")
        page.get_by_label("Account").fill(username)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("h1")).to_have_text("Report something")
        return page

    def _note_failure(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # an icon that the next page came before
            self.faults.append(f"failed: {request.url} {request.failure}")

    def report(self, page: Page) -> None:
        """Fill in what happened, and ask for support."""
        page.get_by_label("What happened?").fill("A fall")
        page.get_by_label("I would like support").check()

    def headers_of(self, path: str) -> dict[str, str]:
        """Return the headers of the last answer from an address that begins so."""
        start = f"{self.origin}{MOUNT}{path}"
        return next(headers for url, headers in reversed(self.answers) if url.startswith(start))


@pytest.fixture
def site(
    make_host: Callable[..., Host], listener: socket.socket, browser: Browser, tmp_path: Path
) -> Iterator[Site]:
    """The host, served over https."""
    host = make_host()
    server = make_server(
        ADDRESS,
        listener.getsockname()[1],
        host.app,
        threaded=True,
        fd=listener.fileno(),
        ssl_context=make_certificate(tmp_path),
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Site(host, f"https://{host.app.config['PUBLIC_HOST']}", browser)
    for context in browser.contexts:
        context.close()
    server.shutdown()
    thread.join()
    server.server_close()


def make_certificate(folder: Path) -> tuple[str, str]:
    """Write a certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ADDRESS)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(ADDRESS))]), False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(paths[0]), str(paths[1])


@pytest.mark.browser
def test_the_journey_in_chromium(site: Site) -> None:
    page = site.sign_in("rosa")
    site.report(page)
    page.get_by_text("Colleagues who were involved").click()
    name = page.locator('[data-ps-part="name"]')
    expect(name).to_have_count(1)
    name.press_sequentially("Anna")
    page.get_by_role("option", name="Anna Vos, Ward 2").click()
    expect(page.locator(".ps-picked")).to_have_text("Found in the staff list: Ward 2")
    page.get_by_role("button", name="Add a colleague").click()
    expect(name).to_have_count(2)
    name.nth(1).fill("Bram Smit")
    page.locator('[data-ps-part="wish"]').nth(1).select_option("no")
    page.get_by_role("button", name="Send").click()

    expect(page.locator("h1")).to_have_text("Thank you. You will be called.")
    page.get_by_label("by video").check()
    page.get_by_role("button", name="Save my wishes").click()
    expect(page.get_by_text("Your wishes have been saved.")).to_be_visible()
    page.get_by_role("link", name="Continue to the report").click()
    expect(page.locator("h1")).to_have_text("Report 1")
    assert site.headers_of("/reports/1") | lower(strict.HEADERS) == site.headers_of("/reports/1")
    assert [cookie["name"] for cookie in page.context.cookies()] == ["__Host-session"]

    journey.work(site.host.app)
    request_id, username = site.host.asked("Anna Vos")
    page = site.sign_in(username)
    page.goto(f"{site.origin}{PAGES}/")
    page.get_by_role("link", name="My requests").last.click()
    page.locator(f'a[href$="{request_id}"]').click()
    page.get_by_role("button", name="Yes").click()
    expect(page.get_by_text("anna@hospital.example")).to_be_visible()
    page.get_by_role("link", name="To your requests").click()
    expect(page.locator("h1")).to_have_text("Your requests")

    states = {one.name: one.state for one in journey.reach_outs(site.host.app)}
    assert states["Anna Vos"] == "accepted"
    assert set(states) == {"Anna Vos", "Rosa Reporter"}
    assert site.faults == []
    start = f"{site.origin}{MOUNT}/"
    assert [url for url, _headers in site.answers if not url.startswith(start)] == []
    assert site.host.app.wsgi_app.refused == []  # type: ignore[attr-defined]
    for url, headers in site.answers:
        if url.startswith(f"{site.origin}{PAGES}/") and "/static/" not in url:
            assert headers["cache-control"] == "no-store", url
            assert headers["referrer-policy"] == "same-origin", url
            assert headers["x-frame-options"] == "DENY", url
            assert "frame-ancestors 'none'" in headers["content-security-policy"], url


def lower(headers: dict[str, str]) -> dict[str, str]:
    """Return headers as Playwright names them."""
    return {name.lower(): text for name, text in headers.items()}


@pytest.mark.browser
def test_a_table_that_is_gone_costs_one_calm_sentence(site: Site) -> None:
    page = site.sign_in("rosa")
    with site.host.app.app_context():
        IntakeRecord.__table__.drop(db.engine)  # type: ignore[attr-defined]
    site.report(page)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("h1")).to_have_text("Report 1")
    messages = page.locator(".message").all_inner_texts()
    assert messages == ["Stored. The safety officer reads it today.", FAILED]
    assert page.get_by_text("050 123 4567").count() == 1
    assert site.faults == []
