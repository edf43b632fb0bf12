"""Reading the tables that people hand in: CSV or XLSX, every fault by row, nothing guessed."""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import IO, Any

from ..errors import ImportFault
from ..i18n import gettext as _
from ..vault.seal import plain_name

#: The row number of faults of the file as a whole.
WHOLE_FILE = 0
MOST_ROWS = 5_000
MOST_BYTES = 5_000_000
LONGEST_CELL = 500
_MOST_COLUMNS = 100
#: The last row a spreadsheet can have; a file may claim more.
_LAST_ROW = 1_048_576
#: An XLSX is a compressed folder: a small one can be made to unpack to any size.
_MOST_BYTES_UNPACKED = 100_000_000
_FORMULA = ("=", "+", "-", "@")
_DELIMITERS = ";,\t"

Fault = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its code, the headers that are accepted, and what is let in.

    `is_signed`: a cell may begin with "+", as telephone numbers do.
    """

    code: str
    headers: tuple[str, ...]
    is_required: bool = False
    is_signed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number as a spreadsheet shows it, and its cells by code, "" where empty."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table that could be read: rows, which columns it has, and the faults of its cells."""

    rows: list[Row]
    columns: frozenset[str]
    faults: list[Fault] = field(default_factory=list)


def read_sheet(stream: IO[bytes], filename: str, columns: Sequence[Column]) -> Sheet:
    """Read a table; what it holds is CSV unless its name or first bytes say XLSX.

    Raises:
        ImportFault: the file as a whole cannot be read.
    """
    content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise _whole(_("The file is too large; at most %(n)s MB.", n=MOST_BYTES // 1_000_000))
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise _whole(_("The file is empty."))
    if content.startswith(b"PK") or filename.lower().endswith((".xlsx", ".xlsm", ".xls")):
        return _sheet(_read_xlsx(content), columns)
    return _sheet(_read_csv(content), columns)


def cell_fault(text: str) -> str | None:
    """Return what is wrong with a text that a spreadsheet may show some day, or None."""
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        return _("“%(text)s” contains a control character.", text=_shown(text))
    if text.startswith(_FORMULA):
        return _("“%(text)s” begins like a formula.", text=_shown(text))
    if len(text) > LONGEST_CELL:
        return _("A cell is too long; at most %(n)s characters.", n=LONGEST_CELL)
    return None


def read_date(text: str) -> date:
    """Read YYYY-MM-DD or DD-MM-YYYY.

    Raises:
        ValueError: it is neither.
    """
    parts = text.split("-")
    if len(parts) == 3 and [len(part) for part in parts] == [2, 2, 4]:
        parts.reverse()
    if [len(part) for part in parts] != [4, 2, 2]:
        raise ValueError(text)
    return date.fromisoformat("-".join(parts))


def _whole(sentence: str) -> ImportFault:
    return ImportFault([(WHOLE_FILE, sentence)])


def _shown(text: str) -> str:
    """Return the beginning of a cell, fit to show."""
    return "".join(c if c.isprintable() else "·" for c in text[:40])


def _read_csv(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        advice = _("The file is not in UTF-8. In Excel, save it as “CSV UTF-8”.")
        raise _whole(advice) from None
    if not text.strip():  # other blanks than those of ASCII
        raise _whole(_("The file is empty."))
    first = next(line for line in text.splitlines() if line.strip())
    skipped = 0
    if first.lower() in {f"sep={delimiter}" for delimiter in _DELIMITERS}:  # Excel's own line
        skipped, delimiter = 1, first[4]
        text = text[text.index("\n") + 1 :] if "\n" in text else ""
    else:
        delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = skipped
    try:
        for number, cells in enumerate(reader, skipped + 1):
            yield number, cells
    except csv.Error:
        sentence = _("The quotation marks in or after this row are not closed.")
        raise ImportFault([(number + 1, sentence)]) from None


def _read_xlsx(content: bytes) -> Iterator[tuple[int, list[str]]]:
    # B6: openpyxl is loaded when somebody hands in a workbook
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            size = sum(part.file_size for part in packed.infolist())
        if size > _MOST_BYTES_UNPACKED:
            raise _whole(_("The file is too large when unpacked."))
        workbook = load_workbook(io.BytesIO(content), read_only=True)
        sheet = workbook.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its own size need not be true
        rows: list[tuple[int, list[str]]] = []
        lines = sheet.iter_rows(max_row=_LAST_ROW, max_col=_MOST_COLUMNS, values_only=True)
        for number, values in enumerate(lines, 1):
            cells = [_text_of(value) for value in values]
            if any(cells):
                rows.append((number, cells))
            if len(rows) > MOST_ROWS + 1:
                break
        workbook.close()
    except ImportFault:
        raise
    except Exception as error:  # a damaged workbook makes openpyxl raise anything at all
        advice = _("This is not an XLSX file that can be read. Save it anew as XLSX or CSV UTF-8.")
        raise _whole(advice) from error
    yield from rows


def _text_of(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(" ", "seconds")
        case date():
            return value.isoformat()
        case str() | int() | float():
            return str(value)
        case _:
            return "=?"  # an array formula: refused as every formula is


def _sheet(lines: Iterator[tuple[int, list[str]]], columns: Sequence[Column]) -> Sheet:
    filled = ((number, cells) for number, cells in lines if any(cell.strip() for cell in cells))
    number, header = next(filled, (1, []))
    order = _order_of(number, header, columns)
    by_code = {column.code: column for column in columns}
    rows: list[Row] = []
    faults: list[Fault] = []
    for number, cells in filled:
        if len(rows) == MOST_ROWS:
            raise _whole(_("The file has too many rows; at most %(n)s.", n=MOST_ROWS))
        if any(cell.strip() for cell in cells[len(order) :]):
            faults.append((number, _("This row has more cells than there are headers.")))
        found = dict.fromkeys((code for code in order if code), "")
        for code, cell in zip(order, cells, strict=False):
            text = cell.strip()
            if code is None:
                if text:
                    faults.append((number, _("A column with content has no header.")))
                continue
            signed = by_code[code].is_signed and text.startswith("+")
            fault = cell_fault(text.removeprefix("+") if signed else text)
            if fault:
                faults.append((number, fault))
            found[code] = text
        rows.append(Row(number, found))
    if not rows:
        raise _whole(_("The file has headers, but no rows."))
    return Sheet(rows, frozenset(code for code in order if code), faults)


def _order_of(number: int, header: list[str], columns: Sequence[Column]) -> list[str | None]:
    """Return the code of each column of the file; None for one without a header."""
    codes = {plain_name(name): column.code for column in columns for name in column.headers}
    order: list[str | None] = []
    faults: list[Fault] = []
    possible = ", ".join(column.headers[0] for column in columns)
    for cell in header:
        plain = plain_name(cell)
        code = codes.get(plain)
        if plain and code is None:
            sentence = _(
                "The column “%(name)s” is not known. Possible: %(possible)s.",
                name=_shown(cell.strip()),
                possible=possible,
            )
            faults.append((number, sentence))
        elif code is not None and code in order:
            faults.append((number, _("The column “%(name)s” is there twice.", name=_shown(cell))))
        order.append(code)
    for column in columns:
        if column.is_required and column.code not in order and not faults:
            name = column.headers[0]
            faults.append((number, _("The column “%(name)s” is missing.", name=name)))
    if faults:
        raise ImportFault(faults)
    return order
