"""What happens to supporters: added, changed, moved from state to state, paused.

Actions check, change, flush and audit, in this order; they never commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..audit import record
from ..config import Label
from ..db import begin_immediate
from ..errors import InvalidInput, InvalidTransition
from ..i18n import gettext as _
from ..i18n import label
from ..runtime import current_runtime
from ..values import Person
from ..vault.persons import find_person_ids, store_person
from .departments import MOST_DEPARTMENTS, present_departments, resolve_for_supporter
from .models import Supporter, SupporterDepartment
from .states import TRANSITIONS, SupporterState

#: The highest limits that somebody can mean.
MOST_OPEN = 20
MOST_PER_QUARTER = 50
#: The longest name, address or department that is kept.
LONGEST = 200


@dataclass(frozen=True, slots=True)
class SupporterDetails:
    """What matching needs to know of a supporter.

    `profession`, `discipline` and `seniority` are codes of the settings; `departments` names as
    they were given: an unknown one is kept and never matched.
    """

    profession: str | None = None
    discipline: str | None = None
    seniority: str | None = None
    departments: tuple[str, ...] = ()
    is_external: bool = False
    is_asked_at_night: bool = False
    max_open: int | None = None
    max_per_quarter: int | None = None


def add_supporter(
    session: orm.Session,
    person: Person,
    details: SupporterDetails,
    *,
    state: SupporterState = SupporterState.NOMINATED,
    actor: Person | str,
    now: datetime,
) -> Supporter:
    """Put `person` on the roster.

    Raises:
        InvalidInput: they are on it already, or a detail cannot be right.
    """
    _check_details(details)
    known = find_person_ids(session, person, now)
    on_roster = sa.select(Supporter.id).where(Supporter.person_id.in_(known))
    if known and session.scalar(on_roster):
        taken = _("This person is on the roster already.")
        raise InvalidInput(taken, {"email": taken})
    row = store_person(session, _with_details(person, details), now=now, is_lasting=True)
    supporter = Supporter(
        record=row,
        state=state,
        has_account=row.person.user_id is not None,
        appointed_on=_local_date(now) if state is SupporterState.APPOINTED else None,
        created_at=now,
    )
    session.add(supporter)
    _write_details(session, supporter, details)
    session.flush()
    record.record(
        session,
        "supporter.added",
        actor=actor,
        now=now,
        object_id=supporter.id,
        subject_id=row.id,
        detail=state.value,
    )
    return supporter


def change_supporter(
    session: orm.Session,
    supporter: Supporter,
    details: SupporterDetails,
    *,
    name: str | None = None,
    phone: str | None = None,
    actor: Person | str,
    now: datetime,
) -> None:
    """Replace the details of a supporter, and the name or telephone number where given.

    Raises:
        InvalidInput: a detail cannot be right.
    """
    _check_details(details)
    known = supporter.record.person
    person = replace(known, name=name or known.name, phone=phone or known.phone)
    supporter.record = store_person(
        session, _with_details(person, details), now=now, is_lasting=True
    )
    _write_details(session, supporter, details)
    session.flush()
    _audit(session, supporter, "supporter.changed", actor, now)


def change_availability(
    session: orm.Session,
    supporter: Supporter,
    *,
    is_asked_at_night: bool,
    max_open: int | None,
    max_per_quarter: int | None,
    actor: Person | str,
    now: datetime,
) -> None:
    """Set what supporters decide for themselves: nights and limits; None: no limit of their own.

    Raises:
        InvalidInput: a limit cannot be right.
    """
    _check_limits(max_open, max_per_quarter)
    supporter.is_asked_at_night = is_asked_at_night
    supporter.max_open = max_open
    supporter.max_per_quarter = max_per_quarter
    session.flush()
    _audit(session, supporter, "supporter.changed", actor, now, "availability")


def move_supporter(
    session: orm.Session,
    supporter: Supporter,
    state: SupporterState,
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Move a supporter to `state` (P26).

    Raises:
        InvalidTransition: that state does not follow the present one.
        InvalidInput: somebody with open reach-outs retires; nobody would call these colleagues.
    """
    _hold(session, supporter)
    _check_transition(supporter, state)
    if state is SupporterState.RETIRED and supporter.open_count:
        raise InvalidInput(
            _(
                "This supporter still has open reach-outs (%(n)s). Have these handed back first, "
                "so that somebody else calls these colleagues.",
                n=supporter.open_count,
            )
        )
    supporter.state = state
    supporter.paused_until_on = None
    if state is SupporterState.APPOINTED and supporter.appointed_on is None:
        supporter.appointed_on = _local_date(now)
    session.flush()
    _audit(session, supporter, "supporter.moved", actor, now, state.value)


def pause_supporter(
    session: orm.Session,
    supporter: Supporter,
    until_on: date | None,
    *,
    actor: Person | str,
    now: datetime,
) -> None:
    """Ask a supporter nothing through `until_on`, or, with None, until they resume (P28).

    A pause with an end leaves the supporter appointed and ends by itself; one without an end is
    the state `paused`.

    Raises:
        InvalidInput: the day has passed.
        InvalidTransition: the supporter is not appointed.
    """
    _hold(session, supporter)
    if supporter.state is not SupporterState.PAUSED:
        _check_transition(supporter, SupporterState.PAUSED)
    if until_on is not None and until_on < _local_date(now):
        past = _("This day has passed.")
        raise InvalidInput(past, {"until_on": past})
    supporter.state = SupporterState.PAUSED if until_on is None else SupporterState.APPOINTED
    supporter.paused_until_on = until_on
    session.flush()
    detail = until_on.isoformat() if until_on else None
    _audit(session, supporter, "supporter.paused", actor, now, detail)


