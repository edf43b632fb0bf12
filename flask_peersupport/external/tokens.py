"""Links and pages that work once: made, found by their hash, used up, forgotten."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import begin_immediate, new_id
from ..reachouts.models import SupportRequest
from ..reachouts.states import RequestState
from . import rules
from .models import ExternalToken
from .rules import Purpose

_BYTES = 32  # 256 bits


def make_token(
    session: orm.Session, request: SupportRequest, purpose: Purpose, *, now: datetime
) -> str:
    """Return a new token for what a supporter was asked; only its hash is stored.

    Those made before stay good until one of them is used: a mail that arrives twice, with two
    links, works with either.
    """
    text = secrets.token_urlsafe(_BYTES)
    is_asked = request.state is RequestState.ASKED
    session.add(
        ExternalToken(
            id=new_id(),
            digest=digest_of(text),
            request_id=request.id,
            purpose=purpose,
            made_at=now,
            expires_at=rules.expires_at(purpose, now, request.answer_due_at if is_asked else None),
        )
    )
    session.flush()
    return text


def make_path(session: orm.Session, request_id: str, now: datetime) -> str:
    """Return the path of a new link, for a mail that is about to be sent."""
    request = session.get_one(SupportRequest, request_id)
    return f"/external/{make_token(session, request, Purpose.LINK, now=now)}"


def digest_of(text: str) -> str:
    """Return under which hash a token is stored; its 256 bits need no salt and no slow hash."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def find_token(
    session: orm.Session, text: str, purpose: Purpose, *, now: datetime
) -> ExternalToken | None:
    """Return a token that is good now, or None: unknown, used and expired are all one."""
    statement = sa.select(ExternalToken).where(
        ExternalToken.digest == digest_of(text),
        ExternalToken.purpose == purpose,
        ExternalToken.used_at.is_(None),
        ExternalToken.expires_at > now,
    )
    return session.scalar(statement)


def use_up(session: orm.Session, token: ExternalToken, *, now: datetime) -> bool:
    """Use a token, and with it all others of the same request; False: somebody was first.

    The supporter's code is locked, so that two of their tokens never wait for each other.
    """
    unused = sa.update(ExternalToken).where(
        ExternalToken.used_at.is_(None), ExternalToken.expires_at > now
    )
    apart = {"synchronize_session": False}
    mine = unused.where(ExternalToken.id == token.id).values(used_at=now)
    if session.execute(mine, execution_options=apart).rowcount != 1:  # type: ignore[attr-defined]
        return False
    others = unused.where(ExternalToken.request_id == token.request_id).values(used_at=now)
    session.execute(others, execution_options=apart)
    return True


def drop_tokens(session: orm.Session, supporter_id: str) -> None:
    """Let no link and no page of a supporter work any more."""
    theirs = sa.select(SupportRequest.id).where(SupportRequest.supporter_id == supporter_id)
    session.execute(
        sa.delete(ExternalToken)
        .where(ExternalToken.request_id.in_(theirs))
        .execution_options(synchronize_session=False)
    )


def expired_tokens(now: datetime) -> sa.Select[Any]:
    """Select the ids of tokens that have expired."""
    return sa.select(ExternalToken.id).where(ExternalToken.expires_at <= now)


def forget_tokens(session: orm.Session, ids: Sequence[str]) -> None:
    """Delete tokens that have expired."""
    begin_immediate(session)
    session.execute(
        sa.delete(ExternalToken)
        .where(ExternalToken.id.in_(ids))
        .execution_options(synchronize_session=False)
    )
