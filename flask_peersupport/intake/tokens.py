"""The addresses of the page after a report and of the step as a page of its own: sealed."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import timedelta
from typing import Any

from flask import url_for

from ..clock import utc_now
from ..errors import KeyringError
from ..runtime import current_runtime
from ..vault import seal
from .step import Step
from .taken import Intake

_OWNER = "reported"
#: How long the pages can be used.
LIFETIME = timedelta(days=7)


def reported_url(intake: Intake, step: Step, next_url: str) -> str:
    """Return the address of the calm page after a report."""
    token = seal_token(
        {
            "kind": intake.kind,
            "ref": intake.ref,
            "intake": intake.id,
            "next": next_url,
            "visitor": intake.visitor_id,
            "me": step.wants_support and not intake.is_anonymous,
            "uncalled": step.wants_support and intake.is_anonymous,
            "outside": step.is_outside,
            "count": len(step.rows),
            "surplus": step.surplus,
        }
    )
    return url_for("peersupport.intake.reported", token=token)


def asking_url(kind: str, ref: str, *, is_anonymous: bool, visitor_id: str, next_url: str) -> str:
    """Return the address of the page that asks the question."""
    token = seal_token(
        {
            "asks": True,
            "kind": kind,
            "ref": ref,
            "anonymous": is_anonymous,
            "visitor": visitor_id,
            "next": next_url,
        }
    )
    return url_for("peersupport.intake.reported", token=token)


def seal_token(content: dict[str, Any]) -> str:
    """Return the token of a page: sealed, since addresses end in logs."""
    now = utc_now()
    key = current_runtime().keys.current(now)
    text = seal.to_json(content | {"at": now.timestamp()})
    sealed = seal.seal(key, _OWNER, text)
    return f"{key.month}.{base64.urlsafe_b64encode(sealed).decode()}"


def open_token(token: str) -> dict[str, Any] | None:
    """Return what a token says; None for one that is not ours or too old."""
    month, _dot, text = token.partition(".")
    try:
        sealed = base64.urlsafe_b64decode(text)
        found: dict[str, Any] = json.loads(
            seal.unseal(current_runtime().keys.get(month), _OWNER, sealed)
        )
    except (KeyringError, ValueError, binascii.Error):
        return None
    is_young = utc_now().timestamp() - found["at"] < LIFETIME.total_seconds()
    return found if is_young else None
