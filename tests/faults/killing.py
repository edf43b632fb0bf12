"""The cells of the matrix in which the host's process is killed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.faults.asking import Reply, ask
from tests.faults.databases import Bench
from tests.faults.faults import FAULTS
from tests.faults.kills import Moment, Nursery, Order, Step, Steps
from tests.faults.matrix import compare_replies, compare_reports, recover
from tests.faults.styles import Style

_NOTHING = FAULTS[0]
_REPORTS = ("incidents", "cases")


@dataclass
class DryRun:
    """One run of a style to its end, with and without peer support.

    Attributes:
        steps: with it.
        rows: what the host has stored after each of its own steps, without it.
        host_steps: the host's own steps, without it.
        replies: without it.
    """

    steps: list[Step]
    rows: list[list[tuple[Any, ...]]]
    host_steps: list[str]
    replies: list[Reply]


class Killing:
    """Kills on one database."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._nurseries: dict[str, Nursery] = {}
        self._dry_runs: dict[str, DryRun] = {}

    def moments(self, style: Style) -> list[Moment]:
        """Return all moments of a style: before and after each step, and after the answer."""
        number = len(self.dry_run(style).steps)
        found = [Moment(n, is_after) for n in range(1, number + 1) for is_after in (False, True)]
        return [*found, Moment(number + 1, is_after=False)]

    def some_moments(self, style: Style) -> list[Moment]:
        """Return the four that tell most: around the intake's row, around its commit.

        Where nothing is taken in or committed: around the host's own row or the last step.
        """
        steps = self.dry_run(style).steps
        inserted = _first(steps, lambda step: step.of_intake) or _first(
            steps, lambda step: step.of_host and step.text.startswith("INSERT INTO i")
        )
        ended = _first(steps, lambda step: step.of_intake and step.text == "COMMIT")
        ended = ended or _last_commit(steps) or len(steps)
        numbers = (inserted or 1, ended)
        return [Moment(number, is_after) for number in numbers for is_after in (False, True)]

    def dry_run(self, style: Style) -> DryRun:
        """Return what happens where nobody kills."""
        if style.name not in self._dry_runs:
            self._dry_runs[style.name] = self._run_dry(style)
        return self._dry_runs[style.name]

    def differences(self, style: Style, moment: Moment) -> list[str]:
        """Kill once; return in what that differs from what is promised."""
        dry, bench = self.dry_run(style), self._bench
        nursery = self._nursery(style)
        bench.empty()
        begun_at = datetime.now(UTC)
        outcome = nursery.run(Order(style.name, moment))
        if not outcome.is_killed:
            return ["the process was not killed"]
        host = bench.host(style.after_report)
        expected = dry.rows[sum(step.of_host for step in dry.steps[: moment.done])]
        for title in style.titles[len(outcome.replies) + 1 :]:
            # the host is started again; what was killed had not been stored, in these styles
            ask(host, style, title, is_large=False)
            expected = dry.rows[-1]
        found = recover(host, begun_at)
        rows = bench.rows()
        told = []
        if rows != expected:
            told.append(f"the host stored {rows}, not {expected}")
        told += compare_reports(
            style,
            _NOTHING,
            rows,
            found,
            must_be_found=style.is_unheard,
            may_be_found=style.is_late and not _is_stored(dry.steps, moment),
        )
        committed = {row[2] for row in dry.rows[-1] if row[0] in _REPORTS}
        answered = zip(style.titles, outcome.replies, dry.replies, strict=False)
        for title, reply, plain in answered:
            is_committed = title in committed
            told += compare_replies(style, _NOTHING, reply, plain, is_committed=is_committed)
        return told

    def step_differences(self, style: Style) -> list[str]:
        """Return in what the host's own steps differ where peer support is there."""
        dry = self.dry_run(style)
        own = [step.text for step in dry.steps if step.of_host]
        return [] if own == dry.host_steps else [f"the host did {own}, not {dry.host_steps}"]

    def close(self) -> None:
        """End the processes."""
        for nursery in self._nurseries.values():
            nursery.close()

    def _run_dry(self, style: Style) -> DryRun:
        bench = self._bench
        bench.empty()
        plain = bench.create_host(has_peersupport=False)
        rows = [bench.rows()]
        steps = Steps(watch=lambda: rows.append(bench.rows()))
        steps.follow(plain)
        with _ending(plain):
            replies = [ask(plain, style, title, is_large=False) for title in style.titles]
        nursery = self._nursery(style)
        bench.empty()
        outcome = nursery.run(Order(style.name, None))
        own = [step.text for step in steps.taken if step.of_host]
        return DryRun(outcome.steps, rows, own, replies)

    def _nursery(self, style: Style) -> Nursery:
        setting = style.after_report
        if setting not in self._nurseries:
            bench = self._bench
            made = Nursery(bench.url, bench.folder, bench.own_url, setting)
            self._nurseries[setting] = made
        return self._nurseries[setting]


@contextmanager
def _ending(host: Any) -> Iterator[None]:
    yield
    with host.app.app_context():
        host.db.engine.dispose()


def _is_stored(steps: Sequence[Step], moment: Moment) -> bool:
    """Return whether the intake's row is committed by now, for the last time."""
    ended = [n for n, step in enumerate(steps, 1) if step.of_intake and step.text == "COMMIT"]
    return bool(ended) and ended[-1] <= moment.done


def _first(steps: Sequence[Step], fits: Any) -> int | None:
    return next((number for number, step in enumerate(steps, 1) if fits(step)), None)


def _last_commit(steps: Sequence[Step]) -> int | None:
    found = [n for n, step in enumerate(steps, 1) if step.of_host and step.text == "COMMIT"]
    return found[-1] if found else None
