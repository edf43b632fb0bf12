"""The directory: what the group decided, who steps out, and whom a page shows (P27).

There is one way to change what the directory shows: `decide_directory`, called where a follow-up
meeting records the decision (`sessions.directory_decision.decide_in_meeting`). No setting and no
other page decides it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..access.actor import Actor
from ..access.departments import official_name, present_departments
from ..access.policy import is_coordinator
from ..audit import record
from ..errors import InvalidInput
from ..i18n import gettext as _
from ..runtime import current_session, local_date
from ..values import Person
from ..vault.seal import plain_name
from .actions import audit_supporter
from .directory_rules import DirectoryMode, is_shown_to_all
from .models import DirectoryDecision, Supporter, SupporterPeriod
from .queries import supporter_of
from .states import ACTIVE, SupporterState


@dataclass(frozen=True, slots=True)
class Entry:
    """A supporter as the directory shows them.

    `is_away` holds for a pause and for days away (P28); `away_until_on` is the last of these
    days, None where they have no end.
    `is_shown_to_all` tells those who see everybody whom all others see.
    """

    id: str
    name: str
    phone: str | None
    profession: str | None
    departments: tuple[str, ...]
    is_external: bool
    has_account: bool
    is_away: bool
    away_until_on: date | None
    is_shown_to_all: bool


@dataclass(frozen=True, slots=True)
class Directory:
    """What one reader may see of it.

    Attributes:
        entries: in order of name, as filtered.
        departments: of all entries the reader may see, for the filter.
        mode: as the group decided.
        decided_on: on which day; None: not yet.
        without_account: id and name, in order, of all supporters the reader may see who have no
            page of their own to step out on.
    """

    entries: list[Entry]
    departments: list[str]
    mode: DirectoryMode
    decided_on: date | None
    without_account: list[tuple[str, str]]


def decide_directory(
    session: orm.Session,
    mode: DirectoryMode,
    *,
    decided_on: date,
    session_id: str | None,
    actor: Person | str,
    now: datetime,
) -> DirectoryDecision:
    """Record what the group decided about its directory; earlier decisions stay on record.

    The latest by `decided_on` counts, also where an earlier one is recorded after it.

    Args:
        session: not committed here.
        mode: what was decided.
        decided_on: the day of the meeting, in the programme's time zone.
        session_id: the follow-up meeting; None where there is none on record.
        actor: who records it.
        now: aware.

    Raises:
        InvalidInput: the day is still to come.
    """
    if decided_on > local_date(now):
        future = _("This day is still to come.")
        raise InvalidInput(future, {"decided_on": future})
    decision = DirectoryDecision(
        mode=DirectoryMode(mode), decided_on=decided_on, session_id=session_id, recorded_at=now
    )
    session.add(decision)
    session.flush()
    record.record(
        session,
        "directory.decided",
        actor=actor,
        now=now,
        object_id=decision.id,
        detail=decision.mode.value,
    )
    return decision


def latest_decision(session: orm.Session) -> DirectoryDecision | None:
    """Return the decision that counts, or None where the group has not decided yet."""
    return session.scalar(
        sa.select(DirectoryDecision)
        .order_by(
            DirectoryDecision.decided_on.desc(),
            DirectoryDecision.recorded_at.desc(),
            DirectoryDecision.id,
        )
        .limit(1)
    )


def directory_mode(session: orm.Session) -> DirectoryMode:
    """Return what counts; until the group decides, the directory is closed."""
    return _mode_of(latest_decision(session))


def is_directory_open(session: orm.Session) -> bool:
    """Return whether everybody who is signed in may open the directory."""
    return directory_mode(session) is not DirectoryMode.CLOSED


def choose_listing(
    session: orm.Session,
    supporter: Supporter,
    is_listed: bool,
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Keep a supporter's own word on being in the directory; it counts at once (P27)."""
    supporter.is_listed = is_listed
    session.flush()
    detail = "listed" if is_listed else "not_listed"
    audit_supporter(session, supporter, "supporter.listing_chosen", actor, now, detail)


