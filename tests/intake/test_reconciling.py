"""Reconcile: what was never heard of is found, once, and for a coordinator to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_peersupport import Person, Report
from flask_peersupport.intake import reports
from flask_peersupport.intake.reconciling import Reconciled, reconcile
from flask_peersupport.intake.reports import _as_stored
from flask_peersupport.reachouts.models import InvolvedRecord, ReachOut, ReportRecord
from flask_peersupport.values import Involved
from tests.intake.conftest import intakes, reading, report, runtime, signed_in, work
from tests.minimal_host import Incident, db

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def bulk_import(app: Flask, count: int = 3, made_at: datetime | None = None) -> None:
    """Insert reports so that nobody hears of it."""
    made_at = (made_at or datetime.now(UTC)).replace(tzinfo=None)
    rows = [
        {"title": f"Imported {n}", "ward": "Ward 1", "author_id": 1, "created_at": made_at}
        for n in range(count)
    ]
    with app.app_context():
        db.session.execute(sa.insert(Incident), rows)
        db.session.commit()


def run(app: Flask, since: datetime = LONG_AGO) -> tuple[int, int]:
    with app.app_context():
        counts = reconcile(runtime(app), since, now=datetime.now(UTC))
    return counts.seen, counts.missed


def known(app: Flask) -> list[tuple[str, bool]]:
    """Return the references that are known, and whether each was found afterwards."""
    with reading(app) as session:
        rows = session.execute(
            sa.select(ReportRecord.ref, ReportRecord.found_at).order_by(ReportRecord.ref)
        )
        return [(row.ref, row.found_at is not None) for row in rows]


def test_a_bulk_import_is_found_and_marked_as_found(app: Flask) -> None:
    report(signed_in(app), {"peersupport-me": "1"})
    bulk_import(app)
    assert run(app) == (4, 3)
    work(app)
    assert known(app) == [("1", False), ("2", True), ("3", True), ("4", True)]


def test_a_second_run_adds_nothing(app: Flask) -> None:
    bulk_import(app)
    assert run(app) == (3, 3)
    assert run(app) == (3, 0)
    work(app)
    assert run(app) == (3, 0)
    assert intakes(app) == []


def test_what_was_forgotten_is_not_brought_back(app: Flask) -> None:
    """Retention deletes a report; its mark stays."""
    bulk_import(app)
    run(app)
    work(app)
    with reading(app) as session:
        session.execute(sa.delete(InvolvedRecord))
        session.execute(sa.delete(ReportRecord))
        session.commit()
    assert run(app) == (3, 0)
    work(app)
    assert known(app) == []


def test_who_the_host_names_is_offered_support(app: Flask) -> None:
    bram = Person("Bram Smit", email="bram.smit@hospital.example", department="Ward 1")

    def describe(incident: Incident) -> Report:
        return Report("calamity", str(incident.id), "Ward 1", involved=[Involved(bram)])

    cast("dict[type[Any], Any]", runtime(app).descriptions)[Incident] = describe
    bulk_import(app, 1)
    run(app)
    work(app)
    with reading(app) as session:
        (reach_out,) = session.scalars(sa.select(ReachOut)).all()
        assert reach_out.person.name == "Bram Smit"


def test_only_what_was_made_since_is_looked_at(app: Flask) -> None:
    bulk_import(app, 2, made_at=datetime(2025, 5, 1, tzinfo=UTC))
    bulk_import(app, 1, made_at=datetime(2026, 5, 1, tzinfo=UTC))
    assert run(app, datetime(2026, 1, 1, tzinfo=UTC)) == (1, 1)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_all_batches_are_seen_once(app: Flask, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "_BATCH", 3)
    bulk_import(app, count, made_at=datetime(2026, 5, 1, tzinfo=UTC))
    assert run(app) == (count, count)
    work(app)
    assert len(known(app)) == count


def test_what_cannot_be_described_holds_up_nothing(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    def describe(incident: Incident) -> Report:
        if incident.id == 2:
            raise LookupError
        return Report("incident", str(incident.id))

    cast("dict[type[Any], Any]", runtime(app).descriptions)[Incident] = describe
    bulk_import(app)
    assert run(app) == (2, 2)
    assert "Incident (2,) cannot be described" in caplog.text


def test_a_report_that_waits_to_be_expanded_is_known(app: Flask) -> None:
    report(signed_in(app), {"peersupport-me": "1"})
    assert run(app) == (1, 0)


def test_what_is_watched_without_since_is_left_alone(app: Flask) -> None:
    cast("dict[type[Any], Any]", runtime(app).watched)[Incident] = None
    bulk_import(app)
    assert run(app) == (0, 0)


def test_an_adapter_of_the_host_is_read(make_small_app: Callable[..., Flask]) -> None:
    class Remote:
        def iter_since(self, instant: datetime) -> Iterator[Report]:
            yield Report("complaint", "k-1", reported_at=instant)

        def exists(self, kind: str, ref: str) -> bool | None:
            return True

    app = make_small_app()
    cast("Any", runtime(app)).reports = Remote()
    assert run(app) == (1, 1)
    work(app)
    assert known(app) == [("k-1", True)]


def test_progress_is_told_after_each_report(small_app: Flask) -> None:
    bulk_import(small_app)
    told: list[tuple[int, int]] = []

    def note(counts: Reconciled) -> None:
        told.append((counts.seen, counts.missed))

    with small_app.app_context():
        reconcile(runtime(small_app), LONG_AGO, now=datetime.now(UTC), progress=note)
    assert told == [(1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (sa.Date(), date(2026, 3, 1)),
        (sa.DateTime(), datetime(2026, 3, 1, 11)),  # noqa: DTZ001 - naive, as such columns are
        (sa.DateTime(timezone=True), datetime(2026, 3, 1, 11, tzinfo=UTC)),
    ],
)
def test_an_instant_is_compared_as_the_column_holds_it(kind: Any, expected: object) -> None:
    instant = datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert _as_stored(sa.Column("made", kind), instant) == expected


def test_the_command_counts_and_starts_at_midnight_in_the_hospital(small_app: Flask) -> None:
    midnight = datetime(2026, 10, 31, 23, tzinfo=UTC)  # in Amsterdam
    bulk_import(small_app, 1, made_at=midnight)
    bulk_import(small_app, 1, made_at=midnight - timedelta(minutes=1))
    runner = small_app.test_cli_runner()
    result = runner.invoke(args=["peersupport", "reconcile", "--since", "2026-11-01"])
    assert result.output.splitlines() == ["seen 1", "missed 1"]
    again = runner.invoke(args=["peersupport", "reconcile", "--since", "2026-11-01"])
    assert again.output.splitlines() == ["seen 1", "missed 0"]
    wrong = runner.invoke(args=["peersupport", "reconcile", "--since", "yesterday"])
    assert wrong.exit_code == 2
    assert "%Y-%m-%d" in wrong.output


def test_a_killed_run_goes_on(app: Flask) -> None:
    """Each report is stored by itself, so that a run that ends half-way has done its part."""
    bulk_import(app)

    class Killed(Exception):
        pass

    def kill(counts: Reconciled) -> None:
        if counts.seen == 2:
            raise Killed

    with app.app_context(), pytest.raises(Killed):
        reconcile(runtime(app), LONG_AGO, now=datetime.now(UTC), progress=kill)
    assert len(intakes(app)) == 2
    assert run(app) == (3, 1)
