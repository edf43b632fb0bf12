"""The pages on load and care: a supporter's own, and the team's for coordinators (P29, P30)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.drafts import Draft, keeping_faults, typed
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..i18n import gettext as _
from ..runtime import current_runtime, current_session, local_today
from ..vault.seal import plain_name
from .actions import audit_supporter
from .care import STATUS_LABELS, distribution, years_of_use
from .care_queries import LoadRow, due_first, read_load, read_team_load
from .directory import directory_mode
from .informal import (
    COUNTED_WITHIN,
    count_informal,
    informal_totals,
    last_counted_today,
    own_informal,
    undo_informal,
)
from .informal_forms import read_informal
from .informal_rules import KIND_LABELS, InformalKind
from .models import Supporter
from .policy import is_supporter, own_supporter

blueprint = Blueprint("care", __name__)

#: As many years as the plot of quarters has room for on a telephone.
_YEARS = 3
_ORDERS = ("due", "load", "name")


@page(blueprint, "/supporters/me/load", allow=is_supporter)
def me() -> ResponseReturnValue:
    """Show supporters their own load, whether intervision is due, and what they counted."""
    session = current_session()
    return _own_page(session, own_supporter(session))


@page(blueprint, "/supporters/me/informal", allow=is_supporter, methods=("POST",))
def count() -> ResponseReturnValue:
    """Count that somebody came to a supporter of their own accord."""
    session = current_session()
    supporter = own_supporter(session)
    draft = typed(request.form)
    kind, day = read_informal(draft)
    if kind is not None and day is not None:
        with keeping_faults(session, draft.errors):
            count_informal(session, supporter, kind, day, actor=signed_in().person, now=utc_now())
    if draft.errors:
        return _own_page(session, supporter, draft)
    commit(session)
    flash(_("Counted."), "success")
    return redirect(url_for("peersupport.care.me", _anchor="informal"))


@page(blueprint, "/supporters/me/informal/undo", allow=is_supporter, methods=("POST",))
def undo() -> ResponseReturnValue:
    """Take back what was counted last, on the same day."""
    session = current_session()
    undo_informal(session, own_supporter(session), actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("Taken back."), "success")
    return redirect(url_for("peersupport.care.me", _anchor="informal"))


@page(blueprint, "/supporters/load", allow=policy.is_coordinator)
def team() -> ResponseReturnValue:
    """Show coordinators who carries what, how evenly it lies, and who is due for intervision."""
    session, now = current_session(), utc_now()
    rows = read_team_load(session, now)
    order = request.args.get("sort", "")
    order = order if order in _ORDERS else _ORDERS[0]
    context = {
        "spread": distribution(row.in_past_year for row in rows if not row.is_external),
        "informal": informal_totals(session, now),
        "due_count": sum(row.care.is_due for row in rows),
        "overdue_count": sum(row.care.is_overdue for row in rows),
    }
    record.record(session, "load.seen", actor=signed_in().person, now=now)
    commit(session)
    return render_template(
        "peersupport/care_team.html",
        rows=_ordered(rows, order),
        order=order,
        status_labels=STATUS_LABELS,
        kind_labels=KIND_LABELS,
        today=local_today(),
        **context,
    )


def _ordered(rows: list[LoadRow], order: str) -> list[LoadRow]:
    if order == "name":
        return rows
    if order == "load":
        return sorted(
            rows,
            key=lambda row: (-row.in_past_year, -row.open_count, plain_name(row.person.name)),
        )
    return due_first(rows)


def _own_page(
    session: orm.Session, supporter: Supporter, draft: Draft | None = None
) -> ResponseReturnValue:
    now, today = utc_now(), local_today()
    load = read_load(session, supporter, now)
    last = last_counted_today(session, supporter.id, now)
    context = {
        "informal": own_informal(session, supporter.id),
        "last": None if last is None else (last.kind, last.happened_on),
        "directory_mode": directory_mode(session).value,
        "is_listed": supporter.is_listed,
    }
    audit_supporter(session, supporter, "supporter.load_seen", signed_in().person, now)
    commit(session)
    html = render_template(
        "peersupport/care_me.html",
        load=load,
        years=years_of_use(load.by_month, today, most=_YEARS),
        status_labels=STATUS_LABELS,
        kind_labels=KIND_LABELS,
        kinds=list(InformalKind),
        draft=draft or Draft({"happened_on": today.isoformat()}),
        today=today,
        first_day=today - COUNTED_WITHIN,
        limit=current_runtime().settings.intervision_after,
        **context,
    )
    return html, 422 if draft is not None and draft.errors else 200
