"""The page on coverage: where supporters from elsewhere are missing (P8, P35)."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from ..access import policy
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..runtime import current_session, local_today
from .coverage_queries import read_coverage

blueprint = Blueprint("coverage", __name__)

#: Departments in the plot; the table has them all.
_IN_PLOT = 25
#: Departments that are named where one more supporter would do the same in many.
_NAMED = 6


@page(blueprint, "/supporters/coverage", allow=policy.is_coordinator)
def coverage() -> ResponseReturnValue:
    """Show departments and professions: gaps first, and where recruiting pays most."""
    session = current_session()
    found = read_coverage(session, local_today())
    record.record(session, "coverage.seen", actor=signed_in().person, now=utc_now())
    commit(session)
    lacking = [row for row in found.rows if row.gaps or row.thin]
    return render_template(
        "peersupport/coverage.html",
        coverage=found,
        lacking=lacking,
        others=found.rows[len(lacking) :],
        plotted=found.rows[:_IN_PLOT],
        named=_NAMED,
    )
