"""After a report: other help for the reporter, and the first hours where it was serious."""

from __future__ import annotations

import re

import pytest

from flask_peersupport.intake.tokens import seal_token
from flask_peersupport.resources.states import ResourceKind
from tests.intake.conftest import STAFF
from tests.reachouts.conftest import Programme, anna
from tests.resources.conftest import help_of
from tests.sessions.hospital import Browser, working

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.mark.parametrize(("kind", "is_serious"), [("calamity", True), ("incident", False)])
def test_the_reporter_finds_other_help_and_the_first_hours(
    small_programme: Programme, kind: str, is_serious: bool
) -> None:
    small_programme.report(anna(), kind=kind)
    small_programme.work()
    with working(small_programme.app) as session:
        help_of(session, ResourceKind.EMERGENCY_TEAM, "Team", phone="050 361 1234")
        help_of(session, ResourceKind.STANDBY_PSYCHIATRIST, "Standby", phone="050 361 9999")
    content = {"kind": kind, "ref": "1", "intake": "gone", "next": "/", "me": True}
    counts = {"uncalled": False, "count": 0, "surplus": 0, "visitor": str(STAFF.rosa)}
    with small_programme.app.app_context():
        token = seal_token(content | counts)
    page = Browser(small_programme, STAFF.rosa).text(f"/step/{token}").split("<h1")[1]
    assert ('href="/peersupport/first-hours"' in page) is is_serious
    assert re.findall(r'ps-help-phone" href="tel:(\d+)"', page) == ["0503611234"]
