"""What the doctor says about one thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial


class Level(StrEnum):
    """How bad it is. With a fault something does not work."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: a sentence, and what to do where it is not well."""

    level: Level
    sentence: str
    remedy: str = ""


ok = partial(Finding, Level.OK)
warning = partial(Finding, Level.WARNING)
fault = partial(Finding, Level.FAULT)

#: What a check is: it says what it finds, one after the other.
Findings = Iterator[Finding]


def has_faults(findings: Iterable[Finding]) -> bool:
    """Return whether something does not work."""
    return any(finding.level is Level.FAULT for finding in findings)


def listed(names: Iterable[str]) -> str:
    """Return names in order, each once, separated by commas.

    What a terminal would not print as it is becomes "?": hosts let people type such names.
    """
    plain = {"".join(c if c.isprintable() else "?" for c in name) for name in names}
    return ", ".join(sorted(plain))
