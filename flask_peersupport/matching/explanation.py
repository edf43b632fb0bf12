"""Why this supporter, and how many others were ruled out by which kind of rule (P13): as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ..i18n import gettext as _
from ..i18n import ngettext
from .need import Need
from .ranking import Score


def explain(
    need: Need, score: Score, counts: Mapping[str, int], *, is_known: bool = False
) -> dict[str, Any]:
    """Return codes and numbers only, fit for JSON; nobody is named.

    Args:
        need: of which colleague.
        score: of the supporter chosen.
        counts: how many supporters by the code of the first rule broken; "ok" counts all who
            could be asked, the one chosen among them.
        is_known: whether the supporter has supported this very colleague before.
    """
    return {
        **({"is_known": True} if is_known else {}),
        "is_same_profession": score.is_same_profession if need.profession else None,
        "deployments": score.deployments,
        "is_same_discipline": score.is_same_discipline if need.discipline else None,
        "is_same_seniority": score.is_same_seniority if need.seniority else None,
        "days_since_last": _days(score.last_deployed_at, need.at),
        "eligible_others": max(0, counts.get("ok", 0) - 1),
        "ruled_out": {code: n for code, n in counts.items() if code != "ok" and n},
    }


def _days(last: datetime | None, now: datetime) -> int | None:
    return None if last is None else max(0, (now - last).days)


def sentences(explanation: Mapping[str, Any]) -> list[str]:
    """Return the explanation for people, in the language in use."""
    found = [
        *([_("Supported this colleague before.")] if explanation.get("is_known") else []),
        *_fit(explanation),
        _load(explanation),
        *_rest(explanation),
        _others(explanation.get("eligible_others", 0)),
    ]
    ruled_out = explanation.get("ruled_out", {})
    found += [RULED_OUT[code](ruled_out[code]) for code in RULED_OUT if ruled_out.get(code)]
    return found


def _fit(explanation: Mapping[str, Any]) -> list[str]:
    found = []
    match explanation.get("is_same_profession"):
        case True:
            found.append(_("Same profession."))
        case False:
            found.append(_("Another profession."))
    match explanation.get("is_same_discipline"):
        case True:
            found.append(_("Same discipline."))
        case False:
            found.append(_("Another discipline."))
    match explanation.get("is_same_seniority"):
        case True:
            found.append(_("Same career stage."))
        case False:
            found.append(_("Another career stage."))
    return found


def _load(explanation: Mapping[str, Any]) -> str:
    count = explanation.get("deployments", 0)
    if not count:
        return _("Has not taken a reach-out yet.")
    return ngettext(
        "Has taken %(n)s reach-out so far.", "Has taken %(n)s reach-outs so far.", count
    )


def _rest(explanation: Mapping[str, Any]) -> list[str]:
    days = explanation.get("days_since_last")
    if days is None:
        return []
    return [ngettext("The last one was %(n)s day ago.", "The last one was %(n)s days ago.", days)]


def _others(count: int) -> str:
    if not count:
        return _("Nobody else could be asked now.")
    return ngettext(
        "%(n)s other supporter could be asked too.",
        "%(n)s other supporters could be asked too.",
        count,
    )


#: A sentence for each code of a hard rule, in the order of the rules.
RULED_OUT: Mapping[str, Callable[[int], str]] = {
    "not_appointed": lambda n: ngettext(
        "%(n)s is not an appointed supporter.", "%(n)s are not appointed supporters.", n
    ),
    "paused": lambda n: ngettext("%(n)s has paused.", "%(n)s have paused.", n),
    "absent": lambda n: ngettext("%(n)s is away.", "%(n)s are away.", n),
    "outside": lambda n: ngettext(
        "%(n)s does not fit the wish for somebody from inside or outside the hospital.",
        "%(n)s do not fit the wish for somebody from inside or outside the hospital.",
        n,
    ),
    "not_eligible": lambda n: ngettext(
        "%(n)s is not eligible for this colleague.", "%(n)s are not eligible for this colleague.", n
    ),
    "already_asked": lambda n: ngettext(
        "%(n)s was asked already, or is asked for another colleague of this report.",
        "%(n)s were asked already, or are asked for another colleague of this report.",
        n,
    ),
    "unknown_department": lambda n: ngettext(
        "%(n)s has no department that is in the list.",
        "%(n)s have no department that is in the list.",
        n,
    ),
    "own_department": lambda n: ngettext(
        "%(n)s works in the colleague's own department or that of the event.",
        "%(n)s work in the colleague's own department or that of the event.",
        n,
    ),
    "limit": lambda n: ngettext(
        "%(n)s has as many reach-outs as may be at once.",
        "%(n)s have as many reach-outs as may be at once.",
        n,
    ),
    "quarter_limit": lambda n: ngettext(
        "%(n)s has as many reach-outs as may be in a quarter.",
        "%(n)s have as many reach-outs as may be in a quarter.",
        n,
    ),
    "cool_down": lambda n: ngettext(
        "%(n)s took a reach-out not long ago, or is asked for one now.",
        "%(n)s took a reach-out not long ago, or are asked for one now.",
        n,
    ),
    "hours": lambda n: ngettext(
        "%(n)s is not asked at this hour.", "%(n)s are not asked at this hour.", n
    ),
    "night": lambda n: ngettext("%(n)s is not asked at night.", "%(n)s are not asked at night.", n),
}
