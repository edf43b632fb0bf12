"""A spool that would lose what is put into it, and one in which something waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from flask_peersupport.doctor import Level
from flask_peersupport.intake import spool
from flask_peersupport.intake.payload import Payload
from flask_peersupport.runtime import current_runtime
from flask_peersupport.values import Report
from tests.doctor.conftest import MakeApp, not_well, sentences

NOTHING_WAITS = "Nothing waits in the spool of this machine."


def test_a_spool_that_is_not_there_yet_is_well(well: MakeApp, tmp_path: Path) -> None:
    app = well(PEERSUPPORT_SPOOL=str(tmp_path / "not" / "there"))
    assert NOTHING_WAITS in sentences(app)


@pytest.mark.parametrize("inside", [False, True])
def test_a_file_in_its_place_is_a_fault(well: MakeApp, tmp_path: Path, inside: bool) -> None:
    file = tmp_path / "file"
    file.touch()
    folder = file / "spool" if inside else file
    app = well(PEERSUPPORT_SPOOL=str(folder))
    (finding,) = not_well(app)
    assert finding.level is Level.FAULT
    assert finding.sentence == (
        f"The spool {folder} cannot be written: what cannot be stored at once is lost."
    )
    assert "PEERSUPPORT_SPOOL" in finding.remedy


def test_what_waits_is_counted(well: MakeApp) -> None:
    app = well()
    with app.app_context():
        for number in range(2):
            spool.put(current_runtime(), Payload(Report("incident", str(number)), {}))
    (finding,) = not_well(app)
    assert finding.level is Level.WARNING
    assert finding.sentence == (
        "In the spool of this machine wait 2 reports that could not be stored."
    )
