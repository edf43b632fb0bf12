"""The doctor: everything an installation may lack is found, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import Migrate
from jinja2 import DictLoader

from flask_peersupport import schema
from flask_peersupport.access.models import Department
from flask_peersupport.clock import stopped_at, utc_now
from flask_peersupport.doctor import Finding, Level, examine
from flask_peersupport.runtime import current_runtime
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from flask_peersupport.vault.persons import store_person
from tests import minimal_host

MakeApp = Callable[..., Flask]


class CoordinatorsOnly:
    """A roles adapter with one coordinator, or none."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def of(self, person: Person) -> set[str]:
        return {"coordinator"} if person.name in self._names else set()

    def members(self, role: str) -> list[Person]:
        return [Person(name) for name in self._names]


@pytest.fixture
def well(make_app: MakeApp) -> MakeApp:
    """Return a function that builds an installation that lacks nothing but what it is told."""

    def build(**config: Any) -> Flask:
        roles = config.pop("roles", None) or CoordinatorsOnly("Ann")
        config.setdefault("PEERSUPPORT_ESCALATION_ADDRESS", "board@hospital.example")
        app = make_app(adapters={"roles": roles}, with_tables=False, **config)
        with app.app_context():
            schema.upgrade(current_runtime().storage.engine)
            fill()
        return app

    return build


def fill() -> None:
    """Store a department and an appointed supporter of each profession."""
    runtime = current_runtime()
    with runtime.storage.work() as session:
        session.add(Department(name="Surgery", plain_name="surgery"))
        for profession in runtime.settings.professions:
            record = store_person(
                session, Person(profession, email=f"{profession}@example.org"), now=utc_now()
            )
            session.add(
                Supporter(
                    person_id=record.id,
                    profession=profession,
                    state=SupporterState.APPOINTED,
                    created_at=utc_now(),
                )
            )
        session.commit()


def execute(app: Flask, statement: str) -> None:
    with app.app_context(), current_runtime().storage.engine.begin() as connection:
        connection.exec_driver_sql(statement)


def not_well(app: Flask) -> list[Finding]:
    """Return what the doctor finds that is not well."""
    return [finding for finding in examine(app) if finding.level is not Level.OK]


def test_a_complete_installation_is_well(well: MakeApp) -> None:
    app = well()
    assert not_well(app) == []
    assert [finding.remedy for finding in examine(app) if finding.remedy] == []


def test_missing_tables_are_a_fault(make_app: MakeApp) -> None:
    app = make_app(with_tables=False)
    assert not_well(app)[0] == Finding(
        Level.FAULT, "The tables are missing.", "Run: flask peersupport upgrade"
    )


def test_an_unknown_revision_is_a_fault(well: MakeApp) -> None:
    app = well()
    execute(app, f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
    assert not_well(app) == [
        Finding(
            Level.FAULT,
            "The tables are at revision 9999, which this version does not know.",
            "Install the version that made them, or a newer one.",
        )
    ]


def test_tables_that_are_behind_are_a_fault(well: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    app = well()
    newest = schema.head()
    monkeypatch.setattr(schema, "revisions", lambda: [newest, "later"])
    assert not_well(app) == [
        Finding(
            Level.FAULT,
            f"The tables are behind: at revision {newest}, not later.",
            "Run: flask peersupport upgrade",
        )
    ]


def test_tables_changed_by_hand_are_a_fault(well: MakeApp) -> None:
    app = well()
    execute(app, "DROP INDEX ix_peersupport_message_due")
    (finding,) = not_well(app)
    assert finding.level is Level.FAULT
    assert finding.sentence == "The tables differ from what this version expects, in 1 places."


def test_an_absent_database_is_a_fault(make_app: MakeApp, tmp_path: Path) -> None:
    nowhere = f"sqlite:///{tmp_path}/no/such/folder/test.sqlite"
    app = make_app(nowhere, with_tables=False)
    first = not_well(app)[0]
    assert first == Finding(
        Level.FAULT,
        "The database cannot be reached (OperationalError).",
        "Check its address.",
    )


def test_a_missing_keyring_is_a_fault(well: MakeApp) -> None:
    app = well()
    keyring = Path(app.config["PEERSUPPORT_KEYRING"])
    keyring.unlink()
    assert not_well(app) == [
        Finding(
            Level.FAULT,
            f"There is no keyring at {keyring}.",
            "Run: flask peersupport keys init",
        )
    ]


def test_a_keyring_that_others_can_read_is_a_fault(well: MakeApp) -> None:
    app = well()
    keyring = Path(app.config["PEERSUPPORT_KEYRING"])
    keyring.chmod(0o640)
    assert not_well(app) == [
        Finding(
            Level.FAULT,
            f"The keyring at {keyring} is open to other accounts of the machine.",
            f"Run: chmod 600 {keyring}",
        )
    ]


def test_a_keyring_without_the_present_month_is_a_fault(well: MakeApp) -> None:
    app = well()
    with stopped_at(datetime(2090, 1, 1, tzinfo=UTC)):
        found = not_well(app)
    assert found == [
        Finding(
            Level.FAULT,
            f"The keyring at {app.config['PEERSUPPORT_KEYRING']} has no key for 2090-01.",
            "Restore the keyring from its backup.",
        )
    ]


def test_a_broken_keyring_is_a_fault(well: MakeApp) -> None:
    app = well()
    keyring = Path(app.config["PEERSUPPORT_KEYRING"])
    keyring.write_text("{}")
    os.utime(keyring, (1, 1))
    assert [finding.level for finding in not_well(app)] == [Level.FAULT]


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("mail_from", Level.FAULT),
        ("base_url", Level.FAULT),
        ("support_phone", Level.WARNING),
        ("escalation_address", Level.WARNING),
    ],
)
def test_a_missing_setting_is_named(well: MakeApp, name: str, level: Level) -> None:
    setting = f"PEERSUPPORT_{name.upper()}"
    (finding,) = not_well(well(**{setting: None}))
    assert finding.level is level
    assert finding.sentence.startswith(f"{setting} is missing: ")
    assert finding.remedy == f"Set {setting}."


