"""What the coordinators' pages of concerns show, as plain values: templates run no queries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy import orm

from ..access.actor import Actor
from ..i18n import format_date
from ..i18n import gettext as _
from ..reachouts.models import ReachOut
from ..reachouts.presentation import code_label, kind_label, state_label
from ..reachouts.queries import said_never_again
from ..runtime import current_runtime, local_date
from . import concern_rules as rules
from .concern_queries import count_other_concerns, open_reach_outs_about
from .models import Concern
from .states import CONCERN_STATE_LABELS, ConcernState


def concern_row(row: Concern) -> dict[str, Any]:
    """Return one concern of the list."""
    person = row.about.person if row.about else None
    return {
        "url": url_for("peersupport.concerns.concern_page", concern_id=row.id),
        "name": person.name if person else None,
        "department": person.department if person else None,
        "state": "needs_coordinator" if row.state is ConcernState.OPEN else row.state.value,
        "state_label": _(CONCERN_STATE_LABELS[row.state]),
        "made_at": row.made_at,
        "due_on": row.due_on,
    }


def concern_card(
    session: orm.Session, actor: Actor, found: Concern, now: datetime
) -> dict[str, Any]:
    """Return what a coordinator has to know to decide on a concern; never who raised it."""
    person = found.about.person if found.about else None
    professions = current_runtime().settings.professions
    return {
        "concern": concern_row(found)
        | {
            "phone": person.phone if person else None,
            "email": person.email if person else None,
            "profession_label": code_label(professions, person.profession if person else None),
            "may_be_told": found.may_be_told,
            "is_listed": bool(person and (person.user_id or person.email)),
        },
        "wants_no_approach": found.about is not None
        and said_never_again(session, found.about, now),
        "reach_outs": [
            (row.id, _reach_out_label(row))
            for row in open_reach_outs_about(session, actor, found, now)
        ],
        "concern_count": count_other_concerns(session, found, now),
        "urls": {
            name: url_for(f"peersupport.concerns.{name}", concern_id=found.id)
            for name in ("approach", "wait", "merge", "set_aside")
        },
        "list_url": url_for("peersupport.concerns.concerns"),
        "usual_days": rules.USUAL_DAYS,
        "most_days": rules.MOST_DAYS,
    }


def _reach_out_label(row: ReachOut) -> str:
    day = local_date(row.created_at)
    person = row.person
    parts = (person.name if person else None, kind_label(row), state_label(row), format_date(day))
    return " · ".join(filter(None, parts))
