"""The first page: what this person can do here, and what waits for them."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from .access import policy
from .access.views import page, signed_in
from .clock import utc_now
from .navigation import pages_for

blueprint = Blueprint("home", __name__)


@page(blueprint, "/", allow=policy.anyone_signed_in)
def home() -> ResponseReturnValue:
    """Show the pages of this person: their work, with what waits there, and everybody's."""
    pages = pages_for(signed_in(), utc_now())
    return render_template("peersupport/home.html", work=pages.work, own=pages.own)
