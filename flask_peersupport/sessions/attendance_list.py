"""The attendance list as a table for GAIA, the register of the Dutch medical specialties (P34).

GAIA takes a list of BIG numbers, pasted from a spreadsheet. We keep none: the trainer types them
from the signed list into the empty column, and no file with them is stored here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ..access.export import write_workbook
from ..i18n import gettext as _
from ..i18n import mark
from .certificates import About
from .states import KIND_LABELS

_HEADERS = (
    mark("BIG number"),
    mark("Name"),
    mark("Date"),
    mark("Session"),
    mark("Hours"),
    mark("Accreditation number"),
    mark("Accreditation points"),
)


def attendance_workbook(about: About, names: Sequence[str]) -> bytes:
    """Return the list of those who were there, with an empty column for their BIG numbers."""
    kind = _(KIND_LABELS[about.kind])
    facts = (
        about.held_on.isoformat(),
        f"{kind}: {about.title}" if about.title else kind,
        round(about.duration / timedelta(hours=1), 2),
        about.accreditation_number or "",
        "" if about.points is None else about.points / 100,
    )
    headers = [_(header) for header in _HEADERS]
    return write_workbook(_("Attendance"), headers, [(None, name, *facts) for name in names])
