"""The doors of every page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue

from flask_peersupport.access import policy
from flask_peersupport.access.views import open_page, page
from tests.intake.conftest import STAFF, fill_host


@pytest.mark.parametrize("door", ["page", "open_page"])
def test_head_is_a_get_without_its_body(make_app: Callable[..., Flask], door: str) -> None:
    """A view that asks whether it was a GET, or else stores, stores nothing on a HEAD."""
    app = make_app()
    seen: list[str] = []
    blueprint = Blueprint("doors", __name__)
    options: dict[str, Any] = {"methods": ("GET", "POST")}
    add = (
        page(blueprint, "/door", allow=policy.anyone_signed_in, **options)
        if door == "page"
        else open_page(blueprint, "/door", **options)
    )

    @add
    def view() -> ResponseReturnValue:
        seen.append(request.method)
        return "a page"

    app.register_blueprint(blueprint)
    with app.app_context():
        fill_host(app)
    client = app.test_client()
    client.get(f"/login/{STAFF.anna}")
    answers = [client.head("/door"), client.get("/door")]

    assert [(one.status_code, one.data) for one in answers] == [(200, b""), (200, b"a page")]
    assert seen == ["GET", "GET"]
