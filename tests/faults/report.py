"""docs/reliability.md: what was tried, and what came of it."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.faults.choice import Place
from tests.faults.faults import FAULTS
from tests.faults.styles import STYLES

REPORT = Path(__file__).parents[2] / "docs" / "reliability.md"


@dataclass
class Results:
    """What came of one database.

    Attributes:
        place: the database.
        version: of the server.
        cells: by style and fault: the differences, or why the cell makes no sense.
        kills: by style: how many kills.
        kill_differences: by style.
    """

    place: Place
    version: str
    cells: dict[tuple[str, str], list[str] | str] = field(default_factory=dict)
    kills: dict[str, int] = field(default_factory=dict)
    kill_differences: dict[str, list[str]] = field(default_factory=dict)

    @property
    def tried(self) -> int:
        """The number of cells that were tried."""
        return sum(isinstance(found, list) for found in self.cells.values())

    @property
    def differences(self) -> int:
        """The number of cells and kills with a difference."""
        of_cells = sum(bool(found) for found in self.cells.values() if isinstance(found, list))
        return of_cells + sum(len(found) for found in self.kill_differences.values())


def labels_in(text: str, heading: str) -> list[str]:
    """Return the numbered list under a heading."""
    part = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\d+\. (.*)$", part, flags=re.MULTILINE)


def render(results: Sequence[Results]) -> str:
    """Return the text of docs/reliability.md."""
    return "\n".join(
        [
            _OPENING.format(
                cells=sum(one.tried for one in results),
                kills=sum(sum(one.kills.values()) for one in results),
                differences=sum(one.differences for one in results),
                styles=len(STYLES),
                faults=len(FAULTS),
                databases=len(results),
            ),
            "## Host styles\n",
            *_numbered(style.label for style in STYLES),
            "\n## Faults\n",
            *_numbered(fault.label for fault in FAULTS),
            "",
            _EXCEPTIONS.format(
                page=_number_of("watch-page", STYLES),
                adapter=_number_of("adapter-raises", FAULTS),
                spool=_number_of("spool-unwritable", FAULTS),
                keyring=_number_of("keyring-missing", FAULTS),
            ),
            *(line for one in results for line in _table(one)),
            "## Made with\n",
            f"Python {platform.python_version()}, SQLAlchemy {sa.__version__}, "
            f"Flask {version('flask')}, Flask-SQLAlchemy {version('flask-sqlalchemy')}; "
            + "; ".join(f"{one.place.label}: {one.version}" for one in results)
            + ".",
            "",
            _AGAIN,
        ]
    )


def _number_of(name: str, among: Sequence[Any]) -> int:
    return next(number for number, one in enumerate(among, 1) if one.name == name)


def _numbered(labels: Iterable[str]) -> list[str]:
    return [f"{number}. {label}" for number, label in enumerate(labels, 1)]


def _table(one: Results) -> list[str]:
    reasons: list[str] = []
    lines = [
        f"## {one.place.label}\n",
        "| style | " + " | ".join(str(n) for n in range(1, len(FAULTS) + 1)) + " | kills |",
        "|---|" + "---|" * (len(FAULTS) + 1),
    ]
    for number, style in enumerate(STYLES, 1):
        marks = [_mark(one.cells[style.name, fault.name], reasons) for fault in FAULTS]
        is_clean = not one.kill_differences.get(style.name)
        kills = f"{one.kills.get(style.name, 0)} {'✓' if is_clean else '✗'}"
        lines.append(f"| {number} | {' | '.join(marks)} | {kills} |")
    lines.append("")
    lines += [f"{_letter(at)}: {reason}.  " for at, reason in enumerate(reasons)]
    total = sum(one.kills.values())
    lines.append(f"\n{one.tried} cells, {total} kills, differences: {one.differences}.\n")
    return lines


def _mark(found: list[str] | str, reasons: list[str]) -> str:
    if isinstance(found, list):
        return "✗" if found else "✓"
    if found not in reasons:
        reasons.append(found)
    return f"– {_letter(reasons.index(found))}"


def _letter(at: int) -> str:
    return "abcdefghijklmnopqrstuvwxyz"[at]


_OPENING = """# What happens when something goes wrong

This page is written by `python -m tests.faults`, which tries it all: {styles} ways in which hosts
store a report × {faults} things that go wrong × {databases} databases, and besides a `kill -9` of
the host's process before and after every step of its request in the database.

**{cells} cells, {kills} kills, differences: {differences}.**

## What this means for a hospital

- Adding peer support changes nothing about how reports are stored. In every cell the host's rows,
  the status, the headers and the body of its answers are those of the same host without the
  extension; where a fault would hit the host as well (SQLite has one lock for all), it hits both
  alike.
- Whatever fails on our side, the report is stored. Every report that was committed ended in
  exactly its reach-outs once the fault was gone, every report that was not committed in none; no
  colleague was named twice.
- What a reporter notices is one calm sentence with the telephone number, where the answer was no
  error and something was asked for. It says whether the request follows a little later or did not
  get through.
- What needs you: keep the worker running, mend what `flask peersupport doctor` names, and after an
  outage or a crash run `flask peersupport reconcile --since DATE`. Reports that nobody told of are
  found by that alone.
"""

_EXCEPTIONS = """## What is agreed

- ✓: no difference. –: the cell makes no sense, with the reason below the table.
- The flashed sentence is in the session cookie, and is checked word for word; so is the thanks
  where all went well. With `PEERSUPPORT_AFTER_REPORT` at `page` the Location of a redirect is ours
  by design (style {page}); all other styles run with `message`.
- Killed between a commit and a later signal, or stored by a bulk insert: nobody knows what was
  typed into the step. `reconcile` brings the report back without those names, and a coordinator
  sees that it was found. The same holds for faults {spool} and {keyring}, where neither the
  database nor the spool could take anything; there the sentence asks the reporter to call.
- Where nobody can say who is signed in (fault {adapter}) and the report names no reporter, the
  colleagues are taken in and the reporter is asked to call.
- The full disk is one on which our row cannot be written. A disk that is found full only at the
  host's commit was not tried: that commit fails, aloud, for the report and our row together.
- Killed means SIGKILL of the process. The power of the machine was not cut off.
- Host steps: in each style the statements and commits that change what the host has stored are,
  in number and order, those of the host without the extension.
"""

_AGAIN = """## Making it anew

```console
PEERSUPPORT_TEST_POSTGRESQL=… PEERSUPPORT_TEST_MARIADB=… python -m tests.faults
```

It takes some fifteen minutes on two cores. A full disk is tried on PostgreSQL where the tests run
as root beside the server. `pytest tests/faults` runs a fixed choice; with `PEERSUPPORT_SWEEP=full`
all of it.
"""