def may_see_directory(actor: Actor) -> bool:
    """Supporters and coordinators always; everybody where the group decided so."""
    if is_coordinator(actor):
        return True
    session = current_session()
    return is_directory_open(session) or supporter_of(session, actor) is not None


def read_directory(
    session: orm.Session,
    today: date,
    *,
    sees_all: bool,
    profession: str | None = None,
    department: str | None = None,
) -> Directory:
    """Return the directory, in order of name, in a constant number of queries.

    Supporters find each other: they and coordinators see everybody who is appointed, also those
    who stepped out, who are away or who work outside the hospital. All others see who is shown
    to all and not away.

    Args:
        session: read only.
        today: in the programme's time zone.
        sees_all: the reader is a supporter or a coordinator.
        profession: only these.
        department: only those who work there, by its name in the list.
    """
    decision = latest_decision(session)
    mode = _mode_of(decision)
    list_of_departments = present_departments(session)
    names: dict[str, str] = {}
    entries = []
    away = _away(session, today)
    for supporter in _shown(session, mode, away, sees_all=sees_all):
        for row in supporter.departments:
            if row.name not in names:
                names[row.name] = official_name(list_of_departments, row.name)
        own = tuple(dict.fromkeys(names[row.name] for row in supporter.departments))
        entries.append(_entry(supporter, own, mode, away))
    entries.sort(key=lambda entry: (plain_name(entry.name), entry.id))
    chosen = [
        entry
        for entry in entries
        if (profession is None or entry.profession == profession)
        and (department is None or department in entry.departments)
    ]
    there = {name for entry in entries for name in entry.departments}
    return Directory(
        entries=chosen,
        departments=sorted(there, key=plain_name),
        mode=mode,
        decided_on=decision.decided_on if decision else None,
        without_account=[
            (entry.id, entry.name)
            for entry in entries
            if not entry.has_account and not entry.is_external
        ],
    )


def _mode_of(decision: DirectoryDecision | None) -> DirectoryMode:
    return DirectoryMode.CLOSED if decision is None else decision.mode


def _shown(
    session: orm.Session, mode: DirectoryMode, away: Mapping[str, date | None], *, sees_all: bool
) -> Sequence[Supporter]:
    """Return the records of those whom the reader may see; no other name is decrypted."""
    found = session.scalars(sa.select(Supporter).where(Supporter.state.in_(ACTIVE))).all()
    return [
        supporter
        for supporter in found
        if sees_all
        or (
            is_shown_to_all(mode, supporter.is_listed, is_external=supporter.is_external)
            and supporter.id not in away
        )
    ]


def _away(session: orm.Session, today: date) -> dict[str, date | None]:
    """Return who is away today, with the last day; None: until further notice."""
    days = sa.select(SupporterPeriod.supporter_id, SupporterPeriod.last_on).where(
        SupporterPeriod.first_on <= today,
        SupporterPeriod.last_on >= today,
        SupporterPeriod.week.is_(None),
    )
    away: dict[str, date | None] = {row.supporter_id: row.last_on for row in session.execute(days)}
    paused = sa.select(Supporter.id, Supporter.state, Supporter.paused_until_on).where(
        (Supporter.state == SupporterState.PAUSED) | (Supporter.paused_until_on >= today)
    )
    for row in session.execute(paused):
        until, known = row.paused_until_on, away.get(row.id)
        if row.state is SupporterState.PAUSED or until is None:
            away[row.id] = None
        else:
            away[row.id] = max(until, known) if known else until
    return away


def _entry(
    supporter: Supporter,
    departments: tuple[str, ...],
    mode: DirectoryMode,
    away: Mapping[str, date | None],
) -> Entry:
    person, is_away = supporter.record.person, supporter.id in away
    return Entry(
        id=supporter.id,
        name=person.name,
        phone=person.phone,
        profession=supporter.profession,
        departments=departments,
        is_external=supporter.is_external,
        has_account=supporter.has_account,
        is_away=is_away,
        away_until_on=away.get(supporter.id),
        is_shown_to_all=not is_away
        and is_shown_to_all(mode, supporter.is_listed, is_external=supporter.is_external),
    )
