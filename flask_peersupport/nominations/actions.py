"""What coordinators do with a round: open it, invite heads, close it, invite who came out.

Actions check, change, flush and audit, in this order; they never commit. Voting is in `ballots`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.departments import official_name, present_departments
from ..audit import record
from ..db import begin_immediate
from ..errors import InvalidInput, InvalidTransition, raise_if_any
from ..i18n import gettext as _
from ..outbox.actions import drop_waiting, enqueue
from ..runtime import current_runtime, local_date
from ..values import Person
from ..vault.persons import store_person
from . import box, rules
from .ballots import hold_box, keys_of
from .box import BallotKeys, Choice
from .models import (
    BallotBox,
    BallotKey,
    NominationRound,
    Nominee,
    RoundDepartment,
    RoundInvitation,
)
from .states import TRANSITIONS, RoundState

MAIL = "nomination_asked"

#: MariaDB's ER_LOCK_DEADLOCK.
_DEADLOCK = 1213


@dataclass(frozen=True, slots=True)
class RoundDetails:
    """A round as the coordinator wants it; `letter` is the text by language."""

    closes_on: date
    letter: dict[str, str]
    departments: tuple[str, ...] = ()
    max_names: int = rules.USUAL_NAMES
    is_heads_only: bool = False
    staff_count: int | None = None


def open_round(
    session: orm.Session, details: RoundDetails, *, actor: Person | str, now: datetime
) -> NominationRound:
    """Open a round, with new keys and an empty box.

    Raises:
        InvalidInput: a detail cannot be right, or the same people are asked in another round. The
            transaction has to be rolled back: the round is in it.
        KeyringError: nothing can be sealed now.
    """
    _check(details, now)
    _take_turn(session)
    nomination_round = NominationRound(
        state=RoundState.OPEN,
        is_heads_only=details.is_heads_only,
        max_names=details.max_names,
        opened_at=now,
    )
    nomination_round.departments = [RoundDepartment(name=name) for name in details.departments]
    _write(nomination_round, details)
    session.add(nomination_round)
    session.flush()
    _check_others(session, nomination_round)
    keys, key = BallotKeys.new(), current_runtime().keys.current(now)
    round_id = nomination_round.id
    session.add_all(
        [
            BallotKey(round_id=round_id, month=key.month, sealed=keys.seal(round_id, key)),
            BallotBox(
                round_id=round_id,
                register=box.seal_register(keys, round_id, ()),
                tally=box.seal_tally(keys, round_id, {}),
            ),
        ]
    )
    session.flush()
    record.record(session, "nomination.opened", actor=actor, now=now, object_id=round_id)
    return nomination_round


def change_round(
    session: orm.Session,
    nomination_round: NominationRound,
    details: RoundDetails,
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Change the last day, the letter and the number of staff of an open round; nothing else.

    Whom it asks, and for how many names, is the same for everybody who answers.

    Raises:
        InvalidInput: a detail cannot be right.
        InvalidTransition: the round has closed.
    """
    _check(details, now)
    _hold(session, nomination_round)
    if nomination_round.state is not RoundState.OPEN:
        raise _not_open(nomination_round)
    _write(nomination_round, details)
    session.flush()
    record.record(
        session, "nomination.changed", actor=actor, now=now, object_id=nomination_round.id
    )


