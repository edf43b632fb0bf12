"""Actions: a coordinator agrees on a code with a supporter from outside, or takes it away (P31)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import begin_immediate, new_id
from ..errors import InvalidInput
from ..i18n import gettext as _
from ..supporters.actions import audit_supporter
from ..supporters.models import Supporter
from ..values import Person
from . import codes
from .models import ExternalCode
from .tokens import drop_tokens


def can_have_code(supporter: Supporter) -> bool:
    """Return whether a code is for them: they work outside the hospital and cannot sign in."""
    return supporter.is_external and not supporter.has_account


def read_code(session: orm.Session, supporter_id: str) -> ExternalCode | None:
    """Return the code of a supporter, if there is one."""
    return session.scalar(sa.select(ExternalCode).where(ExternalCode.supporter_id == supporter_id))


def lock_code(session: orm.Session, supporter_id: str) -> ExternalCode | None:
    """Return the code of a supporter, read anew and locked until the commit."""
    begin_immediate(session)
    statement = sa.select(ExternalCode).where(ExternalCode.supporter_id == supporter_id)
    anew = {"populate_existing": True}
    return session.scalar(statement.with_for_update(), execution_options=anew)


def set_code(
    session: orm.Session, supporter: Supporter, text: str, *, actor: Person, now: datetime
) -> None:
    """Let a code open the links of a supporter from now on; the code before it, and all links
    that it could open, are worth nothing any more.

    Raises:
        InvalidInput: they can sign in, have no e-mail address, or the code is a poor one.
    """
    if not can_have_code(supporter):
        raise InvalidInput(_("A code is for supporters from outside who cannot sign in."))
    if not supporter.record.person.email:
        raise InvalidInput(_("Without an e-mail address no link can be sent."))
    if fault := codes.code_fault(text):
        raise InvalidInput(fault, {"code": fault})
    salt = codes.new_salt()
    digest = codes.digest_of(text, salt)
    code = _hold_code(session, supporter)
    if code is None:
        code = ExternalCode(id=new_id(), supporter_id=supporter.id)
        session.add(code)
    code.salt, code.digest, code.set_at = salt, digest, now
    code.wrong_count, code.wrong_since = 0, None
    code.asked_count, code.asked_since = 0, None
    drop_tokens(session, supporter.id)
    supporter.has_code = True
    session.flush()
    audit_supporter(session, supporter, "supporter.code_set", actor, now)


def take_code_away(
    session: orm.Session, supporter: Supporter, *, actor: Person, now: datetime
) -> None:
    """Let no link of a supporter work any more; a coordinator calls them from now on."""
    code = _hold_code(session, supporter)
    if code is not None:
        session.delete(code)
    drop_tokens(session, supporter.id)
    supporter.has_code = False
    session.flush()
    audit_supporter(session, supporter, "supporter.code_taken_away", actor, now)


def _hold_code(session: orm.Session, supporter: Supporter) -> ExternalCode | None:
    """Lock the code, always before the supporter; where there is none, the supporter instead.

    Two coordinators who agree on the first code at once then wait for each other.
    """
    code = lock_code(session, supporter.id)
    if code is None:
        session.refresh(supporter, ["has_code"], with_for_update=True)
        code = lock_code(session, supporter.id)
    return code
