"""Tables to take away: nothing in them is a formula."""

from __future__ import annotations

import io

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_peersupport.access.export import Cell, write_workbook


def cells(content: bytes) -> list[list[tuple[object, str]]]:
    """Return the values and their types as a spreadsheet reads them."""
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows()]


@pytest.mark.parametrize(
    "text", ["=1+1", "+31 20 123", "-1", "@SUM(A1)", "=HYPERLINK(1)", "0123", "\t=1", "#N/A", "1E5"]
)
def test_a_text_stays_a_text(text: str) -> None:
    content = write_workbook("List", [text], [[text]])
    read = cells(content)
    assert read == [[(text.replace("\t", " "), "s")]] * 2
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert sheet["A2"].quotePrefix


def test_numbers_are_numbers_and_empty_cells_take_what_is_typed_as_text() -> None:
    content = write_workbook("List", ["BIG", "Hours"], [(None, 1.5)])
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert (sheet["B2"].value, sheet["B2"].data_type) == (1.5, "n")
    assert (sheet["A2"].value, sheet["A2"].number_format) == (None, "@")
    assert sheet.freeze_panes == "A2"


@pytest.mark.parametrize("title", ["a/b\\c*[?]:", "'" * 40, "", "x" * 99, "\x00"])
def test_any_title_will_do(title: str) -> None:
    assert cells(write_workbook(title, ["A"], [])) == [[("A", "s")]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), max_size=4))
def test_no_cell_is_ever_a_formula(rows: list[tuple[Cell, Cell]]) -> None:
    read = cells(write_workbook("List", ["=A", "B"], rows))
    assert len(read) == len(rows) + 1
    assert {kind for line in read for value, kind in line if value is not None} <= {"s"}