def close_round(
    session: orm.Session, nomination_round: NominationRound, *, actor: Person | str, now: datetime
) -> None:
    """Count the votes, write who was named, and destroy box, register and keys.

    With fewer than `rules.FEWEST_ANSWERS` answers neither a name nor their number is written.

    Args:
        session: flushed, not committed, here.
        nomination_round: an open one.
        actor: the coordinator, or the worker after the last day.
        now: aware.

    Raises:
        InvalidTransition: it has closed already.
        KeyringError: the votes cannot be read now; nothing changes.
    """
    _hold(session, nomination_round)
    if RoundState.CLOSED not in TRANSITIONS[nomination_round.state]:
        raise _not_open(nomination_round)
    round_id = nomination_round.id
    ballot_box = hold_box(session, round_id)
    if ballot_box is None:
        raise _not_open(nomination_round)
    keys = keys_of(session, round_id)
    register = box.open_register(keys, round_id, ballot_box.register)
    tally = box.open_tally(keys, round_id, ballot_box.tally)
    is_told = rules.is_told(len(register))
    if is_told:
        _write_nominees(session, round_id, tally, now)
    nomination_round.state = RoundState.CLOSED
    nomination_round.closed_at = now
    nomination_round.due_at = None
    nomination_round.voter_count = len(register) if is_told else 0
    _forget_invitations(session, nomination_round)
    _destroy(session, round_id, ballot_box)
    record.record(session, "nomination.closed", actor=actor, now=now, object_id=round_id)


def invite_voters(
    session: orm.Session,
    nomination_round: NominationRound,
    people: Iterable[Person],
    *,
    actor: Person | str,
    now: datetime,
) -> int:
    """Invite people by name to answer; return how many are new. They get a mail with the link.

    Whoever was invited gets no second mail: a reminder for those alone who have not answered
    would tell who has.

    Raises:
        InvalidTransition: the round has closed.
    """
    _hold(session, nomination_round)
    if nomination_round.state is not RoundState.OPEN:
        raise _not_open(nomination_round)
    round_id = nomination_round.id
    invited = set(
        session.scalars(
            sa.select(RoundInvitation.person_id).where(RoundInvitation.round_id == round_id)
        )
    )
    count = 0
    for person in people:
        row = store_person(session, person, now=now)
        if row.id in invited:
            continue
        invited.add(row.id)
        session.add(RoundInvitation(round_id=round_id, person_id=row.id))
        session.flush()
        record.record(
            session,
            "nomination.voter_invited",
            actor=actor,
            now=now,
            object_id=round_id,
            subject_id=row.id,
        )
        enqueue(session, MAIL, to=row, object_id=round_id, now=now)
        count += 1
    return count


def _check(details: RoundDetails, now: datetime) -> None:
    today = local_date(now)
    faults: dict[str, str | None] = {
        "closes_on": _("This day has passed.") if details.closes_on < today else None
    }
    if details.closes_on > today + timedelta(days=rules.MOST_DAYS_OPEN):
        faults["closes_on"] = _("A round is open for a year at most.")
    if not 1 <= details.max_names <= rules.MOST_NAMES:
        faults["max_names"] = _("From 1 to %(n)s names.", n=rules.MOST_NAMES)
    if details.staff_count is not None and details.staff_count < 1:
        faults["staff_count"] = _("Fill in a whole number of one or more, or leave it empty.")
    raise_if_any(faults)


def _take_turn(session: orm.Session) -> None:
    """Let one round be opened after the other, until the commit.

    MariaDB has no such lock that ends with a transaction: there `_check_others` waits instead.
    """
    begin_immediate(session)
    if session.connection().dialect.name == "postgresql":
        session.execute(
            sa.text("SELECT pg_advisory_xact_lock(hashtext('flask peersupport nomination round'))")
        )


def _check_others(session: orm.Session, ours: NominationRound) -> None:
    """Refuse a second round for the same people; one for heads may run beside one for all.

    It looks once ours is written, and locks what it reads: on MariaDB it so waits for a round that
    is being opened at this moment, and of two that wait for each other one is refused.
    """
    others = sa.select(NominationRound.id).where(
        NominationRound.id != ours.id,
        NominationRound.state == RoundState.OPEN,
        NominationRound.is_heads_only.is_(ours.is_heads_only),
    )
    names = sa.select(RoundDepartment.name)
    own = [row.name for row in ours.departments]
    try:
        for other in session.scalars(others.with_for_update()).all():
            of_other = names.where(RoundDepartment.round_id == other).with_for_update()
            if rules.overlap(own, session.scalars(of_other).all()):
                taken = _(
                    "A round is open already that asks the same people. Close that one first."
                )
                raise InvalidInput(taken, {"departments": taken})
    except sa.exc.OperationalError as error:
        if error.orig is None or error.orig.args[:1] != (_DEADLOCK,):
            raise
        busy = _("Another round was opened at the same moment. Look at it first, then try again.")
        raise InvalidInput(busy, {"departments": busy}) from None