def test_no_coordinator_is_a_fault(well: MakeApp) -> None:
    app = well(roles=CoordinatorsOnly())
    assert not_well(app) == [
        Finding(
            Level.FAULT,
            "Nobody is coordinator: what needs a decision would wait for ever.",
            "Run: flask peersupport grant coordinator USER_ID",
        )
    ]


def test_an_adapter_that_raises_is_a_fault(well: MakeApp) -> None:
    class Broken(CoordinatorsOnly):
        def members(self, role: str) -> list[Person]:
            raise RuntimeError("a name that nobody may read")

    assert not_well(well(roles=Broken())) == [
        Finding(
            Level.FAULT,
            "The roles could not be checked (RuntimeError).",
            "Look for the reason in flask shell.",
        )
    ]


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


def with_layout(app: Flask, layout: str | None, block: str = "content") -> Flask:
    """Change the layout behind the settings' back, as a host that renames a template does."""
    with app.app_context():
        runtime = current_runtime()
        runtime.settings = replace(runtime.settings, layout=layout, layout_block=block)
    app.jinja_loader = DictLoader(
        {
            "base.html": "{% block title %}{% endblock %}{% block content %}{% endblock %}",
            "child.html": '{% extends "base.html" %}{% block other %}{% endblock %}',
            "computed.html": "{% extends layout %}",
            "broken.html": "{% block %}",
        }
    )
    return app


@pytest.mark.parametrize("layout", [None, "base.html", "child.html", "computed.html"])
def test_a_layout_with_the_block_is_well(well: MakeApp, layout: str | None) -> None:
    assert not_well(with_layout(well(), layout)) == []


@pytest.mark.parametrize(
    ("layout", "sentence"),
    [
        (
            "gone.html",
            "The layout gone.html cannot be used: there is no template gone.html.",
        ),
        ("broken.html", "The layout broken.html cannot be used (TemplateSyntaxError)."),
        ("child.html", "The layout child.html has no block main: the pages would be empty."),
    ],
)
def test_a_layout_that_cannot_work_is_a_fault(well: MakeApp, layout: str, sentence: str) -> None:
    app = with_layout(well(), layout, block="main")
    assert [(finding.level, finding.sentence) for finding in not_well(app)] == [
        (Level.FAULT, sentence)
    ]


def test_a_watched_model_without_description_is_a_fault(well: MakeApp) -> None:
    app = well()
    with app.app_context():
        runtime = current_runtime()
        runtime.descriptions = {}
    (finding,) = not_well(app)
    assert finding == Finding(
        Level.FAULT,
        "Incident is watched, but nothing says how it reads as a report.",
        "Write a function with @peersupport.describe(Incident).",
    )


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        (None, []),
        ("conf_args = current_app.extensions['migrate'].configure_args", []),
        ("context.configure(connection=connection)", [Level.FAULT]),
    ],
)
def test_host_migrations_that_would_drop_the_tables_are_a_fault(
    well: MakeApp, tmp_path: Path, text: str | None, levels: list[Level]
) -> None:
    app = well()
    Migrate(app, minimal_host.db, directory=str(tmp_path / "migrations"))
    if text is not None:
        environment = tmp_path / "migrations" / "env.py"
        environment.parent.mkdir()
        environment.write_text(text)
    assert [finding.level for finding in not_well(app)] == levels


def test_every_remedy_is_said_without_names(well: MakeApp) -> None:
    app = well(roles=CoordinatorsOnly("Ann Example"))
    texts = " ".join(f"{finding.sentence} {finding.remedy}" for finding in examine(app))
    assert "Ann" not in texts
