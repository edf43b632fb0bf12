"""The vocabulary of intervision: words the programme chose, never what was said (P32)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.sheets import cell_fault
from ..audit import record
from ..errors import InvalidInput
from ..i18n import gettext as _
from ..values import Person
from ..vault.seal import plain_name
from .models import SessionTheme, Theme

LONGEST = 80


def add_theme(session: orm.Session, name: str, *, actor: Person | str, now: datetime) -> Theme:
    """Add a word to the vocabulary.

    Raises:
        InvalidInput: it cannot be right, or is there already.
    """
    theme = Theme()
    _name(session, theme, name)
    session.add(theme)
    _flush(session)
    _audit(session, theme, "theme.added", actor, now)
    return theme


def rename_theme(
    session: orm.Session, theme: Theme, name: str, *, actor: Person | str, now: datetime
) -> None:
    """Call a theme by another word, also in the sessions that have it.

    Raises:
        InvalidInput: the word cannot be right, or is there already.
    """
    _name(session, theme, name)
    _flush(session)
    _audit(session, theme, "theme.renamed", actor, now)


def retire_theme(session: orm.Session, theme: Theme, *, actor: Person | str, now: datetime) -> None:
    """Offer a theme no longer; the sessions that have it keep it, so it is never deleted."""
    if theme.retired_at is None:
        theme.retired_at = now
        session.flush()
        _audit(session, theme, "theme.retired", actor, now)


def bring_back_theme(
    session: orm.Session, theme: Theme, *, actor: Person | str, now: datetime
) -> None:
    """Offer a retired theme again."""
    if theme.retired_at is not None:
        theme.retired_at = None
        session.flush()
        _audit(session, theme, "theme.brought_back", actor, now)


def all_themes(session: orm.Session) -> Sequence[Theme]:
    """Return the whole vocabulary, what is offered first, in order of the alphabet."""
    statement = sa.select(Theme).order_by(Theme.retired_at.is_not(None), Theme.plain_name)
    return session.scalars(statement).all()


def count_uses(session: orm.Session) -> Mapping[str, int]:
    """Return how many sessions have each theme, by its id; unused ones are left out."""
    statement = sa.select(SessionTheme.theme_id, sa.func.count()).group_by(SessionTheme.theme_id)
    return {row[0]: row[1] for row in session.execute(statement)}


def themes_of(session: orm.Session, session_ids: Collection[str]) -> Mapping[str, list[Theme]]:
    """Return the themes of some sessions, by the session's id, in order of the alphabet."""
    statement = (
        sa.select(SessionTheme.session_id, Theme)
        .join(Theme, Theme.id == SessionTheme.theme_id)
        .where(SessionTheme.session_id.in_(session_ids))
        .order_by(Theme.plain_name)
    )
    found: dict[str, list[Theme]] = {}
    for session_id, theme in session.execute(statement):
        found.setdefault(session_id, []).append(theme)
    return found


def _name(session: orm.Session, theme: Theme, text: str) -> None:
    name = " ".join(text.split())
    plain = plain_name(name)
    fault = _fault(name, plain) or _taken(session, theme, plain)
    if fault:
        raise InvalidInput(fault, {"name": fault})
    theme.name, theme.plain_name = name, plain


def _fault(name: str, plain: str) -> str | None:
    if not plain:
        return _("A theme is a word with letters or digits.")
    if len(name) > LONGEST or len(plain) > 2 * LONGEST:
        return _("This is too long; at most %(n)s characters.", n=LONGEST)
    return cell_fault(name)


def _taken(session: orm.Session, theme: Theme, plain: str) -> str | None:
    with session.no_autoflush:
        other = session.scalar(sa.select(Theme).where(Theme.plain_name == plain))
    if other is None or other is theme:
        return None
    if other.retired_at is not None:
        return _("“%(name)s” was retired: bring it back instead.", name=other.name)
    return _("“%(name)s” is in the list already.", name=other.name)


def _flush(session: orm.Session) -> None:
    try:
        session.flush()
    except sa.exc.IntegrityError as error:
        taken = _("This theme was added by somebody else just now.")
        raise InvalidInput(taken, {"name": taken}) from error


def _audit(
    session: orm.Session, theme: Theme, action: str, actor: Person | str, now: datetime
) -> None:
    record.record(session, action, actor=actor, now=now, object_id=theme.id)
