"""B4: what a proposal costs next to a look-up by key, and how good a year of proposals is.

Run `python -m tests.benchmarks.bench_matching [--quick]`. PostgreSQL is measured on the server
of PEERSUPPORT_TEST_POSTGRESQL.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from random import Random
from statistics import mean

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.db import Base
from flask_peersupport.matching.criteria import Limits
from flask_peersupport.matching.need import Need
from flask_peersupport.matching.queries import candidates, propose, ruled_out
from flask_peersupport.supporters.availability import NIGHTS, WORKING_DAYS
from flask_peersupport.supporters.models import Supporter, SupporterDepartment, SupporterPeriod
from flask_peersupport.vault.models import PersonRecord
from tests import servers
from tests.benchmarks import simulated_year as y
from tests.benchmarks.harness import Action, comparison, measure, table

SIZES = (80, 1_000, 10_000)
LIMITS = Limits(max_open=2, cool_down=timedelta(days=30))
NOW = y.START + timedelta(days=300)
#: Fingerprints in each live month: a colleague's user id, e-mail address and name, and the names
#: of their department and of those above it.
MARKS = tuple(f"{n:064d}" for n in range(6 * 12))
S = sa.inspect(Supporter).local_table


class Tree:
    """26 departments below three divisions below the hospital, in memory."""

    def __init__(self) -> None:
        names = [f"D{n}" for n in range(26)]
        self._sets = {
            name: frozenset({name, f"Division {n % 3}", "Hospital"}) for n, name in enumerate(names)
        }
        for n in range(3):
            below = {name for m, name in enumerate(names) if m % 3 == n}
            self._sets[f"Division {n}"] = frozenset({f"Division {n}", "Hospital"} | below)
        self._sets["Hospital"] = frozenset(self._sets) | {"Hospital"}

    def resolve(self, text: str) -> frozenset[str] | None:
        return self._sets.get(text)


TREE = Tree()


class BenchmarkDatabase(servers.ServerDatabase):
    """A database a size."""

    def __init__(self, server_url: str, size: int) -> None:
        super().__init__(server_url)
        self.name += f"_{size}"
        self._own = self._server.set(database=self.name)


@contextmanager
def database(backend: str, size: int) -> Iterator[sa.Engine]:
    """Yield an engine whose database holds `size` supporters in the middle of a year."""
    with ExitStack() as stack:
        if backend == "sqlite":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = f"sqlite:///{folder / 'bench.sqlite'}"
        else:
            server = BenchmarkDatabase(os.environ[servers.POSTGRESQL], size)
            url = server.empty()
            stack.callback(server.drop)
        engine = sa.create_engine(url)
        stack.callback(engine.dispose)
        Base.metadata.create_all(engine)
        fill(engine, size)
        yield engine


def fill(engine: sa.Engine, size: int) -> None:
    """Write supporters: 5 % not trained yet, 15 % away, up to three deployments each.

    Of those away, two thirds filled in an absence, the others pause. A third have hours of their
    own, and one in fifteen has days with other hours to come.
    """
    random = Random(size)
    people, supporters, departments, periods = [], [], [], []
    for _ in range(size):
        key = f"{random.getrandbits(128):032x}"
        person, department = f"p{key[1:]}", f"D{random.randrange(26)}"
        deployments = random.choice((0, 0, 1, 1, 2, 3))
        is_appointed = random.random() >= 0.05
        ago = timedelta(days=random.uniform(1, 300))
        week = random.choice((None, None, None, None, WORKING_DAYS, NIGHTS))
        own = (None, random.choice((WORKING_DAYS, NIGHTS, None)))[random.random() < 0.1]
        is_away, is_paused = random.random() < 0.1, random.random() < 0.05
        first_on = NOW.date() if is_away else NOW.date() + timedelta(days=random.randrange(1, 30))
        has_period = is_away or own is not None
        last_on = first_on + timedelta(days=7) if has_period else None
        if last_on is not None:
            days = {"first_on": first_on, "last_on": last_on}
            hours = None if is_away else own
            periods.append({"id": key, "supporter_id": key, "week": hours, **days})
        people.append(
            {"id": person, "month": "2026-01", "blob": b"", "name_mark": "", "created_at": NOW}
        )
        supporters.append(
            {
                "id": key,
                "person_id": person,
                "state": "appointed" if is_appointed else "trained",
                "appointed_on": NOW.date() if is_appointed else None,
                "profession": random.choice(y.PROFESSIONS),
                "discipline": random.choice(y.DISCIPLINES),
                "seniority": random.choice(y.SENIORITIES),
                "paused_until_on": NOW.date() if is_paused else None,
                "week": week,
                "periods_until_on": last_on,
                "deployments": deployments,
                "last_deployed_at": NOW - ago if deployments else None,
                "created_at": NOW,
            }
        )
        departments.append({"supporter_id": key, "name": department, "resolved": department})
    with engine.begin() as connection:
        connection.execute(sa.insert(PersonRecord), people)
        connection.execute(sa.insert(Supporter), supporters)
        connection.execute(sa.insert(SupporterDepartment), departments)
        connection.execute(sa.insert(SupporterPeriod), periods)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        vacuum = "VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE"
        connection.exec_driver_sql(vacuum)


def needs() -> Iterator[Need]:
    """Yield one need after the other, of all departments, professions and disciplines."""
    random = Random(4)
    one = y.need_of(y.draw_year(random, 1).offers[0])
    found = []
    for n in range(50):
        own = TREE.resolve(f"D{n % 26}")
        assert own is not None
        found.append(
            replace(
                one,
                own_departments=own,
                profession=random.choice(y.PROFESSIONS),
                discipline=random.choice(y.DISCIPLINES),
                seniority=random.choice(y.SENIORITIES),
                marks=MARKS,
                excluded_people=frozenset({"a" * 32, "b" * 32, "c" * 32}),
                excluded_supporters=frozenset({"d" * 32}),
                at=NOW,
                today_on=NOW.date().isoformat(),
                hour_of_week=NOW.weekday() * 24 + NOW.hour,
                quarter="2026Q4",
            )
        )
    return cycle(found)


def actions(session: orm.Session, size: int) -> dict[str, Action]:
    """Return what is measured on one database."""
    by_key = sa.select(S.c.id, S.c.state, S.c.deployments).where(S.c.id == sa.bindparam("id"))
    keys = cycle(session.scalars(sa.select(S.c.id).limit(50)).all())
    need = needs()

    def explained() -> object:
        found = propose(session, next(need), LIMITS, TREE)
        assert found is not None
        return found.explanation

    return {
        f"look-up by key, {size}": lambda: session.execute(by_key, {"id": next(keys)}).first(),
        f"propose, {size}": lambda: propose(session, next(need), LIMITS, TREE),
        f"propose and count the others, {size}": explained,
        f"eight candidates, {size}": lambda: candidates(session, next(need), LIMITS, limit=8),
        f"ruled out, {size}": lambda: ruled_out(session, next(need), LIMITS),
    }


def measure_cost(backend: str, sizes: tuple[int, ...], *, is_quick: bool) -> None:
    """Print the table of one backend: all sizes alternately."""
    with ExitStack() as stack:
        all_actions: dict[str, Action] = {}
        for size in sizes:
            engine = stack.enter_context(database(backend, size))
            session = stack.enter_context(orm.Session(engine))
            all_actions |= actions(session, size)
        found = measure(all_actions, rounds=5 if is_quick else 9, seconds=0.1 if is_quick else 0.3)
    print(f"\n### {backend}\n\n{comparison(found, f'look-up by key, {sizes[0]}')}")
    first, last = found[f"propose, {sizes[0]}"], found[f"propose, {sizes[-1]}"]
    print(f"\npropose at {sizes[-1]} ÷ at {sizes[0]}: {last.ratio_to(first):.2f}")


def measure_quality(*, is_quick: bool) -> None:
    """Print the simulated years next to the best plans."""
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    rows = []
    for count in (65, 130):
        for seed in range(1, 2 if is_quick else 6):
            year = y.draw_year(Random(seed), count)
            with orm.Session(engine) as session:
                chosen = y.play(session, year)
            plan = y.best_plan(year)
            own, best = y.judge(year, chosen), y.judge(year, plan)
            rows.append(
                (
                    f"{count} offers, seed {seed}",
                    f"{own.served} / {best.served}",
                    f"{own.busiest} / {best.busiest}",
                    f"{own.gini:.3f} / {best.gini:.3f}",
                    f"{own.same_profession} / {best.same_profession}",
                    f"{own.same_discipline / best.same_discipline:.2f}",
                    y.breaches(year, chosen),
                )
            )
    head = (
        "ours / best plan",
        "served",
        "busiest",
        "Gini",
        "same profession",
        "same discipline ÷ plan",
        "breaches",
    )
    print(f"\n### A simulated year\n\n{table(head, rows)}")
    for count in (65, 130):
        shares = [float(row[5]) for row in rows if row[0].startswith(f"{count} ")]
        print(f"\nsame discipline at {count} offers, mean over the seeds: {mean(shares):.2f}")


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description="Cost and quality of matching (B4).")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, sizes and seeds")
    is_quick = parser.parse_args().quick
    sizes = SIZES[:2] if is_quick else SIZES
    with Flask(__name__).app_context():
        print("## B4 Matching")
        measure_cost("sqlite", sizes, is_quick=is_quick)
        if os.environ.get(servers.POSTGRESQL):
            measure_cost("postgresql", sizes, is_quick=is_quick)
        else:
            print(f"\npostgresql: not measured, set {servers.POSTGRESQL}")
        measure_quality(is_quick=is_quick)
    return 0


if __name__ == "__main__":
    sys.exit(main())
