"""Measuring: two or more things alternately in one run, as medians, ranges and ratios.

Machines are shared, so an absolute time means little. Every round times each action once, in
turns, and the ratio to the baseline is taken within the round.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Action = Callable[[], object]
LEAST_ROUNDS = 5


@dataclass(frozen=True)
class Series:
    """What one action took in each round, in seconds a call."""

    name: str
    times: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.times)

    def ratios_to(self, baseline: Series) -> list[float]:
        """Return the ratio to the baseline of the same round, for each round."""
        return [own / other for own, other in zip(self.times, baseline.times, strict=True)]

    def ratio_to(self, baseline: Series) -> float:
        """Return the middle of the rounds' ratios."""
        return median(self.ratios_to(baseline))


def measure(
    actions: Mapping[str, Action], *, rounds: int = 7, seconds: float = 0.25
) -> dict[str, Series]:
    """Time each action in each round, about `seconds` long, without the garbage collector.

    Args:
        actions: by name; each is called as often as fits the time.
        rounds: at least five; their order turns round each time.
        seconds: for one action in one round.
    """
    rounds = max(rounds, LEAST_ROUNDS)
    calls = {name: _calls_in(action, seconds) for name, action in actions.items()}
    times: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(rounds):
        names = list(actions)
        for name in names if number % 2 == 0 else reversed(names):
            times[name].append(_time(actions[name], calls[name]))
    return {name: Series(name, tuple(found)) for name, found in times.items()}


def _calls_in(action: Action, seconds: float) -> int:
    action()
    count, needed = 1, 0.0
    while needed < seconds / 10:
        count *= 2
        needed = _time(action, count) * count
    return max(1, round(count * seconds / needed))


def _time(action: Action, calls: int) -> float:
    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        start = time.perf_counter()
        for _ in range(calls):
            action()
        return (time.perf_counter() - start) / calls
    finally:
        if was_enabled:
            gc.enable()


def comparison(measured: Mapping[str, Series], baseline: str, *, unit: str = "µs") -> str:
    """Return a Markdown table: median, range, and ratio to the baseline with its range."""
    scale = {"s": 1, "ms": 1e3, "µs": 1e6}[unit]
    floor = measured[baseline]
    rows = []
    for series in measured.values():
        ratios = series.ratios_to(floor)
        low, high = min(series.times) * scale, max(series.times) * scale
        rows.append(
            (
                series.name,
                f"{series.median * scale:.1f}",
                f"{low:.1f} to {high:.1f}",
                f"{series.ratio_to(floor):.2f}",
                f"{min(ratios):.2f} to {max(ratios):.2f}",
            )
        )
    return table(("", f"median {unit}", "range", f"÷ {baseline}", "range"), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; all columns but the first are flush right."""
    lines = [
        f"| {' | '.join(head)} |",
        f"|---|{'---:|' * (len(head) - 1)}",
        *(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows),
    ]
    return "\n".join(lines)
