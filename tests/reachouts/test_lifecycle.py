from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa

from flask_peersupport.db import Base
from flask_peersupport.errors import InvalidTransition
from flask_peersupport.reachouts.lifecycle import end_request, move
from flask_peersupport.reachouts.models import ReachOut, SupportRequest
from flask_peersupport.reachouts.states import (
    REACH_OUT_TRANSITIONS,
    REQUEST_TRANSITIONS,
    ReachOutState,
    RequestState,
)
from tests.reachouts.conftest import NOW

#: Written by hand from the contract: what may follow what.
REACH_OUT = {
    "queued": {"asking", "needs_coordinator", "closed"},
    "asking": {"accepted", "queued", "needs_coordinator", "closed"},
    "accepted": {"in_contact", "follow_up", "queued", "needs_coordinator", "closed"},
    "in_contact": {"follow_up", "queued", "needs_coordinator", "closed"},
    "follow_up": {"in_contact", "queued", "needs_coordinator", "closed"},
    "needs_coordinator": {"queued", "asking", "closed"},
    "closed": set(),
}
REQUEST = {
    "asked": {"accepted", "declined", "expired", "withdrawn"},
    "accepted": {"withdrawn"},
    "declined": set(),
    "expired": set(),
    "withdrawn": set(),
}

#: Text columns of everything tied to a reach-out: codes, ids and references, never free text.
TEXT_COLUMNS = {
    "peersupport_analysis_meeting": {"id", "report_id"},
    "peersupport_concern": {"id", "about_id", "sender_id"},
    "peersupport_contact": {"id", "reach_out_id", "supporter_id"},
    "peersupport_excluded_person": {"id", "involved_id", "person_id"},
    "peersupport_external_token": {"id", "digest", "request_id"},
    "peersupport_name_clearance": {"id", "involved_id", "person_id"},
    "peersupport_intake": {"id", "kind", "ref", "month"},
    "peersupport_involved": {
        *("id", "report_id", "person_id", "department", "profession", "discipline"),
        *("seniority", "day_part", "wanted_profession", "earlier_report_id"),
    },
    "peersupport_never_again": {"person_id"},
    "peersupport_reach_out": {"id", "involved_id", "supporter_id", "earlier_id"},
    "peersupport_referral": {"id", "officer_id", "kind", "ref"},
    "peersupport_referral_link": {"id", "digest", "report_id"},
    "peersupport_remark": set(),
    "peersupport_report": {"id", "kind", "ref", "department", "url", "reporter_id"},
    "peersupport_request": {"id", "reach_out_id", "open_for", "supporter_id", "month"},
}


@pytest.mark.parametrize(
    ("current", "target"), list(itertools.product(ReachOutState, ReachOutState))
)
def test_a_reach_out_moves_only_as_the_table_says(
    current: ReachOutState, target: ReachOutState
) -> None:
    reach_out = ReachOut(state=current)
    if target.value in REACH_OUT[current.value]:
        move(reach_out, target, now=NOW, due_at=None)
        assert (reach_out.state, reach_out.changed_at) == (target, NOW)
    else:
        with pytest.raises(InvalidTransition) as error:
            move(reach_out, target, now=NOW, due_at=None)
        assert error.value.current == current.value
        assert set(error.value.allowed) == REACH_OUT[current.value]
        assert reach_out.state is current


@pytest.mark.parametrize(("current", "target"), list(itertools.product(RequestState, RequestState)))
def test_a_request_ends_only_as_the_table_says(current: RequestState, target: RequestState) -> None:
    request = SupportRequest(state=current)
    if target.value in REQUEST[current.value]:
        end_request(request, target, now=NOW)
        assert (request.state, request.answered_at, request.open_for) == (target, NOW, None)
    else:
        with pytest.raises(InvalidTransition):
            end_request(request, target, now=NOW)


def test_every_state_has_its_row() -> None:
    assert set(REACH_OUT_TRANSITIONS) == set(ReachOutState)
    assert set(REQUEST_TRANSITIONS) == set(RequestState)


def test_nothing_tied_to_a_reach_out_has_room_for_free_text() -> None:
    found = {}
    for name in TEXT_COLUMNS:
        table = Base.metadata.tables[name]
        found[name] = {
            column.name
            for column in table.columns
            if isinstance(column.type, sa.String) and not isinstance(column.type, sa.Enum)
        }
        assert not any(isinstance(column.type, sa.Text) for column in table.columns)
    assert found == TEXT_COLUMNS
