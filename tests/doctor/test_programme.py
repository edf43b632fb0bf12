"""Roles nobody has, professions without supporters, departments that are not known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from flask_peersupport.clock import utc_now
from flask_peersupport.doctor import Finding, Level
from flask_peersupport.reachouts.models import InvolvedRecord, ReportRecord
from flask_peersupport.runtime import current_runtime
from flask_peersupport.values import Person, Wish, WishBy
from tests.doctor.conftest import MakeApp, execute, not_well


class NobodyAtAll:
    """A roles adapter of a host in which nobody has a role."""

    def of(self, person: Person) -> set[str]:
        return set()

    def members(self, role: str) -> list[Person]:
        return []


class NothingKnown:
    """A departments adapter of a host that knows none."""

    def resolve(self, text: str) -> frozenset[str] | None:
        return None


def store_report(
    app: Flask, ref: str, department: str | None, *of_colleagues: str, days_ago: int = 0
) -> None:
    """Store a report as if it had come in some days ago."""
    with app.app_context(), current_runtime().storage.work() as session:
        at = utc_now() - timedelta(days=days_ago)
        report = ReportRecord(
            kind="incident", ref=ref, department=department, reported_at=at, received_at=at
        )
        session.add(report)
        session.flush()
        for text in of_colleagues:
            session.add(
                InvolvedRecord(
                    report_id=report.id, wish=Wish.YES, wish_by=WishBy.OWN, department=text
                )
            )
        session.commit()


def test_no_coordinator_is_a_fault(well: MakeApp) -> None:
    app = well()
    execute(app, "DELETE FROM peersupport_grant WHERE role = 'coordinator'")
    assert not_well(app) == [
        Finding(
            Level.FAULT,
            "Nobody is coordinator: what needs a decision would wait for ever.",
            "Run: flask peersupport grant coordinator USER_ID",
        )
    ]


@pytest.mark.parametrize("role", ["complaints_officer", "trainer", "board", "privacy_officer"])
def test_a_role_that_nobody_has_is_named(well: MakeApp, role: str) -> None:
    app = well()
    execute(app, f"DELETE FROM peersupport_grant WHERE role = '{role}'")
    assert not_well(app) == [
        Finding(
            Level.WARNING,
            f"Nobody has the role of {role.replace('_', ' ')}.",
            f"Run: flask peersupport grant {role} USER_ID",
        )
    ]


def test_with_roles_of_the_host_the_remedy_lies_there(well: MakeApp) -> None:
    findings = not_well(well(adapters={"roles": NobodyAtAll()}))
    assert [finding.level for finding in findings] == [Level.FAULT] + [Level.WARNING] * 4
    assert findings[0].remedy == (
        "Let the roles adapter of the application name somebody for coordinator."
    )


def test_a_profession_without_supporter_is_named(well: MakeApp) -> None:
    app = well()
    execute(app, "UPDATE peersupport_supporter SET state = 'paused' WHERE profession = 'nurse'")
    assert not_well(app) == [
        Finding(
            Level.WARNING,
            "No supporter with the profession nurse is appointed.",
            "Run: flask peersupport import-supporters FILE",
        )
    ]


def test_an_empty_list_of_departments_is_named(well: MakeApp) -> None:
    app = well()
    execute(app, "DELETE FROM peersupport_department")
    assert [(finding.level, finding.remedy) for finding in not_well(app)] == [
        (Level.WARNING, "Run: flask peersupport import-departments FILE")
    ]


def test_departments_that_are_not_in_the_list_are_named(well: MakeApp, database_url: str) -> None:
    app = well(database_url)
    store_report(app, "1", "surgery", "Surgery; Ward 9", "SURGERY")
    store_report(app, "2", "Ward 7", "Ward 9")
    store_report(app, "3", None)
    store_report(app, "4", "Ward of yore", "Another of yore", days_ago=366)
    (finding,) = not_well(app)
    assert finding.level is Level.WARNING
    assert finding.sentence.endswith(": 2 (Ward 7, Ward 9).")
    assert "import-departments" in finding.remedy


def test_departments_of_colleagues_without_report_count_too(well: MakeApp) -> None:
    app = well()
    with app.app_context(), current_runtime().storage.work() as session:
        session.add(InvolvedRecord(wish=Wish.YES, wish_by=WishBy.OWN, department="Ward 9"))
        session.commit()
    (finding,) = not_well(app)
    assert finding.sentence.endswith(": 1 (Ward 9).")


def test_a_department_cannot_write_on_the_terminal(well: MakeApp) -> None:
    app = well()
    store_report(app, "1", "Ward\x1b[2J\n9")
    (finding,) = not_well(app)
    assert finding.sentence.endswith(": 1 (Ward?[2J?9).")


def test_departments_that_the_host_does_not_know_are_its_own_to_mend(well: MakeApp) -> None:
    app = well(adapters={"departments": NothingKnown()})
    assert not_well(app) == []
    store_report(app, "1", "Surgery")
    (finding,) = not_well(app)
    assert finding.sentence.endswith(": 1 (Surgery).")
    assert finding.remedy == "Let the departments adapter of the application resolve them."
