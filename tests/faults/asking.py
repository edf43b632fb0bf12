"""One run of a style: the requests that are sent, and all that came back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.faults.host import ROSA, ROSA_NAME, Host
from tests.faults.styles import Style

#: So many colleagues, with texts as long as they may be, that the row needs 10 kB.
MANY = 8
LONG = "Lorem ipsum dolor sit amet " * 7


@dataclass(frozen=True)
class Reply:
    """What a browser got: all but what the session cookie flashes, which stands apart."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    session: tuple[tuple[str, Any], ...]
    flashes: tuple[tuple[str, str], ...]


def described(title: str) -> str:
    """Return the colleague whom the report itself names."""
    return f"Described in {title}"


def typed(title: str, *, is_large: bool) -> list[str]:
    """Return the colleagues whom the reporter types into the step."""
    count = MANY if is_large else 1
    return [f"Typed {number} in {title}" for number in range(count)]


def form_of(style: Style, title: str, *, is_large: bool) -> dict[str, str]:
    """Return what is posted: the host's fields and the step's."""
    form = {"title": title, "colleague": described(title)}
    if not style.has_step:
        return form
    form["peersupport-me"] = "1"
    for number, name in enumerate(typed(title, is_large=is_large)):
        row = f"peersupport-colleagues-{number}"
        form[f"{row}-name"] = name
        if is_large:
            for field in ("department", "discipline", "seniority", "profession", "user"):
                form[f"{row}-{field}"] = f"{LONG} {number}"
    return form


def names_of(style: Style, title: str, *, is_large: bool, has_reporter: bool) -> list[str]:
    """Return everybody who is to be reached out to, by name."""
    posted = typed(title, is_large=is_large) if style.has_step else []
    reporter = [ROSA_NAME] if style.has_step and has_reporter else []
    return sorted([described(title), *reporter, *posted])


def ask(host: Host, style: Style, title: str, *, is_large: bool) -> Reply:
    """Send one report as Rosa, from a browser of its own."""
    client = host.app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = str(ROSA)
        session["_fresh"] = True
    before = client.get_cookie("session")
    response = client.post(
        f"/{style.name}",
        data=form_of(style, title, is_large=is_large),
        base_url="http://localhost",
    )
    cookie = client.get_cookie("session")
    assert before is not None
    assert cookie is not None
    signer = host.app.session_interface.get_signing_serializer(host.app)  # type: ignore[attr-defined]
    content = signer.loads(cookie.value)
    flashes = content.pop("_flashes", [])
    headers = [(name, _without_value(name, value)) for name, value in response.headers]
    return Reply(
        response.status_code,
        tuple(headers),
        response.data,
        tuple(sorted(content.items())),
        tuple((category, text) for category, text in flashes),
    )


def _without_value(name: str, value: str) -> str:
    """Leave out what the session cookie holds; its content is compared by itself."""
    if name == "Set-Cookie" and value.startswith("session="):
        return "session; " + value.partition("; ")[2]
    return value
