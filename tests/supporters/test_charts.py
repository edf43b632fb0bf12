"""The plots: what they say to those who do not see them, and that they take any text and number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, get_template_attribute

TEMPLATE = "peersupport/_charts.html"


@pytest.fixture(autouse=True)
def _in_app(small_app: Flask) -> Iterator[None]:
    with small_app.test_request_context("/peersupport/"):
        yield


def bars(**given: Any) -> str:
    return str(get_template_attribute(TEMPLATE, "bars")("plot", "A plot", "What it shows", **given))


def heat(**given: Any) -> str:
    return str(get_template_attribute(TEMPLATE, "heat")("grid", "A grid", "What it shows", **given))


def texts(drawing: str) -> list[str]:
    return re.findall(r"<text [^>]*>([^<]*)</text>", drawing)


def tall(drawing: str) -> list[float]:
    return [float(one) for one in re.findall(r'ps-chart-bar"[^>]* height="([\d.]+)"', drawing)]


def test_a_plot_has_a_name_and_a_description() -> None:
    for drawing, name in ((bars(items=[]), "plot"), (heat(columns=[], rows=[], levels=[]), "grid")):
        assert f'role="img" aria-labelledby="{name}-title {name}-desc"' in drawing
        assert f'<title id="{name}-title">A {name}</title>' in drawing
        assert f'<desc id="{name}-desc">What it shows</desc>' in drawing


def test_bars_are_as_tall_as_their_numbers_and_say_them() -> None:
    items = [{"label": "a", "value": 8}, {"label": "b", "value": 4}, {"label": "c", "value": 0}]
    drawing = bars(items=items)
    assert tall(drawing) == [110.0, 55.0]
    assert texts(drawing) == ["8", "a", "4", "b", "0", "c"]


def test_a_one_stays_small_and_what_is_not_known_has_no_number() -> None:
    drawing = bars(items=[{"label": "a", "value": 1}, {"label": "b", "value": None}])
    assert tall(drawing) == [27.5]
    assert texts(drawing) == ["1", "a", "b"]


def test_a_group_is_written_once() -> None:
    items = [{"label": str(n), "value": n, "group": 2025 + n // 2} for n in range(4)]
    found = texts(bars(items=items))
    assert [text for text in found if text.startswith("20")] == ["2025", "2026"]


def test_a_grid_says_each_number_and_explains_its_levels() -> None:
    drawing = heat(
        columns=["nurse", "other health professional"],
        rows=[
            {"label": "IC", "cells": [{"value": 0, "level": 0}, {"value": 12, "level": 3}]},
            {"label": "OR", "cells": [{"value": 1, "level": 1}, {"value": 2, "level": 2}]},
        ],
        levels=["nobody", "one", "some", "many"],
    )
    assert texts(drawing) == [
        *("nurse", "other", "health", "professional"),
        *("IC", "0", "12", "OR", "1", "2"),
        *("nobody", "one", "some", "many"),
    ]
    # twice each, in the grid and in the explanation; the best has no pattern
    for level in range(4):
        assert drawing.count(f"ps-chart-cell ps-chart-level-{level}") == 2
        assert drawing.count(f"url(#grid-level-{level})") == (2 if level < 3 else 0)


def test_long_names_are_cut_and_kept_to_their_room() -> None:
    row = {"label": "Maag-, Darm- en Leverziekten", "cells": [{"value": 3, "level": 2}]}
    drawing = heat(columns=["nurse"], rows=[row], levels=[])
    assert "Maag-, Darm- en Le…" in texts(drawing)
    assert 'textLength="118"' in drawing


def test_many_columns_can_be_scrolled_with_the_keyboard() -> None:
    assert "tabindex" not in heat(columns=["a"] * 4, rows=[], levels=[])
    assert 'tabindex="0"' in heat(columns=["a"] * 5, rows=[], levels=[])


def test_names_are_text_and_there_is_neither_style_nor_script() -> None:
    wicked = "<script>x</script>"
    drawing = bars(items=[{"label": wicked, "value": 1, "group": wicked}]) + heat(
        columns=[wicked], rows=[{"label": wicked, "cells": []}], levels=[wicked]
    )
    assert "<script" not in drawing
    assert "style=" not in drawing
