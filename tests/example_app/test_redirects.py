"""The language can be switched on every page, also on one that answers a form."""

from __future__ import annotations

import pytest
from flask import Flask

from example_app.views.redirects import here

STEP = "/peersupport/reach-outs/1/close"


@pytest.mark.parametrize(
    ("address", "method", "referrer", "wanted"),
    [
        ("/incidents?page=2", "GET", None, "/incidents?page=2"),
        ("/incidents", "GET", f"http://localhost{STEP}", "/incidents"),
        (STEP, "POST", "http://localhost/peersupport/reach-outs/1", "/peersupport/reach-outs/1"),
        (STEP, "POST", "http://localhost/incidents?page=2", "/incidents?page=2"),
        (STEP, "POST", "http://elsewhere.example/incidents", "/"),
        (STEP, "POST", None, "/"),
    ],
)
def test_the_switch_leads_back_to_a_page(
    example: Flask, address: str, method: str, referrer: str | None, wanted: str
) -> None:
    headers = {"Referer": referrer} if referrer else {}
    with example.test_request_context(address, method=method, headers=headers):
        assert here() == wanted
