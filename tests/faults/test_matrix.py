"""Host style × fault × database: the host is as without us, and no report loses its reach-outs.

Shortened here: all on SQLite, a share on the servers, four kills a style. PEERSUPPORT_SWEEP=full
takes all; `python -m tests.faults` does too, and writes docs/reliability.md.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.choice import IS_WHOLE, PLACES, Place, open_bench, styles_of
from tests.faults.databases import Bench
from tests.faults.faults import FAULTS, Fault, why_not
from tests.faults.killing import Killing
from tests.faults.matrix import Baselines, differences
from tests.faults.report import REPORT, labels_in
from tests.faults.styles import STYLES, Style

pytestmark = pytest.mark.sweep
#: What is killed in the shortened run where our tables are in a file of their own.
APART = [style for style in STYLES if style.name in ("watch-commit", "core-begin", "issued-again")]


@dataclass
class Ground:
    """A place with what the runs on it share."""

    place: Place
    bench: Bench
    baselines: Baselines
    killing: Killing


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(place, marks=[pytest.mark.database] if place.server else [], id=place.name)
        for place in PLACES
    ],
)
def ground(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """Each database in turn, with hosts that all its cells share."""
    place: Place = request.param
    database = request.getfixturevalue(f"{place.name}_database") if place.server else None
    with open_bench(place, tmp_path_factory.mktemp(place.name), database) as bench:
        killing = Killing(bench)
        yield Ground(place, bench, Baselines(bench), killing)
        killing.close()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep the many complaints to ourselves: what is logged is tested elsewhere."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_host_is_as_without_us_and_nothing_is_lost(ground: Ground, fault: Fault) -> None:
    bench = ground.bench
    styles = styles_of(ground.place, fault)
    reasons = {style.name: why_not(style, fault, bench) for style in styles}
    tried = [style for style in styles if not reasons[style.name]]
    found = {style.name: differences(bench, ground.baselines, style, fault) for style in tried}
    assert {name: told for name, told in found.items() if told} == {}
    if not tried:
        pytest.skip(" or ".join(sorted(set(reasons.values()))))


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_a_kill_at_any_step_loses_nothing(ground: Ground, style: Style) -> None:
    killing = ground.killing
    if ground.place.is_apart and not IS_WHOLE and style not in APART:
        pytest.skip("SQLite with our tables apart: a few styles are killed, unless swept")
    assert killing.step_differences(style) == []
    moments = killing.moments(style) if IS_WHOLE else killing.some_moments(style)
    found = {moment: killing.differences(style, moment) for moment in moments}
    assert {moment: told for moment, told in found.items() if told} == {}


def test_the_report_names_all_that_is_tried() -> None:
    text = Path(REPORT).read_text("utf-8")
    assert labels_in(text, "Host styles") == [style.label for style in STYLES]
    assert labels_in(text, "Faults") == [fault.label for fault in FAULTS]
    assert "differences: 0" in text
