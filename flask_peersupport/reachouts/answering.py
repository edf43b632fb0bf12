"""Actions: a supporter says yes or no, or says nothing (P10, P12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import orm

from .. import signals
from ..audit import record
from ..errors import NotEligible, TooLate
from ..i18n import gettext as _
from ..matching.queries import is_eligible
from ..outbox.actions import drop_waiting
from ..runtime import current_runtime, local_date
from ..supporters.care_counting import count_deployment
from ..supporters.declarations import declare
from ..supporters.models import Supporter
from ..values import Person
from ..vault import seal
from . import notices
from .deadlines import quarter_of, reminder_at
from .lifecycle import (
    close_request,
    end_request,
    lock,
    move,
    promised_from,
    queue_again,
    release_supporter,
)
from .models import ReachOut, SupportRequest
from .needs import limits, need_of
from .states import TAKEN, ReachOutState, RefusalReason, RequestState

_REASON_LENGTH = 16


def accept_request(
    session: orm.Session,
    request: SupportRequest,
    *,
    actor: Person,
    now: datetime,
    by_telephone: bool = False,
) -> ReachOut:
    """Take a reach-out. The hard rules are decided again here, in the accepting transaction.

    Args:
        session: not committed here.
        request: which request.
        actor: the supporter, or the coordinator who notes an answer given by telephone.
        now: aware.
        by_telephone: whether a coordinator notes it; the answer time may have passed meanwhile.

    Raises:
        TooLate: it was answered, withdrawn or has expired.
        NotEligible: a hard rule has come to forbid it; nothing was changed.
    """
    request = _open_request(session, request, now, is_late_allowed=by_telephone)
    reach_out = request.reach_out
    supporter = lock(session, Supporter, request.supporter_id)
    supporter.asked_count = max(0, supporter.asked_count - 1)
    session.flush()
    _ensure_eligible(session, request, now=now)
    settings = current_runtime().settings
    end_request(request, RequestState.ACCEPTED, now=now)
    request.is_by_telephone = by_telephone
    start = max(now, promised_from(reach_out))
    due_at = start + settings.contact_within
    reminder = reminder_at(
        start, settings.contact_within, settings.reachable_hours, settings.timezone
    )
    move(reach_out, ReachOutState.ACCEPTED, now=now, due_at=reminder, urgent_at=due_at)
    reach_out.supporter = supporter
    reach_out.accepted_at = now
    reach_out.contact_due_at = due_at
    _count_deployment(supporter, now)
    count_deployment(session, supporter.id, now=now)
    session.flush()
    _record(session, "request.accepted", request, actor, now)
    drop_waiting(session, "supporter_asked", request.id)
    if by_telephone:
        notices.tell_supporter(session, "answer_noted", supporter, reach_out, now=now)
    signals.remember(
        session.info, signals.supporter_accepted, request_id=request.id, reach_out_id=reach_out.id
    )
    return reach_out


def decline_request(
    session: orm.Session,
    request: SupportRequest,
    reason: RefusalReason,
    *,
    actor: Person,
    now: datetime,
    by_telephone: bool = False,
) -> None:
    """Say no; the next supporter is asked. A conflict rules this one out for good (P10).

    Raises:
        TooLate: it was answered, withdrawn or has expired.
    """
    request = _open_request(session, request, now, is_late_allowed=by_telephone)
    request.is_by_telephone = by_telephone
    _seal_reason(request, reason, now)
    person = request.reach_out.person
    if person is not None:
        declare(session, request.supporter_id, person, reason, now=now)
    close_request(session, request, RequestState.DECLINED, now=now)
    _ask_next(session, request, now)
    session.flush()
    _record(session, "request.declined", request, actor, now)
    if by_telephone:
        notices.tell_supporter(session, "request_closed", request.supporter, request, now=now)
    signals.remember(
        session.info,
        signals.supporter_declined,
        request_id=request.id,
        reach_out_id=request.reach_out_id,
    )


def expire_request(session: orm.Session, request: SupportRequest, *, now: datetime) -> bool:
    """Let silence be a no, thank who was asked, and queue the reach-out for the next.

    A reach-out that nobody is asked for any more stays where it is.

    Returns:
        False where the request was answered meanwhile.
    """
    lock(session, ReachOut, request.reach_out_id)
    request = lock(session, SupportRequest, request.id)
    if request.state is not RequestState.ASKED or request.answer_due_at > now:
        return False
    close_request(session, request, RequestState.EXPIRED, now=now)
    _ask_next(session, request, now)
    session.flush()
    _record(session, "request.expired", request, record.WORKER, now)
    notices.tell_supporter(session, "request_closed", request.supporter, request, now=now)
    return True


def recheck(session: orm.Session, reach_out: ReachOut, *, now: datetime) -> None:
    """Look again whether who is asked, or has it, may: the colleague has said more meanwhile."""
    reach_out = lock(session, ReachOut, reach_out.id)
    for request in reach_out.requests:
        if request.state is RequestState.ASKED:
            supporter = lock(session, Supporter, request.supporter_id)
            supporter.asked_count -= 1  # this very request is no reason against itself
            session.flush()
            try:
                _ensure_eligible(session, request, now=now)
                is_eligible_still = True
            except NotEligible:
                is_eligible_still = False
            supporter.asked_count += 1
            session.flush()
            if not is_eligible_still:
                withdraw_request(session, request, now=now)
    holder = reach_out.supporter
    if reach_out.state in TAKEN and holder is not None:
        need = need_of(session, reach_out, now=now, by_day=True)
        if need is not None and holder.person_id in need.excluded_people:
            release_supporter(session, reach_out, actor=record.WORKER, now=now)
            queue_again(session, reach_out, now=now)
            session.flush()
            record.record(
                session,
                "reach_out.taken_away",
                actor=record.WORKER,
                now=now,
                object_id=reach_out.id,
                subject_id=reach_out.involved.person_id,
            )


def withdraw_request(session: orm.Session, request: SupportRequest, *, now: datetime) -> None:
    """Take a request back because a hard rule has come to forbid it, and queue for the next."""
    lock(session, ReachOut, request.reach_out_id)
    request = lock(session, SupportRequest, request.id)
    if request.state is RequestState.ASKED:
        close_request(session, request, RequestState.WITHDRAWN, now=now)
        _ask_next(session, request, now)
        session.flush()
        _record(session, "request.withdrawn", request, record.WORKER, now)
        notices.tell_supporter(session, "request_closed", request.supporter, request, now=now)


def _ask_next(session: orm.Session, request: SupportRequest, now: datetime) -> None:
    if request.reach_out.state is ReachOutState.ASKING:
        queue_again(session, request.reach_out, now=now)


def refusal_reason(request: SupportRequest) -> RefusalReason | None:
    """Return why the supporter said no, unsealed; only its public label may be shown to others.

    Raises:
        KeyringError: the month's key is missing.
    """
    if request.sealed_reason is None or request.month is None:
        return None
    key = current_runtime().keys.get(request.month)
    text = seal.unseal(key, f"request {request.id}", request.sealed_reason)
    return RefusalReason(text.decode().strip())


def _open_request(
    session: orm.Session, request: SupportRequest, now: datetime, *, is_late_allowed: bool
) -> SupportRequest:
    """Return the request, locked after its reach-out, if it still waits for an answer."""
    lock(session, ReachOut, request.reach_out_id)
    request = lock(session, SupportRequest, request.id)
    is_late = request.answer_due_at <= now and not is_late_allowed
    if request.state is not RequestState.ASKED or is_late:
        raise TooLate(_("Somebody or something was first: this request is closed."))
    return request


def _ensure_eligible(session: orm.Session, request: SupportRequest, *, now: datetime) -> None:
    """Check every hard rule anew; hours within which the supporter was asked do as well as now's.

    Raises:
        NotEligible: names the rule.
    """
    reach_out = request.reach_out
    need = need_of(
        session,
        reach_out,
        now=now,
        by_day=request.is_by_hand,
        asked_at=request.asked_at,
        ignored_request_id=request.id,
    )
    if need is None:
        raise NotEligible("unknown_department", _("The department is not known any more."))
    if request.is_by_hand:
        need = replace(need, excluded_supporters=frozenset())
    departments = current_runtime().departments
    verdict = is_eligible(session, need, limits(), departments, request.supporter_id)
    if not verdict.ok:
        raise NotEligible(verdict.code, verdict.message)


def _count_deployment(supporter: Supporter, now: datetime) -> None:
    quarter = quarter_of(local_date(now))
    if supporter.quarter != quarter:
        supporter.quarter, supporter.quarter_count = quarter, 0
    supporter.quarter_count += 1
    supporter.open_count += 1
    supporter.deployments += 1
    supporter.last_deployed_at = now


def _seal_reason(request: SupportRequest, reason: RefusalReason, now: datetime) -> None:
    key = current_runtime().keys.current(now)
    request.month = key.month
    padded = reason.value.ljust(_REASON_LENGTH).encode()
    request.sealed_reason = seal.seal(key, f"request {request.id}", padded)


def _record(
    session: orm.Session, action: str, request: SupportRequest, actor: Person | str, now: datetime
) -> None:
    subject_id = request.reach_out.involved.person_id
    record.record(
        session, action, actor=actor, now=now, object_id=request.id, subject_id=subject_id
    )
