"""Support that nobody asked the programme for: its kinds, and which figures may be shown (P29)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ..i18n import mark


class InformalKind(StrEnum):
    """What somebody came with."""

    EVENT = "event"
    CASE = "case"
    WORK = "work"
    PRIVATE = "private"
    OTHER = "other"


KIND_LABELS: Mapping[InformalKind, str] = {
    InformalKind.EVENT: mark("after an event at work"),
    InformalKind.CASE: mark("a complaint or a disciplinary case"),
    InformalKind.WORK: mark("worries about work or the team"),
    InformalKind.PRIVATE: mark("something private"),
    InformalKind.OTHER: mark("something else"),
}
#: Where kinds that are too rare to be shown by themselves are put together.
REST = "rest"


def by_kind_without_small(counts: Mapping[str, int], least: int) -> Mapping[str, int]:
    """Return the figures by kind, with those under `least` put together as `REST`.

    The rest is filled up from the smallest of the others until it reaches `least` too; so neither
    a figure shown nor a difference of figures shown is ever below it, and no kind is said to be
    without any. Empty where nothing can be shown but the total.

    Args:
        counts: by kind; those that are missing count as none.
        least: SMALL_CELL.
    """
    sizes = {kind.value: counts.get(kind.value, 0) for kind in InformalKind}
    by_size = sorted(sizes, key=lambda kind: (-sizes[kind], kind))
    shown = [kind for kind in by_size if sizes[kind] >= least]
    rest = sum(sizes.values()) - sum(sizes[kind] for kind in shown)
    while shown and len(shown) < len(sizes) and rest < least:
        rest += sizes[shown.pop()]
    if not shown:
        return {}
    found = {kind: sizes[kind] for kind in shown}
    return found if len(shown) == len(sizes) else found | {REST: rest}