def _write(nomination_round: NominationRound, details: RoundDetails) -> None:
    zone = current_runtime().settings.timezone
    nomination_round.closes_on = details.closes_on
    nomination_round.due_at = datetime.combine(
        details.closes_on + timedelta(days=1), time(), tzinfo=zone
    )
    nomination_round.letter = details.letter
    nomination_round.staff_count = details.staff_count


def _hold(session: orm.Session, nomination_round: NominationRound) -> None:
    """Lock the round and read its state again, so that two changes at once see each other."""
    session.flush()
    begin_immediate(session)
    session.refresh(nomination_round, ["state"], with_for_update=True)


def _not_open(nomination_round: NominationRound) -> InvalidTransition:
    state = nomination_round.state
    return InvalidTransition(state, RoundState.CLOSED, TRANSITIONS[state])


def _write_nominees(session: orm.Session, round_id: str, tally: box.Tally, now: datetime) -> None:
    """Write who was named, in an order that tells nothing; a count below the limit is not kept."""
    departments = present_departments(session)
    found: dict[str, tuple[str | None, int]] = {}
    for choice, count in box.ordered_choices(tally):
        person = _person_of(session, choice)
        row = store_person(session, person, now=now, is_typed=choice.user_id is None)
        given = choice.department
        place = official_name(departments, given) if given else None
        first, known = found.get(row.id, (place, 0))
        found[row.id] = (first, known + count)
    session.add_all(
        Nominee(
            round_id=round_id,
            person_id=person_id,
            department=place,
            count=rules.told_count(count),
        )
        for person_id, (place, count) in found.items()
    )
    session.flush()


def _person_of(session: orm.Session, choice: Choice) -> Person:
    """Return a nominee as the directory knows them now, or else as they were named."""
    named = Person(choice.name, choice.email, user_id=choice.user_id, department=choice.department)
    if choice.user_id is None:
        return named
    try:
        with session.begin_nested():  # a statement that fails must not cost us the transaction
            listed = current_runtime().users.get(choice.user_id)
    except Exception:  # the host's own code: one entry that it cannot read keeps no round open
        listed = None
    if listed is None:  # the account is gone, and its id may be issued again
        return replace(named, user_id=None)
    return listed


def _forget_invitations(session: orm.Session, nomination_round: NominationRound) -> None:
    """Delete who was invited by name; where nobody else was asked, they were the staff asked."""
    of_round = RoundInvitation.round_id == nomination_round.id
    count = session.scalar(sa.select(sa.func.count()).select_from(RoundInvitation).where(of_round))
    if nomination_round.is_heads_only and nomination_round.staff_count is None:
        nomination_round.staff_count = count or None
    session.execute(sa.delete(RoundInvitation).where(of_round))
    drop_waiting(session, MAIL, nomination_round.id)


def _destroy(session: orm.Session, round_id: str, ballot_box: BallotBox) -> None:
    """Overwrite box and keys, then delete them.

    SQLite and MariaDB write the zeros over the bytes; PostgreSQL leaves the old version to its
    next vacuum.
    """
    if session.connection().dialect.name == "sqlite":
        session.connection().exec_driver_sql("PRAGMA secure_delete = ON")
    key = session.get_one(BallotKey, round_id)
    ballot_box.register = bytes(len(ballot_box.register))
    ballot_box.tally = bytes(len(ballot_box.tally))
    key.sealed = bytes(len(key.sealed))
    session.flush()
    session.delete(ballot_box)
    session.delete(key)
    session.flush()
