"""The reports that were found afterwards, for a coordinator to look at."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..access import policy
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..errors import NotAllowed
from ..i18n import gettext as _
from ..i18n import ngettext
from ..runtime import current_runtime, current_session
from .found import count_reach_outs, found_page, look_at
from .models import ReportRecord
from .paging import read_key, text_of_key
from .presentation import code_label
from .queries import PAGE_SIZE

blueprint = Blueprint("found", __name__)


@page(blueprint, "/queue/found", allow=policy.is_coordinator)
def found() -> ResponseReturnValue:
    """List the reports that nobody has looked at yet, those that were found first at the top."""
    session, now, actor = current_session(), utc_now(), signed_in()
    rows, next_key = found_page(session, actor, now=now, after=read_key())
    counts = count_reach_outs(session, [row.id for row in rows])
    context = {
        "rows": [_row(row, counts.get(row.id, 0)) for row in rows],
        "next_page_url": url_for(".found", after=text_of_key(next_key)) if next_key else None,
        "all_done_url": url_for(".all_done"),
        "queue_url": url_for("peersupport.queue.queue"),
    }
    record.record(session, "found_reports.seen", actor=actor.person, now=now)
    commit(session)
    return render_template("peersupport/found.html", **context)


@page(blueprint, "/queue/found/<report_id>/done", allow=policy.is_coordinator, methods=("POST",))
def done(report_id: str) -> ResponseReturnValue:
    """Take one report from the list."""
    session = current_session()
    if not look_at(session, [report_id], actor=signed_in(), now=utc_now()):
        raise NotAllowed
    commit(session)
    flash(_("Noted: you have looked at this report."), "success")
    return redirect(url_for(".found"))


@page(blueprint, "/queue/found/done", allow=policy.is_coordinator, methods=("POST",))
def all_done() -> ResponseReturnValue:
    """Take the reports of a page from the list; those that came meanwhile stay."""
    session = current_session()
    chosen = request.form.getlist("report")[:PAGE_SIZE]
    seen = look_at(session, chosen, actor=signed_in(), now=utc_now())
    commit(session)
    if seen:
        text = ngettext(
            "Noted: you have looked at this report.",
            "Noted: you have looked at these %(n)s reports.",
            len(seen),
        )
        flash(text, "success")
    return redirect(url_for(".found"))


def _row(report: ReportRecord, reach_out_count: int) -> dict[str, Any]:
    kinds = current_runtime().settings.kinds
    return {
        "id": report.id,
        "kind_label": code_label(kinds, report.kind) or report.kind,
        "ref": None if report.is_deleted else report.ref,
        "url": report.url,
        "department": report.department,
        "reported_at": report.reported_at,
        "reach_out_count": reach_out_count,
        "done_url": url_for(".done", report_id=report.id),
    }
