"""Every page about supporters and sessions, with data, looked at with axe on both widths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from example_app import network
from example_app.extensions import db
from flask_peersupport.nominations.models import NominationRound
from flask_peersupport.nominations.states import RoundState
from flask_peersupport.sessions.models import ProgrammeSession
from flask_peersupport.sessions.states import SessionKind, SessionState
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from tests.journeys.conftest import DESKTOP, PHONE, Hospital, check

pytestmark = pytest.mark.browser

K, S = SessionKind, SessionState


@dataclass(frozen=True)
class Places:
    """The ids of what the network's demo made."""

    sessions: dict[tuple[SessionKind, SessionState], str]
    open_round: str
    closed_round: str
    trained: str
    external: str
    letters_on: str


@pytest.fixture
def places(hospital: Hospital) -> Places:
    """The example hospital after its network's last weeks."""
    with hospital.app.app_context():
        network.play_network(hospital.app)
        rows = db.session.scalars(sa.select(ProgrammeSession)).all()
        rounds = {row.state: row.id for row in db.session.scalars(sa.select(NominationRound))}
        states = {row.state: row.id for row in db.session.scalars(sa.select(Supporter))}
        external = sa.select(Supporter.id).where(Supporter.is_external)
        found = Places(
            sessions={(row.kind, row.state): row.id for row in rows},
            open_round=rounds[RoundState.OPEN],
            closed_round=rounds[RoundState.CLOSED],
            trained=states[SupporterState.TRAINED],
            external=db.session.scalars(external).one(),
            letters_on=str(db.session.scalar(sa.select(sa.func.max(Supporter.appointed_on)))),
        )
        db.session.remove()
    return found


def of_coordinator(places: Places) -> list[str]:
    one = places.sessions
    return [
        "",
        "supporters",
        "supporters/coverage",
        "supporters/load",
        "supporters/appoint",
        f"supporters/{places.trained}",
        f"supporters/{places.external}/code",
        f"supporters/letters/{places.letters_on}",
        "nominations",
        "nominations/open",
        f"nominations/{places.closed_round}",
        f"nominations/{places.open_round}",
        f"nominations/{places.open_round}/letter",
        "directory",
        "sessions",
        "sessions/plan",
        "sessions/hours",
        "sessions/intervision",
        "sessions/reached",
        "sessions/resolutions",
        "sessions/themes",
        *(f"sessions/{session_id}" for session_id in one.values()),
        f"sessions/{one[K.TRAINING, S.PLANNED]}/change",
        f"sessions/{one[K.TRAINING, S.HELD]}/attendance",
        f"sessions/{one[K.TRAINING, S.HELD]}/attendance-list",
        f"sessions/{one[K.TRAINING, S.HELD]}/certificates",
        f"sessions/{one[K.TRAINING, S.HELD]}/import",
        f"sessions/{one[K.INTERVISION, S.HELD]}/intervision",
        f"sessions/{one[K.FOLLOW_UP_MEETING, S.HELD]}/resolutions",
        f"sessions/{one[K.LECTURE, S.HELD]}/reached",
    ]


def of_supporter(places: Places) -> list[str]:
    return [
        "",
        "supporters/me",
        "supporters/me/conflicts",
        "supporters/me/load",
        "directory",
        "sessions",
        "sessions/mine",
        f"sessions/{places.sessions[K.INTERVISION, S.HELD]}/certificate",
        f"sessions/{places.sessions[K.TRAINING, S.PLANNED]}",
    ]


def of_nurse(places: Places) -> list[str]:
    light = places.sessions[K.LIGHT_TRAINING, S.PLANNED]
    return ["", "directory", f"nominations/{places.open_round}", "sessions", f"sessions/{light}"]


@pytest.mark.parametrize(
    ("size", "locale"), [(PHONE, "nl"), (DESKTOP, "en")], ids=["phone", "desk"]
)
@pytest.mark.parametrize(
    ("username", "addresses"),
    [
        ("ellen.dijkstra", of_coordinator),
        ("marieke.postma", of_supporter),
        ("sanne.dejong", of_nurse),
    ],
    ids=["coordinator", "supporter", "nurse"],
)
def test_every_page_is_in_order(
    hospital: Hospital,
    places: Places,
    username: str,
    addresses: Callable[[Places], list[str]],
    size: dict[str, int],
    locale: str,
) -> None:
    page = hospital.sign_in(username, size, locale)
    for address in addresses(places):
        answer = page.goto(f"{hospital.address}/peersupport/{address}")
        assert answer is not None
        assert (address, answer.status) == (address, 200)
        expect(page.locator("h1").first).to_be_visible()
        check(page)
