"""Whose intervision is due, and whom the sessions of a year reached (P30, P32, P33)."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from ..access import policy
from ..access.actor import Actor
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..i18n import gettext as _
from ..runtime import current_session, local_today
from ..supporters.care import STATUS_LABELS
from .intervision import intervision_rows
from .policy import standing_of
from .reaching import reach_of_year, total_of, years_held
from .states import KIND_LABELS, REACHED_LABELS, Reached

blueprint = Blueprint("session_overviews", __name__)


def can_read_reach(actor: Actor) -> bool:
    """Trainers, coordinators and the board: these are figures without names."""
    return policy.is_trainer(actor) or "board" in actor.roles


@page(blueprint, "/sessions/intervision", allow=policy.is_trainer)
def intervision_due() -> ResponseReturnValue:
    """Show whose intervision is due; why, to coordinators only, for it tells of their load."""
    session, now, actor = current_session(), utc_now(), signed_in()
    is_all = request.args.get("show") == "all"
    rows = intervision_rows(session, now, is_due_only=not is_all)
    record.record(session, "intervision_due.seen", actor=actor.person, now=now)
    commit(session)
    return render_template(
        "peersupport/intervision.html",
        rows=rows,
        is_all=is_all,
        status_labels={code: _(text) for code, text in STATUS_LABELS.items()},
        has_reasons=policy.is_coordinator(actor),
    )


@page(blueprint, "/sessions/reached", allow=can_read_reach)
def reached() -> ResponseReturnValue:
    """Show how many people the sessions of a year reached, by kind and group."""
    session, actor = current_session(), signed_in()
    years = years_held(session, local_today())
    text = request.args.get("year", "")
    year = int(text) if text in [str(one) for one in years] else years[0]
    rows = reach_of_year(session, standing_of(session, actor, utc_now()), year)
    total = total_of(rows)
    commit(session)
    return render_template(
        "peersupport/reached.html",
        rows=[
            {
                "kind": _(KIND_LABELS[row.kind]),
                "sessions": row.sessions,
                "counts": _named(row.by_group),
                "by_name": row.by_name,
                "total": row.total,
            }
            for row in rows
        ],
        totals={
            "sessions": sum(row.sessions for row in rows),
            "counts": _named(total),
            "by_name": sum(row.by_name for row in rows),
            "total": sum(row.total for row in rows),
        },
        year=year,
        years=[(str(one), str(one)) for one in years],
        is_trainer=policy.is_trainer(actor),
    )


def _named(counts: Mapping[Reached, int]) -> list[tuple[int, str]]:
    """Return how many there are of each group of which there is anybody."""
    return [(counts[group], _(REACHED_LABELS[group])) for group in Reached if counts.get(group)]
