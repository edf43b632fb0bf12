"""B6: what importing the extension and `init_app` add to starting a host.

    python -m tests.benchmarks.bench_start [--quick]

Each start is a process of its own, without and with the extension in turns. Processor time is
printed beside the time on the clock, since a shared machine makes others wait.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks.harness import LEAST_ROUNDS, table

ROOT = Path(__file__).parent.parent.parent
START = """
import json, resource, sys, time
wall, cpu = time.perf_counter(), time.process_time()
import flask, flask_sqlalchemy, flask_wtf, flask_login
from tests import minimal_host
app = minimal_host.create_host("sqlite://", {"PEERSUPPORT_BASE_URL": "https://h.example"})
if sys.argv[1] == "full":
    minimal_host.add_peersupport(app)
pages = int(open("/proc/self/statm").read().split()[1])
print(json.dumps([
    (time.perf_counter() - wall) * 1e3,
    (time.process_time() - cpu) * 1e3,
    pages * resource.getpagesize() / 2**20,
]))
"""
HEAD = ("", "host, median", "range", "added, median", "range", "goal")
GOALS = {"ms on the clock": "≤ 60", "ms of processor": "", "MiB resident": "≤ 6"}


def start(kind: str, cache: str) -> list[float]:
    """Start once, and return milliseconds on the clock, of the processor, and MiB."""
    command = [sys.executable, "-c", START, kind]
    # a server starts from bytecode, whatever this shell says about writing it
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": cache}
    done = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, env=environment
    )
    found: list[float] = json.loads(done.stdout)
    return found


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description="What the extension adds to a start (B6).")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = LEAST_ROUNDS if parser.parse_args().quick else 25
    with TemporaryDirectory() as cache:
        start("full", cache)  # writes the bytecode
        pairs = [(start("plain", cache), start("full", cache)) for _ in range(rounds)]
    rows = []
    for index, (name, goal) in enumerate(GOALS.items()):
        plain = [pair[0][index] for pair in pairs]
        added = [pair[1][index] - pair[0][index] for pair in pairs]
        rows.append(
            (
                name,
                f"{median(plain):.1f}",
                f"{min(plain):.1f} to {max(plain):.1f}",
                f"{median(added):.1f}",
                f"{min(added):.1f} to {max(added):.1f}",
                goal,
            )
        )
    print(f"## B6 Starting\n\n{table(HEAD, rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
