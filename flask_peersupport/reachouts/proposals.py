"""Whom a coordinator could ask by hand, and why not the others (P13)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..i18n import gettext as _
from ..i18n import ngettext
from ..matching.criteria import MESSAGES
from ..matching.explanation import explain, sentences
from ..matching.queries import candidates, ruled_out
from ..matching.ranking import score
from ..runtime import current_runtime
from ..supporters.models import Supporter
from .earlier import known_supporter_id
from .models import ReachOut
from .needs import limits, need_of
from .presentation import code_label
from .states import RequestState

SHOWN = 8


def proposals_for(
    session: orm.Session, reach_out: ReachOut, *, now: datetime
) -> tuple[list[dict[str, Any]], list[tuple[str, int]]]:
    """Return the best supporters with the reason for each, and how many a rule excludes.

    Those asked before are shown too, but for who is asked now: a coordinator may ask them again.
    """
    need = need_of(session, reach_out, now=now, by_day=True)
    if need is None:
        return [], []
    asked = {r.supporter_id for r in reach_out.requests if r.state is RequestState.ASKED}
    need = replace(need, excluded_supporters=frozenset(asked))
    found = candidates(session, need, limits(), limit=SHOWN, with_account_only=False)
    ids = [candidate.facts.id for candidate in found]
    supporters = {
        supporter.id: supporter
        for supporter in session.scalars(sa.select(Supporter).where(Supporter.id.in_(ids)))
    }
    counts = ruled_out(session, need, limits())
    settings = current_runtime().settings
    rows = []
    known_id = known_supporter_id(reach_out)
    for candidate in sorted(found, key=lambda one: one.facts.id != known_id):
        facts = candidate.facts
        reason = explain(need, score(need, facts), {"ok": 1}, is_known=facts.id == known_id)
        reason.pop("eligible_others")
        rows.append(
            {
                "supporter_id": facts.id,
                "name": supporters[facts.id].record.person.name,
                "department": "; ".join(candidate.department_names),
                "profession_label": code_label(settings.professions, facts.profession),
                "load": _load(facts.open_count, supporters[facts.id].is_asked_by_mail),
                "sentences": sentences(reason)[:-1],
            }
        )
    return rows, [(_(MESSAGES[code]), count) for code, count in counts.items()]


def _load(open_count: int, is_asked_by_mail: bool) -> str:
    load = ngettext("%(n)s open now", "%(n)s open now", open_count)
    to_call = _("to be called: has no account")
    return load if is_asked_by_mail else f"{load}, {to_call}"
