"""The command: what it prints, how it exits, and what it says when the start itself stops."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.doctor.conftest import MakeApp, execute

ROOT = Path(__file__).parent.parent.parent

HOST = """
from tests import minimal_host

app = minimal_host.create_host("sqlite://", {"PEERSUPPORT_SUPPORT_FONE": "050 123 4567"})
minimal_host.add_peersupport(app)
"""


def test_an_installation_that_is_well_exits_0(well: MakeApp) -> None:
    result = well().test_cli_runner().invoke(args=["peersupport", "doctor"])
    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert lines[-1] == "0 faults, 0 warnings"
    assert {line.partition(": ")[0] for line in lines[:-1]} == {"ok"}


def test_warnings_alone_exit_0(well: MakeApp) -> None:
    app = well()
    execute(app, "DELETE FROM peersupport_department")
    result = app.test_cli_runner().invoke(args=["peersupport", "doctor"])
    assert result.exit_code == 0
    assert result.output.splitlines()[-1] == "0 faults, 1 warnings"


def test_faults_exit_1(well: MakeApp) -> None:
    app = well(PEERSUPPORT_MAIL_FROM=None, PEERSUPPORT_BASE_URL=None)
    execute(app, "DELETE FROM peersupport_department")
    result = app.test_cli_runner().invoke(args=["peersupport", "doctor"])
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "2 faults, 1 warnings"
    assert (
        "fault: PEERSUPPORT_MAIL_FROM is missing: no mail can be sent. Set PEERSUPPORT_MAIL_FROM."
        in result.output.splitlines()
    )


def test_an_unknown_setting_is_named_before_anything_starts(tmp_path: Path) -> None:
    host = tmp_path / "host.py"
    host.write_text(HOST)
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", str(host), "peersupport", "doctor"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1] == (
        "flask_peersupport.errors.ConfigurationError: PEERSUPPORT_SUPPORT_FONE is not a setting of"
        " flask_peersupport: remove it or correct its name, perhaps to PEERSUPPORT_SUPPORT_PHONE"
    )
