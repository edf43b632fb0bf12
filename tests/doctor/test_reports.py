"""Reports that cannot come in, and descriptions that fail on a stored report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_login import current_user

from flask_peersupport import Report
from flask_peersupport.clock import utc_now
from flask_peersupport.doctor import Finding, Level
from flask_peersupport.reachouts.models import ReportRecord
from flask_peersupport.runtime import current_runtime
from flask_peersupport.values import Person
from tests.doctor.conftest import MakeApp, execute, not_well, sentences
from tests.minimal_host import Incident, User, db

NEWEST_READS = "The newest Incident reads as a report."


def describe_by(app: Flask, description: Callable[[Any], Report | None] | None) -> None:
    """Have the host describe its incidents in another way, or in none, and forget to watch."""
    with app.app_context():
        runtime = current_runtime()
        runtime.descriptions = {} if description is None else {Incident: description}


def store_incidents(app: Flask, *titles: str) -> None:
    """Store incidents of one author, as the host does, past the extension."""
    with app.app_context():
        author = User(name="Ann Example")
        db.session.add(author)
        db.session.flush()
        rows = [{"title": title, "author_id": author.id} for title in titles]
        db.session.execute(sa.insert(Incident), rows)
        db.session.commit()


def by_relationship(incident: Incident) -> Report:
    author = incident.author
    return Report("incident", str(incident.id), reporter=author and Person(author.name))


def by_column(incident: Incident) -> Report:
    runtime = current_runtime()
    return Report("incident", str(incident.id), reporter=runtime.users.get(str(incident.author_id)))


def by_who_is_signed_in(incident: Incident) -> Report:
    return Report("incident", str(incident.id), reporter=Person(current_user.name))


def by_a_refusal_of_the_second(incident: Incident) -> None:
    if incident.title == "second":
        raise ValueError("Ann Example")


def unwatch(app: Flask) -> None:
    with app.app_context():
        runtime = current_runtime()
        runtime.watched = {}
        runtime.descriptions = {}


def test_no_way_in_is_named(well: MakeApp) -> None:
    app = well()
    unwatch(app)
    (finding,) = not_well(app)
    assert finding.level is Level.WARNING
    assert finding.sentence.startswith("No report can come in: ")
    for way in ("watch(Model)", "report_created", "step_url"):
        assert way in finding.remedy


def test_what_came_in_by_another_way_is_well(well: MakeApp) -> None:
    app = well()
    unwatch(app)
    with app.app_context(), current_runtime().storage.work() as session:
        now = utc_now()
        session.add(ReportRecord(kind="incident", ref="1", reported_at=now, received_at=now))
        session.commit()
    assert not_well(app) == []
    assert "Reports have come in." in sentences(app)


def test_a_watched_model_without_description_is_a_fault(well: MakeApp) -> None:
    app = well()
    store_incidents(app, "first")
    describe_by(app, None)
    assert not_well(app) == [
        Finding(
            Level.FAULT,
            "Incident is watched, but nothing says how it reads as a report.",
            "Write a function with @peersupport.describe(Incident).",
        )
    ]


def test_a_description_that_reads_columns_is_well(well: MakeApp, database_url: str) -> None:
    app = well(database_url)
    store_incidents(app, "first")
    describe_by(app, by_column)
    assert not_well(app) == []
    assert NEWEST_READS in sentences(app)


@pytest.mark.parametrize("is_watched", [True, False])
def test_a_description_that_uses_a_relationship_is_a_fault(
    well: MakeApp, database_url: str, is_watched: bool
) -> None:
    app = well(database_url)
    store_incidents(app, "first")
    describe_by(app, by_relationship)
    if not is_watched:
        with app.app_context():
            current_runtime().watched = {}
    assert not_well(app) == [
        Finding(
            Level.FAULT,
            "The description of Incident uses the relationship Incident.author, which is not there"
            " yet while a report is being stored.",
            "Read the id column instead, and look it up with peersupport.users.get(...).",
        )
    ]


def test_without_a_report_the_description_is_not_tried(well: MakeApp) -> None:
    app = well()
    describe_by(app, by_relationship)
    assert not_well(app) == []
    assert "No Incident is stored yet, so its description could not be tried." in sentences(app)


def test_a_description_that_fails_on_the_newest_is_a_fault(well: MakeApp) -> None:
    app = well()
    describe_by(app, by_a_refusal_of_the_second)
    store_incidents(app, "first")
    assert not_well(app) == []
    store_incidents(app, "second")
    assert [(finding.level, finding.sentence) for finding in not_well(app)] == [
        (Level.FAULT, "The description of Incident fails on the newest one (ValueError).")
    ]


def test_a_description_that_wants_somebody_signed_in_is_a_fault(well: MakeApp) -> None:
    app = well()
    store_incidents(app, "first")
    describe_by(app, by_who_is_signed_in)
    (finding,) = not_well(app)
    assert finding.level is Level.FAULT
    assert finding.remedy == (
        "Mend the function; it also runs in commands, where nobody is signed in."
    )


def test_a_table_of_the_host_that_is_missing_is_a_fault(well: MakeApp, database_url: str) -> None:
    app = well(database_url)
    execute(app, "DROP TABLE incidents")
    (finding,) = not_well(app)
    assert finding.level is Level.FAULT
    assert finding.sentence.startswith("The rows of Incident cannot be read (")


def test_trying_a_description_leaves_the_session_of_the_host_alone(well: MakeApp) -> None:
    app = well()
    store_incidents(app, "first")
    describe_by(app, by_column)
    with app.app_context():
        db.session.add(User(name="Bob"))
        not_well(app)
        assert len(db.session.new) == 1
        db.session.rollback()


def test_a_database_of_our_own_still_finds_the_reports_of_the_host(
    well: MakeApp, tmp_path: Any
) -> None:
    own = f"sqlite:///{tmp_path / 'own.sqlite'}"
    app = well(PEERSUPPORT_DATABASE_URI=own)
    store_incidents(app, "first")
    describe_by(app, by_relationship)
    (finding,) = not_well(app)
    assert "uses the relationship Incident.author" in finding.sentence
