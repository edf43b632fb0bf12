"""The whole matrix on one database."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from pathlib import Path

from tests.faults.choice import Place, open_bench
from tests.faults.databases import Bench
from tests.faults.faults import FAULTS, why_not
from tests.faults.killing import Killing
from tests.faults.matrix import Baselines, differences
from tests.faults.report import Results
from tests.faults.styles import STYLES
from tests.servers import ServerDatabase


def run(place: Place) -> Results:
    """Run all cells and all kills on one database."""
    logging.disable(logging.CRITICAL)
    database = ServerDatabase(os.environ[place.server]) if place.server else None
    begun = time.monotonic()
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            open_bench(place, Path(folder), database) as bench,
        ):
            results = Results(place, bench.version())
            _run_cells(bench, results)
            _run_kills(bench, results)
    finally:
        if database is not None:
            database.drop()
    seconds = round(time.monotonic() - begun)
    print(f"{place.label}: {results.tried} cells, {sum(results.kills.values())} kills, ", end="")
    print(f"differences: {results.differences}, {seconds} s", flush=True)
    return results


def _run_cells(bench: Bench, results: Results) -> None:
    baselines = Baselines(bench)
    for fault in FAULTS:
        for style in STYLES:
            reason = why_not(style, fault, bench)
            found = reason or differences(bench, baselines, style, fault)
            results.cells[style.name, fault.name] = found
            _tell(f"{results.place.name}: {style.name} × {fault.name}", found)


def _run_kills(bench: Bench, results: Results) -> None:
    killing = Killing(bench)
    for style in STYLES:
        told = killing.step_differences(style)
        moments = killing.moments(style)
        for moment in moments:
            found = killing.differences(style, moment)
            _tell(f"{results.place.name}: {style.name}, killed at {moment}", found)
            told += found
        results.kills[style.name] = len(moments)
        results.kill_differences[style.name] = told
    killing.close()


def _tell(where: str, found: list[str] | str) -> None:
    if isinstance(found, list):
        for difference in found:
            print(f"{where}: {difference}", flush=True)
