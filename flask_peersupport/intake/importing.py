"""Taking in reports that were made elsewhere, from a file: all of them, or every fault by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO

from sqlalchemy import orm

from ..access.sheets import Fault, read_sheet
from ..audit import record
from ..errors import ImportFault
from ..i18n import gettext as _
from ..values import Person, Report
from ..vault.persons import is_same_person
from ..vault.seal import plain_name
from .import_rows import COLUMNS, ReportRow, differing_fields, read_row
from .payload import Payload
from .reconciling import is_known
from .step import MAX_COLLEAGUES, Step, step_fields
from .storing import insert_intake

_Rows = Sequence[ReportRow]


@dataclass(frozen=True, slots=True)
class ReportCounts:
    """What an import of reports did.

    Attributes:
        added: reports that were taken in.
        known: reports that were taken in before, which are left as they are.
        colleagues: named in those that were added.
    """

    added: int
    known: int
    colleagues: int


def import_reports(
    session: orm.Session,
    stream: IO[bytes],
    filename: str,
    *,
    actor: Person | str,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> ReportCounts:
    """Take in the reports of a CSV or XLSX file, one row a colleague (P1, P2).

    Rows with the same kind and reference are one report. One that was known once is left alone,
    also after it was forgotten. The worker makes the reach-outs, as after any report.

    Args:
        session: of the one transaction that the caller commits.
        stream: of the file.
        filename: its name.
        actor: whose doing it is, for the audit trail.
        now: aware.
        progress: called after each report with how many are done, of how many.

    Raises:
        ImportFault: with all faults; nothing was stored.
    """
    groups = _read(stream, filename, now)
    added = known = colleagues = 0
    for done, rows in enumerate(groups, 1):
        if is_known(session, rows[0].report, now):
            known += 1
        else:
            added += 1
            colleagues += sum(row.person is not None for row in rows)
            _store(session, rows, now)
        if progress is not None:
            progress(done, len(groups))
    record.record(session, "reports.imported", actor=actor, now=now)
    return ReportCounts(added, known, colleagues)


def _read(stream: IO[bytes], filename: str, now: datetime) -> list[_Rows]:
    """Return the rows of each report, in the order of the file."""
    sheet = read_sheet(stream, filename, COLUMNS)
    faults = list(sheet.faults)
    groups: dict[tuple[str, str], list[ReportRow]] = {}
    for cells in sheet.rows:
        row = read_row(cells, now=now, faults=faults)
        group = groups.setdefault((row.report.kind, row.report.ref), [])
        if row.report.kind and row.report.ref:
            faults.extend(_contradictions(row, group))
        group.append(row)
    if faults:
        raise ImportFault(sorted(dict.fromkeys(faults), key=lambda fault: fault[0]))
    return list(groups.values())


def _contradictions(row: ReportRow, earlier: _Rows) -> Iterator[Fault]:
    """Yield what does not fit the earlier rows of the same report."""
    if not earlier:
        return
    first = earlier[0]
    for header in differing_fields(first.report, row.report):
        sentence = _("Row %(row)s of the same report says something else.", row=first.number)
        yield row.number, f"{header}: {sentence}"
    same = next((one for one in earlier if _names_same(one.person, row.person)), None)
    if same is not None:
        sentence = _("This person is in row %(row)s too.", row=same.number)
        yield row.number, f"name: {sentence}"


def _names_same(one: Person | None, other: Person | None) -> bool:
    """Return whether two rows of one report name one person: as expansion would see it."""
    if one is None or other is None:
        return False
    is_alike = plain_name(one.name) == plain_name(other.name) and one.phone == other.phone
    return is_same_person(one, other) or (is_alike and not (one.email and other.email))


def _store(session: orm.Session, rows: _Rows, now: datetime) -> None:
    """Insert the sealed report, with the colleagues whom a reporter named as the step has them.

    A form has thirty rows at most; further colleagues come in as if it was sent again.
    """
    own = tuple(row.own for row in rows if row.own is not None)
    report = replace(rows[0].report, involved=own)
    named = [row.colleague for row in rows if row.colleague is not None]
    for start in range(0, max(1, len(named)), MAX_COLLEAGUES):
        part = named[start : start + MAX_COLLEAGUES]
        step = Step(rows=tuple(replace(row, index=number) for number, row in enumerate(part)))
        _insert(session, report, step, now)


def _insert(session: orm.Session, report: Report, step: Step, now: datetime) -> None:
    insert_intake(session, Payload(report, step_fields(step)), now=now)
