"""Actions: a supporter without an account comes in with a link and the code, goes on from page to
page, and asks for new links (P31).

Whoever is refused gets one and the same answer, whatever the reason; the audit trail names it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from ..audit import record
from ..outbox.actions import enqueue_once
from ..reachouts.models import ReachOut, SupportRequest
from ..reachouts.queries import taken_reach_outs, waiting_requests
from ..reachouts.states import RequestState
from ..supporters.models import Supporter
from ..supporters.states import ACTIVE
from ..values import Person
from ..vault.persons import find_person_ids
from . import codes, rules
from .agreeing import lock_code, read_code
from .models import ExternalCode
from .queries import supporter_with
from .rules import Purpose
from .tokens import find_token, use_up

#: The actor of what nobody known did.
VISITOR = "visitor"
#: Hashed with the code where there is none to compare it with, so that this takes as long.
_NO_SALT = bytes(16)


def enter(session: orm.Session, text: str, typed: str, *, now: datetime) -> SupportRequest | None:
    """Use up a link, where the code is right, and return what its supporter was asked.

    Args:
        session: not committed here, also where the answer is None: tries are counted.
        text: the token of the link.
        typed: the code.
        now: aware.

    Returns:
        None: refused.
    """
    token = find_token(session, text, Purpose.LINK, now=now)
    supporter = token.request.supporter if token else None
    if not _is_right(session, supporter, typed, now=now) or token is None:
        return None
    if not use_up(session, token, now=now):
        _refuse(session, supporter, "used", now)
        return None
    return token.request


def go_on(session: orm.Session, text: str, *, now: datetime) -> SupportRequest | None:
    """Use up a page, for one of its buttons, and return what its supporter was asked.

    Returns:
        None: refused.
    """
    token = find_token(session, text, Purpose.PAGE, now=now)
    supporter = token.request.supporter if token else None
    is_good = (
        token is not None
        and supporter is not None
        and _may_enter(supporter)
        and lock_code(session, supporter.id) is not None
        and use_up(session, token, now=now)
    )
    if not is_good or token is None:
        _refuse(session, supporter, "page", now)
        return None
    return token.request


def ask_for_links(session: orm.Session, email: str, typed: str, *, now: datetime) -> None:
    """Mail a new link for everything that waits for a supporter, where the code is right.

    Where nothing waits the mail says so. Only so often an hour.
    """
    ids = find_person_ids(session, Person("", email=email), now)
    supporter = supporter_with(session, ids)
    code = _is_right(session, supporter, typed, now=now)
    if code is None or supporter is None:
        return
    count, since = rules.counted(code.asked_count, code.asked_since, rules.ASKED_WITHIN, now)
    if count >= rules.MOST_ASKED:
        _refuse(session, supporter, "too_often", now)
        return
    code.asked_count, code.asked_since = count + 1, since or now
    for request_id in open_steps(session, supporter, now=now) or [None]:
        enqueue_once(session, "external_link", to=supporter.record, object_id=request_id, now=now)
    session.flush()
    _record(session, "external.link_asked", supporter, now)


def open_steps(session: orm.Session, supporter: Supporter, *, now: datetime) -> list[str | None]:
    """Return the ids of the requests that wait for an answer, or were taken and are not over."""
    waiting: list[str | None] = [r.id for r in waiting_requests(session, supporter.id, now)]
    taken = (accepted_request(r) for r in taken_reach_outs(session, supporter.id))
    return waiting + [request.id for request in taken if request is not None]


def accepted_request(reach_out: ReachOut) -> SupportRequest | None:
    """Return the request by whose acceptance a supporter has a reach-out."""
    return next((r for r in reach_out.requests if r.state is RequestState.ACCEPTED), None)


def _may_enter(supporter: Supporter) -> bool:
    return supporter.is_let_in_by_code and supporter.state in ACTIVE


def _is_right(
    session: orm.Session, supporter: Supporter | None, typed: str, *, now: datetime
) -> ExternalCode | None:
    """Return the supporter's code, locked, where what was typed is right; tries are counted.

    The slow hash comes before the lock: those who try many at once then stand in one line, and
    none of them is let in after the last try that counts.
    """
    code = read_code(session, supporter.id) if supporter and _may_enter(supporter) else None
    digest = codes.digest_of(typed, code.salt if code else _NO_SALT)
    if supporter is None or code is None:
        _refuse(session, supporter, "unknown", now)
        return None
    code = lock_code(session, supporter.id)
    if code is None:  # taken away in between
        _refuse(session, supporter, "unknown", now)
        return None
    count, since = rules.counted(code.wrong_count, code.wrong_since, rules.WRONG_WITHIN, now)
    if count >= rules.MOST_WRONG:
        _refuse(session, supporter, "locked", now)
        return None
    if not codes.is_same(code.digest, digest):
        code.wrong_count, code.wrong_since = count + 1, since or now
        session.flush()
        _refuse(session, supporter, "wrong_code", now)
        return None
    code.wrong_count, code.wrong_since = 0, None
    session.flush()
    return code


def _refuse(session: orm.Session, supporter: Supporter | None, why: str, now: datetime) -> None:
    _record(session, "external.refused", supporter, now, why)


def _record(
    session: orm.Session,
    action: str,
    supporter: Supporter | None,
    now: datetime,
    detail: str | None = None,
) -> None:
    record.record(
        session,
        action,
        actor=supporter.record.person if supporter else VISITOR,
        now=now,
        object_id=supporter.id if supporter else None,
        detail=detail,
    )
