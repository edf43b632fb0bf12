"""Actions: asking supporters, one at a time, until one says yes (P12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import orm

from .. import signals
from ..audit import record
from ..db import new_id
from ..errors import NotEligible
from ..i18n import gettext as _
from ..matching.need import Need
from ..matching.queries import Proposal, is_eligible, propose, propose_known, propose_together
from ..runtime import current_runtime
from ..supporters.models import Supporter
from ..supporters.standing import Clock
from ..values import Person
from . import notices
from .deadlines import answer_due, is_reachable, next_opening
from .earlier import known_supporter_id
from .lifecycle import leave_to_coordinators, lock, move, withdraw_open_request
from .models import ReachOut, SupportRequest
from .needs import decided_by_hand, limits, need_at, need_of
from .states import ReachOutState, RequestState, WaitingFor

#: However long supporters may take to answer, a colleague does not wait a day for their hours.
_LONGEST_WAIT = timedelta(hours=12)


def ask_together(
    session: orm.Session, reach_outs: Sequence[ReachOut], *, now: datetime
) -> list[SupportRequest]:
    """Ask the best supporter for each of some queued reach-outs of one report.

    Where nobody can be asked, the reach-out waits for the morning or for a coordinator.

    Args:
        session: not committed here.
        reach_outs: of one report, locked, in state `queued`.
        now: aware.
    """
    runtime = current_runtime()
    needs: list[tuple[ReachOut, Need]] = []
    for reach_out in reach_outs:
        need = need_of(session, reach_out, now=now)
        if need is None:
            leave_to_coordinators(session, reach_out, WaitingFor.UNKNOWN_DEPARTMENT, now=now)
        else:
            needs.append((reach_out, need))
    proposals = propose_together(
        session, [need for _reach_out, need in needs], limits(), runtime.departments
    )
    made = []
    chosen = sorted(
        zip(needs, proposals, strict=True),
        # every worker locks in one order; who gets nobody comes last, when the others are taken
        key=lambda pair: (pair[1] is None, pair[1].supporter_id if pair[1] else ""),
    )
    asked_now: frozenset[str] = frozenset()
    for (reach_out, given), proposal in chosen:
        need = replace(given, excluded_supporters=given.excluded_supporters | asked_now)
        held = _hold_known(session, reach_out, need) or _hold(session, need, proposal)
        if held is None:
            _wait_or_give_up(session, reach_out, need, now)
        else:
            asked_now |= {held.supporter_id}
            made.append(
                _ask(
                    session,
                    reach_out,
                    lock(session, Supporter, held.supporter_id),
                    explanation=held.explanation,
                    actor=record.WORKER,
                    now=now,
                )
            )
    return made


def _hold_known(session: orm.Session, reach_out: ReachOut, need: Need) -> Proposal | None:
    """Lock who supported the colleague before, where every hard rule still allows it (P20)."""
    known = session.get(Supporter, known_supporter_id(reach_out) or "")
    if known is None or not known.is_asked_by_mail:
        return None
    return propose_known(session, need, limits(), current_runtime().departments, known.id)


def _hold(session: orm.Session, need: Need, proposal: Proposal | None) -> Proposal | None:
    """Lock the proposed supporter, or the next best where another worker was first.

    Choosing locks nobody, so that two workers may choose the same one at once; what the limits
    say is certain only under the lock.
    """
    departments = current_runtime().departments
    while proposal is not None:
        if is_eligible(session, need, limits(), departments, proposal.supporter_id).ok:
            return proposal
        need = replace(need, excluded_supporters=need.excluded_supporters | {proposal.supporter_id})
        proposal = propose(session, need, limits(), departments)
    return None


def ask_by_hand(
    session: orm.Session,
    reach_out: ReachOut,
    supporter_id: str,
    *,
    actor: Person,
    now: datetime,
) -> SupportRequest:
    """Ask the supporter whom a coordinator chose, in the place of who is asked now.

    All hard rules hold, but for those that a coordinator may decide: somebody asked before,
    somebody who has a colleague of the same report, and the hour of the day.

    Raises:
        NotEligible: a hard rule forbids it.
        InvalidTransition: somebody has the reach-out, or it is closed.
    """
    reach_out = lock(session, ReachOut, reach_out.id)
    verdict = eligible_by_hand(session, reach_out, supporter_id, now=now)
    if not verdict[0]:
        raise NotEligible(verdict[1], verdict[2])
    withdraw_open_request(session, reach_out, now=now)
    if reach_out.state is ReachOutState.ASKING:
        move(reach_out, ReachOutState.QUEUED, now=now, due_at=None)
    supporter = lock(session, Supporter, supporter_id)
    return _ask(
        session, reach_out, supporter, explanation=None, actor=actor, now=now, is_by_hand=True
    )


def eligible_by_hand(
    session: orm.Session, reach_out: ReachOut, supporter_id: str, *, now: datetime
) -> tuple[bool, str, str]:
    """Return whether a coordinator may choose this supporter: ok, code, sentence."""
    need = need_of(session, reach_out, now=now, by_day=True)
    if need is None:
        message = _("The department of the colleague is unknown: say first which one it is.")
        return False, WaitingFor.UNKNOWN_DEPARTMENT, message
    open_ids = {r.supporter_id for r in reach_out.requests if r.state is RequestState.ASKED}
    if supporter_id in open_ids:
        return False, "asked", _("This supporter is asked already.")
    need = replace(need, excluded_supporters=frozenset())
    departments = current_runtime().departments
    verdict = is_eligible(session, need, limits(), departments, supporter_id)
    return verdict.ok, verdict.code, verdict.message


def _ask(
    session: orm.Session,
    reach_out: ReachOut,
    supporter: Supporter,
    *,
    explanation: dict[str, Any] | None,
    actor: Person | str,
    now: datetime,
    is_by_hand: bool = False,
) -> SupportRequest:
    settings = current_runtime().settings
    # whom the rules let be asked at night chose it, for good or for these days
    is_chosen_night = not is_by_hand and not is_reachable(
        now, settings.reachable_hours, settings.timezone
    )
    due_at = answer_due(
        now,
        settings.answer_within,
        settings.reachable_hours,
        settings.timezone,
        at_night=supporter.is_asked_at_night or is_chosen_night,
    )
    request = SupportRequest(
        id=new_id(),
        reach_out_id=reach_out.id,
        open_for=reach_out.id,
        supporter_id=supporter.id,
        state=RequestState.ASKED,
        asked_at=now,
        answer_due_at=due_at,
        is_by_hand=is_by_hand,
        is_by_telephone=False,
        explanation=explanation,
    )
    reach_out.requests.append(request)
    supporter.asked_count += 1
    move(reach_out, ReachOutState.ASKING, now=now, due_at=None, urgent_at=due_at)
    session.flush()
    record.record(
        session,
        "supporter.asked",
        actor=actor,
        now=now,
        object_id=request.id,
        subject_id=reach_out.involved.person_id,
    )
    if supporter.is_asked_by_mail:
        notices.tell_supporter(session, "supporter_asked", supporter, request, now=now)
    signals.remember(
        session.info, signals.supporter_asked, request_id=request.id, reach_out_id=reach_out.id
    )
    return request


def _wait_or_give_up(session: orm.Session, reach_out: ReachOut, need: Need, now: datetime) -> None:
    """Wait for those who may be asked soon, or else tell a coordinator at once."""
    if chance := _next_chance(session, need, now):
        reach_out.due_at = reach_out.urgent_at = chance
        session.flush()
        return
    departments = current_runtime().departments
    at_any_hour = decided_by_hand(need)
    if propose(session, at_any_hour, limits(), departments):
        reason = WaitingFor.OTHER_HOURS
    elif propose(session, at_any_hour, limits(), departments, with_account_only=False):
        reason = WaitingFor.BY_TELEPHONE
    else:
        reason = WaitingFor.NO_SUPPORTER
    leave_to_coordinators(session, reach_out, reason, now=now)


def _next_chance(session: orm.Session, need: Need, now: datetime) -> datetime | None:
    """Return the hour at which somebody could be asked whose own hours begin, or the night ends.

    Nobody waits longer for that than for an answer; at night, from the morning on (P12, P28).
    """
    runtime = current_runtime()
    clock = Clock(runtime.settings.timezone, runtime.settings.reachable_hours)
    opening = next_opening(now, clock.reachable_hours, clock.zone)
    last = opening + min(runtime.settings.answer_within, _LONGEST_WAIT)
    at = clock.next_hour(now)
    while at <= last:
        if propose(session, need_at(need, at), limits(), runtime.departments):
            return at
        at = clock.next_hour(at)
    return None
