"""A year of the programme comes out as at the UMCG, whatever the seed."""

from __future__ import annotations

import contextvars
import os
import sqlite3
from contextlib import closing
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from example_app.simulation import play_year
from example_app.year import GRAVE, plan_year

NAMES = [
    "reports",
    "persons named",
    "no need",
    "offered",
    "taken up",
    "declined",
    "own department",
    "busiest supporter",
]
SEEDS = (1, 2, 3, 4, 5) if os.environ.get("PEERSUPPORT_SWEEP") == "full" else (1,)
#: The least and the most of each figure in a year like the UMCG's.
UMCG = {
    "reports": (130, 130),
    "persons_named": (120, 140),
    "no_need": (59, 71),
    "offered": (59, 71),
    "taken_up": (26, 39),
    "declined": (24, 38),
    "own_department": (0, 0),
    "busiest_supporter": (1, 2),
}


def test_simulate_prints_one_figure_a_line(example: Flask, tmp_path: Path) -> None:
    result = example.test_cli_runner().invoke(
        args=["simulate", "--year", "--seed", "1", "--reports", "30"]
    )
    assert result.exit_code == 0, result.output
    lines = [line.rpartition(" ") for line in result.stdout.splitlines()]
    assert [name for name, _, _ in lines] == NAMES
    figures = {name: int(number) for name, _, number in lines}
    assert figures["reports"] == 30
    assert figures["own department"] == 0
    assert figures["no need"] + figures["offered"] <= figures["persons named"]
    assert 0 < figures["taken up"] + figures["declined"] <= figures["offered"]
    assert 1 <= figures["busiest supporter"] <= 2
    assert "a year, seed 1" in result.stderr
    # the demo's own folder holds what every start puts there, and nothing else
    assert [path.name for path in (tmp_path / "instance").iterdir()] == ["secret_key"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "flask --app example_app simulate --year"),
        (["--year", "--reports", "0"], "0 is not in the range 1<=x<=1000"),
        (["--year", "--reports", "many"], "'many' is not a valid integer"),
        (["--year", "--seed", "first"], "'first' is not a valid integer"),
        (["--month"], "No such option"),
    ],
)
def test_simulate_explains_bad_options(example: Flask, arguments: list[str], sentence: str) -> None:
    result = example.test_cli_runner().invoke(args=["simulate", *arguments])
    assert result.exit_code == 2
    assert sentence in result.stderr


@pytest.mark.sweep
@pytest.mark.parametrize("seed", SEEDS)
def test_year_comes_out_as_at_the_umcg(tmp_path: Path, seed: int) -> None:
    figures = contextvars.Context().run(play_year, tmp_path, seed=seed, reports=130)
    outside = {
        name: number
        for name, number in asdict(figures).items()
        if not UMCG[name][0] <= number <= UMCG[name][1]
    }
    assert outside == {}
    with closing(sqlite3.connect(tmp_path / "year.sqlite")) as connection:
        distinct, waiting, busiest = (
            connection.execute(statement).fetchone()[0]
            for statement in (
                "SELECT count(DISTINCT person_id) FROM peersupport_involved"
                " JOIN peersupport_reach_out ON involved_id = peersupport_involved.id",
                "SELECT count(*) FROM peersupport_reach_out WHERE state <> 'closed'",
                "SELECT max(n) FROM (SELECT count(*) AS n FROM peersupport_reach_out"
                " WHERE supporter_id IS NOT NULL GROUP BY supporter_id)",
            )
        )
    assert distinct >= figures.offered - 2
    assert waiting == 0
    assert busiest <= figures.busiest_supporter


def test_planned_year_is_the_same_again() -> None:
    first_day = date(2025, 1, 1)
    assert plan_year(first_day, 130, 3) == plan_year(first_day, 130, 3)
    assert plan_year(first_day, 130, 3) != plan_year(first_day, 130, 4)


def test_planned_year_has_some_thirty_calamities_by_definition() -> None:
    for seed in range(1, 6):
        reports = plan_year(date(2025, 1, 1), 130, seed)
        assert len(reports) == 130
        assert 28 <= sum(report.severity in GRAVE for report in reports) <= 34
        assert any(report.at.hour < 7 for report in reports)
        assert any(report.at.weekday() >= 5 for report in reports)
