"""Run the whole matrix on the databases that are configured, and write docs/reliability.md."""

from __future__ import annotations

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.faults.choice import PLACES
from tests.faults.report import REPORT, render
from tests.faults.whole import run


def main(names: list[str]) -> int:
    """Run on the databases called `names`, or on all; the page is written where all were run."""
    chosen = [place for place in PLACES if not names or place.name in names]
    for place in chosen[:]:
        if place.server and not os.environ.get(place.server):
            print(f"{place.label}: left out, {place.server} is not set")
            chosen.remove(place)
    # two at a time: most of the time is spent waiting for servers
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(run, chosen))
    if len(found) == len(PLACES):
        REPORT.write_text(render(found), "utf-8")
        print(f"written: {REPORT}")
    else:
        print("not all databases were run: docs/reliability.md is left as it is")
    return int(any(one.differences for one in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