def resume_supporter(
    session: orm.Session, supporter: Supporter, *, actor: Person | str, now: datetime
) -> None:
    """End the pause of a supporter.

    Raises:
        InvalidTransition: the supporter is neither appointed nor paused.
    """
    _hold(session, supporter)
    if supporter.state is not SupporterState.APPOINTED:
        _check_transition(supporter, SupporterState.APPOINTED)
        if supporter.state is not SupporterState.PAUSED:
            raise _not_from(supporter, SupporterState.APPOINTED)
    supporter.state = SupporterState.APPOINTED
    supporter.paused_until_on = None
    session.flush()
    _audit(session, supporter, "supporter.resumed", actor, now)


def refresh_departments(session: orm.Session) -> int:
    """Resolve every supporter's departments anew; return how many changed.

    To be called after each change of the list, and daily: a department may expire, and a host
    that keeps its own departments tells nobody when they change.
    """
    departments = present_departments(session)
    resolved: dict[str, str | None] = {}
    changed = 0
    session.flush()
    rows = sa.select(SupporterDepartment).execution_options(populate_existing=True)
    for row in session.scalars(rows):
        if row.name not in resolved:
            resolved[row.name] = resolve_for_supporter(departments, row.name)
        if row.resolved != resolved[row.name]:
            row.resolved = resolved[row.name]
            changed += 1
    session.flush()
    return changed


def _hold(session: orm.Session, supporter: Supporter) -> None:
    """Lock the row and read again what decides, so that two changes at once see each other."""
    session.flush()
    begin_immediate(session)
    decisive = ["state", "open_count", "paused_until_on", "appointed_on"]
    session.refresh(supporter, decisive, with_for_update=True)


def _check_transition(supporter: Supporter, state: SupporterState) -> None:
    if state not in TRANSITIONS[supporter.state]:
        raise _not_from(supporter, state)


def _not_from(supporter: Supporter, state: SupporterState) -> InvalidTransition:
    return InvalidTransition(supporter.state, state, TRANSITIONS[supporter.state])


def _check_details(details: SupporterDetails) -> None:
    settings = current_runtime().settings
    faults = {
        "profession": _code_fault(details.profession, settings.professions),
        "discipline": _code_fault(details.discipline, settings.disciplines),
        "seniority": _code_fault(details.seniority, settings.seniorities),
    }
    if len(details.departments) > MOST_DEPARTMENTS:
        faults["departments"] = _(
            "These are too many departments; at most %(n)s.", n=MOST_DEPARTMENTS
        )
    elif any(len(name) > LONGEST for name in details.departments):
        faults["departments"] = _("This is too long; at most %(n)s characters.", n=LONGEST)
    _raise_if_any(faults)
    _check_limits(details.max_open, details.max_per_quarter)


def _code_fault(code: str | None, labels: Mapping[str, Label]) -> str | None:
    if code is None or code in labels:
        return None
    possible = ", ".join(label(text) for text in labels.values())
    return _("This is not known here. Possible: %(possible)s.", possible=possible)


def _check_limits(max_open: int | None, max_per_quarter: int | None) -> None:
    _raise_if_any(
        {
            "max_open": limit_fault(max_open, MOST_OPEN),
            "max_per_quarter": limit_fault(max_per_quarter, MOST_PER_QUARTER),
        }
    )


def limit_fault(value: int | None, most: int) -> str | None:
    """Return what is wrong with a limit, or None."""
    if value is None or 1 <= value <= most:
        return None
    return _("A limit is a whole number from 1 to %(most)s.", most=most)


def _raise_if_any(faults: dict[str, str | None]) -> None:
    found = {field: sentence for field, sentence in faults.items() if sentence}
    if found:
        raise InvalidInput(" ".join(found.values()), found)


def _with_details(person: Person, details: SupporterDetails) -> Person:
    return replace(
        person,
        department="; ".join(details.departments) or None,
        profession=details.profession,
        discipline=details.discipline,
        seniority=details.seniority,
    )


def _write_details(session: orm.Session, supporter: Supporter, details: SupporterDetails) -> None:
    supporter.profession = details.profession
    supporter.discipline = details.discipline
    supporter.seniority = details.seniority
    supporter.is_external = details.is_external
    supporter.is_asked_at_night = details.is_asked_at_night
    supporter.max_open = details.max_open
    supporter.max_per_quarter = details.max_per_quarter
    departments = present_departments(session)
    kept = {row.name: row for row in supporter.departments}
    rows = []
    for name in details.departments:
        row = kept.get(name) or SupporterDepartment(name=name)
        row.resolved = resolve_for_supporter(departments, name)
        rows.append(row)
    supporter.departments = rows


def _local_date(now: datetime) -> date:
    return now.astimezone(current_runtime().settings.timezone).date()


def _audit(
    session: orm.Session,
    supporter: Supporter,
    action: str,
    actor: Person | str,
    now: datetime,
    detail: str | None = None,
) -> None:
    record.record(
        session,
        action,
        actor=actor,
        now=now,
        object_id=supporter.id,
        subject_id=supporter.person_id,
        detail=detail,
    )
