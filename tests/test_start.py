"""What starting loads (performance B6): nothing that is not used by every process of a host."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: Runs in a process of its own: a host first, then what the extension adds to it.
START = """
import json, sys
import flask_wtf
from tests import minimal_host
app = minimal_host.create_host("sqlite://", {"PEERSUPPORT_BASE_URL": "https://h.example"})
before = set(sys.modules)
minimal_host.add_peersupport(app)
print(json.dumps(sorted(set(sys.modules) - before)))
"""

#: All that is loaded beside the extension itself and what its host has loaded: nothing.
THIRD_PARTY: set[str] = set()

#: Loaded when something is sealed, a date is written, a table is made, mail is sent, and so on.
ON_USE = {
    "alembic",
    "babel",
    "celery",
    "cryptography",
    "dns",
    "email_validator",
    "flask_babel",
    "flask_migrate",
    "hypothesis",
    "icalendar",
    "idna",
    "mako",
    "matplotlib",
    "numpy",
    "openpyxl",
    "psycopg",
    "pymysql",
    "pytest",
    "redis",
    "segno",
    "smtplib",
    "sqlite3",
    "weasyprint",
    "xlsxwriter",
}


@pytest.fixture(scope="module")
def loaded() -> list[str]:
    """The modules that the extension adds to those of its host."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", START],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names: list[str] = json.loads(done.stdout)
    return names


def top_levels(names: list[str]) -> set[str]:
    """Return the packages that modules belong to."""
    return {name.partition(".")[0] for name in names}


def test_starting_loads_no_other_package(loaded: list[str]) -> None:
    known = {*sys.stdlib_module_names, "flask_peersupport"}
    others = {name for name in loaded if name.partition(".")[0] not in known}
    assert {".".join(name.split(".")[:3]) for name in others} == THIRD_PARTY


def test_what_is_used_by_few_is_loaded_on_use(loaded: list[str]) -> None:
    assert top_levels(loaded) & ON_USE == set()


def test_the_doctor_is_loaded_on_use(loaded: list[str]) -> None:
    assert [name for name in loaded if name.startswith("flask_peersupport.doctor")] == []
