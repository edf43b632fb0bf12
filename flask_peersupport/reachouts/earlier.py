"""The offers before this one: a colleague may ask again after an offer has ended (P19)."""

from __future__ import annotations

from .models import ReachOut, ReportRecord


def with_earlier(reach_out: ReachOut) -> list[ReachOut]:
    """Return a reach-out and those after which the colleague asked again, the latest first."""
    found: list[ReachOut] = []
    one: ReachOut | None = reach_out
    while one is not None and one not in found:
        found.append(one)
        one = one.earlier
    return found


def known_supporter_id(reach_out: ReachOut) -> str | None:
    """Return who supported the colleague before, the last of them; None where nobody did."""
    earlier = with_earlier(reach_out)[1:]
    return next((one.supporter_id for one in earlier if one.supporter_id), None)


def reports_behind(reach_out: ReachOut) -> list[ReportRecord]:
    """Return the report of a reach-out, or of the one after which the colleague asked again."""
    return [one.report for one in with_earlier(reach_out) if one.report is not None]
