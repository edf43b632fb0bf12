"""The one writer of tables to take away: no cell of it is ever run as a formula.

XLSX rather than CSV: a spreadsheet would guess at the cells of a CSV, and turn "=1+1" into a
formula and a registration number that begins with a zero into another number.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Control characters, and halves of characters: XML has no place for them.
_UNFIT = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]+")
_LONGEST_CELL = 32_767
_WIDEST = 48
_TEXT = "@"

Cell = str | int | float | None


def write_workbook(title: str, headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a workbook with one sheet: a row of headers, and the rows.

    Texts stay texts, whatever they begin with, and so does what is typed into an empty cell.

    Args:
        title: of the sheet.
        headers: one a column.
        rows: texts, numbers, or None for a cell to fill in by hand.
    """
    # B6: openpyxl is loaded when somebody takes a table away
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = re.sub(r"[\\/*?:\[\]]", " ", _fit(title))[:31].strip("' ") or "1"
    widths = [len(header) for header in headers]
    for number, values in enumerate((headers, *rows), 1):
        for column, value in enumerate(values, 1):
            cell = sheet.cell(number, column)
            if value is None or isinstance(value, str):
                cell.number_format = _TEXT
            if isinstance(value, str):
                cell.value = _fit(value)
                cell.data_type = "s"  # openpyxl would take "=…" for a formula
                cell.quotePrefix = True
            elif value is not None:
                cell.value = value
            if number == 1:
                cell.font = Font(bold=True)
            widths[column - 1] = max(widths[column - 1], len(str(value or "")))
    for column, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(column)].width = min(width, _WIDEST) + 2
    sheet.freeze_panes = "A2"
    made = io.BytesIO()
    workbook.save(made)
    return made.getvalue()


def _fit(text: str) -> str:
    return _UNFIT.sub(" ", text)[:_LONGEST_CELL]
