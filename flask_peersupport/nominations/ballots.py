"""Voting: it changes one row and leaves nothing else behind (P24).

No audit row, no row in the vault, no instant, no log line, no signal, no message: voting is the
one exception to "no audit, no access".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import begin_immediate
from ..errors import TooLate
from ..i18n import gettext as _
from ..runtime import current_runtime
from ..values import Person
from . import box
from .box import BallotKeys, Choice
from .models import BallotBox, BallotKey, NominationRound


def cast_vote(
    session: orm.Session,
    nomination_round: NominationRound,
    choices: Sequence[Choice],
    *,
    actor: Person,
    today: date,
) -> bool:
    """Count the names that somebody gives, once; False where they gave an answer already.

    Args:
        session: flushed, not committed, here.
        nomination_round: an open one in which `actor` is asked.
        choices: different nominees, none of them the actor.
        actor: who votes.
        today: in the programme's time zone.

    Raises:
        TooLate: the round has closed, or its last day has passed.
        ValueError: more names than may be given, or none, or one of them twice.
    """
    keys = {choice.key for choice in choices}
    if not 1 <= len(keys) == len(choices) <= nomination_round.max_names:
        raise ValueError("a vote names different colleagues, and no more than may be named")
    ballot_box = hold_box(session, nomination_round.id)
    if ballot_box is None or nomination_round.closes_on < today:
        raise TooLate(_("This round has closed. Nothing was counted any more."))
    ballot_keys = keys_of(session, nomination_round.id)
    register = box.open_register(ballot_keys, nomination_round.id, ballot_box.register)
    voter = box.voter_hash(ballot_keys, actor)
    if voter in register:
        return False
    tally = box.open_tally(ballot_keys, nomination_round.id, ballot_box.tally)
    ballot_box.register = box.seal_register(ballot_keys, nomination_round.id, register | {voter})
    ballot_box.tally = box.seal_tally(ballot_keys, nomination_round.id, box.counted(tally, choices))
    session.flush()
    return True


def has_voted(session: orm.Session, round_id: str, person: Person) -> bool:
    """Return whether somebody gave their answer in an open round; reading leaves no trace."""
    ballot_box = session.get(BallotBox, round_id, populate_existing=True)
    if ballot_box is None:
        return False
    ballot_keys = keys_of(session, round_id)
    register = box.open_register(ballot_keys, round_id, ballot_box.register)
    return box.voter_hash(ballot_keys, person) in register


def can_vote(person: Person) -> bool:
    """Return whether somebody can be told apart from others, so that they vote once."""
    return bool(person.user_id or person.email)


def hold_box(session: orm.Session, round_id: str) -> BallotBox | None:
    """Return the box of an open round, locked until the commit; None where it was emptied."""
    session.flush()
    begin_immediate(session)
    return session.scalar(
        sa.select(BallotBox)
        .where(BallotBox.round_id == round_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def keys_of(session: orm.Session, round_id: str) -> BallotKeys:
    """Return the keys of an open round.

    Raises:
        TooLate: it closed just now.
        KeyringError: the programme's key of its month is missing.
    """
    row = session.get(BallotKey, round_id)
    if row is None:
        raise TooLate(_("This round has closed. Nothing was counted any more."))
    return BallotKeys.open(round_id, row.month, row.sealed, current_runtime().keys)
