"""What is complete is well; what one check raises keeps no other from looking; no names."""

from __future__ import annotations

from typing import Any

import pytest

from flask_peersupport.access.departments import ListedDepartments
from flask_peersupport.access.roles import GrantedRoles
from flask_peersupport.doctor import Finding, Level, examine, has_faults
from flask_peersupport.runtime import current_runtime
from flask_peersupport.values import Person
from tests.doctor.conftest import MakeApp, execute, not_well
from tests.minimal_host import Incident, db
from tests.servers import ServerDatabase


def test_a_complete_installation_is_well(well: MakeApp, database_url: str) -> None:
    app = well(database_url)
    assert not_well(app) == []
    assert [finding.remedy for finding in examine(app) if finding.remedy] == []
    assert not has_faults(examine(app))


def test_an_adapter_that_raises_is_a_fault(well: MakeApp) -> None:
    class Broken:
        def of(self, person: Person) -> set[str]:
            return set()

        def members(self, role: str) -> list[Person]:
            raise RuntimeError("a name that nobody may read")

    assert not_well(well(adapters={"roles": Broken()})) == [
        Finding(
            Level.FAULT,
            "The roles could not be checked (RuntimeError).",
            "Look for the reason in flask shell.",
        )
    ]


def test_nothing_bears_a_name(well: MakeApp) -> None:
    """Names are in the vault, in the host's tables and in what adapters and descriptions raise."""

    class Broken(GrantedRoles):
        def members(self, role: str) -> list[Person]:
            people = super().members(role)
            if role == "board":
                raise RuntimeError(people[0].name)
            return people

    app = well()
    with app.app_context():
        runtime = current_runtime()
        runtime.roles = Broken(runtime.storage)
        runtime.descriptions = {Incident: fail_with_a_name}
        db.session.add(Incident(title="Ann Example fell"))
        db.session.commit()
    execute(app, "UPDATE peersupport_heartbeat SET beat_at = '2020-01-01 00:00:00'")
    findings = examine(app)
    assert len([finding for finding in findings if finding.level is Level.FAULT]) == 2
    texts = " ".join(f"{finding.sentence} {finding.remedy}" for finding in findings)
    assert "Ann" not in texts
    assert "Example" not in texts


def fail_with_a_name(incident: Any) -> None:
    raise ValueError(incident.title)


def test_what_needs_tables_is_left_out_without_them(make_app: MakeApp, closed_port: int) -> None:
    app = make_app(with_tables=False, MAIL_SERVER="127.0.0.1", MAIL_PORT=closed_port)
    findings = not_well(app)
    assert [
        finding.sentence for finding in findings if "could not be checked" in finding.sentence
    ] == []
    assert findings[0] == Finding(
        Level.FAULT, "The tables are missing.", "Run: flask peersupport upgrade"
    )


@pytest.mark.database
def test_a_failed_query_of_one_check_spoils_no_other(
    well: MakeApp, postgresql_database: ServerDatabase
) -> None:
    """PostgreSQL refuses every further statement of a transaction in which one failed."""
    app = well(postgresql_database.empty())
    with app.app_context():
        current_runtime().departments = _Failing(current_runtime().storage)
    execute(
        app,
        "INSERT INTO peersupport_report"
        " (id, kind, ref, department, reported_at, received_at, flags)"
        " VALUES ('1', 'incident', '1', 'Surgery', now(), now(), '')",
    )
    assert [finding.sentence for finding in not_well(app)] == [
        "The departments of the reports could not be checked (ProgrammingError)."
    ]


class _Failing(ListedDepartments):
    """Asks a table that is not there, in the page's own session."""

    def tree(self, session: Any = None) -> Any:
        db.session.connection().exec_driver_sql("SELECT * FROM nowhere")
